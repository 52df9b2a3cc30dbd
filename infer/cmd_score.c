/* tierce score: a strict filter. Lines in, decisions out in the same order, in constant memory.
 *
 * Lines are read into batches of bounded size; the threads of a batch take line after line from it
 * and write into a buffer per line; the batch is printed in order when all are done. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "infer/commands.h"
#include "infer/decision_out.h"

typedef struct {
    policy_options policy;
    uint64_t threads, max_bad, max_line;
    bool quiet;
} score_options;

static const td_option options[] = {
    POLICY_OPTIONS(score_options, policy),
    {"threads", 'j', TD_COUNT, offsetof(score_options, threads), 1, 256, "N",
     "worker threads (default 1)"},
    {"max-bad", 0, TD_COUNT, offsetof(score_options, max_bad), 0, 1e12, "N",
     "skip up to N bad lines, each reported on stderr (default 0: stop)"},
    {"max-line", 0, TD_COUNT, offsetof(score_options, max_line), 1024, 4e9, "BYTES",
     "longest line accepted (default 268435456)"},
    {"quiet", 'q', TD_FLAG, offsetof(score_options, quiet), 0, 0, NULL, "no counters on stderr"},
};

static const td_command command = {
    "tierce score [OPTION...] [FILE...]",
    "Reads requests, one JSON object a line (chat shape, {\"prompt\"}, or OpenAI batch lines; plain or\n"
    ".gz; - or no FILE is standard input) and prints a decision a line, in the same order:\n"
    "{\"id\", \"tier\", \"p\": {tier: probability}, \"cost\": {tier: USD}, \"reason\", \"margin\", \"familiarity\"}",
    options, sizeof options / sizeof *options,
    "exit status: 0 all lines decided, 1 stopped, 2 wrong usage, 3 done but bad lines were skipped"};

#define BATCH_LINES 4096
#define BATCH_BYTES ((size_t)4 << 20)

typedef struct {
    size_t at, len; /* of the line in the batch's text */
    uint64_t number;
    bool bad;
    td_out out;     /* the decision, or the complaint */
} slot;

typedef struct {
    char *text;
    size_t used, room;
    slot *slots;
    size_t n;
    atomic_size_t next;
    const tierce_router *router;
    const tierce_policy *policy;
    const char *path;
    bool no_memory;
} batch;

typedef struct {
    batch *b;
    void *memory;
    tierce_scratch *scratch;
    td_request request;
    atomic_bool failed;
} worker;

static void complain(slot *s, const char *path, size_t where, const char *what)
{
    char head[64];
    s->bad = true;
    s->out.len = 0;
    td_puts(&s->out, path);
    snprintf(head, sizeof head, ":%llu: byte %zu: ", (unsigned long long)s->number, where + 1);
    td_puts(&s->out, head);
    td_puts(&s->out, what);
    td_puts(&s->out, "\n");
}

static void score_line(worker *w, slot *s)
{
    td_record record;
    tierce_decision d;
    tierce_error error;
    const char *what;
    size_t where;
    s->bad = false;
    s->out.len = 0;
    if (!td_parse_line(&w->request, NULL, &record, w->b->text + s->at, s->len, TD_WANT_REQUESTS, &what,
                       &where)) {
        complain(s, w->b->path, where, what);
    } else if (tierce_decide(w->b->router, w->scratch, record.request, w->b->policy, &d, &error) !=
               TIERCE_OK) {
        complain(s, w->b->path, 0, error.message);
    } else {
        put_decision(&s->out, w->b->router, &d, record.id, s->number);
        td_puts(&s->out, "\n");
    }
    if (s->out.failed || w->request.no_memory)
        atomic_store(&w->failed, true);
}

static void *work(void *context)
{
    worker *w = context;
    size_t i;
    while ((i = atomic_fetch_add(&w->b->next, 1)) < w->b->n)
        score_line(w, &w->b->slots[i]);
    return NULL;
}

typedef struct {
    batch b;
    worker *workers;
    pthread_t *threads;
    size_t n_threads;
    uint64_t scored, bad, max_bad, bytes;
} scorer;

static bool start(scorer *s, const tierce_router *router, const tierce_policy *policy, size_t threads)
{
    s->b.slots = calloc(BATCH_LINES, sizeof *s->b.slots);
    s->b.router = router;
    s->b.policy = policy;
    s->workers = calloc(threads, sizeof *s->workers);
    s->threads = calloc(threads, sizeof *s->threads);
    s->n_threads = threads;
    if (!s->b.slots || !s->workers || !s->threads)
        return false;
    for (size_t i = 0; i < threads; i++) {
        s->workers[i].b = &s->b;
        s->workers[i].memory = calloc(1, tierce_scratch_size(router));
        s->workers[i].scratch = tierce_scratch_init(router, s->workers[i].memory, NULL);
        if (!s->workers[i].scratch)
            return false;
    }
    return true;
}

