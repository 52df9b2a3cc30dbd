/* The scenarios, one row each. A new one is a function (or a row of `errors`) and a row of the table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/dispatch/mock.h"

/* ---- errors before the answer: status, headers, body ---- */

typedef struct {
    const char *name;
    int status;
    const char *type, *extra, *body, *help;
} error_row;

#define JSON "application/json"
#define OPENAI(type, code, message) \
    "{\"error\":{\"message\":\"" message "\",\"type\":\"" type "\",\"param\":null,\"code\":" code "}}"
#define TOO_LONG(message) OPENAI("invalid_request_error", "null", message)

static const error_row errors[] = {
    {"429", 429, JSON, "", OPENAI("rate_limit_error", "\"rate_limit_exceeded\"", "Slow down, please"),
     "rate limit; retry-after=TEXT, retry-after-ms=TEXT, should-retry=TEXT become headers"},
    {"quota", 429, JSON, "", OPENAI("insufficient_quota", "\"insufficient_quota\"", "Your credit is used up"),
     "OpenAI's quota: never to be retried"},
    {"quota-spend", 429, JSON, "", OPENAI("billing", "\"project_spend_limit_exceeded\"", "Project limit"),
     "OpenAI's project limit"},
    {"quota-anthropic", 429, JSON, "",
     "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Spend limit\","
     "\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}},\"request_id\":\"req_m\"}",
     "Anthropic's spend limit"},
    {"402", 402, JSON, "", "{\"error\":{\"code\":402,\"message\":\"Insufficient credits\",\"metadata\":{}}}",
     "OpenRouter without credits"},
    {"529", 529, JSON, "",
     "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"},"
     "\"request_id\":\"req_m\"}",
     "Anthropic overloaded"},
    {"413", 413, JSON, "",
     "{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",\"message\":\"Request exceeds the "
     "maximum size\"}}",
     "Anthropic's size limit"},
    {"401", 401, JSON, "", OPENAI("invalid_request_error", "\"invalid_api_key\"", "Incorrect API key provided"),
     "key refused"},
    {"403-flagged", 403, JSON, "",
     "{\"error\":{\"code\":403,\"message\":\"The chosen model requires moderation, and your input was flagged\",\"metadata\":{}}}",
     "OpenRouter's moderation"},
    {"404", 404, JSON, "", OPENAI("invalid_request_error", "\"model_not_found\"", "No such model"), "no model"},
    {"400", 400, JSON, "", OPENAI("invalid_request_error", "\"invalid_value\"", "Invalid temperature"),
     "the client's own fault"},
    {"400-echo", 400, JSON, "",
     OPENAI("invalid_request_error", "null", "Bad input: 'I got a 429 rate limit, 503, insufficient_quota'"),
     "a 400 that echoes a prompt about other errors"},
    {"400-key", 400, JSON, "",
     "[{\"error\":{\"code\":400,\"message\":\"API key not valid. Please pass a valid API key.\",\"status\":\"INVALID_ARGUMENT\","
     "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"API_KEY_INVALID\"}]}}]",
     "Gemini's refusal of a key"},
    {"400-vllm", 400, JSON, "",
     "{\"object\":\"error\",\"message\":\"bad value\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}",
     "vLLM's shape"},
    {"400-gemini", 400, JSON, "",
     "[{\"error\":{\"code\":400,\"message\":\"Unknown name \\\"x\\\"\",\"status\":\"INVALID_ARGUMENT\","
     "\"details\":[]}}]",
     "Gemini's array"},
    {"422", 422, JSON, "", "{\"detail\":[{\"loc\":[\"body\",\"messages\"],\"msg\":\"field required\"}]}",
     "FastAPI's shape"},
    {"500", 500, JSON, "", OPENAI("server_error", "null", "The server had an error"), "server error"},
    {"503", 503, JSON, "", OPENAI("server_error", "null", "Overloaded"), "server overloaded"},
    {"html502", 502, "text/html", "", "<html><head><title>502 Bad Gateway</title></head></html>\n", "a proxy's page"},
    {"html200", 200, "text/html", "", "<html><body>Sign in to the network</body></html>\n", "a captive portal"},
    {"empty502", 502, "text/plain", "", "", "no body"},
    {"empty200", 200, JSON, "", "", "200 and nothing"},
    {"truncated-json", 200, JSON, "", "{\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,\"mess", "a body cut by a proxy"},
    {"error200", 200, JSON, "", "{\"error\":{\"code\":502,\"message\":\"Upstream failed\",\"metadata\":{}}}",
     "OpenRouter: an error inside a 200"},
    {"redirect", 302, "text/plain", "Location: http://127.0.0.1:9/elsewhere\r\n", "", "must not be followed"},
    {"filter", 400, JSON, "",
     OPENAI("invalid_request_error", "\"content_policy_violation\"", "Your request was rejected"), "content filter"},
    {"filter-azure", 400, JSON, "", OPENAI("null", "\"content_filter\"", "The prompt was filtered"), "Azure's filter"},
    {"overflow", 400, JSON, "",
     OPENAI("invalid_request_error", "\"context_length_exceeded\"",
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."),
     "OpenAI's context overflow"},
    {"overflow-vllm", 400, JSON, "",
     "{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096 tokens\","
     "\"type\":\"BadRequestError\",\"param\":null,\"code\":400}",
     "vLLM's"},
    {"overflow-gemini", 400, JSON, "",
     "[{\"error\":{\"code\":400,\"message\":\"The input token count exceeds the maximum number of tokens "
     "allowed (1048576).\",\"status\":\"INVALID_ARGUMENT\"}}]",
     "Gemini's"},
    {"overflow-anthropic", 400, JSON, "",
     "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: "
     "210000 tokens > 200000 maximum\"}}",
     "Anthropic's"},
    {"overflow-llamacpp", 400, JSON, "",
     "{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size, try increasing "
     "it\",\"type\":\"exceed_context_size_error\"}}",
     "llama.cpp's"},
    {"overflow-not", 400, JSON, "",
     OPENAI("invalid_request_error", "\"string_above_max_length\"", "Invalid 'user': string too long"),
     "looks like an overflow, is none"},
};

