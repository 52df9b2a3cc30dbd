/* OpenAI batch files: requests {"custom_id", "url", "body": {…}} and answers {"custom_id",
 * "response", "error"}, in any order, joined on custom_id. Together, Cerebras, Azure and vLLM write
 * the same.
 *
 * The request's own bytes become the record's: nothing is parsed and printed again. A batch has
 * tokens but no scores and no costs: --scores FILE gives the scores, or a file of lines {"custom_id",
 * "model", "score", "cost_usd", "latency_s", "source", "workload"} beside the others, as `tierce data
 * export --batch --out-dir` writes it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dom_twice.h"
#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pieces.h"
#include "data/import/rows.h"
#include "data/import/scores.h"
#include "data/json.h"

static td_claim probe(const td_head *head)
{
    static const char *const shapes[] = {
        "custom_id method url body", "custom_id body.model",           "custom_id body.messages",
        "custom_id response error",  "custom_id response.status_code", "custom_id score", NULL};
    for (size_t i = 0; shapes[i]; i++)
        if (td_head_has_all(head, shapes[i]))
            return TD_MINE;
    return TD_NOT_MINE;
}

typedef struct {
    bool labelled; /* a scores file says the sources; where it names none, there is none */
} state;

static void start_row(td_row *row, tierce_span id, uint64_t line)
{
    td_row_start(row);
    row->id = id;
    row->line = line;
}

/* ---- requests ---- */

/* The members of the body that bear on routing, as they stand. */
static bool put_body(td_out *out, const char *body, size_t len)
{
    static const char *const wanted[] = {"messages",  "prompt",      "tools",
                                         "functions", "tool_choice", "response_format"};
    td_json json;
    tierce_span key, raw;
    bool first = true, any = false;
    char *room = malloc(len ? len : 1);
    if (!room) {
        out->failed = true;
        return false;
    }
    td_json_start(&json, body, len, room);
    td_json_enter(&json, '{');
    while (td_json_key(&json, &key, &first)) {
        bool keep = false;
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
            keep = keep || td_span_is(key, wanted[i]);
        if (!td_json_skip(&json, &raw) || !keep)
            continue;
        any = any || td_span_is(key, "messages") || (td_span_is(key, "prompt") && *raw.data == '"');
        td_puts(out, out->len ? ", \"" : "\"");
        td_put(out, key.data, key.len);
        td_puts(out, "\": ");
        td_put(out, raw.data, raw.len);
    }
    free(room);
    return any && !json.what;
}

/* The text of the member "body" of the line. */
static tierce_span body_of(const char *line, size_t len, char *room)
{
    td_json json;
    tierce_span key, raw = {NULL, 0}, body = {NULL, 0};
    bool first = true;
    td_json_start(&json, line, len, room);
    td_json_enter(&json, '{');
    while (td_json_key(&json, &key, &first))
        if (td_json_skip(&json, &raw) && td_span_is(key, "body"))
            body = raw;
    return body;
}

static bool take_request(td_sink *sink, const td_node *n, const char *line, size_t len,
                         tierce_span id, uint64_t number, td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *url = td_string(td_get(n, "url"));
    const td_node *body = td_get(n, "body");
    bool put = false;
    start_row(&row, id, number);
    if (url &&
        (strstr(url, "/embeddings") || strstr(url, "/moderations") || strstr(url, "/images"))) {
        td_sink_drop(sink, number, "batch requests that are no chat", url);
        return true;
    }
    if (td_get(body, "messages") || td_is_string(td_get(body, "prompt"))) {
        char *room = malloc(len ? len : 1);
        if (!room)
            return td_fail(error, "out of memory");
        const tierce_span raw = body_of(line, len, room);
        put = raw.data && put_body(out, raw.data, raw.len);
        free(room);
    }
    if (out->failed)
        return td_fail(error, "out of memory");
    out->len = put ? out->len : 0;
    if (!put &&
        !td_put_body(out, body)) /* the responses shape, and what only a lenient reader takes */
        return td_sink_bad(sink, number, "a batch request without messages", NULL, error);
    row.request.data = out->at;
    row.request.len = out->len;
    row.one_request = true; /* "request-1" of two batches is two requests, whose answers would be given to one */
    return td_sink_row(sink, &row, error);
}

/* ---- answers ---- */

static bool take_answer(td_sink *sink, const td_node *n, tierce_span id, uint64_t number,
                        td_error *error)
{
    td_row row;
    const td_node *response = td_get(n, "response"), *body = td_get(response, "body");
    const double status = td_number(td_get(response, "status_code"), td_is_object(body) ? 200 : 0);
    const char *model = td_sink_model(sink, td_string(td_get(body, "model")));
    start_row(&row, id, number);
    row.outcome.name = td_span_of(model);
    if (!td_is_object(body) || status < 200 || status >= 300) {
        row.missing = "batch requests that failed (an error, or a status that is not 200)";
    } else if (!row.outcome.name.len) {
        td_sink_drop(sink, number, "answers that name no model (--model NAME says it)", NULL);
        return true;
    } else {
        td_read_usage(&row.outcome, td_get(body, "usage"));
    }
    return td_sink_row(sink, &row, error);
}

static bool take_line(td_sink *sink, const td_node *n, tierce_span text, uint64_t number, td_error *error)
{
    char room[32];
    const tierce_span id = td_name_of(td_get(n, "custom_id"), room);
    if (!id.len)
        return td_sink_bad(sink, number, td_get(n, "id") && td_get(n, "score") ? "a line without \"custom_id\", but with \"id\" and \"score\": scores are "
                                                                                 "given with --scores FILE"
                                                                               : "a line without \"custom_id\"",
                           NULL, error);
    if (td_get(n, "response") || td_get(n, "error"))
        return take_answer(sink, n, id, number, error);
    return take_request(sink, n, text.data, text.len, id, number, error);
}

static bool take_scores(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    state *s = td_sink_state(sink);
    s->labelled = s->labelled || td_get(n, "source");
    return td_score_line(sink, n, line, error);
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    if (td_head_has_all(file, "custom_id score"))
        return td_rows(sink, file, take_scores, error);
    return td_sink_texts(sink, file->path, take_line, error);
}

static bool finish(td_sink *sink, td_error *error)
{
    const char *input = td_sink_settings(sink)->prompts;
    const state *s = td_sink_state(sink);
    if (!s->labelled)
        td_sink_default_source(sink, "openai-batch");
    if (input) {
        td_sink_at(sink, input);
        if (!td_sink_texts(sink, input, take_line, error))
            return false;
    }
    return td_scores_by_id(sink, error);
}

const td_importer td_import_openai_batch = {
    .name = "openai-batch",
    .title = "OpenAI batch input and output",
    .options = "model prompts scores",
    .probe = probe,
    .read = read_file,
    .finish = finish,
    .state_size = sizeof(state),
};
