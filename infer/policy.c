/* The decision: constraints drop tiers, value * (probability - charge) - cost ranks the rest. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "infer/router.h"
#include "infer/router_state.h"

static const char *const reason_names[] = {
#define NAME(name, text) #name,
    TIERCE_REASON_LIST(NAME)
#undef NAME
};

static const char *const reason_texts[] = {
#define TEXT(name, text) text,
    TIERCE_REASON_LIST(TEXT)
#undef TEXT
};

const char *tierce_reason_name(tierce_reason reason)
{
    return (unsigned)reason < TIERCE_REASON_COUNT ? reason_names[reason] : "UNKNOWN";
}

const char *tierce_reason_text(tierce_reason reason)
{
    return (unsigned)reason < TIERCE_REASON_COUNT ? reason_texts[reason] : "unknown reason";
}

static uint64_t all_tiers(uint32_t n)
{
    return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
}

tierce_policy tierce_policy_default(const tierce_router *router)
{
    const tm_model *m = &router->model;
    tierce_policy policy = {.allowed = all_tiers(m->n_tiers)};
    for (uint32_t t = 1; t < m->n_tiers; t++)
        if (m->tiers[t].mean_score > m->tiers[policy.default_tier].mean_score)
            policy.default_tier = t;
    return policy;
}

static const char *policy_fault(const tierce_router *router, const tierce_policy *policy)
{
    const uint32_t n = router->model.n_tiers;
    if (!(policy->value_usd >= 0) || isinf(policy->value_usd))
        return "policy: value_usd must be a number of at least 0";
    if (!(policy->min_probability >= 0 && policy->min_probability <= 1))
        return "policy: min_probability must be within 0..1";
    if (!(policy->max_cost_usd >= 0) || isinf(policy->max_cost_usd))
        return "policy: max_cost_usd must be a number of at least 0";
    if (policy->default_tier >= n)
        return "policy: default_tier is not a tier of the model";
    if (!(policy->allowed & all_tiers(n)))
        return "policy: no tier of the model is allowed";
    if (!(policy->min_familiarity >= 0 && policy->min_familiarity <= 1))
        return "policy: min_familiarity must be within 0..1";
    for (uint32_t t = 0; t < n; t++)
        if (!(policy->charge[t] >= -1 && policy->charge[t] <= 1))
            return "policy: a charge must be within -1..1";
    return NULL;
}

/* Bytes of a request, an upper estimate of its tokens at one byte each being far too strict; four
 * bytes a token is the usual mean and what a context check may rely on with a quarter to spare. */
static double tokens_of(const tierce_request *request)
{
    double bytes = 0;
    for (size_t i = 0; i < request->n_parts; i++)
        bytes += (double)request->parts[i].text.len;
    for (size_t i = 0; i < request->n_tools; i++)
        bytes += (double)request->tools[i].name.len + (double)request->tools[i].description.len +
                 (double)request->tools[i].parameters.len;
    return bytes / 4;
}

static void drop(const tierce_router *router, const tierce_request *request,
                 const tierce_policy *policy, tierce_decision *d)
{
    const tm_model *m = &router->model;
    const double tokens = request ? tokens_of(request) : 0;
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const tm_tier *tier = &m->tiers[t];
        const uint64_t bit = (uint64_t)1 << t;
        if (!(policy->allowed & bit))
            d->dropped_policy |= bit;
        else if (tier->context_window && tokens > (double)tier->context_window)
            d->dropped_context |= bit;
        else if (tier->no_tools && request && request->n_tools)
            d->dropped_tools |= bit;
        else if (policy->max_cost_usd > 0 && d->estimate[t].cost_known &&
                 d->estimate[t].cost_usd > policy->max_cost_usd)
            d->dropped_price |= bit;
        else if (d->estimate[t].probability < policy->min_probability)
            d->dropped_floor |= bit;
        else
            d->order[d->n_order++] = t;
    }
}

static double utility(const tierce_decision *d, const tierce_policy *policy, uint32_t t)
{
    const tierce_estimate *e = &d->estimate[t];
    const double worth = e->probability - policy->charge[t];
    if (!(policy->value_usd > 0))
        return worth;
    return policy->value_usd * worth - (e->cost_known ? e->cost_usd : 0);
}

/* Is a to be preferred to b? Ties go to the cheaper, then to the one named first. */
static bool before(const tierce_decision *d, const tierce_policy *policy, uint32_t a, uint32_t b)
{
    const double ua = utility(d, policy, a), ub = utility(d, policy, b);
    if (ua != ub)
        return ua > ub;
    if (d->estimate[a].cost_usd != d->estimate[b].cost_usd)
        return d->estimate[a].cost_usd < d->estimate[b].cost_usd;
    return a < b;
}

