/* tierce eval: what routing is worth on records that the fit never saw. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text_out.h"
#include "infer/router_state.h"
#include "train/commands.h"
#include "train/eval_report.h"
#include "train/finish.h"
#include "train/memory.h"
#include "train/tuning.h"

typedef struct {
    tr_tuning tuning;
    const char *model, *predictions, *curve;
    uint64_t folds, jobs, resamples;
    bool by_source, with_float, quiet;
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
     "write {\"id\", \"p\": {tier: ...}, \"cost\": {tier: ...}} a record"},
    {"curve", 0, TD_STRING, offsetof(eval_options, curve), 0, 0, "FILE",
     "write the cost-quality (or share-quality) curve as tab-separated numbers"},
    {"float", 0, TD_FLAG, offsetof(eval_options, with_float), 0, 0, NULL,
     "also judge the float weights before pruning and int8"},
    {"jobs", 'j', TD_COUNT, offsetof(eval_options, jobs), 1, 256, "N", "folds fitted at a time (default 1)"},
    {"resamples", 0, TD_COUNT, offsetof(eval_options, resamples), 0, 100000, "N",
     "bootstrap rounds for the intervals (default 200; 0: none)"},
    {"quiet", 'q', TD_FLAG, offsetof(eval_options, quiet), 0, 0, NULL, "no progress"},
};

static const td_command command = {
    "tierce eval [OPTION...] --tiers A,B[,C...] RECORDS...",
    "Refits the whole pipeline per fold and judges it on the records of that fold, beside every fixed\n"
    "tier, a cost-matched random mix and the oracle. With --model, judges a finished model.",
    options, sizeof options / sizeof *options,
    "exit status: 0 judged, 1 could not, 2 wrong usage"};

static bool write_file(const char *path, const td_out *out, const char *what)
{
    FILE *f = strcmp(path, "-") ? fopen(path, "wb") : stdout;
    bool good = f && !out->failed && fwrite(out->at, 1, out->len, f) == out->len;
    if (f && (f == stdout ? fflush(f) : fclose(f)))
        good = false;
    if (!good)
        fprintf(stderr, "tierce eval: %s: cannot write the %s: %s\n", path, what, strerror(errno));
    return good;
}

static void put_tiers(td_out *out, const tr_dataset *d, const double *value, bool known_only)
{
    char number[40];
    bool first = true;
    td_puts(out, "{");
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        if (known_only && value[t] < 0)
            continue;
        td_puts(out, first ? "" : ", ");
        td_put_json(out, d->tiers.tier[t].name, strlen(d->tiers.tier[t].name));
        snprintf(number, sizeof number, ": %.9g", value[t]);
        td_puts(out, number);
        first = false;
    }
    td_puts(out, "}");
}

static bool write_predictions(const char *path, const tr_dataset *d, const tr_predictions *p)
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
        put_tiers(&out, d, p->p + (size_t)i * d->n_tiers, false);
        if (all) {
            td_puts(&out, ", \"cost\": ");
            put_tiers(&out, d, cost, true);
        }
        td_puts(&out, "}\n");
    }
    const bool good = write_file(path, &out, "predictions");
    free(out.at);
    return good;
}

/* ---- judging ---- */

