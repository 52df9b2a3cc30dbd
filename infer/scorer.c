#include "infer/scorer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/line_range.h"
#include "infer/decision_out.h"

#define BATCH_LINES 4096
#define BATCH_BYTES ((size_t)4 << 20)

/* One thread alone has no others to start: its batches are so small that lines, and answers, stay in the second
 * cache beside the model. */
#define ALONE_LINES 256
#define ALONE_BYTES ((size_t)64 << 10)

/* Lines go through the steps a handful at a time: all are parsed, then all decided, then all written. Each step's
 * code and tables then stay in the processor's first cache, which all of it together overflows. */
#define HANDFUL 16
#define SMALL ((size_t)32 << 10) /* bytes; a longer line is read on its own, as each of a handful has its own memory */

typedef struct {
    char *text;
    size_t used, room;
    size_t at[BATCH_LINES]; /* where each line starts in the text */
    score_slot *slots;
    size_t most_lines, most_bytes;
    double *per_tier; /* cost and probability of all slots, where job->more wants them */
    size_t n;
    atomic_size_t next;
    const score_job *job;
    const char *path;
    td_line_range *range; /* NULL: the whole file */
    pthread_mutex_t lock; /* of range */
} batch;

typedef struct {
    batch *b;
    void *memory;
    tierce_scratch *scratch;
    td_request request[HANDFUL];
    atomic_bool failed;
} worker;

typedef struct {
    batch b;
    worker *workers;
    pthread_t *threads;
    score_counts *counts;
} scorer;

/* ---- one line ---- */

/* Its number in the file; within a range that takes a count of what goes before. */
static uint64_t number_of(batch *b, const score_slot *s)
{
    if (!b->range)
        return s->number;
    pthread_mutex_lock(&b->lock);
    const uint64_t before = td_range_lines_before(b->range);
    pthread_mutex_unlock(&b->lock);
    return before + s->number;
}

static void complain(batch *b, score_slot *s, size_t where, const char *what)
{
    char head[64];
    s->bad = true;
    s->out.len = 0;
    td_puts(&s->out, b->path);
    snprintf(head, sizeof head, ":%llu: byte %zu: ", (unsigned long long)number_of(b, s), where + 1);
    td_puts(&s->out, head);
    td_puts(&s->out, what);
    td_puts(&s->out, "\n");
}

/* What a line says behind its key; *skip is the key's length with the tab. */
static const char *find_key(const score_job *job, const score_slot *s, size_t *skip)
{
    const char *tab = job->keyed ? memchr(s->line, '\t', s->len) : NULL;
    *skip = tab ? (size_t)(tab - s->line) + 1 : 0;
    return job->keyed && !tab ? "no tab: with --keyed a line is KEY<tab>JSON" : NULL;
}

typedef struct {
    score_slot *slot;
    const char *what; /* NULL: good so far */
    size_t skip, where;
    td_record record;
    tierce_decision d;
} in_hand;

static void parse(worker *w, in_hand *h, td_request *request, score_slot *s)
{
    h->slot = s;
    h->where = 0;
    s->bad = false;
    s->out.len = s->request.len = 0;
    h->what = find_key(w->b->job, s, &h->skip);
    if (!h->what && td_parse_line(request, NULL, &h->record, s->line + h->skip, s->len - h->skip, TD_WANT_REQUESTS,
                                  &h->what, &h->where))
        h->what = NULL;
    if (request->no_memory)
        atomic_store(&w->failed, true);
}

static void decide(worker *w, in_hand *h)
{
    const score_job *job = w->b->job;
    tierce_error error;
    if (h->what)
        return;
    if (tierce_decide(job->router, w->scratch, h->record.request, job->policy, &h->d, &error) != TIERCE_OK)
        h->what = error.message;
    else if (job->more)
        h->what = job->more(job->context, w->scratch, &h->record, &h->d, h->slot, &h->where);
}

