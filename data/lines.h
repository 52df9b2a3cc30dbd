/* Lines of a file, a .gz file or standard input, one at a time, in memory of the longest line.
 *
 * gzip is recognised by its first bytes (concatenated members are one stream; a truncated one is an
 * error, not a shorter file). A final line without a line break counts; CR before LF is dropped;
 * a UTF-8 byte-order mark at the start is dropped; UTF-16 is refused with the mend. */
#ifndef TIERCE_LINES_H
#define TIERCE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TD_ERROR_ROOM 768

/* What went wrong, where, and how to mend it: a whole sentence for people, "file:line: …". */
typedef struct {
    char text[TD_ERROR_ROOM];
} td_error;

/* printf into the error; returns false, so that a failing function can `return td_fail(…)`. */
bool td_fail(td_error *error, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

typedef struct td_lines td_lines;

#define TD_MAX_LINE ((size_t)256 << 20)

/* path "-" is standard input. NULL with *error filled. max_line 0: TD_MAX_LINE bytes. */
td_lines *td_lines_open(const char *path, size_t max_line, td_error *error);

/* The same from anything that gives bytes: up to `room` of them, 0 at the end, -1 with *error filled.
 * `name` stands in messages. */
typedef long (*td_read_bytes)(void *context, char *into, size_t room, td_error *error);
td_lines *td_lines_from(const char *name, td_read_bytes read, void *context, size_t max_line,
                        td_error *error);

typedef enum { TD_LINE, TD_END, TD_BROKEN } td_line_status;

/* The next line, empty ones included, valid until the next call and writable; *line is followed by
 * a byte that may be overwritten. TD_BROKEN fills *error and is final. */
td_line_status td_lines_next(td_lines *lines, char **line, size_t *len, td_error *error);

/* Number of the last line given, from 1. */
uint64_t td_lines_number(const td_lines *lines);
const char *td_lines_path(const td_lines *lines); /* "<stdin>" for "-" */
void td_lines_close(td_lines *lines);

#endif