static void rank(tierce_decision *d, const tierce_policy *policy)
{
    for (uint32_t i = 1; i < d->n_order; i++) {
        const uint32_t t = d->order[i];
        uint32_t k = i;
        for (; k > 0 && before(d, policy, t, d->order[k - 1]); k--)
            d->order[k] = d->order[k - 1];
        d->order[k] = t;
    }
}

/* A default that the policy does not allow would break it just when nothing else passes: then the
 * allowed tier with the best mean score stands in. */
static uint32_t fallback(const tierce_router *router, const tierce_policy *policy)
{
    const tm_model *m = &router->model;
    uint32_t best = policy->default_tier;
    if (policy->allowed >> best & 1)
        return best;
    best = UINT32_MAX;
    for (uint32_t t = 0; t < m->n_tiers; t++)
        if ((policy->allowed >> t & 1) && (best == UINT32_MAX || m->tiers[t].mean_score > m->tiers[best].mean_score))
            best = t;
    return best; /* policy_fault() saw that one is allowed */
}

static tierce_reason default_reason(const tierce_decision *d)
{
    if (d->dropped_context | d->dropped_tools)
        return TIERCE_REASON_DEFAULT_NONE;
    if (d->dropped_price && d->dropped_floor)
        return TIERCE_REASON_DEFAULT_NONE;
    return d->dropped_price ? TIERCE_REASON_DEFAULT_CEILING : TIERCE_REASON_DEFAULT_FLOOR;
}

static tierce_reason reason_of(const tierce_decision *d, const tierce_policy *policy)
{
    if (d->n_order == 1)
        return TIERCE_REASON_ONLY_ONE;
    const tierce_estimate *first = &d->estimate[d->order[0]], *second = &d->estimate[d->order[1]];
    /* without a value, or where neither has a price, money decided nothing */
    if (!(policy->value_usd > 0) || (!first->cost_known && !second->cost_known))
        return first->probability < second->probability ? TIERCE_REASON_NOT_WORTH
                                                        : TIERCE_REASON_MORE_LIKELY;
    if (first->probability < second->probability)
        return TIERCE_REASON_CHEAPER;
    return first->cost_usd > second->cost_usd ? TIERCE_REASON_BETTER : TIERCE_REASON_BEST_VALUE;
}

/* Nothing about the request itself keeps the tier from it. */
static bool can_take(const tierce_decision *d, uint32_t tier)
{
    return !((d->dropped_context | d->dropped_tools) >> tier & 1);
}

tierce_status tierce_decide_viewed(const tierce_router *router, const tierce_estimate *estimates,
                                   const tierce_view *view, const tierce_request *request,
                                   const tierce_policy *policy, tierce_decision *d,
                                   tierce_error *error)
{
    const char *fault = policy_fault(router, policy);
    if (fault)
        return tierce_fail(error, TIERCE_POLICY, fault, 0);
    memset(d, 0, sizeof *d);
    memcpy(d->estimate, estimates, router->model.n_tiers * sizeof *estimates);
    drop(router, request, policy, d);
    if (view && view->familiarity < policy->min_familiarity && can_take(d, fallback(router, policy))) {
        d->order[0] = fallback(router, policy);
        d->n_order = 1;
        d->reason = TIERCE_REASON_DEFAULT_UNFAMILIAR;
        return TIERCE_OK;
    }
    if (!d->n_order) {
        d->order[d->n_order++] = fallback(router, policy);
        d->reason = default_reason(d);
        return TIERCE_OK;
    }
    rank(d, policy);
    d->reason = reason_of(d, policy);
    if (d->n_order > 1)
        d->margin = utility(d, policy, d->order[0]) - utility(d, policy, d->order[1]);
    return TIERCE_OK;
}

tierce_status tierce_decide_estimates(const tierce_router *router, const tierce_estimate *estimates,
                                      const tierce_request *request, const tierce_policy *policy,
                                      tierce_decision *d, tierce_error *error)
{
    return tierce_decide_viewed(router, estimates, NULL, request, policy, d, error);
}

tierce_status tierce_decide(const tierce_router *router, tierce_scratch *scratch,
                            const tierce_request *request, const tierce_policy *policy,
                            tierce_decision *d, tierce_error *error)
{
    tierce_estimate estimates[TIERCE_MAX_TIERS];
    tierce_view view;
    tierce_status status = tierce_estimate_all(router, scratch, request, estimates, &view, error);
    if (status == TIERCE_OK)
        status = tierce_decide_viewed(router, estimates, &view, request, policy, d, error);
    if (status == TIERCE_OK)
        d->view = view;
    return status;
}
