/* promptfoo: `-o results.json` (rows at results.results) or `-o results.jsonl` (a row a line).
 *
 * promptIdx counts providers as well as prompts, and --repeat gives every repetition a testIdx of its
 * own: neither joins. The rendered prompt together with what the test asserts does; testIdx tells the
 * trials apart. A row with failureReason 2 is an error on the way, not a wrong answer. A reply
 * from promptfoo's own cache cost nothing and took no time: neither is kept. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/request_out.h"

static const char *model_of(const td_node *row)
{
    const td_node *provider = td_get(row, "provider");
    const char *label = td_string(td_get(provider, "label"));
    if (td_string(provider))
        return td_string(provider);
    return label && *label ? label : td_string(td_get(provider, "id"));
}

/* What stands under "score" and is no number: null and NaN are no score, a number in quotes is one, and `success` is taken only
 * where there is no score at all; told. NULL, or why there is none. */
static const char *odd_score(td_sink *sink, const td_node *row, uint64_t line, double *score, bool *is_share)
{
    const td_node *v = td_get(row, "score"), *success = td_get(row, "success");
    const char *text = td_string(v);
    char *end;
    if (!v && td_is_bool(success)) {
        td_sink_note(sink, line, "rows without \"score\": \"success\" was taken", NULL);
        *is_share = true;
        *score = td_true(success);
        return NULL;
    }
    if (text && *text && strspn(text, "+-.0123456789eE") == strlen(text)) {
        *score = strtod(text, &end);
        if (!*end) {
            td_sink_note(sink, line, "rows whose \"score\" is a number in quotes: it was taken for the number", text);
            return NULL;
        }
        *score = (double)NAN;
    }
    return td_is_null(v) ? "rows whose \"score\" is null or NaN (--metric success takes whether they passed)"
           : v           ? "rows whose \"score\" is no number (--metric success takes whether they passed)"
                         : "rows without score";
}

static const char *read_score(td_sink *sink, const td_node *row, const char *metric, uint64_t line, double *score, bool *is_share)
{
    const td_node *reason = td_get(row, "failureReason"), *fault = td_get(row, "error");
    const bool graded = td_is_object(td_get(row, "gradingResult"));
    if (td_number(reason, 0) == 2 || (!td_is_number(reason) && td_string(fault) && *td_string(fault) && !graded))
        return "errors of the provider or the harness";
    const td_node *v = td_get(row, "score");
    if (metric)
        v = strcmp(metric, "success") ? td_get(td_get(row, "namedScores"), metric) : td_get(row, "success");
    else if (!td_is_number(v) && !td_is_bool(v))
        return odd_score(sink, row, line, score, is_share);
    if (!td_is_number(v) && !td_is_bool(v))
        return "rows without the chosen score";
    *is_share = td_is_bool(v);
    *score = td_is_bool(v) ? td_true(v) : td_number(v, 0);
    return NULL;
}

static void take_numbers(const td_node *row, td_outcome *o)
{
    const td_node *reply = td_get(row, "response"), *usage = td_get(row, "tokenUsage");
    if (td_true(td_get(reply, "cached")))
        return;
    if (td_is_object(td_get(reply, "tokenUsage")))
        usage = td_get(reply, "tokenUsage"); /* the row's own also counts the graders' in some versions */
    o->input_tokens = td_number(td_get(usage, "prompt"), (double)NAN);
    o->output_tokens = td_number(td_get(usage, "completion"), (double)NAN);
    if (o->input_tokens == 0 && o->output_tokens == 0) /* a provider that counts nothing */
        o->input_tokens = o->output_tokens = (double)NAN;
    o->reasoning_tokens = td_number(td_get_path(usage, "completionDetails.reasoning"), (double)NAN);
    o->cost_usd = td_number(td_get(row, "cost"), td_number(td_get(reply, "cost"), (double)NAN));
    o->latency_s = td_number(td_get(row, "latencyMs"), (double)NAN) / 1000;
}

/* Hash of the prompt and the assertions. Only the hash leaves: assertions hold the gold answer. */
static void put_key(const char *raw, const td_node *assertions, char hex[33], bool *failed)
{
    td_out text = {0};
    td_puts(&text, raw);
    if (assertions)
        td_dom_print(&text, assertions);
    td_key_of(hex, text.at ? text.at : "", text.len);
    *failed = *failed || text.failed;
    free(text.at);
}

static bool take_one(td_sink *sink, const td_node *line, uint64_t number, td_error *error)
{
    const td_node *prompt = td_get(line, "prompt");
    const char *raw = td_string(td_get(prompt, "raw")), *model = model_of(line);
    char trial[40], hex[33];
    td_row row;
    raw = raw ? raw : td_string(prompt);
    if (!raw || !model || !*model)
        return td_sink_bad(sink, number, raw ? "a row without provider" : "a row without prompt.raw", NULL, error);
    td_out *out = td_sink_buffer(sink);
    td_put_prompt_or_chat(out, raw, strlen(raw));
    put_key(raw, td_get_path(line, "testCase.assert"), hex, &out->failed);
    snprintf(trial, sizeof trial, "%.0f", td_number(td_get(line, "testIdx"), 0));
    td_row_start(&row);
    row.key = td_span_of(hex);
    row.source = td_span_of("promptfoo");
    row.trial = td_span_of(trial);
    row.request.data = out->at;
    row.request.len = out->len;
    row.outcome.name = td_span_of(model);
    td_sink_offer_keys(sink, TD_OFFER_METRIC, td_get(line, "namedScores"));
    td_sink_offer(sink, TD_OFFER_METRIC, "success");
    row.missing = read_score(sink, line, td_sink_settings(sink)->metric, number, &row.outcome.score, &row.is_share);
    take_numbers(line, &row.outcome);
    row.one_run = true;
    row.line = number;
    return td_sink_row(sink, &row, error);
}

static bool read_promptfoo(td_sink *sink, const td_head *file, td_error *error)
{
    if (td_head_has(file, "promptIdx"))
        return td_sink_lines(sink, file->path, take_one, error);
    td_node *root = td_input_dom(file->path, error);
    if (!root)
        return false;
    const td_node *rows = td_get_path(root, "results.results"), *at = NULL;
    rows = td_is_array(rows) ? rows : td_get(root, "results");
    bool good = td_is_array(rows) || td_fail(error, "%.300s: no results.results; is it promptfoo's output?", file->path);
    for (at = good ? td_first(rows) : NULL; good && at; at = td_next(at))
        good = take_one(sink, at, 0, error);
    td_dom_free(root);
    return good;
}

static td_claim probe(const td_head *head)
{
    if (td_head_first(head) != '{')
        return TD_NOT_MINE;
    if (td_head_has_all(head, "promptIdx provider"))
        return TD_MINE;
    if (td_head_has(head, "results.results") || (td_head_has_all(head, "evalId results")))
        return TD_MINE;
    return td_head_has(head, "results") && td_head_says(head, "\"promptIdx\"") ? TD_MINE : TD_NOT_MINE;
}

const td_importer td_import_promptfoo = {
    .name = "promptfoo",
    .title = "promptfoo results",
    .options = "metric",
    .probe = probe,
    .read = read_promptfoo,
};
