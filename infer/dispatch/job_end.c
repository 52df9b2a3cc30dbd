/* How a request ends: the answer or the error, the booking, the line in the log. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/job_state.h"
#include "infer/dispatch/money.h"
#include "infer/dispatch/secret.h"

const char ds_no_memory[] = "{\"error\":{\"message\":\"Out of memory.\",\"type\":\"server_error\",\"param\":null,"
                            "\"code\":\"out_of_memory\"}}";

void ds_put_error(td_out *out, const char *message, const char *type, const char *code)
{
    td_puts(out, "{\"error\":{\"message\":");
    td_put_json(out, message, strlen(message));
    td_puts(out, ",\"type\":");
    td_put_json(out, type, strlen(type));
    td_puts(out, ",\"param\":null,\"code\":");
    if (code && *code)
        td_put_json(out, code, strlen(code));
    else
        td_puts(out, "null");
    td_puts(out, "}}");
}

/* ---- booking ---- */

void ds_job_settle(ds_job *job, bool billed, bool whole)
{
    td_error error = {""};
    double usd = 0;
    ds_engine *e = job->engine;
    if (!billed) { /* the log's usage is of the last attempt, as its tier is */
        job->usage = (ds_usage){0};
        job->usage_guessed = false;
    } else {
        ds_tier *tier = ds_job_tier(job);
        ds_tier_stats *stats = ds_job_tier_stats(job);
        job->usage = ds_usage_made_good(&job->reply.usage, &job->body, job->reply.text_bytes, &job->usage_guessed);
        /* a provider that says what it charges knows best */
        usd = job->usage.cost_known ? job->usage.cost_usd : ds_cost(&tier->tier->prices, &job->usage);
        /* usage that came before the end of a stream is of what was written until then */
        const bool so_far = job->relaying && !job->reply.finished;
        if (!whole && (job->usage_guessed || so_far) && !job->usage.cost_known) {
            const double expected = ds_choice_expected(job->snapshot, &job->choice, ds_job_tier_number(job));
            usd = ds_unfinished_usd(usd, expected, ds_reserve_usd(tier, &job->body, expected),
                                    job->relaying && job->reply.text_bytes);
        }
        ds_add(&e->stats->guessed_usage, job->usage_guessed);
        ds_add(&stats->input_tokens, (uint64_t)(job->usage.input + job->usage.cached + job->usage.cache_write));
        ds_add(&stats->cached_tokens, (uint64_t)job->usage.cached);
        ds_add(&stats->output_tokens, (uint64_t)job->usage.output);
        ds_add(&stats->nano_usd, (uint64_t)llround(usd * 1e9));
    }
    job->cost += usd;
    if (job->ticket.id && e->ledger && !ds_ledger_settle(e->ledger, &job->ticket, usd, &error)) {
        ds_add(&e->stats->ledger_faults, 1);
        if (!e->ledger_gone)
            fprintf(stderr, "%s: ledger: %s (the reservation stays booked)\n", e->command, error.text);
    }
    /* Lost in a power cut, a settlement leaves the reservation: too much. Not where it turned out dearer. */
    if (e->disk && usd > job->reserved)
        ds_disk_ask(e->disk);
}

void ds_job_note_attempt(ds_job *job, ds_verdict verdict, const char *why, int status)
{
    if (job->n_attempts == DS_MAX_ATTEMPTS) /* keep the last ones */
        memmove(job->attempts, job->attempts + 1, (DS_MAX_ATTEMPTS - 1) * sizeof *job->attempts);
    else
        job->n_attempts++;
    job->attempts[job->n_attempts - 1] = (ds_log_attempt){ds_job_tier(job)->tier->name, job->at->name, job->at->provider,
                                                          ds_verdict_name(verdict), why, status,
                                                          ds_now() - job->attempt_started};
}

static bool costs_known(const ds_job *job)
{
    return job->choice.n && ds_job_tier(job)->tier->prices.known;
}

/* ---- answers ---- */

static ds_job_head head_of(const ds_job *job, int status, const char *type)
{
    const bool reached = job->at != NULL;
    return (ds_job_head){.status = status,
                         .content_type = type,
                         .id = job->id,
                         .tier = reached ? ds_job_tier(job)->tier->name : "",
                         .reason = job->reason ? job->reason : "",
                         .endpoint = reached ? job->at->name : "",
                         .retry_after = "",
                         .expected_usd = job->choice.n ? job->choice.expected_usd : -1,
                         .cost_usd = costs_known(job) ? job->cost : -1,
                         .attempts = job->n_attempts};
}

