#include "train/eval_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/memory.h"

static size_t cell(const tr_bench *b, uint32_t i, uint32_t t)
{
    return (size_t)b->record[i] * b->d->n_tiers + t;
}

/* ---- rescues ---- */

typedef struct {
    double gain;
    bool rescue;
} contest;

static int by_gain(const void *a, const void *b)
{
    const double x = ((const contest *)a)->gain, y = ((const contest *)b)->gain;
    return x < y ? -1 : x > y;
}

/* Area under the curve by ranks, equals at their mean rank. Sorts in place. */
static double auc_of(contest *c, uint32_t n, uint32_t rescues)
{
    double ranks = 0;
    qsort(c, n, sizeof *c, by_gain);
    for (uint32_t i = 0, j; i < n; i = j) {
        uint32_t here = 0;
        for (j = i; j < n && c[j].gain == c[i].gain; j++)
            here += c[j].rescue;
        ranks += (i + j + 1) / 2.0 * here;
    }
    const double pos = rescues, neg = n - rescues;
    return pos > 0 && neg > 0 ? (ranks - pos * (pos + 1) / 2) / (pos * neg) : (double)NAN;
}

tr_rescues tr_count_rescues(const tr_bench *b, uint32_t first, uint32_t second)
{
    tr_rescues r = {0};
    uint32_t *const count[4] = {&r.rescue, &r.loss, &r.safe, &r.hard};
    contest *contests = tr_new(b->n, sizeof *contests);
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const bool one = b->d->score[cell(b, i, first)] >= 0.5, two = b->d->score[cell(b, i, second)] >= 0.5;
        const double gain = b->p->p[cell(b, i, second)] - b->p->p[cell(b, i, first)];
        const unsigned kind = two && !one ? 0 : one && !two ? 1 : one ? 2 : 3;
        ++*count[kind];
        r.gain[kind] += gain;
        if (kind < 2)
            contests[n++] = (contest){gain, kind == 0};
    }
    for (unsigned k = 0; k < 4; k++)
        r.gain[k] = *count[k] ? r.gain[k] / *count[k] : (double)NAN;
    r.auc = auc_of(contests, n, r.rescue);
    free(contests);
    return r;
}

static void print_pair(const tr_bench *b, uint32_t first, uint32_t second)
{
    const tr_rescues r = tr_count_rescues(b, first, second);
    const uint32_t count[4] = {r.rescue, r.loss, r.safe, r.hard};
    char name[64];
    snprintf(name, sizeof name, "%.20s -> %.20s", b->d->tiers.tier[first].name, b->d->tiers.tier[second].name);
    printf("  %-42s", name);
    for (unsigned k = 0; k < 4; k++)
        printf(" %5.1f %%", 100.0 * count[k] / b->n);
    isnan(r.gain[0]) ? printf("      n/a") : printf("   %+.3f", r.gain[0]);
    isnan(r.gain[1]) ? printf("     n/a") : printf("  %+.3f", r.gain[1]);
    isnan(r.auc) ? printf("   n/a\n") : printf("  %.3f\n", r.auc);
}

#define MANY_TIERS 4 /* above it, only neighbours and the ends are paired */

void tr_print_rescues(const tr_bench *b)
{
    const uint32_t tiers = b->d->n_tiers;
    printf("\n%-44s %7s %7s %7s %7s   gain where     AUC\n", "what the second tier does for the first", "rescue", "loss",
           "safe", "hard");
    printf("%-44s %7s %7s %7s %7s   rescue   loss\n", "(estimated gain: p of the second less p of the first)", "", "", "",
           "");
    for (uint32_t a = 0; a < tiers; a++)
        for (uint32_t z = a + 1; z < tiers; z++)
            if (tiers <= MANY_TIERS || z == a + 1 || (!a && z == tiers - 1))
                print_pair(b, a, z);
}

/* ---- reliability ---- */

tr_bins tr_bin_estimates(const tr_bench *b, uint32_t tier)
{
    tr_bins r = {{0}, {0}, {0}};
    for (uint32_t i = 0; i < b->n; i++)
        for (uint32_t t = 0; t < b->d->n_tiers; t++) {
            if (tier != UINT32_MAX && t != tier)
                continue;
            const double p = b->p->p[cell(b, i, t)];
            const int bin = p >= 1 ? TR_BINS - 1 : (int)(p * TR_BINS);
            r.n[bin]++;
            r.p[bin] += p;
            r.score[bin] += b->d->score[cell(b, i, t)];
        }
    for (unsigned k = 0; k < TR_BINS; k++) {
        r.p[k] = r.n[k] ? r.p[k] / r.n[k] : (double)NAN;
        r.score[k] = r.n[k] ? r.score[k] / r.n[k] : (double)NAN;
    }
    return r;
}

void tr_print_bins(const tr_bench *b)
{
    const tr_bins r = tr_bin_estimates(b, UINT32_MAX);
    printf("\nreliability, all tiers   estimates   said   came [95 %%]\n");
    for (unsigned k = 0; k < TR_BINS; k++) {
        if (!r.n[k])
            continue;
        const double e = 1.96 * sqrt(r.score[k] * (1 - r.score[k]) / r.n[k]);
        printf("  p %.1f to %.1f            %9u  %.3f  %.3f [%.3f, %.3f]%s\n", k / 10.0, (k + 1) / 10.0, r.n[k], r.p[k],
               r.score[k], fmax(0, r.score[k] - e), fmin(1, r.score[k] + e),
               r.n[k] >= 100 && fabs(r.p[k] - r.score[k]) > e + 0.05 ? "  off" : "");
    }
}

/* ---- the router's own cost ---- */

tr_own_cost tr_router_cost(const tr_bench *b, const tr_bench *costed, double usd_core_hour)
{
    const double n = b->d->n ? b->d->n : 1;
    tr_own_cost c = {.features_s = b->d->extract_s / n, .estimate_s = b->p->estimate_s / n, .part = (double)NAN};
    double least = HUGE_VAL;
    c.usd = (c.features_s + c.estimate_s) * usd_core_hour / 3600;
    for (uint32_t t = 0; costed && t < b->d->n_tiers; t++)
        least = fmin(least, tr_fixed(costed, t).cost);
    if (least > 0 && least < HUGE_VAL)
        c.part = c.usd / least;
    return c;
}

void tr_print_own_cost(const tr_own_cost *c, double usd_core_hour)
{
    printf("\nthe router itself: %.1f us a request here (features %.1f, estimates %.1f); at $%g a core-hour\n"
           "  $%.2g per million requests",
           1e6 * (c->features_s + c->estimate_s), 1e6 * c->features_s, 1e6 * c->estimate_s, usd_core_hour,
           1e6 * c->usd);
    if (isnan(c->part))
        printf("\n");
    else
        printf(", %.2g %% of the cheapest tier's cost%s\n", 100 * c->part,
               c->part < 0.001 ? ": negligible" : ": count it in");
}
