#include "train/decide.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "infer/router_state.h"
#include "train/memory.h"

struct tr_decider {
    const tr_dataset *d;
    const tr_predictions *p;
    tierce_router router; /* only the tiers of its model are filled: all that a decision looks at */
};

static double mean_score(const tr_dataset *d, uint32_t t)
{
    double sum = 0, n = 0;
    for (uint32_t i = 0; i < d->n; i++) {
        const double score = tr_score(d, i, t);
        if (isnan(score))
            continue;
        sum += score;
        n++;
    }
    return n > 0 ? sum / n : 0;
}

tr_decider *tr_decider_new(const tr_dataset *d, const tr_predictions *p)
{
    tr_decider *x = tr_new(1, sizeof *x);
    x->d = d;
    x->p = p;
    x->router.model.n_tiers = d->n_tiers;
    x->router.model.tiers = tr_new(d->n_tiers, sizeof *x->router.model.tiers);
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        tm_tier *tier = &x->router.model.tiers[t];
        tier->context_window = d->tiers.tier[t].context_window;
        tier->no_tools = d->tiers.tier[t].no_tools;
        tier->mean_score = mean_score(d, t);
    }
    return x;
}

void tr_decider_free(tr_decider *x)
{
    free(x->router.model.tiers);
    free(x);
}

tierce_policy tr_decider_policy(const tr_decider *x)
{
    return tierce_policy_default(&x->router);
}

uint32_t tr_decide(tr_decider *x, uint32_t record, const tierce_policy *policy, tierce_reason *reason)
{
    /* a request of the record's size, with tools if it had any: what constraints look at */
    const tierce_part part = {.text = {"", x->d->bytes[record]}};
    const tierce_tool tool = {.name = {"", 0}};
    const tierce_request request = {
        .parts = &part, .n_parts = 1, .tools = &tool, .n_tools = x->d->has_tools[record]};
    const tierce_view view = {.familiarity = x->p->known[record]};
    tierce_estimate e[TIERCE_MAX_TIERS];
    tierce_decision decision;
    for (uint32_t t = 0; t < x->d->n_tiers; t++) {
        const size_t cell = (size_t)record * x->d->n_tiers + t;
        e[t].probability = x->p->p[cell];
        e[t].cost_known = x->p->cost[cell] >= 0;
        e[t].cost_usd = e[t].cost_known ? x->p->cost[cell] : 0;
    }
    if (tierce_decide_viewed(&x->router, e, &view, &request, policy, &decision, NULL) != TIERCE_OK)
        return policy->default_tier;
    if (reason)
        *reason = decision.reason;
    return decision.order[0];
}
