/* After a failed attempt: what now? A pure function of what happened, and the waiting time.
 *
 * The table (status -> verdict) stands in retry.c as data. Bodies echo prompts: only the error's type
 * and code, and for context overflow its message within a 400, 413 or 422, are looked at. */
#ifndef TIERCE_RETRY_H
#define TIERCE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "infer/dispatch/reply.h"

/* How the attempt ended on the wire. */
typedef enum {
    DS_WIRE_OK,            /* an HTTP answer came, whole: look at the status */
    DS_WIRE_CONNECT,       /* name not found, refused, TLS failed, connect timed out: nothing was sent */
    DS_WIRE_NO_ANSWER,     /* sent, but the connection ended before the first byte of an answer */
    DS_WIRE_FIRST_BYTE,    /* no first byte within the time */
    DS_WIRE_STALLED,       /* no further byte within the time */
    DS_WIRE_CUT,           /* the body ended early: fewer bytes than promised, a broken chunk, a stream
                              without finish_reason and [DONE] */
    DS_WIRE_TOO_LARGE,     /* more bytes than we accept */
    DS_WIRE_GARBLED,       /* 200, but not a chat completion (HTML, broken JSON) */
    DS_WIRE_NO_DESCRIPTOR, /* no socket could be made here: says nothing about the provider */
    DS_WIRE_NO_MEMORY,     /* nor does this: memory ended here before the request was sent */
    DS_WIRE_LOST           /* nor this: memory ended here with the request under way, perhaps answered */
} ds_wire;

/* Is it a fault of this machine's? */
static inline bool ds_wire_is_ours(ds_wire wire)
{
    return wire == DS_WIRE_NO_DESCRIPTOR || wire == DS_WIRE_NO_MEMORY || wire == DS_WIRE_LOST;
}

typedef enum {
    DS_VERDICT_DONE,    /* a success: 2xx, whole, no error inside */
    DS_VERDICT_RETRY,   /* again after a wait, same tier (another endpoint when there is one) */
    DS_VERDICT_NEXT,    /* never again here: the next endpoint, then the next tier */
    DS_VERDICT_BIGGER,  /* context overflow: a tier with a bigger window */
    DS_VERDICT_FINAL    /* the client's own fault or a refusal: hand the answer to the client */
} ds_verdict;

/* What is known of the attempt. Header values are NULL where absent. */
typedef struct {
    ds_wire wire;
    int status;            /* 0 without an answer */
    const ds_fault *fault; /* may be NULL; an error inside a 200 counts by its own status, else 502 */
    const char *retry_after, *retry_after_ms, *should_retry;
    double now_unix;       /* seconds, for Retry-After as a date */
} ds_failure;

typedef struct {
    ds_verdict verdict;
    double wait_s;   /* the provider's own minimum wait, 0 without; capped at DS_RETRY_AFTER_CAP. Past
                        dates, garbage and negative numbers are 0 */
    bool trip;       /* open the endpoint's breaker at once (quota gone, key refused) */
    bool sick;       /* counts against the endpoint in its breaker */
    const char *why; /* constant, for log and messages: "rate limit", "insufficient quota", … */
} ds_advice;

#define DS_RETRY_AFTER_CAP 300.0

/* x-should-retry true|false overrides the status, but never quota errors, overflow or success.
 * 401, 403, 404 are NEXT with trip (the endpoint's key or path is wrong, not the request);
 * 402 and the quota codes of the facts page NEXT with trip; content filter FINAL. */
ds_advice ds_judge(const ds_failure *failure);

/* Wait before retry number `n` (from 1): full jitter in [half, whole] of base_s * 2^(n-1) up to cap_s,
 * never below min_s. *seed is the state of a small generator (splitmix64). */
double ds_backoff(unsigned n, double base_s, double cap_s, double min_s, uint64_t *seed);

const char *ds_verdict_name(ds_verdict verdict); /* "done", "retry", … */
const char *ds_wire_name(ds_wire wire);          /* "connect", "no_answer", … */

#endif
