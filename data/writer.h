/* A file that is there whole or not at all: written under another name beside its place, flushed to
 * the disk and renamed at the end. What a link leads to is replaced, never the link; a file that is
 * replaced keeps its mode. A name that ends in ".gz" is packed (the same bytes every time), one that ends in ".zst" refused; "-" is standard output. */
#ifndef TIERCE_WRITER_H
#define TIERCE_WRITER_H

#include "data/lines.h"

typedef struct td_writer td_writer;

/* Standard output by any of its names; what has no place to be renamed to: that, pipes, devices, all of
 * /dev and /proc. /dev/stdout may lead to a plain file, and is itself not to be replaced by one. */
bool td_writer_is_stdout(const char *path);
bool td_writer_in_place(const char *path);

/* Where a path ends, links followed (the last may lead to what is not there yet): malloc'ed; NULL: out of
 * memory, or a ring of links, with errno. */
char *td_writer_place(const char *path);

/* Could it be opened, as far as one can see without writing? For long work, before it begins. */
bool td_writer_check(const char *path, td_error *error);

/* The same, and it is none of the files that are read: these would be lost. NULL as path or input: none. */
bool td_writer_spares(const char *path, const char *const *inputs, size_t n_inputs, td_error *error);
/* A whole small file at once. */
bool td_write_file(const char *path, const char *data, size_t len, td_error *error);

td_writer *td_writer_open(const char *path, td_error *error);
bool td_writer_put(td_writer *w, const char *data, size_t len, td_error *error);
/* Puts the file in its place; frees w in any case. */
bool td_writer_commit(td_writer *w, td_error *error);
/* Leaves nothing; NULL is allowed. */
void td_writer_abort(td_writer *w);
/* One of the two: commit when `keep`, else abort (true). NULL is allowed: true. */
bool td_writer_end(td_writer *w, bool keep, td_error *error);

#endif