static int judge(const eval_options *o, const tr_dataset *d, const tr_predictions *p)
{
    tr_bench b, costed;
    int status = 0;
    tr_bench_open(&b, d, p, false);
    tr_bench_open(&costed, d, p, true);
    if (o->predictions && !write_predictions(o->predictions, d, p))
        status = 1;
    if (!b.n) {
        fprintf(stderr, "tierce eval: no record has outcomes of all %u tiers, so they cannot be compared\n",
                d->n_tiers);
        status = 1;
    } else {
        td_out curve = {0};
        tr_print_evaluation(&b, costed.n && costed.n * 2 >= b.n ? &costed : NULL, (uint32_t)o->resamples, o->tuning.seed, o->by_source && !o->model,
                            o->curve ? &curve : NULL);
        if (o->curve && !write_file(o->curve, &curve, "curve"))
            status = 1;
        free(curve.at);
    }
    if (fflush(stdout)) {
        fprintf(stderr, "tierce eval: cannot write the output: %s\n", strerror(errno));
        status = 1;
    }
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
    if (o->by_source)
        printf("%u records, one of %u sources held out at a time\n", d->n, n);
    else
        printf("%u records, %u folds by crc32(id)\n", d->n, n);
    if (tr_predict_folds(d, fold, n, fit, (uint32_t)o->jobs, o->quiet, &p)) {
        status = judge(o, d, &p);
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
    return fflush(stdout) ? 1 : status;
}

/* ---- a finished model ---- */

static bool same_tiers(const tm_model *m, const tr_dataset *d)
{
    if (m->n_tiers != d->n_tiers)
        return false;
    for (uint32_t t = 0; t < d->n_tiers; t++)
        if (strcmp(m->tiers[t].name, d->tiers.tier[t].name))
            return false;
    return true;
}

/* The model's tiers as a list, for reading the records' outcomes by name. */
static char *tier_list(const tm_model *m)
{
    td_out out = {0};
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        td_puts(&out, t ? "," : "");
        td_puts(&out, m->tiers[t].name);
    }
    td_put(&out, "", 1);
    return out.at;
}

static void warn_seen(const tm_model *m, const tr_dataset *d)
{
    uint32_t covered, seen;
    tr_count_seen(m, d, &covered, &seen);
    if (covered && seen * 20 > covered)
        printf("WARNING: about %.0f %% of these records were in the model's training data: what follows flatters it.\n"
               "         Judge it on other records, or the pipeline on folds (leave --model out).\n",
               100.0 * seen / covered);
}

static int eval_model(const eval_options *o, const char *const *paths, size_t n)
{
    tierce_error fault;
    tierce_router *router;
    td_error error;
    tr_dataset d;
    tr_predictions p;
    if (tierce_router_open_file(&router, o->model, NULL, &fault) != TIERCE_OK) {
        fprintf(stderr, "tierce eval: %s: %s\n", o->model, fault.message);
        return 1;
    }
    const tm_model *m = tierce_router_model(router);
    char *names = o->tuning.tiers ? NULL : tier_list(m);
    int status = 1;
    if (!tr_dataset_load(&d, paths, n, names ? names : o->tuning.tiers, &m->spec, o->tuning.max_bad, &error)) {
        fprintf(stderr, "tierce eval: %s\n", error.text);
    } else if (!same_tiers(m, &d)) {
        fprintf(stderr, "tierce eval: --tiers must name the model's tiers in its order (see tierce inspect)\n");
        tr_dataset_free(&d);
        status = 2;
    } else {
        printf("%u records, judged by %s\n", d.n, o->model);
        warn_seen(m, &d);
        tr_predict_model(&d, m, &p);
        status = judge(o, &d, &p);
        tr_predictions_free(&p);
        tr_dataset_free(&d);
    }
    free(names);
    tierce_router_close(router);
    return status;
}

int cmd_eval(int argc, char **argv)
{
    eval_options o = {.folds = 5, .jobs = 1, .resamples = 200};
    tr_options fit;
    tf_spec spec;
    tr_dataset d;
    td_error error;
    tr_tuning_default(&o.tuning);
    const int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    if (!files || (!o.tuning.tiers && !o.model)) {
        fprintf(stderr, !files ? "tierce eval: name the files with records (- is standard input)\n"
                               : "tierce eval: --tiers A,B says which outcomes to compare, cheap to strong\n");
        return 2;
    }
    if (!tr_tuning_apply(&o.tuning, &fit, &spec))
        return 2;
    const char *const *paths = (const char *const *)(argv + 1);
    if (o.model)
        return eval_model(&o, paths, (size_t)files);
    if (!tr_dataset_load(&d, paths, (size_t)files, o.tuning.tiers, &spec, o.tuning.max_bad, &error)) {
        fprintf(stderr, "tierce eval: %s\n", error.text);
        return 1;
    }
    const int status = eval_folds(&o, &d, &fit);
    tr_dataset_free(&d);
    return status;
}
