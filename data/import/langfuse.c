/* Langfuse: observations and scores, as the blob-storage export writes them (JSONL, JSON or CSV;
 * snake case) or the API (camel case). Only generations are requests to a model.
 *
 * A score of an observation is its own. A score of a whole trace goes to the trace's generation
 * where there is just one; which of several earned it no one knows, so there it is dropped, and
 * counted. The scores of traces wait for the end, when the observations are looked through once
 * more: memory is that of the traces' scores, not of the observations. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/pieces.h"
#include "data/import/rows.h"
#include "data/import/scores.h"

typedef struct {
    uint64_t trace; /* hash of its id */
    double value;
    char *generation; /* id of the trace's first */
    uint32_t generations;
    uint64_t line;
} trace_score;

typedef struct {
    char score_name[96];
    trace_score *scores;
    size_t n, room;
    char **paths; /* with observations */
    size_t n_paths, paths_room;
    bool observed; /* the present file is noted in paths */
    bool again;    /* the second look */
} state;

static td_claim probe(const td_head *head)
{
    static const char *const observations[] = {
        "trace_id type start_time provided_model_name", "trace_id type start_time usage_details",
        "traceId type startTime usageDetails", "data.0.traceId data.0.id", NULL};
    if (td_head_column(head, "trace_id") &&
        (td_head_column(head, "provided_model_name") || td_head_column(head, "observation_id")))
        return TD_MINE;
    for (size_t i = 0; observations[i]; i++)
        if (td_head_has_all(head, observations[i]))
            return TD_MINE;
    if (td_head_has_all(head, "trace_id observation_id name value") ||
        td_head_has_all(head, "traceId name value dataType"))
        return TD_MINE;
    /* a span may come first in a file of observations */
    return td_head_has_all(head, "trace_id type parent_observation_id") ? TD_MINE : TD_NOT_MINE;
}

/* Snake case of the export, camel case of the API. */
static const td_node *field(const td_node *n, const char *snake, const char *camel)
{
    const td_node *v = td_get(n, snake);
    return v ? v : td_get(n, camel);
}

/* ---- observations ---- */

static bool starts(const char *name, const char *start)
{
    return !strncmp(name, start, strlen(start));
}

/* Usage names are open: "input", "input_cached_tokens", "output_reasoning_tokens", … and add up to
 * the total, unless "input" and "output" alone are the total already. */
static void read_details(td_outcome *o, const td_node *details)
{
    static const char *const cached[] = {"input_cached_tokens", "cache_read_input_tokens",
                                         "input_cache_read", NULL};
    static const char *const written[] = {"input_cache_creation", "cache_creation_input_tokens",
                                          NULL};
    static const char *const thought[] = {"output_reasoning_tokens", "output_reasoning",
                                          "reasoning_tokens", NULL};
    double input = (double)NAN, output = (double)NAN;
    for (const td_node *n = td_is_object(details) ? td_first(details) : NULL; n; n = td_next(n)) {
        const char *name = td_key(n);
        if (starts(name, "input") || starts(name, "cache_") || starts(name, "prompt"))
            input = td_plus(input, td_quantity(n));
        else if (starts(name, "output") || starts(name, "completion") || starts(name, "reasoning"))
            output = td_plus(output, td_quantity(n));
    }
    const double plain_in = td_quantity(td_get(details, "input")),
                 plain_out = td_quantity(td_get(details, "output"));
    const bool plain = plain_in + plain_out == td_quantity(td_get(details, "total"));
    o->input_tokens = plain ? plain_in : input;
    o->output_tokens = plain ? plain_out : output;
    o->cached_tokens = td_first_quantity(details, cached);
    o->cache_write_tokens = td_first_quantity(details, written);
    o->reasoning_tokens = td_first_quantity(details, thought);
}

