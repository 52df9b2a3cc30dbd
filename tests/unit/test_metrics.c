/* What routing is worth, by brute force from the definitions in train/metrics.h: curves are walked
 * point by point, hulls are looked for among all pairs of points, shares by bisection.
 * tests/cli/judge.sh compares whole evaluations with ../shared/peers/judge.py, where that is. */
#include "tests/unit/unit.h"

#include <math.h>

#include "train/judgement.h"

static void near(double got, double wanted, const char *what)
{
    if (isnan(got) != isnan(wanted) ||
        !(isnan(got) || fabs(got - wanted) < 1e-9 * fmax(1, fabs(wanted))))
        fail_msg("%s: %.15g, by brute force %.15g", what, got, wanted);
}

/* ---- two tiers ---- */

/* Gap recovered when the share f with the largest gain goes to strong; inside a tie everyone goes
 * in part. */
static double slow_pgr(const tr_pair *pairs, size_t n, double f)
{
    double sum = 0, gap = 0;
    for (size_t i = 0; i < n; i++) {
        size_t above = 0, level = 0;
        for (size_t k = 0; k < n; k++) {
            above += pairs[k].gain > pairs[i].gain;
            level += pairs[k].gain == pairs[i].gain;
        }
        const double part = fmin(fmax((f * (double)n - (double)above) / (double)level, 0), 1);
        sum += part * (pairs[i].strong - pairs[i].cheap);
        gap += pairs[i].strong - pairs[i].cheap;
    }
    return sum / gap;
}

/* The curve is straight between multiples of 1/n, so trapezoids there give its area. */
static double slow_apgr(const tr_pair *pairs, size_t n)
{
    double area = 0, last = 0;
    for (size_t i = 1; i <= n; i++) {
        const double next = slow_pgr(pairs, n, (double)i / (double)n);
        area += (last + next) / 2 / (double)n;
        last = next;
    }
    return area;
}

/* Least share that recovers x of the gap: the first piece that reaches it, then bisection inside.
 */
static double slow_cpt(const tr_pair *pairs, size_t n, double x)
{
    for (size_t i = 1; i <= n; i++) {
        double low = (double)(i - 1) / (double)n, high = (double)i / (double)n;
        if (slow_pgr(pairs, n, high) < x)
            continue;
        for (int k = 0; k < 60; k++) {
            const double middle = (low + high) / 2;
            if (slow_pgr(pairs, n, middle) < x)
                low = middle;
            else
                high = middle;
        }
        return high;
    }
    return (double)NAN;
}

static double gap_of(const tr_pair *pairs, size_t n)
{
    double gap = 0;
    for (size_t i = 0; i < n; i++)
        gap += pairs[i].strong - pairs[i].cheap;
    return gap / (double)n;
}

static void any_pairs(uint64_t *state, tr_pair *pairs, size_t n, unsigned kinds)
{
    for (size_t i = 0; i < n; i++) {
        pairs[i].cheap = kinds & 1 ? share(state) : (double)below(state, 2);
        pairs[i].strong = kinds & 1 ? share(state) : (double)below(state, 2);
        pairs[i].gain = kinds & 2 ? (double)below(state, 5) / 4 - 0.5
                                  : between(state, -1, 1); /* ties, or none */
        if (kinds & 4)
            pairs[i].gain = 0.3 * pairs[i].gain + pairs[i].strong - pairs[i].cheap;
    }
}

static void curves(void **unused)
{
    static tr_pair pairs[90], sorted[90];
    uint64_t state = 1;
    unsigned reached = 0, never = 0;
    (void)unused;
    for (int round = 0; round < 400; round++) {
        const size_t n = 1 + below(&state, 90);
        any_pairs(&state, pairs, n, (unsigned)round);
        memcpy(sorted, pairs, n * sizeof *pairs);
        const tr_curve c = tr_curve_of(sorted, n);
        const double gap = gap_of(pairs, n);
        if (fabs(gap) < 1e-12) {
            assert_true(isnan(c.apgr) && isnan(c.cpt50) && isnan(c.cpt80));
            continue;
        }
        near(c.apgr, slow_apgr(pairs, n), "APGR");
        if (gap < 0) { /* strong is the worse one: nothing to reach */
            assert_true(isnan(c.cpt50) && isnan(c.cpt80));
            never++;
            continue;
        }
        near(c.cpt50, slow_cpt(pairs, n, 0.5), "CPT50");
        near(c.cpt80, slow_cpt(pairs, n, 0.8), "CPT80");
        reached++;
    }
    assert_true(reached > 100 && never > 50);
    assert_true(isnan(tr_curve_of(NULL, 0).apgr));
}

