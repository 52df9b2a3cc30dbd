/* What the paths of tierce serve answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/decision_out.h"
#include "infer/dispatch/client.h"

/* It could not be read: the client's fault, or want of memory here. */
static void unreadable(ds_client *c, const ds_body *body, const char *what, size_t where)
{
    char text[300];
    snprintf(text, sizeof text, "The request is not readable at byte %zu: %.200s.", where + 1, what);
    if (body->parsed.no_memory)
        ds_client_error(c, 503, "Out of memory.", "out_of_memory");
    else
        ds_client_error(c, 400, text, "bad_request");
}

static void handle_chat(ds_client *c)
{
    ds_body body = {0};
    const char *what;
    size_t where;
    char *json = c->body;
    if (!ds_body_read(&body, json ? json : "", c->len, false, &what, &where)) {
        unreadable(c, &body, what, where);
        ds_body_free(&body);
        return;
    }
    const ds_caller caller = {c->id, c->key, c->tag, c->session};
    c->job = ds_job_new(&c->server->engine, &body, json, &caller, &ds_client_sink, c);
    if (!c->job) {
        ds_body_free(&body);
        ds_client_error(c, 503, "Out of memory.", "out_of_memory");
        return;
    }
    c->body = NULL; /* the job's now */
    c->len = c->room = 0;
    ds_job_run(c->job);
}

static void put_order(td_out *out, const ds_snapshot *s, const ds_choice *choice)
{
    td_puts(out, ", \"order\": [");
    for (uint32_t i = 0; i < choice->n; i++) {
        const char *name = s->config->tiers.tier[choice->order[i]].name;
        td_puts(out, i ? ", " : "");
        td_put_json(out, name, strlen(name));
    }
    td_puts(out, "], \"model\": ");
    const char *model = s->config->tier[choice->order[0]].endpoints[0].model;
    td_put_json(out, model, strlen(model));
    td_puts(out, ", \"because\": ");
    td_put_json(out, choice->reason, strlen(choice->reason));
    td_puts(out, "}");
}

/* The decision alone, as `tierce score` prints it, with the order of fallback behind. */
static void handle_route(ds_client *c)
{
    ds_body body = {0};
    ds_choice choice;
    ds_snapshot *s = c->server->engine.now;
    td_error error = {""};
    td_out out = {0};
    const char *what;
    size_t where;
    bool unknown;
    char extra[200];
    const ds_payer payer = {"", c->key, c->tag};
    if (!ds_body_read(&body, c->body ? c->body : "", c->len, true, &what, &where)) {
        unreadable(c, &body, what, where);
    } else if (!ds_engine_choose(&c->server->engine, s, &body, &payer, c->session, &choice, &unknown, &error)) {
        ds_client_error(c, unknown ? 404 : 400, error.text, unknown ? "model_not_found" : "bad_request");
    } else {
        const char *tier = s->config->tiers.tier[choice.order[0]].name;
        if (choice.decided) {
            put_decision(&out, s->router, &choice.decision, choice.no_cost, body.id, 0);
            out.len -= out.len > 0; /* its closing brace */
        } else {
            td_puts(&out, "{\"tier\": ");
            td_put_json(&out, tier, strlen(tier));
        }
        put_order(&out, s, &choice);
        snprintf(extra, sizeof extra, "x-tierce-tier: %.80s\r\nx-tierce-reason: %.40s\r\n", tier, choice.reason);
        ds_client_tell(c, 200, "application/json", extra, &out);
    }
    ds_body_free(&body);
}

static void put_model(td_out *out, const char *name, bool *first)
{
    td_puts(out, *first ? "{\"id\":" : ",{\"id\":");
    td_put_json(out, name, strlen(name));
    td_puts(out, ",\"object\":\"model\",\"created\":0,\"owned_by\":\"tierce\"}");
    *first = false;
}

static void handle_models(ds_client *c)
{
    td_out out = {0};
    const ds_snapshot *s = c->server->engine.now;
    char name[120];
    bool first = true;
    td_puts(&out, "{\"object\":\"list\",\"data\":[");
    put_model(&out, "tierce", &first);
    for (uint32_t i = 0; i < tierce_point_count(s->router); i++) {
        snprintf(name, sizeof name, "tierce:%.100s", tierce_point_name(s->router, i));
        put_model(&out, name, &first);
    }
    for (uint32_t t = 0; t < s->config->tiers.n; t++)
        put_model(&out, s->config->tiers.tier[t].name, &first);
    td_puts(&out, "]}");
    ds_client_tell(c, 200, "application/json", "", &out);
}

static void handle_metrics(ds_client *c)
{
    td_out out = {0};
    ds_stats_print(&out, c->server->all, (unsigned)c->server->options->workers, c->server->engine.now->config);
    if (c->server->engine.ledger)
        ds_stats_print_ledger(&out, c->server->engine.ledger, c->server->engine.now->config, ds_unix());
    ds_client_tell(c, 200, "text/plain; version=0.0.4; charset=utf-8", "", &out);
}

void ds_route_handle(ds_client *c)
{
    static const char good[] = "{\"status\":\"ok\"}\n", leaving[] = "{\"status\":\"draining\"}\n";
    switch (c->route) {
    case DS_ROUTE_CHAT:
    case DS_ROUTE_CHAT_BARE:
        handle_chat(c);
        break;
    case DS_ROUTE_ROUTE:
        handle_route(c);
        break;
    case DS_ROUTE_MODELS:
        handle_models(c);
        break;
    case DS_ROUTE_METRICS:
        handle_metrics(c);
        break;
    default:
        ds_client_answer(c, c->server->draining ? 503 : 200, "application/json", "",
                         c->server->draining ? leaving : good, strlen(c->server->draining ? leaving : good));
    }
}
