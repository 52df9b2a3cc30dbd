/* One request on its way: decide, reserve, send, judge the answer, retry or fall back, settle, log.
 *
 *     ds_job *job = ds_job_new(engine, &body, json, &caller, &sink, context);
 *     ds_job_run(job);              // from here on the sink is called
 *
 * What holds: an error that the client made is handed on at once; nothing falls back after the first
 * byte of an answer was let through; a budget is asked anew for every attempt; a stream without an end
 * is an error, never a short answer. */
#ifndef TIERCE_DISPATCH_JOB_H
#define TIERCE_DISPATCH_JOB_H

#include "infer/dispatch/engine.h"
#include "infer/dispatch/reply.h"

typedef struct ds_job ds_job;

/* Who asks. Strings are copied; "" where there is none. key is a fingerprint, never the secret. */
typedef struct {
    const char *id, *key, *tag, *session;
} ds_caller;

/* Before the first byte. Strings are valid during the call. */
typedef struct {
    int status;
    const char *content_type;
    const char *id, *tier, *reason; /* tier "" when none was reached */
    const char *endpoint;
    const char *retry_after; /* "" or the provider's */
    const char *warning;     /* NULL, or what is wrong with an answer that is given all the same */
    double expected_usd, cost_usd; /* negative: not known (yet) */
    unsigned attempts;
    bool stream;    /* more bytes than one call; the length is not known */
    bool no_retry;  /* the client should not try again */
} ds_job_head;

/* At the end. */
typedef struct {
    int status;        /* 499: the client left */
    const char *error; /* NULL, or "client", "budget", "upstream", "stream", "ledger" */
    const char *tier, *reason, *id;
    double cost_usd, expected_usd;
    unsigned attempts;
    bool whole; /* the answer got to its end */
} ds_job_result;

typedef struct {
    void (*head)(void *context, const ds_job_head *head);
    void (*bytes)(void *context, const char *data, size_t len);
    bool (*full)(void *context); /* do not send more just now: ds_job_drained will be called */
    void (*end)(void *context, const ds_job_result *result); /* the job is gone after it */
} ds_sink;

/* Takes over *body (emptied) and the malloc'ed `json` that it points into. NULL: no memory, nothing
 * taken. */
ds_job *ds_job_new(ds_engine *engine, ds_body *body, char *json, const ds_caller *caller, const ds_sink *sink,
                   void *context);
void ds_job_run(ds_job *job);     /* the sink may be called at once */
void ds_job_drained(ds_job *job); /* the sink has room again */
void ds_job_cancel(ds_job *job);  /* the client left: no sink call any more; booked and logged */

/* {"error": {"message", "type", "param": null, "code"}} as OpenAI's clients read it. */
void ds_put_error(td_out *out, const char *message, const char *type, const char *code);
/* What is said where memory ended while the error was written. */
extern const char ds_no_memory[];

#endif
