/* Operating points of a model: stored, and judged on records. */
#ifndef TIERCE_POINTS_H
#define TIERCE_POINTS_H

#include "infer/router.h"
#include "models/model.h"
#include "train/family.h"

/* NULL when `name` may name a point (letters, digits, - _ . and at most 60 of them), else why not. */
const char *tr_point_name_fault(const char *name);
/* Adds the point, or replaces the one of that name. */
void tr_point_put(tm_model *model, const char *name, const char *goal, const tierce_policy *policy);

/* A policy on the bench: figures (spend in USD if costed, else places of tiers) with percentile bootstrap
 * intervals; reference: the best fixed tier. */
typedef struct {
    tr_figures value, low, high;
    uint32_t reference, abstained;
} tr_judged;

tr_judged tr_judge_policy(const tr_bench *b, bool costed, const tierce_policy *policy, uint32_t rounds,
                          uint64_t seed);
/* A line or three for people. */
void tr_print_judged(const tr_bench *b, bool costed, const char *name, const char *goal,
                     const tr_judged *j);

#endif
