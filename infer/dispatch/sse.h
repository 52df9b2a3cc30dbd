/* Server-sent events, read as they arrive: bytes in any pieces, whole events out.
 *
 * The parser only watches: the bytes that go to the client are the provider's own. It takes what
 * providers send: lines end with \n, \r\n or \r, cut anywhere (inside \r\n, inside a UTF-8 letter);
 * a byte-order mark at the start; "data:" with or without the space; several data lines (joined with
 * \n); event:, id:, retry: and unknown fields; comment lines. An event without data is dropped, as
 * the standard says; a last event without its blank line is given by ds_sse_finish. */
#ifndef TIERCE_SSE_H
#define TIERCE_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One event whose data is longer is an error (too_long), never a buffer without bound. */
#define DS_SSE_MAX_EVENT ((size_t)16 << 20)

/* Zero it before first use. */
typedef struct {
    char *data;     /* data lines of the event so far */
    size_t len, room;
    char *line;     /* the line so far */
    size_t line_len, line_room;
    char event[32]; /* name of the event so far, cut; "" for none */
    bool has_data, after_cr, begun;
    uint64_t events, comments; /* seen so far: both are signs of life */
    bool too_long, no_memory;  /* sticky */
} ds_sse;

/* One event; data is NUL-terminated behind len and the callee may write into it. `event` is "" where
 * the provider gave no name. */
typedef void (*ds_sse_each)(void *context, const char *event, char *data, size_t len);

/* False (sticky) on too_long or no_memory. */
bool ds_sse_feed(ds_sse *sse, const char *bytes, size_t len, ds_sse_each each, void *context);
/* The stream ended: gives the event that is still open. */
bool ds_sse_finish(ds_sse *sse, ds_sse_each each, void *context);
/* Ready for the next stream; keeps the buffers. */
void ds_sse_reset(ds_sse *sse);
void ds_sse_free(ds_sse *sse);

#endif
