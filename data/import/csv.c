/* Wide CSV: one row a prompt, one score column a model. RouterBench's ("M", "M|total_cost"), RouteLLM's
 * ("M", "M_response"), and any table that people made at home. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/csv_reader.h"
#include "data/import/import.h"
#include "data/import/request_out.h"

#define MAX_COLUMNS 4096
#define SAMPLE_ROWS 200 /* from which score columns are told */

typedef enum { ROLE_NONE, ROLE_PROMPT, ROLE_MESSAGES, ROLE_TOOLS, ROLE_ID, ROLE_SOURCE, ROLE_WORKLOAD, N_ROLES } role;

/* Columns that are called so, first match wins; an option of the user goes before. */
static const struct {
    role role;
    const char *names[8];
} usual[] = {
    {ROLE_PROMPT, {"prompt", "question", "input", "instruction", "query", "text", NULL}},
    {ROLE_MESSAGES, {"messages", NULL}},
    {ROLE_TOOLS, {"tools", NULL}},
    {ROLE_ID, {"id", "sample_id", "custom_id", NULL}},
    {ROLE_SOURCE, {"source", "eval_name", "dataset", "benchmark", "task", NULL}},
    {ROLE_WORKLOAD, {"workload", NULL}},
};

/* "M|total_cost" and its kin. */
static const struct {
    const char *suffix;
    size_t offset;
} suffixes[] = {
    {"|total_cost", offsetof(td_outcome, cost_usd)},
    {"|cost_usd", offsetof(td_outcome, cost_usd)},
    {"|input_tokens", offsetof(td_outcome, input_tokens)},
    {"|output_tokens", offsetof(td_outcome, output_tokens)},
    {"|latency_s", offsetof(td_outcome, latency_s)},
    {"|cached_tokens", offsetof(td_outcome, cached_tokens)},
    {"|cache_write_tokens", offsetof(td_outcome, cache_write_tokens)},
    {"|reasoning_tokens", offsetof(td_outcome, reasoning_tokens)},
};
#define N_SUFFIXES (sizeof suffixes / sizeof *suffixes)

typedef struct {
    char *name;
    size_t score;                /* column */
    size_t number[N_SUFFIXES];   /* column + 1; 0: none */
} model_columns;

typedef struct {
    char **names;
    size_t n;
    size_t role[N_ROLES]; /* column + 1; 0: none */
    model_columns *models;
    size_t n_models;
    char stem[256]; /* the file's name without its ending */
} table;

static size_t find(const table *t, const char *name, size_t len)
{
    for (size_t i = 0; i < t->n; i++)
        if (strlen(t->names[i]) == len && !memcmp(t->names[i], name, len))
            return i + 1;
    return 0;
}

/* ---- cells ---- */

static bool same_word(tierce_span cell, const char *word)
{
    for (size_t i = 0; i < cell.len; i++) {
        const char c = cell.data[i];
        if (!word[i] || (c >= 'A' && c <= 'Z' ? c + 32 : c) != word[i])
            return false;
    }
    return !word[cell.len];
}

typedef enum { CELL_NUMBER, CELL_EMPTY, CELL_OTHER } cell_kind;

static cell_kind read_cell(tierce_span cell, double *v)
{
    static const char *const nothing[] = {"", "nan", "none", "null", "na", "n/a"};
    char text[64], *end;
    while (cell.len && (*cell.data == ' ' || *cell.data == '\t'))
        cell.data++, cell.len--;
    while (cell.len && (cell.data[cell.len - 1] == ' ' || cell.data[cell.len - 1] == '\t'))
        cell.len--;
    *v = (double)NAN;
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (same_word(cell, nothing[i]))
            return CELL_EMPTY;
    if (same_word(cell, "true") || same_word(cell, "false")) {
        *v = cell.len == 4;
        return CELL_NUMBER;
    }
    if (cell.len >= sizeof text)
        return CELL_OTHER;
    memcpy(text, cell.data, cell.len);
    text[cell.len] = 0;
    if (strspn(text, "+-.0123456789eE") != cell.len)
        return CELL_OTHER;
    *v = strtod(text, &end);
    return *end ? CELL_OTHER : CELL_NUMBER;
}

