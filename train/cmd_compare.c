/* tierce compare: is model B better than model A on records that neither has seen? */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/options.h"
#include "data/record.h"
#include "train/commands.h"
#include "train/heldout.h"
#include "train/memory.h"
#include "train/points.h"
#include "train/tune.h"

typedef struct {
    const char *point, *tiers;
    double value;
    uint64_t resamples, examples, seed, max_bad;
    bool show_prompts, require_better;
} compare_options;

static const td_option options[] = {
    {"point", 0, TD_STRING, offsetof(compare_options, point), 0, 0, "NAME",
     "compare at this operating point of both models (default: by probability alone)"},
    {"value-usd", 0, TD_NUMBER, offsetof(compare_options, value), 1e-9, 1e9, "USD",
     "compare at this value of a success"},
    {"tiers", 't', TD_STRING, offsetof(compare_options, tiers), 0, 0, "A,B|FILE",
     "how the records call the models' tiers (default: as the models do)"},
    {"examples", 0, TD_COUNT, offsetof(compare_options, examples), 0, 1000, "N",
     "ids of changed decisions to show, gains and losses each (default 5)"},
    {"show-prompts", 0, TD_FLAG, offsetof(compare_options, show_prompts), 0, 0, NULL,
     "with the head of their last user message"},
    {"require-better", 0, TD_FLAG, offsetof(compare_options, require_better), 0, 0, NULL,
     "exit 4 unless B is better with confidence"},
    {"resamples", 0, TD_COUNT, offsetof(compare_options, resamples), 40, 100000, "N",
     "paired bootstrap rounds (default 1000)"},
    {"seed", 0, TD_COUNT, offsetof(compare_options, seed), 0, 4294967295.0, "N", "of the bootstrap (default 1)"},
    {"max-bad", 0, TD_COUNT, offsetof(compare_options, max_bad), 0, 1e12, "N",
     "skip up to N bad lines, each reported (default 0: stop)"},
};

static const td_command command = {
    "tierce compare [OPTION...] MODEL_A MODEL_B RECORDS...",
    "Judges two models of the same tiers on the same records, which neither should have been trained on:\n"
    "scores, costs and ranking with paired bootstrap intervals, which decisions change, and examples.",
    options, sizeof options / sizeof *options,
    "exit status: 0 B is not worse (with --require-better: it is better), 1 could not, 2 wrong usage,\n"
    "4 B is worse with confidence (with --require-better: B is not proven better)"};

/* ---- the two ---- */

typedef struct {
    tr_held h[2];
    tr_bench b[2];
    uint8_t *tier[2]; /* decisions, per place of the bench */
    bool costed;
} pair;

static const char *const letters[2] = {"A", "B"};

/* Same tiers, same records, in the same order. */
static const char *mismatch(const pair *x)
{
    const tr_dataset *a = &x->h[0].d, *b = &x->h[1].d;
    if (a->n_tiers != b->n_tiers)
        return "the models have different tiers";
    for (uint32_t t = 0; t < a->n_tiers; t++)
        if (strcmp(a->tiers.tier[t].name, b->tiers.tier[t].name))
            return "the models have different tiers, or in another order";
    return a->n == b->n ? NULL : "the models read different records";
}

static bool decide_all(pair *x, const compare_options *o, unsigned k)
{
    tierce_policy policy = tierce_policy_default(x->h[k].router);
    if (o->point && tierce_point_policy(x->h[k].router, o->point, &policy) != TIERCE_OK) {
        fprintf(stderr, "tierce compare: model %s has no operating point \"%.60s\" (tierce tune makes them)\n", letters[k],
                o->point);
        return false;
    }
    if (o->value > 0)
        policy.value_usd = o->value;
    tr_decider *decider = tr_decider_new(&x->h[k].d, &x->h[k].p);
    x->tier[k] = tr_new(x->b[k].n, 1);
    for (uint32_t i = 0; i < x->b[k].n; i++)
        x->tier[k][i] = (uint8_t)tr_decide(decider, x->b[k].record[i], &policy, NULL);
    tr_decider_free(decider);
    return true;
}

/* ---- figures ---- */

enum { F_SCORE, F_COST, F_APGR, F_BRIER, F_SHARE, F_COUNT };

static double cell(const tr_bench *b, const double *of, uint32_t i, uint32_t t)
{
    return of[(size_t)b->record[i] * b->d->n_tiers + t];
}

static double figure(const pair *x, unsigned k, int which, const uint32_t *resample)
{
    const tr_bench *b = &x->b[k];
    const uint32_t last = b->d->n_tiers - 1;
    double sum = 0;
    if (which == F_APGR)
        return tr_judge_two(b, 0, last, resample, false).apgr;
    for (uint32_t j = 0; j < b->n; j++) {
        const uint32_t i = resample ? resample[j] : j, t = x->tier[k][i];
        if (which == F_SCORE)
            sum += cell(b, b->d->score, i, t);
        else if (which == F_COST)
            sum += 1000 * cell(b, b->d->cost, i, t);
        else if (which == F_SHARE)
            sum += t == last;
        for (uint32_t u = 0; which == F_BRIER && u <= last; u++) {
            const double e = cell(b, b->p->p, i, u) - cell(b, b->d->score, i, u);
            sum += e * e / (last + 1);
        }
    }
    return sum / b->n;
}

