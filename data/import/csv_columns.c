#include "data/import/csv_columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/csv_names.h"
#include "data/import/csv_notes.h"
#include "data/import/utf8.h"
#include "data/outcome_raw.h"

#define MAX_COLUMNS 4096
#define SAMPLE 200 /* cells with something in them, from which a score column is told */

/* Columns that are called so, first match wins; an option of the user goes before. */
static const struct {
    td_column_role role;
    const char *names[8];
} usual[] = {
    {TD_COLUMN_PROMPT, {"prompt", "question", "input", "instruction", "query", "text", NULL}},
    {TD_COLUMN_MESSAGES, {"messages", NULL}},
    {TD_COLUMN_TOOLS, {"tools", NULL}},
    {TD_COLUMN_ID, {"id", "sample_id", "custom_id", NULL}},
    {TD_COLUMN_SOURCE, {"source", "eval_name", "dataset", "benchmark", "task", NULL}},
    {TD_COLUMN_WORKLOAD, {"workload", NULL}},
};

#define NOT_OF_OUTCOME SIZE_MAX

/* "M|total_cost" and its kin. */
static const struct {
    const char *suffix;
    size_t offset;
} suffixes[TD_COLUMN_NUMBERS] = {
    {"|total_cost", offsetof(td_outcome, cost_usd)},
    {"|cost_usd", offsetof(td_outcome, cost_usd)},
    {"|input_tokens", offsetof(td_outcome, input_tokens)},
    {"|output_tokens", offsetof(td_outcome, output_tokens)},
    {"|latency_s", offsetof(td_outcome, latency_s)},
    {"|cached_tokens", offsetof(td_outcome, cached_tokens)},
    {"|cache_write_tokens", offsetof(td_outcome, cache_write_tokens)},
    {"|reasoning_tokens", offsetof(td_outcome, reasoning_tokens)},
    {"|trials", NOT_OF_OUTCOME},
};

/* ---- columns ---- */

static bool take_header(td_columns *t, const tierce_span *cells, size_t n, const char *path, td_error *error)
{
    if (n > MAX_COLUMNS)
        return td_fail(error, "%.300s:1: %zu columns, more than %d", path, n, MAX_COLUMNS);
    t->names = calloc(n ? n : 1, sizeof *t->names);
    t->told = calloc(n ? n : 1, sizeof *t->told);
    if (!t->told)
        return td_fail(error, "out of memory");
    for (size_t i = 0; t->names && i < n; i++) {
        const tierce_span name = td_cell_trimmed(cells[i]);
        t->names[i] = malloc(name.len + 1);
        if (!t->names[i])
            return td_fail(error, "out of memory");
        memcpy(t->names[i], name.data ? name.data : "", name.len);
        t->names[i][name.len] = 0;
        if (name.len && td_columns_find(t, t->names[i], name.len)) {
            t->n++; /* to be freed */
            return td_fail(error, "%.300s:1: column \"%.100s\" stands twice; rename one of them", path, t->names[i]);
        }
        t->n++;
        const size_t odd = td_not_utf8(name.data, name.len);
        char detail[80];
        if (odd) {
            td_not_utf8_detail(name.data, odd, detail, sizeof detail);
            return td_fail(error, "%.300s:1: " TD_NOT_UTF8 ": %s", path, detail);
        }
    }
    return t->names || td_fail(error, "out of memory");
}

/* A column that the user named must be there. */
static bool take_named(td_columns *t, td_column_role r, const char *name, const char *path, td_error *error)
{
    if (!name)
        return true;
    t->role[r] = td_columns_find(t, name, strlen(name));
    return t->role[r] || td_no_column(t, name, strlen(name), path, error);
}