static void play_error(play *p, const error_row *row)
{
    char extra[1500];
    static const struct {
        const char *param, *header;
    } headers[] = {{"retry-after", "Retry-After"}, {"retry-after-ms", "retry-after-ms"},
                   {"should-retry", "x-should-retry"}};
    int n = snprintf(extra, sizeof extra, "%s", row->extra);
    for (size_t i = 0; i < 3; i++)
        if (param_has(p->r, headers[i].param))
            n += snprintf(extra + n, sizeof extra - (size_t)n, "%s: %.300s\r\n", headers[i].header,
                          param_text(p->r, headers[i].param, ""));
    put_whole(p, row->status, row->type, extra, row->body, strlen(row->body));
}

/* ---- answers ---- */

static void play_ok(play *p) { put_answer(p, param_text(p->r, "finish", "stop")); }
static void play_tool(play *p) { put_tool_call(p, CALL_GOOD); }
static void play_tool_json(play *p) { put_tool_call(p, CALL_BAD_JSON); }
static void play_tool_missing(play *p) { put_tool_call(p, CALL_MISSING); }
static void play_tool_type(play *p) { put_tool_call(p, CALL_WRONG_TYPE); }
static void play_tool_unknown(play *p) { put_tool_call(p, CALL_UNKNOWN); }

static void play_status(play *p)
{
    static const char body[] = OPENAI("mock_error", "null", "as asked");
    put_whole(p, (int)param_number(p->r, "code", 500), JSON, "", body, sizeof body - 1);
}

/* ---- the connection's faults ---- */

static void end(play *p, step_kind kind, uint32_t wait_ms)
{
    script_add(p->out, kind, wait_ms, 0, "", 0);
}

static void play_reset(play *p) { end(p, STEP_RESET, 0); }
static void play_close(play *p) { end(p, STEP_CLOSE, 0); }
static void play_hang(play *p) { end(p, STEP_HANG, 0); }

static void play_stale(play *p)
{
    play_ok(p);
    p->out->steps[p->out->n - 1].kind = STEP_STALE;
}

/* Head and body of an answer, one byte at a time. */
static void play_drip(play *p)
{
    const uint32_t gap = (uint32_t)param_number(p->r, "gap", 2);
    play_ok(p);
    for (size_t i = 0; i < p->out->n; i++)
        if (p->out->steps[i].kind == STEP_SEND) {
            p->out->steps[i].kind = STEP_DRIP;
            p->out->steps[i].wait_ms = gap;
        }
}

static void play_slow_headers(play *p)
{
    play_ok(p);
    p->out->steps[0].kind = STEP_DRIP;
    p->out->steps[0].wait_ms = (uint32_t)param_number(p->r, "gap", 2);
}

/* 200, then the connection ends inside a chunk or before Content-Length bytes. */
static void play_eof(play *p)
{
    fill_bill(p);
    if (p->r->stream) {
        put_words(p, "stop", STREAM_CUT);
        script_add(p->out, STEP_SEND, 0, 0, "40\r\ndata: {\"id\":\"ch", 20);
    } else {
        put_head(p, 200, JSON, "", 500, 0);
        script_add(p->out, STEP_SEND, 0, 0, "{\"id\":\"chatcmpl-1\",\"choices\":[", 30);
    }
    end(p, STEP_CLOSE, 2);
}

