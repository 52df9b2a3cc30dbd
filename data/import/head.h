/* How a file starts: what an importer's probe looks at to tell whether the file is its own.
 *
 * The helpers are tolerant: the text may be cut anywhere and may hold Python's NaN. */
#ifndef TIERCE_HEAD_H
#define TIERCE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "data/lines.h"

#define TD_HEAD_BYTES ((size_t)1 << 16)

typedef struct {
    const char *path, *name; /* name: the last part of the path */
    const char *text;        /* the first bytes, unpacked */
    size_t len;
    bool whole;   /* the text is all there is */
    bool by_name; /* given on the command line, not found in a folder */
} td_head;

typedef enum { TD_HEAD_OK, TD_HEAD_REFUSED, TD_HEAD_BROKEN } td_head_status;

/* Reads up to TD_HEAD_BYTES into `room`. A file that no importer could ever read (a pickle, Parquet,
 * UTF-16) is refused with the mend; one that cannot be read is broken. */
td_head_status td_head_read(td_head *head, const char *path, char *room, td_error *error);

/* Has the first JSON value (an object, or the first of an array) a member at this path, for example
 * "results.version"? A step "0" enters an array. */
bool td_head_has(const td_head *head, const char *path);
/* All of these, separated by spaces. */
bool td_head_has_all(const td_head *head, const char *paths);
/* Does the text contain these bytes? For names that stand too deep for td_head_has. */
bool td_head_says(const td_head *head, const char *word);
bool td_head_is_zip(const td_head *head);
/* '{', '[' or what else the text starts with behind white space; 0: empty. */
char td_head_first(const td_head *head);
/* Does the first line close the JSON value it opens, and is there more than that line? */
bool td_head_is_jsonl(const td_head *head);
bool td_name_ends(const char *name, const char *ending);
bool td_name_starts(const char *name, const char *start);

#endif
