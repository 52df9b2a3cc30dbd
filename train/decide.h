/* Decisions of a policy on predictions that are already there, by the very code that decides at the
 * edge (infer/policy.c), constraints of tiers included. */
#ifndef TIERCE_DECIDE_H
#define TIERCE_DECIDE_H

#include "infer/router.h"
#include "train/outfold.h"

typedef struct tr_decider tr_decider;

tr_decider *tr_decider_new(const tr_dataset *d, const tr_predictions *p);
void tr_decider_free(tr_decider *decider);
/* Every tier allowed, by probability alone; default tier: the best mean score of the dataset. */
tierce_policy tr_decider_policy(const tr_decider *decider);
/* The tier for a record. The policy must be in range (tierce_decide says which ranges). reason may be
 * NULL. */
uint32_t tr_decide(tr_decider *decider, uint32_t record, const tierce_policy *policy,
                   tierce_reason *reason);

#endif