static void play_reset_mid(play *p)
{
    play_eof(p);
    p->out->steps[p->out->n - 1].kind = STEP_RESET;
}

static void play_stall(play *p)
{
    play_eof(p);
    p->out->steps[p->out->n - 1].kind = STEP_HANG;
}

/* A body or a stream (or, line=1, one line of a stream) that never ends. */
static void play_infinite(play *p)
{
    static const char chunk[] = "1000\r\n";
    char block[6 + 4096 + 2];
    fill_bill(p);
    const char *fill = param_has(p->r, "line") || !p->r->stream ? "aaaaaaaa" : ": alive\n";
    put_head(p, 200, p->r->stream ? "text/event-stream" : JSON, "", -1, 0);
    memcpy(block, chunk, 6);
    for (size_t i = 0; i < 4096; i++)
        block[6 + i] = fill[i % 8];
    memcpy(block + 6 + 4096, "\r\n", 2);
    if (param_has(p->r, "line") || !p->r->stream)
        put_stream(p, p->r->stream ? "data: {\"x\":\"" : "{\"x\":\"", p->r->stream ? 12 : 6, 0, 0);
    script_add(p->out, STEP_FLOOD, 0, 0, block, sizeof block);
}

static void play_gzip(play *p)
{
    static const char body[] = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model\":\"m\",\"choices\":[{"
                               "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"zip\"},"
                               "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,"
                               "\"completion_tokens\":1,\"total_tokens\":2}}";
    unsigned char packed[1024];
    z_stream z = {0};
    fill_bill(p);
    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (unsigned char *)(uintptr_t)body;
    z.avail_in = sizeof body - 1;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    deflate(&z, Z_FINISH);
    deflateEnd(&z);
    put_whole(p, 200, JSON, "Content-Encoding: gzip\r\n", (char *)packed, z.total_out);
}

/* Content-Length that does not say the truth: kind=long (more promised than sent), short (less), twice
 * (two different ones), both (with Transfer-Encoding), negative. */
static void play_length(play *p)
{
    static const char body[] = "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"choices\":[{\"index\":0,"
                               "\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}";
    const char *kind = param_text(p->r, "kind", "long");
    const long n = sizeof body - 1;
    char head[400];
    const char *more = !strcmp(kind, "twice")  ? "Content-Length: 7\r\n"
                       : !strcmp(kind, "both") ? "Transfer-Encoding: chunked\r\n"
                                               : "";
    const long said = !strcmp(kind, "long")       ? n + 100
                      : !strcmp(kind, "short")    ? n - 20
                      : !strcmp(kind, "negative") ? -5
                                                  : n;
    fill_bill(p);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: " JSON "\r\nContent-Length: %ld\r\n%s\r\n", said, more);
    script_add(p->out, STEP_SEND, 0, 0, head, strlen(head));
    script_add(p->out, STEP_SEND, 0, 0, body, (size_t)n);
    end(p, STEP_CLOSE, 20);
}

/* An endless header section (mb= megabytes), and bytes that are no HTTP at all. */
static void play_headers(play *p)
{
    td_out head = {0};
    td_puts(&head, "HTTP/1.1 200 OK\r\nX-Long: ");
    for (size_t i = 0; i < (size_t)param_number(p->r, "mb", 1) << 17; i++)
        td_puts(&head, "yyyyyyyy");
    td_puts(&head, "\r\nContent-Length: 0\r\n\r\n");
    script_add(p->out, STEP_SEND, 0, 0, head.at, head.len);
    end(p, STEP_CLOSE, 0);
    free(head.at);
}

static void play_garbage(play *p)
{
    script_add(p->out, STEP_SEND, 0, 0, "\x16\x03\x01\x02 not http at all\r\n\r\n", 24);
    end(p, STEP_CLOSE, 0);
}

static void play_informational(play *p)
{
    static const char interim[] = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n";
    script_add(p->out, STEP_SEND, 0, 0, interim, sizeof interim - 1);
    play_ok(p);
}

