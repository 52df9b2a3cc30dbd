#include "train/page_figures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"
#include "train/sweep.h"
#include "train/tune.h"

static size_t cell(const tr_bench *b, uint32_t i, uint32_t t)
{
    return (size_t)b->record[i] * b->d->n_tiers + t;
}

/* ---- the curve ---- */

typedef struct {
    double gain, saving;
} offer;

/* What the settings offer on a weighted sample: AIQ above the fixed tiers' hull, and the saving at the
 * score of the sample's best tier. sums, points and fixed are room. */
static offer weigh(const tr_page_figures *f, const uint32_t *weight, tr_sums *sums, tr_point *points)
{
    const tr_family *x = &f->family;
    tr_point fixed[TM_MAX_TIERS] = {{0, 0}};
    double low = HUGE_VAL, high = -HUGE_VAL, least = HUGE_VAL;
    uint32_t n = 0, best = 0;
    tr_family_sums(x, weight, 0, 0, 0, sums);
    for (uint32_t k = 0; k < x->n; k++) {
        points[k] = (tr_point){sums[k].spend / sums[k].n, sums[k].score / sums[k].n};
        if (x->fixed[k] == UINT32_MAX)
            continue;
        low = fmin(low, points[k].cost);
        high = fmax(high, points[k].cost);
        fixed[n++] = points[k];
        if (points[k].score > fixed[best].score || (points[k].score == fixed[best].score && points[k].cost < fixed[best].cost))
            best = n - 1;
    }
    const tr_point goal = fixed[best];
    for (uint32_t k = 0; k < x->n; k++)
        if (x->fixed[k] == UINT32_MAX && points[k].score >= goal.score - 1e-9)
            least = fmin(least, points[k].cost);
    offer o = {.saving = least < HUGE_VAL && goal.cost > 0 ? 1 - least / goal.cost : (double)NAN};
    o.gain = tr_hull_area(points, x->n, low, high) - tr_hull_area(fixed, n, low, high);
    return o;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static tr_interval percentiles(double *value, uint32_t n, uint32_t rounds)
{
    if (n < 40 || n * 2 <= rounds)
        return (tr_interval){(double)NAN, (double)NAN};
    qsort(value, n, sizeof *value, by_value);
    return (tr_interval){value[n / 40], value[n - 1 - n / 40]};
}

static void resample(tr_page_figures *f, tr_sums *sums, tr_point *points)
{
    const uint32_t rounds = f->page->resamples, n = f->on->n;
    uint64_t state = (f->page->seed + 77) * 0x9e3779b97f4a7c15u + 1;
    uint32_t *weight = tr_new(n, sizeof *weight), good = 0;
    double *gain = tr_new(rounds, sizeof *gain), *saving = tr_new(rounds, sizeof *saving);
    for (uint32_t r = 0; r < rounds; r++) {
        memset(weight, 0, n * sizeof *weight);
        for (uint32_t i = 0; i < n; i++)
            weight[(tr_random(&state) >> 32) % n]++;
        const offer o = weigh(f, weight, sums, points);
        gain[r] = o.gain;
        saving[good] = o.saving;
        good += isnan(o.saving) ? 0 : 1;
    }
    f->gain = percentiles(gain, rounds, rounds);
    f->saving_i = percentiles(saving, good, rounds);
    free(weight);
    free(gain);
    free(saving);
}

static void draw_curve(tr_page_figures *f)
{
    tr_open_recommended(&f->family, f->on, f->costed);
    tr_sums *sums = tr_new(f->family.n, sizeof *sums);
    tr_point *points = tr_new(f->family.n, sizeof *points);
    f->curve = tr_new(f->family.n, sizeof *f->curve);
    resample(f, sums, points);
    f->saving = weigh(f, NULL, sums, points).saving;
    if (f->costed) { /* what the terminal says, too */
        const tr_swept swept = tr_sweep(f->on, f->page->resamples, f->page->seed);
        f->saving = swept.value.saving;
        f->saving_i = swept.saving;
    }
    for (uint32_t k = 0; k < f->family.n; k++)
        f->curve[k] = (tr_point){sums[k].spend / sums[k].n, sums[k].score / sums[k].n};
    free(sums);
    free(points);
}

/* ---- the decisions that are shown ---- */

/* Of the model's points the one called "balanced", else the first; without points by probability alone, for which
 * nothing was chosen on any records. */
static void choose_policy(tr_page_figures *f, tr_decider *x)
{
    const tr_page *page = f->page;
    uint32_t k = 0;
    f->policy = tr_decider_policy(x);
    for (uint32_t i = 1; i < page->n_points; i++)
        k = !strcmp(page->points[i].name, "balanced") ? i : k;
    if (!page->n_points)
        return;
    f->shown = page->points[k].name;
    f->policy = page->points[k].policy;
}

void tr_page_figures_open(tr_page_figures *f, const tr_page *page)
{
    memset(f, 0, sizeof *f);
    f->page = page;
    f->costed = page->costed != NULL;
    f->on = f->costed ? page->costed : page->b;
    f->best = page->verdict->best;
    draw_curve(f);
    tr_decider *x = tr_decider_new(f->on->d, f->on->p);
    choose_policy(f, x);
    f->choice = tr_new(f->on->n, 1);
    for (uint32_t i = 0; i < f->on->n; i++)
        f->choice[i] = (uint8_t)tr_decide(x, f->on->record[i], &f->policy, NULL);
    tr_decider_free(x);
    f->judged = tr_judge_policy(f->on, f->costed, &f->policy, page->resamples, page->seed);
}

void tr_page_figures_close(tr_page_figures *f)
{
    tr_family_close(&f->family);
    free(f->curve);
    free(f->choice);
}

/* ---- groups ---- */

tr_group tr_page_group(const tr_page_figures *f, const uint32_t *group, uint32_t which)
{
    const tr_bench *b = f->on;
    const uint32_t last = b->d->n_tiers - 1;
    tr_group g = {.spend = f->costed ? 0 : (double)NAN, .best_spend = f->costed ? 0 : (double)NAN};
    tr_pair *pairs = tr_new(b->n, sizeof *pairs);
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        if (group && group[b->record[i]] != which)
            continue;
        const double *p = b->p->p + cell(b, i, 0), *score = b->d->score + cell(b, i, 0);
        const double *cost = b->d->cost + cell(b, i, 0), difference = score[f->choice[i]] - score[f->best];
        pairs[g.n++] = (tr_pair){p[last] - p[0], score[0], score[last]};
        g.best += score[f->best];
        g.router += score[f->choice[i]];
        g.share[f->choice[i]]++;
        g.spend += cost[f->choice[i]];
        g.best_spend += cost[f->best];
        sum += difference;
        squares += difference * difference;
    }
    const double n = g.n ? g.n : 1, mean = sum / n, e = 1.96 * sqrt(fmax(0, squares / n - mean * mean) / n);
    double gap = 0;
    for (uint32_t k = 0; k < g.n; k++)
        gap += (pairs[k].strong - pairs[k].cheap) / n;
    const double apgr = tr_curve_of(pairs, g.n).apgr;
    g.lift = isnan(apgr) ? 0 : 100 * (apgr - 0.5) * gap;
    g.best /= n;
    g.router /= n;
    g.spend /= n;
    g.best_spend /= n;
    g.low = mean - e;
    g.high = mean + e;
    for (uint32_t t = 0; t <= last; t++)
        g.share[t] /= n;
    free(pairs);
    return g;
}

