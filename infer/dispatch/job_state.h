/* What job.c (attempts), job_judge.c (what came of them) and job_end.c (answers, booking, the log) share. */
#ifndef TIERCE_DISPATCH_JOB_STATE_H
#define TIERCE_DISPATCH_JOB_STATE_H

#include "infer/dispatch/job.h"
#include "infer/dispatch/relay.h"

#define DS_MAX_ATTEMPTS 32

struct ds_job {
    ds_engine *engine;
    ds_snapshot *snapshot;
    ds_body body;
    char *json;
    char id[DS_ID_ROOM], key[72], tag[72], session[136];
    ds_sink sink;
    void *context;
    ds_choice choice;
    const char *reason; /* of the tier that is tried now */

    uint32_t place;      /* in choice.order */
    unsigned tries;      /* in this tier */
    uint64_t dead;       /* endpoints of this tier that are not asked again, by bit */
    ds_endpoint *at;     /* under way there, or last there */
    ds_transfer *transfer;
    ds_timer *timer;     /* a wait before the next attempt, or the end of a stream cut by us */
    bool stream_fault;   /* the timer stands for the end of a stream that failed */
    double waited;       /* for a free place in the tier */
    td_out sent, collected;
    ds_relay relay;
    ds_reply reply;
    bool relaying, opened;
    ds_ticket ticket;
    double reserved;     /* USD of the ticket */
    ds_disk_wait disk;   /* the ticket is on its way there; link NULL: it is not waited for */

    ds_log_attempt attempts[DS_MAX_ATTEMPTS];
    unsigned n_attempts;
    double started, started_unix, attempt_started, first_byte;
    double cost;
    ds_usage usage;      /* of the answer given */
    bool usage_guessed;

    /* the last failure, for the client */
    ds_wire wire;
    int status;
    const char *why;
    ds_fault fault;
    ds_answer_head head;
    bool any_failure, over_budget, ours; /* ours: a refusal of our key, not to be told */

    bool escalated;      /* an answer was passed over once already */
    td_out kept;         /* that answer, should the next tier fail */
    ds_endpoint *kept_at;
    uint32_t kept_tier;
    ds_usage kept_usage;
    bool kept_guessed;
    char warning[300];
};

static inline ds_tier *ds_job_tier(const ds_job *job)
{
    const ds_choice *c = &job->choice;
    return &job->snapshot->config->tier[c->order[job->place < c->n ? job->place : c->n - 1]];
}

/* Its number among the config's tiers. */
static inline uint32_t ds_job_tier_number(const ds_job *job)
{
    return (uint32_t)(ds_job_tier(job) - job->snapshot->config->tier);
}

static inline ds_tier_stats *ds_job_tier_stats(const ds_job *job)
{
    return &job->engine->stats->tier[ds_job_tier(job)->slot];
}

/* The answer that is collected, and the one that is kept, change places. */
static inline void ds_job_swap_kept(ds_job *job)
{
    const td_out other = job->collected;
    job->collected = job->kept;
    job->kept = other;
}

/* ---- job.c ---- */

/* Tries from `place` on until something is under way, a wait is set, or the job has ended. */
void ds_job_go_on(ds_job *job);
void ds_job_next_tier(ds_job *job);
bool ds_job_may_use(const ds_job *job, const ds_tier *tier, size_t i);
/* The attempt at job->at is over. */
void ds_job_left(ds_job *job);

/* ---- job_judge.c ---- */

void ds_job_on_done(void *context, ds_wire wire, const ds_answer_head *head, const char *what);
bool ds_job_is_packed(const ds_answer_head *head); /* a content encoding that nobody asked for */

/* ---- job_end.c ---- */

/* Settles the attempt's reservation, when the provider may have billed it: by its usage, what that lacks by an estimate;
 * `whole`: its answer came to the end. */
void ds_job_settle(ds_job *job, bool billed, bool whole);
void ds_job_note_attempt(ds_job *job, ds_verdict verdict, const char *why, int status);
/* A whole answer, collected. */
void ds_job_deliver(ds_job *job, const char *warning);
/* The provider's refusal of the request itself. */
void ds_job_deliver_refusal(ds_job *job);
void ds_job_open_stream(ds_job *job);
void ds_job_flush(ds_job *job);
void ds_job_end_stream(ds_job *job, bool good);
/* No tier is left. */
void ds_job_fail(ds_job *job);
void ds_job_refuse(ds_job *job, int status, const char *message, const char *type, const char *code,
                   const char *error);
void ds_job_finish(ds_job *job, int status, const char *error, bool whole, bool tell);

#endif