typedef struct {
    const pair *x;
    int which;
} difference;

static double change(const tr_bench *b, const uint32_t *resample, void *context)
{
    const difference *d = context;
    (void)b;
    return figure(d->x, 1, d->which, resample) - figure(d->x, 0, d->which, resample);
}

/* Prints a row; returns 1 when B is better with confidence, -1 worse, 0 neither. good: which way is better. */
static int row(const pair *x, const compare_options *o, const char *name, int which, int good)
{
    difference d = {x, which};
    const uint32_t rounds = which == F_APGR && o->resamples > 300 ? 300 : (uint32_t)o->resamples;
    const tr_interval i = tr_bootstrap(&x->b[0], change, &d, rounds, o->seed + (uint64_t)which);
    const double a = figure(x, 0, which, NULL), b = figure(x, 1, which, NULL);
    const int sure = isnan(i.low) ? 0 : i.low > 0 ? good : i.high < 0 ? -good : 0;
    printf("  %-26s %10.4f %10.4f %+10.4f [%+.4f, %+.4f]%s\n", name, a, b, b - a, i.low, i.high,
           !good || !sure ? "" : sure > 0 ? "  better" : "  WORSE");
    return sure;
}

/* ---- changes ---- */

static void print_changes(const pair *x)
{
    const tr_bench *b = &x->b[0];
    const uint32_t tiers = b->d->n_tiers;
    uint32_t changed = 0;
    for (uint32_t i = 0; i < b->n; i++)
        changed += x->tier[0][i] != x->tier[1][i];
    printf("\n%u of %u decisions change (%.1f %%)\n", changed, b->n, 100.0 * changed / b->n);
    for (uint32_t a = 0; a < tiers; a++)
        for (uint32_t z = 0; z < tiers; z++) {
            uint32_t n = 0;
            double gain = 0;
            for (uint32_t i = 0; a != z && i < b->n; i++)
                if (x->tier[0][i] == a && x->tier[1][i] == z) {
                    n++;
                    gain += cell(b, b->d->score, i, z) - cell(b, b->d->score, i, a);
                }
            if (n)
                printf("  %-20.20s -> %-20.20s %7u, score %+.4f each\n", b->d->tiers.tier[a].name,
                       b->d->tiers.tier[z].name, n, gain / n);
        }
}

typedef struct {
    uint32_t i;
    double gain;
} example;

static int by_gain(const void *a, const void *b)
{
    const double x = ((const example *)a)->gain, y = ((const example *)b)->gain;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* The last user text of the records in want[] (places in the dataset), by reading the files again. */
static void load_prompts(const char *const *paths, size_t n_paths, const tr_dataset *d, char **prompt, const bool *want)
{
    td_error error;
    td_record record;
    td_reader *reader = td_reader_open(paths, n_paths, TD_WANT_RECORDS, UINT64_MAX - 1, 0, NULL, NULL);
    uint32_t i = 0;
    while (reader && i < d->n && td_reader_next(reader, &record, &error) > 0) {
        if (strlen(d->id[i]) != record.id.len || memcmp(d->id[i], record.id.data, record.id.len))
            continue; /* a record that was left out */
        const tierce_request *r = record.request;
        for (size_t k = r->n_parts; want[i] && !prompt[i] && k-- > 0;)
            if (r->parts[k].role == TIERCE_ROLE_USER && r->parts[k].kind == TIERCE_PART_TEXT)
                prompt[i] = tr_copy(r->parts[k].text.data, r->parts[k].text.len < 160 ? r->parts[k].text.len : 160);
        i++;
    }
    td_reader_close(reader);
}

static void print_example(const pair *x, const example *e, char *prompt)
{
    const tr_bench *b = &x->b[0];
    const uint32_t a = x->tier[0][e->i], z = x->tier[1][e->i];
    printf("  %+.2f  %-40.40s %s %.2f -> %s %.2f\n", e->gain, b->d->id[b->record[e->i]], b->d->tiers.tier[a].name,
           cell(b, b->d->score, e->i, a), b->d->tiers.tier[z].name, cell(b, b->d->score, e->i, z));
    for (char *c = prompt; c && *c; c++) /* text for a terminal */
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    if (prompt)
        printf("         %s\n", prompt);
}

static void print_examples(const pair *x, const compare_options *o, const char *const *paths, size_t n_paths)
{
    const tr_bench *b = &x->b[0];
    example *e = tr_new(b->n, sizeof *e);
    char **prompt = tr_new(b->d->n, sizeof *prompt);
    bool *want = tr_new(b->d->n, sizeof *want);
    uint32_t n = 0, lost = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const double gain = cell(b, b->d->score, i, x->tier[1][i]) - cell(b, b->d->score, i, x->tier[0][i]);
        if (gain != 0)
            e[n++] = (example){i, gain};
    }
    qsort(e, n, sizeof *e, by_gain);
    for (uint32_t k = 0; k < n; k++)
        want[b->record[e[k].i]] = k < o->examples || n - k <= o->examples;
    if (o->show_prompts && n)
        load_prompts(paths, n_paths, b->d, prompt, want);
    printf("\nchanged decisions that gained%s\n", n && e[0].gain > 0 ? "" : ": none");
    for (uint32_t k = 0; k < n && k < o->examples && e[k].gain > 0; k++)
        print_example(x, &e[k], prompt[b->record[e[k].i]]);
    printf("changed decisions that lost%s\n", n && e[n - 1].gain < 0 ? "" : ": none");
    for (uint32_t k = n; k-- > 0 && lost < o->examples && e[k].gain < 0; lost++)
        print_example(x, &e[k], prompt[b->record[e[k].i]]);
    for (uint32_t i = 0; i < b->d->n; i++)
        free(prompt[i]);
    free(prompt);
    free(want);
    free(e);
}

