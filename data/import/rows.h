/* Rows of logs, whatever file they come in: JSONL, one JSON array, one JSON object, a page of
 * an API ({"data": […]}), or CSV. */
#ifndef TIERCE_ROWS_H
#define TIERCE_ROWS_H

#include "data/import/head.h"
#include "data/import/sink.h"

/* Gives `each` every row as a tree. Of a CSV the cells are strings under their columns' names,
 * empty cells are left out. What is damaged counts as bad. False from `each` ends it. */
bool td_rows(td_sink *sink, const td_head *file, td_each_line each, td_error *error);
/* The same of a path that the frame did not open, named in messages from then on. */
bool td_rows_of(td_sink *sink, const char *path, td_each_line each, td_error *error);
/* Has the head of a CSV a column of this name? */
bool td_head_column(const td_head *head, const char *name);

/* Of several kinds of scores in a log, one is meant: `metric` (--metric), or, where that is NULL,
 * the one whose name came first; it is kept in `first`. */
bool td_score_wanted(char first[96], const char *metric, const char *name);

#endif
