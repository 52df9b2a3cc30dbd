/* Wide CSV: one row a prompt, one score column a model. RouterBench's ("M", "M|total_cost"), RouteLLM's
 * ("M", "M_response"), and any table that people made at home. */
#include <stdio.h>
#include <string.h>

#include "data/import/utf8.h"
#include "data/import/csv_columns.h"
#include "data/import/csv_names.h"
#include "data/import/csv_notes.h"
#include "data/import/import.h"
#include "data/import/request_out.h"

typedef struct {
    char nameless[100]; /* the score column of a table before that is called "score" */
} csv_state;

static tierce_span cell_of(const td_columns *t, td_column_role r, const tierce_span *cells)
{
    const tierce_span none = {NULL, 0};
    return t->role[r] ? cells[t->role[r] - 1] : none;
}

/* NULL, or what is wrong with the request. */
static const char *put_request(const td_columns *t, const tierce_span *cells, td_out *out)
{
    const tierce_span messages = cell_of(t, TD_COLUMN_MESSAGES, cells), tools = cell_of(t, TD_COLUMN_TOOLS, cells);
    const tierce_span prompt = cell_of(t, TD_COLUMN_PROMPT, cells);
    if (messages.len && !td_put_raw(out, "messages", messages.data, messages.len))
        return "the messages cell is not JSON";
    if (!messages.len && prompt.len)
        td_put_prompt_or_chat(out, prompt.data, prompt.len);
    if (!out->len)
        return "a row without prompt";
    const char *half = NULL; /* of bytes the table was searched already */
    if ((messages.len && td_json_not_utf8(messages.data, messages.len, &half)) || (tools.len && td_json_not_utf8(tools.data, tools.len, &half)))
        return half;
    if (tools.len && !td_put_raw(out, "tools", tools.data, tools.len))
        return "the tools cell is not JSON";
    return NULL;
}

static void quote_cell(tierce_span cell, char *text, size_t room)
{
    snprintf(text, room, "\"%.*s\"", (int)(cell.len < 60 ? cell.len : 60), cell.data ? cell.data : "");
}

static bool bad_score(td_sink *sink, const td_columns *t, tierce_span cell, td_cell kind, uint64_t line, td_error *error)
{
    char detail[70];
    quote_cell(cell, detail, sizeof detail);
    const char *what = kind == TD_CELL_UNSURE ? "a score whose comma may part thousands or decimals; write it with a decimal point"
                       : !t->commas && td_cell_has_comma(cell)
                           ? "a score that is neither a number nor True or False (a decimal comma? write a point)"
                           : "a score that is neither a number nor True or False";
    return td_sink_bad(sink, line, what, detail, error);
}

static bool take_model(td_sink *sink, const td_columns *t, const td_model_columns *m, const tierce_span *cells, td_row *row,
                       td_error *error)
{
    const td_cell kind = td_cell_score(cells[m->score], t->commas, td_sink_settings(sink), &row->outcome.score);
    row->outcome.name = td_span_of(m->name);
    row->is_share = kind == TD_CELL_TRUTH;
    row->missing = kind == TD_CELL_EMPTY ? "empty score cells" : NULL;
    if (kind == TD_CELL_OTHER || kind == TD_CELL_UNSURE)
        return bad_score(sink, t, cells[m->score], kind, row->line, error);
    const size_t fault = td_cells_numbers(t, m, cells, &row->outcome, &row->trials);
    if (fault) {
        char cell[70], detail[200];
        quote_cell(cells[fault - 1], cell, sizeof cell);
        snprintf(detail, sizeof detail, "column \"%.100s\" has %s", t->names[fault - 1], cell);
        td_sink_note(sink, row->line, "cells of a cost, tokens, latency or trials that are no such number were left out", detail);
    }
    return td_sink_row(sink, row, error);
}

static bool take_row(td_sink *sink, const td_columns *t, const tierce_span *cells, const char *stem,
                     uint64_t line, td_error *error)
{
    td_out *out = td_sink_buffer(sink);
    td_row row;
    char hex[33];
    bool good = true;
    td_row_start(&row);
    row.line = line;
    for (size_t i = 0; i < t->n; i++)
        if ((td_column_is_read(t, i) && td_sink_not_utf8(sink, line, cells[i].data, cells[i].len, &good, error)))
            return good;
    const char *fault = put_request(t, cells, out);
    if (fault)
        return td_sink_bad(sink, line, fault, NULL, error);
    if (cell_of(t, TD_COLUMN_MESSAGES, cells).len && cell_of(t, TD_COLUMN_PROMPT, cells).len)
        td_sink_note(sink, line, "rows with a prompt and messages: the messages were taken", NULL);
    row.request.data = out->at;
    row.request.len = out->len;
    row.id = cell_of(t, TD_COLUMN_ID, cells);
    row.one_request = true;
    if (!row.id.len) {
        td_key_of(hex, out->at, out->len);
        row.id = td_span_of(hex);
    }
    row.source = cell_of(t, TD_COLUMN_SOURCE, cells);
    if (!t->role[TD_COLUMN_SOURCE])
        row.source = td_span_of(stem);
    row.workload = cell_of(t, TD_COLUMN_WORKLOAD, cells);
    for (size_t i = 0; i < t->n_models; i++) {
        td_row one = row;
        one.more = i > 0;
        if (!take_model(sink, t, &t->models[i], cells, &one, error))
            return false;
    }
    return true;
}

