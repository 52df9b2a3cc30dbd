#include "train/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define Z_LEAST 1.645
#define KEPT 0.95
#define LEAST_SAVING 0.01 /* against the reference: less is not worth a router */

typedef struct {
    const tr_family *f;
    const tr_goal *goal;
    tr_sums *sums; /* room for every member */
    double z;
    bool anew; /* the best tier is chosen on every sample: for what is promised. Whether a goal holds is asked of the
                  tier that it names. */
} chooser;

uint32_t tr_best_fixed(const tr_bench *b, bool costed)
{
    uint32_t best = 0;
    for (uint32_t t = 1; t < b->d->n_tiers; t++) {
        const tr_mean m = tr_fixed(b, t), o = tr_fixed(b, best);
        if (m.score > o.score || (costed && m.score == o.score && m.cost < o.cost))
            best = t;
    }
    return best;
}

/* ---- choosing ---- */

static double standard_error(double sum, double squares, double n)
{
    const double mean = sum / n, variance = squares / n - mean * mean;
    return variance > 0 ? sqrt(variance / n) : 0;
}

/* By how much the goal holds, z standard errors taken off; the goal's own units. */
static double slack(const tr_goal *g, const tr_sums *s, double z)
{
    const double share = s->share / s->n;
    switch (g->kind) {
    case TR_GOAL_KEEP:
        return s->d / s->n - z * standard_error(s->d, s->d2, s->n);
    case TR_GOAL_COST:
        return g->amount - s->spend / s->n - z * standard_error(s->spend, s->spend2, s->n);
    case TR_GOAL_SHARE:
        return g->amount - share - z * sqrt(share * (1 - share) / s->n);
    case TR_GOAL_VALUE:
        break;
    }
    return 0;
}

/* KEEP wants the least spend, the others the highest score; then the other of the two; of equals a fixed
 * tier, which needs no router. Sums carry the rounding of their updates. */
static bool preferred(const tr_goal *g, const tr_sums *a, const tr_sums *b, bool fixed)
{
    const double spend = b->spend - a->spend, score = a->score - b->score;
    const double first = g->kind == TR_GOAL_KEEP ? spend : score, second = g->kind == TR_GOAL_KEEP ? score : spend;
    const double tiny = 1e-9 * (fabs(b->spend) + fabs(b->score));
    if (fabs(first) > tiny)
        return first > 0;
    return fabs(second) > tiny ? second > 0 : fixed;
}

/* The best member whose goal holds on the sample, or UINT32_MAX; a tr_choice. */
static uint32_t choose(void *context, const uint32_t *weight, uint32_t *reference)
{
    const chooser *c = context;
    const tr_family *f = c->f;
    const tr_goal *g = c->goal;
    uint32_t best = UINT32_MAX;
    double limit = HUGE_VAL;
    *reference = g->best && c->anew && weight ? tr_family_best(f, weight) : g->tier;
    tr_family_sums(f, weight, *reference, g->kind == TR_GOAL_KEEP ? g->amount : 1, g->tier, c->sums);
    for (uint32_t k = 0; g->kind == TR_GOAL_KEEP && k < f->n; k++)
        if (f->fixed[k] == *reference)
            limit = c->sums[k].spend * (1 - LEAST_SAVING);
    for (uint32_t k = 0; k < f->n; k++) {
        const tr_sums *s = &c->sums[k];
        if (slack(g, s, c->z) < 0 || (g->kind == TR_GOAL_KEEP && !(s->spend < limit)))
            continue;
        if (best == UINT32_MAX || preferred(g, s, &c->sums[best], f->fixed[k] != UINT32_MAX))
            best = k;
    }
    return best;
}

/* Part of the choices on resamples that keep the goal on the records themselves; of those that chose: refusing breaks
 * no promise, but keeps none either. */
static double part_kept(chooser *c, uint32_t rounds, uint64_t seed)
{
    const tr_family *f = c->f;
    const uint32_t n = f->b->n;
    uint32_t *weight = tr_new(n, sizeof *weight), kept = 0, chose = 0, reference;
    tr_sums *world = tr_new(f->n, sizeof *world);
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    tr_family_sums(f, NULL, c->goal->tier, c->goal->kind == TR_GOAL_KEEP ? c->goal->amount : 1, c->goal->tier, world);
    for (uint32_t r = 0; r < rounds; r++) {
        tr_draw(&state, weight, n, n);
        const uint32_t k = choose(c, weight, &reference);
        chose += k != UINT32_MAX;
        kept += k != UINT32_MAX && slack(c->goal, &world[k], 0) >= -1e-12; /* sums carry rounding */
    }
    free(weight);
    free(world);
    return chose ? (double)kept / chose : 0;
}

