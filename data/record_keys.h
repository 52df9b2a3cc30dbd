/* Every key that means something in a record, and where: one table for the readers that look for keys
 * they do not know, and for the exporters. */
#ifndef TIERCE_RECORD_KEYS_H
#define TIERCE_RECORD_KEYS_H

#include "data/json.h"

/* A member of a request: what routing reads ("messages", "tools", …) and what a provider does
 * ("temperature", …). */
bool td_is_request_key(tierce_span key);
/* A number of an outcome: "score", "cost_usd", … */
bool td_is_outcome_number(tierce_span key);

/* A key that a reader of records passes over knowingly: of requests, of batch lines, of imports
 * ("usage", "trials"). */
bool td_is_passed_over(tierce_span key, bool in_outcome);

#endif
