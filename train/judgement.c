#include "train/judgement.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

static size_t cell(const tr_bench *b, uint32_t i, uint32_t t)
{
    return (size_t)b->record[i] * b->d->n_tiers + t;
}

void tr_bench_open(tr_bench *b, const tr_dataset *d, const tr_predictions *p, bool only_costed)
{
    memset(b, 0, sizeof *b);
    b->d = d;
    b->p = p;
    b->record = tr_new(d->n, sizeof *b->record);
    b->costed = true;
    for (uint32_t i = 0; i < d->n; i++) {
        bool whole = true, costed = true;
        for (uint32_t t = 0; t < d->n_tiers; t++) {
            whole = whole && !isnan(tr_score(d, i, t));
            costed = costed && !isnan(d->cost[(size_t)i * d->n_tiers + t]);
        }
        if (!whole || (only_costed && !costed))
            continue;
        b->record[b->n++] = i;
        b->costed = b->costed && costed;
    }
    if (!b->n)
        b->costed = false;
}

void tr_bench_close(tr_bench *b)
{
    free(b->record);
}

tr_mean tr_fixed(const tr_bench *b, uint32_t tier)
{
    tr_mean m = {0, 0};
    for (uint32_t i = 0; i < b->n; i++) {
        m.score += b->d->score[cell(b, i, tier)] / b->n;
        m.cost += b->d->cost[cell(b, i, tier)] / b->n;
    }
    return m;
}

tr_mean tr_oracle(const tr_bench *b)
{
    tr_mean m = {0, 0};
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t best = 0;
        for (uint32_t t = 1; t < b->d->n_tiers; t++) {
            const double a = b->d->score[cell(b, i, t)], z = b->d->score[cell(b, i, best)];
            const bool cheaper = b->costed && b->d->cost[cell(b, i, t)] < b->d->cost[cell(b, i, best)];
            if (a > z || (a == z && cheaper))
                best = t;
        }
        m.score += b->d->score[cell(b, i, best)] / b->n;
        m.cost += b->d->cost[cell(b, i, best)] / b->n;
    }
    return m;
}

/* ---- two tiers ---- */

tr_two tr_judge_two(const tr_bench *b, uint32_t cheap, uint32_t strong, const uint32_t *resample,
                    bool with_float)
{
    const double *p = with_float ? b->p->p_float : b->p->p;
    tr_pair *pairs = tr_new(b->n, sizeof *pairs);
    uint32_t *source = tr_new(b->n, sizeof *source);
    for (uint32_t k = 0; k < b->n; k++) {
        const uint32_t i = resample ? resample[k] : k;
        pairs[k].gain = p[cell(b, i, strong)] - p[cell(b, i, cheap)];
        pairs[k].cheap = b->d->score[cell(b, i, cheap)];
        pairs[k].strong = b->d->score[cell(b, i, strong)];
        source[k] = b->d->source[b->record[i]];
    }
    tr_two two = {.lift = tr_lift(pairs, source, b->n, b->d->n_sources)};
    const tr_curve c = tr_curve_of(pairs, b->n);
    two.apgr = c.apgr;
    two.cpt50 = c.cpt50;
    two.cpt80 = c.cpt80;
    free(pairs);
    free(source);
    return two;
}

/* ---- the frontier ---- */

static double expected_cost(const tr_bench *b, uint32_t i, uint32_t t, const double *mean)
{
    const double cost = b->p->cost[cell(b, i, t)];
    return cost >= 0 ? cost : mean[t];
}

uint32_t tr_frontier_decide(const tr_bench *b, uint32_t i, double lambda, const double *mean)
{
    uint32_t best = 0;
    double best_value = -HUGE_VAL;
    for (uint32_t t = 0; t < b->d->n_tiers; t++) {
        const double cost = expected_cost(b, i, t, mean);
        const double value = b->p->p[cell(b, i, t)] - lambda * cost;
        if (value > best_value || (value == best_value && cost < expected_cost(b, i, best, mean))) {
            best = t;
            best_value = value;
        }
    }
    return best;
}

