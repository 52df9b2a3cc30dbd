/* What a batch will cost, as routed and if everything went to one tier.
 *
 * Per tier the money comes from the best that is known, and is called by its name: output tokens that
 * the model learned, at the batch rates of a tiers.json; costs that the model learned from records;
 * a number of output tokens that the user assumes, at the batch rates; or nothing: then it is said to
 * be not known. */
#ifndef TIERCE_FORECAST_H
#define TIERCE_FORECAST_H

#include "data/price_list.h"
#include "data/text_out.h"
#include "infer/router.h"

typedef enum { BASIS_TOKENS, BASIS_COSTS, BASIS_ASSUMED, BASIS_NONE } forecast_basis;

typedef struct {
    const tierce_router *router;
    forecast_basis basis[TIERCE_MAX_TIERS];
    td_prices prices[TIERCE_MAX_TIERS]; /* of the tiers.json */
    double assumed_output;              /* tokens; 0: no assumption */
    /* sums over the requests taken so far */
    uint64_t n, chosen[TIERCE_MAX_TIERS], cannot[TIERCE_MAX_TIERS];
    double fixed[TIERCE_MAX_TIERS], routed; /* USD, over requests whose cost is known */
    uint64_t routed_unknown;
    double success_fixed[TIERCE_MAX_TIERS], success_routed; /* sums of estimated probabilities */
} forecast;

/* prices NULL: none given. False with *error filled: a tier of the model that the list lacks. */
bool forecast_start(forecast *f, const tierce_router *router, const td_price_list *prices,
                    const char *prices_path, double assumed_output, td_error *error);
/* Cost of one request at each tier, NaN: not known. Right behind tierce_decide with this scratch. */
void forecast_costs(const forecast *f, const tierce_scratch *scratch, const tierce_request *request,
                    const tierce_decision *d, double *cost);
/* Tokens of a request at four bytes each, as tierce_decide holds them against a context window. */
double forecast_tokens(const tierce_request *request);
/* Adds a request; in the order of the input, so that sums do not depend on threads. */
void forecast_add(forecast *f, uint32_t tier, const double *cost, const double *probability, uint64_t cannot);

void forecast_text(const forecast *f, td_out *out);
void forecast_json(const forecast *f, td_out *out);

#endif