/* A long answer: mb= megabytes of content, in chunks of 32 KB of stream. */
static void play_big(play *p)
{
    const size_t n = (size_t)(param_number(p->r, "mb", 8) * 32);
    td_out text = {0};
    fill_bill(p);
    for (int i = 0; i < 4096; i++)
        td_puts(&text, "big text");
    put_head(p, 200, p->r->stream ? "text/event-stream" : JSON, "", -1, 0);
    if (!p->r->stream)
        put_stream(p, "{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"content\":\"", 68, 0, 0);
    for (size_t i = 0; i < n; i++) {
        if (p->r->stream)
            put_stream(p, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"", 49, 0, 0);
        put_stream(p, text.at, text.len, 1, 0);
        if (p->r->stream)
            put_stream(p, "\"}}]}\n\n", 7, 0, 0);
    }
    if (p->r->stream) {
        put_event(p, "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}", 0, 0);
        put_event(p, "[DONE]", 0, 0);
    } else {
        put_stream(p, "\"}}]}", 5, 0, 0);
    }
    put_chunk_end(p);
    free(text.at);
}

/* ---- faults of streams; asked without stream, they answer as ok ---- */

/* Comments for seconds=N, every=200 ms, then the answer (never=1: nothing more). */
static void play_comments(play *p)
{
    const uint32_t every = (uint32_t)param_number(p->r, "beat", 200);
    const unsigned n = (unsigned)(param_number(p->r, "seconds", 1) * 1000 / every);
    if (!p->r->stream) {
        play_ok(p);
        return;
    }
    fill_bill(p);
    script rest = {0};
    play later = *p;
    later.out = &rest;
    put_words(&later, "stop", 0);
    put_chunk_end(&later);
    /* the head first, then comments, then what follows the head */
    script_add(p->out, STEP_SEND, rest.steps[0].wait_ms, 0, rest.bytes.at, rest.steps[0].len);
    for (unsigned i = 0; i < n; i++)
        put_stream(p, i % 2 ? ": ping\n" : ": MOCK PROCESSING\n\n", i % 2 ? 7 : 19, 0, every);
    for (size_t i = 1; i < rest.n && !param_has(p->r, "never"); i++)
        script_add(p->out, rest.steps[i].kind, rest.steps[i].wait_ms, rest.steps[i].tokens,
                   rest.bytes.at + rest.steps[i].from, rest.steps[i].len);
    if (param_has(p->r, "never"))
        end(p, STEP_HANG, 0);
    free(rest.bytes.at), free(rest.steps);
}

static void stream_with(play *p, unsigned parts)
{
    if (!p->r->stream) {
        play_ok(p);
        return;
    }
    fill_bill(p);
    put_words(p, "stop", parts);
    put_chunk_end(p);
}

static void play_no_done(play *p) { stream_with(p, STREAM_NO_DONE); }
static void play_no_end(play *p) { stream_with(p, STREAM_NO_DONE | STREAM_NO_FINISH | STREAM_NO_USAGE); }
static void play_no_usage(play *p) { stream_with(p, STREAM_NO_USAGE); }
static void play_usage_everywhere(play *p) { stream_with(p, STREAM_USAGE_EVERYWHERE); }

