/* Harbor: jobs/<job>/<trial>/{result.json, agent/trajectory.json}, one model and task a trial.
 *
 * The result knows the reward, the cost and the tokens, but not the prompt: that is the task's
 * instruction.md (under --prompts TASKS, or where the trial's config says), or the first user step
 * of the trajectory. An exception without a reward is a failure of the harness: missing, though
 * Harbor's own mean counts it as 0. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/import/atif.h"
#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pieces.h"
#include "data/import/utf8.h"

typedef struct {
    char agent[64]; /* the first one seen */
} state;

static td_claim probe(const td_head *head)
{
    if (td_head_has_all(head, "task_name trial_name"))
        return TD_MINE;
    return td_name_ends(head->path, "agent/trajectory.json") ? TD_COMPANION : TD_NOT_MINE;
}

/* ---- the prompt ---- */

/* The text of folder/task/instruction.md, or NULL. */
static char *instruction(const char *folder, const char *task, size_t *len)
{
    char path[4096];
    td_error ignored;
    const int n = snprintf(path, sizeof path, "%s/%s/instruction.md", folder, task);
    return n > 0 && n < (int)sizeof path && !access(path, R_OK)
               ? td_input_load(path, (size_t)16 << 20, len, &ignored)
               : NULL;
}

static char *any_instruction(td_sink *sink, const td_node *result, const char *path, size_t *len)
{
    const char *tasks = td_sink_settings(sink)->prompts,
               *task = td_string(td_get(result, "task_name"));
    const char *own = td_string(td_get_path(result, "config.task.path"));
    const char *last = task ? strrchr(task, '/') : NULL;
    char *text = NULL;
    if (tasks && task)
        text = instruction(tasks, task, len);
    if (!text && tasks && last)
        text = instruction(tasks, last + 1, len);
    if (!text && own)
        text = instruction(own, ".", len);
    if (!text && own && *own != '/') { /* Harbor writes jobs/ where it was started */
        char *start = td_beside(path, "../../..");
        text = start ? instruction(start, own, len) : NULL;
        free(start);
    }
    return text;
}

/* The prompt, if there is one; false: it is damaged, and *good says whether the import goes on. */
static bool put_prompt(td_sink *sink, td_out *out, const td_node *result, const td_node *trajectory,
                       const char *path, bool *good, td_error *error)
{
    size_t len = 0;
    char *text = any_instruction(sink, result, path, &len);
    const size_t odd = text ? td_not_utf8(text, len) : 0;
    if (odd) {
        char detail[80];
        td_not_utf8_detail(text, odd, detail, sizeof detail);
        free(text);
        *good = td_sink_bad(sink, 0, "an instruction.md of " TD_NOT_UTF8, detail, error);
        return false;
    }
    if (text) {
        while (len && strchr(" \t\r\n", text[len - 1]))
            len--;
        td_put_user(out, text, len);
        free(text);
        return true;
    }
    td_atif_request(out, trajectory, false);
    return true;
}

/* ---- the outcome ---- */

static double reward(td_sink *sink, const td_node *result)
{
    const char *metric = td_sink_settings(sink)->metric;
    const td_node *rewards = td_get_path(result, "verifier_result.rewards");
    td_sink_offer_keys(sink, TD_OFFER_METRIC, rewards);
    if (metric)
        return td_quantity(td_get(rewards, metric));
    const td_node *only = td_count(rewards) == 1 ? td_first(rewards) : NULL;
    return td_quantity(td_get(rewards, "reward") ? td_get(rewards, "reward") : only);
}

/* "provider/name" as the config has it, else from what the agent said of itself. */
static tierce_span model_of(td_sink *sink, const td_node *result, char *room, size_t size)
{
    const char *name = td_sink_model(sink, td_string(td_get_path(result, "config.agent.model_name")));
    const char *own = td_string(td_get_path(result, "agent_info.model_info.name"));
    const char *provider = td_string(td_get_path(result, "agent_info.model_info.provider"));
    if (name && *name)
        return td_span_of(name);
    if (!own)
        return td_span_of("");
    snprintf(room, size, "%s%s%s", provider ? provider : "", provider ? "/" : "", own);
    return td_span_of(room);
}