/* ---- the command ---- */

static void warn_seen(const pair *x)
{
    for (unsigned k = 0; k < 2; k++)
        if (tr_held_blind(&x->h[k]))
            printf("NOTE: model %s: " TR_BLIND "\n", letters[k]);
        else if (tr_held_overlaps(&x->h[k]))
            printf("WARNING: model %s was trained on about %.0f %% of these records: the comparison favours it\n",
                   letters[k], 100.0 * x->h[k].seen / x->h[k].covered);
}

static int print_all(pair *x, const compare_options *o, char **argv, size_t files)
{
    const bool several = x->h[0].d.n_tiers > 1;
    printf("%u records%s; A %s, B %s\n", x->b[0].n, x->costed ? " with costs" : "", argv[1], argv[2]);
    warn_seen(x);
    printf("\n  %-26s %10s %10s %10s\n", o->point ? o->point : o->value > 0 ? "at this value" : "by probability alone", "A", "B",
           "B - A, 95 %");
    const int score = row(x, o, "score", F_SCORE, 1);
    if (x->costed)
        row(x, o, "USD per 1,000 requests", F_COST, -1);
    if (several) {
        row(x, o, "share to the last tier", F_SHARE, 0);
        row(x, o, "APGR, first to last", F_APGR, 1);
    }
    row(x, o, "Brier", F_BRIER, -1);
    print_changes(x);
    if (o->examples)
        print_examples(x, o, (const char *const *)(argv + 3), files - 2);
    printf("\n%s\n", score > 0   ? "B IS BETTER: it scores more with confidence"
                     : score < 0 ? "B IS WORSE: it scores less with confidence"
                                 : "no certain difference in score");
    return score < 0 || (o->require_better && score <= 0) ? 4 : 0;
}

static int compare(pair *x, const compare_options *o, char **argv, size_t files)
{
    const char *fault = mismatch(x);
    int status = 1;
    if (fault) {
        fprintf(stderr, "tierce compare: %s\n", fault);
        return 1;
    }
    for (unsigned k = 0; k < 2; k++)
        tr_bench_open(&x->b[k], &x->h[k].d, &x->h[k].p, true);
    x->costed = x->b[0].n > 0 && x->b[0].n * 2 >= x->h[0].d.n;
    for (unsigned k = 0; k < 2 && !x->costed; k++) {
        tr_bench_close(&x->b[k]);
        tr_bench_open(&x->b[k], &x->h[k].d, &x->h[k].p, false);
    }
    if (!x->b[0].n)
        fprintf(stderr, "tierce compare: no record has outcomes of all %u tiers\n", x->h[0].d.n_tiers);
    else if (decide_all(x, o, 0) && decide_all(x, o, 1))
        status = print_all(x, o, argv, files);
    for (unsigned k = 0; k < 2; k++) {
        tr_bench_close(&x->b[k]);
        free(x->tier[k]);
    }
    return status;
}

int cmd_compare(int argc, char **argv)
{
    compare_options o = {.resamples = 1000, .examples = 5, .seed = 1};
    pair x = {.costed = false};
    int status;
    const int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    if (files < 3 || (o.point && o.value > 0)) {
        fprintf(stderr, files < 3 ? "tierce compare: name two models and the files with records\n"
                                  : "tierce compare: --point or --value-usd, not both\n");
        return 2;
    }
    for (int i = 3; i <= files; i++)
        if (!strcmp(argv[i], "-")) {
            fprintf(stderr, "tierce compare: records are read twice, so standard input will not do; give a file\n");
            return 2;
        }
    if (!tr_held_open(&x.h[0], "tierce compare", argv[1], (const char *const *)(argv + 3), (size_t)files - 2, o.tiers,
                      o.max_bad, &status))
        return status;
    if (tr_held_open(&x.h[1], "tierce compare", argv[2], (const char *const *)(argv + 3), (size_t)files - 2, o.tiers,
                     o.max_bad, &status)) {
        status = compare(&x, &o, argv, (size_t)files);
        tr_held_close(&x.h[1]);
    }
    tr_held_close(&x.h[0]);
    return status;
}
