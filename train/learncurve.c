#include "train/learncurve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

static const uint32_t eighths[TR_CURVE_STEPS] = {1, 2, 4, 8};

typedef struct {
    const tr_bench *half, *whole;
} doubling;

static size_t cell(const tr_bench *b, uint32_t i, uint32_t t)
{
    return (size_t)b->record[i] * b->d->n_tiers + t;
}

/* Squared error of a record, mean over tiers. */
static double brier_of(const tr_bench *b, uint32_t i)
{
    double sum = 0;
    for (uint32_t t = 0; t < b->d->n_tiers; t++) {
        const double e = b->p->p[cell(b, i, t)] - b->d->score[cell(b, i, t)];
        sum += e * e / b->d->n_tiers;
    }
    return sum;
}

static double apgr_change(const tr_bench *b, const uint32_t *resample, void *context)
{
    const doubling *x = context;
    const uint32_t last = b->d->n_tiers - 1;
    return tr_judge_two(x->whole, 0, last, resample, false).apgr - tr_judge_two(x->half, 0, last, resample, false).apgr;
}

static double brier_fall(const tr_bench *b, const uint32_t *resample, void *context)
{
    const doubling *x = context;
    double sum = 0;
    for (uint32_t k = 0; k < b->n; k++) {
        const uint32_t i = resample ? resample[k] : k;
        sum += brier_of(x->half, i) - brier_of(x->whole, i);
    }
    return sum / b->n;
}

static tr_curve_step judge_step(const tr_bench *b, const tr_bench *costed, double share, double records)
{
    tr_curve_step s = {.share = share, .records = records * share, .gain = (double)NAN};
    for (uint32_t i = 0; i < b->n; i++)
        s.brier += brier_of(b, i) / b->n;
    s.apgr = tr_judge_two(b, 0, b->d->n_tiers - 1, NULL, false).apgr;
    if (costed->n) {
        const tr_frontier f = tr_judge_frontier(costed, NULL, NULL);
        s.gain = f.aiq - f.mix;
    }
    return s;
}

/* ---- by source ---- */

typedef struct {
    uint32_t source, n;
    double fall, error;
} source_fall;

static int by_fall(const void *a, const void *b)
{
    const double x = ((const source_fall *)a)->fall, y = ((const source_fall *)b)->fall;
    return x < y ? 1 : x > y ? -1 : 0;
}

#define MIN_SOURCE 50
#define SHOWN 5

/* Where the last doubling lowered the squared error most. */
static void print_sources(const tr_bench *half, const tr_bench *whole)
{
    const tr_dataset *d = whole->d;
    source_fall *s = tr_new(d->n_sources, sizeof *s);
    uint32_t shown = 0;
    for (uint32_t k = 0; k < d->n_sources; k++) {
        double sum = 0, squares = 0;
        s[k].source = k;
        for (uint32_t i = 0; i < whole->n; i++) {
            if (d->source[whole->record[i]] != k)
                continue;
            const double fall = brier_of(half, i) - brier_of(whole, i);
            s[k].n++;
            sum += fall;
            squares += fall * fall;
        }
        if (s[k].n < MIN_SOURCE)
            continue;
        s[k].fall = sum / s[k].n;
        s[k].error = 1.96 * sqrt(fmax(0, squares / s[k].n - s[k].fall * s[k].fall) / s[k].n);
    }
    qsort(s, d->n_sources, sizeof *s, by_fall);
    for (uint32_t k = 0; k < d->n_sources && shown < SHOWN && s[k].fall > s[k].error; k++, shown++)
        printf("%s    %-40.40s %6u records, squared error fell %.4f [%.4f, %.4f]\n",
               shown ? "" : "  sources whose own labels paid most in the last doubling (label more of these first):\n",
               d->source_name[s[k].source][0] ? d->source_name[s[k].source] : "(none)", s[k].n, s[k].fall,
               s[k].fall - s[k].error, s[k].fall + s[k].error);
    if (!shown)
        printf("  no single source of %u records or more gained clearly in the last doubling\n", MIN_SOURCE);
    free(s);
}

