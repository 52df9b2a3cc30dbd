/* Berkeley Function-Calling Leaderboard: a result file and a score file a model and category.
 *
 *   <model>/simple_result.json            {"id", "result", "input_token_count", …} a line: what was
 * answered <model>/simple_score.json             {"accuracy", "correct_count", "total_count"}, then
 * the failures alone BFCL_v3_simple.json                   {"id", "question", "function"} a line:
 * the questions
 *
 * What is in the result file and not among the failures was right. Questions stand in the
 * leaderboard's data, and otherwise only in the failures of a score file: a category whose
 * questions are not all here is refused, for records of failures alone would teach that the model
 * always fails. Nor are these questions kept without outcomes, as requests that no one scored are: they
 * have scores, and one option more gives them their records. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/bfcl_in.h"
#include "data/import/bfcl_question.h"
#include "data/import/input.h"
#include "data/import/walk.h"

static td_claim probe(const td_head *head)
{
    if (td_head_has(head, "ground_truth") && !td_head_has(head, "question"))
        return TD_NOT_MINE; /* the answers; never read */
    if (td_head_has_all(head, "id question function") ||
        td_head_has_all(head, "accuracy correct_count total_count") ||
        (td_head_has_all(head, "id result") && strstr(head->name, "_result.json")))
        return TD_MINE;
    return td_head_has_all(head, "id question") && td_name_starts(head->name, "BFCL_v")
               ? TD_MINE
               : TD_NOT_MINE;
}

/* ---- which part a file is of ---- */

/* "BFCL_v3_simple_score.json" -> "simple" */
static void category_of_file(const char *name, char category[96])
{
    if (!strncmp(name, "BFCL_v", 6) && strchr(name + 6, '_'))
        name = strchr(name + 6, '_') + 1;
    const char *end = strstr(name, "_result.json");
    end = end ? end : strstr(name, "_score.json");
    const size_t n = end ? (size_t)(end - name) : strcspn(name, ".");
    snprintf(category, 96, "%.*s", (int)(n < 95 ? n : 95), name);
}