/* A curve that anyone can draw: two of four records gain, found first; and the worst order of them.
 */
static void known_curves(void **unused)
{
    tr_pair best[] = {{0.9, 0, 1}, {0.8, 0, 1}, {0.2, 1, 1}, {0.1, 0, 0}};
    tr_pair worst[] = {{0.1, 0, 1}, {0.2, 0, 1}, {0.8, 1, 1}, {0.9, 0, 0}};
    tr_pair tied[] = {{0.5, 0, 1}, {0.5, 0, 1}, {0.5, 1, 1}, {0.5, 0, 0}};
    (void)unused;
    tr_curve c = tr_curve_of(best, 4);
    near(c.apgr, 0.75, "APGR");
    near(c.cpt50, 0.25, "CPT50");
    near(c.cpt80, 0.4, "CPT80");
    c = tr_curve_of(worst, 4);
    near(c.apgr, 0.25, "APGR");
    near(c.cpt50, 0.75, "CPT50");
    c = tr_curve_of(tied, 4); /* ties are a random mix */
    near(c.apgr, 0.5, "APGR");
    near(c.cpt80, 0.8, "CPT80");
}

static void lifts(void **unused)
{
    static tr_pair pairs[700], mine[700];
    static uint32_t group[700];
    uint64_t state = 2;
    (void)unused;
    for (int round = 0; round < 25; round++) {
        const size_t n = 60 + below(&state, 640);
        const uint32_t groups = 1 + (uint32_t)below(&state, 6);
        double total = 0, records = 0;
        any_pairs(&state, pairs, n, (unsigned)round);
        for (size_t i = 0; i < n; i++)
            group[i] = (uint32_t)below(&state, groups + 1) % groups; /* uneven */
        for (uint32_t g = 0; g < groups; g++) {
            size_t m = 0;
            for (size_t i = 0; i < n; i++)
                if (group[i] == g)
                    mine[m++] = pairs[i];
            if (m < 50 || fabs(gap_of(mine, m)) < 1e-12)
                continue;
            total += (slow_apgr(mine, m) - 0.5) * gap_of(mine, m) * (double)m;
            records += (double)m;
        }
        near(tr_lift(pairs, group, n, groups), records > 0 ? 100 * total / records : (double)NAN,
             "LIFT");
    }
    memset(group, 0, sizeof group);
    any_pairs(&state, pairs, 49, 1);
    assert_true(isnan(tr_lift(pairs, group, 49, 1))); /* 49 records are no source to judge */
}

/* ---- calibration ---- */

static void reliability(void **unused)
{
    static double p[500], y[500];
    uint64_t state = 3;
    (void)unused;
    for (int round = 0; round < 300; round++) {
        const size_t n = 1 + below(&state, 500);
        double ece = 0, brier = 0;
        for (size_t i = 0; i < n; i++) {
            p[i] = below(&state, 10) ? share(&state) : (double)below(&state, 2);
            y[i] = round % 2 ? share(&state) : (double)below(&state, 2);
            brier += (p[i] - y[i]) * (p[i] - y[i]) / (double)n;
        }
        for (int b = 0; b < 15; b++) {
            double sum_p = 0, sum_y = 0, count = 0;
            for (size_t i = 0; i < n; i++)
                if (p[i] >= b / 15.0 && (p[i] < (b + 1) / 15.0 || b == 14)) {
                    sum_p += p[i];
                    sum_y += y[i];
                    count++;
                }
            if (count > 0)
                ece += count / (double)n * fabs(sum_p / count - sum_y / count);
        }
        const tr_reliability r = tr_reliability_of(p, y, n);
        near(r.ece, ece, "ECE");
        near(r.brier, brier, "Brier");
    }
    const tr_reliability none = tr_reliability_of(NULL, NULL, 0);
    assert_true(none.ece == 0 && none.brier == 0);
}

/* ---- costs ---- */