/* ---- the whole ---- */

static void print_curve(const tr_learning *l, bool costed)
{
    printf("\nlearning curve: the same folds fitted on parts of their training records\n");
    printf("  %8s %9s %9s %9s%s\n", "part", "records", "APGR", "Brier", costed ? "  above mix" : "");
    for (unsigned k = 0; k < TR_CURVE_STEPS; k++) {
        const tr_curve_step *s = &l->step[k];
        printf("  %8.3f %9.0f %9.4f %9.4f", s->share, s->records, s->apgr, s->brier);
        isnan(s->gain) ? printf("\n") : printf("    %+.4f\n", s->gain);
    }
    const tr_curve_step *half = &l->step[TR_CURVE_STEPS - 2], *whole = &l->step[TR_CURVE_STEPS - 1];
    printf("  the last doubling: APGR %+.4f", whole->apgr - half->apgr);
    if (!isnan(l->apgr.low))
        printf(" [%+.4f, %+.4f]", l->apgr.low, l->apgr.high);
    printf(", Brier %+.5f", whole->brier - half->brier);
    if (!isnan(l->brier.low))
        printf(" [%+.5f, %+.5f]", -l->brier.high, -l->brier.low);
    printf("\n");
    if (isnan(l->apgr.low))
        return;
    /* routing is what labels are bought for: only its own interval may say that they pay */
    if (l->apgr.low > 0)
        printf("  MORE LABELS PAY: the last doubling made routing better (the interval of APGR lies above 0)\n");
    else if (l->apgr.high < 0)
        printf("  more labels of the same kind do harm: the last doubling made routing worse (the interval of APGR lies below 0)\n");
    else if (l->brier.low > 0)
        printf("  more labels sharpen the estimates (the interval of Brier lies below 0), but whether routing gains is not "
               "certain (that of APGR holds 0)\n");
    else
        printf("  not certain that more labels of the same kind pay: the intervals of the last doubling hold 0\n");
}

bool tr_learning_curve(const tr_dataset *d, const uint32_t *fold, uint32_t n_folds, const tr_options *o,
                       const tr_predictions *whole, bool costed, uint32_t jobs, uint32_t resamples,
                       uint64_t seed, bool quiet)
{
    tr_predictions parts[TR_CURVE_STEPS];
    tr_bench bench[TR_CURVE_STEPS], priced[TR_CURVE_STEPS];
    tr_learning l;
    const double training = (double)d->n * (n_folds - 1) / n_folds;
    uint32_t done = 0;
    bool good = true;
    for (unsigned k = 0; k + 1 < TR_CURVE_STEPS && good; k++) {
        tr_options part = *o;
        part.eighths = eighths[k];
        part.keep_float = false;
        good = tr_predict_folds(d, fold, n_folds, &part, jobs, quiet, &parts[k]);
        done++;
    }
    parts[TR_CURVE_STEPS - 1] = *whole;
    for (unsigned k = 0; k < TR_CURVE_STEPS && good; k++) {
        tr_bench_open(&bench[k], d, &parts[k], false);
        tr_bench_open(&priced[k], d, &parts[k], true);
        if (!costed)
            priced[k].n = 0;
        l.step[k] = judge_step(&bench[k], &priced[k], eighths[k] / 8.0, training);
    }
    if (good) {
        doubling x = {&bench[TR_CURVE_STEPS - 2], &bench[TR_CURVE_STEPS - 1]};
        l.apgr = tr_bootstrap(x.whole, apgr_change, &x, resamples, seed + 20);
        l.brier = tr_bootstrap(x.whole, brier_fall, &x, resamples, seed + 21);
        print_curve(&l, costed);
        if (d->n_sources > 1)
            print_sources(x.half, x.whole);
    }
    for (unsigned k = 0; k < TR_CURVE_STEPS && good; k++) {
        tr_bench_close(&bench[k]);
        tr_bench_close(&priced[k]);
    }
    for (uint32_t k = 0; k < done; k++)
        tr_predictions_free(&parts[k]);
    return good;
}
