/* Tiers: which outcomes stand for which tier, and what a tier costs and can take.
 *
 * --tiers a,b,c names tiers that are called as the outcomes are; --tiers tiers.json says more:
 *
 *     {"date": "2026-08", "source": "where the prices are from",
 *      "tiers": [{"name": "flash",
 *                 "outcomes": ["gemini-3.5-flash", "flash"],
 *                 "model": "gemini/gemini-3.5-flash",
 *                 "prices": {"input": 1.5, "output": 9.0, "cached_input": 0.15,
 *                            "long": {"above_input_tokens": 200000, "input": 3, "output": 18}},
 *                 "context_window": 1048576,
 *                 "tools": true}]}
 *
 * Prices are USD per million tokens (data/prices.h has all their keys, `tierce tiers init` writes them
 * from a kept table). `outcomes` are the names to look for in a record, first match
 * wins; without it, the tier's own name. An unknown key is an error that names the nearest known one. */
#ifndef TIERCE_TIERS_H
#define TIERCE_TIERS_H

#include <stdint.h>

#include "data/lines.h"
#include "data/prices.h"
#include "data/record.h"

#define TD_MAX_TIERS 64

typedef struct {
    char *name, *model; /* model "" where not given */
    char **outcomes;
    size_t n_outcomes;
    td_prices prices;
    uint32_t context_window; /* tokens, 0: not given */
    bool no_tools;
} td_tier;

typedef struct {
    td_tier tier[TD_MAX_TIERS];
    uint32_t n;
} td_tiers;

/* `what` is a comma-separated list or a path that ends in .json. On failure nothing needs freeing. */
bool td_tiers_load(td_tiers *tiers, const char *what, td_error *error);
/* The same from a path of any name. */
bool td_tiers_load_json(td_tiers *tiers, const char *path, td_error *error);
/* The same from text in memory; `path` is for messages. */
bool td_tiers_parse(td_tiers *tiers, const char *text, size_t len, const char *path, td_error *error);
void td_tiers_free(td_tiers *tiers);

/* The first outcome name that both tiers look for, or NULL. */
const char *td_tiers_shared(const td_tier *a, const td_tier *b);
/* Tells of every pair that looks mistaken: outcomes that two tiers look for, one model id for two, names swapped. */
void td_tiers_odd(const td_tiers *tiers, void (*tell)(void *context, const td_tier *tier, const char *what),
                  void *context);

/* The record's outcome for a tier, or NULL. */
const td_outcome *td_tier_outcome(const td_tier *tier, const td_record *record);

#endif
