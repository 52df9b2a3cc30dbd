/* OpenAI evals: a JSONL of events a run. The first line says which model, "sampling" events hold
 * the prompts, "match" events (or "metrics") the verdicts, all tied by sample_id.
 *
 * Later sampling events of a sample are the grader's own prompts, not the user's: only the first
 * counts. Several matches of one sample are its trials. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/pieces.h"

typedef struct {
    char model[128], eval[128];
    td_tally sampled, judged, failed; /* sample ids of the present file */
} state;

static td_claim probe(const td_head *head)
{
    if (td_head_has(head, "spec.completion_fns"))
        return TD_MINE;
    return td_head_has_all(head, "run_id event_id sample_id type data") ? TD_MINE : TD_NOT_MINE;
}

static void start_row(td_row *row, const state *s, const char *sample, uint64_t line)
{
    td_row_start(row);
    row->key = td_span_of(sample);
    row->source = td_span_of(*s->eval ? s->eval : "openai-evals");
    row->outcome.name = td_span_of(s->model);
    row->line = line;
}

static bool take_sampling(td_sink *sink, td_row *row, const td_node *data, td_error *error)
{
    state *s = td_sink_state(sink);
    td_out *out = td_sink_buffer(sink);
    const uint32_t times = td_tally_add(&s->sampled, row->key);
    if (times != 1)
        return times || td_fail(error, "out of memory");
    if (td_put_request(out, td_get(data, "prompt"), NULL, NULL)) {
        row->request.data = out->at;
        row->request.len = out->len;
    }
    td_read_usage(&row->outcome, td_get(data, "usage"));
    return td_sink_row(sink, row, error);
}

/* The score among a metrics event's members: the one asked for, or the first known as one. */
static double metric(td_sink *sink, const td_node *data)
{
    static const char *const names[] = {"score", "accuracy", "correct", "acc", "f1_score", NULL};
    const char *asked = td_sink_settings(sink)->metric;
    double v = (double)NAN;
    td_sink_offer_keys(sink, TD_OFFER_METRIC, data);
    for (size_t i = 0; isnan(v) && (asked ? i < 1 : names[i] != NULL); i++) {
        const td_node *n = td_get(data, asked ? asked : names[i]);
        v = td_is_bool(n) ? td_true(n) : td_quantity(n);
    }
    return v;
}

static bool take_verdict(td_sink *sink, td_row *row, double score, td_error *error)
{
    state *s = td_sink_state(sink);
    char trial[16] = "";
    const uint32_t times = td_tally_add(&s->judged, row->key);
    if (!times)
        return td_fail(error, "out of memory");
    if (times > 1)
        snprintf(trial, sizeof trial, "%u", times);
    row->trial = td_span_of(trial);
    row->outcome.score = score;
    return td_sink_row(sink, row, error);
}

static bool start_run(td_sink *sink, const td_node *spec, uint64_t line, td_error *error)
{
    state *s = td_sink_state(sink);
    const char *eval = td_string(td_get(spec, "eval_name"));
    const char *model = td_sink_model(sink, td_string(td_first(td_get(spec, "completion_fns"))));
    td_tally_free(&s->sampled);
    td_tally_free(&s->judged);
    td_tally_free(&s->failed);
    snprintf(s->model, sizeof s->model, "%s", model ? model : "");
    snprintf(s->eval, sizeof s->eval, "%s", eval ? eval : "");
    return *s->model ||
           td_sink_bad(sink, line, "a spec without completion_fns (--model NAME says it)", NULL,
                       error);
}

static bool take_event(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    state *s = td_sink_state(sink);
    td_row row;
    const td_node *data = td_get(n, "data");
    const char *type = td_string(td_get(n, "type")), *sample = td_string(td_get(n, "sample_id"));
    if (td_is_object(td_get(n, "spec")))
        return start_run(sink, td_get(n, "spec"), line, error);
    if (!type || !sample) /* the final report, events of the run */
        return true;
    if (!*s->model)
        return td_fail(
            error,
            "line %llu: an event before any {\"spec\": …} line, so its model is not known; "
            "is the head of the file cut off? --model NAME says it",
            (unsigned long long)line);
    start_row(&row, s, sample, line);
    const bool asked = td_sink_settings(sink)->metric;
    if (!strcmp(type, "sampling"))
        return take_sampling(sink, &row, data, error);
    if (td_tally_of(&s->failed, row.key)) /* what was judged then is no answer */
        return true;
    row.is_share = !strcmp(type, "match") || td_is_bool(td_get(data, asked ? td_sink_settings(sink)->metric : "correct"));
    if (!strcmp(type, "match") && !asked && td_is_bool(td_get(data, "correct")))
        return take_verdict(sink, &row, td_true(td_get(data, "correct")), error);
    if (!strcmp(type, "metrics") && (asked || !td_tally_of(&s->judged, row.key))) {
        const double score = metric(sink, data);
        return isnan(score) || take_verdict(sink, &row, score, error);
    }
    if (!strcmp(type, "error")) {
        td_tally_add(&s->failed, row.key);
        row.missing = "samples that ended with an error event";
        return td_sink_row(sink, &row, error);
    }
    return true;
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    state *s = td_sink_state(sink);
    const char *given = td_sink_settings(sink)->model;
    snprintf(s->model, sizeof s->model, "%s", given ? given : "");
    *s->eval = 0;
    td_tally_free(&s->sampled);
    td_tally_free(&s->judged);
    td_tally_free(&s->failed);
    return td_sink_lines(sink, file->path, take_event, error);
}

static void close_state(void *state_of_sink)
{
    state *s = state_of_sink;
    td_tally_free(&s->sampled);
    td_tally_free(&s->judged);
    td_tally_free(&s->failed);
}

const td_importer td_import_openai_evals = {
    .name = "openai-evals",
    .title = "OpenAI evals records",
    .options = "model metric",
    .probe = probe,
    .read = read_file,
    .state_size = sizeof(state),
    .close = close_state,
};
