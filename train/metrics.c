#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "train/memory.h"

static int by_gain(const void *a, const void *b)
{
    const double x = ((const tr_pair *)a)->gain, y = ((const tr_pair *)b)->gain;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void reach(double *cpt, double goal, double before, double after, size_t from, size_t to,
                  double gap, size_t n)
{
    if (!isnan(*cpt) || !(gap > 0) || after / gap < goal)
        return;
    const double part = after > before ? (goal * gap - before) / (after - before) : 0;
    *cpt = ((double)from + (double)(to - from) * part) / (double)n;
}

tr_curve tr_curve_of(tr_pair *pairs, size_t n)
{
    tr_curve curve = {(double)NAN, (double)NAN, (double)NAN};
    double gap = 0, area = 0, recovered = 0;
    for (size_t i = 0; i < n; i++)
        gap += pairs[i].strong - pairs[i].cheap;
    gap /= n ? (double)n : 1;
    if (fabs(gap) < 1e-12)
        return curve;
    qsort(pairs, n, sizeof *pairs, by_gain);
    for (size_t i = 0, j; i < n; i = j) { /* equals move together: their order cannot matter */
        double sum = 0;
        for (j = i; j < n && pairs[j].gain == pairs[i].gain; j++)
            sum += pairs[j].strong - pairs[j].cheap;
        const double next = recovered + sum / (double)n;
        area += (recovered + next) / 2 * (double)(j - i) / (double)n;
        reach(&curve.cpt50, 0.5, recovered, next, i, j, gap, n);
        reach(&curve.cpt80, 0.8, recovered, next, i, j, gap, n);
        recovered = next;
    }
    curve.apgr = area / gap;
    return curve;
}

double tr_lift(const tr_pair *pairs, const uint32_t *group, size_t n, uint32_t n_groups)
{
    tr_pair *mine = tr_new(n, sizeof *mine);
    double total = 0, records = 0;
    for (uint32_t g = 0; g < n_groups; g++) {
        size_t m = 0;
        double gap = 0;
        for (size_t i = 0; i < n; i++)
            if (group[i] == g) {
                mine[m++] = pairs[i];
                gap += pairs[i].strong - pairs[i].cheap;
            }
        if (m < 50 || fabs(gap / (double)m) < 1e-12)
            continue;
        total += (tr_curve_of(mine, m).apgr - 0.5) * gap;
        records += (double)m;
    }
    free(mine);
    return records > 0 ? 100 * total / records : (double)NAN;
}

#define BINS 15

tr_reliability tr_reliability_of(const double *p, const double *score, size_t n)
{
    double sum_p[BINS] = {0}, sum_y[BINS] = {0};
    tr_reliability r = {0, 0};
    if (!n)
        return r;
    for (size_t i = 0; i < n; i++) {
        int bin = (int)(p[i] * BINS);
        bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
        sum_p[bin] += p[i];
        sum_y[bin] += score[i];
        r.brier += (p[i] - score[i]) * (p[i] - score[i]) / (double)n;
    }
    for (int b = 0; b < BINS; b++)
        r.ece += fabs(sum_p[b] - sum_y[b]) / (double)n;
    return r;
}

static int by_cost(const void *a, const void *b)
{
    const tr_point *p = a, *q = b;
    if (p->cost != q->cost)
        return p->cost < q->cost ? -1 : 1;
    return p->score < q->score ? -1 : p->score > q->score;
}

static double height(const tr_point *hull, size_t n, double x)
{
    if (x <= hull[0].cost)
        return hull[0].score;
    for (size_t i = 1; i < n; i++)
        if (x <= hull[i].cost) {
            const double width = hull[i].cost - hull[i - 1].cost;
            const double part = width > 0 ? (x - hull[i - 1].cost) / width : 1;
            return hull[i - 1].score + (hull[i].score - hull[i - 1].score) * part;
        }
    return hull[n - 1].score;
}

#define STEPS 400

double tr_hull_area(tr_point *points, size_t n, double low, double high)
{
    size_t k = 0;
    double sum = 0;
    if (!n)
        return (double)NAN;
    qsort(points, n, sizeof *points, by_cost);
    for (size_t i = 0; i < n; i++) {
        const tr_point p = points[i];
        if (k && p.score <= points[k - 1].score)
            continue;
        while (k >= 2 && (points[k - 1].score - points[k - 2].score) * (p.cost - points[k - 2].cost) <=
                             (p.score - points[k - 2].score) * (points[k - 1].cost - points[k - 2].cost))
            k--;
        points[k++] = p;
    }
    for (int s = 0; s <= STEPS; s++)
        sum += height(points, k, low + (high - low) * s / STEPS);
    return sum / (STEPS + 1);
}

uint64_t tr_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}
