/* EleutherAI's lm-evaluation-harness, as `--log_samples --output_path DIR` writes it:
 *
 *     DIR/<model>/results_<date>.json             names the model and which way a metric is better
 *     DIR/<model>/samples_<task>_<date>.jsonl     a line per document and filter
 *
 * A samples file does not name its model: the results file of the same date does, else every results
 * file of the folder if they agree, else the folder's name. Old files (0.4.0) are one list, and lack
 * filter, metrics and hashes. `target` and `doc` hold the gold answer and are not looked at. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pointer.h"
#include "data/import/request_out.h"

#define MAX_RESULTS 512 /* results files of one folder */

typedef struct {
    char *name;
    td_node *root;
} results_file;

typedef struct {
    char *folder; /* whose results files are held */
    results_file results[MAX_RESULTS];
    size_t n_results;
    /* of the file being read */
    char model[300], task[300], date[64], filter[120], metric[120];
    bool lower_is_better, started;
    /* of the whole import */
    bool filter_met, metric_met;
} lm_state;

/* ---- names ---- */

/* Where "_2026-11-24T10-11-12.345" begins in a name, or NULL. */
static const char *date_in(const char *name)
{
    for (const char *at = strchr(name, '_'); at; at = strchr(at + 1, '_')) {
        static const char shape[] = "_dddd-dd-ddTdd-dd-dd";
        size_t i = 0;
        while (shape[i] && (shape[i] == 'd' ? at[i] >= '0' && at[i] <= '9' : at[i] == shape[i]))
            i++;
        if (!shape[i])
            return at;
    }
    return NULL;
}

/* The name without a packing's and a format's ending. */
static size_t stem_length(const char *name)
{
    static const char *const endings[] = {".gz", ".zst", ".jsonl", ".json"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t e = strlen(endings[i]);
        if (n > e && !strncmp(name + n - e, endings[i], e))
            n -= e;
    }
    return n;
}

static void name_task(lm_state *s, const char *name)
{
    const char *date = date_in(name), *start = td_name_starts(name, "samples_") ? name + 8 : name;
    const size_t whole = stem_length(name);
    const char *stop = date && date >= start ? date : name + whole;
    snprintf(s->task, sizeof s->task, "%.*s", stop > start ? (int)(stop - start) : 0, start);
    s->date[0] = 0;
    if (date)
        snprintf(s->date, sizeof s->date, "%.*s", (int)(name + whole - date - 1), date + 1);
}

/* ---- results files ---- */

static bool is_results(const td_head *head)
{
    return td_head_has(head, "results") && (td_head_says(head, "_stderr,") || td_head_says(head, "\"alias\"") ||
                                            td_head_says(head, "_stderr\""));
}

static void forget_results(lm_state *s)
{
    for (size_t i = 0; i < s->n_results; i++) {
        free(s->results[i].name);
        td_dom_free(s->results[i].root);
    }
    s->n_results = 0;
    free(s->folder);
    s->folder = NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const results_file *)a)->name, ((const results_file *)b)->name);
}

/* Loads the results files that stand beside the samples file. */
static bool load_results(lm_state *s, const td_head *file, td_error *error)
{
    const size_t n = (size_t)(file->name - file->path);
    if (s->folder && strlen(s->folder) == n && !memcmp(s->folder, file->path, n))
        return true;
    forget_results(s);
    s->folder = malloc(n + 1);
    if (!s->folder)
        return td_fail(error, "out of memory");
    memcpy(s->folder, file->path, n);
    s->folder[n] = 0;
    DIR *dir = opendir(n ? s->folder : ".");
    bool good = true;
    for (struct dirent *e; dir && good && (e = readdir(dir)) != NULL;) {
        char path[4096];
        if (!strstr(e->d_name, ".json") || strstr(e->d_name, ".jsonl") || td_name_starts(e->d_name, "samples_"))
            continue;
        snprintf(path, sizeof path, "%s%s", s->folder, e->d_name);
        td_node *root = td_input_dom(path, error);
        if (!root && td_name_starts(e->d_name, "results")) {
            good = false;
        } else if (!td_is_object(td_get(root, "results")) || s->n_results == MAX_RESULTS) {
            td_dom_free(root);
        } else {
            results_file *r = &s->results[s->n_results++];
            r->root = root;
            good = (r->name = strdup(e->d_name)) != NULL || td_fail(error, "out of memory");
        }
    }
    if (dir)
        closedir(dir);
    if (good)
        qsort(s->results, s->n_results, sizeof *s->results, by_name);
    return good;
}

/* "pretrained=org/name,dtype=…" */
static bool model_argument(const char *arguments, char *out, size_t room)
{
    static const char *const keys[] = {"pretrained=", "model="};
    for (size_t i = 0; arguments && i < 2; i++) {
        const char *at = strstr(arguments, keys[i]);
        if (at && (at == arguments || at[-1] == ',')) {
            at += strlen(keys[i]);
            snprintf(out, room, "%.*s", (int)strcspn(at, ","), at);
            return out[0] != 0;
        }
    }
    return false;
}

static bool model_of(const td_node *root, char *out, size_t room)
{
    const char *name = td_string(td_get(root, "model_name"));
    if (name && *name) {
        snprintf(out, room, "%s", name);
        return true;
    }
    const td_node *arguments = td_get_path(root, "config.model_args");
    if (td_is_object(arguments)) {
        name = td_string(td_get(arguments, "pretrained"));
        name = name ? name : td_string(td_get(arguments, "model"));
        if (name)
            snprintf(out, room, "%s", name);
        return name != NULL;
    }
    return model_argument(td_string(arguments), out, room);
}