static bool take_roles(td_columns *t, const td_import_settings *s, const char *path, td_error *error)
{
    if (!take_named(t, TD_COLUMN_PROMPT, s->prompt_field, path, error) ||
        !take_named(t, TD_COLUMN_MESSAGES, s->messages_field, path, error) ||
        !take_named(t, TD_COLUMN_TOOLS, s->tools_field, path, error) ||
        !take_named(t, TD_COLUMN_ID, s->id_field, path, error) ||
        !take_named(t, TD_COLUMN_SOURCE, s->source_field, path, error) ||
        !take_named(t, TD_COLUMN_WORKLOAD, s->workload_field, path, error))
        return false;
    for (size_t u = 0; u < sizeof usual / sizeof *usual; u++)
        for (int i = 0; usual[u].names[i] && !t->role[usual[u].role]; i++)
            t->role[usual[u].role] = td_columns_find(t, usual[u].names[i], strlen(usual[u].names[i]));
    return t->role[TD_COLUMN_PROMPT] || t->role[TD_COLUMN_MESSAGES] ||
           td_no_prompt(t, path, error);
}

static bool add_model(td_columns *t, size_t column, td_error *error)
{
    td_model_columns *wider = realloc(t->models, (t->n_models + 1) * sizeof *wider);
    if (!wider)
        return td_fail(error, "out of memory");
    t->models = wider;
    td_model_columns *m = &t->models[t->n_models++];
    memset(m, 0, sizeof *m);
    m->name = t->names[column];
    m->score = column;
    char name[600];
    for (size_t i = 0; i < TD_COLUMN_NUMBERS; i++)
        if (strlen(m->name) < 500) {
            const int n = snprintf(name, sizeof name, "%s%s", m->name, suffixes[i].suffix);
            m->number[i] = td_columns_find(t, name, (size_t)n);
        }
    return true;
}

static bool models_as_named(td_columns *t, const char *list, const char *path, td_error *error)
{
    while (*list) {
        const size_t n = strcspn(list, ",");
        const size_t column = td_columns_find(t, list, n);
        if (!column)
            return td_no_column(t, list, n, path, error);
        if (td_column_is_model(t, column - 1))
            return td_fail(error, "--score-columns: \"%.*s\" stands twice", (int)(n < 100 ? n : 100), list);
        if (!add_model(t, column - 1, error))
            return false;
        list += n + (list[n] == ',');
    }
    return true;
}

/* Models that have a column beside their score: "M|total_cost", "M_response". */
static bool models_by_suffix(td_columns *t, const char *suffix, td_error *error)
{
    const size_t s = strlen(suffix);
    for (size_t i = 0; i < t->n; i++) {
        const size_t n = strlen(t->names[i]);
        const size_t column = n > s && !strcmp(t->names[i] + n - s, suffix) ? td_columns_find(t, t->names[i], n - s) : 0;
        if (column && !add_model(t, column - 1, error))
            return false;
    }
    return true;
}

/* Names of columns that hold numbers but no scores. */
static bool not_a_model(const char *name)
{
    const td_named kind = td_column_named(name);
    return td_column_is_no_model(name) || strchr(name, '|') != NULL || (kind != TD_NAMED_NOTHING && kind != TD_NAMED_OTHER);
}

enum { SCORES = 1, OTHER = 2, OUTSIDE = 4 }; /* OUTSIDE: a number that is no score; percent, too */

/* What a column's first cells hold: an empty cell says nothing, so a column is read on until it has said
 * enough, to the end of the table where it must be. */
typedef struct {
    unsigned char holds;
    unsigned n;
    char odd[32]; /* the first cell that is no score, and its line */
    uint64_t line;
} column_sample;

/* "85%" */
static bool is_percent(tierce_span cell, bool commas)
{
    double v;
    cell = td_cell_trimmed(cell);
    if (cell.len < 2 || cell.data[cell.len - 1] != '%')
        return false;
    cell.len--;
    return td_cell_read(cell, commas, &v) == TD_CELL_NUMBER;
}

