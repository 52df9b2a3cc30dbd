/* What tiers.json says to the engine: where a tier's requests go, within which limits and budgets.
 *
 *     {"tiers": [{"name": "flash", "model": "gemini-3.5-flash", "prices": {…}, "context_window": 1048576,
 *                 "endpoints": [{"base_url": "https://generativelanguage.googleapis.com/v1beta/openai",
 *                                "key_env": "GEMINI_API_KEY"}],
 *                 "limits": {"max_output_tokens": 65536}}],
 *      "budgets": [{"name": "all", "period": "day", "limit_usd": 20, "at_end": "degrade"}],
 *      "retry": {"retries": 2}}
 *
 * docs/serve.md lists every key. The file is read twice: data/tiers.c takes names, prices and windows
 * from it, this module the rest. Keys come from the environment and stay in memory only. */
#ifndef TIERCE_DISPATCH_CONFIG_H
#define TIERCE_DISPATCH_CONFIG_H

#include "data/tiers.h"
#include "infer/dispatch/breaker.h"
#include "infer/dispatch/ledger.h"
#include "infer/router.h"

typedef struct {
    char *name;      /* for logs and metrics: given, or the URL's host and port */
    char *provider;  /* gen_ai.provider.name: given, or known by the host, or the host */
    char *url;       /* base_url + /chat/completions + query */
    char *model;     /* the model id to ask for here */
    char **headers;  /* "name: value", the key among them: never print these */
    size_t n_headers;
    const char *key; /* within its header; NULL: none */
    double connect_s, first_byte_s, between_s;
    double weight;
    ds_breaker breaker; /* the engine's */
    unsigned parallel;  /* requests under way, the engine's */
} ds_endpoint;

typedef struct {
    uint64_t max_output_tokens;  /* when the request sets none; 0: not known */
    uint64_t max_response_bytes; /* default 64 MiB */
    unsigned max_parallel;       /* requests under way in this tier and worker; 0: no limit */
    bool escalate_on_length;     /* an answer cut by finish_reason "length" goes to the next tier, once */
} ds_limits;

typedef struct {
    const td_tier *tier; /* name, model, prices, window */
    ds_endpoint *endpoints;
    size_t n_endpoints;
    ds_limits limits;
    unsigned parallel; /* under way, the engine's */
    uint32_t slot;     /* of its counters (stats.h), the engine's */
} ds_tier;

typedef struct {
    unsigned retries;              /* of one tier, default 2 */
    double base_s, cap_s;          /* backoff, default 0.5 and 8 */
    double max_wait_s;             /* longest wait on a provider's word; above it: the next tier */
} ds_retry_rule;

/* How a client's key stands in budgets, log and ledger: "k" and 16 hex digits (FNV-1a 64). */
typedef char ds_fingerprint_text[18];
void ds_fingerprint(ds_fingerprint_text to, const char *key, size_t len);

/* Counted, because requests under way outlive a reload. */
typedef struct {
    unsigned refs;
    td_tiers tiers;
    ds_tier *tier; /* tiers.n of them */
    ds_budget budgets[DS_MAX_BUDGETS];
    size_t n_budgets;
    ds_retry_rule retry;
    ds_breaker_rule breaker;
} ds_config;

/* One reference; NULL with *error filled: file, place, what is wrong, the mend. */
ds_config *ds_config_load(const char *path, td_error *error);
ds_config *ds_config_hold(ds_config *config);
void ds_config_drop(ds_config *config);
/* Number of the tier with this name, or UINT32_MAX. */
uint32_t ds_config_find(const ds_config *config, const char *name, size_t len);

#endif
