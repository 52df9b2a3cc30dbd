/* What the mock says: heads, whole answers, streams, tool calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dom.h"
#include "tests/dispatch/mock.h"

void script_reset(script *s)
{
    s->bytes.len = 0;
    s->n = 0;
}

void script_add(script *s, step_kind kind, uint32_t wait_ms, uint32_t tokens, const char *data,
                size_t len)
{
    if (s->n == s->room) {
        s->room = s->room ? 2 * s->room : 16;
        s->steps = realloc(s->steps, s->room * sizeof *s->steps);
        if (!s->steps)
            abort();
    }
    s->steps[s->n++] = (step){kind, wait_ms, tokens, s->bytes.len, len};
    td_put(&s->bytes, data, len);
}

/* Its text with a NUL behind it. */
static const char *text_of(td_out *out)
{
    td_put(out, "", 1);
    out->len--;
    return out->at;
}

static uint32_t first_wait(const play *p)
{
    return (uint32_t)(param_number(p->r, "first", 0) * mock_latency_scale);
}

void put_head(play *p, int status, const char *type, const char *extra, long length, uint32_t wait_ms)
{
    char head[4096], framing[64] = "Transfer-Encoding: chunked\r\n";
    if (length >= 0)
        snprintf(framing, sizeof framing, "Content-Length: %ld\r\n", length);
    const int n = snprintf(head, sizeof head,
                           "HTTP/1.1 %d Mock\r\nContent-Type: %s\r\nx-request-id: mock-%llu\r\n%s%s\r\n", status,
                           type, (unsigned long long)p->r->number, framing, extra);
    script_add(p->out, STEP_SEND, wait_ms + first_wait(p), 0, head, (size_t)n);
}

void put_whole(play *p, int status, const char *type, const char *extra, const char *body, size_t len)
{
    put_head(p, status, type, extra, (long)len, 0);
    script_add(p->out, STEP_SEND, 0, 0, body, len);
    script_add(p->out, STEP_DONE, 0, 0, "", 0);
}

/* ---- streams ---- */

static void put_chunk(play *p, const char *text, size_t len, uint32_t tokens, uint32_t wait_ms)
{
    char size[32];
    td_out chunk = {0};
    if (!len)
        return;
    const int n = snprintf(size, sizeof size, "%zx\r\n", len);
    td_put(&chunk, size, (size_t)n);
    td_put(&chunk, text, len);
    td_puts(&chunk, "\r\n");
    script_add(p->out, STEP_SEND, wait_ms, tokens, chunk.at, chunk.len);
    free(chunk.at);
}

void put_stream(play *p, const char *text, size_t len, uint32_t tokens, uint32_t wait_ms)
{
    const bool every_byte = !strcmp(param_text(p->r, "split", ""), "bytes");
    const uint64_t cut = (uint64_t)param_number(p->r, "at", 0);
    if (!p->first_sent && param_has(p->r, "bom"))
        put_chunk(p, "\xef\xbb\xbf", 3, 0, 0);
    p->first_sent = true;
    if (every_byte) {
        for (size_t i = 0; i < len; i++)
            put_chunk(p, text + i, 1, i ? 0 : tokens, i ? 0 : wait_ms);
    } else if (cut > p->sent && cut < p->sent + len) {
        const size_t n = (size_t)(cut - p->sent);
        put_chunk(p, text, n, tokens, wait_ms);
        put_chunk(p, text + n, len - n, 0, 3);
    } else {
        put_chunk(p, text, len, tokens, wait_ms);
    }
    p->sent += len;
}

void put_event(play *p, const char *json, uint32_t tokens, uint32_t wait_ms)
{
    const char *asked = param_text(p->r, "eol", "lf");
    const char *eol = !strcmp(asked, "crlf") ? "\r\n" : !strcmp(asked, "cr") ? "\r" : "\n";
    td_out event = {0};
    td_puts(&event, param_has(p->r, "nospace") ? "data:" : "data: ");
    td_puts(&event, json);
    td_puts(&event, eol);
    td_puts(&event, eol);
    put_stream(p, event.at, event.len, tokens, wait_ms);
    free(event.at);
}

