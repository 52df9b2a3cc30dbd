/* The files that a command line names: files as they are, folders walked, in sorted order.
 *
 * Names that start with a dot are passed over. A link to a folder is followed once: loops end. What is named twice,
 * alone and in its folder or by another spelling of its path, is there once; links to files are files of their own. */
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
    size_t again; /* paths that led to a file or folder a second time; it is read once. The first: index + 1 in paths */
    size_t first_again;
} td_files;

/* Zero *files first. A path that cannot be read, and a folder without any file, is an error. */
bool td_walk(td_files *files, const char *const *paths, size_t n, td_error *error);
void td_files_free(td_files *files);

#endif
