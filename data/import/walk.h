/* The files that a command line names: files as they are, folders walked, in sorted order.
 *
 * Names that start with a dot are passed over. A link to a folder is followed once: loops end. */
#ifndef TIERCE_WALK_H
#define TIERCE_WALK_H

#include "data/lines.h"

typedef struct {
    char *path;
    bool by_name; /* given itself, not found in a folder */
} td_file;

typedef struct {
    td_file *at;
    size_t n, room;
} td_files;

/* Zero *files first. A path that cannot be read, and a folder without any file, is an error. */
bool td_walk(td_files *files, const char *const *paths, size_t n, td_error *error);
void td_files_free(td_files *files);

#endif
