/* The log of decisions: one JSON line a request, for people, for OpenTelemetry and for the next
 * training (tierce import tierce-log).
 *
 * Lines are appended with one write(2) each (O_APPEND), so workers may share a file and a crash cuts
 * nothing but the last line. Rotation: when the file would pass max_bytes it is renamed to
 * PATH.1 (… PATH.keep), under flock on PATH.lock, and a new one is begun; every writer notices by
 * inode. Disk full or a vanished folder: the line is counted as lost and reported once, the request
 * goes on. */
#ifndef TIERCE_DECISION_LOG_H
#define TIERCE_DECISION_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "data/lines.h"
#include "data/text_out.h"
#include "infer/dispatch/reply.h"
#include "infer/router.h"

typedef enum { DS_FSYNC_NEVER, DS_FSYNC_SECOND, DS_FSYNC_ALWAYS } ds_fsync;

typedef struct {
    const char *path;     /* must outlive the log */
    uint64_t max_bytes;   /* 0: never rotate */
    unsigned keep;        /* old files kept (default 5) */
    ds_fsync fsync;
} ds_log_options;

/* One attempt at one endpoint. Strings are the caller's. */
typedef struct {
    const char *tier, *endpoint; /* endpoint: its name in tiers.json or host, never a key */
    const char *provider;        /* OpenTelemetry's name of it, or the host; of the last attempt */
    const char *verdict, *why;   /* ds_verdict_name, ds_advice.why */
    int status;
    double seconds;
} ds_log_attempt;

typedef struct {
    const char *id;          /* of the request: the client's or ours */
    double time_unix;
    const char *point;       /* operating point, "" for none */
    const tierce_router *router;
    const tierce_decision *decision; /* NULL: the client forced a tier */
    const char *tier;        /* that answered in the end, or the last tried */
    const char *reason;      /* reason name of the final choice: the decision's, or "FORCED", "EXPLORE",
                                "TOOL_LOOP", "CACHE", "FOLLOW_UP", "BUDGET", "FALLBACK" */
    double propensity;       /* of the chosen tier under the logging policy; 1 without exploration */
    const ds_log_attempt *attempts;
    unsigned n_attempts;
    int status;              /* what the client got; 499: it hung up */
    const char *error;       /* NULL, or a type like "budget", "upstream", "client_closed" */
    bool stream, truncated;
    ds_usage usage;
    bool usage_estimated;    /* the provider gave none */
    double cost_usd, expected_usd; /* negative: not known */
    double latency_s, first_byte_s, decide_s;
    const char *request_model, *response_model, *response_id, *finish; /* "" where not known */
    const char *key, *tag, *session; /* fingerprint, tag, session: "" where none */
    uint64_t digest;         /* of the request's bytes (FNV-1a 64): joins without the text */
    uint64_t features;       /* digest of the request's features; 0: none (forced) */
    uint32_t entries;        /* how many they are */
    const char *prompt;      /* only with --log-prompts: the request's JSON, else NULL */
    size_t prompt_len;
} ds_log_entry;

/* The line without its line break. Names (gen_ai.* as OpenTelemetry's GenAI conventions have them):
 * "id", "time" (RFC 3339, UTC, ms), "point", "tier", "reason", "propensity", "p": {tier: probability},
 * "expected_cost": {tier: USD}, "margin", "familiarity", "entries", "features", "digest", "attempts":
 * [{"tier","endpoint","status","verdict","why","seconds"}], "status", "error", "cost_usd", "expected_usd",
 * "latency_s", "first_byte_s", "decide_s", "key", "tag", "gen_ai.operation.name": "chat", "gen_ai.provider.name",
 * "gen_ai.request.model", "gen_ai.response.model", "gen_ai.response.id",
 * "gen_ai.response.finish_reasons", "gen_ai.request.stream", "gen_ai.usage.input_tokens" (all input,
 * cached included), "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens",
 * "gen_ai.usage.reasoning.output_tokens", "gen_ai.conversation.id", "request" (the prompt, spliced as
 * JSON). What is not known is left out. */
void ds_log_format(td_out *out, const ds_log_entry *entry);

typedef struct ds_log ds_log;

ds_log *ds_log_open(const ds_log_options *options, td_error *error);
/* Appends the line and its break. False when it was lost; *error filled for the first of a run of
 * losses only (text "" else). */
bool ds_log_write(ds_log *log, const char *line, size_t len, double now_monotonic, td_error *error);
/* For DS_FSYNC_SECOND: call about once a second. */
void ds_log_tick(ds_log *log, double now_monotonic);
uint64_t ds_log_written(const ds_log *log);
uint64_t ds_log_lost(const ds_log *log);
void ds_log_close(ds_log *log);

#endif
