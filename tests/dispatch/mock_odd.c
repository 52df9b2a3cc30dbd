/* Answers whose usage, cost or end cannot be believed: kind=NAME. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dispatch/mock.h"

typedef struct {
    const char *kind, *usage; /* NULL: none. It stands in the first chunk of a stream, in the body otherwise. */
    const char *last;         /* usage of a stream's last chunk */
    bool text;                /* 8,000 bytes of content, so that a count of a few tokens cannot be */
} odd_row;

static const odd_row rows[] = {
    {"usage-first", "{\"prompt_tokens\":10,\"completion_tokens\":1}", NULL, true},
    {"usage-zero", "{\"prompt_tokens\":0,\"completion_tokens\":0,\"total_tokens\":0}", NULL, true},
    {"usage-then-zero", "{\"prompt_tokens\":100,\"completion_tokens\":20}", "{\"prompt_tokens\":0,\"completion_tokens\":0}", false},
    {"usage-negative", "{\"prompt_tokens\":-5,\"completion_tokens\":20}", NULL, false},
    {"usage-string", "{\"prompt_tokens\":\"100\",\"completion_tokens\":20}", NULL, false},
    {"usage-huge", "{\"prompt_tokens\":10000000000,\"completion_tokens\":20}", NULL, false},
    {"cost-zero", "{\"prompt_tokens\":100,\"completion_tokens\":20,\"cost\":0,\"is_byok\":true}", NULL, false},
    {"cost-huge", "{\"prompt_tokens\":100,\"completion_tokens\":20,\"cost\":10000000000}", NULL, false},
};

static void put_text(td_out *out, bool long_one)
{
    td_puts(out, "odd ");
    for (int i = 0; long_one && i < 2000; i++)
        td_puts(out, "text");
}

static void put_odd(play *p, const odd_row *row)
{
    td_out out = {0};
    if (!p->r->stream) {
        td_puts(&out, "{\"id\":\"o\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"");
        put_text(&out, row->text);
        td_puts(&out, "\"}}],\"usage\":");
        td_puts(&out, row->usage);
        td_puts(&out, "}");
        put_whole(p, 200, "application/json", "", out.at, out.len);
    } else {
        put_head(p, 200, "text/event-stream", "", -1, 0);
        td_puts(&out, "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"");
        put_text(&out, row->text);
        td_puts(&out, "\"}}],\"usage\":");
        td_puts(&out, row->usage);
        td_put(&out, "}", 2); /* with its NUL */
        put_event(p, out.at, 0, 0);
        put_event(p, "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}", 0, 0);
        if (row->last) {
            out.len = 0;
            td_puts(&out, "{\"choices\":[],\"usage\":");
            td_puts(&out, row->last);
            td_put(&out, "}", 2);
            put_event(p, out.at, 0, 0);
        }
        put_event(p, "[DONE]", 0, 0);
        put_chunk_end(p);
    }
    free(out.at);
}

/* [DONE] and nothing before it; without a stream, a list of no choices. */
static void put_nothing(play *p)
{
    static const char body[] = "{\"id\":\"o\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":0}}";
    if (!p->r->stream) {
        put_whole(p, 200, "application/json", "", body, sizeof body - 1);
        return;
    }
    put_head(p, 200, "text/event-stream", "", -1, 0);
    put_event(p, "[DONE]", 0, 0);
    put_chunk_end(p);
}

/* Its last event has neither its empty line nor a line end. */
static void put_without_end(play *p)
{
    static const char last[] = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"odd\"},\"finish_reason\":\"stop\"}],"
                               "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20}}";
    put_head(p, 200, "text/event-stream", "", -1, 0);
    put_stream(p, last, sizeof last - 1, 0, 0);
    put_chunk_end(p);
}

/* Usage of what was written until now, which is nothing, and then the end of the connection: it thought, perhaps for long. */
static void put_usage_and_cut(play *p)
{
    if (!p->r->stream) {
        put_nothing(p);
        return;
    }
    p->bill->whole = true;
    put_head(p, 200, "text/event-stream", "", -1, 0);
    put_event(p, "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":0}}", 0, 0);
    script_add(p->out, STEP_CLOSE, 20, 0, "", 0);
}

/* An error that repeats the key of the request. */
static void put_key(play *p)
{
    char body[800];
    const tierce_span key = http_header(p->r, "authorization");
    const int n = snprintf(body, sizeof body, "{\"error\":{\"message\":\"no rights for %.*s here\",\"type\":\"invalid_request_error\"}}",
                           (int)(key.len < 500 ? key.len : 500), key.len ? key.data : "");
    put_whole(p, 400, "application/json", "", body, (size_t)n);
}

void play_odd(play *p)
{
    const char *kind = param_text(p->r, "kind", "");
    if (!strcmp(kind, "key")) {
        put_key(p);
        return;
    }
    fill_bill(p);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(kind, rows[i].kind)) {
            put_odd(p, &rows[i]);
            return;
        }
    if (!strcmp(kind, "no-line-end") && p->r->stream) {
        put_without_end(p);
        return;
    }
    if (!strcmp(kind, "usage-cut")) {
        put_usage_and_cut(p);
        return;
    }
    p->bill->due = false;
    put_nothing(p);
}
