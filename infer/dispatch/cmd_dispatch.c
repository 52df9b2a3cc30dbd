/* tierce dispatch: requests in, answers out, each sent where the decision says. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/text_out.h"
#include "data/writer.h"
#include "infer/dispatch/answer_line.h"
#include "infer/dispatch/commands.h"
#include "infer/dispatch/feed.h"
#include "infer/dispatch/job.h"
#include "infer/dispatch/journal.h"

typedef struct {
    ds_engine_options engine;
    const char *out, *out_fsync;
    uint64_t concurrency, max_bad, max_line;
    bool unordered, resume, quiet, progress;
} dispatch_options;

static const td_option options[] = {
    DS_ENGINE_OPTIONS(dispatch_options, engine),
    {"output", 'o', TD_STRING, offsetof(dispatch_options, out), 0, 0, "FILE",
     "where answers go (default: standard output); needed for --resume"},
    {"concurrency", 'c', TD_COUNT, offsetof(dispatch_options, concurrency), 1, 10000, "N",
     "requests under way (default 16)"},
    {"unordered", 0, TD_FLAG, offsetof(dispatch_options, unordered), 0, 0, NULL,
     "answers as they come, not in the order of the input"},
    {"resume", 0, TD_FLAG, offsetof(dispatch_options, resume), 0, 0, NULL,
     "skip what FILE or FILE.partial answers; failures and changed requests are asked again"},
    {"fsync", 0, TD_STRING, offsetof(dispatch_options, out_fsync), 0, 0, "WHEN",
     "of FILE: never, second (default) or always"},
    {"max-bad", 0, TD_COUNT, offsetof(dispatch_options, max_bad), 0, 1e12, "N",
     "skip up to N bad lines, each reported on stderr (default 0: stop)"},
    {"max-line", 0, TD_COUNT, offsetof(dispatch_options, max_line), 1024, 4e9, "BYTES",
     "longest line accepted (default 268435456)"},
    {"progress", 0, TD_FLAG, offsetof(dispatch_options, progress), 0, 0, NULL,
     "rate, spend and time left on stderr, also when it is no terminal"},
    {"quiet", 'q', TD_FLAG, offsetof(dispatch_options, quiet), 0, 0, NULL, "no counters on stderr"},
};

static const td_command command = {
    "tierce dispatch [OPTION...] [FILE...]",
    "Sends requests, one JSON object a line (chat shape, {\"prompt\"}, records or OpenAI batch lines; plain or\n"
    ".gz; - or no FILE is standard input) to the tiers that the model decides on, and prints an answer a\n"
    "line in the shape of OpenAI's batch output, with \"tierce\": {\"tier\", \"reason\", \"cost_usd\", …}.\n"
    "An answer is found again by its custom_id: the line's custom_id or id, else line-N. --resume refuses a FILE\n"
    "that holds anything but answers, and one that another run is writing; where a line-N asks something else\n"
    "than its answer was given to, it stops.",
    options, sizeof options / sizeof *options,
    "exit status: 0 all answered, 1 stopped, 2 wrong usage, 3 done, but some lines failed or were bad\n"
    "example: tierce dispatch -m router.tierce --tiers tiers.json -o answers.jsonl requests.jsonl"};

typedef struct {
    const dispatch_options *o;
    ds_loop *loop;
    ds_engine engine;
    ds_stats stats;
    ds_feed *feed;
    ds_journal *journal;
    ds_timer *tick;
    uint64_t in_flight, lines, answered, failed, bad, skipped, changed, total_bytes;
    double cost, began;
    bool ended, stopped, in_pump, terminal;
    bool other_input; /* --resume goes on no more */
    const char *why; /* of the stop */
} dispatcher;

/* A request under way, and its answer as it gathers. */
typedef struct {
    dispatcher *d;
    uint64_t place, digest;
    char *key;
    size_t key_len;
    int status;
    td_out body;
} flight;

static void pump(dispatcher *d);

static void stop(dispatcher *d, const char *why)
{
    if (!d->stopped && why)
        d->why = why;
    d->stopped = true;
}

static void fault(dispatcher *d, const td_error *error)
{
    fprintf(stderr, "tierce dispatch: %s\n", error->text);
    stop(d, NULL);
}

/* ---- answers ---- */

