/* Choosing policies, promises, the shuffle test, off-policy estimates: on worlds whose truth is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "train/eval_tables.h"
#include "train/memory.h"
#include "train/offpolicy.h"
#include "train/points.h"
#include "train/portrait.h"
#include "train/shuffle.h"
#include "train/tune.h"

/* ---- worlds ---- */

typedef struct {
    tr_dataset d;
    tr_predictions p;
} world;

static double uniform(uint64_t *state)
{
    return (double)(tr_random(state) >> 11) / 9007199254740992.0;
}

static void make(world *w, uint32_t n, uint32_t tiers)
{
    memset(w, 0, sizeof *w);
    tr_dataset *d = &w->d;
    const size_t cells = (size_t)n * tiers;
    static const char *const names[] = {"small", "middle", "large"};
    d->n = n;
    d->n_tiers = d->tiers.n = tiers;
    d->n_sources = 1;
    for (uint32_t t = 0; t < tiers; t++)
        d->tiers.tier[t].name = tr_copy(names[t], strlen(names[t]));
    d->score = tr_new(cells, sizeof *d->score);
    d->cost = tr_new(cells, sizeof *d->cost);
    d->source = tr_new(n, sizeof *d->source);
    d->bytes = tr_new(n, sizeof *d->bytes);
    d->has_tools = tr_new(n, sizeof *d->has_tools);
    d->chosen = tr_new(n, sizeof *d->chosen);
    d->propensity = tr_new(n, sizeof *d->propensity);
    for (uint32_t i = 0; i < n; i++)
        d->chosen[i] = TR_NOT_LOGGED;
    w->p.p = tr_new(cells, sizeof *w->p.p);
    w->p.cost = tr_new(cells, sizeof *w->p.cost);
    w->p.known = tr_new(n, sizeof *w->p.known);
}

static void discard(world *w)
{
    for (uint32_t t = 0; t < w->d.n_tiers; t++)
        free(w->d.tiers.tier[t].name);
    free(w->d.score);
    free(w->d.cost);
    free(w->d.source);
    free(w->d.bytes);
    free(w->d.has_tools);
    free(w->d.chosen);
    free(w->d.propensity);
    free(w->p.p);
    free(w->p.cost);
    free(w->p.known);
}

/* Two tiers: the small one succeeds with probability q, uniform; the large one with q + 0.6 (1 - q) * hard, where
 * hard is a coin that the estimates know. knows 0: estimates say nothing. */
static void fill(world *w, uint64_t seed, double knows)
{
    uint64_t state = seed * 77 + 5;
    for (uint32_t i = 0; i < w->d.n; i++) {
        const double q = 0.2 + 0.6 * uniform(&state), hard = uniform(&state) < 0.5;
        const double p[2] = {q, q + 0.6 * (1 - q) * hard};
        for (uint32_t t = 0; t < 2; t++) {
            const size_t c = (size_t)i * 2 + t;
            w->d.score[c] = uniform(&state) < p[t];
            w->p.p[c] = knows > 0 ? p[t] : uniform(&state);
            w->d.cost[c] = (t ? 0.01 : 0.001) * (0.5 + uniform(&state));
            w->p.cost[c] = t ? 0.01 : 0.001;
        }
    }
}

static void open_all(tr_bench *b, const world *w)
{
    tr_bench_open(b, &w->d, &w->p, true);
}

/* ---- families ---- */

