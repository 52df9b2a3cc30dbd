/* LiteLLM: StandardLoggingPayload objects (S3, GCS and callback loggers) and rows of the spend
 * logs.
 *
 * In spend logs whole JSON documents stand inside strings, truth values are "True" and "False", and
 * messages are {} unless store_prompts_in_spend_logs was on. What LiteLLM's own cache answered says
 * nothing of a model's cost or time. */
#include <math.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/pieces.h"
#include "data/import/rows.h"
#include "data/import/scores.h"

static td_claim probe(const td_head *head)
{
    if (td_head_has_all(head, "call_type model_group response_cost") ||
        td_head_has_all(head, "call_type request_id spend") ||
        td_head_has_all(head, "data.0.call_type data.0.request_id"))
        return TD_MINE;
    return td_head_column(head, "call_type") && td_head_column(head, "request_id") &&
                   td_head_column(head, "spend")
               ? TD_MINE
               : TD_NOT_MINE;
}

static bool yes(const td_node *n)
{
    const char *text = td_string(n);
    return td_true(n) || (text && (!strcmp(text, "True") || !strcmp(text, "true")));
}

static bool is_chat(const td_node *n)
{
    static const char *const words[] = {"completion", "responses", "anthropic_messages",
                                        "generate_content"};
    const char *type = td_string(td_get(n, "call_type"));
    for (size_t i = 0; type && *type && i < sizeof words / sizeof *words; i++)
        if (strstr(type, words[i]))
            return true;
    return !type || !*type;
}

static bool has_failed(const td_node *n, const td_node *metadata)
{
    const char *status = td_string(td_get(n, "status")), *error = td_string(td_get(n, "error_str"));
    status = status ? status : td_string(td_get(metadata, "status"));
    return (status && !strcmp(status, "failure")) || (error && *error);
}

/* What was asked: the messages, or the request as the proxy got it. */
static bool put_asked(td_out *out, const td_node *n)
{
    td_node *owned[2];
    const td_node *messages = td_get(n, "messages"),
                  *asked = td_unwrap(td_get(n, "proxy_server_request"), &owned[0]);
    const td_node *parameters = td_unwrap(td_get(n, "model_parameters"), &owned[1]);
    const char *text = td_string(messages);
    const td_node *tools = td_get(parameters, "tools");
    asked = td_is_object(td_get(asked, "body")) ? td_get(asked, "body") : asked;
    tools = tools ? tools : td_get(asked, "tools");
    bool put = (!text || strcmp(text, "redacted-by-litellm")) &&
               td_put_request(out, messages, NULL, tools);
    put = put || td_put_body(out, asked);
    td_dom_free(owned[0]);
    td_dom_free(owned[1]);
    return put;
}

static void numbers(td_outcome *o, const td_node *n, const td_node *metadata)
{
    static const char *const costs[] = {"response_cost", "spend", "cost_breakdown.total_cost",
                                        NULL};
    td_read_usage(o, n);
    td_read_usage(o, td_get_path(n, "response.usage"));
    td_read_usage(o, td_get(metadata, "usage_object"));
    o->cost_usd = td_first_quantity(n, costs);
    o->latency_s = td_either(td_quantity(td_get(n, "response_time")),
                             td_elapsed(td_get(n, "startTime"), td_get(n, "endTime")));
}

static bool take_call(td_sink *sink, const td_node *n, const td_node *metadata, uint64_t line,
                      td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *id = td_string(td_get(n, "id"));
    td_row_start(&row);
    row.id = td_span_of(id ? id : td_string(td_get(n, "request_id")));
    row.source = td_span_of("litellm");
    row.line = line;
    if (!is_chat(n)) {
        td_sink_drop(sink, line, "calls that are no chat", td_string(td_get(n, "call_type")));
        return true;
    }
    row.outcome.name = td_span_of(td_sink_model(sink, td_string(td_get(n, "model"))));
    if (!row.id.len || !row.outcome.name.len)
        return td_sink_bad(sink, line, "a call needs \"id\" or \"request_id\", and \"model\"", NULL,
                           error);
    if (!put_asked(out, n)) {
        td_sink_drop(sink, line,
                     "calls whose messages were not stored (general_settings: "
                     "store_prompts_in_spend_logs: true)",
                     NULL);
        return true;
    }
    row.request.data = out->at;
    row.request.len = out->len;
    if (has_failed(n, metadata))
        row.missing = "calls that failed";
    else if (yes(td_get(n, "cache_hit")))
        td_sink_note(sink, line,
                     "calls answered from LiteLLM's own cache: their cost, tokens and time are "
                     "left out",
                     NULL);
    else
        numbers(&row.outcome, n, metadata);
    return td_sink_row(sink, &row, error);
}

static bool take(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    td_node *owned;
    const td_node *metadata = td_unwrap(td_get(n, "metadata"), &owned);
    const bool good = take_call(sink, n, metadata, line, error);
    td_dom_free(owned);
    return good;
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    return td_rows(sink, file, take, error);
}

const td_importer td_import_litellm = {
    .name = "litellm",
    .title = "LiteLLM logs",
    .options = "model scores",
    .probe = probe,
    .read = read_file,
    .finish = td_scores_by_id,
};
