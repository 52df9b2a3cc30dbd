#include "train/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

typedef struct {
    uint32_t i, from, to;
} change;

typedef struct {
    uint32_t *first;                    /* decisions at the first lambda, by place in the bench */
    change *change;                     /* from setting k - 1 to k: start[k] .. start[k + 1] */
    size_t start[TR_SWEEP + 1];
    double *weight;                     /* room for a resample */
} sweep;

static size_t cell(const tr_bench *b, uint32_t i, uint32_t t)
{
    return (size_t)b->record[i] * b->d->n_tiers + t;
}

static void open(sweep *s, const tr_bench *b)
{
    double mean[TD_MAX_TIERS], low = HUGE_VAL, high = 0;
    size_t room = 0, n = 0;
    memset(s, 0, sizeof *s);
    for (uint32_t t = 0; t < b->d->n_tiers; t++) {
        mean[t] = tr_fixed(b, t).cost;
        low = fmin(low, mean[t]);
        high = fmax(high, mean[t]);
    }
    uint32_t *now = tr_new(b->n, sizeof *now);
    s->first = tr_new(b->n, sizeof *s->first);
    s->weight = tr_new(b->n, sizeof *s->weight);
    for (int k = 0; k < TR_SWEEP; k++) {
        s->start[k] = n;
        for (uint32_t i = 0; i < b->n; i++) {
            const uint32_t t = tr_frontier_decide(b, i, tr_frontier_lambda(k, high - low), mean);
            if (k && t != now[i]) {
                s->change = tr_grow(s->change, &room, n + 1, sizeof *s->change);
                s->change[n++] = (change){i, now[i], t};
            }
            now[i] = t;
            if (!k)
                s->first[i] = t;
        }
    }
    s->start[TR_SWEEP] = n;
    free(now);
}

/* Spend and score of every setting on a weighted sample; then of every fixed tier. */
static void fill_points(const sweep *s, const tr_bench *b, tr_point *points)
{
    tr_point p = {0, 0};
    for (uint32_t i = 0; i < b->n; i++) {
        p.cost += s->weight[i] / b->n * b->d->cost[cell(b, i, s->first[i])];
        p.score += s->weight[i] / b->n * b->d->score[cell(b, i, s->first[i])];
    }
    points[0] = p;
    for (int k = 1; k < TR_SWEEP; k++) {
        for (size_t c = s->start[k]; c < s->start[k + 1]; c++) {
            const change *x = &s->change[c];
            const double w = s->weight[x->i] / b->n;
            p.cost += w * (b->d->cost[cell(b, x->i, x->to)] - b->d->cost[cell(b, x->i, x->from)]);
            p.score += w * (b->d->score[cell(b, x->i, x->to)] - b->d->score[cell(b, x->i, x->from)]);
        }
        points[k] = p;
    }
    for (uint32_t t = 0; t < b->d->n_tiers; t++) {
        tr_point f = {0, 0};
        for (uint32_t i = 0; i < b->n; i++) {
            f.cost += s->weight[i] / b->n * b->d->cost[cell(b, i, t)];
            f.score += s->weight[i] / b->n * b->d->score[cell(b, i, t)];
        }
        points[TR_SWEEP + t] = f;
    }
}

static tr_frontier weigh(const sweep *s, const tr_bench *b)
{
    const uint32_t tiers = b->d->n_tiers;
    tr_point points[TR_SWEEP + TD_MAX_TIERS], fixed[TD_MAX_TIERS] = {{0, 0}};
    double low = HUGE_VAL, high = 0, least = HUGE_VAL;
    uint32_t best = 0;
    fill_points(s, b, points);
    memcpy(fixed, points + TR_SWEEP, tiers * sizeof *fixed);
    for (uint32_t t = 0; t < tiers; t++) {
        low = fmin(low, fixed[t].cost);
        high = fmax(high, fixed[t].cost);
        if (fixed[t].score > fixed[best].score ||
            (fixed[t].score == fixed[best].score && fixed[t].cost < fixed[best].cost))
            best = t;
    }
    for (int k = 0; k < TR_SWEEP; k++) /* sums that are updated carry rounding */
        if (points[k].score >= fixed[best].score - 1e-9)
            least = fmin(least, points[k].cost);
    tr_frontier f = {.saving = least < HUGE_VAL && fixed[best].cost > 0 ? 1 - least / fixed[best].cost : (double)NAN};
    f.aiq = tr_hull_area(points, TR_SWEEP + tiers, low, high);
    f.mix = tr_hull_area(fixed, tiers, low, high);
    return f;
}

typedef struct {
    sweep s;
    bool saving; /* the statistic: the saving, else the gain */
} statistic;

static double of_resample(const tr_bench *b, const uint32_t *resample, void *context)
{
    statistic *x = context;
    memset(x->s.weight, 0, b->n * sizeof *x->s.weight);
    for (uint32_t i = 0; i < b->n; i++)
        x->s.weight[resample[i]]++;
    const tr_frontier f = weigh(&x->s, b);
    return x->saving ? f.saving : f.aiq - f.mix;
}

tr_swept tr_sweep(const tr_bench *costed, uint32_t rounds, uint64_t seed)
{
    statistic x = {.saving = false};
    tr_swept r = {.value = tr_judge_frontier(costed, NULL, NULL)};
    open(&x.s, costed);
    r.gain = tr_bootstrap(costed, of_resample, &x, rounds, seed + 10);
    x.saving = true;
    r.saving = tr_bootstrap(costed, of_resample, &x, rounds, seed + 11);
    free(x.s.first);
    free(x.s.change);
    free(x.s.weight);
    return r;
}
