/* A file that is there whole or not at all: written under a temporary name in its own folder, renamed
 * when it is complete. ".gz" at the end of the name packs it; "-" is standard output. */
#ifndef TIERCE_OUT_FILE_H
#define TIERCE_OUT_FILE_H

#include "data/lines.h"

typedef struct td_out_file td_out_file;

/* NULL with *error filled. A path that is a pipe or a device is written straight. */
td_out_file *td_out_open(const char *path, td_error *error);
/* False when the disk is full or the pipe closed; td_out_close tells why. */
bool td_out_write(td_out_file *out, const char *bytes, size_t len);
/* Finishes and renames, or with keep false drops what was written (an older file stays). Frees `out`;
 * NULL is allowed. False with *error filled when the file is not there as it should be. */
bool td_out_close(td_out_file *out, bool keep, td_error *error);

#endif