static void stop(scorer *s)
{
    for (size_t i = 0; s->workers && i < s->n_threads; i++) {
        free(s->workers[i].memory);
        td_request_free(&s->workers[i].request);
    }
    for (size_t i = 0; s->b.slots && i < BATCH_LINES; i++)
        free(s->b.slots[i].out.at);
    free(s->b.slots);
    free(s->b.text);
    free(s->workers);
    free(s->threads);
}

/* Copies a line into the batch; false when memory ends. */
static bool add_line(batch *b, const char *line, size_t len, uint64_t number)
{
    if (b->room - b->used < len) {
        const size_t room = b->used + len + BATCH_BYTES;
        char *text = realloc(b->text, room);
        if (!text)
            return false;
        b->text = text;
        b->room = room;
    }
    memcpy(b->text + b->used, line, len);
    b->slots[b->n].at = b->used;
    b->slots[b->n].len = len;
    b->slots[b->n++].number = number;
    b->used += len;
    return true;
}

static bool blank(const char *line, size_t len)
{
    while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    return !len;
}

static bool print_batch(scorer *s)
{
    for (size_t i = 0; i < s->b.n; i++) {
        slot *p = &s->b.slots[i];
        if (p->bad) {
            s->bad++;
            fwrite(p->out.at, 1, p->out.len, stderr);
            if (s->bad > s->max_bad) {
                fprintf(stderr, "tierce score: stopped after %llu bad line%s; --max-bad N skips up to N\n",
                        (unsigned long long)s->bad, s->bad == 1 ? "" : "s");
                return false;
            }
            continue;
        }
        if (fwrite(p->out.at, 1, p->out.len, stdout) != p->out.len) {
            fprintf(stderr, "tierce score: cannot write the output: %s\n", strerror(errno));
            return false;
        }
        s->scored++;
    }
    return true;
}

static bool run_batch(scorer *s)
{
    size_t started = 0;
    atomic_store(&s->b.next, 0);
    for (; started + 1 < s->n_threads && s->b.n > started + 1; started++)
        if (pthread_create(&s->threads[started], NULL, work, &s->workers[started + 1]))
            break; /* fewer threads do the same work */
    work(&s->workers[0]);
    for (size_t i = 0; i < started; i++)
        pthread_join(s->threads[i], NULL);
    for (size_t i = 0; i < s->n_threads; i++)
        if (atomic_load(&s->workers[i].failed)) {
            fprintf(stderr, "tierce score: out of memory\n");
            return false;
        }
    const bool good = print_batch(s);
    s->b.n = s->b.used = 0;
    if (s->b.room > 4 * BATCH_BYTES) { /* after a giant line */
        free(s->b.text);
        s->b.text = NULL;
        s->b.room = 0;
    }
    return good;
}

static bool score_file(scorer *s, const char *path, size_t max_line)
{
    td_error error;
    td_lines *lines = td_lines_open(path, max_line, &error);
    td_line_status status = TD_BROKEN;
    char *line;
    size_t len;
    bool good = lines != NULL;
    s->b.path = lines ? td_lines_path(lines) : path;
    while (good && (status = td_lines_next(lines, &line, &len, &error)) == TD_LINE) {
        if (blank(line, len))
            continue;
        s->bytes += len;
        if (!add_line(&s->b, line, len, td_lines_number(lines))) {
            td_fail(&error, "%s:%llu: out of memory", path, (unsigned long long)td_lines_number(lines));
            status = TD_BROKEN;
            break;
        }
        if (s->b.n == BATCH_LINES || s->b.used >= BATCH_BYTES)
            good = run_batch(s);
    }
    if (good && s->b.n)
        good = run_batch(s);
    if (status == TD_BROKEN)
        fprintf(stderr, "tierce score: %s\n", error.text);
    td_lines_close(lines);
    return good && status == TD_END;
}

int cmd_score(int argc, char **argv)
{
    score_options o = {.policy = POLICY_DEFAULTS, .threads = 1};
    tierce_policy policy;
    int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    tierce_router *router = open_router("tierce score", &o.policy, &policy);
    if (!router)
        return 1;
    scorer s = {.max_bad = o.max_bad};
    bool good = start(&s, router, &policy, (size_t)o.threads);
    if (!good)
        fprintf(stderr, "tierce score: out of memory\n");
    const char *standard = "-";
    for (int i = 0; good && i < (files ? files : 1); i++)
        good = score_file(&s, files ? argv[i + 1] : standard, (size_t)o.max_line);
    if (fflush(stdout)) {
        fprintf(stderr, "tierce score: cannot write the output: %s\n", strerror(errno));
        good = false;
    }
    if (!o.quiet)
        fprintf(stderr, "%llu decided, %llu bad lines, %llu bytes\n", (unsigned long long)s.scored,
                (unsigned long long)s.bad, (unsigned long long)s.bytes);
    stop(&s);
    tierce_router_close(router);
    return !good ? 1 : s.bad ? 3 : 0;
}
