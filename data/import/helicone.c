/* Helicone's export (npx @helicone/export --include-body): one request a row, with its body, its
 * answer, its cost and what people thought of it (feedback_rating, scores). */
#include <math.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/pieces.h"
#include "data/import/rows.h"
#include "data/import/scores.h"

static td_claim probe(const td_head *head)
{
    if (td_head_has_all(head, "request_id request_created_at response_status") ||
        td_head_has_all(head, "data.0.request_id data.0.request_created_at") ||
        td_head_has_all(
            head, "request_id request_created_at request_body")) /* a long body hides the rest */
        return TD_MINE;
    return td_head_column(head, "request_id") && td_head_column(head, "request_created_at") &&
                   td_head_column(head, "response_status")
               ? TD_MINE
               : TD_NOT_MINE;
}

static double truth(const td_node *n)
{
    const char *text = td_string(n);
    if (td_is_bool(n))
        return td_true(n) ? 1 : 0;
    if (text && (!strcmp(text, "true") || !strcmp(text, "false")))
        return *text == 't';
    return td_quantity(n);
}

/* A score is a number or {"value": number}. */
static double score_of(const td_node *n)
{
    return truth(td_is_object(n) ? td_get(n, "value") : n);
}

/* --metric names one of the scores; else people's rating; else the only score there is. */
static double judge(td_sink *sink, const td_node *n)
{
    td_node *owned;
    const char *metric = td_sink_settings(sink)->metric;
    const td_node *scores = td_unwrap(td_get(n, "scores"), &owned);
    td_sink_offer_keys(sink, TD_OFFER_METRIC, scores);
    double v = metric ? score_of(td_get(scores, metric)) : truth(td_get(n, "feedback_rating"));
    if (!metric && isnan(v) && td_count(scores) == 1)
        v = score_of(td_first(scores));
    td_dom_free(owned);
    return v;
}

static void numbers(td_outcome *o, const td_node *n)
{
    static const char *const costs[] = {"costUSD", "cost_usd", "cost", NULL};
    td_node *owned;
    const td_node *answer = td_unwrap(td_get(n, "response_body"), &owned);
    td_read_usage(o, n);
    o->cached_tokens = td_quantity(td_get(n, "prompt_cache_read_tokens"));
    o->cache_write_tokens = td_quantity(td_get(n, "prompt_cache_write_tokens"));
    td_read_usage(o, td_get(answer, "usage"));
    o->cost_usd = td_first_quantity(n, costs);
    o->latency_s = td_quantity(td_get(n, "delay_ms")) / 1000;
    td_dom_free(owned);
}

static bool take_call(td_sink *sink, const td_node *n, const td_node *body, uint64_t line,
                      td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *model = td_string(td_get(n, "request_model"));
    const double status = td_quantity(td_get(n, "response_status"));
    td_row_start(&row);
    model = model ? model : td_string(td_get(body, "model"));
    model = td_sink_model(sink, model ? model : td_string(td_get(n, "response_model")));
    row.id = td_span_of(td_string(td_get(n, "request_id")));
    row.source = td_span_of("helicone");
    row.outcome.name = td_span_of(model);
    row.line = line;
    if (!row.id.len || !row.outcome.name.len)
        return td_sink_bad(sink, line, "a request needs \"request_id\" and \"request_model\"", NULL,
                           error);
    if (!td_put_body(out, body)) {
        td_sink_drop(sink, line, "requests without a chat's body (export with --include-body)",
                     NULL);
        return true;
    }
    row.request.data = out->at;
    row.request.len = out->len;
    if (status > 0 && (status < 200 || status >= 300)) {
        row.missing = "requests that failed (response_status is not 200)";
    } else {
        row.outcome.score = judge(sink, n);
        numbers(&row.outcome, n);
    }
    return td_sink_row(sink, &row, error);
}

static bool take(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    td_node *owned;
    const td_node *body = td_unwrap(td_get(n, "request_body"), &owned);
    const bool good = take_call(sink, n, body, line, error);
    td_dom_free(owned);
    return good;
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    return td_rows(sink, file, take, error);
}

const td_importer td_import_helicone = {
    .name = "helicone",
    .title = "Helicone requests",
    .options = "model metric scores",
    .probe = probe,
    .read = read_file,
    .finish = td_scores_by_id,
};
