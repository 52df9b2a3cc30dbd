#include "infer/dispatch/stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "infer/dispatch/body.h"

static const double bounds[DS_LATENCY_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                  0.25,  0.5,    1,     2.5,  5,     15,   60};

void ds_stats_latency(ds_stats *stats, double seconds)
{
    size_t i = 0;
    while (i < DS_LATENCY_BUCKETS && seconds > bounds[i])
        i++;
    ds_add(&stats->latency[i], 1);
    ds_add(&stats->latency_us, (uint64_t)(seconds * 1e6));
}

/* Sum of the field at `offset` over the workers. */
static uint64_t sum(ds_stats *all, unsigned workers, size_t offset)
{
    uint64_t total = 0;
    for (unsigned w = 0; w < workers; w++)
        total += atomic_load_explicit((_Atomic uint64_t *)(void *)((char *)&all[w] + offset), memory_order_relaxed);
    return total;
}

static void head(td_out *out, const char *name, const char *type, const char *help)
{
    char line[400];
    snprintf(line, sizeof line, "# HELP tierce_%s %s\n# TYPE tierce_%s %s\n", name, help, name, type);
    td_puts(out, line);
}

static void value(td_out *out, const char *name, const char *labels, double v)
{
    char line[500];
    snprintf(line, sizeof line, "tierce_%s%s %.15g\n", name, labels, v);
    td_puts(out, line);
}

/* Tier and endpoint names are quoted as the text format wants it; control bytes cannot be in them. */
static void put_label(char *to, size_t room, const char *text)
{
    size_t n = 0;
    for (; *text && n + 3 < room; text++) {
        if (*text == '"' || *text == '\\')
            to[n++] = '\\';
        to[n++] = *text;
    }
    to[n] = 0;
}

/* ---- tiers, by their names ---- */

static uint64_t hash_of(const char *name)
{
    return ds_fnv1a(name, strlen(name)) | 1;
}

static uint64_t owner(ds_tier_stats *slot)
{
    return atomic_load_explicit(&slot->of, memory_order_acquire);
}

static ds_tier_stats *find_slot(ds_stats *stats, uint64_t of)
{
    for (size_t i = 0; i < DS_TIER_SLOTS; i++)
        if (owner(&stats->tier[i]) == of)
            return &stats->tier[i];
    return NULL;
}

static bool in_config(const ds_config *config, uint64_t of)
{
    for (uint32_t t = 0; t < config->tiers.n; t++)
        if (hash_of(config->tiers.tier[t].name) == of)
            return true;
    return false;
}

/* A slot that no tier of the config has: never used, else of a tier that is gone. */
static ds_tier_stats *spare_slot(ds_stats *stats, const ds_config *config)
{
    ds_tier_stats *slot = find_slot(stats, 0);
    for (size_t i = 0; !slot && i < DS_TIER_SLOTS; i++)
        if (!in_config(config, owner(&stats->tier[i])))
            slot = &stats->tier[i];
    return slot;
}

void ds_stats_take_tiers(ds_stats *stats, ds_config *config)
{
    for (uint32_t t = 0; t < config->tiers.n; t++) {
        const char *name = config->tiers.tier[t].name;
        const uint64_t of = hash_of(name);
        ds_tier_stats *slot = find_slot(stats, of);
        if (!slot && (slot = spare_slot(stats, config))) {
            memset(slot, 0, sizeof *slot);
            snprintf(slot->name, sizeof slot->name, "%s", name);
            atomic_store_explicit(&slot->of, of, memory_order_release);
        }
        config->tier[t].slot = (uint32_t)(slot ? slot - stats->tier : 0);
    }
}

typedef struct {
    uint64_t of;
    const char *name;
} tier_name;

/* The config's tiers in their order, then those that were in one before. */
static size_t all_tiers(ds_stats *all, unsigned workers, const ds_config *config, tier_name list[DS_TIER_SLOTS])
{
    size_t n = 0;
    for (; n < config->tiers.n; n++)
        list[n] = (tier_name){hash_of(config->tiers.tier[n].name), config->tiers.tier[n].name};
    for (unsigned w = 0; w < workers; w++)
        for (size_t i = 0; i < DS_TIER_SLOTS; i++) {
            const uint64_t of = owner(&all[w].tier[i]);
            size_t k = 0;
            while (k < n && list[k].of != of)
                k++;
            if (of && k == n && n < DS_TIER_SLOTS)
                list[n++] = (tier_name){of, all[w].tier[i].name};
        }
    return n;
}

static uint64_t sum_of_tier(ds_stats *all, unsigned workers, uint64_t of, size_t offset)
{
    uint64_t total = 0;
    for (unsigned w = 0; w < workers; w++) {
        ds_tier_stats *slot = find_slot(&all[w], of);
        total += slot ? atomic_load_explicit((_Atomic uint64_t *)(void *)((char *)slot + offset), memory_order_relaxed) : 0;
    }
    return total;
}