/* Before the answer's last byte is out: the conversation's next request may be quicker than we are, and reach
 * another worker. */
static void remember_tier(const ds_job *job)
{
    ds_engine_answered(job->engine, job->snapshot, job->session, job->choice.turn,
                       ds_job_tier_number(job));
}

static void answer(ds_job *job, const ds_job_head *head, const char *body, size_t len, const char *error)
{
    const int status = head->status;
    if (!error)
        remember_tier(job);
    job->first_byte = job->first_byte > 0 ? job->first_byte : ds_now();
    job->sink.head(job->context, head);
    job->sink.bytes(job->context, body, len);
    ds_job_finish(job, status, error, true, true);
}

/* Frees the body, an error's. */
static void answer_error(ds_job *job, const ds_job_head *head, td_out *body, const char *error)
{
    ds_blank_key(body->at, body->len, job->at ? job->at->key : NULL);
    answer(job, head, body->failed ? ds_no_memory : body->at, body->failed ? strlen(ds_no_memory) : body->len, error);
    free(body->at);
}

void ds_job_deliver(ds_job *job, const char *warning)
{
    ds_job_head head = head_of(job, 200, "application/json");
    head.warning = warning;
    answer(job, &head, job->collected.at, job->collected.len, NULL);
}

/* The answer that was passed over is better than none. */
static bool deliver_kept(ds_job *job)
{
    if (!job->escalated || !job->kept.len)
        return false;
    ds_job_swap_kept(job);
    job->place = job->kept_tier;
    job->at = job->kept_at;
    job->usage = job->kept_usage;
    job->usage_guessed = job->kept_guessed;
    ds_reply_reset(&job->reply); /* the log speaks of the answer that is given */
    ds_reply_body(&job->reply, job->collected.at, job->collected.len);
    job->reason = job->choice.reason;
    ds_job_deliver(job, job->warning);
    return true;
}

/* Does it look like {"error": …}? */
static bool is_error_object(const td_out *body)
{
    const char *at = body->at, *end = body->at + body->len;
    if (!body->len || *at != '{')
        return false;
    at++;
    while (at < end && strchr(" \t\r\n", *at) && *at)
        at++;
    return end - at > 7 && !memcmp(at, "\"error\"", 7);
}

static void put_fault(const ds_job *job, td_out *out)
{
    ds_put_error(out, job->fault.there && job->fault.message[0] ? job->fault.message : job->why,
                 job->fault.there && job->fault.type[0] ? job->fault.type : "upstream_error", job->fault.code);
}

void ds_job_deliver_refusal(ds_job *job)
{
    td_out out = {0};
    if (deliver_kept(job))
        return;
    const int status = job->status >= 400 ? job->status : job->fault.status >= 400 ? job->fault.status : 502;
    ds_job_head head = head_of(job, status, "application/json");
    head.no_retry = true;
    if (job->status >= 400 && is_error_object(&job->collected))
        td_put(&out, job->collected.at, job->collected.len);
    else
        put_fault(job, &out);
    answer_error(job, &head, &out, "client");
}

void ds_job_refuse(ds_job *job, int status, const char *message, const char *type, const char *code, const char *error)
{
    td_out out = {0};
    if (deliver_kept(job))
        return;
    ds_job_head head = head_of(job, status, "application/json");
    head.no_retry = status != 503;
    ds_put_error(&out, message, type, code);
    answer_error(job, &head, &out, error);
}

static const char *wire_sentence(ds_wire wire)
{
    switch (wire) {
    case DS_WIRE_CONNECT:
        return "could not be reached";
    case DS_WIRE_NO_ANSWER:
        return "closed the connection without an answer";
    case DS_WIRE_FIRST_BYTE:
        return "did not answer in time";
    case DS_WIRE_STALLED:
        return "stopped in the middle of its answer";
    case DS_WIRE_CUT:
        return "broke off its answer";
    case DS_WIRE_TOO_LARGE:
        return "sent more than is accepted";
    case DS_WIRE_GARBLED:
        return "sent something that is no chat completion";
    case DS_WIRE_NO_DESCRIPTOR:
        return "was not asked: this server has no descriptor left";
    case DS_WIRE_NO_MEMORY:
        return "was not asked: this server has no memory left";
    case DS_WIRE_LOST:
        return "was asked, but this server has no memory left for its answer";
    default:
        return "answered with an error";
    }
}

