/* EleutherAI's lm-evaluation-harness, as `--log_samples --output_path DIR` writes it:
 *
 *     DIR/<model>/results_<date>.json             names the model and which way a metric is better
 *     DIR/<model>/samples_<task>_<date>.jsonl     a line per document and filter
 *
 * A samples file does not name its model: the results file of the same date does, else every results
 * file of the folder if they agree, else the folder's name. Old files (0.4.0) are one list, and lack
 * filter, metrics and hashes. `target` and `doc` hold the gold answer and are not looked at. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/lm_choice.h"
#include "data/import/lm_results.h"
#include "data/import/offers.h"
#include "data/import/pieces.h"
#include "data/import/pointer.h"
#include "data/import/request_out.h"

typedef struct {
    td_lm_results results; /* of the folder being read */
    /* of the file being read */
    char model[300], task[300], date[64], filter[120], metric[120];
    bool lower_is_better, started;
    double score_sum;
    uint64_t scored, unscored;
    /* of the whole import */
    bool filter_met, metric_met;
    td_tally met, unsure; /* samples files by folder and task; those whose own results file is not there */
    td_lm_choices choices;
    td_offers filters, metrics; /* that there are, where one was chosen */
} lm_state;

/* Two samples files of one task in a folder are of two runs, perhaps of two models, which must not be averaged because
 * nothing says whose they are. */
static bool is_alone(lm_state *s, const td_head *file, bool unsure, td_error *error)
{
    const tierce_span folder = td_folder(file->path, 1);
    const size_t room = strlen(file->path) + sizeof s->task + 2;
    char *key = malloc(room);
    const int n = key ? snprintf(key, room, "%.*s\n%s", (int)(folder.len ? (size_t)(folder.data - file->path) + folder.len : 0), file->path, s->task) : 0;
    const tierce_span name = {key, (size_t)n};
    const uint32_t times = key ? td_tally_add(&s->met, name) : 0;
    const bool good = times && (!unsure || td_tally_add(&s->unsure, name));
    const bool alone = times < 2 || !td_tally_of(&s->unsure, name);
    free(key);
    if (!good)
        return td_fail(error, "out of memory");
    return alone || td_fail(error, "%.300s: a second samples file of the task \"%.80s\" in its folder, and a results file is missing that says whose each is: "
                                   "keep each model's in a folder of its own, or say --model NAME where both are of one", file->path, s->task);
}

static bool name_model(td_sink *sink, lm_state *s, const td_head *file, td_error *error)
{
    const char *said = td_sink_settings(sink)->model;
    td_lm_named by;
    td_error ignored;
    if (said) {
        char own[sizeof s->model];
        snprintf(s->model, sizeof s->model, "%s", said);
        const bool named = td_lm_model(&s->results, file, s->date, s->task, own, sizeof own, &by, &ignored) ||
                           (by.other_folder && *own);
        if (named && !by.folder) {
            td_sink_model(sink, own);
            if (strcmp(own, s->model))
                td_sink_note(sink, 0, "samples files whose results file names another model than --model, which was taken", own);
        }
        return true;
    }
    if (!td_lm_model(&s->results, file, s->date, s->task, s->model, sizeof s->model, &by, error))
        return false;
    if (by.folder)
        td_sink_note(sink, 0, "samples files without results file; the folder's name was taken for the model's", s->model);
    if (by.other_folder)
        td_sink_note(sink, 0, "samples files in a folder that is not called like the model in its results file; the results file's was taken",
                     s->model);
    if (by.other_date)
        td_sink_note(sink, 0, "samples files of whose date there is no results file; the model of the others beside it was taken", s->model);
    if (by.other_tasks)
        td_sink_note(sink, 0, "samples files of a task that the results file of their date does not know: of another run?", s->task);
    return is_alone(s, file, by.folder || by.other_date, error);
}

/* Metrics that are the mean of their samples' in the harness's own table. */
static bool is_mean(const char *metric)
{
    static const char *const means[] = {"acc", "acc_norm", "exact_match", "pass@1", "pass_at_1", "prompt_level_strict_acc", "em"};
    for (size_t i = 0; i < sizeof means / sizeof *means; i++)
        if (!strcmp(metric, means[i]))
            return true;
    return false;
}