static bool is_group(tierce_span folder)
{
    static const char *const groups[] = {"non_live", "live",       "multi_turn",        "agentic",
                                         "memory",   "web_search", "format_sensitivity"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (folder.len == strlen(groups[i]) && !memcmp(folder.data, groups[i], folder.len))
            return true;
    return false;
}

static bool open_part(td_sink *sink, const td_head *file, td_error *error)
{
    td_bfcl_state *s = td_sink_state(sink);
    char model[128], category[96];
    const char *given = td_sink_settings(sink)->model;
    tierce_span folder = td_folder(file->path, 1);
    folder = is_group(folder) ? td_folder(file->path, 2) : folder;
    snprintf(model, sizeof model, "%.*s", (int)(folder.len < 127 ? folder.len : 127), folder.len ? folder.data : "");
    if (strcmp(model, "result") && strcmp(model, "results") && strcmp(model, "score") && strcmp(model, "scores"))
        td_sink_model(sink, model);
    if (!given && !folder.len)
        return td_fail(
            error,
            "%.300s: the model is the name of the file's folder, which is not in this path; "
            "name the folder too, or say it with --model NAME",
            file->path);
    snprintf(model, sizeof model, "%.*s", given ? 127 : (int)(folder.len < 127 ? folder.len : 127),
             given ? given : folder.data);
    category_of_file(file->name, category);
    for (s->now = 0; s->now < s->n; s->now++)
        if (!strcmp(s->parts[s->now].model, model) && !strcmp(s->parts[s->now].category, category))
            return true;
    if (s->n == s->room) {
        const size_t room = s->room ? 2 * s->room : 8;
        td_bfcl_part *wider = realloc(s->parts, room * sizeof *wider);
        if (!wider)
            return td_fail(error, "out of memory");
        s->parts = wider;
        s->room = room;
    }
    td_bfcl_part *p = &s->parts[s->n];
    memset(p, 0, sizeof *p);
    memcpy(p->model, model, sizeof model);
    memcpy(p->category, category, sizeof category);
    p->path = strdup(file->path);
    s->n += p->path != NULL;
    return p->path || td_fail(error, "out of memory");
}

/* ---- results ---- */

/* A count, or the sum of the counts of several turns. Lists in lists are as deep as turns and
 * steps. */
static double count_of(const td_node *n)
{
    double sum = (double)NAN;
    if (!td_is_array(n))
        return td_quantity(n);
    for (const td_node *turn = td_first(n); turn; turn = td_next(turn)) {
        sum = td_plus(sum, td_quantity(turn));
        for (const td_node *step = td_first(turn); step; step = td_next(step))
            sum = td_plus(sum, td_quantity(step));
    }
    return sum;
}

static bool take_result(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    td_bfcl_state *s = td_sink_state(sink);
    td_bfcl_part *p = &s->parts[s->now];
    char number[32], name[160];
    tierce_span id = td_name_of(td_get(n, "id"), number);
    const char *text = td_string(td_get(n, "result"));
    if (!id.len)
        return td_sink_bad(sink, line, "a result without \"id\"", NULL, error);
    if (!td_is_string(td_get(n, "id"))) {
        snprintf(name, sizeof name, "%s_%.*s", p->category, (int)id.len, id.data);
        id = td_span_of(name);
    }
    if (p->n == p->room) {
        const size_t room = p->room ? 2 * p->room : 256;
        td_bfcl_result *wider = realloc(p->results, room * sizeof *wider);
        if (!wider)
            return td_fail(error, "out of memory");
        p->results = wider;
        p->room = room;
    }
    td_bfcl_result *r = &p->results[p->n];
    r->id = malloc(id.len + 1);
    if (!r->id)
        return td_fail(error, "out of memory");
    memcpy(r->id, id.data, id.len);
    r->id[id.len] = 0;
    p->n++;
    if (!td_tally_add(&s->answered, id))
        return td_fail(error, "out of memory");
    r->input = td_counted(count_of(td_get(n, "input_token_count")));
    r->output = td_counted(count_of(td_get(n, "output_token_count")));
    r->latency = count_of(td_get(n, "latency"));
    r->broke = text && !strncmp(text, "Error during inference", 22);
    return true;
}

/* ---- scores ---- */

static bool put_question(td_sink *sink, const td_node *question, const char *id, uint64_t line,
                         td_error *error)
{
    td_bfcl_state *s = td_sink_state(sink);
    td_row row;
    td_out *out = td_sink_buffer(sink);
    char source[160];
    td_row_start(&row);
    if (!td_bfcl_put_question(out, question)) {
        td_sink_drop(sink, line, "questions that hold no text", id);
        return true;
    }
    td_bfcl_source(source, sizeof source, id);
    row.key = td_span_of(id);
    row.source = td_span_of(source);
    row.request.data = out->at;
    row.request.len = out->len;
    row.line = line;
    return (td_tally_add(&s->asked, row.key) || td_fail(error, "out of memory")) &&
           td_sink_row(sink, &row, error);
}

static size_t whole(const td_node *n)
{
    const double v = td_number(n, 0);
    return v > 0 && v < 1e15 ? (size_t)v : 0;
}

static bool take_score(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    td_bfcl_state *s = td_sink_state(sink);
    td_bfcl_part *p = &s->parts[s->now];
    char number[32], name[40];
    if (td_get(n, "correct_count")) {
        p->scored = true;
        p->correct = whole(td_get(n, "correct_count"));
        p->total = whole(td_get(n, "total_count"));
        return true;
    }
    if (td_true(td_get(n, "valid")))
        return true;
    const td_node *prompt = td_get(n, "prompt");
    const char *own = td_string(td_get(prompt, "id"));
    tierce_span id = own ? td_span_of(own) : td_name_of(td_get(n, "id"), number);
    if (!id.len)
        return td_sink_bad(sink, line, "a failure without \"id\"", NULL, error);
    if (!own && !td_is_string(td_get(n, "id"))) { /* the first version counts from 1 */
        snprintf(name, sizeof name, "#%.*s", (int)id.len, id.data);
        id = td_span_of(name);
    }
    p->n_failed++;
    if (!td_tally_add(&p->failed, id))
        return td_fail(error, "out of memory");
    return !own || !td_get(prompt, "question") || put_question(sink, prompt, own, line, error);
}

/* ---- questions ---- */

/* A question of the leaderboard's, or a record that holds it ("bfcl_v1/simple_0"). */
static bool take_question(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    const td_bfcl_state *s = td_sink_state(sink);
    const char *id = td_string(td_get(n, "id"));
    const char *last = id ? strrchr(id, '/') : NULL;
    id = last ? last + 1 : id;
    if (!id || !*id)
        return td_sink_bad(sink, line, "a question without \"id\"", NULL, error);
    if (s->finishing && !td_tally_of(&s->answered, td_span_of(id))) /* of another category */
        return true;
    return put_question(sink, n, id, line, error);
}

/* The leaderboard's file, or records. */
static bool holds_questions(const td_head *head)
{
    return td_head_has_all(head, "id question") || td_head_has_all(head, "id messages") || td_head_has_all(head, "id prompt");
}

bool td_bfcl_read_prompts(td_sink *sink, const char *path, td_error *error)
{
    td_files files = {0};
    char *room = malloc(TD_HEAD_BYTES);
    bool good = room ? td_walk(&files, &path, 1, error) : td_fail(error, "out of memory");
    for (size_t i = 0; good && i < files.n; i++) {
        td_head head = {.by_name = files.at[i].by_name};
        const td_head_status status = td_head_read(&head, files.at[i].path, room, error);
        good = status == TD_HEAD_OK || (status == TD_HEAD_REFUSED && !head.by_name);
        if (status != TD_HEAD_OK || (!head.by_name && !holds_questions(&head)))
            continue;
        td_sink_at(sink, files.at[i].path);
        good = td_sink_lines(sink, files.at[i].path, take_question, error);
    }
    td_files_free(&files);
    free(room);
    return good;
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    if (td_head_has(file, "question"))
        return td_sink_lines(sink, file->path, take_question, error);
    if (!open_part(sink, file, error))
        return false;
    return td_sink_lines(sink, file->path,
                         td_head_has(file, "correct_count") ? take_score : take_result, error);
}

static void close_state(void *state_of_sink)
{
    td_bfcl_state *s = state_of_sink;
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; k < s->parts[i].n; k++)
            free(s->parts[i].results[k].id);
        free(s->parts[i].results);
        free(s->parts[i].path);
        td_tally_free(&s->parts[i].failed);
    }
    free(s->parts);
    td_tally_free(&s->asked);
    td_tally_free(&s->answered);
}

const td_importer td_import_bfcl = {
    .name = "bfcl",
    .title = "BFCL results and scores",
    .options = "model prompts",
    .probe = probe,
    .read = read_file,
    .finish = td_bfcl_finish,
    .state_size = sizeof(td_bfcl_state),
    .close = close_state,
};
