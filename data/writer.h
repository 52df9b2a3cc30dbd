/* A file that is there whole or not at all: written under another name beside its place, flushed to
 * the disk and renamed at the end. A name that ends in ".gz" is packed (the same bytes every time); "-" is standard output. */
#ifndef TIERCE_WRITER_H
#define TIERCE_WRITER_H

#include "data/lines.h"

typedef struct td_writer td_writer;

/* Could it be opened, as far as one can see without writing? For long work, before it begins. */
bool td_writer_check(const char *path, td_error *error);

td_writer *td_writer_open(const char *path, td_error *error);
bool td_writer_put(td_writer *w, const char *data, size_t len, td_error *error);
/* Puts the file in its place; frees w in any case. */
bool td_writer_commit(td_writer *w, td_error *error);
/* Leaves nothing; NULL is allowed. */
void td_writer_abort(td_writer *w);
/* One of the two: commit when `keep`, else abort (true). NULL is allowed: true. */
bool td_writer_end(td_writer *w, bool keep, td_error *error);

#endif
