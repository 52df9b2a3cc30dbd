/* tierce eval: what routing is worth on records that the fit never saw. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text_out.h"
#include "data/writer.h"
#include "train/commands.h"
#include "train/eval_report.h"
#include "train/eval_tables.h"
#include "train/heldout.h"
#include "train/learncurve.h"
#include "train/memory.h"
#include "train/offpolicy.h"
#include "train/page.h"
#include "train/points.h"
#include "train/shuffle.h"
#include "train/tuning.h"

typedef struct {
    tr_tuning tuning;
    const char *model, *predictions, *curve, *report;
    uint64_t folds, jobs, resamples, shuffles;
    double require_gain, usd_core_hour; /* require_gain: p, NaN the default, negative: not asked for */
    bool by_source, with_float, quiet, learning, show_prompts;
    const char *command; /* as it was typed */
    const char *const *paths;
    size_t n_paths;
} eval_options;

static const td_option options[] = {
    TR_TUNING_OPTIONS(eval_options, tuning),
    {"folds", 'k', TD_COUNT, offsetof(eval_options, folds), 2, 1000, "K",
     "refit K times; fold of a record: crc32(id) mod K (default 5)"},
    {"by-source", 0, TD_FLAG, offsetof(eval_options, by_source), 0, 0, NULL,
     "hold out one source at a time: requests of a kind never seen"},
    {"model", 'm', TD_STRING, offsetof(eval_options, model), 0, 0, "FILE",
     "judge this finished model instead of refitting"},
    {"predictions", 0, TD_STRING, offsetof(eval_options, predictions), 0, 0, "FILE",
     "write {\"id\", \"p\": {tier: ...}, \"cost\": {tier: ...}} a record; with --report all digits"},
    {"curve", 0, TD_STRING, offsetof(eval_options, curve), 0, 0, "FILE",
     "write the cost-quality (or share-quality) curve as tab-separated numbers"},
    {"report", 0, TD_STRING, offsetof(eval_options, report), 0, 0, "FILE.html",
     "write all of it as one self-contained page, with pictures (gnuplot) and explanations"},
    {"show-prompts", 0, TD_FLAG, offsetof(eval_options, show_prompts), 0, 0, NULL,
     "with --report: the head of the prompts of the worst mistakes"},
    {"float", 0, TD_FLAG, offsetof(eval_options, with_float), 0, 0, NULL,
     "also judge the float weights before pruning and int8"},
    {"jobs", 'j', TD_COUNT, offsetof(eval_options, jobs), 1, 256, "N", "folds fitted at a time (default 1)"},
    {"resamples", 0, TD_COUNT, offsetof(eval_options, resamples), 0, 100000, "N",
     "bootstrap rounds for the intervals (default 200; 0: none)"},
    {"shuffles", 0, TD_COUNT, offsetof(eval_options, shuffles), 0, 1000000, "N",
     "shuffles of the router's own decisions for the recommendation (default 999; 0: none)"},
    {"require-gain", 0, TD_MAYBE, offsetof(eval_options, require_gain), 1e-6, 0.5, "P",
     "exit 4 unless routing is recommended, at p <= P (default 0.01)"},
    {"learning-curve", 0, TD_FLAG, offsetof(eval_options, learning), 0, 0, NULL,
     "also fit on 1/8, 1/4, 1/2 of each fold: is more data worth labelling?"},
    {"usd-core-hour", 0, TD_NUMBER, offsetof(eval_options, usd_core_hour), 0, 1000, "USD",
     "price of a CPU core for the router's own cost (default 0.05)"},
    {"quiet", 'q', TD_FLAG, offsetof(eval_options, quiet), 0, 0, NULL, "no progress"},
};

static const td_command command = {
    "tierce eval [OPTION...] --tiers A,B[,C...] RECORDS...",
    "Refits the whole pipeline per fold and judges it on the records of that fold, beside every fixed\n"
    "tier, a cost-matched random mix and the oracle. With --model, judges a finished model.",
    options, sizeof options / sizeof *options,
    "exit status: 0 judged (with --require-gain: routing is recommended), 1 could not, 2 wrong usage,\n"
    "4 with --require-gain: routing is not recommended"};

#define REQUIRED_P 0.01
#define MAX_POINTS 64

