#include "train/promise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define LEVEL 0.95
#define LEAST_ROUNDS 40 /* that chose: fewer say nothing of a tail */
#define TOGETHER 4      /* score, ratio, spend, saving: what is promised together */

void tr_draw(uint64_t *state, uint32_t *weight, uint32_t n, uint32_t draws)
{
    memset(weight, 0, n * sizeof *weight);
    for (uint32_t i = 0; i < draws; i++)
        weight[(tr_random(state) >> 32) % n]++;
}

static void flatten(const tr_figures *f, uint32_t tiers, double *to)
{
    const double head[TR_HEAD] = {f->score, f->ratio, f->spend, f->saving, f->mix_gain};
    memcpy(to, head, sizeof head);
    memcpy(to + TR_HEAD, f->share, tiers * sizeof *to);
}

/* ---- rounds ---- */

typedef struct {
    uint32_t rounds, good, width;
    double *error[2]; /* long run, batch; figure by figure, `rounds` each */
} errors;

static void add_round(errors *e, const double *here, const double *world, const double *there, const double *error)
{
    for (uint32_t j = 0; j < e->width; j++) {
        const double *really[2] = {world, there};
        for (unsigned kind = 0; kind < 2; kind++) {
            const double miss = here[j] - really[kind][j];
            e->error[kind][(size_t)j * e->rounds + e->good] = error[j] > 0 && !isnan(miss) ? miss / error[j] : 0;
        }
    }
    e->good++;
}

static void resample(const tr_family *f, tr_choice *choose, void *context, uint32_t batch, uint64_t seed, errors *e)
{
    const uint32_t n = f->b->n, tiers = f->b->d->n_tiers;
    uint32_t *here = tr_new(n, sizeof *here), *there = tr_new(n, sizeof *there);
    uint64_t state = (seed + 77) * 0x9e3779b97f4a7c15u + 1;
    for (uint32_t r = 0; r < e->rounds; r++) {
        double x[3][TR_FIGURES], se[TR_FIGURES];
        uint32_t reference;
        tr_draw(&state, here, n, n);
        tr_draw(&state, there, n, batch);
        const uint32_t k = choose(context, here, &reference);
        if (k == UINT32_MAX)
            continue;
        const uint32_t *samples[3] = {here, NULL, there};
        for (unsigned s = 0; s < 3; s++) {
            const tr_figures g = tr_family_figures(f, samples[s], k, reference);
            flatten(&g, tiers, x[s]);
        }
        const tr_figures error = tr_family_errors(f, here, k, reference);
        flatten(&error, tiers, se);
        add_round(e, x[0], x[1], x[2], se);
    }
    free(here);
    free(there);
}

/* ---- quantiles ---- */

typedef struct {
    double value;
    uint32_t round;
} ranked;

static int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    return x->value < y->value ? -1 : x->value > y->value ? 1 : x->round < y->round ? -1 : x->round > y->round;
}

static int by_depth(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Lowers depth[r] to how many rounds may lie beyond either end of figure j's interval with round r still inside it. */
static void lower_depth(const errors *e, const double *error, ranked *order, uint32_t *depth)
{
    const uint32_t n = e->good;
    for (uint32_t r = 0; r < n; r++)
        order[r] = (ranked){error[r], r};
    qsort(order, n, sizeof *order, by_rank);
    for (uint32_t from = 0, to; from < n; from = to) { /* equal errors are in or out together */
        for (to = from + 1; to < n && !(order[to].value > order[from].value);)
            to++;
        const uint32_t most = to - 1 < n - 1 - from ? to - 1 : n - 1 - from;
        for (uint32_t k = from; k < to; k++)
            depth[order[k].round] = depth[order[k].round] < most ? depth[order[k].round] : most;
    }
}

/* How many rounds to leave beyond either end of each interval so that LEVEL of the rounds lie inside all of those
 * that are promised together. Of n rounds' k-th outermost values, 2 (k + 1) / (n + 1) is outside. */
static uint32_t joint_tail(const errors *e, unsigned kind)
{
    const uint32_t n = e->good, allowed = (uint32_t)((1 - LEVEL) * (n + 1));
    ranked *order = tr_new(n, sizeof *order);
    uint32_t *depth = tr_new(n, sizeof *depth);
    for (uint32_t r = 0; r < n; r++)
        depth[r] = n - 1;
    for (uint32_t j = 0; j < TOGETHER; j++)
        lower_depth(e, e->error[kind] + (size_t)j * e->rounds, order, depth);
    qsort(depth, n, sizeof *depth, by_depth);
    const uint32_t tail = depth[allowed > 2 ? allowed - 2 : 0];
    free(order);
    free(depth);
    return tail < (n - 1) / 2 ? tail : (n - 1) / 2;
}

/* ---- intervals ---- */

/* The range that a figure can be in at all. */
static void clip(uint32_t figure, double *low, double *high)
{
    const bool at_least_0 = figure != 3 && figure != 4; /* savings and gains may be negative */
    const bool at_most_1 = figure == 0 || figure >= TR_HEAD;
    if (at_least_0)
        *low = fmax(0, *low);
    if (at_most_1)
        *high = fmin(1, *high);
}

static void put_intervals(errors *e, const double *value, const double *se, tr_promise *promise)
{
    const uint32_t n = e->good;
    const uint32_t tail[2] = {joint_tail(e, 0), joint_tail(e, 1)};
    for (uint32_t j = 0; j < e->width; j++)
        for (unsigned kind = 0; kind < 2; kind++) {
            double *t = e->error[kind] + (size_t)j * e->rounds;
            qsort(t, n, sizeof *t, by_value);
            double low = value[j] - t[n - 1 - tail[kind]] * se[j], high = value[j] - t[tail[kind]] * se[j];
            clip(j, &low, &high);
            *(kind ? &promise[j].batch_low : &promise[j].low) = low;
            *(kind ? &promise[j].batch_high : &promise[j].high) = high;
        }
}

void tr_promise_all(const tr_family *f, tr_choice *choose, void *context, uint32_t member, uint32_t reference,
                    uint32_t rounds, uint32_t batch, uint64_t seed, tr_promise *promise)
{
    const uint32_t tiers = f->b->d->n_tiers, width = TR_HEAD + tiers;
    const size_t cells = (size_t)rounds * width;
    errors e = {rounds, 0, width, {tr_new(cells, sizeof(double)), tr_new(cells, sizeof(double))}};
    double value[TR_FIGURES], se[TR_FIGURES];
    const tr_figures g = tr_family_figures(f, NULL, member, reference);
    const tr_figures error = tr_family_errors(f, NULL, member, reference);
    flatten(&g, tiers, value);
    flatten(&error, tiers, se);
    for (uint32_t j = 0; j < width; j++)
        promise[j] = (tr_promise){value[j], (double)NAN, (double)NAN, (double)NAN, (double)NAN};
    resample(f, choose, context, batch, seed, &e);
    if (e.good >= LEAST_ROUNDS)
        put_intervals(&e, value, se, promise);
    free(e.error[0]);
    free(e.error[1]);
}
