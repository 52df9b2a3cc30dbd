/* OpenTelemetry spans with GenAI attributes: OTLP/JSON (resourceSpans, resourceLogs) or one flat
 * object a span. The prompt is there only where the application records content (opt-in).
 *
 * Old attribute names are read beside the present ones. gen_ai.evaluation.result events carry
 * scores: inside the span they belong to, or apart with its span id. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/otel_attributes.h"
#include "data/import/pieces.h"
#include "data/import/rows.h"
#include "data/import/scores.h"

typedef struct {
    char score_name[96];
} state;

static td_claim probe(const td_head *head)
{
    const bool genai = td_head_says(head, "gen_ai.");
    if (td_head_has(head, "resourceSpans") || td_head_has(head, "resourceLogs"))
        return genai ? TD_MINE : TD_PERHAPS;
    return genai && td_head_first(head) != 0 &&
                   (td_head_has(head, "span_id") || td_head_has(head, "spanId") ||
                    td_head_has(head, "attributes"))
               ? TD_MINE
               : TD_NOT_MINE;
}

static const td_node *either(const td_node *n, const char *a, const char *b)
{
    const td_node *v = td_get(n, a);
    return v ? v : td_get(n, b);
}

static const char *span_id(const td_node *n)
{
    const char *id = td_string(either(n, "spanId", "span_id"));
    return id ? id : td_string(td_get_path(n, "context.span_id"));
}

/* The first attribute of these names that holds a number. */
static double number(const td_node *attributes, const char *const *names)
{
    double v = (double)NAN;
    for (; *names && isnan(v); names++)
        v = td_quantity(td_get(attributes, *names));
    return v;
}

/* ---- what was asked ---- */

/* "gen_ai.prompt.0.role", "gen_ai.prompt.0.content", …: as OpenLLMetry flattens messages. */
static bool put_numbered(td_out *out, const td_node *attributes)
{
    td_out list = {0};
    td_puts(&list, "[");
    for (unsigned i = 0; i < 10000; i++) {
        char role_name[48], content_name[48];
        snprintf(role_name, sizeof role_name, "gen_ai.prompt.%u.role", i);
        snprintf(content_name, sizeof content_name, "gen_ai.prompt.%u.content", i);
        const char *role = td_string(td_get(attributes, role_name));
        const char *content = td_string(td_get(attributes, content_name));
        if (!role)
            break;
        td_puts(&list, i ? ", {\"role\": " : "{\"role\": ");
        td_put_json(&list, role, strlen(role));
        td_puts(&list, ", \"content\": ");
        td_put_json(&list, content ? content : "", content ? strlen(content) : 0);
        td_puts(&list, "}");
    }
    td_puts(&list, "]");
    td_node *messages = list.failed ? NULL : td_dom_parse(list.at, list.len, "", NULL);
    const bool put = td_first(messages) && td_put_request(out, messages, NULL, NULL);
    td_dom_free(messages);
    free(list.at);
    return put;
}

static bool put_asked(td_out *out, const td_node *attributes)
{
    const td_node *messages = either(attributes, "gen_ai.input.messages", "gen_ai.prompt");
    if (!messages)
        return put_numbered(out, attributes);
    return td_put_request(out, messages, td_get(attributes, "gen_ai.system_instructions"),
                          td_get(attributes, "gen_ai.tool.definitions"));
}

/* Some put the content into an event of the span. */
static bool put_asked_anywhere(td_out *out, const td_node *span, const td_node *attributes)
{
    bool put = put_asked(out, attributes);
    for (const td_node *e = td_first(td_get(span, "events")); e && !put; e = td_next(e)) {
        td_node *own = td_otel_attributes(e);
        put = put_asked(out, own);
        td_dom_free(own);
    }
    return put;
}

/* ---- scores ---- */

static bool names_evaluation(const char *name)
{
    return name && td_name_starts(name, "gen_ai.evaluation");
}

static bool is_evaluation(const td_node *n, const td_node *attributes)
{
    const char *name = td_string(either(n, "eventName", "name"));
    return names_evaluation(name) || names_evaluation(td_string(td_get(attributes, "event.name")));
}

static bool put_score(td_sink *sink, const char *span, const td_node *attributes, uint64_t line,
                      td_error *error)
{
    state *s = td_sink_state(sink);
    td_row row;
    const char *name = td_string(td_get(attributes, "gen_ai.evaluation.name"));
    td_row_start(&row);
    row.id = td_span_of(span);
    row.outcome.score = td_quantity(td_get(attributes, "gen_ai.evaluation.score.value"));
    row.line = line;
    if (!row.id.len || isnan(row.outcome.score)) {
        td_sink_drop(sink, line, "evaluations without a score value or a span", name);
        return true;
    }
    td_sink_offer(sink, TD_OFFER_METRIC, name);
    if (!td_score_wanted(s->score_name, td_sink_settings(sink)->metric, name)) {
        td_sink_drop(sink, line, "evaluations of another name (--metric NAME says which counts)",
                     name);
        return true;
    }
    return td_sink_row(sink, &row, error);
}

static bool take_events(td_sink *sink, const td_node *span, const td_node *attributes,
                        uint64_t line, td_error *error)
{
    bool good = true;
    if (td_get(attributes, "gen_ai.evaluation.score.value"))
        good = put_score(sink, span_id(span), attributes, line, error);
    for (const td_node *e = td_first(td_get(span, "events")); good && e; e = td_next(e)) {
        td_node *own = td_otel_attributes(e);
        if (is_evaluation(e, own))
            good = put_score(sink, span_id(span), own, line, error);
        td_dom_free(own);
    }
    return good;
}

