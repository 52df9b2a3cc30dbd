#include "train/family.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define STEPS 241

static size_t cell(const tr_bench *b, uint32_t i, uint32_t t)
{
    return (size_t)b->record[i] * b->d->n_tiers + t;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void fill_spend(tr_family *f)
{
    const tr_bench *b = f->b;
    const uint32_t tiers = b->d->n_tiers;
    f->spend = tr_new((size_t)b->n * tiers, sizeof *f->spend);
    for (uint32_t i = 0; i < b->n; i++)
        for (uint32_t t = 0; t < tiers; t++)
            f->spend[(size_t)i * tiers + t] =
                f->costed ? b->d->cost[cell(b, i, t)] : tiers > 1 ? (double)t / (tiers - 1) : 0;
}

/* ---- the knob's positions ---- */

static tierce_policy *add(tr_family *f, const tierce_policy *base, uint32_t fixed)
{
    f->policy[f->n] = *base;
    f->fixed[f->n] = fixed;
    return &f->policy[f->n++];
}

/* From a value at which every cost matters more than any success to one at which none matters. */
static void add_values(tr_family *f, const tierce_policy *base)
{
    const tr_bench *b = f->b;
    double least = HUGE_VAL, most = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        double low = HUGE_VAL, high = 0;
        for (uint32_t t = 0; t < b->d->n_tiers; t++) {
            const double c = b->p->cost[cell(b, i, t)];
            low = c < low ? c : low;
            high = c > high ? c : high;
        }
        if (high > low && high - low < least)
            least = high - low;
        most = high > most ? high : most;
    }
    if (!(least < HUGE_VAL) || !(most > 0))
        least = most = 1;
    const double from = log(least / 10), to = log(most * 1000);
    for (uint32_t k = 0; k < STEPS; k++)
        add(f, base, UINT32_MAX)->value_usd = exp(from + (to - from) * k / (STEPS - 1));
    add(f, base, UINT32_MAX)->value_usd = 0;
}

/* Charges at which the records change over, one in a STEPS-th of them at a time. */
static void add_charges(tr_family *f, const tierce_policy *base, tr_knob knob, uint32_t tier)
{
    const tr_bench *b = f->b;
    const uint32_t tiers = b->d->n_tiers;
    double *gain = tr_new(b->n, sizeof *gain);
    for (uint32_t i = 0; i < b->n; i++) {
        const double *p = b->p->p + cell(b, i, 0), *c = b->p->cost + cell(b, i, 0);
        double best = -HUGE_VAL;
        for (uint32_t t = 0; t < tiers; t++) {
            if (knob == TR_KNOB_TIER ? t == tier : t == tiers - 1)
                continue;
            const double u = p[t] - (base->value_usd > 0 && c[t] >= 0 ? c[t] / base->value_usd : 0);
            best = u > best && (knob == TR_KNOB_TIER || !t) ? u : best;
        }
        const uint32_t of = knob == TR_KNOB_TIER ? tier : tiers - 1;
        gain[i] = p[of] - (base->value_usd > 0 && c[of] >= 0 ? c[of] / base->value_usd : 0) - best;
    }
    qsort(gain, b->n, sizeof *gain, by_value);
    for (uint32_t k = 0; k < STEPS; k++) { /* dear first: from few to many */
        const size_t at = (size_t)(b->n - 1) * (STEPS - 1 - k) / (STEPS - 1);
        /* between two records, so that no decision hangs on a rounding */
        double charge = k && at ? (gain[at] + gain[at - 1]) / 2 : k ? gain[0] - 1e-6 : gain[b->n - 1] + 1e-6;
        charge = charge < -1 ? -1 : charge > 1 ? 1 : charge;
        tierce_policy *p = add(f, base, UINT32_MAX);
        for (uint32_t t = 0; t < tiers; t++)
            p->charge[t] = knob == TR_KNOB_TIER ? (t == tier ? charge : 0)
                                                : charge * t / (tiers > 1 ? tiers - 1 : 1);
    }
    free(gain);
}

/* ---- decisions ---- */

static void decide_all(tr_family *f)
{
    const tr_bench *b = f->b;
    size_t room = 0, changes = 0;
    tr_decider *x = tr_decider_new(b->d, b->p);
    f->tier = tr_new((size_t)f->n * b->n, 1);
    f->start = tr_new((size_t)f->n + 1, sizeof *f->start);
    for (uint32_t k = 0; k < f->n; k++) {
        uint8_t *mine = f->tier + (size_t)k * b->n;
        f->start[k] = changes;
        for (uint32_t i = 0; i < b->n; i++) {
            mine[i] = (uint8_t)tr_decide(x, b->record[i], &f->policy[k], NULL);
            if (!k || mine[i] == (mine - b->n)[i])
                continue;
            f->change = tr_grow(f->change, &room, changes + 1, sizeof *f->change);
            f->change[changes++] = i;
        }
    }
    f->start[f->n] = changes;
    tr_decider_free(x);
}

