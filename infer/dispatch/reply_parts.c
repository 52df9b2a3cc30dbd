#include "infer/dispatch/reply_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any model can take or give in one request (twice the longest window there is), and than one can cost: such
 * a number is a mistake. */
#define MOST_TOKENS 2e7
#define MOST_USD    1e4

/* ---- small values ---- */

void ds_copy_text(char *to, size_t room, tierce_span from)
{
    size_t n = from.len < room ? from.len : room - 1;
    while (n && n < from.len && ((unsigned char)from.data[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)from.data[i];
        to[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    to[n] = 0;
}

bool ds_read_text(td_json *json, char *to, size_t room)
{
    tierce_span text = {NULL, 0};
    const char c = td_json_peek(json);
    const bool fits = c == '"' ? td_json_string(json, &text) : td_json_skip(json, &text) && c == '0';
    if (fits)
        ds_copy_text(to, room, text);
    return fits;
}

static bool read_number(td_json *json, double most, double *into)
{
    char copy[64];
    tierce_span raw;
    const bool number = td_json_peek(json) == '0';
    if (!td_json_skip(json, &raw) || !number || raw.len >= sizeof copy)
        return false;
    memcpy(copy, raw.data, raw.len);
    copy[raw.len] = 0;
    const double v = strtod(copy, NULL);
    if (!(v >= 0 && v <= most))
        return false;
    *into = v;
    return true;
}

bool ds_read_count(td_json *json, double *into)
{
    return read_number(json, MOST_TOKENS, into);
}

bool ds_enter_object(td_json *json)
{
    if (td_json_peek(json) == '{')
        return td_json_enter(json, '{');
    td_json_skip(json, NULL);
    return false;
}

/* ---- usage ---- */

typedef struct {
    double prompt, completion, total, input, output; /* -1: not said */
    double cached, write, reasoning, cost;
    bool inclusive; /* the details say that input counts the cached tokens too */
} raw_usage;

static void read_details(td_json *json, raw_usage *u)
{
    tierce_span key;
    bool first = true;
    if (!ds_enter_object(json))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "cached_tokens"))
            u->inclusive |= ds_read_count(json, &u->cached);
        else if (td_span_is(key, "cache_write_tokens") || td_span_is(key, "cache_creation_tokens"))
            ds_read_count(json, &u->write);
        else if (td_span_is(key, "reasoning_tokens"))
            ds_read_count(json, &u->reasoning);
        else
            td_json_skip(json, NULL);
    }
}

/* The names that providers use, to one meaning. */
static ds_usage usage_of(const raw_usage *u)
{
    ds_usage out = {0};
    const bool openai = u->prompt >= 0 || u->completion >= 0;
    const double prompt = openai ? u->prompt : u->input, completion = openai ? u->completion : u->output;
    out.no_input = prompt < 0;
    out.no_output = completion < 0 && !(prompt >= 0 && u->total > prompt);
    out.known = !out.no_input || !out.no_output;
    out.cached = u->cached;
    out.cache_write = u->write;
    out.reasoning = u->reasoning;
    out.input = prompt > 0 ? prompt : 0;
    /* Anthropic's own names count the cache apart; all others count it within */
    const double within = u->cached + u->write;
    if ((openai || u->inclusive) && within <= out.input)
        out.input -= within;
    out.output = completion > 0 ? completion : 0;
    if (prompt >= 0 && u->total > prompt + out.output)
        out.output = u->total - prompt;
    else if (u->reasoning > out.output)
        out.output += u->reasoning;
    out.cost_known = u->cost > 0;
    out.cost_usd = u->cost > 0 ? u->cost : 0;
    return out;
}

void ds_read_usage(td_json *json, ds_usage *usage)
{
    raw_usage u = {-1, -1, -1, -1, -1, 0, 0, 0, -1, false};
    const struct {
        const char *key;
        double *into;
    } counts[] = {{"prompt_tokens", &u.prompt},
                  {"completion_tokens", &u.completion},
                  {"total_tokens", &u.total},
                  {"input_tokens", &u.input},
                  {"output_tokens", &u.output},
                  {"cache_read_input_tokens", &u.cached},
                  {"prompt_cache_hit_tokens", &u.cached},
                  {"cache_creation_input_tokens", &u.write}};
    static const char *const details[] = {"prompt_tokens_details", "completion_tokens_details",
                                          "input_tokens_details", "output_tokens_details"};
    tierce_span key;
    bool first = true;
    if (!ds_enter_object(json))
        return;
    while (td_json_key(json, &key, &first)) {
        size_t i = 0, d = 0;
        while (i < sizeof counts / sizeof *counts && !td_span_is(key, counts[i].key))
            i++;
        while (d < 4 && !td_span_is(key, details[d]))
            d++;
        if (i < sizeof counts / sizeof *counts)
            ds_read_count(json, counts[i].into);
        else if (d < 4)
            read_details(json, &u);
        else if (td_span_is(key, "cost"))
            read_number(json, MOST_USD, &u.cost);
        else
            td_json_skip(json, NULL);
    }
    const ds_usage usual = usage_of(&u);
    const bool says = usual.input + usual.cached + usual.cache_write + usual.output > 0 || usual.cost_known;
    if (usual.known && says && !json->what)
        *usage = usual;
}