static bool take_rows(td_sink *sink, const td_columns *t, td_csv *csv, const char *stem, const char *path, td_error *error)
{
    tierce_span *cells;
    size_t n;
    const char *what;
    bool any = false;
    td_csv_status status = td_csv_next(csv, &cells, &n, &what, error); /* the header, seen before */
    while (status != TD_CSV_BROKEN && (status = td_csv_next(csv, &cells, &n, &what, error)) != TD_CSV_END) {
        char detail[80];
        const uint64_t line = td_csv_line(csv);
        if (status == TD_CSV_BROKEN)
            return false;
        any = true;
        if (status == TD_CSV_ROW && n != t->n) {
            snprintf(detail, sizeof detail, "%zu instead of %zu", n, t->n);
            if (!td_sink_bad(sink, line, "a row with another number of cells than the header", detail, error))
                return false;
        } else if (status == TD_CSV_BAD ? !td_sink_bad(sink, line, what, NULL, error)
                                        : !take_row(sink, t, cells, stem, line, error)) {
            return false;
        }
    }
    return status == TD_CSV_END && (any || td_no_row(path, error));
}

static void tell_columns(td_sink *sink, const td_columns *t)
{
    const struct {
        const td_column_list *list;
        const char *what;
    } lists[] = {
        {&t->unread, "tables with columns called a cost, tokens or latency that are not read; a model's stand beside its score under "
                     "the names given here (--score-columns takes one that is a score all the same)"},
        {&t->parts, "tables with columns that sound like a part of the request, which is another column's alone (--prompt-column says which)"},
        {&t->empty, "tables with columns that are empty from top to bottom; models' ones give no outcome"},
        {&t->outside, "tables with columns LEFT OUT, of which the records hold no outcome: numbers outside the range of scores, the first named here "
                      "(--score-columns takes such a column, and stops at that cell; --score-range LOW:HIGH says another range)"},
        {&t->mixed, "tables with columns of scores and other things, not taken for models (--score-columns says which are; the first other thing "
                    "is named)"},
        {&t->alone, "tables with columns of scores without the cost or response that others have beside them, not taken "
                    "for models (--score-columns says which are)"},
        {&t->other, "tables with columns that by their names are no model's score, not taken for models (--score-columns says "
                    "which are)"},
        {&t->rest, "tables with columns that are not read (--score-columns takes those that are models' scores)"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (*lists[i].list->text)
            td_sink_note(sink, 1, lists[i].what, lists[i].list->text);
}

/* "score" and "correct" name no model; a second table's would be the first's. */
static bool check_names(td_sink *sink, const td_columns *t, const char *path, td_error *error)
{
    csv_state *s = td_sink_state(sink);
    for (size_t i = 0; i < t->n_models; i++) {
        const char *name = t->models[i].name;
        if (!td_column_is_any_score(name))
            continue;
        if (*s->nameless && !strcmp(s->nameless, name))
            return td_fail(error, "%.200s:1: \"%.60s\" is no model's name, and a table before has it too: the two would be averaged into one; "
                                  "import each alone with --rename %.60s=MODEL and join them with tierce data merge",
                           path, name, name);
        snprintf(s->nameless, sizeof s->nameless, "%s", name);
        td_sink_note(sink, 1, "tables whose model is called like any score (--rename gives it its name)", name);
    }
    return true;
}

static bool read_csv(td_sink *sink, const td_head *file, td_error *error)
{
    const td_import_settings *s = td_sink_settings(sink);
    const char delimiter = !s->delimiter ? 0 : !strcmp(s->delimiter, "\\t") ? '\t' : s->delimiter[0];
    td_columns t = {0};
    char stem[256]; /* the file's name without its ending: the source */
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(file->name, "."), file->name);
    td_csv *csv = td_csv_open(file->path, delimiter, error);
    bool good = csv && td_columns_read(&t, csv, s, file->path, error);
    td_csv_close(csv); /* telling the columns may have read rows: from the start again */
    csv = good ? td_csv_open(file->path, delimiter, error) : NULL;
    if (good)
        tell_columns(sink, &t);
    good = good && check_names(sink, &t, file->path, error);
    good = good && csv && take_rows(sink, &t, csv, stem, file->path, error);
    td_csv_close(csv);
    td_columns_free(&t);
    return good;
}

static void offers(const td_head *head, char *text, size_t room)
{
    tierce_span *cells;
    size_t n, more = 0;
    const char *what;
    char list[280] = "";
    td_error ignored;
    td_csv *csv = td_csv_open(head->path, 0, &ignored);
    if (csv && td_csv_next(csv, &cells, &n, &what, &ignored) == TD_CSV_ROW)
        for (size_t i = 0; i < n; i++) {
            char quoted[70];
            quote_cell(cells[i], quoted, sizeof quoted);
            td_list_add(list, sizeof list, &more, quoted);
        }
    td_list_end(list, sizeof list, more);
    td_csv_close(csv);
    snprintf(text, room, "its columns are %s", list);
}

/* A name that ends in .csv or .tsv. Content alone cannot tell a table from prose. */
static td_claim probe(const td_head *head)
{
    char name[300];
    snprintf(name, sizeof name, "%.250s", head->name);
    for (size_t n = strlen(name); n > 3 && (!strcmp(name + n - 3, ".gz") || (n > 4 && !strcmp(name + n - 4, ".zst")));
         n = strlen(name))
        name[n - (name[n - 1] == 'z' ? 3 : 4)] = 0;
    const bool named = td_name_ends(name, ".csv") || td_name_ends(name, ".tsv");
    return named && !td_head_is_zip(head) ? TD_PERHAPS : TD_NOT_MINE;
}

const td_importer td_import_csv = {
    .name = "csv",
    .title = "a wide CSV table",
    .options = "prompt-field messages-field tools-field id-field source-field workload-field score-fields delimiter",
    .probe = probe,
    .read = read_csv,
    .state_size = sizeof(csv_state),
    .offers = offers,
};