/* Sums that are updated along the changes are the sums of the decisions. */
static void sums_are_sums(void **state)
{
    world w;
    tr_bench b;
    tr_family f;
    make(&w, 300, 2);
    fill(&w, 1, 1);
    open_all(&b, &w);
    const tierce_policy base = {.allowed = 3};
    tr_family_open(&f, &b, true, TR_KNOB_VALUE, 0, &base);
    tr_sums *sums = tr_new(f.n, sizeof *sums);
    uint32_t weight[300];
    for (uint32_t i = 0; i < 300; i++)
        weight[i] = i % 4;
    tr_family_sums(&f, weight, 1, 0.9, 1, sums);
    for (uint32_t k = 0; k < f.n; k++) {
        double score = 0, spend = 0, d = 0, share = 0;
        for (uint32_t i = 0; i < 300; i++) {
            const uint32_t t = f.tier[(size_t)k * 300 + i];
            score += weight[i] * w.d.score[i * 2 + t];
            spend += weight[i] * w.d.cost[i * 2 + t];
            d += weight[i] * (w.d.score[i * 2 + t] - 0.9 * w.d.score[i * 2 + 1]);
            share += weight[i] * (t == 1);
        }
        assert_true(fabs(score - sums[k].score) < 1e-9 && fabs(spend - sums[k].spend) < 1e-9);
        assert_true(fabs(d - sums[k].d) < 1e-9 && fabs(share - sums[k].share) < 1e-9);
        const tr_figures g = tr_family_figures(&f, weight, k, 1);
        assert_true(fabs(g.score - score / sums[k].n) < 1e-9 && fabs(g.spend - spend / sums[k].n) < 1e-9);
    }
    /* the knob runs from the cheapest to the likeliest */
    assert_true(sums[0].share <= sums[240].share && sums[0].spend < sums[240].spend);
    free(sums);
    tr_family_close(&f);
    tr_bench_close(&b);
    discard(&w);
    (void)state;
}

/* ---- tuning ---- */

static tr_tuned tune(const world *w, bool costed, tr_goal goal)
{
    tr_bench b;
    tr_tuned t;
    const tierce_policy base = {.allowed = 3, .default_tier = 1};
    open_all(&b, w);
    tr_tune(&b, costed, &goal, &base, 200, b.n, 3, &t);
    tr_bench_close(&b);
    return t;
}

/* What a policy really gives: on a sample so large that it stands for the world. */
static tr_figures truth(const world *large, bool costed, const tierce_policy *policy)
{
    tr_bench b;
    open_all(&b, large);
    const tr_judged j = tr_judge_policy(&b, costed, policy, 0, 1);
    tr_bench_close(&b);
    return j.value;
}

/* Promises of 40 worlds of 2,000 records, held against the world itself and against another sample of 2,000. A 95 %
 * interval that fails more than six times of 40 (p = .003 by chance) is none. */
static void promises_hold(void **state)
{
    world large, here, there;
    uint32_t kept = 0, done = 0, score = 0, cost = 0, batch_score = 0, batch_cost = 0, saves = 0;
    make(&large, 100000, 2);
    fill(&large, 9999, 1);
    make(&here, 2000, 2);
    make(&there, 2000, 2);
    for (uint32_t s = 0; s < 40; s++) {
        fill(&here, 100 + s, 1);
        fill(&there, 5000 + s, 1);
        const tr_tuned t = tune(&here, true, (tr_goal){TR_GOAL_KEEP, 0.95, 1, false});
        if (!t.reached)
            continue;
        const tr_figures real = truth(&large, true, &t.policy), next = truth(&there, true, &t.policy);
        done++;
        kept += real.ratio >= 0.95;
        score += real.score >= t.score.low && real.score <= t.score.high;
        cost += real.spend >= t.spend.low && real.spend <= t.spend.high;
        batch_score += next.score >= t.score.batch_low && next.score <= t.score.batch_high;
        batch_cost += next.spend >= t.spend.batch_low && next.spend <= t.spend.batch_high;
        saves += real.saving > 0.2;
    }
    assert_true(done >= 36);
    assert_true(kept + 4 >= done);
    assert_true(score + 6 >= done && cost + 6 >= done);
    assert_true(batch_score + 6 >= done && batch_cost + 6 >= done);
    assert_int_equal(saves, done);
    discard(&large);
    discard(&here);
    discard(&there);
    (void)state;
}

