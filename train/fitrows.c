/* The rows of one problem: which features, solved for each tier; see train/fitting.h. */
#include <math.h>
#include <string.h>

#include "train/fitting.h"
#include "train/narrow.h"

void tr_tick(tr_clock *clock, const char *what)
{
    clock->step++;
    if (clock->tell)
        clock->tell(clock->context, what, clock->step, clock->steps);
}

void tr_set_levels(tm_model *m, const tr_fitting *f)
{
    for (uint32_t k = 0; k < m->n_sources; k++)
        for (uint32_t t = 0; t < m->n_tiers; t++)
            m->sources[k].level[t] = f->familiar[t].level[f->source_of[k]];
}

uint32_t tr_min_df(const tr_options *o, uint32_t n)
{
    return n < 500 ? 2 : o->min_df;
}

/* The columns of a problem must serve all kinds of rows; what a kind does without is muted later. */
static void union_scales(const tr_options *o, float *scale)
{
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        scale[b] = o->familiar[b] > 0 ? o->familiar[b] : o->general[b] > 0 ? o->general[b] : o->cost[b];
}

tr_problem *tr_make_problem(const tr_fitting *f, const uint32_t *records, uint32_t n)
{
    float scale[TF_BLOCKS];
    union_scales(f->o, scale);
    return tr_problem_new(f->d, records, n, scale, tr_min_df(f->o, n));
}

static double mean_c(const tr_fitting *f)
{
    double sum = 0;
    for (uint32_t t = 0; t < f->d->n_tiers; t++)
        sum += log(f->c[t]) / f->d->n_tiers;
    return exp(sum);
}

void tr_solve_familiar(tr_fitting *f, tr_problem *p, tr_clock *clock)
{
    tr_problem_rescale(p, f->o->familiar);
    if (f->joint)
        tr_solve_joint(p, mean_c(f), f->o->epsilon, f->familiar);
    for (uint32_t t = 0; t < f->d->n_tiers; t++) {
        if (!f->joint)
            tr_solve_logistic(p, t, f->c[t], f->o->epsilon, &f->familiar[t]);
        tr_tick(clock, "familiar rows");
    }
}

void tr_solve_general(tr_fitting *f, tr_problem *p, tr_clock *clock)
{
    tr_problem_rescale(p, f->o->general);
    if (f->joint)
        tr_solve_joint(p, f->o->c_general, f->o->epsilon / 2, f->general);
    for (uint32_t t = 0; t < f->d->n_tiers; t++) {
        /* few steps at this C; the level column makes a loose end show */
        if (!f->joint)
            tr_solve_logistic(p, t, f->o->c_general, f->o->epsilon / 2, &f->general[t]);
        tr_tick(clock, "general rows");
    }
}

uint32_t tr_list_rows(const tr_fitting *f, const tm_model *m, tr_row *rows)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        rows[n++] = (tr_row){TM_ROW_FAMILIAR, t, &f->familiar[t]};
        rows[n++] = (tr_row){TM_ROW_GENERAL, t, &f->general[t]};
    }
    return n;
}

void tr_free_solutions(tr_fitting *f)
{
    for (uint32_t t = 0; t < f->d->n_tiers; t++) {
        tr_solution_free(&f->familiar[t]);
        tr_solution_free(&f->general[t]);
        tr_solution_free(&f->cost[t]);
    }
}

/* ---- under a size ---- */

tr_problem *tr_refit(const tr_fitting *f, const tr_problem *p, tm_model *m, uint32_t n, tr_fitting *to)
{
    tr_clock unseen = {0};
    tr_row rows[2 * TM_MAX_TIERS];
    const uint32_t n_rows = tr_list_rows(f, m, rows);
    if (!*f->slots)
        *f->slots = tr_slots_under(m, p, rows, n_rows, f->o, n);
    tr_problem *q = tr_keep_columns(p, rows, n_rows, *f->slots, m);
    *to = (tr_fitting){.d = f->d, .o = f->o, .c = f->c, .slots = f->slots, .joint = f->joint};
    memcpy(to->source_of, f->source_of, sizeof to->source_of);
    for (uint32_t t = 0; t < f->d->n_tiers; t++) {
        tr_solution_carry(p, &f->familiar[t], q, &to->familiar[t]);
        tr_solution_carry(p, &f->general[t], q, &to->general[t]);
    }
    tr_solve_familiar(to, q, &unseen);
    tr_solve_general(to, q, &unseen);
    return q;
}
