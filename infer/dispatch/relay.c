#include "infer/dispatch/relay.h"

#include <stdlib.h>
#include <string.h>

#include "data/json.h"

void ds_relay_start(ds_relay *r, ds_reply *reply, bool drop_usage)
{
    ds_sse_reset(&r->sse);
    ds_reply_reset(reply);
    td_out_reset(&r->partial);
    td_out_reset(&r->ready);
    r->line = r->owed = 0;
    r->cr = r->open = r->failed = r->broken = r->drop_this = false;
    r->drop_usage = drop_usage;
    r->reply = reply;
}

bool ds_relay_starved(const ds_relay *r)
{
    return r->partial.failed || r->ready.failed || r->sse.no_memory || r->reply->no_memory;
}

void ds_relay_free(ds_relay *r)
{
    ds_sse_free(&r->sse);
    free(r->partial.at);
    free(r->ready.at);
    memset(r, 0, sizeof *r);
}

/* {"choices": [], "usage": {…}}: the chunk that include_usage adds. */
static bool is_usage_alone(const char *data, size_t len)
{
    td_json json;
    tierce_span key, raw;
    bool first = true, no_choices = false, usage = false;
    char scratch[8193]; /* for escaped keys */
    if (len > 8192 || !strstr(data, "\"usage\""))
        return false;
    td_json_start(&json, data, len, scratch);
    if (!td_json_enter(&json, '{'))
        return false;
    while (td_json_key(&json, &key, &first)) {
        json.text = scratch;
        const bool is_usage = td_span_is(key, "usage"), is_choices = td_span_is(key, "choices");
        if (!td_json_skip(&json, &raw))
            return false;
        if (is_usage)
            usage = raw.data[0] == '{';
        if (is_choices)
            no_choices = raw.data[0] == '[' && raw.data[strspn(raw.data + 1, " \t\r\n") + 1] == ']';
    }
    return td_json_finish(&json) && usage && no_choices;
}

static void on_event(void *context, const char *event, char *data, size_t len)
{
    ds_relay *r = context;
    if (r->failed)
        return;
    if (r->drop_usage && is_usage_alone(data, len))
        r->drop_this = true;
    ds_reply_chunk(r->reply, event, data, len);
    r->failed = r->reply->fault.there;
}

/* The event in `partial` is whole. */
static void take_event(ds_relay *r, bool last)
{
    r->drop_this = false;
    if (!ds_sse_feed(&r->sse, r->partial.at, r->partial.len, on_event, r) ||
        (last && !ds_sse_finish(&r->sse, on_event, r)) || r->reply->no_memory)
        r->broken = true;
    if (!r->drop_this && !r->failed) /* an error is told anew, in a shape that clients know */
        td_put(&r->ready, r->partial.at, r->partial.len);
    r->partial.len = 0;
    if (r->partial.failed || r->ready.failed)
        r->broken = true;
    if (!r->failed && (r->reply->began || r->reply->finished || r->ready.len > DS_RELAY_HOLD))
        r->open = true;
}

/* End of the event that begins or goes on in data, or len: behind the line end that closes an empty
 * line. \r\n counts once: a \n behind it joins the next event, where it is harmless. */
static size_t event_end(ds_relay *r, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char c = data[i];
        if (c == '\n' && r->cr) { /* the second half of \r\n */
            r->cr = false;
            continue;
        }
        r->cr = c == '\r';
        if (c != '\r' && c != '\n') {
            r->line = 1;
            continue;
        }
        if (r->line) {
            r->line = 0;
            continue;
        }
        if (c == '\r' && i + 1 < len && data[i + 1] == '\n') {
            r->cr = false;
            i++;
        }
        return i + 1;
    }
    return 0;
}

void ds_relay_feed(ds_relay *r, const char *data, size_t len)
{
    while (len && !r->failed && !r->broken) {
        const size_t end = event_end(r, data, len), n = end ? end : len;
        td_put(&r->partial, data, n);
        data += n;
        len -= n;
        if (end)
            take_event(r, false);
        else if (r->partial.failed || r->partial.len > DS_SSE_MAX_EVENT)
            r->broken = true;
    }
}

void ds_relay_finish(ds_relay *r)
{
    const bool some = r->partial.len > 0, line = r->line || r->cr;
    if (r->failed || r->broken)
        return;
    take_event(r, true);
    if (some && !r->drop_this && !r->failed)
        r->owed = line ? 2 : 1;
}
