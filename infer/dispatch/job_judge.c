/* What came of an attempt: judge it, tell the breaker, book it, and answer, retry, go elsewhere or escalate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "infer/dispatch/job_state.h"
#include "infer/dispatch/toolcheck.h"

/* What the whole answer says, beyond the wire. */
static ds_wire read_answer(ds_job *job, ds_wire wire, const ds_answer_head *head)
{
    if (job->relaying) {
        if (wire == DS_WIRE_OK && !job->stream_fault)
            ds_relay_finish(&job->relay);
        if (ds_relay_starved(&job->relay))
            return DS_WIRE_LOST;
        if (job->relay.broken)
            return DS_WIRE_TOO_LARGE;
        if (wire != DS_WIRE_OK || job->reply.fault.there || job->reply.finished)
            return wire;
        return !job->reply.done ? DS_WIRE_CUT : job->reply.began ? wire : DS_WIRE_GARBLED; /* an end of nothing */
    }
    if (ds_job_is_packed(head))
        return wire == DS_WIRE_OK ? DS_WIRE_GARBLED : wire;
    if (job->collected.failed) /* a part says nothing */
        job->collected.len = 0;
    ds_reply_body(&job->reply, job->collected.at ? job->collected.at : "", job->collected.len);
    if ((job->collected.failed || job->reply.no_memory) && wire == DS_WIRE_OK && head->status < 300)
        return DS_WIRE_LOST; /* of an error, its status still tells */
    const bool answers = job->reply.readable && job->reply.choices_begun;
    return wire == DS_WIRE_OK && head->status >= 200 && head->status < 300 && !answers &&
                   !job->reply.fault.there
               ? DS_WIRE_GARBLED
               : wire;
}

static void tell_breaker(ds_job *job, ds_wire wire, const ds_advice *advice)
{
    const ds_breaker_rule *rule = &job->snapshot->config->breaker;
    if (advice->trip)
        ds_breaker_trip(&job->at->breaker, rule, advice->wait_s, ds_now());
    else if (advice->sick)
        ds_breaker_failure(&job->at->breaker, rule, ds_now());
    else if (!ds_wire_is_ours(wire)) /* which says nothing of it */
        ds_breaker_success(&job->at->breaker);
}

static void remember(ds_job *job, ds_wire wire, const ds_answer_head *head, const ds_advice *advice)
{
    job->any_failure = true;
    job->wire = wire;
    job->status = head->status;
    job->why = advice->why;
    job->fault = job->reply.fault;
    job->head = *head;
    job->ours = advice->trip && (head->status == 401 || head->status == 403 || head->status == 404 ||
                                 !strcmp(advice->why, "key refused"));
    ds_add(&ds_job_tier_stats(job)->failures, 1);
}

/* The next tier in the order whose window is bigger; false when there is none. */
static bool go_bigger(ds_job *job)
{
    const uint32_t window = ds_job_tier(job)->tier->context_window, from = job->place;
    for (uint32_t i = from + 1; i < job->choice.n; i++) {
        const uint32_t other = job->snapshot->config->tier[job->choice.order[i]].tier->context_window;
        if (!other || (window && other <= window))
            continue;
        ds_job_next_tier(job);
        job->place = i;
        return true;
    }
    return false;
}

static void move_on(ds_job *job)
{
    if (job->place + 1 < job->choice.n)
        ds_add(&job->engine->stats->fallbacks, 1);
    ds_job_next_tier(job);
    ds_job_go_on(job);
}

static bool others_left(const ds_job *job)
{
    const ds_tier *tier = ds_job_tier(job);
    for (size_t i = 0; i < tier->n_endpoints; i++)
        if (&tier->endpoints[i] != job->at && ds_job_may_use(job, tier, i))
            return true;
    return false;
}

static void retry(ds_job *job, const ds_advice *advice)
{
    const ds_retry_rule *rule = &job->snapshot->config->retry;
    const bool elsewhere = others_left(job);
    if (++job->tries > rule->retries || (advice->wait_s > rule->max_wait_s && !elsewhere)) {
        move_on(job);
        return;
    }
    ds_add(&job->engine->stats->retries, 1);
    const double least = elsewhere ? 0 : advice->wait_s;
    ds_timer_set(job->timer, ds_backoff(job->tries, rule->base_s, rule->cap_s, least, &job->engine->random));
}

