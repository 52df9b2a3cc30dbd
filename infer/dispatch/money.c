#include "infer/dispatch/money.h"

#include <math.h>
#include <string.h>

#define PER_MILLION 1e-6

double ds_cost(const td_prices *p, const ds_usage *u)
{
    if (!p->known)
        return 0;
    const bool is_long = p->long_above && u->input + u->cached + u->cache_write > p->long_above;
    const double input = is_long ? p->long_input : p->input, output = is_long ? p->long_output : p->output;
    const double cached = is_long ? p->long_cached_input : p->cached_input;
    return PER_MILLION * (input * (u->input + u->cache_write) + cached * u->cached + output * u->output);
}

static double attachments(const tierce_request *request)
{
    double n = 0;
    for (size_t i = 0; i < request->n_parts; i++)
        n += request->parts[i].kind == TIERCE_PART_MEDIA;
    return n;
}

double ds_reserve_usd(const ds_tier *tier, const ds_body *body, double expected_usd)
{
    const td_prices *p = &tier->tier->prices;
    ds_usage most = {.known = true, .input = (double)body->len + 4096 * attachments(&body->parsed.request)};
    if (!p->known)
        return 0;
    most.output = body->max_output > 0 ? body->max_output : (double)tier->limits.max_output_tokens;
    if (most.output > 0) {
        most.output *= body->n;
        return ds_cost(p, &most);
    }
    most.output = 4096 * body->n;
    return fmax(ds_cost(p, &most), 8 * expected_usd);
}

ds_usage ds_usage_guess(const ds_body *body, uint64_t output_bytes)
{
    return (ds_usage){.known = true, .input = ceil((double)body->len / 4), .output = ceil((double)output_bytes / 3)};
}

ds_cache_price ds_cache_prices(const td_prices *p)
{
    return (ds_cache_price){p->known ? p->input : 0, p->known ? p->cached_input : 0};
}
