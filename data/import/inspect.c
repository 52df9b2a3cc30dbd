/* UK AISI Inspect AI: a log as one .json document, or as an .eval archive (header.json and a file a
 * sample; a run that crashed has only its journal).
 *
 * The request is what the model was first shown: the messages before its first answer, which hold the
 * system prompt and the choices; else the sample's input. Inspect's input_tokens leave the cached ones
 * out: they are added here. Where the sample has one answer, that answer's usage counts, because the
 * sample's model_usage also holds what a grader of the same name used. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/inspect_request.h"
#include "data/import/zip.h"

#define MAX_MEMBER ((size_t)1 << 30)

typedef struct {
    char model[300], task[300], run[120], scorer[200];
    double promised; /* samples that the log's own results are of; NaN: it does not say */
    size_t samples;  /* that it holds */
    bool settled;
} log_state;

/* Of the whole import: models are compared by one scorer. */
typedef struct {
    char scorer[200], task[300];
} inspect_state;

/* A name has a letter or a digit in it: logs that were cut for a bug report say "...". */
static bool is_name(const char *text)
{
    bool any = false;
    for (; text && *text; text++)
        any = any || (*text >= '0' && *text <= '9') || (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z') ||
              (unsigned char)*text >= 0x80;
    return any;
}

static bool take_header(log_state *s, const td_node *root, const char *path, td_error *error)
{
    const char *model = td_string(td_get_path(root, "eval.model"));
    const char *task = td_string(td_get_path(root, "eval.task"));
    const char *run = td_string(td_get_path(root, "eval.eval_id"));
    run = run ? run : td_string(td_get_path(root, "eval.task_id"));
    run = run ? run : td_string(td_get_path(root, "eval.run_id"));
    if (!model || !*model || !task || !*task)
        return td_fail(error, "%.300s: no eval.model or eval.task; is it an Inspect log?", path);
    memset(s, 0, sizeof *s);
    snprintf(s->model, sizeof s->model, "%s", model);
    snprintf(s->task, sizeof s->task, "%s", task);
    snprintf(s->run, sizeof s->run, "%s", run ? run : "");
    s->promised = td_number(td_get_path(root, "results.completed_samples"), (double)NAN);
    return true;
}

/* As the user says, as the log says, or as the answer says; empty where none does. */
static const char *model_of(td_sink *sink, const log_state *s, const td_node *sample)
{
    const char *answered = td_string(td_get_path(sample, "output.model"));
    const char *own = is_name(s->model) ? s->model : is_name(answered) ? answered : NULL, *model = td_sink_model(sink, own);
    return model ? model : "";
}

static void compare_counts(td_sink *sink, const log_state *s)
{
    char detail[120];
    if (!((double)s->samples < s->promised))
        return;
    snprintf(detail, sizeof detail, "%zu here, %.0f by its results", s->samples, s->promised);
    td_sink_note(sink, 0, "logs that hold fewer samples than their own results are of", detail);
}

/* ---- scores ---- */

/* Inspect's own reading of a value: C, I, P, N, yes, no, true, false, numbers, and those as text. */
static bool read_value(const td_node *value, double *score, bool *is_share)
{
    static const struct {
        const char *word;
        double score;
    } words[] = {{"C", 1}, {"I", 0}, {"P", 0.5}, {"N", 0}, {"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0},
                 {"Yes", 1}, {"No", 0}, {"True", 1}, {"False", 0}};
    const char *text = td_string(value);
    if (td_is_bool(value) || td_is_number(value)) {
        *is_share = td_is_bool(value);
        *score = td_is_bool(value) ? td_true(value) : td_number(value, 0);
        return true;
    }
    for (size_t i = 0; text && i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i].word)) {
            *score = words[i].score;
            *is_share = true;
            return true;
        }
    if (text && *text && strspn(text, "+-.0123456789eE") == strlen(text)) {
        char *end;
        *score = strtod(text, &end);
        return !*end;
    }
    return false;
}

/* The scorer by the user's word, else the first that the log's first scored sample has. */
static const td_node *choose_score(td_sink *sink, log_state *s, const td_node *scores)
{
    const char *wanted = td_sink_settings(sink)->scorer;
    const td_node *first = td_first(scores);
    if (wanted)
        return td_get(scores, wanted);
    if (!s->settled && first) {
        inspect_state *all = td_sink_state(sink);
        const bool same = !strcmp(all->task, s->task) && td_get(scores, all->scorer); /* as in the log before */
        s->settled = true;
        snprintf(s->scorer, sizeof s->scorer, "%s", same ? all->scorer : td_key(first) ? td_key(first) : "");
        if (td_next(first))
            td_sink_note(sink, 0, "logs with several scorers (--scorer NAME says which)", s->scorer);
        if (!strcmp(all->task, s->task) && strcmp(all->scorer, s->scorer))
            td_sink_note(sink, 0, "logs of one task whose scores are another scorer's than in the log before: their models are not comparable",
                         s->scorer);
        snprintf(all->task, sizeof all->task, "%s", s->task);
        snprintf(all->scorer, sizeof all->scorer, "%s", s->scorer);
    }
    return td_get(scores, s->scorer);
}