/* ---- columns ---- */

static bool take_header(table *t, const tierce_span *cells, size_t n, const char *path, td_error *error)
{
    if (n > MAX_COLUMNS)
        return td_fail(error, "%.300s:1: %zu columns, more than %d", path, n, MAX_COLUMNS);
    t->names = calloc(n ? n : 1, sizeof *t->names);
    for (size_t i = 0; t->names && i < n; i++) {
        t->names[i] = malloc(cells[i].len + 1);
        if (!t->names[i])
            return td_fail(error, "out of memory");
        memcpy(t->names[i], cells[i].data ? cells[i].data : "", cells[i].len);
        t->names[i][cells[i].len] = 0;
        t->n++;
    }
    return t->names || td_fail(error, "out of memory");
}

/* A column that the user named must be there. */
static bool take_named(table *t, role r, const char *name, const char *path, td_error *error)
{
    if (!name)
        return true;
    t->role[r] = find(t, name, strlen(name));
    return t->role[r] || td_fail(error, "%.300s:1: no column \"%.100s\"; the first columns are \"%.60s\", "
                                        "\"%.60s\", \"%.60s\"",
                                 path, name, t->names[0], t->n > 1 ? t->names[1] : "",
                                 t->n > 2 ? t->names[2] : "");
}

static bool take_roles(table *t, const td_import_settings *s, const char *path, td_error *error)
{
    if (!take_named(t, ROLE_PROMPT, s->prompt_field, path, error) ||
        !take_named(t, ROLE_MESSAGES, s->messages_field, path, error) ||
        !take_named(t, ROLE_TOOLS, s->tools_field, path, error) ||
        !take_named(t, ROLE_ID, s->id_field, path, error) ||
        !take_named(t, ROLE_SOURCE, s->source_field, path, error) ||
        !take_named(t, ROLE_WORKLOAD, s->workload_field, path, error))
        return false;
    for (size_t u = 0; u < sizeof usual / sizeof *usual; u++)
        for (int i = 0; usual[u].names[i] && !t->role[usual[u].role]; i++)
            t->role[usual[u].role] = find(t, usual[u].names[i], strlen(usual[u].names[i]));
    return t->role[ROLE_PROMPT] || t->role[ROLE_MESSAGES] ||
           td_fail(error, "%.300s:1: no column \"prompt\" or \"messages\"; --prompt-column NAME says which "
                          "it is",
                   path);
}

static bool has_role(const table *t, size_t column)
{
    for (int r = 0; r < N_ROLES; r++)
        if (t->role[r] == column + 1)
            return true;
    return false;
}

static bool add_model(table *t, size_t column, td_error *error)
{
    model_columns *wider = realloc(t->models, (t->n_models + 1) * sizeof *wider);
    if (!wider)
        return td_fail(error, "out of memory");
    t->models = wider;
    model_columns *m = &t->models[t->n_models++];
    memset(m, 0, sizeof *m);
    m->name = t->names[column];
    m->score = column;
    char name[600];
    for (size_t i = 0; i < N_SUFFIXES; i++)
        if (strlen(m->name) < 500) {
            const int n = snprintf(name, sizeof name, "%s%s", m->name, suffixes[i].suffix);
            m->number[i] = find(t, name, (size_t)n);
        }
    return true;
}

static bool models_as_named(table *t, const char *list, const char *path, td_error *error)
{
    while (*list) {
        const size_t n = strcspn(list, ",");
        const size_t column = find(t, list, n);
        if (!column)
            return td_fail(error, "%.300s:1: no column \"%.*s\" for a score", path, (int)(n < 100 ? n : 100),
                           list);
        if (!add_model(t, column - 1, error))
            return false;
        list += n + (list[n] == ',');
    }
    return true;
}

/* Models that have a column beside their score: "M|total_cost", "M_response". */
static bool models_by_suffix(table *t, const char *suffix, td_error *error)
{
    const size_t s = strlen(suffix);
    for (size_t i = 0; i < t->n; i++) {
        const size_t n = strlen(t->names[i]);
        const size_t column = n > s && !strcmp(t->names[i] + n - s, suffix) ? find(t, t->names[i], n - s) : 0;
        if (column && !add_model(t, column - 1, error))
            return false;
    }
    return true;
}