/* What is judged. */
typedef struct {
    const tr_dataset *d;
    const tr_predictions *p;
    const tm_model *model; /* NULL: folds */
    const tierce_router *router; /* the model's */
    bool seen;             /* it was trained on some of the records */
    const tr_named_policy *points;
    uint32_t n_points;
    const uint32_t *fold; /* of the folds, for the learning curve */
    uint32_t n_folds;
    const tr_options *fit;
} subject;

static bool write_file(const char *path, const td_out *out, const char *what)
{
    td_error error = {"out of memory"};
    fflush(stdout); /* should the file be the same, what stands there comes first */
    const bool good = !out->failed && td_write_file(path, out->at, out->len, &error);
    if (!good)
        fprintf(stderr, "tierce eval: cannot write the %s: %s\n", what, error.text);
    return good;
}

/* exact: all digits, so that the report's figures can be computed again from the file. */
static void put_tiers(td_out *out, const tr_dataset *d, const double *value, bool known_only, bool exact)
{
    char number[40];
    bool first = true;
    td_puts(out, "{");
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        if (known_only && value[t] < 0)
            continue;
        td_puts(out, first ? "" : ", ");
        td_put_json(out, d->tiers.tier[t].name, strlen(d->tiers.tier[t].name));
        snprintf(number, sizeof number, exact ? ": %.17g" : ": %.9g", value[t]);
        td_puts(out, number);
        first = false;
    }
    td_puts(out, "}");
}

static void put_parts(td_out *out, const tr_dataset *d, const tr_predictions *p, uint32_t i)
{
    static const char *const name[TR_PARTS] = {"level", "general", "familiar"};
    td_puts(out, ", \"parts\": {");
    for (unsigned k = 0; k < TR_PARTS; k++) {
        td_puts(out, k ? ", " : "");
        td_put_json(out, name[k], strlen(name[k]));
        td_puts(out, ": ");
        put_tiers(out, d, p->part[k] + (size_t)i * d->n_tiers, false, true);
    }
    td_puts(out, "}");
}

static bool write_predictions(const char *path, const tr_dataset *d, const tr_predictions *p, bool exact)
{
    td_out out = {0};
    for (uint32_t i = 0; i < d->n; i++) {
        const double *cost = p->cost + (size_t)i * d->n_tiers;
        bool all = true;
        for (uint32_t t = 0; t < d->n_tiers; t++)
            all = all && cost[t] >= 0;
        td_puts(&out, "{\"id\": ");
        td_put_json(&out, d->id[i], strlen(d->id[i]));
        td_puts(&out, ", \"p\": ");
        put_tiers(&out, d, p->p + (size_t)i * d->n_tiers, false, exact);
        if (all) {
            td_puts(&out, ", \"cost\": ");
            put_tiers(&out, d, cost, true, exact);
        }
        if (exact)
            put_parts(&out, d, p, i);
        td_puts(&out, "}\n");
    }
    const bool good = write_file(path, &out, "predictions");
    free(out.at);
    return good;
}

/* Before hours of folds: can the files be written, and is none of them read, or the other one? */
static bool outputs_spare(const eval_options *o, const char *const *paths, size_t n)
{
    td_error error;
    const char *const others[] = {o->model, o->tuning.tiers};
    const char *const names[] = {"--predictions", "--curve", "--report"};
    const char *const outputs[] = {o->predictions, o->curve, o->report};
    for (size_t i = 0; i < 3; i++) {
        if (!td_writer_spares(outputs[i], paths, n, &error) || !td_writer_spares(outputs[i], others, 2, &error)) {
            fprintf(stderr, "tierce eval: %s\n", error.text);
            return false;
        }
        for (size_t k = 0; k < i; k++)
            if (outputs[i] && outputs[k] && !strcmp(outputs[i], outputs[k])) {
                fprintf(stderr, "tierce eval: %s and %s name one file; give each its own\n", names[k], names[i]);
                return false;
            }
    }
    return true;
}

/* ---- judging ---- */

static void print_points(const eval_options *o, const subject *s, const tr_bench *b, const tr_bench *costed)
{
    if (!s->n_points)
        return;
    printf("\noperating points on these records\n");
    for (uint32_t i = 0; i < s->n_points; i++) {
        const tr_bench *on = costed ? costed : b;
        const tr_judged j = tr_judge_policy(on, costed != NULL, &s->points[i].policy, (uint32_t)o->resamples,
                                            o->tuning.seed + i);
        tr_print_judged(on, costed != NULL, s->points[i].name, s->model->points[i].goal, &j);
    }
}