/* Samples of another model or run than the results file beside them betray themselves by their mean. */
static void compare_mean(td_sink *sink, const lm_state *s)
{
    char key[260], detail[300];
    const td_node *results = td_get(td_get(td_lm_own(&s->results, s->date), "results"), s->task);
    snprintf(key, sizeof key, "%s,%s", s->metric, *s->filter ? s->filter : "none");
    const td_node *said = td_get(results, key);
    if (!s->scored || s->unscored || !td_is_number(said) || !is_mean(s->metric))
        return;
    const double mean = s->score_sum / (double)s->scored;
    snprintf(detail, sizeof detail, "%.100s: %.4f here, %.4f there", s->task, mean, td_number(said, 0));
    if (fabs(mean - td_number(said, 0)) > 1e-4)
        td_sink_note(sink, 0, "samples files whose mean is not the one that the results file states: of another model or run?", detail);
}

/* ---- metric and filter ---- */

static bool is_known_key(const char *key)
{
    static const char *const known[] = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps",
                                        "filter", "metrics", "doc_hash", "prompt_hash", "target_hash"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(key, known[i]))
            return true;
    return false;
}

static bool is_metric(const td_node *line, const char *name)
{
    const td_node *v = td_get(line, name);
    return v && !is_known_key(name) && (td_is_number(v) || td_is_bool(v) || td_is_null(v));
}

/* The usual one of the metrics that the line has, else its first. */
static const char *usual_metric(const td_node *line, size_t *n)
{
    static const char *const usual[] = {"exact_match", "acc", "pass@1", "pass_at_1", "prompt_level_strict_acc",
                                        "em", "f1", "mc2"};
    const char *first = NULL;
    *n = 0;
    for (const td_node *m = td_first(line); m; m = td_next(m))
        if (td_key(m) && is_metric(line, td_key(m))) {
            first = first ? first : td_key(m);
            ++*n;
        }
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (is_metric(line, usual[i]))
            return usual[i];
    return first;
}

/* Is some line of the file of this filter? The user's choice holds for the files that have it. */
static bool file_has_filter(const char *path, const char *wanted)
{
    td_input *in = td_input_open(path, NULL);
    td_lines *lines = in ? td_input_lines(in, path, NULL) : NULL;
    bool found = false;
    char *line;
    size_t len;
    while (lines && !found && td_lines_next(lines, &line, &len, NULL) == TD_LINE) {
        td_node *node = td_dom_parse(line, len, path, NULL);
        const char *filter = td_string(td_get(node, "filter"));
        found = filter && !strcmp(filter, wanted);
        td_dom_free(node);
    }
    td_lines_close(lines);
    td_input_close(in);
    return found;
}

