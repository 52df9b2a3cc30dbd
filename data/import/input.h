/* The bytes of a file, plain, gzip or Zstandard by its first bytes, whatever its name says. */
#ifndef TIERCE_INPUT_H
#define TIERCE_INPUT_H

#include "data/dom.h"
#include "data/lines.h"

typedef struct td_input td_input;

td_input *td_input_open(const char *path, td_error *error);
/* Up to `room` bytes; 0 at the end; -1 with *error filled (damaged, cut off, unreadable). */
long td_input_read(td_input *in, char *into, size_t room, td_error *error);
void td_input_close(td_input *in);

/* The whole of it, followed by a 0 that is not counted; free() it. max 0: 1 GiB. */
char *td_input_load(const char *path, size_t max, size_t *len, td_error *error);
/* The same as a tree: a JSON document, in UTF-8, no key of which stands twice; else NULL with *error. */
td_node *td_input_dom(const char *path, td_error *error);
/* The tree of bytes that are at hand, by the same rules; name: of the file, for messages. */
td_node *td_bytes_dom(const char *text, size_t len, const char *name, td_error *error);

/* Its lines; close both, the lines first. */
td_lines *td_input_lines(td_input *in, const char *path, td_error *error);

#endif
