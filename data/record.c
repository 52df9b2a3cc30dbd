#include "data/record.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

uint32_t td_fold(const char *id, size_t len, uint32_t k)
{
    uLong crc = crc32(0, NULL, 0);
    for (; len > (1u << 30); id += 1u << 30, len -= 1u << 30)
        crc = crc32(crc, (const Bytef *)id, 1u << 30);
    return (uint32_t)crc32(crc, (const Bytef *)id, (uInt)len) % k;
}

bool td_request_is_empty(const tierce_request *request)
{
    for (size_t i = 0; i < request->n_parts; i++) {
        const tierce_span text = request->parts[i].text;
        if (request->parts[i].kind != TIERCE_PART_TEXT)
            return false;
        for (size_t k = 0; k < text.len; k++)
            if (!strchr(" \t\r\n", text.data[k]) || !text.data[k])
                return false;
    }
    return !request->n_tools;
}

/* ---- one line ---- */

#define MOST 1e9 /* of a cost, token count or latency */

/* A number that may be null or missing: NaN then. */
static void optional_number(td_json *json, double *out)
{
    if (!isnan(*out)) {
        td_json_fail(json, "a cost, token count or latency stands twice in an outcome; keep one");
        return;
    }
    if (td_json_peek(json) == 'n') {
        td_json_null(json);
        return;
    }
    if (td_json_number(json, out) && *out < 0)
        td_json_fail(json, "a negative cost, token count or latency; leave it out when not known");
    else if (*out > MOST)
        td_json_fail(json, "a cost, token count or latency above 1e9; is the unit right?");
}

static void read_score(td_json *json, double *score)
{
    const char c = td_json_peek(json);
    bool yes;
    if (c == 't' || c == 'f') {
        if (td_json_bool(json, &yes))
            *score = yes;
        return;
    }
    if (c == '"' || c == '{' || c == '[') {
        td_json_fail(json, "\"score\" must be a number within 0..1, true or false");
        return;
    }
    if (c == 'n') {
        td_json_fail(json, "\"score\" is null; leave the tier out of the record when it was not scored");
        return;
    }
    if (td_json_number(json, score) && !(*score >= 0 && *score <= 1))
        td_json_fail(json, "\"score\" is outside 0..1; scale it");
}

static void read_outcome(td_request *r, td_json *json, td_outcome *o, uint32_t index)
{
    const struct {
        const char *key;
        double *to;
    } numbers[] = {{"cost_usd", &o->cost_usd},
                   {"input_tokens", &o->input_tokens},
                   {"output_tokens", &o->output_tokens},
                   {"latency_s", &o->latency_s},
                   {"cached_tokens", &o->cached_tokens},
                   {"cache_write_tokens", &o->cache_write_tokens},
                   {"reasoning_tokens", &o->reasoning_tokens}};
    enum { N = sizeof numbers / sizeof *numbers };
    tierce_span key;
    bool first = true, scored = false;
    o->score = (double)NAN;
    for (size_t i = 0; i < N; i++)
        *numbers[i].to = (double)NAN;
    if (!td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        size_t i = 0;
        if (td_span_is(key, "score")) {
            if (scored)
                td_json_fail(json, "\"score\" stands twice in an outcome");
            scored = true;
            read_score(json, &o->score);
            continue;
        }
        while (i < N && !td_span_is(key, numbers[i].key))
            i++;
        if (i < N) {
            optional_number(json, numbers[i].to);
            continue;
        }
        if (r->strays)
            td_note_stray(r->strays, key, index);
        td_json_skip(json, NULL);
    }
    if (!scored)
        td_json_fail(json, "an outcome without \"score\"; leave the tier out when it was not scored");
}

static void read_outcomes(td_request *r, td_json *json, td_outcome *outcomes, td_record *record)
{
    tierce_span key;
    bool first = true;
    if (record->n_outcomes)
        td_json_fail(json, "\"outcomes\" stands twice");
    if (td_json_peek(json) != '{')
        td_json_fail(json, "\"outcomes\" must be an object {tier: {\"score\": …}}");
    else if (!td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        if (record->n_outcomes == TD_MAX_OUTCOMES) {
            td_json_fail(json, "more than 256 outcomes in a record");
            return;
        }
        for (size_t i = 0; i < record->n_outcomes; i++)
            if (outcomes[i].name.len == key.len && !memcmp(outcomes[i].name.data, key.data, key.len))
                td_json_fail(json, "a tier stands twice in \"outcomes\"");
        td_outcome *o = &outcomes[record->n_outcomes++];
        o->name = key;
        read_outcome(r, json, o, (uint32_t)record->n_outcomes - 1);
    }
}