/* Settles the metric and, where the user did not, the filter by the first line that is read. */
static bool settle(td_sink *sink, lm_state *s, const td_node *line, uint64_t number, td_error *error)
{
    const td_import_settings *set = td_sink_settings(sink);
    const char *filter = td_string(td_get(line, "filter"));
    size_t n = 0;
    const char *metric = usual_metric(line, &n);
    for (const td_node *m = set->metric ? td_first(line) : NULL; m; m = td_next(m))
        if (td_key(m) && is_metric(line, td_key(m)))
            td_offer(&s->metrics, td_key(m));
    if (set->metric && td_get(line, set->metric)) {
        metric = set->metric;
        s->metric_met = true;
        n = 1;
    } else if (set->metric) {
        td_sink_note(sink, number, "files without the chosen metric; their usual one was taken", metric);
    }
    if (!metric)
        return td_sink_bad(sink, number, "no metric that is a number; --metric NAME names a key of the line", NULL, error);
    const td_lm_choice *before = td_lm_choice_of(&s->choices, s->task);
    if (!set->metric && before && is_metric(line, before->metric))
        metric = before->metric;
    snprintf(s->metric, sizeof s->metric, "%s", metric);
    if (!s->filter[0])
        snprintf(s->filter, sizeof s->filter, "%s", filter ? filter : "");
    if (n > 1) {
        char detail[300];
        snprintf(detail, sizeof detail, "\"%.100s\" was taken of %zu", metric, n);
        td_sink_note(sink, number, "files with several metrics (--metric NAME says which)", detail);
    }
    if (before && (strcmp(before->filter, s->filter) || strcmp(before->metric, s->metric)))
        td_sink_note(sink, number, "samples files read by another filter or metric than those of their task before: their models are not comparable",
                     *s->filter ? s->filter : s->metric);
    if (!before && !td_lm_choose(&s->choices, s->task, s->filter, s->metric))
        return td_fail(error, "out of memory");
    const td_node *results = td_lm_find(&s->results, s->date, s->task);
    const td_node *better = td_get(td_get(td_get(results, "higher_is_better"), s->task), s->metric);
    s->lower_is_better = td_is_bool(better) ? !td_true(better) : td_lm_less_is_better(s->metric);
    if (s->lower_is_better)
        td_sink_note(sink, number, td_is_bool(better) ? "files whose metric is the better the less it is: their scores are turned round (1 - score)"
                                                      : "files whose metric is by its name the better the less it is (their results do not say): "
                                                        "their scores are turned round (1 - score)",
                     s->metric);
    s->started = true;
    return true;
}

/* ---- lines ---- */

/* The prompt: a string, or a list that holds chat messages as one string of JSON. */
static bool put_arguments(td_out *out, const td_node *arguments)
{
    const td_node *first = td_is_object(arguments) ? td_get(arguments, "gen_args_0") : td_first(arguments);
    first = first ? first : td_first(arguments);
    const td_node *prompt = td_is_object(first) ? td_get(first, "arg_0") : td_first(first);
    if (td_is_array(prompt) && td_put_messages(out, prompt, (size_t)-1))
        return true;
    if (td_is_array(prompt))
        prompt = td_first(prompt);
    const char *text = td_string(prompt) ? td_string(prompt) : td_string(first);
    if (!text)
        return false;
    td_put_prompt_or_chat(out, text, strlen(text));
    return true;
}

static bool put_request(const td_node *line, const char *field, td_out *out)
{
    if (!field)
        return put_arguments(out, td_get(line, "arguments"));
    const td_node *prompt = *field == '/' ? td_pointer(line, field, strlen(field)) : td_get(td_get(line, "doc"), field);
    return prompt && td_put_input(out, prompt);
}

static const char *read_score(const td_node *line, const char *metric, double *score)
{
    const td_node *v = td_get(line, metric);
    if (td_is_null(v))
        return "scores that are NaN or null";
    if (!td_is_bool(v) && !td_is_number(v))
        return "scores that are not a number (a list, a text)";
    *score = td_is_bool(v) ? td_true(v) : td_number(v, 0);
    return NULL;
}

static bool take_line(td_sink *sink, const td_node *line, uint64_t number, td_error *error)
{
    lm_state *s = td_sink_state(sink);
    const char *filter = td_string(td_get(line, "filter")), *hash = td_string(td_get(line, "doc_hash"));
    char key[120];
    td_row row;
    if (!td_is_object(line) || !td_is_number(td_get(line, "doc_id")))
        return td_sink_bad(sink, number, "a line without \"doc_id\" (is it a samples file?)", NULL, error);
    if (!s->started && !settle(sink, s, line, number, error))
        return false;
    if (!s->started) /* counted as bad */
        return true;
    if (td_sink_settings(sink)->filter)
        td_offer(&s->filters, filter);
    if (*s->filter && filter && strcmp(filter, s->filter)) {
        td_sink_drop(sink, number, "lines of another filter (--filter NAME chooses)", filter);
        return true;
    }
    td_out *out = td_sink_buffer(sink);
    if (!put_request(line, td_sink_settings(sink)->prompt_field, out))
        return td_sink_bad(sink, number, "no prompt in \"arguments\"", NULL, error);
    td_row_start(&row);
    snprintf(key, sizeof key, "%.0f%s%.12s", td_number(td_get(line, "doc_id"), 0), hash ? "-" : "", hash ? hash : "");
    row.key = td_span_of(key);
    row.source = td_span_of(s->task);
    row.trial = td_span_of(s->date);
    row.request.data = out->at;
    row.request.len = out->len;
    row.outcome.name = td_span_of(s->model);
    row.missing = read_score(line, s->metric, &row.outcome.score);
    row.is_share = td_is_bool(td_get(line, s->metric));
    s->score_sum += row.missing ? 0 : row.outcome.score;
    s->scored += !row.missing;
    s->unscored += row.missing != NULL;
    row.lower_is_better = s->lower_is_better;
    row.one_run = true;
    row.line = number;
    return td_sink_row(sink, &row, error);
}