void tr_family_open(tr_family *f, const tr_bench *b, bool costed, tr_knob knob, uint32_t tier,
                    const tierce_policy *base)
{
    memset(f, 0, sizeof *f);
    f->b = b;
    f->costed = costed;
    f->policy = tr_new(STEPS + 1 + TM_MAX_TIERS, sizeof *f->policy);
    f->fixed = tr_new(STEPS + 1 + TM_MAX_TIERS, sizeof *f->fixed);
    fill_spend(f);
    if (knob == TR_KNOB_VALUE)
        add_values(f, base);
    else if (knob == TR_KNOB_NONE)
        add(f, base, UINT32_MAX);
    else
        add_charges(f, base, knob, tier);
    for (uint32_t t = 0; t < b->d->n_tiers && knob != TR_KNOB_NONE; t++) {
        tierce_policy *p = add(f, base, t);
        p->value_usd = 0;
        p->allowed = (uint64_t)1 << t;
        p->default_tier = t;
    }
    decide_all(f);
}

void tr_family_close(tr_family *f)
{
    free(f->policy);
    free(f->fixed);
    free(f->tier);
    free(f->start);
    free(f->change);
    free(f->spend);
}

/* ---- sums ---- */

typedef struct {
    const tr_family *f;
    const uint32_t *weight;
    uint32_t reference, share_tier;
    double q;
} walk;

static void move(const walk *w, tr_sums *s, uint32_t i, uint32_t t, double sign)
{
    const tr_family *f = w->f;
    const double m = sign * (w->weight ? w->weight[i] : 1);
    const double score = f->b->d->score[cell(f->b, i, t)];
    const double spend = f->spend[(size_t)i * f->b->d->n_tiers + t];
    const double d = score - w->q * f->b->d->score[cell(f->b, i, w->reference)];
    s->score += m * score;
    s->spend += m * spend;
    s->spend2 += m * spend * spend;
    s->d += m * d;
    s->d2 += m * d * d;
    s->share += t == w->share_tier ? m : 0;
}

void tr_family_sums(const tr_family *f, const uint32_t *weight, uint32_t reference, double q,
                    uint32_t share_tier, tr_sums *sums)
{
    const walk w = {f, weight, reference, share_tier, q};
    const uint32_t n = f->b->n;
    tr_sums s = {0};
    for (uint32_t i = 0; i < n; i++)
        s.n += weight ? weight[i] : 1;
    for (uint32_t i = 0; i < n; i++)
        move(&w, &s, i, f->tier[i], 1);
    sums[0] = s;
    for (uint32_t k = 1; k < f->n; k++) {
        for (size_t c = f->start[k]; c < f->start[k + 1]; c++) {
            const uint32_t i = f->change[c];
            move(&w, &s, i, f->tier[(size_t)(k - 1) * n + i], -1);
            move(&w, &s, i, f->tier[(size_t)k * n + i], 1);
        }
        sums[k] = s;
    }
}

tr_figures tr_family_figures(const tr_family *f, const uint32_t *weight, uint32_t member,
                             uint32_t reference)
{
    const tr_bench *b = f->b;
    const uint32_t tiers = b->d->n_tiers;
    const uint8_t *tier = f->tier + (size_t)member * b->n;
    double n = 0, score[TM_MAX_TIERS] = {0}, spent = 0;
    tr_figures g = {0};
    for (uint32_t i = 0; i < b->n; i++) {
        const double m = weight ? weight[i] : 1;
        n += m;
        for (uint32_t t = 0; t < tiers; t++)
            score[t] += m * b->d->score[cell(b, i, t)];
        g.score += m * b->d->score[cell(b, i, tier[i])];
        g.spend += m * f->spend[(size_t)i * tiers + tier[i]];
        spent += m * f->spend[(size_t)i * tiers + reference];
        g.share[tier[i]] += m;
    }
    g.ratio = score[reference] > 0 ? g.score / score[reference] : (double)NAN;
    g.saving = spent > 0 ? 1 - g.spend / spent : (double)NAN;
    g.score /= n;
    g.spend /= n;
    g.mix_gain = g.score;
    for (uint32_t t = 0; t < tiers; t++) {
        g.share[t] /= n;
        g.mix_gain -= g.share[t] * score[t] / n;
    }
    return g;
}

