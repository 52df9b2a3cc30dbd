/* tau2-bench: one results file a model, each simulation a trial of a task; or, in the folder
 * layout, results.json with simulations/<id>.json beside it.
 *
 * What a router sees of a conversation is its start: the policy as system prompt and the first
 * message of the (simulated) user. The agent's greeting before it is not part of a request. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pieces.h"

static td_claim probe(const td_head *head)
{
    if (td_head_has(head, "info.agent_info.llm"))
        return TD_MINE;
    return td_head_has_all(head, "task_id termination_reason") ? TD_COMPANION : TD_NOT_MINE;
}

static bool is_one_of(const char *word, const char *const *list)
{
    for (; word && *list; list++)
        if (!strcmp(word, *list))
            return true;
    return false;
}

static bool role_is(const td_node *message, const char *role)
{
    const char *r = td_string(td_get(message, "role"));
    return r && !strcmp(r, role);
}

static bool put_start(td_out *out, const td_node *root, const td_node *sim)
{
    const td_node *policy = td_get(sim, "policy"), *first = td_first(td_get(sim, "messages"));
    const td_node *environment = td_get_path(root, "info.environment_info");
    if (!td_is_string(policy))
        policy = td_get(environment, "policy");
    while (first && !(role_is(first, "user") && td_is_string(td_get(first, "content"))))
        first = td_next(first);
    return first &&
           td_put_request(out, td_get(first, "content"), policy, td_get(environment, "tool_defs"));
}

static void add_usage(td_outcome *o, const td_node *sim)
{
    td_row each;
    for (const td_node *m = td_first(td_get(sim, "messages")); m; m = td_next(m)) {
        if (!role_is(m, "assistant"))
            continue;
        td_row_start(&each);
        td_read_usage(&each.outcome, td_get(m, "usage"));
        o->input_tokens = td_plus(o->input_tokens, each.outcome.input_tokens);
        o->output_tokens = td_plus(o->output_tokens, each.outcome.output_tokens);
        o->cached_tokens = td_plus(o->cached_tokens, each.outcome.cached_tokens);
        o->reasoning_tokens = td_plus(o->reasoning_tokens, each.outcome.reasoning_tokens);
    }
}

/* The reward, and why there is none. What the agent brought upon itself is a 0 even ungraded. */
static void judge(td_row *row, const td_node *sim)
{
    static const char *const harness[] = {"infrastructure_error", NULL};
    static const char *const own[] = {"max_steps", "too_many_errors", "context_window_exceeded",
                                      NULL};
    const char *end = td_string(td_get(sim, "termination_reason"));
    row->outcome.score = td_quantity(td_get_path(sim, "reward_info.reward"));
    if (is_one_of(end, harness)) {
        td_row_missing(row, "simulations that ended with infrastructure_error");
    } else if (isnan(row->outcome.score)) {
        if (is_one_of(end, own))
            row->outcome.score = 0;
        else
            td_row_missing(row, "simulations without a reward");
    }
}

static bool take(td_sink *sink, const td_node *root, const td_node *sim, td_error *error)
{
    char task[32], trial[32], source[128];
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *domain = td_string(td_get_path(root, "info.environment_info.domain_name"));
    const char *model = td_sink_model(sink, td_string(td_get_path(root, "info.agent_info.llm")));
    td_row_start(&row);
    snprintf(source, sizeof source, "tau2/%s", domain ? domain : "unknown");
    row.key = td_name_of(td_get(sim, "task_id"), task);
    row.source = td_span_of(source);
    row.trial = td_name_of(td_get(sim, td_get(sim, "id") ? "id" : "trial"), trial);
    row.outcome.name =
        td_span_of(model);
    row.outcome.cost_usd = td_quantity(td_get(sim, "agent_cost"));
    row.outcome.latency_s = td_quantity(td_get(sim, "duration"));
    judge(&row, sim);
    if (!isnan(row.outcome.score))
        add_usage(&row.outcome, sim);
    if (put_start(out, root, sim)) {
        row.request.data = out->at;
        row.request.len = out->len;
    }
    return td_sink_row(sink, &row, error);
}

/* The folder layout: the index names the simulations. */
static bool take_folder(td_sink *sink, const td_node *root, const char *path, td_error *error)
{
    bool good = true;
    for (const td_node *i = td_first(td_get(root, "simulation_index")); good && i; i = td_next(i)) {
        char room[32], name[300];
        td_error why;
        const tierce_span id = td_name_of(td_is_object(i) ? td_get(i, "id") : i, room);
        if (!id.len || id.len > 200 || memchr(id.data, '/', id.len)) {
            good =
                td_sink_bad(sink, 0, "an id in simulation_index that names no file", NULL, error);
            continue;
        }
        snprintf(name, sizeof name, "simulations/%.*s.json", (int)id.len, id.data);
        char *beside = td_beside(path, name);
        td_node *sim = beside ? td_input_dom(beside, &why) : NULL;
        if (sim) {
            td_sink_at(sink, beside);
            good = take(sink, root, sim, error);
            td_sink_at(sink, path);
        } else {
            good = td_sink_bad(sink, 0, "a simulation that cannot be read",
                               beside ? why.text : NULL, error);
        }
        td_dom_free(sim);
        free(beside);
    }
    return good;
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    td_error why;
    td_node *root = td_input_dom(file->path, &why);
    if (!root)
        return td_sink_bad(sink, 0, "a file that cannot be read", why.text, error);
    const td_node *sims = td_get(root, "simulations");
    bool good = true;
    if (!td_is_string(td_get_path(root, "info.agent_info.llm")) && !td_sink_settings(sink)->model)
        good = td_sink_bad(sink, 0, "info.agent_info.llm names no model (--model NAME says it)",
                           NULL, error);
    else if (td_get(root, "simulation_index") && !td_first(sims))
        good = take_folder(sink, root, file->path, error);
    else
        for (const td_node *s = td_first(sims); good && s; s = td_next(s))
            good = take(sink, root, s, error);
    td_dom_free(root);
    return good;
}

const td_importer td_import_tau2 = {
    .name = "tau2",
    .title = "tau2-bench results",
    .options = "model",
    .probe = probe,
    .read = read_file,
};
