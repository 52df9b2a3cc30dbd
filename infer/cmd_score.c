/* tierce score: a strict filter, requests in and decisions out, or a batch file in and one per tier
 * out. The machine is infer/scorer.c; here are the options, the counters and the exit status. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "data/batch_line.h"
#include "data/line_range.h"
#include "data/nearest.h"
#include "data/text_out.h"
#include "infer/commands.h"
#include "infer/score_batch.h"

typedef struct {
    policy_options policy;
    uint64_t threads, max_bad, max_line;
    const char *range, *counters;
    bool quiet, keyed, batch;
    score_batch_options files;
} score_options;

static const td_option options[] = {
    POLICY_OPTIONS(score_options, policy),
    {"threads", 'j', TD_COUNT, offsetof(score_options, threads), 1, 256, "N",
     "worker threads (default 1)"},
    {"byte-range", 0, TD_STRING, offsetof(score_options, range), 0, 0, "A-B",
     "only the lines of FILE that start at byte A or behind and before B"},
    {"keyed", 0, TD_FLAG, offsetof(score_options, keyed), 0, 0, NULL,
     "lines are KEY<tab>JSON; the key is handed through"},
    {"counters", 0, TD_STRING, offsetof(score_options, counters), 0, 0, "STYLE",
     "text (default), hadoop (reporter:counter: lines) or none, on stderr"},
    {"max-bad", 0, TD_COUNT, offsetof(score_options, max_bad), 0, 1e12, "N",
     "skip up to N bad lines, each reported on stderr (default 0: stop)"},
    {"max-line", 0, TD_COUNT, offsetof(score_options, max_line), 1024, 4e9, "BYTES",
     "longest line accepted (default 268435456)"},
    {"quiet", 'q', TD_FLAG, offsetof(score_options, quiet), 0, 0, NULL, "as --counters none"},
    {"batch", 0, TD_FLAG, offsetof(score_options, batch), 0, 0, NULL,
     "OpenAI batch lines in, one batch file per tier into --out-dir"},
    {"out-dir", 0, TD_STRING, offsetof(score_options, files.out_dir), 0, 0, "DIR",
     "folder to make, with --batch"},
    {"tiers", 0, TD_STRING, offsetof(score_options, files.tiers), 0, 0, "FILE",
     "tiers.json: --batch decides at its batch prices and context windows, with its model ids"},
    {"assume-output", 0, TD_NUMBER, offsetof(score_options, files.assumed_output), 0, 1e7, "TOKENS",
     "output tokens a request where the model learned none (forecast only)"},
    {"part-lines", 0, TD_COUNT, offsetof(score_options, files.part_lines), 1, 1e9, "N",
     "most lines of a batch file (default 50000)"},
    {"part-bytes", 0, TD_COUNT, offsetof(score_options, files.part_bytes), 1, 1e12, "BYTES",
     "most bytes of a batch file (default 200000000)"},
};

static const td_command command = {
    "tierce score [OPTION...] [FILE...]",
    "Reads requests, one JSON object a line (chat shape, {\"prompt\"}, or OpenAI batch lines; plain or\n"
    ".gz; - or no FILE is standard input) and prints a decision a line, in the same order:\n"
    "{\"id\", \"tier\", \"p\": {tier: probability}, \"cost\": {tier: USD}, \"reason\", \"margin\", \"familiarity\"}\n"
    "(\"no_cost\": [tier] where --value or --max-cost meets tiers of unknown cost)\n\n"
    "With --batch it writes one OpenAI batch file per tier instead (TIER-00001.jsonl …; the model's name\n"
    "is put in, no other byte is touched), decisions.jsonl and forecast.json, all or nothing.",
    options, sizeof options / sizeof *options,
    "Ranges: a line belongs to the range that holds its first byte, so the outputs of any partition,\n"
    "one behind the other, are the output of the whole.\n"
    "exit status: 0 all lines decided, 1 stopped (--batch: nothing was written), 2 wrong usage,\n"
    "3 done but bad lines were skipped"};

static const char *print(void *context, score_slot *slot)
{
    (void)context;
    if (fwrite(slot->out.at, 1, slot->out.len, stdout) == slot->out.len)
        return NULL;
    return ""; /* main() tells of it */
}

static bool refuse(const char *what)
{
    fprintf(stderr, "tierce score: %s; see --help\n", what);
    return false;
}