static void numbers(td_outcome *o, const td_node *n)
{
    td_node *owned[2];
    const td_node *usage = td_unwrap(field(n, "usage_details", "usageDetails"), &owned[0]);
    const td_node *costs = td_unwrap(field(n, "cost_details", "costDetails"), &owned[1]);
    read_details(o, usage);
    o->cost_usd = td_either(
        td_quantity(field(n, "total_cost", "calculatedTotalCost")),
        td_either(td_quantity(td_get(n, "totalCost")), td_quantity(td_get(costs, "total"))));
    o->latency_s = td_elapsed(field(n, "start_time", "startTime"), field(n, "end_time", "endTime"));
    td_dom_free(owned[0]);
    td_dom_free(owned[1]);
}

static bool put_asked(td_out *out, const td_node *n)
{
    td_node *owned;
    const td_node *input = td_unwrap(td_get(n, "input"), &owned);
    const bool body = td_is_object(input) && !td_get(input, "role");
    const bool put =
        body ? td_put_body(out, input)
             : td_put_request(out, input, NULL, field(n, "tool_definitions", "toolDefinitions"));
    td_dom_free(owned);
    return put;
}

static bool is_generation(const td_node *n)
{
    const char *type = td_string(td_get(n, "type"));
    return type && !strcmp(type, "GENERATION");
}

static bool note_path(td_sink *sink, const char *path)
{
    state *s = td_sink_state(sink);
    if (s->n_paths == s->paths_room) {
        const size_t room = s->paths_room ? 2 * s->paths_room : 16;
        char **wider = realloc(s->paths, room * sizeof *wider);
        if (!wider)
            return false;
        s->paths = wider;
        s->paths_room = room;
    }
    s->paths[s->n_paths] = strdup(path);
    return s->paths[s->n_paths] && ++s->n_paths;
}

static bool take_generation(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *model = td_string(field(n, "provided_model_name", "providedModelName")), *level = td_string(td_get(n, "level"));
    td_row_start(&row);
    model = td_sink_model(sink, model ? model : td_string(td_get(n, "model")));
    row.id = td_span_of(td_string(td_get(n, "id")));
    row.source = td_span_of("langfuse");
    row.outcome.name = td_span_of(model);
    row.line = line;
    if (!row.id.len)
        return td_sink_bad(sink, line, "an observation without \"id\"", NULL, error);
    if (!row.outcome.name.len || !put_asked(out, n)) {
        td_sink_drop(sink, line, "generations without a model or an input",
                     td_string(td_get(n, "id")));
        return true;
    }
    row.request.data = out->at;
    row.request.len = out->len;
    if (level && !strcmp(level, "ERROR"))
        row.missing = "generations that failed (level ERROR)";
    else
        numbers(&row.outcome, n);
    return td_sink_row(sink, &row, error);
}

/* ---- scores ---- */

static bool add_trace_score(state *s, const char *trace, double value, uint64_t line)
{
    if (s->n == s->room) {
        const size_t room = s->room ? 2 * s->room : 64;
        trace_score *wider = realloc(s->scores, room * sizeof *wider);
        if (!wider)
            return false;
        s->scores = wider;
        s->room = room;
    }
    const trace_score t = {td_name_hash(trace, strlen(trace)), value, NULL, 0, line};
    s->scores[s->n++] = t;
    return true;
}

static bool put_score(td_sink *sink, const char *id, double value, uint64_t line, td_error *error)
{
    td_row row;
    td_row_start(&row);
    row.id = td_span_of(id);
    row.outcome.score = value;
    row.line = line;
    return td_sink_row(sink, &row, error);
}

