#include "infer/dispatch/answer_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"

/* JSON on one line: a raw line break in valid JSON is only white space. Else, as a string. */
static void put_one_line(td_out *out, const td_out *body)
{
    td_json json;
    char *text = malloc(body->len ? body->len : 1);
    bool good = text != NULL;
    if (good) {
        td_json_start(&json, body->at, body->len, text);
        good = body->len && td_json_skip(&json, NULL) && td_json_finish(&json);
    } else {
        out->failed = true; /* or a good answer would be told as a string */
    }
    free(text);
    if (!good) {
        td_put_json(out, body->len ? body->at : "", body->len);
        return;
    }
    const size_t from = out->len;
    td_put(out, body->at, body->len);
    for (size_t i = from; i < out->len; i++)
        if (out->at[i] == '\n' || out->at[i] == '\r')
            out->at[i] = ' ';
}

static void put_usd(td_out *out, const char *key, double v)
{
    char text[80];
    if (v < 0)
        return;
    snprintf(text, sizeof text, ",\"%s\":%.9g", key, v);
    td_puts(out, text);
}

void ds_put_answer_line(td_out *out, const char *key, size_t key_len, int status, const td_out *body, uint64_t digest,
                        const ds_job_result *r)
{
    char text[80];
    td_puts(out, "{\"id\":");
    td_put_json(out, r->id, strlen(r->id));
    td_puts(out, ",\"custom_id\":");
    td_put_json(out, key, key_len);
    snprintf(text, sizeof text, ",\"response\":{\"status_code\":%d,\"request_id\":", status);
    td_puts(out, text);
    td_put_json(out, r->id, strlen(r->id));
    td_puts(out, ",\"body\":");
    put_one_line(out, body);
    td_puts(out, "},\"error\":null,\"tierce\":{\"tier\":");
    td_put_json(out, r->tier, strlen(r->tier));
    td_puts(out, ",\"reason\":");
    td_put_json(out, r->reason, strlen(r->reason));
    put_usd(out, "cost_usd", r->cost_usd);
    put_usd(out, "expected_usd", r->expected_usd);
    snprintf(text, sizeof text, ",\"attempts\":%u", r->attempts);
    td_puts(out, text);
    if (digest) {
        snprintf(text, sizeof text, ",\"request_digest\":\"%016llx\"", (unsigned long long)digest);
        td_puts(out, text);
    }
    td_puts(out, "}}");
}

/* JSON that is valid, without the white space between its words: in place, the new length. */
static size_t squeeze(char *json, size_t len)
{
    size_t to = 0;
    bool inside = false;
    for (size_t i = 0; i < len; i++) {
        const char c = json[i];
        if (!inside && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        json[to++] = c;
        if (inside && c == '\\' && i + 1 < len)
            json[to++] = json[++i];
        else if (c == '"')
            inside = !inside;
    }
    return to;
}

uint64_t ds_request_digest(const ds_body *body)
{
    td_out sent = {0};
    ds_body_splice(body, body->model, false, &sent);
    const uint64_t digest = sent.failed ? 0 : ds_fnv1a(sent.at, squeeze(sent.at, sent.len));
    free(sent.at);
    return digest;
}

/* ---- reading ---- */

static void read_response(td_json *json, double *status, bool *answered)
{
    tierce_span name;
    bool first = true;
    td_json_enter(json, '{');
    while (td_json_key(json, &name, &first))
        if (td_span_is(name, "status_code") && td_json_peek(json) == '0')
            *answered = td_json_number(json, status);
        else
            td_json_skip(json, NULL);
}

static void read_tierce(td_json *json, uint64_t *digest)
{
    tierce_span name, value;
    bool first = true;
    td_json_enter(json, '{');
    while (td_json_key(json, &name, &first))
        if (td_span_is(name, "request_digest") && td_json_peek(json) == '"') {
            char hex[17] = "";
            if (td_json_string(json, &value) && value.len == 16)
                memcpy(hex, value.data, 16);
            *digest = strtoull(hex, NULL, 16);
        } else {
            td_json_skip(json, NULL);
        }
}

bool ds_read_answer_line(const char *line, size_t len, char *text, ds_answer *a, const char **what)
{
    td_json json;
    tierce_span name;
    bool first = true, answered = false, outcomes = false, asks = false;
    *a = (ds_answer){{NULL, 0}, 0, 0};
    td_json_start(&json, line, len, text);
    *what = "no JSON object";
    if (td_json_peek(&json) != '{' || !td_json_enter(&json, '{'))
        return false;
    while (td_json_key(&json, &name, &first)) {
        const char kind = td_json_peek(&json);
        if (td_span_is(name, "custom_id") && kind == '"')
            td_json_string(&json, &a->key);
        else if (td_span_is(name, "response") && kind == '{')
            read_response(&json, &a->status, &answered);
        else if (td_span_is(name, "tierce") && kind == '{')
            read_tierce(&json, &a->digest);
        else {
            answered = answered || (td_span_is(name, "error") && kind == '{');
            outcomes = outcomes || td_span_is(name, "outcomes");
            asks = asks || td_span_is(name, "prompt") || td_span_is(name, "messages") || td_span_is(name, "body");
            td_json_skip(&json, NULL);
        }
    }
    if (!td_json_finish(&json))
        return false;
    *what = outcomes ? "a record" : asks ? "a request" : "an object without an answer's custom_id and response";
    return answered && a->key.len;
}

/* Each moves over what it expects, as far as the line goes; false: something else is there. */
static bool pass_word(const char **at, const char *end, const char *word)
{
    for (; *at < end && *word; word++)
        if (*(*at)++ != *word)
            return false;
    return true;
}

static bool pass_string(const char **at, const char *end)
{
    if (!pass_word(at, end, "\""))
        return false;
    for (; *at < end && **at != '"'; ++*at)
        if (**at == '\\' && *at + 1 < end)
            ++*at;
    return pass_word(at, end, "\"");
}

bool ds_is_cut_answer(const char *line, size_t len)
{
    const char *at = line, *const end = line + len;
    return pass_word(&at, end, "{\"id\":") && pass_string(&at, end) && pass_word(&at, end, ",\"custom_id\":") &&
           pass_string(&at, end) && pass_word(&at, end, ",\"response\":{\"status_code\":");
}
