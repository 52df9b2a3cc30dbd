/* LiteLLM's model_prices_and_context_window.json, the price table that the field keeps, read into a
 * tiers.json. Its prices are USD per token under names like
 *
 *     cache_creation_input_token_cost[_above_1hr][_above_200k_tokens][_batches]
 *
 * and its first key, "sample_spec", is documentation. */
#ifndef TIERCE_LITELLM_H
#define TIERCE_LITELLM_H

#include "data/dom.h"

/* Told of what could not be carried over, a sentence each. */
typedef void (*td_note)(void *context, const char *note);

typedef struct {
    const char *const *wanted; /* "KEY" or "NAME=KEY" */
    size_t n;
    const char *date; /* "2026-08-01": the day the prices are of */
    const char *path; /* of the table, for "source" and messages */
    td_note note;
    void *context;
} td_litellm_job;

/* Appends a whole tiers.json. False with *error filled: a key that is not there (the nearest is
 * named), an entry without token prices, two tiers of one name. */
bool td_litellm_tiers(const td_node *table, const td_litellm_job *job, td_out *out, td_error *error);

#endif