/* Does the evaluation recommend routing? Prints so. */
static tr_verdict recommend(const eval_options *o, const tr_bench *b, bool costed, bool unseen)
{
    const double limit = o->require_gain > 0 ? o->require_gain : REQUIRED_P;
    char text[600];
    const tr_verdict v = tr_recommend(b, costed, limit, (uint32_t)o->shuffles, o->tuning.seed, unseen);
    printf("\nthe router's decisions dealt at random, %u times (same shares at every setting)\n",
           (uint32_t)o->shuffles);
    printf("  AIQ above the best random mix: router %+.4f; shuffled %+.4f on average, 95 %% below %+.4f; p = %.4f\n",
           v.shuffled.gain, v.shuffled.null_mean, v.shuffled.null_95, v.shuffled.p);
    if (v.within.rounds)
        printf("  dealt within sources only:     router %+.4f; shuffled %+.4f on average, 95 %% below %+.4f; p = %.4f\n",
               v.within.gain, v.within.null_mean, v.within.null_95, v.within.p);
    tr_verdict_text(b, costed, &v, text, sizeof text);
    printf("RECOMMENDATION: %s\n", text);
    if (!unseen && v.within.rounds && v.within.p > limit && v.shuffled.p <= limit)
        printf("  what was shown is knowing which source a request is of; nothing beyond that (see --by-source)\n");
    return v;
}

static bool write_report(const eval_options *o, const subject *s, const tr_bench *b, const tr_bench *costed,
                         const tr_verdict *verdict)
{
    td_error error;
    const tr_page page = {.b = b, .costed = costed, .verdict = verdict, .router = s->router, .model = s->model,
                          .points = s->points, .n_points = s->n_points, .fold = s->fold, .n_folds = s->n_folds,
                          .resamples = (uint32_t)o->resamples, .seed = o->tuning.seed, .paths = o->paths,
                          .n_paths = o->n_paths, .command = o->command, .by_source = o->by_source,
                          .show_prompts = o->show_prompts, .seen = s->seen};
    if (tr_page_write(o->report, &page, &error))
        return true;
    fprintf(stderr, "tierce eval: %s\n", error.text);
    return false;
}

/* Everything that wants all outcomes of a record. */
static int judge_whole(const eval_options *o, const subject *s, const tr_bench *b, const tr_bench *costed)
{
    td_out curve = {0};
    int status = 0;
    const bool unseen = o->by_source && !s->model, several = s->d->n_tiers > 1;
    tr_print_evaluation(b, costed, (uint32_t)o->resamples, o->tuning.seed, unseen, o->curve ? &curve : NULL);
    if (o->curve && !write_file(o->curve, &curve, "curve"))
        status = 1;
    free(curve.at);
    tr_print_bins(b);
    if (several)
        tr_print_rescues(b);
    const tr_own_cost own = tr_router_cost(b, costed, o->usd_core_hour);
    tr_print_own_cost(&own, o->usd_core_hour);
    print_points(o, s, b, costed);
    if (o->learning && several &&
        !tr_learning_curve(s->d, s->fold, s->n_folds, s->fit, s->p, costed != NULL, (uint32_t)o->jobs,
                           (uint32_t)o->resamples, o->tuning.seed, o->quiet))
        status = 1;
    if (!several) {
        if (o->require_gain < 0)
            return status;
        fprintf(stderr, "tierce eval: one tier: there is nothing to route, so --require-gain is not met\n");
        return status ? status : 4;
    }
    if (!o->shuffles)
        return status;
    const tr_verdict v = recommend(o, costed ? costed : b, costed != NULL, unseen);
    if (o->report && !write_report(o, s, b, costed, &v))
        status = 1;
    return status || v.route || o->require_gain < 0 ? status : 4;
}

