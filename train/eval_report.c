#include "train/eval_report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/eval_tables.h"
#include "train/memory.h"
#include "train/plot.h"
#include "train/sweep.h"

typedef struct {
    const tr_bench *b, *costed; /* costed: NULL where too few costs are known */
    uint32_t resamples, cheap, strong;
    uint64_t seed;
    bool unseen;
} view;

static const char *name_of(const view *v, uint32_t t)
{
    return v->b->d->tiers.tier[t].name;
}

/* "0.912" or "n/a". */
static void print_value(const char *label, double value, tr_interval i)
{
    if (isnan(value))
        printf("  %s n/a", label);
    else if (isnan(i.low))
        printf("  %s %.3f", label, value);
    else
        printf("  %s %.3f [%.3f, %.3f]", label, value, i.low, i.high);
}

/* ---- fixed tiers ---- */

/* Another tier that is at least as good and no dearer. */
static void print_dominators(const view *v, uint32_t t)
{
    const tr_mean m = tr_fixed(v->costed, t);
    for (uint32_t u = 0; u < v->b->d->n_tiers; u++) {
        const tr_mean other = tr_fixed(v->costed, u);
        if (u != t && other.score >= m.score && other.cost <= m.cost &&
            (other.score > m.score || other.cost < m.cost))
            printf("  DOMINATED by %s (%.4f at $%.6f)", name_of(v, u), other.score, other.cost);
    }
}

static void print_fixed(const view *v)
{
    const tr_bench *b = v->b;
    printf("\n%u records with outcomes of all tiers\n", b->n);
    for (uint32_t t = 0; t < b->d->n_tiers; t++) {
        printf("  always %-28s score %.4f", name_of(v, t), tr_fixed(b, t).score);
        if (v->costed) {
            printf("  cost $%.6f", tr_fixed(v->costed, t).cost);
            print_dominators(v, t);
        }
        printf("\n");
    }
    printf("  oracle (best tier per request)      score %.4f", tr_oracle(b).score);
    if (v->costed)
        printf("  cost $%.6f", tr_oracle(v->costed).cost);
    printf("\n");
    if (!v->costed)
        printf("  costs are recorded for too few outcomes: shares stand in for cost below\n");
    else if (v->costed->n < b->n)
        printf("  costs, and who dominates whom, from the %u records that have all costs\n", v->costed->n);
}

/* ---- two tiers ---- */

typedef struct {
    uint32_t cheap, strong;
    int which;
} two_context;

static double two_statistic(const tr_bench *b, const uint32_t *resample, void *context)
{
    const two_context *c = context;
    const tr_two two = tr_judge_two(b, c->cheap, c->strong, resample, false);
    if (c->which == 4) { /* score above a random mix: where the last tier is the worse, APGR counts a gap below 0 */
        double gap = 0;
        for (uint32_t k = 0; k < b->n; k++) {
            const size_t at = (size_t)b->record[resample ? resample[k] : k] * b->d->n_tiers;
            gap += (b->d->score[at + c->strong] - b->d->score[at + c->cheap]) / b->n;
        }
        return (two.apgr - 0.5) * gap;
    }
    return c->which == 0 ? two.apgr : c->which == 1 ? two.cpt50 : c->which == 2 ? two.cpt80 : two.lift;
}

static tr_interval two_interval(const view *v, int which)
{
    two_context c = {v->cheap, v->strong, which};
    return tr_bootstrap(v->b, two_statistic, &c, v->resamples, v->seed + (uint64_t)(which == 4 ? 0 : which));
}

static void verdict(const view *v, tr_two two, tr_interval lift)
{
    const tr_interval i = v->unseen ? lift : two_interval(v, 4);
    if (isnan(v->unseen ? two.lift : two.apgr))
        printf("  the two tiers score the same: there is no gap to recover\n");
    else if (isnan(i.low))
        return;
    else if (i.low > 0)
        printf("  the router beats a random mix of the same shares%s\n",
               v->unseen ? ", on sources it never saw" : "");
    else if (i.high < 0)
        printf("  THE ROUTER IS WORSE THAN A RANDOM MIX of the same shares: do not route by it\n");
    else
        printf("  THE ROUTER DOES NOT BEAT A RANDOM MIX with confidence: send everything to %s\n",
               tr_fixed(v->b, v->strong).score > tr_fixed(v->b, v->cheap).score ? name_of(v, v->strong)
                                                                                : name_of(v, v->cheap));
}

static void print_two(const view *v)
{
    const tr_two two = tr_judge_two(v->b, v->cheap, v->strong, NULL, false);
    const tr_interval apgr = two_interval(v, 0), lift = two_interval(v, 3);
    printf("\nrouting %s -> %s by estimated gain (95 %% bootstrap intervals)\n", name_of(v, v->cheap),
           name_of(v, v->strong));
    print_value("APGR", two.apgr, apgr);
    print_value("CPT50", two.cpt50, two_interval(v, 1));
    print_value("CPT80", two.cpt80, two_interval(v, 2));
    printf("\n");
    print_value("LIFT", two.lift, lift);
    printf(" points gained inside sources over a random mix\n");
    printf("  a random mix has APGR 0.500, CPT50 0.500, CPT80 0.800, LIFT 0\n");
    if (tr_fixed(v->b, v->strong).score < tr_fixed(v->b, v->cheap).score)
        printf("  %s scores less than %s: APGR counts a gap below 0, so less than 0.5 is better; read LIFT\n",
               name_of(v, v->strong), name_of(v, v->cheap));
    if (v->unseen)
        printf("  sources were held out: pooled APGR is biased below 0.5 here, read LIFT\n");
    if (v->b->p->p_float) {
        const tr_two f = tr_judge_two(v->b, v->cheap, v->strong, NULL, true);
        printf("  float weights before pruning and int8: APGR %.4f (int8 %.4f, %+.4f), LIFT %.2f\n", f.apgr,
               two.apgr, two.apgr - f.apgr, f.lift);
    }
    verdict(v, two, lift);
}

