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

void put_decision(td_out *out, const tierce_router *router, const tierce_decision *d, tierce_span id,
                  uint64_t line)
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
    td_puts(out, d->view.truncated ? ", \"truncated\": true}" : "}");
}
