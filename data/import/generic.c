/* Any JSONL (or one JSON list, or a CSV, whose columns are members) by JSON pointers. Long: a line is one model's outcome, the model's name
 * and its score stand where --model-field and --score-field say. Wide: a line has several models'
 * scores, --score-fields A=/scores/a,B=/scores/b. Without options, the members that records call so. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/csv_names.h"
#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/near_keys.h"
#include "data/import/pointer.h"
#include "data/import/request_out.h"
#include "data/import/rows.h"
#include "data/outcome_raw.h"

static const td_node *field(const td_node *line, const char *said, const char *usual)
{
    const char *pointer = said ? said : usual;
    return td_pointer(line, pointer, strlen(pointer));
}

static bool is_truth(const td_node *v)
{
    const char *text = td_string(v);
    return td_is_bool(v) || (text && (!strcmp(text, "true") || !strcmp(text, "True") || !strcmp(text, "false") || !strcmp(text, "False")));
}

/* A number, a truth value, or one of these as text; false: something else, or nothing. */
static bool read_number(const td_node *v, double *out)
{
    const char *text = td_string(v);
    char *end;
    if (is_truth(v)) {
        *out = td_is_bool(v) ? td_true(v) : *text == 't' || *text == 'T';
        return true;
    }
    if (td_is_number(v)) {
        *out = td_number(v, 0);
        return true;
    }
    if (!text || !*text || strspn(text, "+-.0123456789eE") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return !*end;
}

/* Pointers that the user gave and that something stood at; a choice that holds nowhere is a mistake. */
typedef struct {
    bool tools, cost, input, output, latency, source, workload;
    uint64_t scores; /* bit per pair of --score-fields */
    td_map known; /* what keys may mean */
} met;

static const td_node *optional(const td_node *line, const char *said, const char *usual, bool *found)
{
    const td_node *v = field(line, said, usual);
    *found = *found || v;
    return v;
}

static double number_or_none(td_sink *sink, uint64_t line, const td_node *v, const char *said, const char *usual)
{
    double number = (double)NAN;
    char detail[200];
    const char *text = td_string(v);
    if (!v || td_is_null(v) || (!is_truth(v) && read_number(v, &number)) || (text && !*text))
        return number;
    snprintf(detail, sizeof detail, "%.100s is \"%.60s\"", said ? said : usual, text ? text : td_is_bool(v) ? "true or false" : "a list or an object");
    td_sink_note(sink, line, "a cost, token count or latency that is no number was left out", detail);
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
    row->is_share = is_truth(score);
    return read_number(score, &row->outcome.score) ? NULL : "a score that is neither a number nor true or false";
}

static bool take_wide(td_sink *sink, const td_import_settings *set, const td_node *line, const td_row *base,
                      td_error *error)
{
    met *found = td_sink_state(sink);
    unsigned pair = 0;
    for (const char *at = set->score_fields; *at; pair++) {
        const size_t n = strcspn(at, ",");
        const char *equals = memchr(at, '=', n);
        td_row row = *base;
        row.more = at != set->score_fields;
        row.outcome.name.data = at;
        row.outcome.name.len = (size_t)(equals - at);
        const td_node *score = td_pointer(line, equals + 1, (size_t)(at + n - equals - 1));
        found->scores |= score ? (uint64_t)1 << (pair & 63) : 0;
        const char *fault = take_score(&row, score);
        if (fault ? !td_sink_bad(sink, row.line, fault, NULL, error) : !td_sink_row(sink, &row, error))
            return false;
        at += n + (at[n] == ',');
    }
    return true;
}

/* Is there something in it, other than false and empty text? */
static bool says_error(const td_node *v)
{
    return v && !td_is_null(v) && !(td_is_bool(v) && !td_true(v)) && !(td_string(v) && !*td_string(v));
}

static bool take_long(td_sink *sink, const td_import_settings *set, const td_node *line, td_row *row, bool has_id,
                      td_error *error)
{
    char model[40];
    const tierce_span own = text_of(field(line, set->model_field, "/model"), model);
    row->outcome.name = set->model ? td_span_of(td_sink_model(sink, own.len ? own.data : NULL)) : own;
    if (!row->outcome.name.len && td_is_object(td_get(line, "outcomes")))
        return td_fail(error, "line %llu: this is one of tierce's records already and needs no import; tierce train, eval and data "
                              "read it as it is", (unsigned long long)row->line);
    if (!row->outcome.name.len)
        return td_sink_bad(sink, row->line, "no model; --model-field POINTER or --model NAME says it", NULL, error);
    met *m = td_sink_state(sink);
    td_outcome *o = &row->outcome;
    o->cost_usd = number_or_none(sink, row->line, optional(line, set->cost_field, "/cost_usd", &m->cost), set->cost_field, "/cost_usd");
    o->input_tokens = number_or_none(sink, row->line, optional(line, set->input_field, "/input_tokens", &m->input), set->input_field, "/input_tokens");
    o->output_tokens = number_or_none(sink, row->line, optional(line, set->output_field, "/output_tokens", &m->output), set->output_field, "/output_tokens");
    o->latency_s = number_or_none(sink, row->line, optional(line, set->latency_field, "/latency_s", &m->latency), set->latency_field, "/latency_s");
    o->cached_tokens = number_or_none(sink, row->line, td_get(line, "cached_tokens"), NULL, "/cached_tokens");
    o->cache_write_tokens = number_or_none(sink, row->line, td_get(line, "cache_write_tokens"), NULL, "/cache_write_tokens");
    o->reasoning_tokens = number_or_none(sink, row->line, td_get(line, "reasoning_tokens"), NULL, "/reasoning_tokens");
    row->trials = number_or_none(sink, row->line, td_get(line, "trials"), NULL, "/trials");
    if (!isnan(row->trials) && !td_is_trials(row->trials)) {
        td_sink_note(sink, row->line, "lines with \"/trials\" that is no number of them, from 1 on: taken for one", NULL);
        row->trials = (double)NAN;
    }
    const char *fault = take_score(row, field(line, set->score_field, "/score"));
    if (fault)
        return td_sink_bad(sink, row->line, fault, NULL, error);
    if (says_error(td_get(line, "error")))
        row->missing = "rows with an \"error\": a failure is no 0", row->outcome.score = (double)NAN;
    td_tell_near_keys(sink, &m->known, line, row, has_id, false);
    return td_sink_row(sink, row, error);
}

/* A number above 2^53 has lost its last digits, and two of them may be one. */
static bool is_exact(const td_node *v)
{
    return !td_is_number(v) || fabs(td_number(v, 0)) < 9007199254740992.0;
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
    if (field(line, set->messages_field, "/messages") && td_string(field(line, set->prompt_field, "/prompt")))
        td_sink_note(sink, number, "rows with a prompt and messages: the messages were taken", NULL);
    td_row_start(&row);
    row.line = number;
    row.one_request = true;
    row.request.data = out->at;
    row.request.len = out->len;
    if (!is_exact(field(line, set->id_field, "/id")))
        return td_sink_bad(sink, number, "an id of more digits than a number keeps; write it as a string", NULL, error);
    row.id = text_of(field(line, set->id_field, "/id"), id);
    const bool has_id = row.id.len > 0;
    if (!has_id && set->id_field)
        return td_sink_bad(sink, number, "no id where --id-field says", NULL, error);
    if (!row.id.len) {
        td_key_of(hex, out->at, out->len);
        row.id = td_span_of(hex);
    }
    met *m = td_sink_state(sink);
    m->tools = m->tools || field(line, set->tools_field, "/tools");
    row.source = text_of(optional(line, set->source_field, "/source", &m->source), source);
    row.workload = text_of(optional(line, set->workload_field, "/workload", &m->workload), workload);
    td_sink_default_source(sink, "generic");
    if (!set->score_fields)
        return take_long(sink, set, line, &row, has_id, error);
    td_tell_near_keys(sink, &m->known, line, &row, has_id, true);
    return take_wide(sink, set, line, &row, error);
}

/* Each model once, and each with a name: a score without one would be every model's. */
static bool check_pairs(const char *list, td_error *error)
{
    for (const char *at = list; at && *at;) {
        const size_t n = strcspn(at, ",");
        const char *equals = memchr(at, '=', n);
        const size_t name = equals ? (size_t)(equals - at) : 0;
        if (!name)
            return td_fail(error, "--score-fields %.*s: must be MODEL=POINTER, for example flash=/scores/flash",
                           (int)(n < 100 ? n : 100), at);
        for (const char *was = list; was < at; was += strcspn(was, ",") + 1)
            if (!strncmp(was, at, name + 1))
                return td_fail(error, "--score-fields: \"%.*s\" stands twice; a model has one score a line", (int)(name < 100 ? name : 100), at);
        at += n + (at[n] == ',');
    }
    return true;
}

/* A wide line has no one model's cost: an option that would be passed over is an error. */
static bool check_wide(const td_import_settings *s, td_error *error)
{
    const struct {
        const char *name, *value;
    } longs[] = {{"model", s->model},           {"model-field", s->model_field}, {"score-field", s->score_field}, {"cost-field", s->cost_field},
                 {"input-field", s->input_field}, {"output-field", s->output_field}, {"latency-field", s->latency_field}};
    for (size_t i = 0; s->score_fields && i < sizeof longs / sizeof *longs; i++)
        if (longs[i].value)
            return td_fail(error, "--%s is of lines with one outcome each, --score-fields of lines with several: give one of them", longs[i].name);
    return true;
}

static bool finish(td_sink *sink, td_error *error)
{
    const td_import_settings *s = td_sink_settings(sink);
    const met *m = td_sink_state(sink);
    const struct {
        const char *name, *value;
        bool met;
    } said[] = {{"tools-field", s->tools_field, m->tools},       {"cost-field", s->cost_field, m->cost},
                {"input-field", s->input_field, m->input},       {"output-field", s->output_field, m->output},
                {"latency-field", s->latency_field, m->latency}, {"source-field", s->source_field, m->source},
                {"workload-field", s->workload_field, m->workload}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (said[i].value && !said[i].met)
            return td_fail(error, "--%s %.200s: nothing stands there in any line", said[i].name, said[i].value);
    unsigned pair = 0;
    for (const char *at = s->score_fields; at && *at && pair < 64; pair++) {
        const size_t n = strcspn(at, ",");
        if (!(m->scores >> pair & 1))
            return td_fail(error, "--score-fields %.*s: nothing stands there in any line", (int)(n < 200 ? n : 200), at);
        at += n + (at[n] == ',');
    }
    return true;
}

static bool read_generic(td_sink *sink, const td_head *file, td_error *error)
{
    if (!check_wide(td_sink_settings(sink), error) || !check_pairs(td_sink_settings(sink)->score_fields, error))
        return false;
    if (td_head_first(file) != '[' && td_head_first(file) != '{')
        return td_rows(sink, file, take_line, error);
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

/* For messages: the keys of the first line. */
static void offers(const td_head *head, char *text, size_t room)
{
    const char *end = memchr(head->text, '\n', head->len);
    char list[250] = "";
    size_t more = 0;
    td_node *line = td_dom_parse(head->text, end ? (size_t)(end - head->text) : head->len, head->path, NULL);
    for (const td_node *n = td_is_object(line) ? td_first(line) : NULL; n; n = td_next(n)) {
        char quoted[70];
        snprintf(quoted, sizeof quoted, "\"%.60s\"", td_key(n));
        td_list_add(list, sizeof list, &more, quoted);
    }
    td_list_end(list, sizeof list, more);
    if (*list)
        snprintf(text, room, "its first line has %s", list);
    td_dom_free(line);
}

static void close_state(void *state)
{
    td_map_free(&((met *)state)->known);
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
    .finish = finish,
    .state_size = sizeof(met),
    .close = close_state,
    .offers = offers,
};
