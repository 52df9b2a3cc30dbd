/* Any JSONL (or one JSON list) by JSON pointers. Long: a line is one model's outcome, the model's name
 * and its score stand where --model-field and --score-field say. Wide: a line has several models'
 * scores, --score-fields A=/scores/a,B=/scores/b. Without options, the members that records call so. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pointer.h"
#include "data/import/request_out.h"

static const td_node *field(const td_node *line, const char *said, const char *usual)
{
    const char *pointer = said ? said : usual;
    return td_pointer(line, pointer, strlen(pointer));
}

/* A number, a truth value, or one of these as text; false: something else, or nothing. */
static bool read_number(const td_node *v, double *out)
{
    const char *text = td_string(v);
    char *end;
    if (td_is_number(v) || td_is_bool(v)) {
        *out = td_is_bool(v) ? td_true(v) : td_number(v, 0);
        return true;
    }
    if (!text || !*text)
        return false;
    if (!strcmp(text, "true") || !strcmp(text, "True") || !strcmp(text, "false") || !strcmp(text, "False")) {
        *out = text[0] == 't' || text[0] == 'T';
        return true;
    }
    if (strspn(text, "+-.0123456789eE") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return !*end;
}

static double number_or_none(const td_node *v)
{
    double number = (double)NAN;
    read_number(v, &number);
    return number;
}

/* A string, or a number as it would be written. */
static tierce_span text_of(const td_node *v, char room[40])
{
    if (td_is_number(v)) {
        snprintf(room, 40, "%.15g", td_number(v, 0));
        return td_span_of(room);
    }
    return td_span_of(td_string(v));
}

static bool put_request(const td_import_settings *set, const td_node *line, td_out *out)
{
    const td_node *messages = field(line, set->messages_field, "/messages");
    const td_node *prompt = field(line, set->prompt_field, "/prompt");
    if (td_string(messages))
        td_put_prompt_or_chat(out, td_string(messages), strlen(td_string(messages)));
    else if (messages)
        td_put_messages(out, messages, (size_t)-1);
    if (!out->len && td_string(prompt))
        td_put_prompt_or_chat(out, td_string(prompt), strlen(td_string(prompt)));
    else if (!out->len && prompt)
        td_put_messages(out, prompt, (size_t)-1);
    if (out->len)
        td_put_tools(out, field(line, set->tools_field, "/tools"));
    return out->len > 0;
}

/* NULL, or what is wrong. A score that is null or not there is missing. */
static const char *take_score(td_row *row, const td_node *score)
{
    if (!score || td_is_null(score)) {
        row->missing = "rows without score";
        return NULL;
    }
    return read_number(score, &row->outcome.score) ? NULL : "a score that is neither a number nor true or false";
}

static bool take_wide(td_sink *sink, const td_import_settings *set, const td_node *line, const td_row *base,
                      td_error *error)
{
    for (const char *at = set->score_fields; *at;) {
        const size_t n = strcspn(at, ",");
        const char *equals = memchr(at, '=', n);
        td_row row = *base;
        if (!equals)
            return td_fail(error, "--score-fields %.*s: must be MODEL=POINTER, for example flash=/scores/flash",
                           (int)(n < 100 ? n : 100), at);
        row.more = at != set->score_fields;
        row.outcome.name.data = at;
        row.outcome.name.len = (size_t)(equals - at);
        const char *fault = take_score(&row, td_pointer(line, equals + 1, (size_t)(at + n - equals - 1)));
        if (fault ? !td_sink_bad(sink, row.line, fault, NULL, error) : !td_sink_row(sink, &row, error))
            return false;
        at += n + (at[n] == ',');
    }
    return true;
}

static bool take_long(td_sink *sink, const td_import_settings *set, const td_node *line, td_row *row, td_error *error)
{
    char model[40];
    row->outcome.name = set->model ? td_span_of(set->model) : text_of(field(line, set->model_field, "/model"), model);
    if (!row->outcome.name.len)
        return td_sink_bad(sink, row->line, "no model; --model-field POINTER or --model NAME says it", NULL, error);
    row->outcome.cost_usd = number_or_none(field(line, set->cost_field, "/cost_usd"));
    row->outcome.input_tokens = number_or_none(field(line, set->input_field, "/input_tokens"));
    row->outcome.output_tokens = number_or_none(field(line, set->output_field, "/output_tokens"));
    row->outcome.latency_s = number_or_none(field(line, set->latency_field, "/latency_s"));
    row->outcome.cached_tokens = number_or_none(td_get(line, "cached_tokens"));
    row->outcome.cache_write_tokens = number_or_none(td_get(line, "cache_write_tokens"));
    row->outcome.reasoning_tokens = number_or_none(td_get(line, "reasoning_tokens"));
    const char *fault = take_score(row, field(line, set->score_field, "/score"));
    return fault ? td_sink_bad(sink, row->line, fault, NULL, error) : td_sink_row(sink, row, error);
}

static bool take_line(td_sink *sink, const td_node *line, uint64_t number, td_error *error)
{
    const td_import_settings *set = td_sink_settings(sink);
    char id[40], source[40], workload[40], hex[33];
    td_row row;
    td_out *out = td_sink_buffer(sink);
    if (!put_request(set, line, out))
        return td_sink_bad(sink, number, "no request; --prompt-field or --messages-field POINTER says where it is",
                           NULL, error);
    td_row_start(&row);
    row.line = number;
    row.one_request = true;
    row.request.data = out->at;
    row.request.len = out->len;
    row.id = text_of(field(line, set->id_field, "/id"), id);
    if (!row.id.len && set->id_field)
        return td_sink_bad(sink, number, "no id where --id-field says", NULL, error);
    if (!row.id.len) {
        td_key_of(hex, out->at, out->len);
        row.id = td_span_of(hex);
    }
    row.source = text_of(field(line, set->source_field, "/source"), source);
    row.source = row.source.len ? row.source : td_span_of("generic");
    row.workload = text_of(field(line, set->workload_field, "/workload"), workload);
    return set->score_fields ? take_wide(sink, set, line, &row, error) : take_long(sink, set, line, &row, error);
}

static bool read_generic(td_sink *sink, const td_head *file, td_error *error)
{
    if (td_head_first(file) != '[')
        return td_sink_lines(sink, file->path, take_line, error);
    td_node *root = td_input_dom(file->path, error);
    bool good = root != NULL;
    uint64_t number = 0;
    for (const td_node *line = td_first(root); good && line; line = td_next(line))
        good = take_line(sink, line, ++number, error);
    td_dom_free(root);
    return good;
}

/* Only what has the usual names may be taken without being named. */
static td_claim probe(const td_head *head)
{
    const bool request = td_head_has(head, "prompt") || td_head_has(head, "messages");
    return request && td_head_has_all(head, "model score") ? TD_PERHAPS : TD_NOT_MINE;
}

const td_importer td_import_generic = {
    .name = "generic",
    .title = "JSONL by JSON pointers",
    .options = "id-field prompt-field messages-field tools-field model-field model score-field score-fields cost-field "
               "input-field output-field latency-field source-field workload-field",
    .probe = probe,
    .read = read_generic,
};
