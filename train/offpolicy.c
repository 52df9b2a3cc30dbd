#include "train/offpolicy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define Z 1.96 /* 95 % */

/* ---- sums ---- */

typedef struct {
    double n, sum, squares;
} moments;

static void note(moments *m, double v)
{
    m->n++;
    m->sum += v;
    m->squares += v * v;
}

static tr_guess guess(const moments *m)
{
    const double mean = m->sum / m->n;
    const double var = (m->squares - m->n * mean * mean) / (m->n > 1 ? m->n - 1 : 1);
    const double e = var > 0 ? Z * sqrt(var / m->n) : 0;
    return (tr_guess){mean, mean - e, mean + e};
}

typedef struct {
    moments ips, dr, model, direct, cost;
    double w, ww, ws;
    double expected; /* variance of DR's correction, by the estimates, times n^2 */
    uint32_t matched;
    bool all_direct, all_costs;
} sums;

static void add(sums *s, const tr_dataset *d, const tr_predictions *p, uint32_t i, uint32_t tier)
{
    const size_t row = (size_t)i * d->n_tiers;
    const uint32_t chosen = d->chosen[i];
    const double score = d->score[row + chosen], w = tier == chosen ? 1 / (double)d->propensity[i] : 0;
    note(&s->ips, w * score);
    note(&s->dr, p->p[row + tier] + w * (score - p->p[row + chosen]));
    s->w += w;
    s->ww += w * w;
    s->ws += w * score;
    s->expected += w * w * p->p[row + tier] * (1 - p->p[row + tier]);
    note(&s->model, p->p[row + tier]);
    s->matched += tier == chosen;
    if (isnan(d->score[row + tier]))
        s->all_direct = false;
    else
        note(&s->direct, d->score[row + tier]);
    if (isnan(d->cost[row + chosen]) || p->cost[row + tier] < 0 || p->cost[row + chosen] < 0)
        s->all_costs = false;
    else
        note(&s->cost, p->cost[row + tier] + w * (d->cost[row + chosen] - p->cost[row + chosen]));
}

/* Wilson's interval at the effective number of matches. */
static tr_guess ratio(const sums *s)
{
    const tr_guess none = {(double)NAN, (double)NAN, (double)NAN};
    if (!(s->w > 0))
        return none;
    const double r = s->ws / s->w, n = s->w * s->w / s->ww, whole = 1 + Z * Z / n;
    const double middle = (r + Z * Z / (2 * n)) / whole;
    const double e = Z * sqrt(r * (1 - r) / n + Z * Z / (4 * n * n)) / whole;
    return (tr_guess){r, middle - e, middle + e};
}

static tr_guess doubly_robust(const sums *s)
{
    tr_guess g = guess(&s->dr);
    const tr_guess model = guess(&s->model);
    const double model_error = (model.high - model.low) / 2 / Z;
    const double e = Z * sqrt(model_error * model_error + s->expected);
    if (e > g.high - g.value) {
        g.low = g.value - e;
        g.high = g.value + e;
    }
    return g;
}

tr_offpolicy tr_off_policy(const tr_dataset *d, const tr_predictions *p, tr_decider *x,
                           const tierce_policy *policy)
{
    const tr_guess none = {(double)NAN, (double)NAN, (double)NAN};
    sums s = {.all_direct = true, .all_costs = true};
    for (uint32_t i = 0; i < d->n; i++)
        if (d->chosen[i] != TR_NOT_LOGGED)
            add(&s, d, p, i, tr_decide(x, i, policy, NULL));
    tr_offpolicy o = {none, none, none, none, none, s.matched, s.ww > 0 ? s.w * s.w / s.ww : 0};
    if (!(s.ips.n > 0))
        return o;
    o.ips = guess(&s.ips);
    o.snips = ratio(&s);
    s.expected /= s.ips.n * s.ips.n;
    o.dr = doubly_robust(&s);
    if (s.all_direct)
        o.direct = guess(&s.direct);
    if (s.all_costs)
        o.cost_dr = guess(&s.cost);
    return o;
}

/* ---- printing ---- */

static void print_guess(const tr_guess *g)
{
    if (isnan(g->value))
        printf("  %-23s", "n/a");
    else
        printf("  %.4f [%.4f, %.4f]", g->value, g->low, g->high);
}

static void print_row(const char *name, const tr_offpolicy *o)
{
    printf("  %-26.26s %7u %9.0f", name, o->matched, o->effective);
    print_guess(&o->ips);
    print_guess(&o->snips);
    print_guess(&o->dr);
    print_guess(&o->direct);
    if (!isnan(o->cost_dr.value))
        printf("  $%.6f [%.6f, %.6f]", o->cost_dr.value, o->cost_dr.low, o->cost_dr.high);
    printf("%s\n", o->effective < 50 ? "  too few matches: read DR only, with care" : "");
}

static double least_propensity(const tr_dataset *d)
{
    double least = 1;
    for (uint32_t i = 0; i < d->n; i++)
        if (d->chosen[i] != TR_NOT_LOGGED && (double)d->propensity[i] < least)
            least = (double)d->propensity[i];
    return least;
}

void tr_print_off_policy(const tr_dataset *d, const tr_predictions *p, const tr_named_policy *more,
                         uint32_t n_more)
{
    tr_decider *x = tr_decider_new(d, p);
    char name[120];
    printf("\nfrom the log: %u records with a logged choice; score a policy would have had (95 %%)\n", d->logged);
    printf("  %-26s %7s %9s  %-23s  %-23s  %-23s  %-23s  %s\n", "", "matched", "effective", "IPS", "SNIPS", "DR", "direct",
           "cost (DR)");
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        tierce_policy fixed = tr_decider_policy(x);
        fixed.allowed = (uint64_t)1 << t;
        fixed.default_tier = t;
        const tr_offpolicy o = tr_off_policy(d, p, x, &fixed);
        snprintf(name, sizeof name, "always %.100s", d->tiers.tier[t].name);
        print_row(name, &o);
    }
    const tierce_policy plain = tr_decider_policy(x);
    const tr_offpolicy router = tr_off_policy(d, p, x, &plain);
    print_row("router, by probability", &router);
    for (uint32_t k = 0; k < n_more; k++) {
        const tr_offpolicy o = tr_off_policy(d, p, x, &more[k].policy);
        print_row(more[k].name, &o);
    }
    printf("  least propensity %.3g; weights are not clipped here (training clips them at %g)\n", least_propensity(d),
           TR_CLIP);
    tr_decider_free(x);
}