/* A good answer that will not do: bad tool calls, cut by length. True when the next tier is asked
 * instead; once. */
static bool escalate(ds_job *job, const char *why)
{
    if (job->escalated || job->place + 1 >= job->choice.n)
        return false;
    job->escalated = true;
    ds_add(&job->engine->stats->escalations, 1);
    snprintf(job->warning, sizeof job->warning, "%.299s", why);
    ds_job_swap_kept(job);
    job->kept_at = job->at;
    job->kept_tier = job->place;
    job->kept_usage = job->usage;
    job->kept_guessed = job->usage_guessed;
    move_on(job);
    return true;
}

static void good_answer(ds_job *job)
{
    td_error error = {""};
    const bool fits = ds_toolcheck(&job->body.parsed.request, job->reply.calls, job->reply.n_calls, &error);
    const bool cut = ds_job_tier(job)->limits.escalate_on_length && !strcmp(job->reply.finish, "length");
    if (!fits)
        ds_add(&job->engine->stats->bad_tool_calls, 1);
    if (job->relaying) {
        if (!job->opened)
            ds_job_open_stream(job);
        ds_job_flush(job);
        if (!fits)
            snprintf(job->warning, sizeof job->warning, "%.299s", error.text);
        ds_job_end_stream(job, true);
        return;
    }
    if ((!fits || cut) && escalate(job, fits ? "cut by length" : error.text))
        return;
    ds_job_deliver(job, fits ? NULL : error.text);
}

/* A failed attempt that the provider may charge for: it worked on it, or said so. */
static bool perhaps_billed(const ds_job *job, ds_wire wire, int status)
{
    if (job->reply.usage.known || job->reply.text_bytes || job->relaying) /* a stream that began: the prompt was read */
        return true;
    return status < 400 && wire != DS_WIRE_OK && wire != DS_WIRE_CONNECT && wire != DS_WIRE_NO_ANSWER &&
           wire != DS_WIRE_NO_DESCRIPTOR && wire != DS_WIRE_NO_MEMORY;
}

void ds_job_on_done(void *context, ds_wire wire, const ds_answer_head *from, const char *what)
{
    ds_job *job = context;
    const ds_answer_head head = *from;
    (void)what;
    wire = read_answer(job, wire, &head);
    ds_job_left(job);
    job->stream_fault = false;
    const ds_failure failure = {wire, head.status, &job->reply.fault,
                                head.retry_after[0] ? head.retry_after : NULL,
                                head.retry_after_ms[0] ? head.retry_after_ms : NULL,
                                head.should_retry[0] ? head.should_retry : NULL, ds_unix()};
    const ds_advice advice = ds_judge(&failure);
    tell_breaker(job, wire, &advice);
    const bool whole = advice.verdict == DS_VERDICT_DONE;
    ds_job_settle(job, whole || perhaps_billed(job, wire, head.status), whole);
    ds_job_note_attempt(job, advice.verdict, advice.why, head.status);
    if (advice.verdict == DS_VERDICT_DONE) {
        good_answer(job);
        return;
    }
    remember(job, wire, &head, &advice);
    if (job->opened) {
        ds_job_end_stream(job, false);
        return;
    }
    switch (advice.verdict) {
    case DS_VERDICT_RETRY:
        retry(job, &advice);
        break;
    case DS_VERDICT_NEXT:
        job->dead |= (uint64_t)1 << (job->at - ds_job_tier(job)->endpoints);
        if (others_left(job))
            ds_job_go_on(job);
        else
            move_on(job);
        break;
    case DS_VERDICT_BIGGER:
        if (go_bigger(job)) {
            ds_add(&job->engine->stats->fallbacks, 1);
            ds_job_go_on(job);
            break;
        }
        ds_job_deliver_refusal(job);
        break;
    default:
        ds_job_deliver_refusal(job);
    }
}