/* kind=openai|vllm|anthropic|gemini|openrouter, after half of the words (first=1: before any). */
static void play_mid_error(play *p)
{
    static const struct {
        const char *kind, *text;
    } shapes[] = {
        {"openai", "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"code\":null}}\n\n"},
        {"vllm", "data: {\"object\":\"error\",\"message\":\"engine died\",\"type\":\"InternalServerError\",\"code\":500}\n\n"},
        {"anthropic", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"},
        {"gemini", "data: [{\"error\":{\"code\":503,\"message\":\"The model is overloaded\",\"status\":\"UNAVAILABLE\"}}]\n\n"},
        {"openrouter", "data: {\"id\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],"
                       "\"error\":{\"code\":502,\"message\":\"Provider disconnected\"}}\n\n"},
    };
    const char *kind = param_text(p->r, "kind", "openai");
    if (!p->r->stream) {
        put_whole(p, 200, JSON, "", shapes[0].text + 6, strlen(shapes[0].text) - 8);
        return;
    }
    fill_bill(p);
    if (param_has(p->r, "early")) {
        p->bill->output = 0;
        put_head(p, 200, "text/event-stream", "", -1, 0);
    } else {
        put_words(p, "stop", STREAM_CUT);
        p->bill->output /= 2;
    }
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (!strcmp(kind, shapes[i].kind))
            put_stream(p, shapes[i].text, strlen(shapes[i].text), 0, 0);
    put_chunk_end(p);
}

typedef struct {
    const char *name;
    void (*play)(play *p);
    const char *help;
} scenario_row;

static const scenario_row scenarios[] = {
    {"ok", play_ok, "an answer; finish=REASON, nousage=1; streams: split=bytes, at=BYTE, eol=lf|crlf|cr, bom=1, nospace=1"},
    {"recorded", recorded_play, "the recorded outcome of this request for the asked model (--recorded)"},
    {"odd", play_odd,
     "kind=usage-first|usage-zero|usage-then-zero|usage-negative|usage-string|usage-huge|cost-zero|cost-huge: what a provider\n"
     "                   said of 100 and 20 tokens; usage-cut: of a stream that is cut; nothing: an end without an answer; no-line-end; key: an error with the key"},
    {"tool", play_tool, "calls the first offered tool as its schema wants; args=JSON"},
    {"tool-badjson", play_tool_json, "… with arguments that do not parse"},
    {"tool-missing", play_tool_missing, "… without the last required property"},
    {"tool-type", play_tool_type, "… with a property of the wrong type"},
    {"tool-unknown", play_tool_unknown, "… a tool that was not offered"},
    {"status", play_status, "code=N"},
    {"reset", play_reset, "RST after the request was read"},
    {"close", play_close, "FIN after the request was read"},
    {"hang", play_hang, "reads the request and never answers"},
    {"stale", play_stale, "answers; the next request on this connection finds it closed"},
    {"drip", play_drip, "head and body byte by byte, gap=MS"},
    {"slow-headers", play_slow_headers, "the head byte by byte, gap=MS"},
    {"eof", play_eof, "200, then FIN inside a chunk"},
    {"reset-mid", play_reset_mid, "200, then RST inside a chunk"},
    {"stall", play_stall, "200, then silence inside a chunk"},
    {"infinite", play_infinite, "a body without end; line=1: a line without end"},
    {"gzip", play_gzip, "a gzip body that nobody asked for"},
    {"length", play_length, "Content-Length lies: kind=long|short|twice|both|negative"},
    {"headers", play_headers, "mb=N megabytes of header"},
    {"garbage", play_garbage, "bytes that are no HTTP"},
    {"informational", play_informational, "a 103 before the answer"},
    {"big", play_big, "an answer of mb=N megabytes"},
    {"comments", play_comments, "comments for seconds=N (beat=MS), then the answer; never=1: then silence"},
    {"no-done", play_no_done, "a stream without [DONE]: a success"},
    {"no-end", play_no_end, "a stream without finish_reason and [DONE]: a failure"},
    {"no-usage", play_no_usage, "a stream without usage though asked for"},
    {"usage-everywhere", play_usage_everywhere, "usage on every chunk"},
    {"mid-error", play_mid_error, "an error inside a stream: kind=openai|vllm|anthropic|gemini|openrouter, early=1"},
};

void scenario_list(void)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        printf("%-18s %s\n", scenarios[i].name, scenarios[i].help);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        printf("%-18s %s\n", errors[i].name, errors[i].help);
}

/* How often a (scenario, body) was played; open addressing, never shrinks. */
static unsigned count_of(uint64_t key)
{
    static struct {
        uint64_t key;
        unsigned n;
    } *table;
    static size_t room, used;
    if (2 * used >= room) {
        const size_t old = room;
        void *before = table;
        room = room ? 2 * room : 1024;
        table = calloc(room, sizeof *table);
        used = 0;
        for (size_t i = 0; i < old; i++) {
            uint64_t k;
            memcpy(&k, (char *)before + i * sizeof *table, sizeof k);
            if (!k)
                continue;
            size_t at = k % room;
            while (table[at].key)
                at = (at + 1) % room;
            memcpy(&table[at], (char *)before + i * sizeof *table, sizeof *table);
            used++;
        }
        free(before);
    }
    key = key ? key : 1;
    size_t at = key % room;
    while (table[at].key && table[at].key != key)
        at = (at + 1) % room;
    used += !table[at].key;
    table[at].key = key;
    return ++table[at].n;
}

/* times=, every=, p=: is it this request's turn? */
static bool its_turn(const mock_request *r)
{
    if (param_has(r, "times") && count_of(r->key) > (unsigned)param_number(r, "times", 1))
        return false;
    if (param_has(r, "every") && r->number % (uint64_t)param_number(r, "every", 1))
        return false;
    return !param_has(r, "p") || (double)(mock_random() >> 11) * 0x1p-53 < param_number(r, "p", 1);
}

void scenario_play(play *p)
{
    const char *name = its_turn(p->r) ? p->r->call.name : param_text(p->r, "then", "ok");
    char text[300];
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (!strcmp(name, scenarios[i].name)) {
            scenarios[i].play(p);
            return;
        }
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (!strcmp(name, errors[i].name)) {
            play_error(p, &errors[i]);
            return;
        }
    snprintf(text, sizeof text, "unknown scenario %.200s\n", name);
    put_whole(p, 418, "text/plain", "", text, strlen(text));
}
