#include "data/record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

uint32_t td_fold(const char *id, size_t len, uint32_t k)
{
    uLong crc = crc32(0, NULL, 0);
    for (; len > (1u << 30); id += 1u << 30, len -= 1u << 30)
        crc = crc32(crc, (const Bytef *)id, 1u << 30);
    return (uint32_t)crc32(crc, (const Bytef *)id, (uInt)len) % k;
}

/* ---- one line ---- */

#define MOST 1e9 /* of a cost, token count or latency */

/* A number that may be null or missing: NaN then. */
static void optional_number(td_json *json, double *out)
{
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

static void read_outcome(td_json *json, td_outcome *o)
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
        if (i < N)
            optional_number(json, numbers[i].to);
        else
            td_json_skip(json, NULL);
    }
    if (!scored)
        td_json_fail(json, "an outcome without \"score\"; leave the tier out when it was not scored");
}

static void read_outcomes(td_json *json, td_outcome *outcomes, td_record *record)
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
        read_outcome(json, o);
    }
}

/* "id" may be a string or a number; a number is taken as it is written. */
static void read_id(td_json *json, tierce_span *id)
{
    if (id->data)
        td_json_fail(json, "\"id\" stands twice");
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
    if (td_json_peek(json) == 'n')
        td_json_null(json);
    else if (td_json_string(json, label) && label->len > LONGEST_LABEL)
        td_json_fail(json, "\"source\" or \"workload\" of more than 1000 bytes; they are names, not texts");
}

/* A propensity of 0 would say that what happened could not happen. */
static void read_propensity(td_json *json, double *out)
{
    if (td_json_peek(json) == 'n')
        td_json_null(json);
    else if (td_json_number(json, out) && !(*out > 0 && *out <= 1))
        td_json_fail(json, "\"propensity\" is outside 0..1 (without 0): the probability of the choice");
}