/* Standard errors by influence are those of the jackknife (which leaves each record out in turn). */
static void errors_are_the_jackknifes(void **state)
{
    enum { N = 240 };
    world w;
    tr_bench b;
    tr_family f;
    double sum[8] = {0}, squares[8] = {0};
    uint32_t weight[N];
    make(&w, N, 2);
    fill(&w, 21, 1);
    open_all(&b, &w);
    const tierce_policy base = {.allowed = 3};
    tr_family_open(&f, &b, true, TR_KNOB_VALUE, 0, &base);
    for (uint32_t i = 0; i < N; i++)
        weight[i] = 1;
    for (uint32_t i = 0; i < N; i++) {
        weight[i] = 0;
        const tr_figures g = tr_family_figures(&f, weight, 120, 1);
        const double x[8] = {g.score, g.ratio, g.spend, g.saving, g.mix_gain, g.share[0], g.share[1], 0};
        for (unsigned k = 0; k < 8; k++) {
            sum[k] += x[k] / N;
            squares[k] += x[k] * x[k] / N;
        }
        weight[i] = 1;
    }
    const tr_figures e = tr_family_errors(&f, NULL, 120, 1);
    const double have[7] = {e.score, e.ratio, e.spend, e.saving, e.mix_gain, e.share[0], e.share[1]};
    for (unsigned k = 0; k < 7; k++) {
        const double want = sqrt(fmax(0, squares[k] - sum[k] * sum[k]) * (N - 1));
        assert_true(want > 0 && have[k] > want && have[k] < 1.06 * want); /* one record more, unlike the others */
    }
    tr_family_close(&f);
    tr_bench_close(&b);
    discard(&w);
    (void)state;
}

/* Costs of which three in a hundred are thirty times the rest: a sample that lacks them must not be sure of itself.
 * Quality and cost are promised together, so both must hold in the same worlds. */
static void promises_hold_with_heavy_tails(void **state)
{
    world large, here, there;
    uint32_t done = 0, in_the_end = 0, next_batch = 0;
    make(&large, 60000, 2);
    make(&here, 800, 2);
    make(&there, 800, 2);
    for (uint32_t s = 0; s < 41; s++) {
        world *all[3] = {&here, &there, &large};
        for (unsigned k = s ? 0 : 2; k < (s ? 2u : 3u); k++) {
            uint64_t coin = 31 * s + 7 * k + 1;
            fill(all[k], 7000 + 10 * s + k, 1);
            for (uint32_t i = 0; i < all[k]->d.n; i++)
                all[k]->d.cost[i * 2 + 1] *= uniform(&coin) < 0.03 ? 30 : 1;
        }
        if (!s)
            continue;
        const tr_tuned t = tune(&here, true, (tr_goal){TR_GOAL_KEEP, 0.95, 1, true});
        if (!t.reached)
            continue;
        const tr_figures real = truth(&large, true, &t.policy), next = truth(&there, true, &t.policy);
        done++;
        in_the_end += real.score >= t.score.low && real.score <= t.score.high && real.spend >= t.spend.low &&
                      real.spend <= t.spend.high && real.saving >= t.saving.low && real.saving <= t.saving.high;
        next_batch += next.score >= t.score.batch_low && next.score <= t.score.batch_high &&
                      next.spend >= t.spend.batch_low && next.spend <= t.spend.batch_high;
    }
    assert_true(done >= 25);
    assert_true(in_the_end + 6 >= done && next_batch + 6 >= done);
    discard(&large);
    discard(&here);
    discard(&there);
    (void)state;
}

static void goals_are_kept_or_refused(void **state)
{
    world w;
    make(&w, 1500, 2);
    fill(&w, 4, 1);
    tr_tuned t = tune(&w, true, (tr_goal){TR_GOAL_COST, 0.004, 1, false});
    assert_true(t.reached && t.spend.value <= 0.004 && t.spend.high <= 0.0043);
    t = tune(&w, true, (tr_goal){TR_GOAL_COST, 0.0001, 1, false}); /* below the cheapest tier */
    assert_false(t.reached);
    assert_true(t.nearest > 0.0009 && t.nearest < 0.0012);
    assert_true(tune(&w, true, (tr_goal){TR_GOAL_COST, t.nearest, 1, false}).reached);
    t = tune(&w, false, (tr_goal){TR_GOAL_SHARE, 0.2, 1, false}); /* no costs: a charge on the large tier */
    assert_true(t.reached && t.share[1].value <= 0.2 && t.share[1].value > 0.1 && t.policy.charge[1] > 0);
    t = tune(&w, false, (tr_goal){TR_GOAL_KEEP, 1.2, 1, false}); /* nobody is a fifth better than the best */
    assert_false(t.reached);
    assert_true(t.nearest > 0.9 && t.nearest < 1.2);
    t = tune(&w, false, (tr_goal){TR_GOAL_KEEP, t.nearest, 1, false});
    assert_true(t.reached && t.ratio.value >= 0.9);
    t = tune(&w, true, (tr_goal){TR_GOAL_VALUE, 0.05, 1, false});
    assert_true(t.reached);
    discard(&w);
    (void)state;
}