static bool take_score(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    state *s = td_sink_state(sink);
    const char *observation = td_string(field(n, "observation_id", "observationId"));
    const char *trace = td_string(field(n, "trace_id", "traceId"));
    const double value = td_quantity(td_get(n, "value"));
    if (isnan(value)) {
        td_sink_drop(sink, line, "scores that are words, not numbers",
                     td_string(td_get(n, "name")));
        return true;
    }
    td_sink_offer(sink, TD_OFFER_METRIC, td_string(td_get(n, "name")));
    if (!td_score_wanted(s->score_name, td_sink_settings(sink)->metric,
                         td_string(td_get(n, "name")))) {
        td_sink_drop(sink, line, "scores of another name (--metric NAME says which counts)",
                     td_string(td_get(n, "name")));
        return true;
    }
    if (observation && *observation)
        return put_score(sink, observation, value, line, error);
    if (!trace)
        return td_sink_bad(sink, line, "a score of neither an observation nor a trace", NULL,
                           error);
    return add_trace_score(s, trace, value, line) || td_fail(error, "out of memory");
}

/* ---- both ---- */

static trace_score *scores_of(const state *s, uint64_t trace)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        const size_t mid = (low + high) / 2;
        if (s->scores[mid].trace < trace)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->n && s->scores[low].trace == trace ? &s->scores[low] : NULL;
}

/* The second look: which generations do the scored traces have? The first of a trace's scores
 * counts them for all. */
static bool count_generation(state *s, const td_node *n, td_error *error)
{
    const char *trace = td_string(field(n, "trace_id", "traceId")),
               *id = td_string(td_get(n, "id"));
    trace_score *t = trace && id ? scores_of(s, td_name_hash(trace, strlen(trace))) : NULL;
    if (t && !t->generations++)
        t->generation = strdup(id);
    return !t || t->generation || td_fail(error, "out of memory");
}

static bool take(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    state *s = td_sink_state(sink);
    if (s->again)
        return !is_generation(n) || count_generation(s, n, error);
    if (td_get(n, "value") || td_get(n, "string_value") || td_get(n, "stringValue") ||
        td_get(n, "data_type"))
        return take_score(sink, n, line, error);
    s->observed = true;
    if (is_generation(n))
        return take_generation(sink, n, line, error);
    td_sink_drop(sink, line, "observations that are no generations", td_string(td_get(n, "type")));
    return true;
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    state *s = td_sink_state(sink);
    s->observed = false;
    return td_rows(sink, file, take, error) &&
           (!s->observed || note_path(sink, file->path) || td_fail(error, "out of memory"));
}

static int by_trace(const void *a, const void *b)
{
    const trace_score *x = a, *y = b;
    return x->trace != y->trace ? (x->trace < y->trace ? -1 : 1)
                                : (x->line > y->line) - (x->line < y->line);
}

static bool finish(td_sink *sink, td_error *error)
{
    state *s = td_sink_state(sink);
    const trace_score *first = NULL;
    if (s->n)
        qsort(s->scores, s->n, sizeof *s->scores, by_trace);
    s->again = true;
    for (size_t i = 0; s->n && i < s->n_paths; i++)
        if (!td_rows_of(sink, s->paths[i], take, error))
            return false;
    for (size_t i = 0; i < s->n; i++) {
        const trace_score *t = &s->scores[i];
        first = first && first->trace == t->trace ? first : t;
        if (first->generations != 1)
            td_sink_drop(sink, 0,
                         first->generations
                             ? "scores of traces with several generations: whose, is not known"
                             : "scores of traces without a generation here",
                         NULL);
        else if (!put_score(sink, first->generation, t->value, 0, error))
            return false;
    }
    return td_scores_by_id(sink, error);
}

static void close_state(void *state_of_sink)
{
    state *s = state_of_sink;
    for (size_t i = 0; i < s->n; i++)
        free(s->scores[i].generation);
    for (size_t i = 0; i < s->n_paths; i++)
        free(s->paths[i]);
    free(s->scores);
    free(s->paths);
}

const td_importer td_import_langfuse = {
    .name = "langfuse",
    .title = "Langfuse observations and scores",
    .options = "model metric scores",
    .probe = probe,
    .read = read_file,
    .finish = finish,
    .state_size = sizeof(state),
    .close = close_state,
};
