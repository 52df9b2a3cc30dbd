/* What train/fit.c, train/fitrows.c and train/inner.c share: one fit in the making. Internal to them. */
#ifndef TIERCE_FITTING_H
#define TIERCE_FITTING_H

#include "train/assemble.h"
#include "train/gate.h"

/* What one fit needs and finds. */
typedef struct {
    const tr_dataset *d;
    const tr_options *o;
    const double *c; /* per tier, of the familiar rows */
    tr_solution familiar[TM_MAX_TIERS], general[TM_MAX_TIERS], cost[TM_MAX_TIERS];
    uint32_t source_of[TM_MAX_SOURCES];
    tr_options *plan; /* under a size: o, for the first fold to put the chosen plan into */
    uint32_t *slots; /* under a size: buckets that fit, found on the first fold; 0: not yet */
    bool joint;      /* most records show one outcome: the tiers are fitted together */
} tr_fitting;

typedef struct {
    tr_progress tell;
    void *context;
    uint32_t step, steps;
} tr_clock;

/* One step further, for whoever watches. */
void tr_tick(tr_clock *clock, const char *what);

/* ---- train/fitrows.c: the rows of one problem ---- */

/* Few records: rare features are most of what there is. */
uint32_t tr_min_df(const tr_options *o, uint32_t n);
tr_problem *tr_make_problem(const tr_fitting *f, const uint32_t *records, uint32_t n);
void tr_solve_familiar(tr_fitting *f, tr_problem *p, tr_clock *clock);
void tr_solve_general(tr_fitting *f, tr_problem *p, tr_clock *clock);
/* Both kinds of rows of every tier; 2 * TM_MAX_TIERS of room. Returns how many. */
uint32_t tr_list_rows(const tr_fitting *f, const tm_model *m, tr_row *rows);
/* Levels of the model's sources from the solutions. */
void tr_set_levels(tm_model *m, const tr_fitting *f);
void tr_free_solutions(tr_fitting *f);
/* A new problem and solutions of what may stay under a size; *to is for the caller to free. */
tr_problem *tr_refit(const tr_fitting *f, const tr_problem *p, tm_model *m, uint32_t n, tr_fitting *to);

/* ---- train/inner.c: folds inside ---- */

/* All inner folds: chooses C (into c), calibrates, sets the gate. The first fold's problem is returned and its
 * solutions stay in *first, to warm-start the last fit from. */
tr_problem *tr_learn_calibration(tm_model *model, tr_fitting *first, const uint32_t *records, uint32_t n,
                                 double *c, tr_cover *covers, tr_report *report, tr_clock *clock);

#endif
