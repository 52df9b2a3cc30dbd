/* Any bytes as an event stream: however they are cut, the same events come, and read as chunks of an
 * answer they leave it within its bounds. The first byte says how the rest is cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/reply.h"
#include "infer/dispatch/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    uint64_t hash, events;
    ds_reply *reply; /* NULL: only counts */
} sum;

static void add(void *context, const char *event, char *data, size_t len)
{
    sum *s = context;
    for (const char *c = event; *c; c++)
        s->hash = (s->hash ^ (unsigned char)*c) * 1099511628211u;
    for (size_t i = 0; i <= len; i++)
        s->hash = (s->hash ^ (unsigned char)data[i]) * 1099511628211u;
    if (data[len])
        abort();
    s->events++;
    if (s->reply)
        ds_reply_chunk(s->reply, event, data, len);
    memset(data, 0, len);
}

static sum read_pieces(const char *text, size_t len, size_t piece, ds_reply *reply)
{
    ds_sse sse = {0};
    sum s = {14695981039346656037u, 0, reply};
    for (size_t i = 0; i < len; i += piece)
        if (!ds_sse_feed(&sse, text + i, len - i < piece ? len - i : piece, add, &s))
            abort(); /* inputs are far below the limit */
    if (!ds_sse_finish(&sse, add, &s) || sse.events != s.events)
        abort();
    ds_sse_free(&sse);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ds_reply reply = {0};
    if (!size)
        return 0;
    const char *text = (const char *)data + 1;
    const sum whole = read_pieces(text, size - 1, size, NULL);
    const sum cut = read_pieces(text, size - 1, 1 + data[0] % 7, &reply);
    if (whole.hash != cut.hash || whole.events != cut.events)
        abort();
    if (reply.n_calls > DS_MAX_CALLS || reply.text_bytes > size)
        abort();
    ds_reply_free(&reply);
    return 0;
}
