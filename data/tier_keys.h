/* Every key that a tiers.json may hold, and where: one row a key, so that a new part of the file is a
 * row here and a reader of its own. */
#ifndef TIERCE_TIER_KEYS_H
#define TIERCE_TIER_KEYS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    TD_AT_ROOT = 1,
    TD_IN_TIER = 2,
    TD_IN_PRICES = 4,
    TD_IN_LONG = 8, /* prices.long and prices.batch.long */
    TD_IN_BATCH = 16
} td_key_place;

/* May the key stand there? When not, *near is the nearest that may, or NULL; *example one that may. */
bool td_known_key(td_key_place place, const char *key, const char **near, const char **example);

#endif