void ds_job_fail(ds_job *job)
{
    char text[700];
    td_out out = {0};
    if (deliver_kept(job))
        return;
    if (!job->any_failure) {
        if (job->over_budget)
            ds_job_refuse(job, 429, "No tier that the budgets leave room for can take this request.",
                          "insufficient_quota", "budget_exceeded", "budget");
        else
            ds_job_refuse(job, 503, "No endpoint can be asked just now; all of them failed lately.", "server_error",
                          "no_endpoint", "upstream");
        return;
    }
    const bool late = job->wire == DS_WIRE_FIRST_BYTE || job->wire == DS_WIRE_STALLED;
    const bool told = job->wire == DS_WIRE_OK && !job->ours && (job->status == 413 || job->status >= 429);
    const int status = late ? 504 : told ? job->status : 502;
    ds_job_head head = head_of(job, status, "application/json");
    head.no_retry = status != 429;
    head.retry_after = status == 429 || status == 503 ? job->head.retry_after : "";
    if (job->wire == DS_WIRE_OK && !job->ours && job->fault.there) {
        put_fault(job, &out);
    } else {
        snprintf(text, sizeof text, "The provider %s (%s).",
                 job->ours ? "refused tierce's key or path" : wire_sentence(job->wire), job->why);
        const char *code = job->ours ? "provider_refused" : job->wire == DS_WIRE_OK ? "bad_status" : ds_wire_name(job->wire);
        ds_put_error(&out, text, "upstream_error", code);
    }
    answer_error(job, &head, &out, "upstream");
}

/* ---- streams ---- */

void ds_job_open_stream(ds_job *job)
{
    ds_job_head head = head_of(job, 200, job->head.content_type[0] ? job->head.content_type : "text/event-stream");
    head.stream = true;
    head.cost_usd = -1;
    head.attempts++;
    job->opened = true;
    job->first_byte = ds_now();
    job->sink.head(job->context, &head);
}

void ds_job_flush(ds_job *job)
{
    if (!job->opened)
        ds_job_open_stream(job);
    if (job->relay.ready.len)
        job->sink.bytes(job->context, job->relay.ready.at, job->relay.ready.len);
    job->relay.ready.len = 0;
}

/* The money stands in a comment behind the last event, where every client of SSE skips it. */
static void put_trailer(const ds_job *job, td_out *out)
{
    char number[40];
    td_puts(out, ": tierce {\"tier\":");
    td_put_json(out, ds_job_tier(job)->tier->name, strlen(ds_job_tier(job)->tier->name));
    if (costs_known(job)) {
        snprintf(number, sizeof number, ",\"cost_usd\":%.9g", job->cost);
        td_puts(out, number);
    }
    if (job->choice.expected_usd >= 0) {
        snprintf(number, sizeof number, ",\"expected_usd\":%.9g", job->choice.expected_usd);
        td_puts(out, number);
    }
    if (job->warning[0]) {
        td_puts(out, ",\"warning\":");
        td_put_json(out, job->warning, strlen(job->warning));
    }
    td_puts(out, "}\n\n");
}

void ds_job_end_stream(ds_job *job, bool good)
{
    char text[700];
    td_out out = {0};
    if (good)
        remember_tier(job);
    job->relay.ready.len = good ? job->relay.ready.len : 0;
    ds_job_flush(job);
    td_put(&out, "\n\n", job->relay.owed);
    if (!good && job->fault.there) {
        td_puts(&out, "data: ");
        put_fault(job, &out);
        td_puts(&out, "\n\n");
    } else if (!good) {
        snprintf(text, sizeof text, "The provider %s (%s); the answer is not complete.",
                 wire_sentence(job->wire), job->why);
        td_puts(&out, "data: ");
        ds_put_error(&out, text, "upstream_error", ds_wire_name(job->wire));
        td_puts(&out, "\n\n");
    }
    ds_blank_key(out.at, out.len, job->at->key);
    if (out.failed) { /* a stream that ends well without the error would be a lie */
        job->sink.bytes(job->context, "\n\ndata: ", 8); /* an empty line more does no harm */
        job->sink.bytes(job->context, ds_no_memory, strlen(ds_no_memory));
        job->sink.bytes(job->context, "\n\n", 2);
    } else {
        const size_t before = out.len;
        put_trailer(job, &out);
        out.len = out.failed ? before : out.len;
        job->sink.bytes(job->context, out.at, out.len);
    }
    free(out.at);
    ds_add(&job->engine->stats->broken_streams, !good);
    ds_job_finish(job, 200, good ? NULL : "stream", good, true);
}

