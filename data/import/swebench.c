/* SWE-bench: which instances a model resolved.
 *
 *   <model>.<run>.json                                   the harness's report
 *   …/<model>/<instance>/report.json                     one instance's
 *   evaluation/<split>/<date>_<model>/results/results.json   of the experiments repository
 *   evaluation/bash-only/<date>_<model>/per_instance_details.json   the same, with costs
 *   problems.jsonl                                       {"instance_id", "problem_statement"} of
 * the dataset: the prompts; or --prompts FILE
 *
 * Every submitted instance that is not resolved is a 0, but for infra_failure_ids. The experiments'
 * results list what was resolved alone: there every instance of the problems counts, as on the
 * board. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pieces.h"

static const char source_name[] = "swe-bench";

/* A model of the experiments repository. */
typedef struct {
    char model[256];
    char *path;
    td_tally resolved;
} run;

typedef struct {
    char **ids; /* of the problems, in order */
    size_t n_ids, ids_room;
    td_tally known;
    run *runs;
    size_t n_runs, runs_room;
} state;

/* In the dataset a long patch may stand before the problem. */
static bool is_problems(const td_head *head)
{
    return td_head_has_all(head, "instance_id problem_statement") ||
           td_head_has_all(head, "instance_id base_commit");
}

static bool is_details(const td_head *head)
{
    return td_name_starts(head->name, "per_instance_details.json") &&
           td_head_says(head, "\"resolved\"");
}

static td_claim probe(const td_head *head)
{
    if (is_problems(head))
        return TD_MINE;
    if (td_head_first(head) != '{')
        return TD_NOT_MINE;
    if (td_head_says(head, "\"submitted_ids\"") ||
        td_head_has_all(head, "resolved no_generation") ||
        td_head_has_all(head, "resolved no_logs"))
        return TD_MINE;
    return td_head_says(head, "\"patch_successfully_applied\"") || is_details(head) ? TD_MINE
                                                                                    : TD_NOT_MINE;
}

/* ---- problems ---- */

static bool remember(state *s, const char *id)
{
    if (td_tally_add(&s->known, td_span_of(id)) != 1)
        return true;
    if (s->n_ids == s->ids_room) {
        const size_t room = s->ids_room ? 2 * s->ids_room : 512;
        char **wider = realloc(s->ids, room * sizeof *wider);
        if (!wider)
            return false;
        s->ids = wider;
        s->ids_room = room;
    }
    return (s->ids[s->n_ids] = strdup(id)) != NULL && ++s->n_ids;
}

static bool take_problem(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *id = td_string(td_get(n, "instance_id")),
               *text = td_string(td_get(n, "problem_statement"));
    if (!id || !text)
        return td_sink_bad(sink, line, "a problem needs \"instance_id\" and \"problem_statement\"",
                           NULL, error);
    if (!remember(td_sink_state(sink), id))
        return td_fail(error, "out of memory");
    td_row_start(&row);
    td_put_user(out, text, strlen(text));
    row.key = td_span_of(id);
    row.source = td_span_of(source_name);
    row.request.data = out->at;
    row.request.len = out->len;
    row.line = line;
    return td_sink_row(sink, &row, error);
}

static bool take_problems(td_sink *sink, const char *path, td_error *error)
{
    td_head head = {.by_name = true};
    char *room = malloc(TD_HEAD_BYTES);
    td_node *list = NULL;
    bool good = room ? td_head_read(&head, path, room, error) == TD_HEAD_OK
                     : td_fail(error, "out of memory");
    td_sink_at(sink, path);
    if (good && td_head_first(&head) != '[') {
        good = td_sink_lines(sink, path, take_problem, error);
    } else if (good) {
        good = (list = td_input_dom(path, error)) != NULL;
        for (const td_node *n = td_first(list); good && n; n = td_next(n))
            good = take_problem(sink, n, 0, error);
    }
    td_dom_free(list);
    free(room);
    return good;
}

/* ---- reports ---- */

/* With its cost where `of` (an instance's details) tells it. */
static bool put(td_sink *sink, const char *id, const char *model, bool resolved,
                const char *missing, const td_node *of, td_error *error)
{
    td_row row;
    td_row_start(&row);
    row.outcome.cost_usd = td_quantity(td_get(of, "cost"));
    row.key = td_span_of(id);
    row.source = td_span_of(source_name);
    row.outcome.name = td_span_of(model);
    row.missing = missing;
    row.is_share = true;
    if (!missing)
        row.outcome.score = resolved ? 1 : 0;
    return td_sink_row(sink, &row, error);
}

