/* Records as the truth: a request is found by its parts' texts and its tools, the outcome by the asked model.
 * The usage says what the record's cost was; with cost=no the client must know prices. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "tests/dispatch/mock.h"

typedef struct {
    uint64_t key, model; /* of the request; of the outcome's name */
    float score, input, output, latency;
    double cost;
    uint32_t played; /* equal requests are answered in the order of the file, round and round */
    int next;        /* of the same bucket, -1: none */
} entry;

static entry *entries;
static int n_entries, entries_room;
static int *buckets;
enum { BUCKETS = 1 << 18 };

static uint64_t key_of(const tierce_request *request)
{
    uint64_t h = FNV_START;
    for (size_t i = 0; i < request->n_parts; i++) {
        const char kind[2] = {(char)request->parts[i].kind, (char)request->parts[i].role};
        h = fnv(fnv(h, kind, 2), request->parts[i].text.data, request->parts[i].text.len);
    }
    for (size_t i = 0; i < request->n_tools; i++) {
        const tierce_tool *t = &request->tools[i];
        h = fnv(fnv(fnv(fnv(h, "t", 1), t->name.data, t->name.len), t->description.data, t->description.len),
                t->parameters.data, t->parameters.len);
    }
    return h;
}

static bool add(uint64_t key, const td_outcome *o)
{
    if (n_entries == entries_room) {
        entries_room = entries_room ? 2 * entries_room : 4096;
        entries = realloc(entries, (size_t)entries_room * sizeof *entries);
        if (!entries)
            return false;
    }
    int *at = &buckets[key % BUCKETS];
    while (*at >= 0)
        at = &entries[*at].next;
    *at = n_entries;
    entries[n_entries++] = (entry){key, fnv(FNV_START, o->name.data, o->name.len), (float)o->score,
                                   (float)o->input_tokens, (float)o->output_tokens, (float)o->latency_s,
                                   o->cost_usd, 0, -1};
    return true;
}

static void complain(void *context, const char *message)
{
    (void)context;
    fprintf(stderr, "mock: %s\n", message);
}

bool recorded_load(const char *path)
{
    td_error error;
    td_record record;
    int got = 0;
    td_reader *reader = td_reader_open(&path, 1, TD_WANT_RECORDS, 0, 0, complain, NULL);
    buckets = malloc(BUCKETS * sizeof *buckets);
    for (size_t i = 0; buckets && i < BUCKETS; i++)
        buckets[i] = -1;
    while (buckets && (got = td_reader_next(reader, &record, &error)) > 0)
        for (size_t i = 0; i < record.n_outcomes; i++)
            if (!add(key_of(record.request), &record.outcomes[i]))
                return false;
    td_reader_close(reader);
    if (got < 0)
        fprintf(stderr, "mock: %s\n", error.text);
    return buckets && got == 0;
}

/* Of the entries of this request and model the least played one. */
static entry *find(uint64_t key, uint64_t model)
{
    entry *best = NULL;
    for (int i = buckets ? buckets[key % BUCKETS] : -1; i >= 0; i = entries[i].next)
        if (entries[i].key == key && entries[i].model == model && (!best || entries[i].played < best->played))
            best = &entries[i];
    return best;
}

void recorded_play(play *p)
{
    td_request parsed = {0};
    td_record record;
    const char *what = "";
    size_t where;
    entry *e = NULL;
    if (td_parse_line(&parsed, NULL, &record, p->r->body.data, p->r->body.len, TD_WANT_REQUESTS, &what, &where))
        e = find(key_of(record.request), fnv(FNV_START, p->r->model.data, p->r->model.len));
    td_request_free(&parsed);
    if (!e) {
        static const char none[] = "{\"error\":{\"message\":\"no record of this request for this model\","
                                   "\"type\":\"mock\",\"param\":null,\"code\":\"no_record\"}}";
        put_whole(p, 404, "application/json", "", none, sizeof none - 1);
        return;
    }
    /* the record's numbers as parameters of an ordinary answer */
    mock_request told = *p->r;
    char *text = told.call.text;
    const float latency = isfinite(e->latency) ? e->latency : 0;
    e->played++;
    memset(text, 0, sizeof told.call.text);
    int n = snprintf(text, 200, "recorded%cin=%.0f%cout=%.0f%cfirst=%.0f%ctext=%.6g", 0,
                     (double)(isfinite(e->input) ? e->input : 0), 0, (double)(isfinite(e->output) ? e->output : 0),
                     0, (double)latency * 1000, 0, (double)e->score);
    if (isfinite(e->cost) && strcmp(param_text(p->r, "cost", ""), "no"))
        snprintf(text + n + 1, 60, "cost=%.12g", e->cost);
    told.call.name = text;
    play q = *p;
    q.r = &told;
    put_answer(&q, "stop");
}
