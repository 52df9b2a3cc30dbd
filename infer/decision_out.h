/* A decision as one line of JSON, as route --json and score print it. */
#ifndef TIERCE_DECISION_OUT_H
#define TIERCE_DECISION_OUT_H

#include "data/text_out.h"
#include "infer/router.h"

/* {"id": …, "tier": …, "p": {…}, "cost": {…}, "reason": …, "margin": …, "familiarity": …}, without a
 * line break. id.len 0: "line" with the number instead, when that is not 0. */
void put_decision(td_out *out, const tierce_router *router, const tierce_decision *d, tierce_span id,
                  uint64_t line);

#endif