static int judge(const eval_options *o, const subject *s)
{
    tr_bench b, costed;
    int status = 0;
    tr_bench_open(&b, s->d, s->p, false);
    tr_bench_open(&costed, s->d, s->p, true);
    if (b.n)
        status = judge_whole(o, s, &b, costed.n && costed.n * 2 >= b.n ? &costed : NULL);
    if (s->d->logged)
        tr_print_off_policy(s->d, s->p, s->points, s->n_points);
    if (!b.n && s->d->logged) {
        printf("no record has outcomes of all %u tiers: what needs them (curves, fixed tiers, the recommendation) is "
               "left out\n", s->d->n_tiers);
        status = o->require_gain < 0 ? 0 : 4;
    } else if (!b.n) {
        fprintf(stderr, "tierce eval: no record has outcomes of all %u tiers, so they cannot be compared\n",
                s->d->n_tiers);
        status = 1;
    }
    if (o->report && (!b.n || s->d->n_tiers < 2)) {
        fprintf(stderr, "tierce eval: %s: no report is written: it compares tiers, on records that have outcomes of all of "
                        "them, two at least\n", o->report);
        status = 1;
    }
    if (o->predictions && !write_predictions(o->predictions, s->d, s->p, o->report != NULL))
        status = 1;
    tr_bench_close(&b);
    tr_bench_close(&costed);
    return status;
}

/* Every fold must leave enough to fit and calibrate on. */
#define MIN_FIT 20

static bool enough_to_fit(const tr_dataset *d, const uint32_t *fold, uint32_t n, bool by_source)
{
    uint32_t *held = tr_new(n, sizeof *held), worst = 0;
    for (uint32_t i = 0; i < d->n; i++)
        held[fold[i]]++;
    for (uint32_t f = 1; f < n; f++)
        worst = held[f] > held[worst] ? f : worst;
    const uint32_t left = d->n - held[worst];
    free(held);
    if (left >= MIN_FIT)
        return true;
    if (by_source)
        fprintf(stderr, "tierce eval: without source \"%.100s\" only %u records are left to fit on; bring %u at least\n",
                d->source_name[worst], left, MIN_FIT);
    else
        fprintf(stderr, "tierce eval: without fold %u only %u of %u records are left to fit on; bring %u at least\n", worst,
                left, d->n, MIN_FIT);
    return false;
}

static int eval_folds(const eval_options *o, const tr_dataset *d, tr_options *fit)
{
    tr_predictions p;
    uint32_t *fold = tr_new(d->n, sizeof *fold);
    const uint32_t n = o->by_source ? d->n_sources : (uint32_t)o->folds;
    int status = 1;
    if (o->by_source && n < 2) {
        fprintf(stderr, "tierce eval: --by-source needs records of two sources at least\n");
        free(fold);
        return 1;
    }
    for (uint32_t i = 0; i < d->n; i++)
        fold[i] = o->by_source ? d->source[i] : d->crc[i] % n;
    if (!enough_to_fit(d, fold, n, o->by_source)) {
        free(fold);
        return 1;
    }
    fit->keep_float = o->with_float;
    fit->keep_models = o->report != NULL;
    if (o->by_source)
        printf("%u records, one of %u source%s held out at a time\n", d->n, n, td_s(n));
    else
        printf("%u records, %u folds by crc32(id)\n", d->n, n);
    if (tr_predict_folds(d, fold, n, fit, (uint32_t)o->jobs, o->quiet, &p)) {
        const subject what = {.d = d, .p = &p, .fold = fold, .n_folds = n, .fit = fit};
        status = judge(o, &what);
        double cpu = 0, known = 0;
        uint64_t bytes = 0;
        for (uint32_t f = 0; f < n; f++) {
            cpu += p.train_cpu_s[f];
            bytes = p.bytes[f] > bytes ? p.bytes[f] : bytes;
        }
        for (uint32_t i = 0; i < d->n; i++)
            known += p.known[i] / d->n;
        printf("mean familiarity of held-out records %.2f; %.1f s of CPU a fit; largest model %llu bytes\n",
               known, cpu / n, (unsigned long long)bytes);
    }
    tr_predictions_free(&p);
    free(fold);
    return status;
}

/* ---- a finished model ---- */

static void warn_seen(const tr_held *h)
{
    if (tr_held_blind(h))
        printf("NOTE: " TR_BLIND ":\n      if it was, what follows flatters it.\n");
    if (h->covered && h->seen * 20 > h->covered)
        printf("WARNING: about %.0f %% of these records were in the model's training data: what follows flatters it.\n"
               "         Judge it on other records, or the pipeline on folds (leave --model out).\n",
               100.0 * h->seen / h->covered);
}