/* NULL with *score filled, or why there is none. */
static const char *read_score(td_sink *sink, log_state *s, const td_node *sample, double *score, bool *is_share)
{
    const td_node *scores = td_get(sample, "scores");
    const td_node *chosen = choose_score(sink, s, scores), *value = td_get(chosen, "value");
    const char *metric = td_sink_settings(sink)->metric;
    const td_node *fault = td_get(sample, "error");
    td_sink_offer_keys(sink, TD_OFFER_SCORER, scores);
    td_sink_offer_keys(sink, TD_OFFER_METRIC, value);
    const bool failed = fault && !td_is_null(fault);
    if (!chosen && failed)
        return "samples that ended in an error";
    if (failed)
        td_sink_note(sink, 0, "samples that ended in an error and were scored all the same, as in the log's own means", td_string(td_get(sample, "id")));
    if (!td_first(scores))
        return "samples without score";
    if (!chosen)
        return "samples without a score of the chosen scorer";
    if (td_is_object(value)) {
        if (!metric && td_count(value) != 1)
            return "scores of several values (--metric NAME says which)";
        value = metric ? td_get(value, metric) : td_first(value);
        if (!value)
            return "scores without the chosen metric";
    }
    if (td_is_null(value))
        return "scores that are NaN: unscored";
    return read_value(value, score, is_share) ? NULL : "scores that are no number (a list, another text)";
}

/* ---- usage ---- */

static void take_usage(const td_node *usage, td_outcome *o)
{
    const double fresh = td_number(td_get(usage, "input_tokens"), (double)NAN);
    const double read = td_number(td_get(usage, "input_tokens_cache_read"), (double)NAN);
    const double written = td_number(td_get(usage, "input_tokens_cache_write"), (double)NAN);
    o->input_tokens = fresh + (isnan(read) ? 0 : read) + (isnan(written) ? 0 : written);
    o->cached_tokens = read;
    o->cache_write_tokens = written;
    o->output_tokens = td_number(td_get(usage, "output_tokens"), (double)NAN);
    o->reasoning_tokens = td_number(td_get(usage, "reasoning_tokens"), (double)NAN);
    o->cost_usd = td_number(td_get(usage, "total_cost"), (double)NAN);
}

static size_t count_answers(const td_node *messages)
{
    size_t n = 0;
    for (const td_node *m = td_first(messages); m; m = td_next(m)) {
        const char *role = td_string(td_get(m, "role"));
        n += role && !strcmp(role, "assistant");
    }
    return n;
}

/* "openai/gpt-4o" and "gpt-4o-2024-08-06" are one; a grader's tokens are not the model's. */
static bool is_same_model(const char *used, const char *model, const char *answered)
{
    const char *a = strrchr(used, '/'), *b = strrchr(model, '/');
    a = a ? a + 1 : used;
    b = b ? b + 1 : model;
    return !is_name(model) || strstr(a, b) || strstr(b, a) || (answered && strstr(used, answered));
}

static void take_numbers(const log_state *s, const td_node *sample, td_outcome *o)
{
    const td_node *all = td_get(sample, "model_usage"), *last = td_get_path(sample, "output.usage");
    const td_node *usage = td_get(all, s->model);
    if (!usage && td_count(all) == 1 && is_same_model(td_key(td_first(all)), s->model, td_string(td_get_path(sample, "output.model"))))
        usage = td_first(all);
    if (td_is_object(last) && (!usage || count_answers(td_get(sample, "messages")) == 1))
        usage = last;
    if (td_is_object(usage))
        take_usage(usage, o);
    o->latency_s = td_number(td_get(sample, "working_time"), td_number(td_get(sample, "total_time"), (double)NAN));
}

/* ---- samples ---- */