static void print_tiers(td_out *out, ds_stats *all, unsigned workers, const ds_config *config)
{
    static const struct {
        const char *name, *help;
        size_t offset;
        double scale;
    } rows[] = {
        {"tier_attempts_total", "requests sent to a tier", offsetof(ds_tier_stats, attempts), 1},
        {"tier_failures_total", "of these, failed", offsetof(ds_tier_stats, failures), 1},
        {"tier_answers_total", "answers that a tier gave to clients", offsetof(ds_tier_stats, answers), 1},
        {"tier_input_tokens_total", "input tokens, cached ones included", offsetof(ds_tier_stats, input_tokens), 1},
        {"tier_cached_tokens_total", "input tokens read from the cache", offsetof(ds_tier_stats, cached_tokens), 1},
        {"tier_output_tokens_total", "output tokens, reasoning included", offsetof(ds_tier_stats, output_tokens), 1},
        {"tier_cost_usd_total", "spend", offsetof(ds_tier_stats, nano_usd), 1e-9},
    };
    char name[160], labels[200];
    tier_name list[DS_TIER_SLOTS];
    const size_t n = all_tiers(all, workers, config, list);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        head(out, rows[r].name, "counter", rows[r].help);
        for (size_t t = 0; t < n; t++) {
            put_label(name, sizeof name, list[t].name);
            snprintf(labels, sizeof labels, "{tier=\"%s\"}", name);
            value(out, rows[r].name, labels, rows[r].scale * (double)sum_of_tier(all, workers, list[t].of, rows[r].offset));
        }
    }
}

/* How the kernel spreads connections over the workers. */
static void print_workers(td_out *out, ds_stats *all, unsigned workers)
{
    char labels[40];
    head(out, "worker_connections_total", "counter", "connections accepted, by worker");
    for (unsigned w = 0; w < workers; w++) {
        snprintf(labels, sizeof labels, "{worker=\"%u\"}", w);
        value(out, "worker_connections_total", labels, (double)sum(all + w, 1, offsetof(ds_stats, connections)));
    }
}

static void print_breakers(td_out *out, const ds_config *config)
{
    char tier[160], endpoint[160], labels[400];
    head(out, "endpoint_breaker", "gauge", "0 closed, 1 open, 2 probing; of the worker that answers");
    for (uint32_t t = 0; t < config->tiers.n; t++)
        for (size_t e = 0; e < config->tier[t].n_endpoints; e++) {
            put_label(tier, sizeof tier, config->tiers.tier[t].name);
            put_label(endpoint, sizeof endpoint, config->tier[t].endpoints[e].name);
            snprintf(labels, sizeof labels, "{tier=\"%s\",endpoint=\"%s\"}", tier, endpoint);
            value(out, "endpoint_breaker", labels, (double)config->tier[t].endpoints[e].breaker.state);
        }
}

static void print_latency(td_out *out, ds_stats *all, unsigned workers)
{
    double cumulative = 0;
    char labels[40];
    head(out, "latency_seconds", "histogram", "from a request's last byte to its answer's last");
    for (size_t i = 0; i <= DS_LATENCY_BUCKETS; i++) {
        cumulative += (double)sum(all, workers, offsetof(ds_stats, latency) + i * sizeof(uint64_t));
        if (i < DS_LATENCY_BUCKETS)
            snprintf(labels, sizeof labels, "{le=\"%g\"}", bounds[i]);
        else
            snprintf(labels, sizeof labels, "{le=\"+Inf\"}");
        value(out, "latency_seconds_bucket", labels, cumulative);
    }
    value(out, "latency_seconds_sum", "", 1e-6 * (double)sum(all, workers, offsetof(ds_stats, latency_us)));
    value(out, "latency_seconds_count", "", cumulative);
}

void ds_stats_print(td_out *out, ds_stats *all, unsigned workers, const ds_config *config)
{
#define COUNTER(field, name, help)                      \
    head(out, name "_total", "counter", help);          \
    value(out, name "_total", "", (double)sum(all, workers, offsetof(ds_stats, field)));
    DS_STATS_LIST(COUNTER)
#undef COUNTER
    head(out, "in_flight", "gauge", "requests under way");
    value(out, "in_flight", "", (double)sum(all, workers, offsetof(ds_stats, in_flight)));
    head(out, "open_connections", "gauge", "connections that are open");
    value(out, "open_connections", "", (double)sum(all, workers, offsetof(ds_stats, open_connections)));
    head(out, "decision_seconds", "summary", "time of a decision");
    value(out, "decision_seconds_sum", "", 1e-9 * (double)sum(all, workers, offsetof(ds_stats, decide_ns)));
    value(out, "decision_seconds_count", "", (double)sum(all, workers, offsetof(ds_stats, decisions)));
    print_latency(out, all, workers);
    print_workers(out, all, workers);
    print_tiers(out, all, workers, config);
    print_breakers(out, config);
}

void ds_stats_print_ledger(td_out *out, ds_ledger *ledger, const ds_config *config, double now_unix)
{
    char name[160], labels[200];
    double usd = 0, reserved = 0;
    td_error error;
    if (!ds_ledger_total(ledger, &usd, &reserved, &error))
        return;
    head(out, "ledger_booked_usd", "gauge", "all that the ledger ever booked, settled and reserved");
    value(out, "ledger_booked_usd", "", usd);
    head(out, "ledger_reserved_usd", "gauge", "of it, reserved for requests under way (or left by a crash)");
    value(out, "ledger_reserved_usd", "", reserved);
    head(out, "budget_spent_usd", "gauge", "in the present period; its limit is tierce_budget_limit_usd");
    for (size_t i = 0; i < config->n_budgets; i++) {
        const ds_budget *b = &config->budgets[i];
        const ds_payer payer = {b->tier, "", ""};
        if (b->key[0] || b->tag[0])
            continue;
        put_label(name, sizeof name, b->name);
        snprintf(labels, sizeof labels, "{budget=\"%s\"}", name);
        value(out, "budget_spent_usd", labels, ds_ledger_spent(ledger, &payer, i, now_unix));
        value(out, "budget_limit_usd", labels, b->limit_usd);
    }
}
