#include "train/costs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define MIN_COSTS 20 /* with fewer, the mean is all that can be said */
/* Costs that were recorded for some kinds of requests only say nothing of the others: below half of a
 * tier's outcomes its cost counts as not known, rather than guessed. */
#define MIN_SHARE 0.5
#define MAX_PER_BYTE 1000.0 /* tokens; what a model file may hold */

/* log of the recorded number, NaN where there is none; zeros (cached, free) count as the least. Where all
 * are zero there is nothing to fit: no targets. */
static uint32_t take_logs(const tr_dataset *d, const double *column, uint32_t tier,
                          const uint32_t *records, uint32_t n, double *target)
{
    uint32_t count = 0;
    double least = HUGE_VAL;
    for (uint32_t i = 0; i < n; i++) {
        const double v = column[(size_t)records[i] * d->n_tiers + tier];
        if (v > 0 && v < least)
            least = v;
    }
    for (uint32_t i = 0; i < n; i++) {
        const double v = column[(size_t)records[i] * d->n_tiers + tier];
        target[i] = isnan(v) || least == HUGE_VAL ? (double)NAN : log(v > least ? v : least);
        count += isnan(target[i]) ? 0 : 1;
    }
    return count;
}

/* Outcomes of a tier whose cost is recorded, zeros too. */
static uint32_t count_costs(const tr_dataset *d, uint32_t tier, const uint32_t *records, uint32_t n)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        count += isnan(d->cost[(size_t)records[i] * d->n_tiers + tier]) ? 0 : 1;
    return count;
}

/* Duan's smearing: the mean of exp(residual), and the range of the targets. */
static void smear(tm_cost *c, const tr_dataset *d, const tr_problem *p, const tr_solution *s,
                  const uint32_t *records, uint32_t n, const double *target)
{
    double *weight = tr_new((size_t)TF_BLOCKS << d->spec.bits, sizeof *weight);
    double sum = 0, predicted = 0;
    for (uint32_t k = 0; k < tr_problem_columns(p); k++)
        weight[tr_problem_index(p, k)] = s->weight[k];
    c->low = HUGE_VAL;
    c->high = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (isnan(target[i]))
            continue;
        const tf_vector v = tr_vector(d, records[i]);
        double z = s->bias;
        for (uint32_t e = 0; e < v.n; e++)
            z += tf_unit(&d->spec, &v, v.at[e].block) * v.at[e].level * weight[v.at[e].index];
        const double value = exp(target[i]);
        sum += value;
        predicted += exp(z);
        c->low = value < c->low ? value : c->low;
        c->high = value > c->high ? value : c->high;
    }
    /* the ratio of sums weighs residuals by size: the mean cost comes out right */
    c->smear = predicted > 0 ? sum / predicted : 1;
    free(weight);
}

/* Input tokens against bytes, a straight line through the means that never falls. */
static void fit_input(tm_cost *c, const tr_dataset *d, uint32_t tier, const uint32_t *records,
                      uint32_t n)
{
    double sx = 0, sy = 0, sxx = 0, sxy = 0, m = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double y = d->input_tokens[(size_t)records[i] * d->n_tiers + tier];
        const double x = d->bytes[records[i]];
        if (isnan(y))
            continue;
        m++;
        sx += x;
        sy += y;
        sxx += x * x;
        sxy += x * y;
    }
    const double spread = m * sxx - sx * sx;
    c->input_per_byte = spread > 0 ? (m * sxy - sx * sy) / spread : 0.25;
    if (!(c->input_per_byte > 0))
        c->input_per_byte = 0.25;
    if (c->input_per_byte > MAX_PER_BYTE)
        c->input_per_byte = MAX_PER_BYTE;
    c->input_base = m > 0 ? (sy - c->input_per_byte * sx) / m : 0;
    if (!(c->input_base > 0))
        c->input_base = 0;
}

uint32_t tr_fit_costs(tm_model *model, const tr_dataset *d, tr_problem *shared,
                      const uint32_t *records, uint32_t n, const tr_options *o, tr_solution *solutions,
                      tr_row *rows, uint32_t *records_used)
{
    double *target = tr_new(n, sizeof *target);
    uint32_t added = 0;
    tr_problem_rescale(shared, o->cost);
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        const bool priced = model->tiers[t].prices.known;
        uint32_t used = take_logs(d, d->cost, t, records, n, target);
        tm_row_kind kind = TM_ROW_COST;
        if (priced) {
            const uint32_t costs = used;
            used = take_logs(d, d->output_tokens, t, records, n, target);
            kind = TM_ROW_TOKENS;
            if (used < MIN_COSTS && costs >= MIN_COSTS) {
                used = take_logs(d, d->cost, t, records, n, target);
                kind = TM_ROW_COST;
            }
        }
        const uint32_t recorded = count_costs(d, t, records, n);
        const bool free_tier = !used && recorded >= MIN_SHARE * model->tiers[t].records;
        records_used[t] = free_tier ? recorded : used;
        if (free_tier) /* its mean, 0, is all that is to be known */
            continue;
        if (used < MIN_SHARE * model->tiers[t].records)
            model->tiers[t].mean_cost = -1;
        if (used < MIN_COSTS || used < MIN_SHARE * model->tiers[t].records)
            continue;
        tr_solve_regression(shared, target, o->c_cost, o->epsilon, &solutions[t]);
        smear(&model->cost[t], d, shared, &solutions[t], records, n, target);
        fit_input(&model->cost[t], d, t, records, n);
        rows[added++] = (tr_row){kind, t, &solutions[t]};
    }
    free(target);
    return added;
}
