/* What the columns of a wide CSV are: which hold the request, which a model's score, cost and tokens. */
#ifndef TIERCE_CSV_COLUMNS_H
#define TIERCE_CSV_COLUMNS_H

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

#define TD_COLUMN_NUMBERS 8 /* "M|total_cost" and its kin */

typedef struct {
    char *name;
    size_t score;                     /* column */
    size_t number[TD_COLUMN_NUMBERS]; /* column + 1; 0: none */
} td_model_columns;

typedef struct {
    char **names;
    size_t n;
    size_t role[TD_COLUMN_ROLES]; /* column + 1; 0: none */
    td_model_columns *models;
    size_t n_models;
    /* what was left out, for the report: columns without any value, with scores and something else, with
     * scores in a table whose models have other columns beside them; the first of each, empty: none */
    char empty[100], mixed[100], alone[100];
    char unread[100]; /* and the first that is called a cost, tokens or latency, but is no model's */
} td_columns;

/* Reads the header and, where it does not suffice, some rows: open the file again for the rows. Zero *c
 * first; free it in any case. */
bool td_columns_read(td_columns *c, td_csv *csv, const td_import_settings *s, const char *path,
                     td_error *error);
void td_columns_free(td_columns *c);

typedef enum { TD_CELL_NUMBER, TD_CELL_EMPTY, TD_CELL_OTHER } td_cell;

/* A number, True or False; NaN where the cell is empty (or says nan, None, null) or something else. */
td_cell td_cell_read(tierce_span cell, double *v);
/* Cost, tokens and latency of a model, where the row has them. */
void td_cells_numbers(const td_model_columns *m, const tierce_span *cells, td_outcome *o);

#endif