static void put(worker *w, in_hand *h)
{
    const score_job *job = w->b->job;
    score_slot *s = h->slot;
    if (h->what) {
        complain(w->b, s, h->skip + h->where, h->what);
    } else {
        s->tier = h->d.order[0];
        s->abstained = h->d.reason == TIERCE_REASON_DEFAULT_UNFAMILIAR;
        td_put(&s->out, s->line, h->skip);
        const uint64_t no_cost = tiers_without_cost(&h->d, job->policy);
        s->without_cost = no_cost != 0;
        put_decision(&s->out, job->router, &h->d, no_cost, h->record.id, h->record.id.len ? 0 : number_of(w->b, s));
        td_puts(&s->out, "\n");
    }
    if (s->out.failed || s->request.failed)
        atomic_store(&w->failed, true);
}

static void *work(void *context)
{
    worker *w = context;
    batch *b = w->b;
    in_hand hand[HANDFUL];
    size_t i;
    while ((i = atomic_fetch_add(&b->next, HANDFUL)) < b->n) {
        const size_t end = b->n - i < HANDFUL ? b->n : i + HANDFUL;
        while (i < end) {
            size_t n = 0;
            do
                parse(w, &hand[n], &w->request[n], &b->slots[i]);
            while (++n, ++i < end && b->slots[i - 1].len <= SMALL && b->slots[i].len <= SMALL);
            for (size_t k = 0; k < n; k++)
                decide(w, &hand[k]);
            for (size_t k = 0; k < n; k++)
                put(w, &hand[k]);
        }
    }
    return NULL;
}

/* ---- a batch ---- */

static bool start(scorer *s, const score_job *job)
{
    s->b.slots = calloc(BATCH_LINES, sizeof *s->b.slots);
    s->b.job = job;
    s->b.most_lines = job->threads > 1 ? BATCH_LINES : ALONE_LINES;
    s->b.most_bytes = job->threads > 1 ? BATCH_BYTES : ALONE_BYTES;
    const size_t tiers = tierce_tier_count(job->router);
    s->b.per_tier = job->more ? calloc(2 * tiers * BATCH_LINES, sizeof *s->b.per_tier) : NULL;
    if (job->more && !s->b.per_tier)
        return false;
    for (size_t i = 0; s->b.slots && job->more && i < BATCH_LINES; i++) {
        s->b.slots[i].cost = s->b.per_tier + 2 * tiers * i;
        s->b.slots[i].probability = s->b.slots[i].cost + tiers;
    }
    s->workers = calloc(job->threads, sizeof *s->workers);
    s->threads = calloc(job->threads, sizeof *s->threads);
    if (!s->b.slots || !s->workers || !s->threads)
        return false;
    for (size_t i = 0; i < job->threads; i++) {
        s->workers[i].b = &s->b;
        s->workers[i].memory = calloc(1, tierce_scratch_size(job->router));
        s->workers[i].scratch = tierce_scratch_init(job->router, s->workers[i].memory, NULL);
        if (!s->workers[i].scratch)
            return false;
    }
    return true;
}

static void stop(scorer *s, size_t threads)
{
    for (size_t i = 0; s->workers && i < threads; i++) {
        free(s->workers[i].memory);
        for (size_t k = 0; k < HANDFUL; k++)
            td_request_free(&s->workers[i].request[k]);
    }
    for (size_t i = 0; s->b.slots && i < BATCH_LINES; i++) {
        free(s->b.slots[i].out.at);
        free(s->b.slots[i].request.at);
    }
    free(s->b.slots);
    free(s->b.per_tier);
    free(s->b.text);
    free(s->workers);
    free(s->threads);
}

/* Copies a line into the batch; false when memory ends. */
static bool add_line(batch *b, const char *line, size_t len, uint64_t number)
{
    if (b->room - b->used < len) {
        const size_t room = b->used + len + b->most_bytes;
        char *text = realloc(b->text, room);
        if (!text)
            return false;
        b->text = text;
        b->room = room;
    }
    if (len)
        memcpy(b->text + b->used, line, len);
    b->at[b->n] = b->used;
    b->slots[b->n].len = len;
    b->slots[b->n++].number = number;
    b->used += len;
    return true;
}

