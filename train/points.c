#include "train/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"
#include "train/tune.h"

const char *tr_point_name_fault(const char *name)
{
    const size_t n = strlen(name);
    if (!n || n > 60)
        return "a point's name has 1 to 60 letters";
    if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != n)
        return "a point's name is made of letters, digits, - _ and .";
    return NULL;
}

void tr_point_put(tm_model *m, const char *name, const char *goal, const tierce_policy *policy)
{
    uint32_t at = 0;
    while (at < m->n_points && strcmp(m->points[at].name, name))
        at++;
    if (at == m->n_points) {
        tm_point *wider = tm_arena_alloc(&m->arena, (size_t)m->n_points + 1, sizeof *wider);
        if (m->n_points)
            memcpy(wider, m->points, m->n_points * sizeof *wider);
        m->points = wider;
        m->n_points++;
    }
    tm_point *p = &m->points[at];
    memset(p, 0, sizeof *p);
    p->name = tm_arena_string(&m->arena, name, strlen(name));
    p->goal = tm_arena_string(&m->arena, goal, strlen(goal));
    p->value_usd = policy->value_usd;
    p->min_probability = policy->min_probability;
    p->max_cost_usd = policy->max_cost_usd;
    p->allowed = policy->allowed;
    p->default_tier = policy->default_tier;
    p->min_familiarity = policy->min_familiarity;
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        if (policy->charge[t] == 0)
            continue;
        if (!p->charge)
            p->charge = tm_arena_alloc(&m->arena, m->n_tiers, sizeof *p->charge);
        p->charge[t] = policy->charge[t];
    }
}

/* ---- judging ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static uint32_t count_abstained(const tr_bench *b, const tierce_policy *policy)
{
    uint32_t n = 0;
    for (uint32_t i = 0; policy->min_familiarity > 0 && i < b->n; i++)
        n += b->p->known[b->record[i]] < policy->min_familiarity;
    return n;
}

/* tr_figures is doubles only: intervals are taken number by number. */
#define NUMBERS (sizeof(tr_figures) / sizeof(double))

tr_judged tr_judge_policy(const tr_bench *b, bool costed, const tierce_policy *policy, uint32_t rounds,
                          uint64_t seed)
{
    tr_family f;
    tr_judged j = {.reference = tr_best_fixed(b, costed), .abstained = count_abstained(b, policy)};
    uint64_t state = (seed + 5) * 0x9e3779b97f4a7c15u + 1;
    uint32_t *weight = tr_new(b->n, sizeof *weight);
    double *draws = tr_new((size_t)rounds * NUMBERS, sizeof *draws);
    tr_family_open(&f, b, costed, TR_KNOB_NONE, 0, policy);
    j.value = tr_family_figures(&f, NULL, 0, j.reference);
    j.low = j.high = j.value;
    for (uint32_t r = 0; r < rounds; r++) {
        memset(weight, 0, b->n * sizeof *weight);
        for (uint32_t i = 0; i < b->n; i++)
            weight[(tr_random(&state) >> 32) % b->n]++;
        const tr_figures g = tr_family_figures(&f, weight, 0, j.reference);
        double numbers[NUMBERS];
        memcpy(numbers, &g, sizeof g);
        for (size_t k = 0; k < NUMBERS; k++)
            draws[k * rounds + r] = numbers[k];
    }
    double low[NUMBERS], high[NUMBERS];
    for (size_t k = 0; rounds >= 40 && k < NUMBERS; k++) {
        qsort(draws + k * rounds, rounds, sizeof *draws, by_value);
        low[k] = draws[k * rounds + rounds / 40];
        high[k] = draws[k * rounds + rounds - 1 - rounds / 40];
    }
    if (rounds >= 40) {
        memcpy(&j.low, low, sizeof low);
        memcpy(&j.high, high, sizeof high);
    }
    tr_family_close(&f);
    free(weight);
    free(draws);
    return j;
}

void tr_print_judged(const tr_bench *b, bool costed, const char *name, const char *goal,
                     const tr_judged *j)
{
    printf("  %-12s score %.4f [%.4f, %.4f], %.2f %% of always %s's [%.2f, %.2f]", name, j->value.score,
           j->low.score, j->high.score, 100 * j->value.ratio, b->d->tiers.tier[j->reference].name,
           100 * j->low.ratio, 100 * j->high.ratio);
    if (costed)
        printf("\n               cost $%.4f per 1,000 [%.4f, %.4f], saves %.1f %% [%.1f, %.1f]",
               1000 * j->value.spend, 1000 * j->low.spend, 1000 * j->high.spend, 100 * j->value.saving,
               100 * j->low.saving, 100 * j->high.saving);
    printf("\n               shares");
    for (uint32_t t = 0, shown = 0; t < b->d->n_tiers; t++)
        if (j->high.share[t] > 0)
            printf("%s %s %.1f %% [%.1f, %.1f]", shown++ ? "," : "", b->d->tiers.tier[t].name,
                   100 * j->value.share[t], 100 * j->low.share[t], 100 * j->high.share[t]);
    printf("\n               %+.4f [%+.4f, %+.4f] above a random mix of these shares\n", j->value.mix_gain,
           j->low.mix_gain, j->high.mix_gain);
    if (j->abstained)
        printf("               abstained on %u of %u records: too unlike the training records\n",
               j->abstained, b->n);
    if (goal && goal[0])
        printf("               goal: %s\n", goal);
}
