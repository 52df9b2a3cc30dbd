/* What a request will cost, per tier: least squares on the logarithm of the recorded cost (or, where
 * tiers have prices and records have tokens, of the output tokens), on named features and sizes. */
#ifndef TIERCE_COSTS_H
#define TIERCE_COSTS_H

#include "train/assemble.h"

/* Adds at most one row per tier to rows; returns how many. Solutions go into `solutions` (per tier) and
 * must live until the model is assembled. records_used[t]: outcomes with a cost or tokens. */
uint32_t tr_fit_costs(tm_model *model, const tr_dataset *d, tr_problem *p, const uint32_t *records,
                      uint32_t n, const tr_options *o, tr_solution *solutions, tr_row *rows,
                      uint32_t *records_used);

#endif
