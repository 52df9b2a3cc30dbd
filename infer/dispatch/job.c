#include "infer/dispatch/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "infer/dispatch/job_state.h"
#include "infer/dispatch/money.h"

/* ---- where to ---- */

void ds_job_next_tier(ds_job *job)
{
    job->place++;
    job->tries = 0;
    job->dead = 0;
    job->waited = 0;
}

bool ds_job_may_use(const ds_job *job, const ds_tier *tier, size_t i)
{
    return !(job->dead >> i & 1) &&
           ds_breaker_would_allow(&tier->endpoints[i].breaker, &job->snapshot->config->breaker, ds_now());
}

/* By weight among those that may be asked; another one than the last when there is one. */
static ds_endpoint *pick(ds_job *job, ds_tier *tier)
{
    size_t n = 0, chosen = 0;
    double total = 0;
    for (size_t i = 0; i < tier->n_endpoints; i++)
        n += ds_job_may_use(job, tier, i);
    for (size_t i = 0; i < tier->n_endpoints; i++) {
        if (!ds_job_may_use(job, tier, i) || (n > 1 && &tier->endpoints[i] == job->at))
            continue;
        const double weight = tier->endpoints[i].weight > 0 ? tier->endpoints[i].weight : 1e-9;
        total += weight;
        if (total <= weight || ds_random_unit(job->engine) * total < weight)
            chosen = i + 1;
    }
    if (!chosen)
        return NULL;
    ds_breaker_allows(&tier->endpoints[chosen - 1].breaker, &job->snapshot->config->breaker, ds_now());
    return &tier->endpoints[chosen - 1];
}

/* ---- one attempt ---- */

static ds_taken on_bytes(void *context, const ds_answer_head *head, const char *data, size_t len);

static bool start(ds_job *job, const ds_tier *tier)
{
    static const ds_transfer_calls calls = {on_bytes, ds_job_on_done};
    ds_endpoint *e = job->at;
    const bool add_usage = job->body.stream && job->body.may_add_usage;
    td_out_reset(&job->sent);
    td_out_reset(&job->collected);
    ds_body_splice(&job->body, e->model, add_usage, &job->sent);
    const ds_post post = {e->url, e->headers, e->n_headers, job->sent.at, job->sent.len,
                          e->connect_s, e->first_byte_s, e->between_s, tier->limits.max_response_bytes};
    ds_reply_reset(&job->reply);
    job->relaying = false;
    job->attempt_started = ds_now();
    job->transfer = job->sent.failed ? NULL : ds_transfer_start(job->engine->up, &post, &calls, job);
    if (!job->transfer)
        return false;
    ds_add(&ds_job_tier_stats(job)->attempts, 1);
    return true;
}

static void arrive(ds_job *job, ds_endpoint *e)
{
    job->at = e;
    e->parallel++;
    ds_job_tier(job)->parallel++;
}

void ds_job_left(ds_job *job)
{
    job->transfer = NULL;
    job->at->parallel--;
    ds_job_tier(job)->parallel--;
}

static const char not_booked[] = "The budget ledger cannot be written; nothing was sent.";

/* Money first. True when the attempt may go out; else the job moved on or ended (*ended). */
static bool reserve(ds_job *job, const ds_tier *tier, bool *ended)
{
    td_error error = {""};
    size_t which = 0;
    const ds_payer payer = {tier->tier->name, job->key, job->tag};
    const double expected = ds_choice_expected(job->snapshot, &job->choice, ds_job_tier_number(job));
    *ended = false;
    if (!job->engine->ledger)
        return true;
    job->reserved = ds_reserve_usd(tier, &job->body, expected);
    const ds_ledger_answer answer =
        ds_ledger_reserve(job->engine->ledger, &payer, job->reserved, ds_unix(), &job->ticket, &which, &error);
    if (answer == DS_LEDGER_HELD)
        return true;
    if (answer == DS_LEDGER_BROKEN) {
        ds_add(&job->engine->stats->ledger_faults, 1);
        if (!job->engine->ledger_gone) /* that has been said, once for all of them */
            fprintf(stderr, "%s: ledger: %s\n", job->engine->command, error.text);
        ds_job_refuse(job, 503, not_booked, "server_error", "ledger_unavailable", "ledger");
        *ended = true;
        return false;
    }
    job->over_budget = true;
    const ds_budget *b = which < job->engine->now->config->n_budgets ? &job->engine->now->config->budgets[which] : NULL;
    if (!b || b->at_end == DS_END_STOP) {
        char text[200];
        snprintf(text, sizeof text, "The budget \"%s\" has no room for this request.", b ? b->name : "?");
        ds_job_refuse(job, 429, text, "insufficient_quota", "budget_exceeded", "budget");
        *ended = true;
    }
    return false;
}

static void on_wait_over(void *context)
{
    ds_job *job = context;
    if (job->stream_fault)
        ds_job_on_done(job, DS_WIRE_OK, &job->head, "");
    else
        ds_job_go_on(job);
}

/* Before it was sent: gives place and money back. */
static void withdraw(ds_job *job)
{
    ds_job_left(job);
    ds_job_settle(job, false, false);
    if (!job->n_attempts)
        job->at = NULL; /* no tier was tried */
}

/* Money is reserved: off. */
static void send_off(ds_job *job)
{
    if (start(job, ds_job_tier(job)))
        return;
    withdraw(job);
    ds_job_refuse(job, 503, "Out of memory.", "server_error", "out_of_memory", "upstream");
}