/* ---- spans ---- */

static bool is_call(const td_node *attributes)
{
    static const char *const calls[] = {"chat", "text_completion", "generate_content", "completion",
                                        NULL};
    const char *operation = td_string(td_get(attributes, "gen_ai.operation.name"));
    if (!operation)
        return either(attributes, "gen_ai.request.model", "gen_ai.response.model") != NULL;
    for (size_t i = 0; calls[i]; i++)
        if (!strcmp(operation, calls[i]))
            return true;
    return false;
}

static bool has_failed(const td_node *span, const td_node *attributes)
{
    const td_node *status = td_get(span, "status"), *code = either(status, "code", "status_code");
    const char *word = td_string(code ? code : status);
    return td_number(code, 0) == 2 || (word && (strstr(word, "ERROR") || !strcmp(word, "2"))) ||
           td_get(attributes, "error.type");
}

static double span_time(const td_node *span, const char *nano, const char *plain)
{
    const double ns = td_quantity(td_get(span, nano));
    return isnan(ns) ? td_seconds(td_get(span, plain)) : ns / 1e9;
}

static void numbers(td_outcome *o, const td_node *span, const td_node *a)
{
    static const char *const input[] = {"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens",
                                        NULL};
    static const char *const output[] = {"gen_ai.usage.output_tokens",
                                         "gen_ai.usage.completion_tokens", NULL};
    static const char *const cached[] = {"gen_ai.usage.cache_read.input_tokens",
                                         "gen_ai.usage.cache_read_input_tokens", NULL};
    static const char *const written[] = {"gen_ai.usage.cache_creation.input_tokens",
                                          "gen_ai.usage.cache_creation_input_tokens", NULL};
    static const char *const thought[] = {"gen_ai.usage.reasoning.output_tokens",
                                          "gen_ai.usage.reasoning_tokens", NULL};
    static const char *const cost[] = {"gen_ai.usage.cost", NULL};
    o->input_tokens = number(a, input);
    o->output_tokens = number(a, output);
    o->cached_tokens = number(a, cached);
    o->cache_write_tokens = number(a, written);
    o->reasoning_tokens = number(a, thought);
    o->cost_usd = number(a, cost);
    const double seconds = span_time(span, "endTimeUnixNano", "end_time") -
                           span_time(span, "startTimeUnixNano", "start_time");
    o->latency_s = seconds >= 0 ? round(seconds * 1e6) / 1e6 : (double)NAN;
}

static bool take_call(td_sink *sink, const td_node *span, const td_node *attributes, uint64_t line,
                      td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *model = td_string(td_get(attributes, "gen_ai.request.model"));
    td_row_start(&row);
    model = td_sink_model(sink, model ? model : td_string(td_get(attributes, "gen_ai.response.model")));
    row.id = td_span_of(span_id(span));
    row.source = td_span_of("otel");
    row.outcome.name =
        td_span_of(model);
    row.line = line;
    if (!row.id.len || !row.outcome.name.len)
        return td_sink_bad(sink, line, "a span needs a span id and gen_ai.request.model", NULL,
                           error);
    if (!put_asked_anywhere(out, span, attributes)) {
        td_sink_drop(
            sink, line,
            "spans without content (OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true "
            "records it)",
            td_string(td_get(span, "name")));
        return true;
    }
    row.request.data = out->at;
    row.request.len = out->len;
    if (has_failed(span, attributes))
        row.missing = "spans that failed (status ERROR)";
    else
        numbers(&row.outcome, span, attributes);
    return td_sink_row(sink, &row, error) && take_events(sink, span, attributes, line, error);
}

static bool take_span(td_sink *sink, const td_node *span, uint64_t line, td_error *error)
{
    td_node *attributes = td_otel_attributes(span);
    bool good = true;
    if (!attributes)
        return td_fail(error, "out of memory");
    if (is_evaluation(span, attributes))
        good = put_score(sink, span_id(span), attributes, line, error);
    else if (is_call(attributes))
        good = take_call(sink, span, attributes, line, error);
    else
        td_sink_drop(sink, line, "spans that are no calls of a model",
                     td_string(td_get(span, "name")));
    td_dom_free(attributes);
    return good;
}

/* resourceX[].scopeX[].x[] */
static bool take_nested(td_sink *sink, const td_node *resources, const char *scopes,
                        const char *things, uint64_t line, td_error *error)
{
    bool good = true;
    for (const td_node *r = td_first(resources); good && r; r = td_next(r))
        for (const td_node *s = td_first(td_get(r, scopes)); good && s; s = td_next(s))
            for (const td_node *t = td_first(td_get(s, things)); good && t; t = td_next(t))
                good = take_span(sink, t, line, error);
    return good;
}

static bool take(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    const td_node *spans = td_get(n, "resourceSpans"), *logs = td_get(n, "resourceLogs");
    if (!spans && !logs)
        return take_span(sink, n, line, error);
    return take_nested(sink, spans, "scopeSpans", "spans", line, error) &&
           take_nested(sink, logs, "scopeLogs", "logRecords", line, error);
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    return td_rows(sink, file, take, error);
}

const td_importer td_import_otel = {
    .name = "otel",
    .title = "OpenTelemetry GenAI spans",
    .options = "model metric scores",
    .probe = probe,
    .read = read_file,
    .finish = td_scores_by_id,
    .state_size = sizeof(state),
};