static void on_head(void *context, const ds_job_head *head)
{
    flight *f = context;
    f->status = head->status;
}

static void on_body(void *context, const char *data, size_t len)
{
    flight *f = context;
    td_put(&f->body, data, len);
}

static bool is_full(void *context)
{
    (void)context;
    return false;
}

static void on_end(void *context, const ds_job_result *result)
{
    flight *f = context;
    dispatcher *d = f->d;
    td_out line = {0};
    td_error error;
    d->in_flight--;
    d->cost += result->cost_usd > 0 ? result->cost_usd : 0;
    if (result->error)
        d->failed++;
    else
        d->answered++;
    ds_put_answer_line(&line, f->key, f->key_len, f->status, &f->body, f->digest, result);
    if (line.failed || f->body.failed)
        td_fail(&error, "out of memory");
    if (line.failed || f->body.failed || !ds_journal_write(d->journal, f->place, line.at, line.len, &error))
        fault(d, &error);
    free(line.at);
    free(f->body.at);
    free(f->key);
    free(f);
    pump(d);
}

static const ds_sink sink = {on_head, on_body, is_full, on_end};

/* ---- lines ---- */

static void bad_line(dispatcher *d, const ds_line *line, size_t where, const char *what)
{
    fprintf(stderr, "%s:%llu: byte %zu: %s\n", strcmp(line->path, "-") ? line->path : "<stdin>",
            (unsigned long long)line->number, where + 1, what);
    if (++d->bad > d->o->max_bad) {
        fprintf(stderr, "tierce dispatch: stopped after %llu bad line%s; --max-bad N skips up to N\n",
                (unsigned long long)d->bad, d->bad == 1 ? "" : "s");
        stop(d, NULL);
    }
}

static bool blank(const ds_line *line)
{
    for (size_t i = 0; i < line->len; i++)
        if (line->text[i] != ' ' && line->text[i] != '\t')
            return false;
    return true;
}

/* Lines without an id are known by their number only: one put in front, and every answer is another line's. */
static void other_request(dispatcher *d, const ds_line *line, const char *key)
{
    td_error error;
    td_fail(&error,
            "%.200s:%llu: the answer to %s in %.200s was given to another request: the input has changed, and lines without an "
            "\"id\" are found by their number; undo the change, or name another -o FILE",
            strcmp(line->path, "-") ? line->path : "<stdin>", (unsigned long long)line->number, key, d->o->out);
    d->other_input = true;
    fault(d, &error);
}

/* Sends a readable line; takes over body and text. */
static void launch(dispatcher *d, ds_body *body, ds_line *line, uint64_t place, uint64_t digest, const char *key,
                   size_t key_len)
{
    flight *f = calloc(1, sizeof *f);
    char *own = f ? malloc(key_len + 1) : NULL;
    if (own) {
        memcpy(own, key, key_len);
        own[key_len] = 0;
    }
    /* the log's id is the line's, so that scores can be joined */
    const ds_caller caller = {own ? own : "", "", "", ""};
    ds_job *job = own ? ds_job_new(&d->engine, body, line->text, &caller, &sink, f) : NULL;
    if (!job) {
        td_error error;
        free(own);
        free(f);
        ds_body_free(body);
        td_fail(&error, "out of memory");
        fault(d, &error);
        return;
    }
    line->text = NULL;
    *f = (flight){.d = d, .place = place, .digest = digest, .key = own, .key_len = key_len};
    d->in_flight++;
    ds_job_run(job);
}