static void numbers(td_outcome *o, const td_node *result, const td_node *trajectory)
{
    const td_node *agent = td_get(result, "agent_result"), *run = td_get(result, "agent_execution");
    o->cost_usd = td_quantity(td_get(agent, "cost_usd"));
    o->input_tokens = td_quantity(td_get(agent, "n_input_tokens"));
    o->cached_tokens = td_quantity(td_get(agent, "n_cache_tokens"));
    o->output_tokens = td_quantity(td_get(agent, "n_output_tokens"));
    o->latency_s = td_elapsed(td_get(run, "started_at"), td_get(run, "finished_at"));
    td_atif_numbers(o, trajectory);
    o->latency_s = td_either(
        o->latency_s, td_elapsed(td_get(result, "started_at"), td_get(result, "finished_at")));
}

/* Two agents under one model name would be averaged as if they were trials of one. */
static void watch_agent(td_sink *sink, const td_node *result)
{
    state *s = td_sink_state(sink);
    const char *agent = td_string(td_get_path(result, "config.agent.name"));
    if (agent && !*s->agent)
        snprintf(s->agent, sizeof s->agent, "%s", agent);
    else if (agent && strncmp(s->agent, agent, sizeof s->agent - 1))
        td_sink_note(sink, 0,
                     "trials of another agent than the first; of one model they are averaged "
                     "(import agents apart, with --model NAME)",
                     agent);
}

static bool take(td_sink *sink, const td_node *result, const td_node *trajectory, const char *path,
                 td_error *error)
{
    char name[256];
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *source = td_string(td_get_path(result, "config.task.source"));
    const char *trial = td_string(td_get(result, "id"));
    td_row_start(&row);
    row.key = td_span_of(td_string(td_get(result, "task_name")));
    row.source = td_span_of(source && *source ? source : "harbor");
    row.trial = td_span_of(trial ? trial : td_string(td_get(result, "trial_name")));
    row.outcome.name = model_of(sink, result, name, sizeof name);
    if (!row.outcome.name.len) {
        td_sink_drop(sink, 0, "trials that name no model (--model NAME says it)", NULL);
        return true;
    }
    watch_agent(sink, result);
    numbers(&row.outcome, result, trajectory);
    row.outcome.score = reward(sink, result);
    if (isnan(row.outcome.score)) {
        const td_node *exception = td_get(result, "exception_info");
        td_row_missing(&row, td_is_object(exception)
                                 ? "trials that ended with an exception and no reward"
                             : td_sink_settings(sink)->metric ? "trials without that reward"
                                                              : "trials that were never graded");
    }
    bool good = true;
    if (!put_prompt(sink, out, result, trajectory, path, &good, error))
        return good;
    if (out->len) {
        row.request.data = out->at;
        row.request.len = out->len;
    } else {
        td_sink_note(sink, 0,
                     "trials whose prompt is not here (--prompts TASKS names the folder of the "
                     "tasks, each with its instruction.md)",
                     td_string(td_get(result, "task_name")));
    }
    return td_sink_row(sink, &row, error);
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    td_error why;
    const char *tasks = td_sink_settings(sink)->prompts;
    if (tasks && access(tasks, R_OK))
        return td_fail(error, "--prompts %.300s: cannot be read; name the folder of the tasks",
                       tasks);
    td_node *result = td_input_dom(file->path, &why);
    if (!result)
        return td_sink_bad(sink, 0, "a file that cannot be read", why.text, error);
    char *beside = td_beside(file->path, "agent/trajectory.json");
    td_node *trajectory = NULL;
    if (beside && !access(beside, R_OK) && !(trajectory = td_input_dom(beside, &why)))
        td_sink_note(sink, 0, "trajectories that cannot be read", why.text);
    const bool good = take(sink, result, trajectory, file->path, error);
    td_dom_free(trajectory);
    td_dom_free(result);
    free(beside);
    return good;
}

const td_importer td_import_harbor = {
    .name = "harbor",
    .title = "Harbor trials",
    .options = "model metric prompts",
    .probe = probe,
    .read = read_file,
    .state_size = sizeof(state),
};