/* ---- costs ---- */

static void print_frontier(const view *v)
{
    const tr_swept swept = tr_sweep(v->costed, v->resamples, v->seed);
    const tr_frontier f = swept.value;
    const tr_interval gain = swept.gain, saving = swept.saving;
    uint32_t best = 0;
    for (uint32_t t = 1; t < v->b->d->n_tiers; t++)
        if (tr_fixed(v->costed, t).score > tr_fixed(v->costed, best).score)
            best = t;
    printf("\nrouting by p - lambda * expected cost, lambda swept\n");
    printf("  AIQ %.4f, cost-matched random mix %.4f, gain %+.4f", f.aiq, f.mix, f.aiq - f.mix);
    if (!isnan(gain.low))
        printf(" [%+.4f, %+.4f]", gain.low, gain.high);
    printf("\n  saving at %s's score: ", name_of(v, best));
    if (isnan(f.saving))
        printf("never reached\n");
    else if (isnan(saving.low))
        printf("%.1f %%\n", 100 * f.saving);
    else
        printf("%.1f %% [%.1f, %.1f]\n", 100 * f.saving, 100 * saving.low, 100 * saving.high);
    if (!isnan(gain.low) && gain.low <= 0)
        printf("  THE ROUTER DOES NOT BEAT THE COST-MATCHED MIX with confidence\n");
}

/* ---- parts ---- */

static void print_part(const view *v, const char *label, double *p)
{
    const tr_worth w = tr_worth_of(v->b, p);
    printf("  %-42s %9.4f", label, w.log_loss);
    if (v->b->d->n_tiers > 1) {
        isnan(w.lift) ? printf("      n/a") : printf(" %+8.2f", w.lift);
        isnan(w.apgr) ? printf("     n/a") : printf(" %7.3f", w.apgr);
    }
    printf("\n");
}

/* What the model is made of, each alone on the same held-out records: whether believing the text, the
 * source, and the gate between them pays here. */
static void print_parts(const view *v)
{
    const tr_predictions *p = v->b->p;
    printf("\n%-44s %9s %8s %7s\n", "what each part is worth alone", "log-loss", "LIFT", "APGR");
    print_part(v, "level of the recognised source", p->part[TR_PART_LEVEL]);
    print_part(v, "general rows (as if nothing were familiar)", p->part[TR_PART_GENERAL]);
    print_part(v, "familiar rows (as if everything were)", p->part[TR_PART_FAMILIAR]);
    print_part(v, "the model: the two, weighed by familiarity", p->p);
}

/* ---- groups ---- */

static void print_groups(const view *v, const char *title, const uint32_t *group, char **names,
                         uint32_t n_groups)
{
    const tr_bench *b = v->b;
    tr_pair *pairs = tr_new(b->n, sizeof *pairs);
    printf("\n%-44s %7s %8s %8s %7s %6s %8s\n", title, "records", "cheap", "strong", "LIFT", "APGR",
           "familiar");
    for (uint32_t g = 0; g < n_groups; g++) {
        size_t m = 0;
        double cheap = 0, strong = 0, known = 0;
        for (uint32_t i = 0; i < b->n; i++) {
            const size_t at = (size_t)b->record[i] * b->d->n_tiers;
            if (group[b->record[i]] != g)
                continue;
            tr_pair *p = &pairs[m++];
            p->gain = b->p->p[at + v->strong] - b->p->p[at + v->cheap];
            p->cheap = b->d->score[at + v->cheap];
            p->strong = b->d->score[at + v->strong];
            cheap += p->cheap;
            strong += p->strong;
            known += b->p->known[b->record[i]];
        }
        if (!m)
            continue;
        const double gap = (strong - cheap) / (double)m, apgr = tr_curve_of(pairs, m).apgr;
        printf("  %-42.42s %7zu %8.4f %8.4f", names[g][0] ? names[g] : "(none)", m, cheap / (double)m,
               strong / (double)m);
        if (isnan(apgr))
            printf(" %7s %6s %8.2f\n", "0.00", "n/a", known / (double)m);
        else
            printf(" %+7.2f %6.3f %8.2f%s\n", 100 * (apgr - 0.5) * gap, apgr, known / (double)m,
                   (apgr - 0.5) * gap < 0 && m >= 50 ? "  hurts" : "");
    }
    free(pairs);
}

void tr_print_evaluation(const tr_bench *b, const tr_bench *costed, uint32_t resamples, uint64_t seed, bool unseen, td_out *curve)
{
    const tr_dataset *d = b->d;
    view v = {b, costed, resamples, 0, d->n_tiers - 1, seed, unseen};
    const tr_reliability r = tr_judge_reliability(b);
    print_fixed(&v);
    if (d->n_tiers > 1)
        print_two(&v);
    if (d->n_tiers > 1 && costed)
        print_frontier(&v);
    print_parts(&v);
    printf("\ncalibration, all tiers: ECE %.4f, Brier %.4f\n", r.ece, r.brier);
    if (d->n_tiers > 1) {
        if (d->n_workloads > 1)
            print_groups(&v, "workload", d->workload, d->workload_name, d->n_workloads);
        if (d->n_sources > 1)
            print_groups(&v, "source", d->source, d->source_name, d->n_sources);
        tr_plot(costed ? costed : b, curve);
    }
}