static void take_line(dispatcher *d, ds_line *line)
{
    ds_body body = {0};
    const char *what, *key;
    size_t where, key_len;
    uint64_t place;
    char number[40];
    td_error error;
    d->lines++;
    const bool good = ds_body_read(&body, line->text, line->len, true, &what, &where);
    if (body.parsed.no_memory) { /* the line is not to blame, and must not be passed over as a bad one */
        td_fail(&error, "%.200s:%llu: out of memory", line->path, (unsigned long long)line->number);
        fault(d, &error);
        ds_body_free(&body);
        return;
    }
    if (!good || body.stream) {
        bad_line(d, line, good ? 0 : where, good ? "\"stream\": true: answers are gathered whole here; leave it out" : what);
        ds_body_free(&body);
        return;
    }
    snprintf(number, sizeof number, "line-%llu", (unsigned long long)d->lines);
    key = body.id.len ? body.id.data : number;
    key_len = body.id.len ? body.id.len : strlen(number);
    const uint64_t digest = ds_request_digest(&body);
    switch (ds_journal_expect(d->journal, key, key_len, digest, &place)) {
    case DS_KEY_CHANGED:
        if (!body.id.len) {
            other_request(d, line, key);
            break;
        }
        d->changed++;
        launch(d, &body, line, place, digest, key, key_len);
        return;
    case DS_KEY_NEW:
        launch(d, &body, line, place, digest, key, key_len);
        return;
    case DS_KEY_ANSWERED:
        d->skipped++;
        break;
    case DS_KEY_TWICE:
        bad_line(d, line, 0, "this id stood on an earlier line; every line needs its own");
        break;
    default:
        td_fail(&error, "%.200s:%llu: out of memory", line->path, (unsigned long long)line->number);
        fault(d, &error);
    }
    ds_body_free(&body);
}

/* Answers of later lines that wait for their turn are bounded, too. */
static bool has_room(const dispatcher *d)
{
    return d->in_flight < d->o->concurrency && ds_journal_waiting(d->journal) < 64 * d->o->concurrency + 1024;
}

static void pump(dispatcher *d)
{
    ds_line *line;
    td_error error;
    if (d->in_pump)
        return; /* a request that ended at once */
    d->in_pump = true;
    while (!d->stopped && !d->ended && has_room(d)) {
        const int got = ds_feed_take(d->feed, &line, &error);
        if (got == 0)
            break;
        if (got == 1) {
            if (!blank(line))
                take_line(d, line);
            free(line->text);
            free(line);
            continue;
        }
        d->ended = true;
        if (got < 0)
            fault(d, &error);
    }
    d->in_pump = false;
    if ((d->stopped || d->ended) && !d->in_flight)
        ds_loop_stop(d->loop);
}

static void on_more(void *context)
{
    pump(context);
}

/* ---- progress ---- */

static void print_counters(const dispatcher *d, bool last)
{
    const double seconds = ds_now() - d->began;
    const uint64_t done = d->answered + d->failed;
    const double rate = seconds > 0 ? (double)done / seconds : 0;
    fprintf(stderr, "%s%llu answered, %llu failed, %llu bad line%s, %llu answered before, %.1f/s, $%.6f spent",
            d->terminal && !last ? "\r" : "", (unsigned long long)d->answered, (unsigned long long)d->failed,
            (unsigned long long)d->bad, td_s(d->bad), (unsigned long long)d->skipped, rate, d->cost);
    const double read = (double)ds_feed_bytes(d->feed);
    if (!last && d->total_bytes && done && read > 0 && read <= (double)d->total_bytes && d->lines) {
        const double lines = (double)d->lines / read * (double)d->total_bytes;
        fprintf(stderr, ", about %.0f s left", fmax(0, (lines - (double)(done + d->bad + d->skipped)) / rate));
    }
    fputs(d->terminal && !last ? "\033[K" : "\n", stderr);
}

static void on_tick(void *context)
{
    dispatcher *d = context;
    ds_journal_tick(d->journal);
    if (!d->o->quiet && (d->terminal || d->o->progress))
        print_counters(d, false);
    ds_timer_set(d->tick, 1);
}

static void on_interrupt(void *context)
{
    dispatcher *d = context;
    if (d->stopped) { /* told twice */
        ds_loop_stop(d->loop);
        return;
    }
    fprintf(stderr, "tierce dispatch: stopping; %llu requests under way get their answers (again: at once)\n",
            (unsigned long long)d->in_flight);
    stop(d, "interrupted");
    pump(d);
}

/* ---- running ---- */

static bool read_sync(const char *word, ds_sync *sync)
{
    static const char *const words[] = {"never", "second", "always"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(word, words[i])) {
            *sync = (ds_sync)i;
            return true;
        }
    fprintf(stderr, "tierce dispatch: --fsync %.40s: must be never, second or always\n", word);
    return false;
}

/* Bytes of the input where they are known: plain files. */
static uint64_t size_of(const char *const *paths, size_t n)
{
    uint64_t total = 0;
    struct stat st;
    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(paths[i]);
        if (!strcmp(paths[i], "-") || (len > 3 && !strcmp(paths[i] + len - 3, ".gz")) || stat(paths[i], &st) ||
            !S_ISREG(st.st_mode))
            return 0;
        total += (uint64_t)st.st_size;
    }
    return total;
}