static bool take_list(td_sink *sink, const char *path, td_error *error)
{
    td_node *root = td_input_dom(path, error);
    bool good = root != NULL;
    if (good && !td_is_array(root))
        good = td_fail(error, "%.300s: neither lines nor a list of samples", path);
    uint64_t number = 0;
    for (const td_node *line = good ? td_first(root) : NULL; good && line; line = td_next(line))
        good = take_line(sink, line, ++number, error);
    td_dom_free(root);
    return good;
}

static bool read_lm_eval(td_sink *sink, const td_head *file, td_error *error)
{
    lm_state *s = td_sink_state(sink);
    td_lm_name(file->name, s->task, sizeof s->task, s->date, sizeof s->date);
    s->started = false;
    s->filter[0] = 0;
    s->score_sum = 0;
    s->scored = s->unscored = 0;
    const char *filter = td_sink_settings(sink)->filter;
    if (filter && td_head_first(file) == '{' && file_has_filter(file->path, filter)) {
        snprintf(s->filter, sizeof s->filter, "%s", filter);
        s->filter_met = true;
    }
    const td_lm_choice *before = td_lm_choice_of(&s->choices, s->task);
    if (!*s->filter && before && *before->filter && td_head_first(file) == '{' && file_has_filter(file->path, before->filter))
        snprintf(s->filter, sizeof s->filter, "%s", before->filter);
    if (!td_lm_load(&s->results, file, error) || !name_model(sink, s, file, error))
        return false;
    if (!(td_head_first(file) == '[' ? take_list(sink, file->path, error)
                                     : td_sink_lines(sink, file->path, take_line, error)))
        return false;
    compare_mean(sink, s);
    return true;
}

/* A choice that holds nowhere is a mistake. */
static bool finish(td_sink *sink, td_error *error)
{
    const lm_state *s = td_sink_state(sink);
    const td_import_settings *set = td_sink_settings(sink);
    char text[600];
    if (set->filter && !s->filter_met) {
        td_offers_text(&s->filters, set->filter, text, sizeof text);
        return td_fail(error, "--filter %.100s: no samples file has such a line%s", set->filter, text);
    }
    if (set->metric && !s->metric_met) {
        td_offers_text(&s->metrics, set->metric, text, sizeof text);
        return td_fail(error, "--metric %.100s: no samples file has it%s", set->metric, text);
    }
    return true;
}

static void close_state(void *state)
{
    lm_state *s = state;
    td_lm_free(&s->results);
    td_lm_choices_free(&s->choices);
    td_tally_free(&s->met);
    td_tally_free(&s->unsure);
}

static td_claim probe(const td_head *head)
{
    if (td_head_has(head, "doc_id") &&
        (td_head_has(head, "arguments") || td_head_has(head, "resps") || td_name_starts(head->name, "samples_")))
        return TD_MINE;
    return td_head_first(head) == '{' && td_lm_is_results(head) ? TD_COMPANION : TD_NOT_MINE;
}

const td_importer td_import_lm_eval = {
    .name = "lm-eval",
    .title = "lm-evaluation-harness samples",
    .options = "metric filter model prompt-field",
    .probe = probe,
    .read = read_lm_eval,
    .finish = finish,
    .state_size = sizeof(lm_state),
    .close = close_state,
};