/* ---- errors ---- */

void ds_note_status(ds_fault *fault)
{
    char *end;
    const long v = strtol(fault->code, &end, 10);
    if (end != fault->code && !*end && v >= 400 && v <= 599)
        fault->status = (int)v;
}

static void read_violations(td_json *json, ds_fault *fault)
{
    tierce_span key;
    bool first = true, first_key;
    char quota[200];
    if (td_json_peek(json) != '[') {
        td_json_skip(json, NULL);
        return;
    }
    td_json_enter(json, '[');
    while (td_json_item(json, &first)) {
        first_key = true;
        if (!ds_enter_object(json))
            continue;
        while (td_json_key(json, &key, &first_key)) {
            if (!td_span_is(key, "quotaId"))
                td_json_skip(json, NULL);
            else if (ds_read_text(json, quota, sizeof quota) && strstr(quota, "PerDay"))
                snprintf(fault->code, sizeof fault->code, "quota_exceeded");
        }
    }
}

/* Anthropic: {"error_code": …}. Google: [{"reason": "API_KEY_INVALID", …}, {"violations": [{"quotaId": "…PerDay…"}]}, …]. */
static void read_fault_details(td_json *json, ds_fault *fault)
{
    tierce_span key;
    bool first = true, first_key;
    const char c = td_json_peek(json);
    if (c == '{') {
        td_json_enter(json, '{');
        while (td_json_key(json, &key, &first)) {
            if (td_span_is(key, "error_code"))
                ds_read_text(json, fault->code, sizeof fault->code);
            else
                td_json_skip(json, NULL);
        }
        return;
    }
    if (c != '[') {
        td_json_skip(json, NULL);
        return;
    }
    td_json_enter(json, '[');
    while (td_json_item(json, &first)) {
        first_key = true;
        if (!ds_enter_object(json))
            continue;
        char reason[64] = "";
        while (td_json_key(json, &key, &first_key)) {
            if (td_span_is(key, "violations"))
                read_violations(json, fault);
            else if (td_span_is(key, "reason"))
                ds_read_text(json, reason, sizeof reason);
            else
                td_json_skip(json, NULL);
        }
        if (!strcmp(reason, "API_KEY_INVALID")) /* a 400 with Google, where all others say 401 */
            snprintf(fault->code, sizeof fault->code, "%s", reason);
    }
}

void ds_read_error(ds_reader *r)
{
    td_json *json = &r->json;
    ds_fault fault = {0};
    char code[64] = "", detailed[64];
    tierce_span key;
    bool first = true;
    const char c = td_json_peek(json);
    if (c == 'n' || c == 'f') {
        td_json_skip(json, NULL);
        return;
    }
    fault.there = r->has_error = true;
    if (c != '{') {
        ds_read_text(json, fault.message, sizeof fault.message);
        r->reply->fault = fault;
        return;
    }
    td_json_enter(json, '{');
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "message"))
            ds_read_text(json, fault.message, sizeof fault.message);
        else if (td_span_is(key, "type"))
            ds_read_text(json, fault.type, sizeof fault.type);
        else if (td_span_is(key, "status") && !fault.type[0])
            ds_read_text(json, fault.type, sizeof fault.type);
        else if (td_span_is(key, "code"))
            ds_read_text(json, code, sizeof code);
        else if (td_span_is(key, "details"))
            read_fault_details(json, &fault);
        else
            td_json_skip(json, NULL);
    }
    /* a number in "code" is a status; what the details say is more exact */
    memcpy(detailed, fault.code, sizeof detailed);
    memcpy(fault.code, code, sizeof code);
    ds_note_status(&fault);
    if (detailed[0])
        memcpy(fault.code, detailed, sizeof detailed);
    r->reply->fault = fault;
}