/* ---- the end ---- */

static void write_log(ds_job *job, int status, const char *error)
{
    td_out line = {0};
    td_error fault = {""};
    const ds_choice *c = &job->choice;
    const double now = ds_now();
    const ds_log_entry entry = {
        .id = job->id, .time_unix = job->started_unix, .point = c->point, .router = job->snapshot->router,
        .decision = c->decided ? &c->decision : NULL, .tier = job->at ? ds_job_tier(job)->tier->name : "",
        .reason = job->reason ? job->reason : "", .propensity = c->n ? c->propensity : 1,
        .attempts = job->attempts, .n_attempts = job->n_attempts, .status = status, .error = error,
        .stream = job->body.stream, .truncated = c->decided && c->decision.view.truncated,
        .usage = job->usage, .usage_estimated = job->usage_guessed,
        .cost_usd = costs_known(job) ? job->cost : -1, .expected_usd = c->n ? c->expected_usd : -1,
        .latency_s = now - job->started, .first_byte_s = job->first_byte > 0 ? job->first_byte - job->started : -1,
        .decide_s = c->decide_s, .request_model = job->at ? job->at->model : job->body.model,
        .response_model = job->reply.model, .response_id = job->reply.id, .finish = job->reply.finish,
        .key = job->key, .tag = job->tag, .session = job->session, .digest = job->body.digest,
        .features = c->features,
        .entries = c->decided ? c->decision.view.entries : 0,
        .prompt = job->engine->options->log_prompts ? job->body.json : NULL, .prompt_len = job->body.len};
    ds_log_format(&line, &entry);
    bool written = false;
    if (line.failed)
        td_fail(&fault, "a line of the log is lost: out of memory");
    else
        written = ds_log_write(job->engine->log, line.at, line.len, now, &fault);
    ds_add(&job->engine->stats->log_lost, !written);
    if (fault.text[0]) /* also with a line that was written, where rotating failed */
        fprintf(stderr, "%s: %s\n", job->engine->command, fault.text);
    free(line.at);
}

static void count(ds_job *job, int status, const char *error)
{
    ds_stats *s = job->engine->stats;
    ds_sub(&s->in_flight, 1);
    ds_stats_latency(s, ds_now() - job->started);
    if (!error) {
        ds_add(&s->ok, 1);
        ds_add(&ds_job_tier_stats(job)->answers, 1);
    } else if (status == 499) {
        ds_add(&s->hung_up, 1);
    } else if (!strcmp(error, "budget")) {
        ds_add(&s->over_budget, 1);
    } else if (!strcmp(error, "client")) {
        ds_add(&s->client_errors, 1);
    } else {
        ds_add(&s->failed, strcmp(error, "stream") != 0);
    }
}

void ds_job_finish(ds_job *job, int status, const char *error, bool whole, bool tell)
{
    const ds_job_result result = {status, error, job->at ? ds_job_tier(job)->tier->name : "",
                                  job->reason ? job->reason : "", job->id, costs_known(job) ? job->cost : -1,
                                  job->choice.n ? job->choice.expected_usd : -1, job->n_attempts, whole};
    count(job, status, error);
    if (job->engine->log)
        write_log(job, status, error);
    if (tell)
        job->sink.end(job->context, &result);
    ds_timer_free(job->timer);
    ds_relay_free(&job->relay);
    ds_reply_free(&job->reply);
    ds_body_free(&job->body);
    ds_snapshot_drop(job->snapshot);
    free(job->json);
    free(job->sent.at);
    free(job->collected.at);
    free(job->kept.at);
    free(job);
}