static bool known_style(const char *style)
{
    static const char *const styles[] = {"text", "hadoop", "none"};
    for (size_t i = 0; i < 3; i++)
        if (!style || !strcmp(style, styles[i]))
            return true;
    const char *near = td_nearest(style, styles, 3);
    fprintf(stderr, "tierce score: --counters %.40s: did you mean %s?\n", style, near ? near : styles[0]);
    return false;
}

static bool check(const score_options *o, int files, char **argv, score_job *job)
{
    const score_batch_options *b = &o->files;
    if (!known_style(o->counters))
        return false;
    if (o->batch != (b->out_dir != NULL))
        return refuse("--batch and --out-dir DIR belong together");
    if (!o->batch && (b->tiers || b->assumed_output > 0 || b->part_lines != TD_BATCH_LINES ||
                      b->part_bytes != TD_BATCH_BYTES))
        return refuse("--tiers, --assume-output, --part-lines and --part-bytes need --batch");
    if (o->batch && o->keyed)
        return refuse("--keyed lines are not batch lines");
    if (!o->range)
        return true;
    job->has_range = true;
    if (!td_parse_range(o->range, &job->from, &job->to))
        return refuse("--byte-range is A-B, A- or -B with A <= B (B itself is not included)");
    if (files != 1 || !strcmp(argv[1], "-"))
        return refuse("--byte-range needs one FILE, not standard input");
    return true;
}

static void print_counters(const score_options *o, const tierce_router *router, const score_counts *c)
{
    if (o->quiet || (o->counters && !strcmp(o->counters, "none")))
        return;
    if (!o->counters || !strcmp(o->counters, "text")) {
        fprintf(stderr, "%llu decided, %llu bad line%s, %llu bytes", (unsigned long long)c->decided,
                (unsigned long long)c->bad, td_s(c->bad), (unsigned long long)c->bytes);
        if (c->abstained)
            fprintf(stderr, ", %llu abstained: too unlike the training records", (unsigned long long)c->abstained);
        if (c->without_cost)
            fprintf(stderr, ", %llu with a tier whose cost is not known: it counts as free (give prices when training)",
                    (unsigned long long)c->without_cost);
        fprintf(stderr, "\n");
        return;
    }
    fprintf(stderr, "reporter:counter:tierce,decided,%llu\nreporter:counter:tierce,bad lines,%llu\n"
                    "reporter:counter:tierce,bytes,%llu\n",
            (unsigned long long)c->decided, (unsigned long long)c->bad, (unsigned long long)c->bytes);
    if (c->abstained)
        fprintf(stderr, "reporter:counter:tierce,abstained,%llu\n", (unsigned long long)c->abstained);
    if (c->without_cost)
        fprintf(stderr, "reporter:counter:tierce,without known cost,%llu\n", (unsigned long long)c->without_cost);
    for (uint32_t t = 0; t < tierce_tier_count(router); t++) {
        char name[80]; /* a comma would end the counter's name */
        snprintf(name, sizeof name, "%s", tierce_tier_name(router, t));
        for (char *at = name; *at; at++)
            *at = *at == ',' || *at == '\n' ? '_' : *at;
        fprintf(stderr, "reporter:counter:tierce,to %s,%llu\n", name, (unsigned long long)c->per_tier[t]);
    }
}

int cmd_score(int argc, char **argv)
{
    score_options o = {.policy = POLICY_DEFAULTS,
                       .threads = 1,
                       .files = {.part_lines = TD_BATCH_LINES, .part_bytes = TD_BATCH_BYTES}};
    static const char *const standard[] = {"-"};
    tierce_policy policy;
    score_counts counts = {0};
    int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    score_job job = {.policy = &policy,
                     .threads = (size_t)o.threads,
                     .max_line = (size_t)o.max_line,
                     .max_bad = o.max_bad,
                     .keyed = o.keyed,
                     .take = print};
    if (!check(&o, files, argv, &job))
        return 2;
    tierce_router *router = open_router("tierce score", &o.policy, &policy);
    if (!router)
        return 1;
    job.router = router;
    const char *const *paths = files ? (const char *const *)(argv + 1) : standard;
    const size_t n = files ? (size_t)files : 1;
    bool good = o.batch ? score_batch(&job, &o.files, paths, n, &counts) : score_files(&job, paths, n, &counts);
    good = !fflush(stdout) && good; /* main() tells why */
    print_counters(&o, router, &counts);
    tierce_router_close(router);
    return !good ? 1 : counts.bad ? 3 : 0;
}
