/* HELM: runs/<suite>/<run>/ with run_spec.json (the model), scenario_state.json (the requests) and
 * per_instance_stats.json (the scores), joined on instance_id and train_trial_index.
 *
 * Perturbed copies of an instance are passed over: they are another question's score. The runs of
 * several models join on the run's name without its model. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pieces.h"

typedef struct {
    td_sink *sink;
    td_error *error;
    char model[256], source[512];
    const char *metric; /* the stat that is the score; NULL: not settled */
    td_tally asked;     /* instance and trial of the requests given */
} helm_run;

/* Of the whole import: runs of one source are compared by one stat. */
typedef struct {
    char source[512], metric[96];
} helm_state;

static td_claim probe(const td_head *head)
{
    if (td_name_starts(head->name, "per_instance_stats.json") &&
        td_head_has_all(head, "instance_id stats"))
        return TD_MINE;
    return td_name_starts(head->name, "scenario_state.json") ||
                   td_name_starts(head->name, "run_spec.json") ||
                   (td_name_starts(head->name, "stats.json") && td_head_has(head, "name.name"))
               ? TD_COMPANION
               : TD_NOT_MINE;
}

/* ---- the run ---- */

/* "mmlu:subject=law,model=google_x" without the model: what the runs of all models share. */
static void source_of(helm_run *r, const char *name)
{
    const char *model = strstr(name, "model=");
    size_t used = (size_t)snprintf(r->source, sizeof r->source, "helm/");
    if (model && model > name && (model[-1] == ',' || model[-1] == ':')) {
        const char *rest = model + strcspn(model, ",");
        const size_t before = (size_t)(model - name) - (*rest == ',' ? 0 : 1);
        used += (size_t)snprintf(r->source + used, sizeof r->source - used, "%.*s",
                                 (int)(before < 400 ? before : 400), name);
        rest += *rest == ',';
        name = rest;
    }
    if (used < sizeof r->source)
        snprintf(r->source + used, sizeof r->source - used, "%.200s", name);
}

static bool read_spec(helm_run *r, const td_head *file)
{
    td_error why;
    const char *given = td_sink_settings(r->sink)->model;
    char *beside = td_beside(file->path, "run_spec.json");
    const bool there = beside && !access(beside, F_OK);
    td_node *spec = there ? td_input_dom(beside, &why) : NULL;
    if (there && !spec) {
        free(beside);
        return td_sink_bad(r->sink, 0, "a run whose run_spec.json cannot be read", why.text, r->error);
    }
    const char *name = td_string(td_get(spec, "name"));
    const char *model = td_string(td_get_path(spec, "adapter_spec.model"));
    td_sink_model(r->sink, model);
    const tierce_span folder = td_folder(file->path, 1);
    char folder_name[300];
    snprintf(folder_name, sizeof folder_name, "%.*s", (int)(folder.len < 299 ? folder.len : 299),
             folder.data);
    source_of(r, name ? name : folder_name);
    if (given || model)
        snprintf(r->model, sizeof r->model, "%s", given ? given : model);
    td_dom_free(spec);
    free(beside);
    return *r->model || td_sink_bad(r->sink, 0,
                                    "a run without a model (run_spec.json beside it, or "
                                    "--model NAME, says it)",
                                    NULL, r->error);
}

static tierce_span trial_of(const td_node *n, char room[32])
{
    return td_name_of(td_get(n, "train_trial_index"), room);
}

static tierce_span instance_id(const td_node *n)
{
    return td_span_of(td_string(n));
}

/* Instance and trial as one name. */
static tierce_span attempt(tierce_span id, const td_node *n, char room[256])
{
    char number[32];
    const tierce_span trial = trial_of(n, number);
    snprintf(room, 256, "%.*s#%.*s", (int)(id.len < 200 ? id.len : 200), id.data,
             (int)(trial.len < 31 ? trial.len : 31), trial.data);
    return td_span_of(room);
}

static bool has_failed(const td_node *state)
{
    const td_node *success = td_get_path(state, "result.success");
    return td_is_bool(success) && !td_true(success);
}

/* ---- requests ---- */

static bool take_request(helm_run *r, const td_node *state)
{
    char trial[32];
    td_row row;
    td_out *out = td_sink_buffer(r->sink);
    const td_node *instance = td_get(state, "instance"), *request = td_get(state, "request");
    td_row_start(&row);
    row.key = instance_id(td_get(instance, "id"));
    row.source = td_span_of(r->source);
    if (!row.key.len || td_is_object(td_get(instance, "perturbation")))
        return true;
    if (has_failed(state)) {
        row.outcome.name = td_span_of(r->model);
        row.trial = trial_of(state, trial);
        row.missing = "requests that the provider failed (result.success is false)";
    }
    /* of the trials, and of the "separate" methods' request a choice, the first stands for all */
    const td_node *messages = td_get(request, "messages");
    if (td_tally_add(&r->asked, row.key) == 1 &&
        td_put_request(out, td_is_array(messages) ? messages : td_get(request, "prompt"), NULL,
                       NULL)) {
        row.request.data = out->at;
        row.request.len = out->len;
    }
    return (!row.request.len && !row.missing) || td_sink_row(r->sink, &row, r->error);
}

