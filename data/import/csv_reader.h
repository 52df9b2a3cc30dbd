/* Rows of a CSV file as RFC 4180 has them: quoted cells may hold delimiters, quotes (doubled) and line
 * breaks. Any size; memory of the longest row. */
#ifndef TIERCE_CSV_READER_H
#define TIERCE_CSV_READER_H

#include <stdint.h>

#include "features/request.h"
#include "data/lines.h"

typedef struct td_csv td_csv;

/* delimiter 0: the most frequent of comma, semicolon and tab in the first line. */
td_csv *td_csv_open(const char *path, char delimiter, td_error *error);

typedef enum { TD_CSV_ROW, TD_CSV_END, TD_CSV_BAD, TD_CSV_BROKEN } td_csv_status;

/* The next row that is not empty; the cells are valid until the next call and may be written to.
 * TD_CSV_BAD: *what is wrong with this row, the next call goes on behind it. TD_CSV_BROKEN: *error. */
td_csv_status td_csv_next(td_csv *csv, tierce_span **cells, size_t *n, const char **what,
                          td_error *error);
/* Line on which the last row started, from 1. */
uint64_t td_csv_line(const td_csv *csv);
/* What parts the cells. */
char td_csv_delimiter(const td_csv *csv);
void td_csv_close(td_csv *csv);

#endif
