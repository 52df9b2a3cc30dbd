/* The reader of files of records: which ids were seen, which keys nothing reads, which lines are bad. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "data/record_keys.h"

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
    td_line_strays line_strays;
    td_strays strays;
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
    r->request.strays = want == TD_WANT_REQUESTS ? NULL : &r->line_strays;
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

const td_strays *td_reader_strays(const td_reader *r)
{
    return &r->strays;
}

/* ---- keys that nothing reads ---- */

/* Has the record, or its outcome, what was meant? */
static bool has_meant(const td_record *record, const char *meant, uint32_t outcome)
{
    const td_outcome *o = outcome == TD_AT_RECORD ? NULL : &record->outcomes[outcome];
    const struct {
        const char *key;
        bool has;
    } keys[] = {{"source", record->source.len > 0},
                {"workload", record->workload.len > 0},
                {"tools", record->request->n_tools > 0},
                {"tool_choice", record->request->tool_choice != TIERCE_CHOICE_UNSET},
                {"response_format", record->request->response_format != TIERCE_FORMAT_UNSET},
                {"chosen", record->chosen.len > 0},
                {"propensity", !isnan(record->propensity)},
                {"cost_usd", o && !isnan(o->cost_usd)},
                {"input_tokens", o && !isnan(o->input_tokens)},
                {"output_tokens", o && !isnan(o->output_tokens)},
                {"latency_s", o && !isnan(o->latency_s)},
                {"cached_tokens", o && !isnan(o->cached_tokens)},
                {"cache_write_tokens", o && !isnan(o->cache_write_tokens)},
                {"reasoning_tokens", o && !isnan(o->reasoning_tokens)}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(meant, keys[i].key))
            return keys[i].has;
    return true; /* id, outcomes, score, the request: there is no record without */
}

static td_stray *stray_of(td_strays *s, tierce_span key, bool in_outcome)
{
    char name[sizeof s->at->key];
    snprintf(name, sizeof name, "%.*s", (int)(key.len < sizeof name ? key.len : sizeof name - 1), key.len ? key.data : "");
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].in_outcome == in_outcome && !strcmp(s->at[i].key, name))
            return &s->at[i];
    if (s->n == TD_MAX_STRAYS) {
        s->more = true;
        return NULL;
    }
    td_stray *new = &s->at[s->n++];
    memcpy(new->key, name, sizeof name);
    new->in_outcome = in_outcome;
    new->meant = td_stray_meant(key, in_outcome);
    return new;
}

static void count_strays(td_reader *r, const td_record *record)
{
    r->strays.records++;
    for (size_t i = 0; i < r->line_strays.n; i++) {
        const tierce_span key = r->line_strays.at[i].key;
        const uint32_t outcome = r->line_strays.at[i].outcome;
        td_stray *s = td_is_passed_over(key, outcome != TD_AT_RECORD) ? NULL : stray_of(&r->strays, key, outcome != TD_AT_RECORD);
        if (!s)
            continue;
        const bool instead = s->meant && !has_meant(record, s->meant, outcome);
        if (!s->records || (instead && !s->instead)) {
            s->path = !strcmp(r->paths[r->next_path - 1], "-") ? "<stdin>" : r->paths[r->next_path - 1];
            s->line = record->line;
        }
        s->records += s->last != r->strays.records;
        s->last = r->strays.records;
        if (instead) {
            s->instead += s->last_instead != r->strays.records;
            s->last_instead = r->strays.records;
        }
    }
}

/* "; it has "cost": did you mean …": what a bad line has in the place of what it lacks, if anything. */
static void put_hint(const td_reader *r, td_error *message)
{
    const size_t used = strlen(message->text);
    for (size_t i = 0; i < r->line_strays.n; i++) {
        const tierce_span key = r->line_strays.at[i].key;
        const char *meant = td_stray_meant(key, r->line_strays.at[i].outcome != TD_AT_RECORD);
        char quoted[40];
        snprintf(quoted, sizeof quoted, "\"%.30s\"", meant ? meant : "");
        if (meant && strstr(message->text, quoted)) {
            snprintf(message->text + used, sizeof message->text - used, " (it has \"%.*s\": did you mean %s?)",
                     (int)(key.len < 60 ? key.len : 60), key.data, quoted);
            return;
        }
    }
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
    if (r->complain && r->max_bad) /* else the error says it */
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
    r->line_strays.n = 0;
    if (!td_parse_line(&r->request, r->outcomes, record, line, len, r->want, &what, &where)) {
        if (r->request.no_memory) {
            td_fail(error, "%s:%llu: out of memory for a line of %zu bytes", path, number, len);
            return -1;
        }
        td_fail(&message, "%s:%llu: byte %zu: %s", path, number, where + 1, what);
        put_hint(r, &message);
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
    if (r->want != TD_WANT_REQUESTS)
        count_strays(r, record);
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