static bool hand_on(scorer *s)
{
    const score_job *job = s->b.job;
    for (size_t i = 0; i < s->b.n; i++) {
        score_slot *p = &s->b.slots[i];
        const char *what = p->bad ? NULL : job->take(job->context, p);
        if (what && !*what)
            return false;
        if (what)
            complain(&s->b, p, 0, what);
        if (!p->bad) {
            s->counts->decided++;
            s->counts->per_tier[p->tier]++;
            s->counts->abstained += p->abstained;
            s->counts->without_cost += p->without_cost;
            continue;
        }
        s->counts->bad++;
        fwrite(p->out.at, 1, p->out.len, stderr);
        if (s->counts->bad > job->max_bad) {
            fprintf(stderr, "tierce score: stopped after %llu bad line%s; --max-bad N skips up to N\n",
                    (unsigned long long)s->counts->bad, s->counts->bad == 1 ? "" : "s");
            return false;
        }
    }
    return true;
}

static bool run_batch(scorer *s)
{
    const size_t threads = s->b.job->threads;
    size_t started = 0;
    for (size_t i = 0; i < s->b.n; i++)
        s->b.slots[i].line = s->b.text + s->b.at[i];
    atomic_store(&s->b.next, 0);
    for (; started + 1 < threads && s->b.n > started + 1; started++)
        if (pthread_create(&s->threads[started], NULL, work, &s->workers[started + 1]))
            break; /* fewer threads do the same work */
    work(&s->workers[0]);
    for (size_t i = 0; i < started; i++)
        pthread_join(s->threads[i], NULL);
    for (size_t i = 0; i < threads; i++)
        if (atomic_load(&s->workers[i].failed)) {
            fprintf(stderr, "tierce score: out of memory\n");
            return false;
        }
    const bool good = hand_on(s);
    s->b.n = s->b.used = 0;
    if (s->b.room > 4 * s->b.most_bytes) { /* after a giant line */
        free(s->b.text);
        s->b.text = NULL;
        s->b.room = 0;
    }
    return good;
}

/* ---- files ---- */

static bool blank(const char *line, size_t len)
{
    while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    return !len;
}

static bool score_lines(scorer *s, td_lines *lines)
{
    td_error error;
    td_line_status status = TD_END;
    char *line;
    size_t len;
    bool good = true;
    s->b.path = td_lines_path(lines);
    while (good && (status = td_lines_next(lines, &line, &len, &error)) == TD_LINE) {
        if (blank(line, len))
            continue;
        s->counts->bytes += len;
        if (!add_line(&s->b, line, len, td_lines_number(lines))) {
            td_fail(&error, "%s:%llu: out of memory", s->b.path, (unsigned long long)td_lines_number(lines));
            status = TD_BROKEN;
            break;
        }
        if (s->b.n == s->b.most_lines || s->b.used >= s->b.most_bytes)
            good = run_batch(s);
    }
    if (good && s->b.n)
        good = run_batch(s);
    if (status == TD_BROKEN)
        fprintf(stderr, "tierce score: %s\n", error.text);
    return good && status == TD_END;
}

static bool score_file(scorer *s, const char *path)
{
    const score_job *job = s->b.job;
    td_error error;
    td_lines *whole = NULL;
    if (job->has_range)
        s->b.range = td_range_open(path, job->from, job->to, job->max_line, &error);
    else
        whole = td_lines_open(path, job->max_line, &error);
    td_lines *lines = s->b.range ? td_range_lines(s->b.range) : whole;
    const bool good = lines && score_lines(s, lines);
    if (!lines)
        fprintf(stderr, "tierce score: %s\n", error.text);
    td_lines_close(whole);
    td_range_close(s->b.range);
    s->b.range = NULL;
    return good;
}

bool score_files(const score_job *job, const char *const *paths, size_t n_paths, score_counts *counts)
{
    scorer *s = calloc(1, sizeof *s);
    memset(counts, 0, sizeof *counts);
    bool good = s && start(s, job);
    if (!good) {
        fprintf(stderr, "tierce score: out of memory\n");
    } else {
        s->counts = counts;
        pthread_mutex_init(&s->b.lock, NULL);
        for (size_t i = 0; good && i < n_paths; i++)
            good = score_file(s, paths[i]);
        pthread_mutex_destroy(&s->b.lock);
    }
    if (s)
        stop(s, job->threads);
    free(s);
    return good;
}