static void read_object(td_request *r, td_json *json, td_outcome *outcomes, td_record *record,
                        td_want want, bool inner)
{
    tierce_span key;
    bool first = true;
    if (!td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_request_key(r, json, key))
            continue;
        if (inner)
            td_json_skip(json, NULL);
        else if (td_span_is(key, "id") || td_span_is(key, "custom_id"))
            read_id(json, &record->id);
        else if (td_span_is(key, "source"))
            read_label(json, &record->source);
        else if (td_span_is(key, "workload"))
            read_label(json, &record->workload);
        else if (td_span_is(key, "chosen") && want != TD_WANT_REQUESTS)
            read_label(json, &record->chosen);
        else if (td_span_is(key, "propensity") && want != TD_WANT_REQUESTS)
            read_propensity(json, &record->propensity);
        else if (td_span_is(key, "outcomes") && want != TD_WANT_REQUESTS)
            read_outcomes(json, outcomes, record);
        else if (td_span_is(key, "body") && td_json_peek(json) == '{')
            read_object(r, json, outcomes, record, want, true);
        else
            td_json_skip(json, NULL);
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

/* ---- the ids seen so far: open addressing on 64-bit hashes, with the place of the first ---- */

typedef struct {
    uint64_t hash;
    uint32_t file;
    uint64_t line; /* 0: empty */
} seen_id;

struct td_reader {
    const char *const *paths;
    size_t n_paths, next_path;
    td_want want;
    uint64_t max_bad, bad;
    size_t max_line;
    td_complaint complain;
    void *context;
    td_lines *lines;
    td_request request;
    td_outcome outcomes[TD_MAX_OUTCOMES];
    seen_id *seen;
    size_t n_seen, room_seen;
};

static uint64_t hash_id(tierce_span id)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < id.len; i++)
        h = (h ^ (uint8_t)id.data[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static bool grow_seen(td_reader *r)
{
    const size_t room = r->room_seen ? r->room_seen * 2 : 4096;
    seen_id *wider = calloc(room, sizeof *wider);
    if (!wider)
        return false;
    for (size_t i = 0; i < r->room_seen; i++) {
        if (!r->seen[i].line)
            continue;
        size_t s = r->seen[i].hash & (room - 1);
        while (wider[s].line)
            s = (s + 1) & (room - 1);
        wider[s] = r->seen[i];
    }
    free(r->seen);
    r->seen = wider;
    r->room_seen = room;
    return true;
}

/* The earlier place of this id, or NULL after noting it as new. *no_memory is set when it cannot. */
static const seen_id *note_id(td_reader *r, tierce_span id, bool *no_memory)
{
    if (r->n_seen * 2 >= r->room_seen && !grow_seen(r)) {
        *no_memory = true;
        return NULL;
    }
    const uint64_t h = hash_id(id);
    size_t s = h & (r->room_seen - 1);
    for (; r->seen[s].line; s = (s + 1) & (r->room_seen - 1))
        if (r->seen[s].hash == h)
            return &r->seen[s];
    r->seen[s].hash = h;
    r->seen[s].file = (uint32_t)(r->next_path - 1);
    r->seen[s].line = td_lines_number(r->lines);
    r->n_seen++;
    return NULL;
}

/* ---- the reader ---- */

td_reader *td_reader_open(const char *const *paths, size_t n_paths, td_want want, uint64_t max_bad,
                          size_t max_line, td_complaint complain, void *context)
{
    td_reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->paths = paths;
    r->n_paths = n_paths;
    r->want = want;
    r->max_bad = max_bad;
    r->max_line = max_line;
    r->complain = complain;
    r->context = context;
    return r;
}

void td_reader_close(td_reader *r)
{
    if (!r)
        return;
    td_lines_close(r->lines);
    td_request_free(&r->request);
    free(r->seen);
    free(r);
}

uint64_t td_reader_bad(const td_reader *r)
{
    return r->bad;
}

static bool blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (line[i] != ' ' && line[i] != '\t')
            return false;
    return true;
}

/* Counts a bad line; false when the budget is used up. */
static bool bad_line(td_reader *r, const char *message, td_error *error)
{
    r->bad++;
    if (r->complain)
        r->complain(r->context, message);
    if (r->bad <= r->max_bad)
        return true;
    if (!r->max_bad)
        return td_fail(error, "%s (stopped at the first bad line; --max-bad N skips up to N)", message);
    return td_fail(error, "%llu bad lines, more than --max-bad %llu allows; the last: %s",
                   (unsigned long long)r->bad, (unsigned long long)r->max_bad, message);
}

/* Parses the line; 1 good, 0 bad but within the budget, -1 stop. */
static int take_line(td_reader *r, char *line, size_t len, td_record *record, td_error *error)
{
    td_error message;
    const char *what;
    size_t where;
    bool no_memory = false;
    const unsigned long long number = td_lines_number(r->lines);
    const char *path = td_lines_path(r->lines);
    if (!td_parse_line(&r->request, r->outcomes, record, line, len, r->want, &what, &where)) {
        if (r->request.no_memory) {
            td_fail(error, "%s:%llu: out of memory for a line of %zu bytes", path, number, len);
            return -1;
        }
        td_fail(&message, "%s:%llu: byte %zu: %s", path, number, where + 1, what);
        return bad_line(r, message.text, error) ? 0 : -1;
    }
    if (r->want == TD_WANT_RECORDS) {
        const seen_id *other = note_id(r, record->id, &no_memory);
        if (no_memory) {
            td_fail(error, "%s:%llu: out of memory", path, number);
            return -1;
        }
        if (other) {
            td_fail(&message, "%s:%llu: id \"%.*s\" was seen at %s:%llu; every record needs its own",
                    path, number, (int)(record->id.len > 100 ? 100 : record->id.len), record->id.data,
                    r->paths[other->file], (unsigned long long)other->line);
            return bad_line(r, message.text, error) ? 0 : -1;
        }
    }
    record->raw = (tierce_span){line, len};
    record->path = path;
    record->line = number;
    return 1;
}

int td_reader_next(td_reader *r, td_record *record, td_error *error)
{
    for (;;) {
        if (!r->lines) {
            if (r->next_path == r->n_paths)
                return 0;
            r->lines = td_lines_open(r->paths[r->next_path++], r->max_line, error);
            if (!r->lines)
                return -1;
        }
        char *line;
        size_t len;
        const td_line_status status = td_lines_next(r->lines, &line, &len, error);
        if (status == TD_BROKEN)
            return -1;
        if (status == TD_END) {
            td_lines_close(r->lines);
            r->lines = NULL;
            continue;
        }
        if (blank(line, len))
            continue;
        const int taken = take_line(r, line, len, record, error);
        if (taken)
            return taken;
    }
}