/* ---- right and wrong ---- */

uint32_t tr_page_best_tier(const tr_page_figures *f, uint32_t i)
{
    const tr_bench *b = f->on;
    const double *score = b->d->score + cell(b, i, 0), *cost = b->d->cost + cell(b, i, 0);
    uint32_t best = 0;
    bool same = true;
    for (uint32_t t = 1; t < b->d->n_tiers; t++) {
        same = same && score[t] == score[0];
        if (score[t] > score[best] || (score[t] == score[best] && f->costed && cost[t] < cost[best]))
            best = t;
    }
    return same ? b->d->n_tiers : best;
}

void tr_page_confusion(const tr_page_figures *f, tr_confusion *c)
{
    memset(c, 0, sizeof *c);
    for (uint32_t i = 0; i < f->on->n; i++)
        c->count[tr_page_best_tier(f, i)][f->choice[i]]++;
}

static int by_loss(const void *a, const void *b)
{
    const tr_mistake *x = a, *y = b;
    if (x->lost != y->lost)
        return x->lost < y->lost ? 1 : -1;
    if (x->sureness != y->sureness)
        return x->sureness < y->sureness ? 1 : -1;
    return x->i < y->i ? -1 : 1;
}

uint32_t tr_page_mistakes(const tr_page_figures *f, tr_mistake *list, uint32_t room)
{
    const tr_bench *b = f->on;
    tr_mistake *all = tr_new(b->n, sizeof *all);
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const uint32_t better = tr_page_best_tier(f, i), chosen = f->choice[i];
        if (better == b->d->n_tiers || !(b->d->score[cell(b, i, better)] > b->d->score[cell(b, i, chosen)]))
            continue;
        all[n++] = (tr_mistake){i, chosen, better, b->d->score[cell(b, i, better)] - b->d->score[cell(b, i, chosen)],
                                b->p->p[cell(b, i, chosen)] - b->p->p[cell(b, i, better)]};
    }
    qsort(all, n, sizeof *all, by_loss);
    const uint32_t kept = n < room ? n : room;
    memcpy(list, all, kept * sizeof *all);
    free(all);
    return kept;
}