static bool open_dispatcher(dispatcher *d, const char *const *paths, size_t n)
{
    td_error error;
    ds_sync sync;
    if (!read_sync(d->o->out_fsync, &sync))
        return false;
    if (!td_writer_spares(d->o->out, paths, n, &error)) {
        fprintf(stderr, "tierce dispatch: %s\n", error.text);
        return false;
    }
    d->loop = ds_loop_new();
    if (!d->loop)
        fprintf(stderr, "tierce dispatch: out of memory\n");
    if (!d->loop || !ds_engine_open(&d->engine, "tierce dispatch", &d->o->engine, d->loop, &d->stats))
        return false;
    d->journal = ds_journal_open(d->o->out, !d->o->unordered, d->o->resume, sync, &error);
    if (!d->journal) {
        fprintf(stderr, "tierce dispatch: %s\n", error.text);
        return false;
    }
    if (ds_journal_unlocked(d->journal))
        fprintf(stderr, "tierce dispatch: %s: its file system knows no locks; see that only one run at a time writes it\n", d->o->out);
    if (d->o->resume && !d->o->quiet)
        fprintf(stderr, "tierce dispatch: %llu answers are there already; %llu failed or cut ones are asked again\n",
                (unsigned long long)ds_journal_kept(d->journal), (unsigned long long)ds_journal_dropped(d->journal));
    d->total_bytes = size_of(paths, n);
    d->terminal = isatty(STDERR_FILENO) == 1;
    d->began = ds_now();
    d->tick = ds_timer_new(d->loop, on_tick, d);
    d->feed = ds_feed_open(d->loop, paths, n, (size_t)d->o->max_line, on_more, d);
    if (d->tick && d->feed && ds_loop_signal(d->loop, SIGINT, on_interrupt, d) &&
        ds_loop_signal(d->loop, SIGTERM, on_interrupt, d))
        return true;
    fprintf(stderr, "tierce dispatch: out of memory\n");
    return false;
}

static int close_dispatcher(dispatcher *d, bool ran)
{
    td_error error;
    bool good = ran && !d->stopped;
    const bool resumable = d->journal && ds_journal_is_file(d->journal);
    if (ran && !d->o->quiet) {
        if (d->terminal)
            fputs("\r\033[K", stderr);
        print_counters(d, true);
        if (d->changed)
            fprintf(stderr, "tierce dispatch: %llu of them had answers, but to other requests under the same id: asked again\n",
                    (unsigned long long)d->changed);
    }
    if (d->journal && !ds_journal_close(d->journal, good, &error)) {
        fprintf(stderr, "tierce dispatch: %s\n", error.text);
        good = false;
    }
    if (ran && !good && resumable && !d->other_input)
        fprintf(stderr, "tierce dispatch: not finished; the same command with --resume goes on\n");
    ds_feed_close(d->feed);
    ds_timer_free(d->tick);
    if (!d->in_flight) /* after a second interrupt, the process' end does it */
        ds_engine_close(&d->engine);
    if (!d->in_flight)
        ds_loop_free(d->loop);
    return !good ? 1 : d->failed || d->bad ? 3 : 0;
}

int cmd_dispatch(int argc, char **argv)
{
    static const char *const standard[] = {"-"};
    dispatch_options o = {.engine = DS_ENGINE_DEFAULTS, .out_fsync = "second", .concurrency = 16};
    const int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    if (o.resume && (!o.out || td_writer_is_stdout(o.out))) {
        fprintf(stderr, "tierce dispatch: --resume needs -o FILE: it reads there what is answered\n");
        return 2;
    }
    if (!td_no_empty_text(&command, &o) || !ds_engine_options_good("tierce dispatch", &o.engine))
        return 2;
    dispatcher d = {.o = &o};
    const char *const *paths = files ? (const char *const *)(argv + 1) : standard;
    const bool ran = open_dispatcher(&d, paths, files ? (size_t)files : 1);
    if (ran) {
        ds_timer_set(d.tick, 1);
        pump(&d);
        if (!((d.stopped || d.ended) && !d.in_flight))
            ds_loop_run(d.loop);
    }
    return close_dispatcher(&d, ran);
}