/* Instances whose request failed, by id and trial. */
static bool read_requests(helm_run *r, const td_head *file, td_tally *failed)
{
    td_error why;
    char *beside = td_beside(file->path, "scenario_state.json");
    td_node *root = beside ? td_input_dom(beside, &why) : NULL;
    bool good = root || td_sink_bad(r->sink, 0, "a run whose scenario_state.json cannot be read",
                                    beside ? why.text : NULL, r->error);
    if (root)
        td_sink_at(r->sink, beside);
    for (const td_node *s = td_first(td_get(root, "request_states")); good && s; s = td_next(s)) {
        char room[256];
        good = take_request(r, s);
        if (has_failed(s) && !td_is_object(td_get_path(s, "instance.perturbation")))
            td_tally_add(failed, attempt(instance_id(td_get_path(s, "instance.id")), s, room));
    }
    td_sink_at(r->sink, file->path);
    td_dom_free(root);
    free(beside);
    return good;
}

/* ---- scores ---- */

static const td_node *stat(const td_node *instance, const char *name)
{
    for (const td_node *s = td_first(td_get(instance, "stats")); s; s = td_next(s)) {
        const char *n = td_string(td_get_path(s, "name.name"));
        if (n && !strcmp(n, name) && !td_is_object(td_get_path(s, "name.perturbation")))
            return td_get(s, "mean");
    }
    return NULL;
}

static const char *const metrics[] = {"exact_match",
                                      "quasi_exact_match",
                                      "prefix_exact_match",
                                      "quasi_prefix_exact_match",
                                      "math_equiv_chain_of_thought",
                                      "math_equiv",
                                      "final_number_exact_match",
                                      "chain_of_thought_correctness",
                                      "ifeval_strict_accuracy",
                                      "omni_math_accuracy",
                                      "wildbench_score_rescaled",
                                      "f1_score",
                                      "rouge_l",
                                      NULL};

/* The first of these that the file has. */
static bool settle_metric(helm_run *r, const td_node *list)
{
    r->metric = td_sink_settings(r->sink)->metric;
    for (size_t i = 0; !r->metric && metrics[i]; i++)
        for (const td_node *n = td_first(list); n && !r->metric; n = td_next(n))
            r->metric = stat(n, metrics[i]) ? metrics[i] : NULL;
    if (!r->metric)
        return td_sink_bad(r->sink, 0,
                           "no stat known as a score in it; say which with --metric NAME", NULL,
                           r->error);
    helm_state *all = td_sink_state(r->sink);
    if (!td_sink_settings(r->sink)->metric)
        td_sink_note(r->sink, 0,
                     "runs whose score is the first stat known as one (--metric says another)",
                     r->metric);
    if (!strcmp(all->source, r->source) && strcmp(all->metric, r->metric))
        td_sink_note(r->sink, 0,
                     "runs whose score is another stat than in the run before, of the same scenario: their models are not comparable",
                     r->metric);
    snprintf(all->source, sizeof all->source, "%s", r->source);
    snprintf(all->metric, sizeof all->metric, "%s", r->metric);
    return true;
}

static bool take_score(helm_run *r, const td_node *n, const td_tally *failed)
{
    char trial[32], room[256];
    td_row row;
    if (td_is_object(td_get(n, "perturbation"))) {
        td_sink_drop(r->sink, 0, "scores of perturbed copies of an instance",
                     td_string(td_get(n, "instance_id")));
        return true;
    }
    td_row_start(&row);
    row.key = instance_id(td_get(n, "instance_id"));
    row.source = td_span_of(r->source);
    row.trial = trial_of(n, trial);
    row.outcome.name = td_span_of(r->model);
    if (td_tally_of(failed, attempt(row.key, n, room)))
        return true; /* given as missing with its request */
    for (const td_node *s = td_first(td_get(n, "stats")); td_sink_settings(r->sink)->metric && s; s = td_next(s))
        td_sink_offer(r->sink, TD_OFFER_METRIC, td_string(td_get_path(s, "name.name")));
    row.outcome.score = td_quantity(stat(n, r->metric));
    row.outcome.input_tokens = td_quantity(stat(n, "num_prompt_tokens"));
    row.outcome.output_tokens = td_either(td_quantity(stat(n, "num_completion_tokens")),
                                          td_quantity(stat(n, "num_output_tokens")));
    row.outcome.latency_s = td_quantity(stat(n, "inference_runtime"));
    if (isnan(row.outcome.score))
        td_row_missing(&row, "instances without the score's stat");
    return td_sink_row(r->sink, &row, r->error);
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    td_error why;
    helm_run r = {.sink = sink, .error = error};
    td_tally failed = {0};
    td_node *list = td_input_dom(file->path, &why);
    if (!list)
        return td_sink_bad(sink, 0, "a file that cannot be read", why.text, error);
    const uint64_t bad = td_count(list) ? 0 : 1;
    bool good = !bad || td_sink_bad(sink, 0, "not a list of instances", NULL, error);
    if (good && !bad && (good = read_spec(&r, file)) && *r.model) {
        good = settle_metric(&r, list);
        good = good && r.metric ? read_requests(&r, file, &failed) : good;
        for (const td_node *n = td_first(list); good && r.metric && n; n = td_next(n))
            good = take_score(&r, n, &failed);
    }
    td_tally_free(&failed);
    td_tally_free(&r.asked);
    td_dom_free(list);
    return good;
}

const td_importer td_import_helm = {
    .name = "helm",
    .title = "HELM run folders",
    .options = "model metric",
    .probe = probe,
    .read = read_file,
    .state_size = sizeof(helm_state),
};
