#include "infer/decision_out.h"

#include <stdio.h>
#include <string.h>

static void put_name(td_out *out, const char *name)
{
    td_put_json(out, name, strlen(name));
}

static void put_per_tier(td_out *out, const tierce_router *router, const tierce_decision *d, bool cost)
{
    bool first = true;
    td_puts(out, "{");
    for (uint32_t t = 0; t < tierce_tier_count(router); t++) {
        if (cost && !d->estimate[t].cost_known)
            continue;
        td_puts(out, first ? "" : ", ");
        put_name(out, tierce_tier_name(router, t));
        td_puts(out, ": ");
        td_put_number(out, cost ? d->estimate[t].cost_usd : d->estimate[t].probability);
        first = false;
    }
    td_puts(out, "}");
}

uint64_t tiers_without_cost(const tierce_decision *d, const tierce_policy *policy)
{
    uint64_t bits = 0;
    for (uint32_t k = 0; (policy->value_usd > 0 || policy->max_cost_usd > 0) && k < d->n_order; k++)
        bits |= d->estimate[d->order[k]].cost_known ? 0 : (uint64_t)1 << d->order[k];
    return bits;
}

static void put_without_cost(td_out *out, const tierce_router *router, uint64_t bits)
{
    bool first = true;
    if (bits)
        td_puts(out, ", \"no_cost\": [");
    for (uint32_t t = 0; bits && t < tierce_tier_count(router); t++) {
        if (!(bits >> t & 1))
            continue;
        td_puts(out, first ? "" : ", ");
        put_name(out, tierce_tier_name(router, t));
        first = false;
    }
    td_puts(out, bits ? "]" : "");
}

void put_decision(td_out *out, const tierce_router *router, const tierce_decision *d, uint64_t no_cost,
                  tierce_span id, uint64_t line)
{
    char number[32];
    td_puts(out, "{");
    if (id.len) {
        td_puts(out, "\"id\": ");
        td_put_json(out, id.data, id.len);
        td_puts(out, ", ");
    } else if (line) {
        snprintf(number, sizeof number, "\"line\": %llu, ", (unsigned long long)line);
        td_puts(out, number);
    }
    td_puts(out, "\"tier\": ");
    put_name(out, tierce_tier_name(router, d->order[0]));
    td_puts(out, ", \"p\": ");
    put_per_tier(out, router, d, false);
    td_puts(out, ", \"cost\": ");
    put_per_tier(out, router, d, true);
    td_puts(out, ", \"reason\": \"");
    td_puts(out, tierce_reason_name(d->reason));
    td_puts(out, "\", \"margin\": ");
    td_put_number(out, d->margin);
    td_puts(out, ", \"familiarity\": ");
    td_put_number(out, d->view.familiarity);
    put_without_cost(out, router, no_cost);
    td_puts(out, d->view.truncated ? ", \"truncated\": true}" : "}");
}