static bool tally_ids(td_tally *t, const td_node *ids)
{
    bool good = true;
    for (const td_node *i = td_first(ids); good && i; i = td_next(i))
        good = !td_string(i) || td_tally_add(t, td_span_of(td_string(i)));
    return good;
}

static bool take_report(td_sink *sink, const td_node *root, const char *model, td_error *error)
{
    td_tally resolved = {0}, infra = {0};
    size_t found = 0;
    bool good = (tally_ids(&resolved, td_get(root, "resolved_ids")) &&
                 tally_ids(&infra, td_get(root, "infra_failure_ids"))) ||
                td_fail(error, "out of memory");
    for (const td_node *i = td_first(td_get(root, "submitted_ids")); good && i; i = td_next(i)) {
        const char *id = td_string(i);
        if (!id || !*id) {
            good = td_sink_bad(sink, 0, "submitted_ids holds what is no id", NULL, error);
            continue;
        }
        const char *missing = td_tally_of(&infra, td_span_of(id))
                                  ? "instances whose evaluation failed (infra_failure_ids)"
                                  : NULL;
        const bool solved = td_tally_of(&resolved, td_span_of(id)) > 0;
        found += solved;
        good = put(sink, id, model, solved, missing, NULL, error);
    }
    if (good && found < resolved.n)
        td_sink_note(sink, 0, "reports that resolve instances which they do not submit; those were left out", model);
    td_tally_free(&resolved);
    td_tally_free(&infra);
    return good;
}

static bool take_instances(td_sink *sink, const td_node *root, const char *model, td_error *error)
{
    bool good = true, any = false;
    for (const td_node *i = td_is_object(root) ? td_first(root) : NULL; good && i; i = td_next(i)) {
        const td_node *resolved = td_get(i, "resolved");
        if (!td_is_bool(resolved) || !*td_key(i))
            continue;
        any = true;
        good = put(sink, td_key(i), model, td_true(resolved), NULL, i, error);
    }
    return any ? good
               : td_sink_bad(sink, 0, "neither a report nor results of instances", NULL, error);
}

static bool add_run(td_sink *sink, const td_node *root, const char *model, const char *path)
{
    state *s = td_sink_state(sink);
    if (s->n_runs == s->runs_room) {
        const size_t room = s->runs_room ? 2 * s->runs_room : 8;
        run *wider = realloc(s->runs, room * sizeof *wider);
        if (!wider)
            return false;
        s->runs = wider;
        s->runs_room = room;
    }
    run *r = &s->runs[s->n_runs];
    memset(r, 0, sizeof *r);
    snprintf(r->model, sizeof r->model, "%s", model);
    r->path = strdup(path);
    if (!r->path)
        return false;
    s->n_runs++;
    return tally_ids(&r->resolved, td_get(root, "resolved"));
}

/* ---- names ---- */