/* Names of columns that hold numbers but no scores. */
static bool not_a_model(const char *name)
{
    static const char *const names[] = {"",      "index", "Unnamed: 0", "label", "answer", "target", "level",
                                        "split", "seed",  "doc_id",     "oracle_model_to_route_to",
                                        "epoch", "difficulty", "correct_answer", "length", "turns"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return strchr(name, '|') != NULL;
}

/* Columns that hold scores, and nothing else, in the first rows. */
static bool models_by_values(table *t, td_csv *csv, const td_import_settings *s, const char *path, td_error *error)
{
    unsigned char *seen = calloc(t->n ? t->n : 1, 1); /* 1: a score; 2: something else */
    tierce_span *cells;
    size_t n;
    const char *what, *fault = NULL;
    uint64_t line = 0;
    td_csv_status status = TD_CSV_ROW;
    bool good = seen ? true : td_fail(error, "out of memory");
    for (int row = 0; good && row < SAMPLE_ROWS && status != TD_CSV_END; row++) {
        status = td_csv_next(csv, &cells, &n, &what, error);
        good = status != TD_CSV_BROKEN;
        if (status == TD_CSV_BAD && !fault) {
            fault = what;
            line = td_csv_line(csv);
        }
        for (size_t i = 0; status == TD_CSV_ROW && i < n && i < t->n; i++) {
            double v;
            const cell_kind kind = read_cell(cells[i], &v);
            if (kind == CELL_OTHER || (kind == CELL_NUMBER && !(v >= s->score_low && v <= s->score_high)))
                seen[i] |= 2;
            else if (kind == CELL_NUMBER)
                seen[i] |= 1;
        }
    }
    for (size_t i = 0; good && i < t->n; i++)
        if (seen[i] == 1 && !has_role(t, i) && !not_a_model(t->names[i]))
            good = add_model(t, i, error);
    free(seen);
    if (good && !t->n_models && fault)
        return td_fail(error, "%.300s:%llu: %s", path, (unsigned long long)line, fault);
    return good;
}

/* Reads the header (csv stands behind it afterwards, or further) and tells what the columns are. */
static bool take_columns(table *t, td_csv *csv, const td_import_settings *s, const char *path, td_error *error)
{
    tierce_span *cells;
    size_t n;
    const char *what = NULL;
    const td_csv_status status = td_csv_next(csv, &cells, &n, &what, error);
    if (status == TD_CSV_BROKEN)
        return false;
    if (status != TD_CSV_ROW)
        return td_fail(error, "%.300s:1: no header line: %s", path, what ? what : "the file is empty");
    if (!take_header(t, cells, n, path, error) || !take_roles(t, s, path, error))
        return false;
    if (s->score_fields) {
        if (!models_as_named(t, s->score_fields, path, error))
            return false;
    } else {
        if (!models_by_suffix(t, "|total_cost", error))
            return false;
        if (!t->n_models && !models_by_suffix(t, "_response", error))
            return false;
        if (!t->n_models && !models_by_values(t, csv, s, path, error))
            return false;
    }
    return t->n_models || td_fail(error, "%.300s:1: no column holds scores (numbers within 0..1, True, False); "
                                         "--score-columns A,B says which they are",
                                  path);
}

static void free_table(table *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->names[i]);
    free(t->names);
    free(t->models);
}

/* ---- rows ---- */

static tierce_span cell_of(const table *t, role r, const tierce_span *cells)
{
    const tierce_span none = {NULL, 0};
    return t->role[r] ? cells[t->role[r] - 1] : none;
}

/* NULL, or what is wrong with the request. */
static const char *put_request(const table *t, const tierce_span *cells, td_out *out)
{
    const tierce_span messages = cell_of(t, ROLE_MESSAGES, cells), tools = cell_of(t, ROLE_TOOLS, cells);
    const tierce_span prompt = cell_of(t, ROLE_PROMPT, cells);
    if (messages.len && !td_put_raw(out, "messages", messages.data, messages.len))
        return "the messages cell is not JSON";
    if (!messages.len && prompt.len)
        td_put_prompt_or_chat(out, prompt.data, prompt.len);
    if (!out->len)
        return "a row without prompt";
    if (tools.len && !td_put_raw(out, "tools", tools.data, tools.len))
        return "the tools cell is not JSON";
    return NULL;
}

