/* Numbers in the cells of a table. */
#ifndef TIERCE_CSV_CELLS_H
#define TIERCE_CSV_CELLS_H

#include "data/import/settings.h"
#include "features/request.h"

typedef enum {
    TD_CELL_NUMBER,
    TD_CELL_TRUTH, /* True or False: 1 or 0 */
    TD_CELL_EMPTY,
    TD_CELL_UNSURE, /* "1,234": a thousand or one and a bit? */
    TD_CELL_OTHER
} td_cell;

/* A number, True or False; NaN where the cell is empty (or says nan, None, null) or something else.
 * commas: cells are not parted by commas, so "0,5" and "12,50" are numbers as half of Europe writes them. */
td_cell td_cell_read(tierce_span cell, bool commas, double *v);
/* The same of a score: "1,000" is 1 where a thousand is out of the range of scores. */
td_cell td_cell_score(tierce_span cell, bool commas, const td_import_settings *s, double *v);
/* "0,5" where it cannot be read, as commas part the cells: a score for people. */
bool td_cell_has_comma(tierce_span cell);

/* Without spaces and tabs around it. */
tierce_span td_cell_trimmed(tierce_span cell);

#endif
