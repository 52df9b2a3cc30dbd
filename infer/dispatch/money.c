#include "infer/dispatch/money.h"

#include <math.h>
#include <string.h>

double ds_cost(const td_prices *p, const ds_usage *u)
{
    const td_usage usage = {u->input, u->cached, u->cache_write, 0, u->output, u->reasoning};
    return p->known ? td_cost(p, &usage, false) : 0;
}

static double attachments(const tierce_request *request)
{
    double n = 0;
    for (size_t i = 0; i < request->n_parts; i++)
        n += request->parts[i].kind == TIERCE_PART_MEDIA;
    return n;
}

/* The dearest reading of so many tokens: written to the cache or not, thought or shown. */
static double most_usd(const td_prices *p, double input, double output)
{
    double usd = 0;
    for (int i = 0; i < 4; i++) {
        const bool write = i & 1, think = i & 2;
        const ds_usage u = {.known = true, .input = write ? 0 : input, .cache_write = write ? input : 0,
                            .output = output, .reasoning = think ? output : 0};
        usd = fmax(usd, ds_cost(p, &u));
    }
    return usd;
}

double ds_reserve_usd(const ds_tier *tier, const ds_body *body, double expected_usd)
{
    const td_prices *p = &tier->tier->prices;
    const double input = (double)body->len + 4096 * attachments(&body->parsed.request);
    if (!p->known)
        return 0;
    const double output = body->max_output > 0 ? body->max_output : (double)tier->limits.max_output_tokens;
    return output > 0 ? most_usd(p, input, output * body->n)
                      : fmax(most_usd(p, input, 4096 * body->n), 8 * expected_usd);
}

ds_usage ds_usage_made_good(const ds_usage *said, const ds_body *body, uint64_t output_bytes, bool *guessed)
{
    static const double most_bytes = 16, slack = 256;
    ds_usage u = *said;
    *guessed = false;
    if (!u.known || u.no_input || u.input + u.cached + u.cache_write <= 0) {
        u.input = ceil((double)body->len / 4);
        *guessed = true;
    }
    if (!u.known || u.no_output || u.output * most_bytes + slack < (double)output_bytes) {
        u.output = ceil((double)output_bytes / 3);
        *guessed = true;
    }
    u.known = true;
    return u;
}

double ds_unfinished_usd(double seen_usd, double expected_usd, double most_usd, bool text_seen)
{
    return fmax(seen_usd, text_seen ? fmin(expected_usd, most_usd) : most_usd);
}

ds_cache_price ds_cache_prices(const td_prices *p)
{
    const td_rates *rates = &p->usual.rates;
    return (ds_cache_price){p->known ? rates->input : 0, p->known ? rates->cached_input : 0};
}