/* The model's operating points as policies; returns how many. */
static uint32_t list_points(const tierce_router *router, tr_named_policy *points)
{
    uint32_t n = tierce_point_count(router);
    n = n > MAX_POINTS ? MAX_POINTS : n;
    for (uint32_t i = 0; i < n; i++) {
        points[i].name = tierce_point_name(router, i);
        points[i].policy = tierce_policy_default(router);
        tierce_point_policy(router, points[i].name, &points[i].policy);
    }
    return n;
}

static int eval_model(const eval_options *o, const char *const *paths, size_t n)
{
    tr_named_policy points[MAX_POINTS];
    tr_held h;
    int status;
    if (!tr_held_open(&h, "tierce eval", o->model, paths, n, o->tuning.tiers, o->tuning.max_bad, &status))
        return status;
    printf("%u records, judged by %s\n", h.d.n, o->model);
    warn_seen(&h);
    const subject what = {.d = &h.d, .p = &h.p, .model = h.model, .router = h.router,
                          .seen = tr_held_overlaps(&h), .points = points,
                          .n_points = list_points(h.router, points)};
    status = judge(o, &what);
    tr_held_close(&h);
    return status;
}

/* The command line for people: words with anything unusual in them in quotes. Never freed. */
static char *command_line(int argc, char **argv)
{
    td_out out = {0};
    td_puts(&out, "tierce");
    for (int k = 0; k < argc; k++) {
        const bool plain = argv[k][0] && !argv[k][strspn(argv[k], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=+@%")];
        td_puts(&out, plain ? " " : " '");
        td_puts(&out, argv[k]);
        td_puts(&out, plain ? "" : "'");
    }
    td_put(&out, "", 1);
    return out.at;
}

/* After the command line: what it asks for can be done? 2 if not. */
static int check_options(const eval_options *o)
{
    if (!o->n_paths || (!o->tuning.tiers && !o->model))
        fprintf(stderr, !o->n_paths ? "tierce eval: name the files with records (- is standard input)\n"
                                    : "tierce eval: --tiers A,B says which outcomes to compare, cheap to strong\n");
    else if (o->learning && o->model)
        fprintf(stderr, "tierce eval: --learning-curve refits, so it cannot judge a finished --model\n");
    else if (o->model && (o->by_source || o->with_float || o->tuning.size))
        fprintf(stderr, "tierce eval: %s refits, so it cannot judge a finished --model\n",
                o->by_source ? "--by-source" : o->with_float ? "--float" : "--size");
    else if (!(o->require_gain < 0) && !o->shuffles)
        fprintf(stderr, "tierce eval: --require-gain needs --shuffles\n");
    else if (o->show_prompts && !o->report)
        fprintf(stderr, "tierce eval: --show-prompts goes with --report\n");
    else if (o->report && !o->shuffles)
        fprintf(stderr, "tierce eval: --report needs --shuffles: its verdict rests on them\n");
    else
        return 0;
    return 2;
}

static int run(const eval_options *o)
{
    tr_options fit;
    tf_spec spec;
    tr_dataset d;
    td_error error;
    if (check_options(o) || !tr_tuning_apply(&o->tuning, &fit, &spec))
        return 2;
    if (o->report && !td_writer_check(o->report, &error)) { /* before the long work */
        fprintf(stderr, "tierce eval: %s\n", error.text);
        return 1;
    }
    if (!outputs_spare(o, o->paths, o->n_paths))
        return 1;
    if (o->model)
        return eval_model(o, o->paths, o->n_paths);
    if (!tr_dataset_load(&d, o->paths, o->n_paths, o->tuning.tiers, &spec, o->tuning.max_bad, &error)) {
        fprintf(stderr, "tierce eval: %s\n", error.text);
        return 1;
    }
    const int status = eval_folds(o, &d, &fit);
    tr_dataset_free(&d);
    return status;
}

int cmd_eval(int argc, char **argv)
{
    eval_options o = {.folds = 5, .jobs = 1, .resamples = 200, .shuffles = 999, .require_gain = -1,
                      .usd_core_hour = 0.05};
    tr_tuning_default(&o.tuning);
    char *typed = command_line(argc, argv);
    o.command = typed;
    const int files = td_parse_options(&command, argc, argv, &o);
    o.paths = (const char *const *)(argv + 1);
    o.n_paths = files > 0 ? (size_t)files : 0;
    const int status = files < 0 ? (files == -2 ? 0 : 2) : run(&o);
    free(typed);
    return status;
}
