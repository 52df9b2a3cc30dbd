/* A folder of batch files (data/folder.h: there whole or not at all). */
#ifndef TIERCE_PART_FILES_H
#define TIERCE_PART_FILES_H

#include "data/lines.h"
#include "infer/router.h"

typedef struct part_files part_files;

/* DIR must not exist, or be an empty folder. NULL with *error filled. */
part_files *parts_open(const char *dir, const tierce_router *router, uint64_t max_lines, uint64_t max_bytes,
                       td_error *error);
/* One line with its line break into the tier's present part; opens the next when that one is full. */
bool parts_put(part_files *p, uint32_t tier, const char *line, size_t len, td_error *error);
/* A file beside the parts, written at once. */
bool parts_extra(part_files *p, const char *name, const char *text, size_t len, td_error *error);
/* decisions.jsonl, in the order of the input. */
bool parts_decision(part_files *p, const char *line, size_t len, td_error *error);
/* Files of a tier so far, and the beginning of their names. */
uint32_t parts_count(const part_files *p, uint32_t tier);
const char *parts_stem(const part_files *p, uint32_t tier);
/* Makes everything appear under DIR. Frees p either way. */
bool parts_finish(part_files *p, td_error *error);
/* Removes everything. NULL is allowed. */
void parts_abandon(part_files *p);

#endif
