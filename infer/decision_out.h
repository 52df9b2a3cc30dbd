/* A decision as one line of JSON, as route --json and score print it. */
#ifndef TIERCE_DECISION_OUT_H
#define TIERCE_DECISION_OUT_H

#include "data/text_out.h"
#include "infer/router.h"

/* {"id": …, "tier": …, "p": {…}, "cost": {…}, "reason": …, "margin": …, "familiarity": …}, without a
 * line break. id.len 0: "line" with the number instead, when that is not 0. no_cost, bits of tiers (see
 * tiers_without_cost), adds "no_cost": [tier, …] where any is set. */
void put_decision(td_out *out, const tierce_router *router, const tierce_decision *d, uint64_t no_cost,
                  tierce_span id, uint64_t line);

/* Bit t: tier t was ranked although its cost, which the policy weighs, is not known: it counts as free and
 * passes every ceiling. 0 where the policy weighs no cost. */
uint64_t tiers_without_cost(const tierce_decision *d, const tierce_policy *policy);

#endif