static bool take_sample(td_sink *sink, log_state *s, const td_node *sample, td_error *error)
{
    char number[40], trial[160];
    const td_node *id = td_get(sample, "id");
    td_row row;
    const char *key = td_string(id); /* of any length: cut, two could be one */
    if (td_is_number(id)) {
        snprintf(number, sizeof number, "%.0f", td_number(id, 0));
        key = number;
    }
    if (!key)
        return td_sink_bad(sink, 0, "a sample without id", NULL, error);
    td_out *out = td_sink_buffer(sink);
    if (!td_inspect_request(sample, out))
        return td_sink_bad(sink, 0, "a sample whose input is neither text nor messages", key, error);
    snprintf(trial, sizeof trial, "%s/%.0f", s->run, td_number(td_get(sample, "epoch"), 1));
    td_row_start(&row);
    row.key = td_span_of(key);
    row.source = td_span_of(s->task);
    row.trial = td_span_of(trial);
    row.request.data = out->at;
    row.request.len = out->len;
    row.outcome.name = td_span_of(model_of(sink, s, sample));
    if (row.outcome.name.len) {
        row.missing = read_score(sink, s, sample, &row.outcome.score, &row.is_share);
        take_numbers(s, sample, &row.outcome);
    } else {
        row.missing = "samples of a log that does not name its model (--model NAME does)";
    }
    s->samples++;
    return td_sink_row(sink, &row, error);
}

static bool take_samples(td_sink *sink, log_state *s, const td_node *list, td_error *error)
{
    for (const td_node *sample = td_first(list); sample; sample = td_next(sample))
        if (!take_sample(sink, s, sample, error))
            return false;
    return true;
}

static bool read_json(td_sink *sink, const char *path, td_error *error)
{
    log_state s;
    td_node *root = td_input_dom(path, error);
    const bool good = root && take_header(&s, root, path, error) &&
                      take_samples(sink, &s, td_get(root, "samples"), error);
    if (good)
        compare_counts(sink, &s);
    td_dom_free(root);
    return good;
}

/* ---- archives ---- */

static td_node *member(const td_zip *zip, const td_zip_member *m, td_error *error)
{
    char name[600];
    size_t len;
    char *text = td_zip_load(zip, m, MAX_MEMBER, &len, error);
    if (!text)
        return NULL;
    snprintf(name, sizeof name, "%.300s: %.200s", zip->path, m->name);
    td_node *root = td_bytes_dom(text, len, name, error);
    free(text);
    return root;
}

static bool read_header(const td_zip *zip, log_state *s, td_error *error)
{
    const td_zip_member *m = td_zip_find(zip, "header.json");
    m = m ? m : td_zip_find(zip, "_journal/start.json");
    if (!m)
        return td_fail(error, "%.300s: an archive without header.json; is it an Inspect log?", zip->path);
    td_node *root = member(zip, m, error);
    const bool good = root && take_header(s, root, zip->path, error);
    td_dom_free(root);
    return good;
}

/* Samples as files; a journal's summaries stand in for those of a run that died before it wrote any. */
static bool read_members(td_sink *sink, const td_zip *zip, log_state *s, bool summaries, size_t *n, td_error *error)
{
    for (size_t i = 0; i < zip->n; i++) {
        const char *name = zip->members[i].name;
        if (!td_name_starts(name, summaries ? "_journal/summaries/" : "samples/") || !td_name_ends(name, ".json"))
            continue;
        td_node *root = member(zip, &zip->members[i], error);
        if (!root)
            return false;
        const bool good = td_is_array(root) ? take_samples(sink, s, root, error) : take_sample(sink, s, root, error);
        td_dom_free(root);
        if (!good)
            return false;
        ++*n;
    }
    return true;
}

static bool read_zip(td_sink *sink, const char *path, td_error *error)
{
    td_zip zip;
    log_state s;
    size_t n = 0;
    bool good = td_zip_open(&zip, path, error) && read_header(&zip, &s, error);
    if (good && !td_zip_find(&zip, "header.json"))
        td_sink_note(sink, 0, "logs of runs that did not finish: only their journal is there", s.task);
    good = good && read_members(sink, &zip, &s, false, &n, error);
    if (good && !n) {
        good = read_members(sink, &zip, &s, true, &n, error);
        if (good && n)
            td_sink_note(sink, 0, "logs without samples: their summaries were read, whose inputs may be shortened", s.task);
    }
    if (good)
        compare_counts(sink, &s);
    td_zip_close(&zip);
    return good;
}

static bool read_inspect(td_sink *sink, const td_head *file, td_error *error)
{
    return td_head_is_zip(file) ? read_zip(sink, file->path, error) : read_json(sink, file->path, error);
}

static td_claim probe(const td_head *head)
{
    if (td_head_is_zip(head))
        return td_name_ends(head->name, ".eval") || td_head_says(head, "_journal/start.json") ||
                       td_head_says(head, "samples/")
                   ? TD_MINE
                   : TD_NOT_MINE;
    return td_head_first(head) == '{' && td_head_has_all(head, "status eval.model eval.task") ? TD_MINE : TD_NOT_MINE;
}

const td_importer td_import_inspect = {
    .name = "inspect",
    .title = "Inspect AI logs",
    .options = "scorer metric model",
    .probe = probe,
    .read = read_inspect,
    .state_size = sizeof(inspect_state),
};
