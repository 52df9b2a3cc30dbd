/* Counters of one worker, in memory shared with its siblings, so that /metrics of any worker speaks
 * for all. Plain 64-bit atomics; one writer each. */
#ifndef TIERCE_DISPATCH_STATS_H
#define TIERCE_DISPATCH_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "data/text_out.h"
#include "infer/dispatch/config.h"

#define DS_MAX_WORKERS 64
#define DS_LATENCY_BUCKETS 14

/* X(field, Prometheus name, help): counters without labels */
#define DS_STATS_LIST(X)                                                                         \
    X(ok, "answered", "requests answered with success")                                          \
    X(client_errors, "client_errors", "requests answered with a 4xx of the client's making")     \
    X(failed, "failed", "requests that no endpoint answered")                                    \
    X(over_budget, "over_budget", "requests refused because a budget is used up")                \
    X(hung_up, "client_hung_up", "requests whose client left before the answer's end")           \
    X(broken_streams, "broken_streams", "streams that ended in an error after their first byte") \
    X(retries, "retries", "attempts repeated in the same tier")                                  \
    X(fallbacks, "fallbacks", "moves to another tier after a failure")                           \
    X(escalations, "escalations", "answers sent on to another tier (tool calls, length)")        \
    X(bad_tool_calls, "bad_tool_calls", "answers whose tool calls do not fit the offered tools") \
    X(explored, "explored", "requests sent elsewhere by --explore")                              \
    X(guessed_usage, "guessed_usage", "answers billed by estimate: the provider gave no usage")  \
    X(http_refused, "http_refused", "HTTP requests refused before they were read")               \
    X(timeouts, "client_timeouts", "HTTP requests that did not arrive in time")                  \
    X(connections, "connections", "connections accepted")                                        \
    X(reloads, "reloads", "reloads of model and tiers")                                          \
    X(bad_reloads, "bad_reloads", "reloads refused; the old ones stayed")                        \
    X(log_lost, "log_lines_lost", "lines of the decision log that could not be written")         \
    X(ledger_faults, "ledger_faults", "ledger operations that failed")

/* Tiers that had a name since the start; more are never in one config. */
#define DS_TIER_SLOTS (2 * TD_MAX_TIERS)

/* Of one tier, by its name: a reload may give the tiers other numbers. */
typedef struct {
    _Atomic uint64_t of; /* hash of the name; 0: nobody's yet. The name stands before it does */
    char name[120];      /* cut where it is longer */
    _Atomic uint64_t attempts, failures, answers, input_tokens, cached_tokens, output_tokens, nano_usd;
} ds_tier_stats;

typedef struct {
#define DS_STATS_FIELD(field, name, help) _Atomic uint64_t field;
    DS_STATS_LIST(DS_STATS_FIELD)
#undef DS_STATS_FIELD
    _Atomic uint64_t in_flight, open_connections;
    _Atomic uint64_t decisions, decide_ns;
    _Atomic uint64_t latency[DS_LATENCY_BUCKETS + 1], latency_us;
    ds_tier_stats tier[DS_TIER_SLOTS]; /* by ds_tier.slot */
} ds_stats;

static inline void ds_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void ds_sub(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_sub_explicit(counter, n, memory_order_relaxed);
}

void ds_stats_latency(ds_stats *stats, double seconds);

/* Gives every tier of the config its slot: the one that its name had before, or a fresh one at 0. Where none is left, those
 * go that are not the config's. By the worker whose counters they are. */
void ds_stats_take_tiers(ds_stats *stats, ds_config *config);

/* Prometheus text of all workers together; breakers are those of the given config. A tier that
 * is in it no more keeps its counters. */
void ds_stats_print(td_out *out, ds_stats *all, unsigned workers, const ds_config *config);

/* Spend of the ledger, and of every budget that does not count keys or tags apart. */
void ds_stats_print_ledger(td_out *out, ds_ledger *ledger, const ds_config *config, double now_unix);

#endif
