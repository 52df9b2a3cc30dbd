#include "train/shuffle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"
#include "train/tune.h"

typedef struct {
    const tr_family *f;
    double *score;      /* bench records * tiers */
    tr_point *points;   /* room for members */
    double low, high, mix;
} arena;

/* AIQ gained when decision slot j is dealt to record deal[j] (NULL: to its own). */
static double gained(const arena *a, const uint32_t *deal)
{
    const tr_family *f = a->f;
    const uint32_t n = f->b->n, tiers = f->b->d->n_tiers;
    double score = 0, spend = 0;
    for (uint32_t j = 0; j < n; j++) {
        const size_t at = (size_t)(deal ? deal[j] : j) * tiers + f->tier[j];
        score += a->score[at];
        spend += f->spend[at];
    }
    a->points[0] = (tr_point){spend / n, score / n};
    for (uint32_t k = 1; k < f->n; k++) {
        for (size_t c = f->start[k]; c < f->start[k + 1]; c++) {
            const uint32_t j = f->change[c];
            const size_t row = (size_t)(deal ? deal[j] : j) * tiers;
            const uint8_t from = f->tier[(size_t)(k - 1) * n + j], to = f->tier[(size_t)k * n + j];
            score += a->score[row + to] - a->score[row + from];
            spend += f->spend[row + to] - f->spend[row + from];
        }
        a->points[k] = (tr_point){spend / n, score / n};
    }
    return tr_hull_area(a->points, f->n, a->low, a->high) - a->mix;
}

static void open_arena(arena *a, const tr_family *f)
{
    const uint32_t n = f->b->n, tiers = f->b->d->n_tiers;
    tr_point fixed[TM_MAX_TIERS] = {{0, 0}};
    *a = (arena){.f = f, .low = HUGE_VAL, .high = -HUGE_VAL};
    a->score = tr_new((size_t)n * tiers, sizeof *a->score);
    a->points = tr_new(f->n, sizeof *a->points);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t t = 0; t < tiers; t++) {
            const size_t at = (size_t)i * tiers + t;
            a->score[at] = f->b->d->score[(size_t)f->b->record[i] * tiers + t];
            fixed[t].score += a->score[at] / n;
            fixed[t].cost += f->spend[at] / n;
        }
    for (uint32_t t = 0; t < tiers; t++) {
        a->low = fmin(a->low, fixed[t].cost);
        a->high = fmax(a->high, fixed[t].cost);
    }
    a->mix = tr_hull_area(fixed, tiers, a->low, a->high);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Records of a group stand together in order[]; start[g] .. start[g + 1]. */
static uint32_t *order_by_group(const tr_bench *b, const uint32_t *group, uint32_t n_groups, uint32_t *start)
{
    uint32_t *order = tr_new(b->n, sizeof *order), *next = tr_new((size_t)n_groups + 1, sizeof *next);
    for (uint32_t i = 0; i < b->n; i++)
        start[(group ? group[b->record[i]] : 0) + 1]++;
    for (uint32_t g = 0; g < n_groups; g++)
        start[g + 1] += start[g];
    memcpy(next, start, (n_groups + 1) * sizeof *next);
    for (uint32_t i = 0; i < b->n; i++)
        order[next[group ? group[b->record[i]] : 0]++] = i;
    free(next);
    return order;
}

tr_shuffled tr_shuffle_test(const tr_family *f, const uint32_t *group, uint32_t n_groups, uint32_t rounds,
                            uint64_t seed)
{
    const tr_bench *b = f->b;
    arena a;
    tr_shuffled s = {.rounds = rounds};
    uint64_t state = (seed + 13) * 0x9e3779b97f4a7c15u + 1;
    n_groups = group ? n_groups : 1;
    uint32_t *start = tr_new((size_t)n_groups + 1, sizeof *start), as_good = 0;
    uint32_t *order = order_by_group(b, group, n_groups, start), *deal = tr_new(b->n, sizeof *deal);
    double *null = tr_new(rounds, sizeof *null);
    open_arena(&a, f);
    s.gain = gained(&a, NULL);
    for (uint32_t i = 0; i < b->n; i++)
        deal[i] = i;
    for (uint32_t r = 0; r < rounds; r++) {
        for (uint32_t g = 0; g < n_groups; g++) /* Fisher and Yates, group by group */
            for (uint32_t k = start[g + 1]; k-- > start[g] + 1;) {
                const uint32_t other = start[g] + (uint32_t)((tr_random(&state) >> 32) % (k - start[g] + 1));
                const uint32_t x = deal[order[k]];
                deal[order[k]] = deal[order[other]];
                deal[order[other]] = x;
            }
        null[r] = gained(&a, deal);
        s.null_mean += null[r] / rounds;
        as_good += null[r] >= s.gain - 1e-12;
    }
    qsort(null, rounds, sizeof *null, by_value);
    s.null_95 = rounds ? null[(size_t)(rounds - 1) * 95 / 100] : (double)NAN;
    s.p = (1.0 + as_good) / (1.0 + rounds);
    free(start);
    free(order);
    free(deal);
    free(null);
    free(a.score);
    free(a.points);
    return s;
}