static void on_disk(void *context, bool good)
{
    ds_job *job = context;
    if (good) {
        send_off(job);
        return;
    }
    withdraw(job);
    ds_add(&job->engine->stats->ledger_faults, 1);
    fprintf(stderr, "%s: ledger: the disk refuses a reservation (fdatasync failed)\n", job->engine->command);
    ds_job_refuse(job, 503, not_booked, "server_error", "ledger_unavailable", "ledger");
}

/* Tries from `place` on until something is under way, a wait is set, or the job has ended. */
void ds_job_go_on(ds_job *job)
{
    for (; job->place < job->choice.n; ds_job_next_tier(job)) {
        ds_tier *tier = ds_job_tier(job);
        bool ended;
        if (job->place)
            job->reason = job->escalated                          ? "ESCALATION"
                          : job->over_budget && !job->any_failure ? "BUDGET"
                                                                  : "FALLBACK";
        if (tier->limits.max_parallel && tier->parallel >= tier->limits.max_parallel &&
            job->waited < job->snapshot->config->retry.max_wait_s) {
            job->waited += 0.01;
            ds_timer_set(job->timer, 0.01);
            return;
        }
        ds_endpoint *e = pick(job, tier);
        if (!e)
            continue;
        if (!reserve(job, tier, &ended)) {
            if (ended)
                return;
            continue;
        }
        arrive(job, e);
        if (!job->ticket.id || !ds_engine_await_disk(job->engine, &job->disk, on_disk, job))
            send_off(job);
        return;
    }
    ds_job_fail(job);
}

/* ---- the answer ---- */

static bool is_events(const ds_answer_head *head)
{
    return head->status == 200 && !strncasecmp(head->content_type, "text/event-stream", 17);
}

bool ds_job_is_packed(const ds_answer_head *head)
{
    return head->content_encoding[0] && strcasecmp(head->content_encoding, "identity");
}

/* Inside a curl callback nothing new may be started: the rest comes from the timer. */
static void cut_stream(ds_job *job)
{
    ds_transfer_cancel(job->transfer);
    job->stream_fault = true;
    ds_timer_set(job->timer, 0);
}

static ds_taken on_bytes(void *context, const ds_answer_head *head, const char *data, size_t len)
{
    ds_job *job = context;
    if (job->stream_fault)
        return DS_TAKE;
    if (!job->body.stream || !is_events(head) || ds_job_is_packed(head)) {
        td_put(&job->collected, data, len);
        return DS_TAKE;
    }
    if (!job->relaying) {
        job->relaying = true;
        ds_relay_start(&job->relay, &job->reply, job->body.may_add_usage && !job->body.wants_usage);
    }
    if (job->opened && job->sink.full(job->context))
        return DS_PAUSE;
    ds_relay_feed(&job->relay, data, len);
    job->head = *head;
    if (job->relay.open)
        ds_job_flush(job);
    if (job->relay.failed || job->relay.broken)
        cut_stream(job);
    return DS_TAKE;
}

/* ---- life ---- */

ds_job *ds_job_new(ds_engine *engine, ds_body *body, char *json, const ds_caller *caller, const ds_sink *sink,
                   void *context)
{
    ds_job *job = calloc(1, sizeof *job);
    ds_timer *timer = job ? ds_timer_new(engine->loop, on_wait_over, job) : NULL;
    if (!timer) {
        free(job);
        return NULL;
    }
    job->engine = engine;
    job->snapshot = ds_snapshot_hold(engine->now);
    job->timer = timer;
    job->body = *body;
    memset(body, 0, sizeof *body);
    job->json = json;
    job->sink = *sink;
    job->context = context;
    job->started = ds_now();
    job->started_unix = ds_unix();
    job->cost = 0;
    if (caller->id[0])
        ds_put_name(job->id, sizeof job->id, caller->id, strlen(caller->id));
    else
        snprintf(job->id, sizeof job->id, "t-%016llx", (unsigned long long)ds_random(engine));
    ds_put_name(job->key, sizeof job->key, caller->key, strlen(caller->key));
    ds_put_name(job->tag, sizeof job->tag, caller->tag, strlen(caller->tag));
    ds_put_name(job->session, sizeof job->session, caller->session, strlen(caller->session));
    ds_add(&engine->stats->in_flight, 1);
    return job;
}

void ds_job_run(ds_job *job)
{
    td_error error = {""};
    bool unknown;
    const ds_payer payer = {"", job->key, job->tag};
    if (!ds_engine_choose(job->engine, job->snapshot, &job->body, &payer, job->session, &job->choice, &unknown, &error)) {
        job->choice.n = 0;
        ds_job_refuse(job, unknown ? 404 : 400, error.text, "invalid_request_error", unknown ? "model_not_found" : NULL,
                      "client");
        return;
    }
    job->reason = job->choice.reason;
    ds_job_go_on(job);
}

void ds_job_drained(ds_job *job)
{
    if (job->transfer && !job->stream_fault)
        ds_transfer_resume(job->transfer);
}

void ds_job_cancel(ds_job *job)
{
    if (job->transfer) {
        if (!job->stream_fault)
            ds_transfer_cancel(job->transfer);
        ds_job_settle(job, true, false);
        ds_job_note_attempt(job, DS_VERDICT_FINAL, "the client left", 0);
        ds_job_left(job);
    } else if (job->disk.link) {
        ds_engine_forget_disk(&job->disk, job->engine);
        withdraw(job);
    }
    ds_job_finish(job, 499, "client_closed", false, false);
}