/* A cheaper tier that is as good needs no router. */
static void a_fixed_tier_may_answer(void **state)
{
    world w;
    make(&w, 1000, 2);
    fill(&w, 6, 1);
    for (uint32_t i = 0; i < w.d.n; i++) {
        w.d.score[i * 2] = w.d.score[i * 2 + 1];
        w.p.p[i * 2] = 0.1; /* the model does not know it */
    }
    w.d.score[0] = 0; /* large is the best, by one record */
    w.d.score[1] = 1;
    const tr_tuned t = tune(&w, true, (tr_goal){TR_GOAL_KEEP, 0.98, 1, false});
    assert_true(t.reached);
    assert_int_equal(t.fixed, 0);
    assert_int_equal(t.policy.allowed, 1);
    discard(&w);
    (void)state;
}

static void points_are_stored(void **state)
{
    tm_model m;
    tierce_policy p = {.allowed = 3, .value_usd = 0.5, .charge = {0, 0.25}};
    tm_model_start(&m, NULL);
    m.n_tiers = 2;
    tr_point_put(&m, "a", "first", &p);
    p.charge[1] = 0;
    tr_point_put(&m, "b", "second", &p);
    tr_point_put(&m, "a", "again", &p);
    assert_int_equal(m.n_points, 2);
    assert_string_equal(m.points[0].goal, "again");
    assert_null(m.points[0].charge);
    assert_null(tr_point_name_fault("frugal-2.b_C"));
    assert_non_null(tr_point_name_fault(""));
    assert_non_null(tr_point_name_fault("a b"));
    tm_model_free(&m);
    (void)state;
}

/* ---- saying no ---- */

static void shuffles_tell_knowledge_from_luck(void **state)
{
    world w;
    tr_bench b;
    uint32_t fooled = 0, blind = 0;
    make(&w, 500, 2);
    for (uint32_t s = 0; s < 40; s++) {
        fill(&w, 300 + s, s % 2 ? 1 : 0);
        open_all(&b, &w);
        const tr_verdict v = tr_recommend(&b, true, 0.05, 199, s, false);
        if (s % 2)
            blind += !v.route;
        else
            fooled += v.route;
        assert_int_equal(v.within.rounds, 0);
        tr_bench_close(&b);
    }
    assert_int_equal(blind, 0); /* it knows: recommended each time */
    assert_true(fooled <= 4);   /* it knows nothing: one in twenty by chance */
    discard(&w);
    (void)state;
}

static void rescues_and_bins(void **state)
{
    world w;
    tr_bench b;
    make(&w, 400, 2);
    fill(&w, 8, 1);
    open_all(&b, &w);
    const tr_rescues r = tr_count_rescues(&b, 0, 1);
    assert_int_equal(r.rescue + r.loss + r.safe + r.hard, 400);
    assert_true(r.rescue > r.loss && r.auc > 0.5 && r.gain[0] > r.gain[1]);
    const tr_bins bins = tr_bin_estimates(&b, UINT32_MAX);
    uint32_t n = 0;
    for (unsigned k = 0; k < TR_BINS; k++)
        n += bins.n[k];
    assert_int_equal(n, 800);
    tr_bench_close(&b);
    discard(&w);
    (void)state;
}

/* ---- logs ---- */