/* Best score of a random mix of two points (or of one) that costs x at most: the concave hull that
 * never falls. Left of the cheapest point, its score. */
static double slow_height(const tr_point *points, size_t n, double x)
{
    double best = -1, least = HUGE_VAL;
    for (size_t i = 0; i < n; i++)
        least = fmin(least, points[i].cost);
    x = fmax(x, least);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            const tr_point a = points[i], b = points[k];
            if (a.cost > x)
                continue;
            best = fmax(best, a.score);
            if (b.cost > x && b.score > a.score)
                best = fmax(best, a.score + (b.score - a.score) * (x - a.cost) / (b.cost - a.cost));
        }
    return best;
}

static double slow_area(const tr_point *points, size_t n, double low, double high)
{
    double sum = 0;
    for (int s = 0; s <= 400; s++)
        sum += slow_height(points, n, low + (high - low) * s / 400);
    return sum / 401;
}

static void hulls(void **unused)
{
    tr_point points[30], sorted[30];
    uint64_t state = 4;
    (void)unused;
    for (int round = 0; round < 300; round++) {
        const size_t n = 1 + below(&state, 30);
        for (size_t i = 0; i < n; i++)
            points[i] =
                (tr_point){share(&state), round % 3 ? share(&state) : (double)below(&state, 4) / 4};
        memcpy(sorted, points, sizeof points);
        const double low = between(&state, -0.2, 0.5), high = between(&state, 0.5, 1.3);
        near(tr_hull_area(sorted, n, low, high), slow_area(points, n, low, high), "hull");
    }
    assert_true(isnan(tr_hull_area(NULL, 0, 0, 1)));
}

/* ---- whole judgements on a dataset made by hand ---- */

enum { MOST = 400, TIERS = 4 };

typedef struct {
    tr_dataset d;
    tr_predictions p;
    double score[MOST * TIERS], cost[MOST * TIERS], prob[MOST * TIERS], expected[MOST * TIERS],
        floats[MOST * TIERS];
    uint32_t source[MOST];
} table;

static void any_table(table *t, uint64_t *state, bool holes)
{
    t->d = (tr_dataset){.n = 100 + (uint32_t)below(state, MOST - 100),
                        .n_tiers = TIERS,
                        .score = t->score,
                        .cost = t->cost,
                        .source = t->source,
                        .n_sources = 3};
    t->p = (tr_predictions){.p = t->prob, .cost = t->expected, .p_float = t->floats};
    for (uint32_t c = 0; c < t->d.n * TIERS; c++) {
        t->score[c] = holes && !below(state, 15) ? (double)NAN : (double)below(state, 3) / 2;
        t->cost[c] =
            holes && !below(state, 15) ? (double)NAN : (c % TIERS + 1) * between(state, 0.5, 1.5);
        t->prob[c] = share(state);
        if (c % TIERS == 2 && !isnan(t->score[c])) /* so that the router is worth something */
            t->prob[c] = 0.5 * t->prob[c] + 0.5 * t->score[c];
        t->floats[c] = share(state);
        t->expected[c] = below(state, 4) ? (c % TIERS + 1) * between(state, 0.5, 1.5) : -1;
        t->source[c / TIERS] = (uint32_t)(c / TIERS) % 3;
    }
}

/* Records that count: outcomes of all tiers, and with `costed` all costs. */
static uint32_t slow_judged(const table *t, bool costed, uint32_t *record)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->d.n; i++) {
        bool whole = true;
        for (uint32_t k = 0; k < TIERS; k++)
            whole = whole && !isnan(t->score[i * TIERS + k]) &&
                    !(costed && isnan(t->cost[i * TIERS + k]));
        if (whole)
            record[n++] = i;
    }
    return n;
}