void put_chunk_end(play *p)
{
    script_add(p->out, STEP_SEND, 0, 0, "0\r\n\r\n", 5);
    script_add(p->out, STEP_DONE, 0, 0, "", 0);
}

/* ---- answers ---- */

void fill_bill(play *p)
{
    bill *b = p->bill;
    b->due = true;
    b->whole = !p->r->stream;
    b->input = (uint32_t)param_number(p->r, "in", (double)(p->r->body.len / 4 + 1));
    b->cached = (uint32_t)param_number(p->r, "cached", 0);
    b->output = (uint32_t)param_number(p->r, "out", 6);
    b->reasoning = (uint32_t)param_number(p->r, "reasoning", 0);
    b->cost = param_number(p->r, "cost", -1);
}

static void put_usage(td_out *out, const bill *b)
{
    char text[400];
    snprintf(text, sizeof text,
             "{\"prompt_tokens\":%u,\"completion_tokens\":%u,\"total_tokens\":%u,"
             "\"prompt_tokens_details\":{\"cached_tokens\":%u},"
             "\"completion_tokens_details\":{\"reasoning_tokens\":%u}",
             b->input, b->output, b->input + b->output, b->cached, b->reasoning);
    td_puts(out, text);
    if (b->cost >= 0) {
        snprintf(text, sizeof text, ",\"cost\":%.12g", b->cost);
        td_puts(out, text);
    }
    td_puts(out, "}");
}

/* {"id":…,"object":…,"created":…,"model":… and a comma */
static void put_opening(td_out *out, const play *p, const char *object)
{
    char text[120];
    const char *model = param_text(p->r, "model", NULL);
    snprintf(text, sizeof text, "{\"id\":\"chatcmpl-%llu\",\"object\":\"%s\",\"created\":1795500000,\"model\":",
             (unsigned long long)p->r->number, object);
    td_puts(out, text);
    if (model)
        td_put_json(out, model, strlen(model));
    else
        td_put_json(out, p->r->model.data, p->r->model.len);
    td_puts(out, ",");
}

/* The k-th of n words of the answer. */
static void put_word(td_out *out, const play *p, uint32_t k, uint32_t n)
{
    char word[32];
    const char *text = param_text(p->r, "text", NULL);
    if (text && k == 0)
        td_puts(out, text);
    if (text)
        return;
    snprintf(word, sizeof word, "w%u%s", k, k + 1 < n ? " " : "");
    td_puts(out, word);
}

static void put_json_words(td_out *out, const play *p, uint32_t from, uint32_t to, uint32_t n)
{
    td_out words = {0};
    for (uint32_t k = from; k < to; k++)
        put_word(&words, p, k, n);
    td_put_json(out, words.at ? words.at : "", words.len);
    free(words.at);
}