static void promise(chooser *c, uint32_t member, uint32_t rounds, uint32_t batch, uint64_t seed, tr_tuned *out)
{
    tr_promise p[TR_FIGURES];
    c->anew = true;
    tr_promise_all(c->f, choose, c, member, c->goal->tier, rounds, batch, seed, p);
    out->score = p[0];
    out->ratio = p[1];
    out->spend = p[2];
    out->saving = p[3];
    out->mix_gain = p[4];
    memcpy(out->share, p + TR_HEAD, c->f->b->d->n_tiers * sizeof *out->share);
}

/* ---- the nearest goal ---- */

static uint32_t settle(chooser *c, uint32_t rounds, uint64_t seed, tr_tuned *out)
{
    static const double margins[] = {Z_LEAST, 1.75, 1.85, 1.96, 2.1, 2.25, 2.4, 2.6, 2.8, 3.1};
    uint32_t member = UINT32_MAX, reference;
    for (size_t m = 0; m < sizeof margins / sizeof *margins; m++) {
        out->z = c->z = c->goal->kind == TR_GOAL_VALUE ? 0 : margins[m];
        member = choose(c, NULL, &reference);
        out->kept = member == UINT32_MAX ? 0 : part_kept(c, rounds, seed);
        if (member == UINT32_MAX || out->kept >= KEPT)
            break;
    }
    return out->kept >= KEPT ? member : UINT32_MAX;
}

static double nearest_at(chooser *c, const tr_goal *goal)
{
    tr_goal g = *goal;
    double low = 0, high = goal->amount, least = HUGE_VAL;
    uint32_t reference;
    if (g.kind == TR_GOAL_COST) {
        choose(c, NULL, &reference); /* fills the sums */
        for (uint32_t k = 0; k < c->f->n; k++)
            least = fmin(least, g.amount - slack(&g, &c->sums[k], c->z));
        return ceil(least * 1e6) / 1e6; /* a thousandth of a dollar per thousand requests */
    }
    c->goal = &g;
    for (int step = 0; step < 30; step++) {
        g.amount = (low + high) / 2;
        if (choose(c, NULL, &reference) == UINT32_MAX)
            high = g.amount;
        else
            low = g.amount;
    }
    c->goal = goal;
    return floor(low * 1000) / 1000;
}

/* The amount nearest to the goal that would not be refused; NaN when there is none worth naming. */
static double nearest(chooser *c, const tr_goal *goal, uint32_t rounds, uint64_t seed)
{
    tr_tuned ignored;
    tr_goal g = *goal;
    double found = (double)NAN;
    for (int attempt = 0; attempt < 12; attempt++) {
        c->z = Z_LEAST;
        if (!attempt)
            g.amount = nearest_at(c, goal);
        else
            g.amount += g.kind == TR_GOAL_KEEP ? -0.003 : 0.02 * g.amount;
        c->goal = &g;
        if (!(g.amount > 0))
            break;
        if (settle(c, rounds, seed, &ignored) != UINT32_MAX) {
            found = g.amount;
            break;
        }
    }
    c->goal = goal;
    return found;
}

static tr_knob knob_of(const tr_goal *goal, bool costed)
{
    if (goal->kind == TR_GOAL_VALUE)
        return TR_KNOB_NONE;
    if (goal->kind == TR_GOAL_SHARE)
        return TR_KNOB_TIER;
    return costed ? TR_KNOB_VALUE : TR_KNOB_LADDER;
}

void tr_tune(const tr_bench *b, bool costed, const tr_goal *goal, const tierce_policy *base,
             uint32_t rounds, uint32_t batch, uint64_t seed, tr_tuned *out)
{
    tr_family f;
    memset(out, 0, sizeof *out);
    tr_family_open(&f, b, costed, knob_of(goal, costed), goal->tier, base);
    chooser c = {&f, goal, tr_new(f.n, sizeof(tr_sums)), 0, false};
    const uint32_t member = settle(&c, rounds, seed, out);
    out->reached = member != UINT32_MAX;
    if (out->reached) {
        out->policy = f.policy[member];
        out->fixed = f.fixed[member];
        promise(&c, member, rounds, batch, seed, out);
    } else {
        out->nearest = nearest(&c, goal, rounds, seed);
    }
    free(c.sums);
    tr_family_close(&f);
}