static void look_at_cell(column_sample *c, tierce_span cell, bool commas, const td_import_settings *s, uint64_t line)
{
    double v;
    const td_cell kind = td_cell_score(cell, commas, s, &v);
    if (c->n == SAMPLE || kind == TD_CELL_EMPTY)
        return;
    const bool score = kind == TD_CELL_TRUTH || (kind == TD_CELL_NUMBER && v >= s->score_low && v <= s->score_high);
    c->holds |= score ? SCORES : kind == TD_CELL_NUMBER || is_percent(cell, commas) ? OTHER | OUTSIDE : OTHER;
    if (!score && !c->line) {
        size_t n = cell.len < 24 ? cell.len : 24;
        while (n && n < cell.len && ((unsigned char)cell.data[n] & 0xc0) == 0x80) /* not inside a letter */
            n--;
        snprintf(c->odd, sizeof c->odd, "%.*s", (int)n, cell.data);
        for (char *at = c->odd; *at; at++)
            *at = (unsigned char)*at < ' ' ? ' ' : *at;
        c->line = line;
    }
    c->holds |= td_cell_has_comma(cell) ? SCORES : 0; /* it must not go by unseen */
    c->n++;
}

static bool all_said(const td_columns *t, const column_sample *c)
{
    for (size_t i = 0; i < t->n; i++)
        if (c[i].n < SAMPLE && (c[i].holds & (SCORES | OTHER)) != (SCORES | OTHER) && !td_column_has_role(t, i) && !not_a_model(t->names[i]))
            return false;
    return true;
}

/* *fault: the first bad row, with its line; *any: there is a row at all. */
static bool sample_columns(const td_columns *t, td_csv *csv, const td_import_settings *s, column_sample *c,
                           const char **fault, uint64_t *line, bool *any, td_error *error)
{
    tierce_span *cells;
    size_t n;
    const char *what;
    td_csv_status status = TD_CSV_ROW;
    *any = all_said(t, c); /* then no row is looked at */
    while (status != TD_CSV_END && !all_said(t, c)) {
        status = td_csv_next(csv, &cells, &n, &what, error);
        if (status == TD_CSV_BROKEN)
            return false;
        *any = *any || status != TD_CSV_END;
        if (status == TD_CSV_BAD && !*fault) {
            *fault = what;
            *line = td_csv_line(csv);
        }
        for (size_t i = 0; status == TD_CSV_ROW && i < n && i < t->n; i++)
            look_at_cell(&c[i], cells[i], t->commas, s, td_csv_line(csv));
    }
    return true;
}

/* "(line 3: "1.5")" */
static const char *odd_cell(const column_sample *c, char text[90])
{
    const bool percent = c->odd[0] && strchr(c->odd, '%') && c->holds & OUTSIDE;
    snprintf(text, 90, " (line %llu: \"%s\"%s)", (unsigned long long)c->line, c->odd, percent ? "; take the % away" : "");
    return text;
}

static bool place_column(td_columns *t, size_t i, const column_sample *c, bool named, td_error *error)
{
    char odd[90];
    const bool scores = (c->holds & (SCORES | OTHER)) == SCORES;
    if (!c->holds)
        td_columns_note(t, &t->empty, i, "");
    else if (scores && td_column_named(t->names[i]) == TD_NAMED_OTHER)
        td_columns_note(t, &t->other, i, "");
    else if (scores && named)
        td_columns_note(t, &t->alone, i, "");
    else if (scores)
        return add_model(t, i, error);
    else if (c->holds & OUTSIDE)
        td_columns_note(t, &t->outside, i, odd_cell(c, odd));
    else if (c->holds != OTHER)
        td_columns_note(t, &t->mixed, i, odd_cell(c, odd));
    return true;
}

/* Where no name told the models, columns that hold scores and nothing else are; whatever else looks like
 * one is told of, so that no model goes missing unseen. */