static void fixed_tiers_and_oracle(void **unused)
{
    static table t;
    static uint32_t record[MOST];
    uint64_t state = 5;
    (void)unused;
    for (int round = 0; round < 40; round++) {
        tr_bench b;
        any_table(&t, &state, round % 2);
        const uint32_t n = slow_judged(&t, true, record);
        tr_bench_open(&b, &t.d, &t.p, true);
        assert_int_equal(b.n, n);
        assert_memory_equal(b.record, record, n * sizeof *record);
        assert_true(b.costed);
        double best_score = 0, best_cost = 0;
        for (uint32_t i = 0; i < n; i++) {
            const double *s = t.score + record[i] * TIERS, *c = t.cost + record[i] * TIERS;
            double most = -1, least = HUGE_VAL;
            for (int k = 0; k < TIERS; k++)
                most = fmax(most, s[k]);
            for (int k = 0; k < TIERS; k++)
                if (s[k] >= most)
                    least = fmin(least, c[k]);
            best_score += most / n;
            best_cost += least / n;
        }
        near(tr_oracle(&b).score, best_score, "oracle's score");
        near(tr_oracle(&b).cost, best_cost, "oracle's cost");
        for (uint32_t k = 0; k < TIERS; k++) {
            double score = 0, cost = 0;
            for (uint32_t i = 0; i < n; i++) {
                score += t.score[record[i] * TIERS + k];
                cost += t.cost[record[i] * TIERS + k];
            }
            near(tr_fixed(&b, k).score, score / n, "score of a fixed tier");
            near(tr_fixed(&b, k).cost, cost / n, "cost of a fixed tier");
        }
        tr_bench_close(&b);
        tr_bench_open(&b, &t.d, &t.p, false);
        assert_int_equal(b.n, slow_judged(&t, false, record));
        assert_int_equal(b.costed, slow_judged(&t, true, record) == b.n);
        tr_bench_close(&b);
    }
}

static void two_tiers(void **unused)
{
    static table t;
    static uint32_t record[MOST], resample[MOST], group[MOST];
    static tr_pair pairs[MOST];
    uint64_t state = 6;
    (void)unused;
    for (int round = 0; round < 12; round++) {
        tr_bench b;
        any_table(&t, &state, round % 2);
        tr_bench_open(&b, &t.d, &t.p, false);
        const uint32_t n = slow_judged(&t, false, record), cheap = (uint32_t)round % 4,
                       strong = (cheap + 2) % 4;
        const double *p = round % 3 ? t.prob : t.floats;
        for (uint32_t i = 0; i < n; i++) {
            resample[i] = (uint32_t)below(&state, n);
            const uint32_t r = record[round % 2 ? resample[i] : i];
            pairs[i] = (tr_pair){p[r * TIERS + strong] - p[r * TIERS + cheap],
                                 t.score[r * TIERS + cheap], t.score[r * TIERS + strong]};
            group[i] = t.source[r];
        }
        const tr_two two =
            tr_judge_two(&b, cheap, strong, round % 2 ? resample : NULL, p == t.floats);
        const double gap = gap_of(pairs, n);
        near(two.apgr, fabs(gap) < 1e-12 ? (double)NAN : slow_apgr(pairs, n),
             "APGR of a judgement");
        near(two.cpt80, gap > 1e-12 ? slow_cpt(pairs, n, 0.8) : (double)NAN,
             "CPT80 of a judgement");
        near(two.lift, tr_lift(pairs, group, n, 3), "LIFT of a judgement");
        tr_bench_close(&b);
    }
}