/* ---- errors ---- */

typedef struct {
    const tr_family *f;
    const uint8_t *tier;
    uint32_t reference;
    tr_figures g;
    double mean[TM_MAX_TIERS], score, spend; /* means: of every tier's score; of the reference */
} influence_of;

/* How much each figure would move by a record of weight 1 in n, times n. */
static tr_figures influence(const influence_of *x, uint32_t i)
{
    const tr_bench *b = x->f->b;
    const uint32_t tiers = b->d->n_tiers, chosen = x->tier[i];
    const double *score = &b->d->score[cell(b, i, 0)], *spend = &x->f->spend[(size_t)i * tiers];
    tr_figures v = {.score = score[chosen] - x->g.score, .spend = spend[chosen] - x->g.spend};
    v.ratio = x->score > 0 ? (score[chosen] - x->g.ratio * score[x->reference]) / x->score : 0;
    v.saving = x->spend > 0 ? ((1 - x->g.saving) * spend[x->reference] - spend[chosen]) / x->spend : 0;
    v.mix_gain = v.score - x->mean[chosen];
    for (uint32_t t = 0; t < tiers; t++) {
        v.share[t] = (t == chosen) - x->g.share[t];
        v.mix_gain += x->g.share[t] * (2 * x->mean[t] - score[t]);
    }
    return v;
}

static void fill_means(influence_of *x, const uint32_t *weight, double n)
{
    const tr_bench *b = x->f->b;
    const uint32_t tiers = b->d->n_tiers;
    for (uint32_t i = 0; i < b->n; i++) {
        const double m = (weight ? weight[i] : 1) / n;
        for (uint32_t t = 0; t < tiers; t++)
            x->mean[t] += m * b->d->score[cell(b, i, t)];
        x->spend += m * x->f->spend[(size_t)i * tiers + x->reference];
    }
    x->score = x->mean[x->reference];
}

static double error_of(double squares, double unlike, double n)
{
    return sqrt((squares + unlike * unlike) / n / n);
}

tr_figures tr_family_errors(const tr_family *f, const uint32_t *weight, uint32_t member, uint32_t reference)
{
    const tr_bench *b = f->b;
    influence_of x = {.f = f, .tier = f->tier + (size_t)member * b->n, .reference = reference};
    tr_figures s = {0};
    double n = 0;
    x.g = tr_family_figures(f, weight, member, reference);
    for (uint32_t i = 0; i < b->n; i++)
        n += weight ? weight[i] : 1;
    fill_means(&x, weight, n);
    for (uint32_t i = 0; i < b->n; i++) {
        const double m = weight ? weight[i] : 1;
        if (m == 0)
            continue;
        const tr_figures v = influence(&x, i);
        s.score += m * v.score * v.score;
        s.ratio += m * v.ratio * v.ratio;
        s.spend += m * v.spend * v.spend;
        s.saving += m * v.saving * v.saving;
        s.mix_gain += m * v.mix_gain * v.mix_gain;
        for (uint32_t t = 0; t < b->d->n_tiers; t++)
            s.share[t] += m * v.share[t] * v.share[t];
    }
    tr_figures e = {error_of(s.score, 1, n), error_of(s.ratio, x.score > 0 ? 1 / x.score : 1, n),
                    error_of(s.spend, x.spend, n), error_of(s.saving, 1, n), error_of(s.mix_gain, 1, n), {0}};
    for (uint32_t t = 0; t < b->d->n_tiers; t++)
        e.share[t] = error_of(s.share[t], 1, n);
    return e;
}

uint32_t tr_family_best(const tr_family *f, const uint32_t *weight)
{
    const tr_bench *b = f->b;
    const uint32_t tiers = b->d->n_tiers;
    double score[TM_MAX_TIERS] = {0}, spend[TM_MAX_TIERS] = {0};
    uint32_t best = 0;
    for (uint32_t i = 0; i < b->n; i++)
        for (uint32_t t = 0; t < tiers && (!weight || weight[i]); t++) {
            score[t] += (weight ? weight[i] : 1) * b->d->score[cell(b, i, t)];
            spend[t] += (weight ? weight[i] : 1) * f->spend[(size_t)i * tiers + t];
        }
    for (uint32_t t = 1; t < tiers; t++)
        if (score[t] > score[best] || (score[t] == score[best] && spend[t] < spend[best]))
            best = t;
    return best;
}
