/* What the columns of a table are to each other, and what is told of those that nobody reads. */
#ifndef TIERCE_CSV_NOTES_H
#define TIERCE_CSV_NOTES_H

#include "data/import/csv_columns.h"

/* Column + 1 of that name; 0: none. */
size_t td_columns_find(const td_columns *t, const char *name, size_t len);
bool td_column_has_role(const td_columns *t, size_t column);
bool td_column_is_read(const td_columns *t, size_t column); /* anything of it */
bool td_column_is_model(const td_columns *t, size_t column);
/* "M_response" of a model M: what it said, which may be a number. */
bool td_column_is_response(const td_columns *t, size_t column);

/* Puts the column on a list, with what is told of it ("": nothing). */
void td_columns_note(td_columns *t, td_column_list *list, size_t column, const char *detail);
/* Fills the lists of what is not read, when the models are known, and ends them all. */
void td_columns_tell(td_columns *t, const td_import_settings *s);

/* False with the error: what is not there, and what is. */
bool td_no_column(const td_columns *t, const char *name, size_t len, const char *path, td_error *error);
bool td_no_prompt(const td_columns *t, const char *path, td_error *error);
bool td_no_row(const char *path, td_error *error);
bool td_no_scores(const td_columns *t, const char *path, td_error *error);

#endif