static bool take_model(td_sink *sink, const model_columns *m, const tierce_span *cells, td_row *row,
                       td_error *error)
{
    char detail[120];
    double v;
    const cell_kind kind = read_cell(cells[m->score], &row->outcome.score);
    row->outcome.name = td_span_of(m->name);
    row->missing = kind == CELL_EMPTY ? "empty score cells" : NULL;
    if (kind == CELL_OTHER) {
        snprintf(detail, sizeof detail, "\"%.*s\"", (int)(cells[m->score].len < 60 ? cells[m->score].len : 60),
                 cells[m->score].data);
        return td_sink_bad(sink, row->line, "a score that is neither a number nor True or False", detail, error);
    }
    for (size_t i = 0; i < N_SUFFIXES; i++)
        if (m->number[i] && read_cell(cells[m->number[i] - 1], &v) == CELL_NUMBER)
            memcpy((char *)&row->outcome + suffixes[i].offset, &v, sizeof v);
    return td_sink_row(sink, row, error);
}

static bool take_row(td_sink *sink, const table *t, const tierce_span *cells, uint64_t line, td_error *error)
{
    td_out *out = td_sink_buffer(sink);
    td_row row;
    char hex[33];
    td_row_start(&row);
    row.line = line;
    const char *fault = put_request(t, cells, out);
    if (fault)
        return td_sink_bad(sink, line, fault, NULL, error);
    row.request.data = out->at;
    row.request.len = out->len;
    row.id = cell_of(t, ROLE_ID, cells);
    if (!row.id.len) {
        td_key_of(hex, out->at, out->len);
        row.id = td_span_of(hex);
    }
    row.source = cell_of(t, ROLE_SOURCE, cells);
    if (!row.source.len)
        row.source = td_span_of(t->stem);
    row.workload = cell_of(t, ROLE_WORKLOAD, cells);
    for (size_t i = 0; i < t->n_models; i++) {
        td_row one = row;
        if (!take_model(sink, &t->models[i], cells, &one, error))
            return false;
    }
    return true;
}

static bool take_rows(td_sink *sink, const table *t, td_csv *csv, td_error *error)
{
    tierce_span *cells;
    size_t n;
    const char *what;
    td_csv_status status = td_csv_next(csv, &cells, &n, &what, error); /* the header, seen before */
    while (status != TD_CSV_BROKEN && (status = td_csv_next(csv, &cells, &n, &what, error)) != TD_CSV_END) {
        char detail[80];
        const uint64_t line = td_csv_line(csv);
        if (status == TD_CSV_BROKEN)
            return false;
        if (status == TD_CSV_ROW && n != t->n) {
            snprintf(detail, sizeof detail, "%zu instead of %zu", n, t->n);
            if (!td_sink_bad(sink, line, "a row with another number of cells than the header", detail, error))
                return false;
        } else if (status == TD_CSV_BAD ? !td_sink_bad(sink, line, what, NULL, error)
                                        : !take_row(sink, t, cells, line, error)) {
            return false;
        }
    }
    return status == TD_CSV_END;
}

static bool read_csv(td_sink *sink, const td_head *file, td_error *error)
{
    const td_import_settings *s = td_sink_settings(sink);
    const char delimiter = !s->delimiter ? 0 : !strcmp(s->delimiter, "\\t") ? '\t' : s->delimiter[0];
    table t = {0};
    snprintf(t.stem, sizeof t.stem, "%.*s", (int)strcspn(file->name, "."), file->name);
    td_csv *csv = td_csv_open(file->path, delimiter, error);
    bool good = csv && take_columns(&t, csv, s, file->path, error);
    td_csv_close(csv); /* telling the columns may have read rows: from the start again */
    csv = good ? td_csv_open(file->path, delimiter, error) : NULL;
    good = csv && take_rows(sink, &t, csv, error);
    td_csv_close(csv);
    free_table(&t);
    return good;
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
};