static tr_point walk(const tr_bench *b, const uint32_t *resample, double lambda, const double *mean)
{
    tr_point p = {0, 0};
    for (uint32_t k = 0; k < b->n; k++) {
        const uint32_t i = resample ? resample[k] : k, t = tr_frontier_decide(b, i, lambda, mean);
        p.cost += b->d->cost[cell(b, i, t)] / b->n;
        p.score += b->d->score[cell(b, i, t)] / b->n;
    }
    return p;
}

double tr_frontier_lambda(int k, double range)
{
    return pow(10, (k - 60) / 12.0) / (range > 1e-12 ? range : 1e-12) * 0.1;
}

tr_frontier tr_judge_frontier(const tr_bench *b, const uint32_t *resample, tr_point *curve)
{
    const uint32_t tiers = b->d->n_tiers;
    double mean[TD_MAX_TIERS] = {0}, low = HUGE_VAL, high = 0, least = HUGE_VAL;
    tr_point fixed[TD_MAX_TIERS] = {{0, 0}}, points[TR_SWEEP + TD_MAX_TIERS];
    uint32_t best = 0;
    for (uint32_t t = 0; t < tiers; t++) {
        for (uint32_t k = 0; k < b->n; k++) {
            const uint32_t i = resample ? resample[k] : k;
            fixed[t].cost += b->d->cost[cell(b, i, t)] / b->n;
            fixed[t].score += b->d->score[cell(b, i, t)] / b->n;
        }
        mean[t] = fixed[t].cost;
        low = mean[t] < low ? mean[t] : low;
        high = mean[t] > high ? mean[t] : high;
        if (fixed[t].score > fixed[best].score ||
            (fixed[t].score == fixed[best].score && fixed[t].cost < fixed[best].cost))
            best = t;
    }
    const double goal = fixed[best].score;
    for (int k = 0; k < TR_SWEEP; k++) {
        points[k] = walk(b, resample, tr_frontier_lambda(k, high - low), mean);
        if (curve)
            curve[k] = points[k];
        if (points[k].score >= goal && points[k].cost < least)
            least = points[k].cost;
    }
    memcpy(points + TR_SWEEP, fixed, tiers * sizeof *fixed);
    tr_frontier f = {.saving = isinf(least) ? (double)NAN : 1 - least / mean[best]};
    f.aiq = tr_hull_area(points, TR_SWEEP + tiers, low, high);
    f.mix = tr_hull_area(fixed, tiers, low, high);
    return f;
}

/* ---- calibration, intervals ---- */

tr_reliability tr_judge_reliability(const tr_bench *b)
{
    const uint32_t tiers = b->d->n_tiers;
    const size_t n = (size_t)b->n * tiers;
    double *p = tr_new(n, sizeof *p), *y = tr_new(n, sizeof *y);
    for (uint32_t i = 0; i < b->n; i++)
        for (uint32_t t = 0; t < tiers; t++) {
            p[(size_t)i * tiers + t] = b->p->p[cell(b, i, t)];
            y[(size_t)i * tiers + t] = b->d->score[cell(b, i, t)];
        }
    const tr_reliability r = tr_reliability_of(p, y, n);
    free(p);
    free(y);
    return r;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

tr_interval tr_bootstrap(const tr_bench *b, tr_statistic f, void *context, uint32_t rounds, uint64_t seed)
{
    uint32_t *resample = tr_new(b->n, sizeof *resample), good = 0;
    double *values = tr_new(rounds, sizeof *values);
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    tr_interval interval = {(double)NAN, (double)NAN};
    for (uint32_t r = 0; r < rounds && b->n; r++) {
        for (uint32_t i = 0; i < b->n; i++)
            resample[i] = (uint32_t)((tr_random(&state) >> 32) % b->n);
        values[good] = f(b, resample, context);
        good += isnan(values[good]) ? 0 : 1;
    }
    if (good >= 20 && good > rounds / 2) {
        qsort(values, good, sizeof *values, by_value);
        interval.low = values[good / 40];
        interval.high = values[good - 1 - good / 40];
    }
    free(resample);
    free(values);
    return interval;
}
