#include "train/fit.h"

#include <stdlib.h>
#include <string.h>

#include "train/costs.h"
#include "train/fitting.h"
#include "train/memory.h"
#include "train/narrow.h"
#include "train/recognise.h"
#include "train/votes.h"

/* ---- the whole ---- */

/* The last fit, on every record; it may start from the first fold's solutions, being allowed to see
 * all that they saw. */
static tr_problem *fit_all(tr_fitting *f, const tr_fitting *first, tr_problem *first_problem,
                           const uint32_t *records, uint32_t n, tr_clock *clock)
{
    tr_problem *p = tr_make_problem(f, records, n);
    for (uint32_t t = 0; t < f->d->n_tiers; t++) {
        tr_solution_carry(first_problem, &first->familiar[t], p, &f->familiar[t]);
        tr_solution_carry(first_problem, &first->general[t], p, &f->general[t]);
    }
    tr_solve_familiar(f, p, clock);
    tr_solve_general(f, p, clock);
    return p;
}

/* Costs and weights of the last fit's solutions; frees the problem. */
static void assemble(tr_fitting *f, tr_problem *p, tm_model *m, const uint32_t *records, uint32_t n,
                     tr_report *report)
{
    const tr_options *o = f->o;
    tr_row rows[4 * TM_MAX_TIERS];
    tr_set_levels(m, f);
    uint32_t n_rows = tr_list_rows(f, m, rows);
    n_rows += tr_fit_costs(m, f->d, p, records, n, o, f->cost, rows + n_rows, report->cost_records);
    tr_assemble(m, p, rows, n_rows, o->max_slots, o->weight_levels, o->keep_float ? &report->raw : NULL);
    tr_problem_free(p);
}

/* The model of the last fit; under a size, of what it keeps of it. Frees the problem. */
static void finish(tr_fitting *f, tr_problem *p, tm_model *m, const uint32_t *records, uint32_t n,
                   tr_report *report)
{
    const uint64_t most = f->o->max_bytes;
    uint64_t size = most + 1;
    if (!most) {
        assemble(f, p, m, records, n, report);
        return;
    }
    for (int tries = 0; tries < 4 && size > most; tries++) {
        tr_fitting kept;
        assemble(&kept, tr_refit(f, p, m, n, &kept), m, records, n, report);
        tr_free_solutions(&kept);
        tr_round_numbers(m);
        size = tr_size_of(m, f->o, n);
        *f->slots = (uint32_t)((double)*f->slots * 0.99 * (double)most / (double)size);
    }
    tr_problem_free(p);
}

/* Two numbers per tier are calibrated: many records need no more than two folds for them. */
static tr_options settle(const tr_options *o, uint32_t n, uint32_t n_sources)
{
    tr_options settled = *o;
    if (!settled.inner_folds)
        settled.inner_folds = n < 6000 ? 5 : 2;
    if (settled.max_bytes && !settled.planned)
        tr_plan_size(&settled, n_sources);
    return settled;
}

void tr_fit(const tr_dataset *d, const uint32_t *records, uint32_t n, const tr_options *given,
            tm_model *model, tr_report *report, tr_progress progress, void *context)
{
    tr_options o = settle(given, n, d->n_sources);
    double c[TM_MAX_TIERS];
    tr_report own;
    const bool mine = !report;
    uint32_t slots = 0;
    const bool one_each = d->logged * 2 > d->n;
    tr_fitting f = {.d = d, .o = &o, .c = c, .plan = &o, .slots = &slots, .joint = one_each}, first = f;
    tr_clock clock = {progress, context, 0, d->n_tiers * 2 * (o.inner_folds + 1)};
    report = report ? report : &own;
    memset(report, 0, sizeof *report);
    tm_model_start(model, NULL);
    model->spec = d->spec;
    model->tiny = tr_is_tiny(&o);
    tr_describe_tiers(model, d, records, n);
    tr_cover *covers = tr_new(d->n_sources, sizeof *covers);
    tr_problem *first_problem =
        tr_learn_calibration(model, &first, records, n, c, covers, report, &clock);
    tr_recognise(model, d, records, n, o.signature, f.source_of);
    tr_fit_votes(model, d, records, n, f.source_of, &o);
    for (uint32_t s = 0; s < model->n_sources; s++) {
        model->sources[s].cover_mean = (float)covers[f.source_of[s]].mean;
        model->sources[s].cover_spread = (float)covers[f.source_of[s]].spread;
    }
    free(covers);
    tr_problem *p = fit_all(&f, &first, first_problem, records, n, &clock);
    tr_problem_free(first_problem);
    tr_free_solutions(&first);
    report->columns = tr_problem_columns(p);
    finish(&f, p, model, records, n, report);
    report->chosen = o;
    report->chosen.planned = o.max_bytes > 0;
    report->min_df = tr_min_df(&o, n);
    report->slots = model->weights.n_slots;
    model->digest.records = n;
    model->digest.seed = o.seed;
    tr_free_solutions(&f);
    if (mine)
        tr_report_free(&own);
}

void tr_report_free(tr_report *report)
{
    free(report->held_out);
    report->held_out = NULL;
    free(report->raw.index);
    free(report->raw.weight);
    memset(&report->raw, 0, sizeof report->raw);
}
