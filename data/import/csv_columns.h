/* What the columns of a wide CSV are: which hold the request, which a model's score, cost and tokens. */
#ifndef TIERCE_CSV_COLUMNS_H
#define TIERCE_CSV_COLUMNS_H

#include "data/import/csv_cells.h"
#include "data/import/csv_reader.h"
#include "data/import/settings.h"
#include "data/record.h"

typedef enum {
    TD_COLUMN_PROMPT,
    TD_COLUMN_MESSAGES,
    TD_COLUMN_TOOLS,
    TD_COLUMN_ID,
    TD_COLUMN_SOURCE,
    TD_COLUMN_WORKLOAD,
    TD_COLUMN_ROLES
} td_column_role;

#define TD_COLUMN_NUMBERS 9 /* "M|total_cost" and its kin */

typedef struct {
    char *name;
    size_t score;                     /* column */
    size_t number[TD_COLUMN_NUMBERS]; /* column + 1; 0: none */
} td_model_columns;

/* Names as a report lists them; empty: none. */
typedef struct {
    char text[900];
    size_t more; /* that had no room */
} td_column_list;

typedef struct {
    char **names;
    size_t n;
    bool commas; /* numbers may have a decimal comma: no comma parts the cells */
    size_t role[TD_COLUMN_ROLES]; /* column + 1; 0: none */
    td_model_columns *models;
    size_t n_models;
    /* what was left out, for the report: columns without any value, with scores and something else, with
     * scores in a table whose models have other columns beside them, with numbers like scores but a name of
     * something else, those that are called a cost, tokens or latency, but are no model's, and those that sound like a
     * part of the request but are not the prompt; those whose numbers are of another range; all others */
    td_column_list empty, mixed, alone, other, unread, parts, outside, rest;
    bool *told; /* columns that stand in a list */
} td_columns;

/* Reads the header and, where it does not suffice, some rows: open the file again for the rows. Zero *c
 * first; free it in any case. */
bool td_columns_read(td_columns *c, td_csv *csv, const td_import_settings *s, const char *path,
                     td_error *error);
void td_columns_free(td_columns *c);

/* Cost, tokens and latency of a model, where the row has them, and of how many trials they and the score are the mean.
 * 0, or 1 + the first column whose cell holds something that is no such number; it is left out. */
size_t td_cells_numbers(const td_columns *c, const td_model_columns *m, const tierce_span *cells, td_outcome *o, double *trials);

#endif
