/* A provider's event stream on its way to the client: cut into whole events, read, and let through as
 * the provider's own bytes.
 *
 * Until an answer has begun (content, a tool call, an end), events are held back: as long as nothing
 * was let through, another provider can still answer. The chunk of usage alone that we asked for and
 * the client did not is taken out. */
#ifndef TIERCE_DISPATCH_RELAY_H
#define TIERCE_DISPATCH_RELAY_H

#include "data/text_out.h"
#include "infer/dispatch/reply.h"
#include "infer/dispatch/sse.h"

#define DS_RELAY_HOLD ((size_t)64 << 10) /* held back at most; above it the stream is let through */

/* Zero it before first use. */
typedef struct {
    ds_sse sse;
    td_out partial;     /* bytes of the event that is not complete */
    td_out ready;       /* whole events that may go to the client, or are held */
    unsigned line;      /* bytes in the present line, and what ended the last one */
    bool cr;
    unsigned owed;      /* line ends that the stream's last event, let through as it came, lacks: what is put behind it must
                         * not become part of it */
    bool open;          /* the first event was let through: no way back */
    bool drop_usage;    /* take out a chunk that holds usage and no choices */
    bool failed;        /* an error event came: it and what follows is not read any more */
    bool broken;        /* too long an event, or out of memory */
    bool drop_this;     /* of the event being read */
    ds_reply *reply;
} ds_relay;

/* For a new stream; keeps the buffers. */
void ds_relay_start(ds_relay *relay, ds_reply *reply, bool drop_usage);
/* After it, relay->ready holds what may be sent when relay->open (take it all and set len 0). */
void ds_relay_feed(ds_relay *relay, const char *data, size_t len);
/* The stream ended: an event without its blank line is one still. */
void ds_relay_finish(ds_relay *relay);
/* broken, and by no fault of the provider: memory ended here. */
bool ds_relay_starved(const ds_relay *relay);
void ds_relay_free(ds_relay *relay);

#endif
