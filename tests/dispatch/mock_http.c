/* HTTP/1.1 requests as the mock reads them, and which scenario they ask for. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/dispatch/mock.h"

static const char *find(const char *data, size_t len, const char *what)
{
    const size_t n = strlen(what);
    for (const char *at = data; len >= n && at <= data + len - n; at++) {
        at = memchr(at, what[0], (size_t)(data + len - at) - n + 1);
        if (!at)
            return NULL;
        if (!memcmp(at, what, n))
            return at;
    }
    return NULL;
}

tierce_span http_header(const mock_request *r, const char *name)
{
    const size_t n = strlen(name);
    tierce_span value = {NULL, 0};
    const char *at = r->headers.data, *end = at + r->headers.len;
    while (at < end) {
        const char *stop = find(at, (size_t)(end - at), "\r\n");
        stop = stop ? stop : end;
        if ((size_t)(stop - at) > n && at[n] == ':' && !strncasecmp(at, name, n)) {
            value.data = at + n + 1;
            while (value.data < stop && *value.data == ' ')
                value.data++;
            value.len = (size_t)(stop - value.data);
            return value;
        }
        at = stop + 2;
    }
    return value;
}

/* Walks a chunked body and, with `join`, moves it together in place. Bytes of it as sent, 0: more is
 * needed, -1: broken. */
static long walk_chunks(char *body, size_t len, bool join, size_t *joined)
{
    size_t at = 0;
    *joined = 0;
    for (;;) {
        const char *line = find(body + at, len - at, "\r\n");
        if (!line)
            return 0;
        const unsigned long n = strtoul(body + at, NULL, 16);
        if (n > (size_t)1 << 30)
            return -1;
        at = (size_t)(line - body) + 2;
        if (len - at < n + 2)
            return 0;
        if (join)
            memmove(body + *joined, body + at, n);
        *joined += n;
        at += n + 2;
        if (!n)
            return (long)at;
    }
}

long http_parse(char *data, size_t len, mock_request *r)
{
    const char *end = find(data, len < 1 << 20 ? len : 1 << 20, "\r\n\r\n");
    memset(r, 0, sizeof *r);
    if (!end)
        return len > 1 << 20 ? -1 : 0;
    const char *line = find(data, len, "\r\n");
    const char *space = memchr(data, ' ', (size_t)(line - data));
    const char *second = space ? memchr(space + 1, ' ', (size_t)(line - space - 1)) : NULL;
    if (!second)
        return -1;
    r->method = (tierce_span){data, (size_t)(space - data)};
    r->target = (tierce_span){space + 1, (size_t)(second - space - 1)};
    r->headers = (tierce_span){line + 2, end > line ? (size_t)(end - line - 2) : 0};
    const tierce_span connection = http_header(r, "Connection");
    r->keep_alive = !(connection.len == 5 && !strncasecmp(connection.data, "close", 5));
    const size_t head = (size_t)(end - data) + 4;
    const tierce_span length = http_header(r, "Content-Length");
    if (http_header(r, "Transfer-Encoding").len) {
        size_t joined;
        const long n = walk_chunks(data + head, len - head, false, &joined);
        if (n <= 0)
            return n;
        walk_chunks(data + head, len - head, true, &joined);
        r->body = (tierce_span){data + head, joined};
        return (long)head + n;
    }
    const unsigned long body = length.len ? strtoul(length.data, NULL, 10) : 0;
    if (body > (size_t)1 << 30)
        return -1;
    r->body = (tierce_span){data + head, body};
    return len - head < body ? 0 : (long)(head + body);
}

/* ---- parameters ---- */

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower(c) - 'a' + 10 : -1;
}

/* "name,key=value,…" as a scenario_call; stops at / & ? or the end. */
static void read_call(scenario_call *call, const char *at, size_t len)
{
    const char *end = at + len;
    char *to = call->text;
    memset(call, 0, sizeof *call);
    for (; at < end && !strchr("/&?", *at) && to < call->text + sizeof call->text - 2; at++) {
        if (*at == '%' && end - at > 2 && hex(at[1]) >= 0 && hex(at[2]) >= 0) {
            *to++ = (char)(hex(at[1]) * 16 + hex(at[2]));
            at += 2;
        } else {
            *to++ = *at == ',' ? 0 : *at;
        }
    }
    call->name = call->text;
}

const char *param_text(const mock_request *r, const char *key, const char *otherwise)
{
    const size_t n = strlen(key);
    for (const char *at = r->call.text + strlen(r->call.text) + 1; *at; at += strlen(at) + 1)
        if (!strncmp(at, key, n) && at[n] == '=')
            return at + n + 1;
    return otherwise;
}

bool param_has(const mock_request *r, const char *key)
{
    return param_text(r, key, NULL) != NULL;
}

double param_number(const mock_request *r, const char *key, double otherwise)
{
    const char *text = param_text(r, key, NULL);
    return text ? strtod(text, NULL) : otherwise;
}

/* ---- the body ---- */

static void read_options(mock_request *r, td_json *json)
{
    tierce_span key;
    bool first = true;
    if (td_json_peek(json) != '{') {
        td_json_skip(json, NULL);
        return;
    }
    td_json_enter(json, '{');
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "include_usage") && td_json_peek(json) != 'n')
            td_json_bool(json, &r->include_usage);
        else
            td_json_skip(json, NULL);
    }
}

static void read_body(mock_request *r, char *text)
{
    td_json json;
    tierce_span key;
    bool first = true;
    td_json_start(&json, r->body.data, r->body.len, text);
    if (td_json_peek(&json) != '{' || !td_json_enter(&json, '{'))
        return;
    while (td_json_key(&json, &key, &first)) {
        const char c = td_json_peek(&json);
        if (td_span_is(key, "model") && c == '"')
            td_json_string(&json, &r->model);
        else if (td_span_is(key, "stream") && (c == 't' || c == 'f'))
            td_json_bool(&json, &r->stream);
        else if (td_span_is(key, "messages"))
            td_json_skip(&json, &r->messages);
        else if (td_span_is(key, "tools"))
            td_json_skip(&json, &r->tools);
        else if (td_span_is(key, "stream_options"))
            read_options(r, &json);
        else
            td_json_skip(&json, NULL);
    }
}

void request_read(mock_request *r, char *text)
{
    const char *query = memchr(r->target.data, '?', r->target.len);
    const char *end = r->target.data + r->target.len;
    const char *asked = query ? find(query, (size_t)(end - query), "scenario=") : NULL;
    const char *path = find(r->target.data, r->target.len, "/s/");
    read_body(r, text);
    if (r->model.len > 5 && !memcmp(r->model.data, "mock:", 5))
        read_call(&r->call, r->model.data + 5, r->model.len - 5);
    else if (asked)
        read_call(&r->call, asked + 9, (size_t)(end - asked) - 9);
    else if (path)
        read_call(&r->call, path + 3, (size_t)(end - path) - 3);
    else
        read_call(&r->call, "ok", 2);
    r->digest = fnv(FNV_START, r->messages.data, r->messages.len);
    r->key = fnv(fnv(FNV_START, r->call.text, sizeof r->call.text), r->body.data, r->body.len);
}