static bool models_by_values(td_columns *t, td_csv *csv, const td_import_settings *s, const char *path, td_error *error)
{
    column_sample *c = calloc(t->n ? t->n : 1, sizeof *c);
    const char *fault = NULL;
    uint64_t line = 0;
    const bool named = t->n_models > 0;
    bool any = false, good = c ? sample_columns(t, csv, s, c, &fault, &line, &any, error) : td_fail(error, "out of memory");
    if (good && !any)
        good = td_no_row(path, error);
    for (size_t i = 0; good && i < t->n; i++)
        if (!td_column_has_role(t, i) && !not_a_model(t->names[i]) && !td_column_is_model(t, i) && !td_column_is_response(t, i))
            good = place_column(t, i, &c[i], named, error);
    free(c);
    if (good && !t->n_models && fault)
        return td_fail(error, "%.300s:%llu: %s", path, (unsigned long long)line, fault);
    return good;
}

/* A table of a row an outcome has its model in a cell, and would here be one model called "score". */
static bool check_long(const td_columns *t, const char *path, td_error *error)
{
    static const char *const names[] = {"model", "model_name", "model_id", "llm", "tier", "engine", "provider"};
    const char *score = NULL;
    for (size_t m = 0; m < t->n_models && !score; m++)
        score = td_column_is_any_score(t->models[m].name) ? t->models[m].name : NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && score; i++)
        if (td_columns_find(t, names[i], strlen(names[i])))
            return td_fail(error, "%.200s:1: a row an outcome, whose model stands in the column \"%s\"; that is read with: tierce import generic "
                                  "FILE --model-field %s --score-field %.60s",
                           path, names[i], names[i], score);
    return true;
}

/* "M|total_cost" beside "M|cost_usd": one of them would be passed over. */
static bool check_costs(const td_columns *t, const char *path, td_error *error)
{
    for (size_t m = 0; m < t->n_models; m++)
        if (t->models[m].number[0] && t->models[m].number[1])
            return td_fail(error, "%.200s:1: columns \"%.100s%s\" and \"%.100s%s\" are the same cost; take one of them away", path,
                           t->models[m].name, suffixes[0].suffix, t->models[m].name, suffixes[1].suffix);
    return true;
}

bool td_columns_read(td_columns *t, td_csv *csv, const td_import_settings *s, const char *path,
                     td_error *error)
{
    tierce_span *cells;
    size_t n;
    const char *what = NULL;
    const td_csv_status status = td_csv_next(csv, &cells, &n, &what, error);
    t->commas = td_csv_delimiter(csv) != ',';
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
        if (!models_by_values(t, csv, s, path, error))
            return false;
    }
    if ((!s->score_fields && !check_long(t, path, error)) || !check_costs(t, path, error))
        return false;
    td_columns_tell(t, s);
    return t->n_models || td_no_scores(t, path, error);
}

void td_columns_free(td_columns *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->names[i]);
    free(t->names);
    free(t->told);
    free(t->models);
}

/* A count has no fraction: "1.234" of a table with decimal commas is a thousand. */
static bool is_count(size_t number)
{
    return suffixes[number].offset != offsetof(td_outcome, cost_usd) && suffixes[number].offset != offsetof(td_outcome, latency_s);
}

size_t td_cells_numbers(const td_columns *t, const td_model_columns *m, const tierce_span *cells, td_outcome *o, double *trials)
{
    size_t fault = 0;
    double v;
    for (size_t i = 0; i < TD_COLUMN_NUMBERS; i++) {
        const size_t column = m->number[i];
        const td_cell kind = column ? td_cell_read(cells[column - 1], t->commas, &v) : TD_CELL_EMPTY;
        const bool of_outcome = suffixes[i].offset != NOT_OF_OUTCOME;
        if (kind == TD_CELL_NUMBER && !(t->commas && is_count(i) && v != floor(v)) && (of_outcome || td_is_trials(v)))
            memcpy(of_outcome ? (char *)o + suffixes[i].offset : (char *)trials, &v, sizeof v);
        else if (kind != TD_CELL_EMPTY && !fault)
            fault = column;
    }
    return fault;
}