/* The results file that says most about this samples file: of its date, else any that knows its task. */
static const results_file *results_of(const lm_state *s)
{
    const results_file *other = NULL;
    for (size_t i = 0; i < s->n_results; i++) {
        const char *date = date_in(s->results[i].name);
        if (*s->date && date && !strncmp(date + 1, s->date, strlen(s->date)))
            return &s->results[i];
        if (td_get(td_get(s->results[i].root, "results"), s->task))
            other = &s->results[i];
    }
    return other ? other : s->n_results ? &s->results[0] : NULL;
}

static bool same_date(const lm_state *s, const results_file *r)
{
    const char *date = r ? date_in(r->name) : NULL;
    return *s->date && date && !strncmp(date + 1, s->date, strlen(s->date));
}

/* Which model a samples file is of. */
static bool name_model(td_sink *sink, lm_state *s, const td_head *file, td_error *error)
{
    const td_import_settings *set = td_sink_settings(sink);
    const results_file *r = results_of(s);
    s->model[0] = 0;
    if (set->model) {
        snprintf(s->model, sizeof s->model, "%s", set->model);
        return true;
    }
    if (same_date(s, r) && model_of(r->root, s->model, sizeof s->model))
        return true;
    const char *said_by = NULL;
    for (size_t i = 0; i < s->n_results; i++) {
        char other[300];
        if (!model_of(s->results[i].root, other, sizeof other))
            continue;
        if (said_by && strcmp(other, s->model))
            return td_fail(error, "%.200s: mixed models: no results file has its date, and those beside it name "
                                  "\"%.60s\" (%.60s) and \"%.60s\" (%.60s); give each model a folder of its own, or "
                                  "say --model",
                           file->path, s->model, said_by, other, s->results[i].name);
        said_by = s->results[i].name;
        memcpy(s->model, other, sizeof s->model);
    }
    if (said_by)
        return true;
    const size_t n = strlen(s->folder);
    size_t from = n ? n - 1 : 0;
    while (from && s->folder[from - 1] != '/')
        from--;
    if (n > 1 && strcmp(s->folder + from, "./") && strcmp(s->folder + from, "../"))
        snprintf(s->model, sizeof s->model, "%.*s", (int)(n - 1 - from), s->folder + from);
    if (!s->model[0])
        return td_fail(error, "%.300s: no results file beside it names the model; say --model NAME", file->path);
    td_sink_note(sink, 0, "samples files without results file; the folder's name was taken for the model's", s->model);
    return true;
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
    if (set->metric && td_get(line, set->metric)) {
        metric = set->metric;
        s->metric_met = true;
        n = 1;
    } else if (set->metric) {
        td_sink_note(sink, number, "files without the chosen metric; their usual one was taken", metric);
    }
    if (!metric)
        return td_fail(error, "%.200s%.100s…:%llu: no metric that is a number; --metric NAME names a key of the line",
                       s->folder, s->task, (unsigned long long)number);
    snprintf(s->metric, sizeof s->metric, "%s", metric);
    if (!s->filter[0])
        snprintf(s->filter, sizeof s->filter, "%s", filter ? filter : "");
    if (n > 1) {
        char detail[300];
        snprintf(detail, sizeof detail, "\"%.100s\" was taken of %zu", metric, n);
        td_sink_note(sink, number, "files with several metrics (--metric NAME says which)", detail);
    }
    const results_file *r = results_of(s);
    const td_node *better = r ? td_get(td_get(td_get(r->root, "higher_is_better"), s->task), s->metric) : NULL;
    s->lower_is_better = td_is_bool(better) && !td_true(better);
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
    name_task(s, file->name);
    s->started = false;
    s->filter[0] = 0;
    const char *filter = td_sink_settings(sink)->filter;
    if (filter && td_head_first(file) == '{' && file_has_filter(file->path, filter)) {
        snprintf(s->filter, sizeof s->filter, "%s", filter);
        s->filter_met = true;
    }
    if (!load_results(s, file, error) || !name_model(sink, s, file, error))
        return false;
    return td_head_first(file) == '[' ? take_list(sink, file->path, error)
                                      : td_sink_lines(sink, file->path, take_line, error);
}

/* A choice that holds nowhere is a mistake. */
static bool finish(td_sink *sink, td_error *error)
{
    const lm_state *s = td_sink_state(sink);
    const td_import_settings *set = td_sink_settings(sink);
    if (set->filter && !s->filter_met)
        return td_fail(error, "--filter %.100s: no samples file has such a line; one that is there: \"%.100s\"",
                       set->filter, s->filter);
    if (set->metric && !s->metric_met)
        return td_fail(error, "--metric %.100s: no samples file has it; one that is there: \"%.100s\"", set->metric,
                       s->metric);
    return true;
}

static void close_state(void *state)
{
    forget_results(state);
}

static td_claim probe(const td_head *head)
{
    if (td_head_has(head, "doc_id") &&
        (td_head_has(head, "arguments") || td_head_has(head, "resps") || td_name_starts(head->name, "samples_")))
        return TD_MINE;
    return td_head_first(head) == '{' && is_results(head) ? TD_COMPANION : TD_NOT_MINE;
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