static void put_message(play *p, const char *finish)
{
    td_out body = {0};
    put_opening(&body, p, "chat.completion");
    td_puts(&body, "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    put_json_words(&body, p, 0, p->bill->output, p->bill->output);
    td_puts(&body, ",\"refusal\":null},\"finish_reason\":\"");
    td_puts(&body, finish);
    td_puts(&body, "\",\"logprobs\":null}]");
    if (!param_has(p->r, "nousage")) {
        td_puts(&body, ",\"usage\":");
        put_usage(&body, p->bill);
    }
    td_puts(&body, "}");
    put_whole(p, 200, "application/json", "", body.at, body.len);
    free(body.at);
}

/* One chunk: delta is the inside of "delta":{…}; finish NULL: null; usage NULL: none. */
static void put_delta(play *p, const char *delta, const char *finish, const bill *usage, uint32_t tokens,
                      uint32_t wait_ms)
{
    td_out event = {0};
    put_opening(&event, p, "chat.completion.chunk");
    td_puts(&event, "\"choices\":[{\"index\":0,\"delta\":{");
    td_puts(&event, delta);
    td_puts(&event, "},\"finish_reason\":");
    td_puts(&event, finish ? "\"" : "null");
    td_puts(&event, finish ? finish : "");
    td_puts(&event, finish ? "\"}]" : "}]");
    if (usage) {
        td_puts(&event, ",\"usage\":");
        put_usage(&event, usage);
    } else if (p->r->include_usage) {
        td_puts(&event, ",\"usage\":null");
    }
    td_puts(&event, "}");
    put_event(p, text_of(&event), tokens, wait_ms);
    free(event.at);
}

static void put_tail(play *p, const char *finish, unsigned parts)
{
    const bill *usage = parts & STREAM_USAGE_EVERYWHERE ? p->bill : NULL;
    if (!(parts & STREAM_NO_FINISH))
        put_delta(p, "", finish, usage, 0, 0);
    if (p->r->include_usage && !(parts & (STREAM_NO_USAGE | STREAM_USAGE_EVERYWHERE))) {
        td_out event = {0};
        put_opening(&event, p, "chat.completion.chunk");
        td_puts(&event, "\"choices\":[],\"usage\":");
        put_usage(&event, p->bill);
        td_puts(&event, "}");
        put_event(p, text_of(&event), 0, 0);
        free(event.at);
    }
    if (!(parts & STREAM_NO_DONE))
        put_event(p, "[DONE]", 0, 0);
}

void put_words(play *p, const char *finish, unsigned parts)
{
    const uint32_t gap = (uint32_t)(param_number(p->r, "gap", 0) * mock_latency_scale);
    /* a given text is one piece, whatever its tokens */
    const bool given = param_has(p->r, "text");
    const uint32_t n = given ? 1 : p->bill->output, until = parts & STREAM_CUT ? n / 2 : n;
    put_head(p, 200, "text/event-stream", "Cache-Control: no-cache\r\n", -1, 0);
    put_delta(p, "\"role\":\"assistant\",\"content\":\"\"", NULL, NULL, 0, 0);
    for (uint32_t k = 0; k < until; k++) {
        td_out delta = {0};
        td_puts(&delta, "\"content\":");
        put_json_words(&delta, p, k, k + 1, n);
        put_delta(p, text_of(&delta), NULL, parts & STREAM_USAGE_EVERYWHERE ? p->bill : NULL,
                  given ? p->bill->output : 1, gap);
        free(delta.at);
    }
    if (!(parts & STREAM_CUT))
        put_tail(p, finish, parts);
}

void put_answer(play *p, const char *finish)
{
    fill_bill(p);
    if (!p->r->stream) {
        put_message(p, finish);
        return;
    }
    put_words(p, finish, param_has(p->r, "nousage") ? STREAM_NO_USAGE : 0);
    put_chunk_end(p);
}

/* ---- tool calls: arguments that satisfy the first offered tool's schema, or not ---- */

static void put_value(td_out *out, const td_node *schema, call_fault fault);

static void put_object(td_out *out, const td_node *schema, call_fault fault)
{
    const td_node *required = td_get(schema, "required"), *properties = td_get(schema, "properties");
    const size_t n = td_count(required), keep = fault == CALL_MISSING && n ? n - 1 : n;
    td_puts(out, "{");
    for (size_t i = 0; i < keep; i++) {
        const char *name = td_string(td_at(required, i));
        const td_node *property = td_get(properties, name ? name : "");
        td_puts(out, i ? "," : "");
        td_put_json(out, name ? name : "", strlen(name ? name : ""));
        td_puts(out, ":");
        put_value(out, property, i == 0 && fault == CALL_WRONG_TYPE ? fault : CALL_GOOD);
    }
    td_puts(out, "}");
}

static void put_value(td_out *out, const td_node *schema, call_fault fault)
{
    const td_node *type_node = td_get(schema, "type"), *choices = td_get(schema, "enum");
    const char *type = td_string(td_is_array(type_node) ? td_first(type_node) : type_node);
    type = type ? type : td_get(schema, "properties") ? "object" : "string";
    if (fault == CALL_WRONG_TYPE)
        td_puts(out, strcmp(type, "string") ? "\"wrong\"" : "[7]");
    else if (td_first(choices))
        td_dom_print(out, td_first(choices));
    else if (!strcmp(type, "object"))
        put_object(out, schema, fault);
    else if (!strcmp(type, "array")) {
        td_puts(out, "[");
        put_value(out, td_get(schema, "items"), CALL_GOOD);
        td_puts(out, "]");
    } else
        td_puts(out, !strcmp(type, "integer")   ? "3"
                     : !strcmp(type, "number")  ? "2.5"
                     : !strcmp(type, "boolean") ? "true"
                     : !strcmp(type, "null")    ? "null"
                                                : "\"x\"");
}

/* Name and arguments of the call, from the first offered tool. */
static void make_call(const play *p, call_fault fault, td_out *name, td_out *arguments)
{
    td_error ignored;
    td_node *tools = p->r->tools.len ? td_dom_parse(p->r->tools.data, p->r->tools.len, "tools", &ignored) : NULL;
    const td_node *function = td_get(td_first(tools), "function");
    const char *offered = td_string(td_get(function, "name"));
    const char *given = param_text(p->r, "args", NULL);
    td_puts(name, fault == CALL_UNKNOWN || !offered ? "no_such_tool" : offered);
    if (given)
        td_puts(arguments, given);
    else
        put_object(arguments, td_get(function, "parameters"), fault);
    if (fault == CALL_BAD_JSON)
        arguments->at[--arguments->len] = ' '; /* without its closing brace */
    td_dom_free(tools);
}

static void stream_call(play *p, const td_out *name, const td_out *arguments)
{
    const size_t half = arguments->len / 2;
    td_out delta = {0};
    put_head(p, 200, "text/event-stream", "", -1, 0);
    td_puts(&delta, "\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"call_1\","
                    "\"type\":\"function\",\"function\":{\"name\":");
    td_put_json(&delta, name->at, name->len);
    td_puts(&delta, ",\"arguments\":\"\"}}]");
    put_delta(p, text_of(&delta), NULL, NULL, 1, 0);
    for (int i = 0; i < 2; i++) {
        delta.len = 0;
        td_puts(&delta, "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":");
        td_put_json(&delta, arguments->at + (i ? half : 0), i ? arguments->len - half : half);
        td_puts(&delta, "}}]");
        put_delta(p, text_of(&delta), NULL, NULL, 1, 0);
    }
    put_tail(p, "tool_calls", 0);
    put_chunk_end(p);
    free(delta.at);
}

void put_tool_call(play *p, call_fault fault)
{
    td_out name = {0}, arguments = {0}, body = {0};
    fill_bill(p);
    make_call(p, fault, &name, &arguments);
    if (p->r->stream) {
        stream_call(p, &name, &arguments);
    } else {
        put_opening(&body, p, "chat.completion");
        td_puts(&body, "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":null,"
                       "\"tool_calls\":[{\"id\":\"call_1\",\"type\":\"function\",\"function\":{\"name\":");
        td_put_json(&body, name.at, name.len);
        td_puts(&body, ",\"arguments\":");
        td_put_json(&body, arguments.at, arguments.len);
        td_puts(&body, "}}]},\"finish_reason\":\"tool_calls\"}],\"usage\":");
        put_usage(&body, p->bill);
        td_puts(&body, "}");
        put_whole(p, 200, "application/json", "", body.at, body.len);
    }
    free(name.at), free(arguments.at), free(body.at);
}