static void frontiers(void **unused)
{
    static table t;
    static uint32_t record[MOST], resample[MOST];
    uint64_t state = 7;
    unsigned saved = 0;
    (void)unused;
    for (int round = 0; round < 12; round++) {
        tr_bench b;
        tr_point fixed[TIERS] = {{0, 0}}, points[TR_SWEEP + TIERS], curve[TR_SWEEP];
        double low = HUGE_VAL, high = 0, least = HUGE_VAL;
        any_table(&t, &state, round % 2);
        tr_bench_open(&b, &t.d, &t.p, true);
        const uint32_t n = slow_judged(&t, true, record);
        int best = 0;
        for (uint32_t i = 0; i < n; i++) {
            resample[i] = round % 3 ? (uint32_t)below(&state, n) : i;
            for (int k = 0; k < TIERS; k++) {
                fixed[k].score += t.score[record[resample[i]] * TIERS + (uint32_t)k] / n;
                fixed[k].cost += t.cost[record[resample[i]] * TIERS + (uint32_t)k] / n;
            }
        }
        for (int k = 0; k < TIERS; k++) {
            low = fmin(low, fixed[k].cost);
            high = fmax(high, fixed[k].cost);
            if (fixed[k].score > fixed[best].score)
                best = k;
        }
        for (int s = 0; s < TR_SWEEP; s++) {
            const double lambda = pow(10, (s - 60) / 12.0) * 0.1 / (high - low);
            tr_point at = {0, 0};
            for (uint32_t i = 0; i < n; i++) {
                const uint32_t r = record[resample[i]];
                uint32_t choice = 0;
                double most = -HUGE_VAL;
                for (uint32_t k = 0; k < TIERS; k++) {
                    const double cost =
                        t.expected[r * TIERS + k] < 0 ? fixed[k].cost : t.expected[r * TIERS + k];
                    const double value = t.prob[r * TIERS + k] - lambda * cost;
                    choice = value > most ? k : choice;
                    most = fmax(most, value);
                }
                at.cost += t.cost[r * TIERS + choice] / n;
                at.score += t.score[r * TIERS + choice] / n;
            }
            if (at.score >= fixed[best].score)
                least = fmin(least, at.cost);
            points[s] = at;
        }
        memcpy(points + TR_SWEEP, fixed, sizeof fixed);
        const tr_frontier f = tr_judge_frontier(&b, round % 3 ? resample : NULL, curve);
        for (int s = 0; s < TR_SWEEP; s++) {
            near(curve[s].cost, points[s].cost, "cost on the curve");
            near(curve[s].score, points[s].score, "score on the curve");
        }
        near(f.aiq, slow_area(points, TR_SWEEP + TIERS, low, high), "AIQ");
        near(f.mix, slow_area(fixed, TIERS, low, high), "AIQ of the mix");
        near(f.saving, isinf(least) ? (double)NAN : 1 - least / fixed[best].cost, "saving");
        saved += !isinf(least);
        tr_bench_close(&b);
    }
    assert_true(saved > 0);
}

/* ---- intervals ---- */

static double mean_of_first(const tr_bench *b, const uint32_t *resample, void *context)
{
    double sum = 0;
    (void)context;
    for (uint32_t i = 0; i < b->n; i++)
        sum += b->p->p[b->record[resample[i]] * TIERS] / b->n;
    return sum;
}

static double sometimes(const tr_bench *b, const uint32_t *resample, void *context)
{
    unsigned *calls = context;
    (void)b;
    return ++*calls % 3 ? (double)NAN : (double)resample[0];
}

/* The interval of a mean is where statistics put it: 1.96 standard errors around; same seed, same
 * interval. */
static void bootstrap(void **unused)
{
    static table t;
    uint64_t state = 8;
    double mean = 0, square = 0;
    unsigned calls = 0;
    tr_bench b;
    (void)unused;
    any_table(&t, &state, false);
    tr_bench_open(&b, &t.d, &t.p, false);
    for (uint32_t i = 0; i < b.n; i++) {
        mean += t.prob[i * TIERS] / b.n;
        square += t.prob[i * TIERS] * t.prob[i * TIERS] / b.n;
    }
    const double error = sqrt((square - mean * mean) / b.n);
    const tr_interval i = tr_bootstrap(&b, mean_of_first, NULL, 4000, 1),
                      again = tr_bootstrap(&b, mean_of_first, NULL, 4000, 1);
    assert_true(i.low == again.low && i.high == again.high);
    assert_true(tr_bootstrap(&b, mean_of_first, NULL, 4000, 2).low != i.low);
    assert_true(fabs(i.low - (mean - 1.96 * error)) < 0.2 * error &&
                fabs(i.high - (mean + 1.96 * error)) < 0.2 * error);
    assert_true(isnan(tr_bootstrap(&b, mean_of_first, NULL, 0, 1).low));
    assert_true(isnan(tr_bootstrap(&b, mean_of_first, NULL, 19, 1).low)); /* too few to tell */
    assert_true(
        isnan(tr_bootstrap(&b, sometimes, &calls, 300, 1).low)); /* most resamples say nothing */
    tr_bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curves),    cmocka_unit_test(known_curves),
        cmocka_unit_test(lifts),     cmocka_unit_test(reliability),
        cmocka_unit_test(hulls),     cmocka_unit_test(fixed_tiers_and_oracle),
        cmocka_unit_test(two_tiers), cmocka_unit_test(frontiers),
        cmocka_unit_test(bootstrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
