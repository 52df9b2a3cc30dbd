/* liblinear, behind a narrow door: the only file that includes it is solver.c.
 *
 * A problem is a subset of records as liblinear wants them: columns are the features that occur in at
 * least min_df of the subset's records (rarer ones cannot carry over), values are level * unit *
 * scale[block]. It is built once and solved for several tiers, costs C and scales.
 *
 * Solver 0, L2R_LR, minimises |w|^2 / 2 + C * sum log(1 + exp(-y w.x)) by a trust-region Newton
 * method (Lin, Weng, Keerthi 2008) without a random choice: the same input, the same bits. The
 * intercept is a column of value 2, a source's intercept a column of value 1: hardly and mildly
 * regularised, so that a source of four records does not get a level of its own making. */
#ifndef TIERCE_SOLVER_H
#define TIERCE_SOLVER_H

#include "train/dataset.h"

typedef struct tr_problem tr_problem;

/* Blocks with scale 0 are left out. */
tr_problem *tr_problem_new(const tr_dataset *d, const uint32_t *records, uint32_t n,
                           const float *scale, uint32_t min_df);
/* The same records and scales with some of the columns only: keep[column]. */
tr_problem *tr_problem_narrow(const tr_problem *p, const bool *keep);
void tr_problem_free(tr_problem *p);
uint32_t tr_problem_columns(const tr_problem *p);
/* Index (block << bits | bucket) of a column, and how many records of the subset have it. */
uint32_t tr_problem_index(const tr_problem *p, uint32_t column);
uint32_t tr_problem_frequency(const tr_problem *p, uint32_t column);
/* Changes the scales; blocks left out at the start stay out. A scale of 0 mutes a block until the next
 * call: its weights come out as 0 (so a muted block must stand last in solver.c's block_order). */
void tr_problem_rescale(tr_problem *p, const float *scale);

/* A solution in units of the dataset: weight[column] already holds the block's scale. */
typedef struct {
    double *weight;  /* columns */
    double *raw;     /* what the solver found, to warm-start from; NULL before the first solve */
    double bias;
    double *level;   /* per source of the dataset, above the bias; mean 0 over the records */
    uint32_t records;
} tr_solution;

/* Log-odds of success of a tier on the subset's records that have it. Graded scores count as
 * replicated rows, and so do the weights of logged choices (tr_copies). warm may hold an earlier solution of the same problem and scales. */
void tr_solve_logistic(tr_problem *p, uint32_t tier, double c, double epsilon, tr_solution *s);
/* The same for all tiers at once, each being a common function plus its own departure from it: the
 * departures are regularised 1 / TR_DEPART^2 times as strongly. For records that show one outcome each:
 * separate fits on different records would each have noise of their own, and it is their difference
 * that routes. (Evgeniou and Pontil 2004, "Regularized multi-task learning".) s: one per tier; a start
 * in them is not used. */
#define TR_DEPART 0.5
void tr_solve_joint(tr_problem *p, double c, double epsilon, tr_solution *s);
/* Least squares (solver 11 with p = 0) of target[i] for the subset's i-th record; NaN: left out. */
void tr_solve_regression(tr_problem *p, const double *target, double c, double epsilon,
                         tr_solution *s);
/* A start for `to` from a solution of another problem with the same scales: equal features, bias and
 * sources. Only for a fit that may see all that the other one saw. */
void tr_solution_carry(const tr_problem *from, const tr_solution *s, const tr_problem *to,
                       tr_solution *start);
void tr_solution_free(tr_solution *s);

#endif