/* "id" may be a string or a number; a number is taken as it is written. */
static void read_id(td_json *json, tierce_span key, tierce_span *id, bool *custom)
{
    const bool before = *custom;
    *custom = td_span_is(key, "custom_id");
    if (id->data)
        td_json_fail(json, before != *custom ? "both \"id\" and \"custom_id\"; keep one"
                           : *custom         ? "\"custom_id\" stands twice; keep one"
                                             : "\"id\" stands twice; keep one");
    const char c = td_json_peek(json);
    if (c == '"')
        td_json_string(json, id);
    else if (c == '0')
        td_json_skip(json, id);
    else
        td_json_fail(json, "\"id\" must be a string");
}

#define LONGEST_LABEL 1000 /* bytes; labels go into reports and model files */

static void read_label(td_json *json, tierce_span *label)
{
    if (label->data) {
        td_json_fail(json, "\"source\", \"workload\" or \"chosen\" stands twice; keep one");
        return;
    }
    if (td_json_peek(json) == 'n')
        td_json_null(json);
    else if (td_json_string(json, label) && label->len > LONGEST_LABEL)
        td_json_fail(json, "\"source\" or \"workload\" of more than 1000 bytes; they are names, not texts");
}

/* A propensity of 0 would say that what happened could not happen. */
static void read_propensity(td_json *json, double *out)
{
    if (!isnan(*out)) {
        td_json_fail(json, "\"propensity\" stands twice; keep one");
        return;
    }
    if (td_json_peek(json) == 'n')
        td_json_null(json);
    else if (td_json_number(json, out) && !(*out > 0 && *out <= 1))
        td_json_fail(json, "\"propensity\" is outside 0..1 (without 0): the probability of the choice");
}

static void read_object(td_request *r, td_json *json, td_outcome *outcomes, td_record *record,
                        td_want want, bool inner)
{
    tierce_span key;
    bool first = true, custom = false, body = false;
    if (!td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_request_key(r, json, key))
            continue;
        if (inner)
            td_json_skip(json, NULL);
        else if (td_span_is(key, "id") || td_span_is(key, "custom_id"))
            read_id(json, key, &record->id, &custom);
        else if (td_span_is(key, "source"))
            read_label(json, &record->source);
        else if (td_span_is(key, "workload"))
            read_label(json, &record->workload);
        else if (td_span_is(key, "chosen") && want != TD_WANT_REQUESTS)
            read_label(json, &record->chosen);
        else if (td_span_is(key, "propensity") && want != TD_WANT_REQUESTS)
            read_propensity(json, &record->propensity);
        else if (td_span_is(key, "outcomes") && want != TD_WANT_REQUESTS)
            read_outcomes(r, json, outcomes, record);
        else if (td_span_is(key, "body") && td_json_peek(json) == '{') {
            if (body)
                td_json_fail(json, "\"body\" stands twice; keep one");
            body = true;
            read_object(r, json, outcomes, record, want, true);
        } else {
            if (r->strays)
                td_note_stray(r->strays, key, TD_AT_RECORD);
            td_json_skip(json, NULL);
        }
    }
}

static bool is_label(tierce_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == 0x7f)
            return false;
    return true;
}

static const char *incomplete(const td_record *record, td_want want)
{
    if (want == TD_WANT_REQUESTS)
        return NULL;
    if (!record->id.len)
        return "no \"id\"; give every record an id of its own";
    if (!record->n_outcomes)
        return "no \"outcomes\"; a record needs at least one {tier: {\"score\": …}}";
    if (!isnan(record->propensity) && !record->chosen.len)
        return "\"propensity\" without \"chosen\": which tier did the policy choose?";
    return NULL;
}

bool td_parse_line(td_request *r, td_outcome *outcomes, td_record *record, const char *data,
                   size_t len, td_want want, const char **what, size_t *where)
{
    td_json json;
    memset(record, 0, sizeof *record);
    record->propensity = (double)NAN;
    *where = 0;
    *what = "out of memory";
    if (!td_request_reset(r, len))
        return false;
    td_json_start(&json, data, len, r->text);
    if (td_json_peek(&json) != '{')
        td_json_fail(&json, "expected a JSON object, one a line");
    else
        read_object(r, &json, outcomes, record, want, false);
    td_json_finish(&json);
    if (json.what) {
        *what = json.what;
        *where = (size_t)(json.where - data);
        return false;
    }
    if (record->id.len && memchr(record->id.data, 0, record->id.len)) {
        *what = "\"id\" holds a NUL character";
        return false;
    }
    if (!is_label(record->source) || !is_label(record->workload)) {
        *what = "\"source\" or \"workload\" holds a control character; they are names, write them without";
        return false;
    }
    const char *fault = td_request_finish(r);
    if (!fault)
        fault = incomplete(record, want);
    if (fault) {
        *what = fault;
        return false;
    }
    record->request = &r->request;
    record->outcomes = outcomes;
    return true;
}