/* Replays: a 80/20 policy chooses, the rest is hidden; intervals hold the truth. */
static void off_policy_covers(void **state)
{
    world w;
    uint32_t ips = 0, snips = 0, dr = 0, narrower = 0;
    make(&w, 2000, 2);
    for (uint32_t s = 0; s < 60; s++) {
        fill(&w, 40 + s, 1);
        uint64_t coin = 900 + s;
        tr_decider *x = tr_decider_new(&w.d, &w.p);
        tierce_policy policy = tr_decider_policy(x);
        policy.value_usd = 0.02;
        double truth_sum = 0;
        for (uint32_t i = 0; i < w.d.n; i++) {
            truth_sum += w.d.score[i * 2 + tr_decide(x, i, &policy, NULL)] / w.d.n;
            w.d.chosen[i] = uniform(&coin) < 0.2;
            w.d.propensity[i] = w.d.chosen[i] ? 0.2f : 0.8f;
        }
        for (uint32_t i = 0; i < w.d.n; i++) { /* hide */
            w.d.score[i * 2 + !w.d.chosen[i]] = (double)NAN;
            w.d.cost[i * 2 + !w.d.chosen[i]] = (double)NAN;
        }
        const tr_offpolicy o = tr_off_policy(&w.d, &w.p, x, &policy);
        ips += o.ips.low <= truth_sum && truth_sum <= o.ips.high;
        snips += o.snips.low <= truth_sum && truth_sum <= o.snips.high;
        dr += o.dr.low <= truth_sum && truth_sum <= o.dr.high;
        narrower += o.dr.high - o.dr.low < o.ips.high - o.ips.low;
        assert_true(isnan(o.direct.value));
        tr_decider_free(x);
    }
    assert_true(ips >= 53 && snips >= 53 && dr >= 53);
    assert_int_equal(narrower, 60); /* good estimates pay */
    discard(&w);
    (void)state;
}

static void copies_follow_weights(void **state)
{
    world w;
    unsigned copies[8];
    const uint32_t records[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    make(&w, 8, 2);
    fill(&w, 2, 1);
    assert_int_equal(tr_copies(&w.d, records, 8, 0, copies), 1); /* nothing logged */
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(copies[i], 1);
        w.d.chosen[i] = 0;
        w.d.score[i * 2 + 1] = (double)NAN;
        w.d.propensity[i] = 0.5f;
    }
    assert_int_equal(tr_copies(&w.d, records, 8, 0, copies), 1); /* all alike */
    assert_int_equal(copies[3], 1);
    assert_int_equal(tr_copies(&w.d, records, 8, 1, copies), 1); /* no outcome there */
    assert_int_equal(copies[3], 0);
    w.d.propensity[0] = 0.001f; /* clipped at 20: mean weight (20 + 7 * 2) / 8 */
    assert_int_equal(tr_copies(&w.d, records, 8, 0, copies), 4);
    assert_int_equal(copies[0], (unsigned)(20 / 4.25 * 4 + 0.5));
    assert_int_equal(copies[1], 2);
    w.d.propensity[0] = 0.5f; /* a log beside records that show every tier: a coin's choices weigh as those do */
    w.d.logged = 4;
    w.d.logged_to[0] = w.d.logged_to[1] = 2;
    for (uint32_t i = 0; i < 4; i++)
        w.d.score[i * 2 + 1] = 1;
    assert_int_equal(tr_copies(&w.d, records, 8, 0, copies), 1);
    assert_true(tr_weight(&w.d, 5) > 1.9);
    discard(&w);
    (void)state;
}

static void bins_of_a_portrait(void **state)
{
    const tm_histogram h = {TM_H_PROBABILITY, 0, 2, {0.25f, 0.5f}, {0}};
    assert_int_equal(tr_bin_of(&h, 0), 0);
    assert_int_equal(tr_bin_of(&h, 0.25), 1);
    assert_int_equal(tr_bin_of(&h, 0.49), 1);
    assert_int_equal(tr_bin_of(&h, 0.5), 2);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_sums),          cmocka_unit_test(promises_hold), cmocka_unit_test(errors_are_the_jackknifes),
        cmocka_unit_test(promises_hold_with_heavy_tails),
        cmocka_unit_test(goals_are_kept_or_refused), cmocka_unit_test(a_fixed_tier_may_answer),
        cmocka_unit_test(points_are_stored),      cmocka_unit_test(shuffles_tell_knowledge_from_luck),
        cmocka_unit_test(rescues_and_bins),       cmocka_unit_test(off_policy_covers),
        cmocka_unit_test(copies_follow_weights),  cmocka_unit_test(bins_of_a_portrait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