/* ---- the verdict ---- */

/* Paired difference of a tier's score to the best one's, with a normal interval. */
static void compare(const tr_bench *b, uint32_t t, uint32_t best, tr_verdict *v)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const double *s = b->d->score + (size_t)b->record[i] * b->d->n_tiers;
        sum += s[t] - s[best];
        squares += (s[t] - s[best]) * (s[t] - s[best]);
    }
    const double mean = sum / b->n, var = squares / b->n - mean * mean;
    const double e = var > 0 ? 1.96 * sqrt(var / b->n) : 0;
    v->difference = mean;
    v->low = mean - e;
    v->high = mean + e;
}

/* The cheapest tier (the first, without costs) that is not clearly worse than the best. */
static void choose_fixed(const tr_bench *b, bool costed, tr_verdict *v)
{
    double least = HUGE_VAL;
    tr_verdict trial = *v;
    v->best = tr_best_fixed(b, costed);
    for (uint32_t t = 0; t < b->d->n_tiers; t++) {
        const double spend = costed ? tr_fixed(b, t).cost : t;
        compare(b, t, v->best, &trial);
        if (trial.high < 0 || spend >= least)
            continue;
        least = spend;
        v->fixed = t;
    }
    compare(b, v->fixed, v->best, v);
}

/* Costs may be recorded and yet not predicted (too few in training): then no value of a success steers. */
static bool costs_predicted(const tr_bench *b)
{
    for (uint32_t i = 0; i < b->n; i++)
        for (uint32_t t = 0; t < b->d->n_tiers; t++)
            if (!(b->p->cost[(size_t)b->record[i] * b->d->n_tiers + t] >= 0))
                return false;
    return true;
}

tr_verdict tr_recommend(const tr_bench *b, bool costed, double limit, uint32_t rounds, uint64_t seed,
                        bool unseen)
{
    tr_verdict v = {.limit = limit, .unseen = unseen};
    tr_family f;
    tr_decider *x = tr_decider_new(b->d, b->p);
    const tierce_policy base = tr_decider_policy(x);
    tr_decider_free(x);
    choose_fixed(b, costed, &v);
    tr_family_open(&f, b, costed, costed && costs_predicted(b) ? TR_KNOB_VALUE : TR_KNOB_LADDER, 0, &base);
    v.shuffled = tr_shuffle_test(&f, NULL, 1, rounds, seed);
    if (b->d->n_sources > 1)
        v.within = tr_shuffle_test(&f, b->d->source, b->d->n_sources, rounds, seed + 1);
    tr_family_close(&f);
    const tr_shuffled *s = unseen && v.within.rounds ? &v.within : &v.shuffled;
    v.route = s->p <= limit && s->gain > s->null_mean;
    return v;
}

void tr_verdict_text(const tr_bench *b, bool costed, const tr_verdict *v, char *text, size_t room)
{
    const tr_shuffled *s = v->unseen && v->within.rounds ? &v->within : &v->shuffled;
    const char *fixed = b->d->tiers.tier[v->fixed].name, *best = b->d->tiers.tier[v->best].name;
    size_t n;
    if (v->route) {
        snprintf(text, room, "ROUTE: at the same %s the router scores %.4f above the best random mix of the tiers%s; "
                             "its own decisions dealt at random do not get there (p = %.3g, at most %g is asked)",
                 costed ? "cost" : "shares", s->gain, v->unseen ? ", on sources it never saw" : "", s->p, v->limit);
        return;
    }
    snprintf(text, room, "DO NOT ROUTE, send everything to %s: the router scores %+.4f against the best random mix of "
                         "the tiers, and its own decisions dealt at random get there in %.3g %% of cases (p = %.3g, "
                         "at most %g is asked)",
             fixed, s->gain, 100 * s->p, s->p, v->limit);
    n = strlen(text);
    if (v->fixed != v->best)
        snprintf(text + n, room - n, "; %s is %s than %s and its score (%+.4f [%+.4f, %+.4f]) is not clearly lower",
                 fixed, costed ? "cheaper" : "listed as cheaper", best, v->difference, v->low, v->high);
}