/* The harness writes "google/gemini" as "google__gemini". */
static void restore_slash(char *model)
{
    char *at = strstr(model, "__");
    if (at && at > model && at[2]) {
        *at = '/';
        memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "gemini-3.5-flash.nightly.json" is of the model up to the last dot but one. */
static void model_of_report(const char *name, char *model, size_t size)
{
    size_t n = strlen(name);
    if (td_name_ends(name, ".gz"))
        n -= 3;
    n -= n > 5 && !strncmp(name + n - 5, ".json", 5) ? 5 : 0;
    size_t dot = n;
    while (dot > 0 && name[dot - 1] != '.')
        dot--;
    /* "gemini-3.5-flash.json" has no run: the dot is of a version, and "gemini-3" would be several models */
    const bool version = dot > 1 && is_digit(name[dot - 2]) && is_digit(name[dot]) && !(is_digit(name[dot + 1]) && is_digit(name[dot + 2]));
    snprintf(model, size, "%.*s", (int)(dot > 1 && !version ? dot - 1 : n), name);
}

/* "20260801_potter-agent" without its date. */
static void model_of_folder(tierce_span folder, char *model, size_t size)
{
    size_t date = 0;
    while (date < folder.len && folder.data[date] >= '0' && folder.data[date] <= '9')
        date++;
    date = date == 8 && date + 1 < folder.len && (folder.data[8] == '_' || folder.data[8] == '-')
               ? 9
               : 0;
    snprintf(model, size, "%.*s", (int)(folder.len - date), folder.data + date);
}

static bool take_json(td_sink *sink, const td_head *file, const td_node *root, td_error *error)
{
    const bool report = td_get(root, "submitted_ids"),
               experiment = !report && td_is_array(td_get(root, "resolved"));
    char model[256];
    if (report)
        model_of_report(file->name, model, sizeof model);
    else
        model_of_folder(td_folder(file->path, is_details(file) ? 1 : 2), model, sizeof model);
    if (!experiment)
        restore_slash(model);
    const char *taken = td_sink_model(sink, model); /* --model, or the array itself */
    if (taken != model)
        snprintf(model, sizeof model, "%s", taken);
    if (!*model)
        return td_fail(error,
                       "%.300s: neither the file nor its folders name the model; say it with "
                       "--model NAME",
                       file->path);
    if (report)
        return take_report(sink, root, model, error);
    if (experiment)
        return add_run(sink, root, model, file->path) || td_fail(error, "out of memory");
    return take_instances(sink, root, model, error);
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    td_error why;
    if (is_problems(file))
        return take_problems(sink, file->path, error);
    td_node *root = td_input_dom(file->path, &why);
    if (!root)
        return td_sink_bad(sink, 0, "a file that cannot be read", why.text, error);
    const bool good = take_json(sink, file, root, error);
    td_dom_free(root);
    return good;
}

/* The splits of the benchmark by the folders of the experiments: problems of another one would count as not resolved. */
static void check_split(td_sink *sink, const run *r, size_t n)
{
    static const struct {
        const char *folder;
        size_t n;
    } splits[] = {{"/lite/", 300}, {"/verified/", 500}, {"/bash-only/", 500}, {"/test/", 2294}};
    char detail[200];
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++)
        if (strstr(r->path, splits[i].folder) && n > splits[i].n) {
            snprintf(detail, sizeof detail, "%zu problems here, %zu in %s", n, splits[i].n, splits[i].folder);
            td_sink_note(sink, 0, "results of a split that has fewer problems than the file of them: those of other splits count as not resolved",
                         detail);
        }
}

/* What the experiments leave unsaid: all other problems were not resolved. */
static bool finish(td_sink *sink, td_error *error)
{
    state *s = td_sink_state(sink);
    const char *prompts = td_sink_settings(sink)->prompts;
    if (prompts && !take_problems(sink, prompts, error))
        return false;
    for (size_t i = 0; i < s->n_runs; i++) {
        const run *r = &s->runs[i];
        size_t found = 0;
        td_sink_at(sink, r->path);
        if (!s->n_ids)
            return td_fail(
                error,
                "%.300s: lists the resolved instances alone; name the file of all problems: "
                "--prompts problems.jsonl with {\"instance_id\", \"problem_statement\"} a line",
                r->path);
        for (size_t k = 0; k < s->n_ids; k++) {
            const bool resolved = td_tally_of(&r->resolved, td_span_of(s->ids[k])) > 0;
            found += resolved;
            if (!put(sink, s->ids[k], r->model, resolved, NULL, NULL, error))
                return false;
        }
        check_split(sink, r, s->n_ids);
        if (found < r->resolved.n)
            td_sink_note(sink, 0, "results that resolve instances which no problem file has",
                         r->model);
    }
    return true;
}

static void close_state(void *state_of_sink)
{
    state *s = state_of_sink;
    for (size_t i = 0; i < s->n_ids; i++)
        free(s->ids[i]);
    for (size_t i = 0; i < s->n_runs; i++) {
        free(s->runs[i].path);
        td_tally_free(&s->runs[i].resolved);
    }
    free(s->ids);
    free(s->runs);
    td_tally_free(&s->known);
}

const td_importer td_import_swebench = {
    .name = "swe-bench",
    .title = "SWE-bench reports",
    .options = "model prompts",
    .probe = probe,
    .read = read_file,
    .finish = finish,
    .state_size = sizeof(state),
    .close = close_state,
};
