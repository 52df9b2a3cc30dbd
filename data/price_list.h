/* Names, models, prices, context windows and tool support of a tiers.json, read without a tree: what the small program needs of it.
 *
 * Every key is checked against data/tier_keys.h, as data/tiers.h does; the values of keys that price
 * nothing (endpoints, outcomes, …) are stepped over: their own readers look at those. */
#ifndef TIERCE_PRICE_LIST_H
#define TIERCE_PRICE_LIST_H

#include "data/lines.h"
#include "data/prices.h"

#define TD_MAX_PRICED 64

typedef struct {
    char *name, *model; /* model "" where not given */
    td_prices prices;
    double context_window; /* tokens, 0: none; negative: not given */
    signed char tools;     /* takes tools; negative: not given */
} td_priced;

typedef struct {
    td_priced tier[TD_MAX_PRICED];
    uint32_t n;
} td_price_list;

/* On failure nothing needs freeing; *error is "file:line: …". */
bool td_price_list_load(td_price_list *list, const char *path, td_error *error);
/* The same from text in memory; `path` is for messages. */
bool td_price_list_read(td_price_list *list, const char *text, size_t len, const char *path,
                        td_error *error);
void td_price_list_free(td_price_list *list);

/* NULL when there is no such tier. */
const td_priced *td_price_list_find(const td_price_list *list, const char *name);

#endif
