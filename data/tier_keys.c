#include "data/tier_keys.h"

#include <string.h>

#include "data/nearest.h"

static const struct {
    const char *key;
    unsigned places;
} rows[] = {
    {"tiers", TD_AT_ROOT},
    {"date", TD_AT_ROOT},
    {"source", TD_AT_ROOT},
    {"note", TD_AT_ROOT | TD_IN_TIER},
    {"name", TD_IN_TIER},
    {"outcomes", TD_IN_TIER},
    {"model", TD_IN_TIER},
    {"prices", TD_IN_TIER},
    {"context_window", TD_IN_TIER},
    {"tools", TD_IN_TIER},
    {"input", TD_IN_PRICES | TD_IN_LONG | TD_IN_BATCH},
    {"output", TD_IN_PRICES | TD_IN_LONG | TD_IN_BATCH},
    {"cached_input", TD_IN_PRICES | TD_IN_LONG | TD_IN_BATCH},
    {"cache_write", TD_IN_PRICES | TD_IN_LONG | TD_IN_BATCH},
    {"cache_write_1h", TD_IN_PRICES | TD_IN_LONG | TD_IN_BATCH},
    {"reasoning", TD_IN_PRICES | TD_IN_LONG | TD_IN_BATCH},
    {"long", TD_IN_PRICES | TD_IN_BATCH},
    {"batch", TD_IN_PRICES},
    {"effective_from", TD_IN_PRICES},
    {"effective_to", TD_IN_PRICES},
    {"above_input_tokens", TD_IN_LONG},
    /* of tierce-dispatch: infer/dispatch/config.c reads and checks these */
    {"endpoints", TD_IN_TIER},
    {"limits", TD_IN_TIER},
    {"budgets", TD_AT_ROOT},
    {"retry", TD_AT_ROOT},
};
#define N_ROWS (sizeof rows / sizeof *rows)

bool td_known_key(td_key_place place, const char *key, const char **near, const char **example)
{
    const char *names[N_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (!(rows[i].places & (unsigned)place))
            continue;
        if (!strcmp(rows[i].key, key))
            return true;
        names[n++] = rows[i].key;
    }
    *near = td_nearest(key, names, n);
    *example = names[0];
    return false;
}
