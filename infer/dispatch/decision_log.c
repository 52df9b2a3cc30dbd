/* The line of the decision log. Writing it: log_file.c. docs/log.md describes it for readers. */
#include "infer/dispatch/decision_log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- one member; what is not known writes nothing ---- */

static void put_key(td_out *out, const char *key)
{
    td_puts(out, out->len && out->at[out->len - 1] == '{' ? "\"" : ", \"");
    td_puts(out, key);
    td_puts(out, "\": ");
}

static void put_text(td_out *out, const char *key, const char *text)
{
    if (!text || !text[0])
        return;
    put_key(out, key);
    td_put_json(out, text, strlen(text));
}

/* Money has nine digits: a cheap request costs a few millionths of a dollar. */
static void put_usd(td_out *out, double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.9g", v);
    td_puts(out, text);
}

static void put_amount(td_out *out, const char *key, double v)
{
    if (!(v >= 0) || isinf(v))
        return;
    put_key(out, key);
    td_put_number(out, v);
}

static void put_money(td_out *out, const char *key, double v)
{
    if (!(v >= 0) || isinf(v))
        return;
    put_key(out, key);
    put_usd(out, v);
}

/* A share of time or a margin, which may be negative; only a positive or negative one is news. */
static void put_signed(td_out *out, const char *key, double v)
{
    put_key(out, key);
    td_put_number(out, v);
}

static void put_whole(td_out *out, const char *key, double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.0f", v);
    put_key(out, key);
    td_puts(out, text);
}

static void put_flag(td_out *out, const char *key, bool v)
{
    put_key(out, key);
    td_puts(out, v ? "true" : "false");
}

/* RFC 3339 in UTC with milliseconds. */
static void put_time(td_out *out, double unix_s)
{
    char text[64];
    struct tm tm;
    const double ms = floor((unix_s >= 0 && unix_s < 1e11 ? unix_s : 0) * 1000 + 0.5);
    const time_t s = (time_t)(ms / 1000);
    if (!gmtime_r(&s, &tm))
        return;
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms - (double)s * 1000));
    put_text(out, "time", text);
}

/* ---- groups ---- */

static void put_per_tier(td_out *out, const char *key, const ds_log_entry *e, bool cost)
{
    const tierce_decision *d = e->decision;
    const uint32_t n = tierce_tier_count(e->router);
    bool any = !cost, first = true;
    for (uint32_t t = 0; t < n; t++)
        any |= d->estimate[t].cost_known != 0;
    if (!any)
        return;
    put_key(out, key);
    td_puts(out, "{");
    for (uint32_t t = 0; t < n; t++)
        if (!cost || d->estimate[t].cost_known) {
            td_puts(out, first ? "" : ", ");
            first = false;
            td_put_json(out, tierce_tier_name(e->router, t), strlen(tierce_tier_name(e->router, t)));
            td_puts(out, ": ");
            if (cost)
                put_usd(out, d->estimate[t].cost_usd);
            else
                td_put_number(out, d->estimate[t].probability);
        }
    td_puts(out, "}");
}

static void put_decision_part(td_out *out, const ds_log_entry *e)
{
    put_text(out, "point", e->point);
    put_text(out, "tier", e->tier);
    put_text(out, "reason", e->reason);
    put_amount(out, "propensity", e->propensity);
    if (e->decision && e->router) {
        put_per_tier(out, "p", e, false);
        put_per_tier(out, "expected_cost", e, true);
        put_signed(out, "margin", e->decision->margin);
        put_amount(out, "familiarity", e->decision->view.familiarity);
    }
    put_whole(out, "entries", e->entries);
    if (e->truncated)
        put_flag(out, "truncated", true);
}

static void put_attempts(td_out *out, const ds_log_entry *e)
{
    if (!e->n_attempts)
        return;
    put_key(out, "attempts");
    td_puts(out, "[");
    for (unsigned i = 0; i < e->n_attempts; i++) {
        const ds_log_attempt *a = &e->attempts[i];
        td_puts(out, i ? ", {" : "{");
        put_text(out, "tier", a->tier);
        put_text(out, "endpoint", a->endpoint);
        if (a->status)
            put_whole(out, "status", a->status);
        put_text(out, "verdict", a->verdict);
        put_text(out, "why", a->why);
        put_amount(out, "seconds", a->seconds);
        td_puts(out, "}");
    }
    td_puts(out, "]");
}

static void put_usage(td_out *out, const ds_usage *u, bool estimated)
{
    if (!u->known && !estimated)
        return;
    put_whole(out, "gen_ai.usage.input_tokens", u->input + u->cached + u->cache_write);
    put_whole(out, "gen_ai.usage.output_tokens", u->output);
    if (u->cached > 0)
        put_whole(out, "gen_ai.usage.cache_read.input_tokens", u->cached);
    if (u->cache_write > 0)
        put_whole(out, "gen_ai.usage.cache_creation.input_tokens", u->cache_write);
    if (u->reasoning > 0)
        put_whole(out, "gen_ai.usage.reasoning.output_tokens", u->reasoning);
    if (estimated)
        put_flag(out, "usage_estimated", true);
}

static void put_gen_ai(td_out *out, const ds_log_entry *e)
{
    put_text(out, "gen_ai.operation.name", "chat");
    put_text(out, "gen_ai.provider.name", e->n_attempts ? e->attempts[e->n_attempts - 1].provider : NULL);
    put_text(out, "gen_ai.request.model", e->request_model);
    put_flag(out, "gen_ai.request.stream", e->stream);
    put_text(out, "gen_ai.response.model", e->response_model);
    put_text(out, "gen_ai.response.id", e->response_id);
    if (e->finish && e->finish[0]) {
        put_key(out, "gen_ai.response.finish_reasons");
        td_puts(out, "[");
        td_put_json(out, e->finish, strlen(e->finish));
        td_puts(out, "]");
    }
    put_usage(out, &e->usage, e->usage_estimated);
    put_text(out, "gen_ai.conversation.id", e->session);
}

/* JSON may be laid out over several lines; inside its strings no line break can be. */
static void put_request(td_out *out, const char *json, size_t len)
{
    put_key(out, "request");
    for (size_t from = 0; from < len;) {
        size_t n = from;
        while (n < len && json[n] != '\n' && json[n] != '\r')
            n++;
        td_put(out, json + from, n - from);
        if (n < len)
            td_puts(out, " ");
        from = n + 1;
    }
}

void ds_log_format(td_out *out, const ds_log_entry *e)
{
    char digest[24], features[24];
    td_puts(out, "{");
    put_text(out, "id", e->id);
    put_time(out, e->time_unix);
    put_decision_part(out, e);
    snprintf(features, sizeof features, "%016llx", (unsigned long long)e->features);
    put_text(out, "features", e->features ? features : NULL);
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)e->digest);
    put_text(out, "digest", digest);
    put_attempts(out, e);
    put_whole(out, "status", e->status);
    put_text(out, "error", e->error);
    put_money(out, "cost_usd", e->cost_usd);
    put_money(out, "expected_usd", e->expected_usd);
    put_amount(out, "latency_s", e->latency_s);
    if (e->first_byte_s > 0)
        put_amount(out, "first_byte_s", e->first_byte_s);
    put_amount(out, "decide_s", e->decide_s);
    put_text(out, "key", e->key);
    put_text(out, "tag", e->tag);
    put_gen_ai(out, e);
    if (e->prompt)
        put_request(out, e->prompt, e->prompt_len);
    td_puts(out, "}");
}
