/* The lines of a byte range: each line belongs to the range that holds its first byte, so that any
 * partition of a file's bytes is a partition of its lines. Plain files only: a .gz has no places to
 * start at. */
#ifndef TIERCE_LINE_RANGE_H
#define TIERCE_LINE_RANGE_H

#include "data/lines.h"

typedef struct td_line_range td_line_range;

/* Bytes from..to-1 of the file; to UINT64_MAX: to its end. NULL with *error filled. */
td_line_range *td_range_open(const char *path, uint64_t from, uint64_t to, size_t max_line,
                             td_error *error);
/* As td_lines, but numbered from the range's start; an empty first line is to be passed over. */
td_lines *td_range_lines(td_line_range *range);
/* How many lines of the file stand before td_lines_number() == 1: reads the file from its start, once,
 * when it is first asked. UINT64_MAX when that fails. Thread-safe with nothing. */
uint64_t td_range_lines_before(td_line_range *range);
void td_range_close(td_line_range *range);

/* "A-B", "A-" or "-B" -> from, to (B is not included); false when it is none of these. */
bool td_parse_range(const char *text, uint64_t *from, uint64_t *to);

#endif
