/* Prices: what tokens cost, and what a request with its usage costs.
 *
 * All rates are USD per million tokens, as price pages print them; no price is built into the program.
 * In a tiers.json the "prices" of a tier are
 *
 *     {"input": 2, "output": 12,                    needed
 *      "cached_input": 0.2,                         read from the prompt cache; else as input
 *      "cache_write": 2.5, "cache_write_1h": 4,     written to it, for 5 minutes, for 1 hour; else as
 *                                                   input, and as cache_write
 *      "reasoning": 12,                             else as output
 *      "long": {"above_input_tokens": 200000, "input": 4, "output": 18, …the same keys},
 *      "batch": {"input": 1, "output": 6, …the same keys, "long" too},
 *      "effective_from": "2026-08-01", "effective_to": "2026-12-31"}
 *
 * A prompt above the threshold of "long" is billed at those rates as a whole, every token of it, input
 * and output: so do the providers. The keys stand in one table, from which both readers of tiers.json
 * live (data/tiers.c with a tree, data/price_list.c without). */
#ifndef TIERCE_PRICES_H
#define TIERCE_PRICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TD_MAX_RATE 1e6 /* USD per million tokens: a dollar a token is a slip of the pen */

/* Negative: not given, until td_prices_complete fills it in. */
typedef struct {
    double input, output, cached_input, cache_write, cache_write_1h, reasoning;
} td_rates;

typedef struct {
    td_rates rates;
    double long_above; /* input tokens; 0: no second rate */
    td_rates at_length;
} td_tariff;

typedef struct {
    bool known;
    td_tariff usual;
    bool has_batch;
    td_tariff batch;
    char from[11], to[11]; /* "2026-08-01", both inclusive; "" not given */
} td_prices;

/* Tokens of one request, each counted once. NaN: not recorded. Records and OpenAI say input with the
 * cached part inside it: subtract it first. */
typedef struct {
    double input;  /* fresh: neither read from a cache nor written to one */
    double cached, cache_write, cache_write_1h;
    double output; /* all of it, */
    double reasoning; /* of which this much was thought and not shown */
} td_usage;

/* USD; NaN where the prices, the input or the output are not known (cached, written and reasoning
 * tokens that were not recorded count as none). In a batch at the batch rates: where a tariff has
 * none, at the usual ones; where only the long ones lack, at the usual long ones, which is never too
 * little. */
double td_cost(const td_prices *prices, const td_usage *usage, bool batch);

/* ---- for the readers of tiers.json ---- */

typedef struct {
    const char *key;
    size_t offset; /* into td_rates */
    bool needed;
} td_rate_key;

extern const td_rate_key td_rate_keys[];
extern const size_t td_n_rate_keys;
/* The row of a key, or NULL. */
const td_rate_key *td_find_rate(const char *key, size_t len);

/* Everything unknown, every rate "not given". */
void td_prices_clear(td_prices *prices);
/* NULL when all needed rates are there, and then the others are filled in; else the key that lacks,
 * and *where it lacks ("", ".long", ".batch", ".batch.long"). Only the tariffs that were begun are
 * looked at: long_above > 0, has_batch. */
const char *td_prices_complete(td_prices *prices, const char **where);

/* "YYYY-MM-DD", a day of the calendar? */
bool td_is_date(const char *text, size_t len);
/* Today in UTC. */
void td_today(char date[11]);

/* Per token -> per million without float dust: 1.5e-06 gives 1.5. */
double td_per_million(double per_token);

#endif
