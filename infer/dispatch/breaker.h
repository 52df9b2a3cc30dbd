/* A circuit breaker, one per endpoint: after enough failures in a row nothing is sent there for a
 * while, then one request tries. Time comes from the caller (monotonic seconds), so tests need none. */
#ifndef TIERCE_BREAKER_H
#define TIERCE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    unsigned failures; /* in a row that open it (default 5) */
    double open_s;     /* for how long (default 15); doubles with each failed probe, up to max_open_s */
    double max_open_s; /* default 300 */
} ds_breaker_rule;

typedef enum { DS_BREAKER_CLOSED, DS_BREAKER_OPEN, DS_BREAKER_PROBING } ds_breaker_state;

/* Zero is closed. */
typedef struct {
    ds_breaker_state state;
    unsigned failures;
    double until;      /* while open */
    double probe_at;   /* when the probe began: a probe that never reports frees its place after open_s */
    double open_s;     /* length of the present opening */
    uint64_t opened;   /* times it opened, for /metrics */
} ds_breaker;

/* May a request go there now? When this returns true for an open breaker whose time is over, the
 * caller is the probe and must report. */
bool ds_breaker_allows(ds_breaker *b, const ds_breaker_rule *rule, double now);
/* Only looks: would it allow? */
bool ds_breaker_would_allow(const ds_breaker *b, const ds_breaker_rule *rule, double now);
void ds_breaker_success(ds_breaker *b);
void ds_breaker_failure(ds_breaker *b, const ds_breaker_rule *rule, double now);
/* Opens at once for max(open_s, wait_s). */
void ds_breaker_trip(ds_breaker *b, const ds_breaker_rule *rule, double wait_s, double now);
const char *ds_breaker_name(ds_breaker_state state); /* "closed", "open", "probing" */

#endif
