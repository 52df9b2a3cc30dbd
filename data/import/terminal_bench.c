/* terminal-bench, the older `tb`: a run's results.json lists all trials; the model stands only in
 * the run_metadata.json beside it, or in the folder's name.
 *
 * The harness counts is_resolved null as not resolved, and so do we (its tests timed out or said
 * nothing that could be read), but for trials whose agent never started: those are missing. */
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
    if (td_head_has_all(head, "results.0.task_id results.0.instruction"))
        return TD_MINE;
    if (!td_head_has_all(head, "task_id instruction is_resolved"))
        return TD_NOT_MINE;
    /* a trial's own file says again what the run's says */
    char *run = td_beside(head->path, "../../results.json");
    const bool told = run && !access(run, R_OK);
    free(run);
    return told ? TD_COMPANION : TD_MINE;
}

/* Takes --model, the metadata's, or the folder's name. */
static bool find_model(td_sink *sink, const char *path, unsigned up, char *model, size_t size,
                       td_error *error)
{
    const char *given = td_sink_settings(sink)->model;
    char *beside = td_beside(path, up == 1 ? "run_metadata.json" : "../../run_metadata.json");
    const bool told = beside && !access(beside, R_OK);
    td_node *metadata = told ? td_input_dom(beside, error) : NULL;
    const char *named = td_string(td_get(metadata, "model_name"));
    td_sink_model(sink, named);
    const tierce_span folder = td_folder(path, up);
    if (told && !metadata && !given) { /* the folder's name would stand for what the file says */
        free(beside);
        return false;
    }
    if (given)
        snprintf(model, size, "%s", given);
    else if (named && *named)
        snprintf(model, size, "%s", named);
    else
        snprintf(model, size, "%.*s", (int)folder.len, folder.data);
    td_dom_free(metadata);
    free(beside);
    if (!*model || !strcmp(model, ".") || !strcmp(model, ".."))
        return td_fail(
            error,
            "%.300s: the file does not name its model and there is no run_metadata.json; "
            "say it with --model NAME",
            path);
    return true;
}

/* Was the harness at fault, so that there is nothing to learn of the model? */
static bool never_ran(const char *mode)
{
    static const char *const modes[] = {"agent_installation_failed", "unknown_agent_error",
                                        "unknown"};
    for (size_t i = 0; mode && i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(mode, modes[i]))
            return true;
    return false;
}

static bool take_trial(td_sink *sink, const td_node *t, const char *model, const char *run,
                       td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *prompt = td_string(td_get(t, "instruction")),
               *name = td_string(td_get(t, "trial_name"));
    const char *mode = td_string(td_get(t, "failure_mode"));
    const td_node *resolved = td_get(t, "is_resolved");
    char trial[256];
    td_row_start(&row);
    snprintf(trial, sizeof trial, "%s/%s", run ? run : "", name ? name : "");
    row.key = td_span_of(td_string(td_get(t, "task_id")));
    row.source = td_span_of("terminal-bench");
    row.is_share = true;
    row.trial = td_span_of(trial);
    row.outcome.name = td_span_of(model);
    row.outcome.input_tokens = td_counted(td_quantity(td_get(t, "total_input_tokens")));
    row.outcome.output_tokens = td_counted(td_quantity(td_get(t, "total_output_tokens")));
    row.outcome.latency_s = td_elapsed(td_get(t, "agent_started_at"), td_get(t, "agent_ended_at"));
    if (td_is_bool(resolved)) {
        row.outcome.score = td_true(resolved) ? 1 : 0;
    } else if (never_ran(mode)) {
        td_row_missing(&row, "trials whose agent never ran");
    } else {
        row.outcome.score = 0;
        td_sink_note(sink, 0,
                     "trials without a verdict count as not resolved, as in the harness's own "
                     "accuracy",
                     mode);
    }
    if (prompt) {
        td_put_user(out, prompt, strlen(prompt));
        row.request.data = out->at;
        row.request.len = out->len;
    }
    return td_sink_row(sink, &row, error);
}

/* The harness's own accuracy must be ours. */
static void compare(td_sink *sink, const td_node *root)
{
    size_t n = 0, resolved = 0;
    char detail[96];
    for (const td_node *t = td_first(td_get(root, "results")); t; t = td_next(t)) {
        n++;
        resolved += td_true(td_get(t, "is_resolved"));
    }
    const double own = n ? (double)resolved / (double)n : 0;
    const double told = td_number(td_get(root, "accuracy"), own);
    if (fabs(own - told) < 1e-6)
        return;
    snprintf(detail, sizeof detail, "%.6g by its trials, %.6g it says", own, told);
    td_sink_note(sink, 0, "files whose accuracy is not that of their trials", detail);
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    td_error why;
    char model[256];
    td_node *root = td_input_dom(file->path, &why);
    if (!root)
        return td_sink_bad(sink, 0, "a file that cannot be read", why.text, error);
    const td_node *results = td_get(root, "results");
    const bool alone = !results && td_get(root, "task_id");
    const char *run = td_string(td_get(root, "id"));
    bool good = find_model(sink, file->path, alone ? 3 : 1, model, sizeof model, error);
    if (good && alone)
        good = take_trial(sink, root, model, run, error);
    else if (good && !td_is_array(results))
        good = td_sink_bad(sink, 0, "no list of \"results\" in it", NULL, error);
    for (const td_node *t = td_first(results); good && t; t = td_next(t))
        good = take_trial(sink, t, model, run, error);
    if (good && results)
        compare(sink, root);
    td_dom_free(root);
    return good;
}

const td_importer td_import_terminal_bench = {
    .name = "terminal-bench",
    .title = "terminal-bench results",
    .options = "model",
    .probe = probe,
    .read = read_file,
};
