/* ZIP archives by their central directory: stored, deflate (8) and Zstandard (93) members, ZIP64.
 * Every size and offset is checked against the file; CRCs are checked; a member that unpacks to more
 * than it declares is an error. */
#ifndef TIERCE_ZIP_H
#define TIERCE_ZIP_H

#include <stdint.h>

#include "data/lines.h"

typedef struct {
    char *name;
    uint16_t method;
    uint32_t crc;
    uint64_t packed, size, offset; /* offset: of its local header */
} td_zip_member;

typedef struct {
    char *path;
    int fd;
    uint64_t file_size;
    td_zip_member *members; /* in the order of the directory */
    size_t n;
} td_zip;

/* Zero *zip first; close it in any case. */
bool td_zip_open(td_zip *zip, const char *path, td_error *error);
void td_zip_close(td_zip *zip);

const td_zip_member *td_zip_find(const td_zip *zip, const char *name);
/* Its bytes, followed by a 0 that is not counted; free() them. max: most bytes to accept. */
char *td_zip_load(const td_zip *zip, const td_zip_member *m, size_t max, size_t *len, td_error *error);

#endif
