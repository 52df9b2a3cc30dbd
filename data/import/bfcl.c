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

#include "data/import/bfcl_question.h"
#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pieces.h"
#include "data/import/walk.h"

typedef struct {
    char *id;
    double input, output, latency;
    bool broke; /* the call itself failed */
} result;

/* One model's results of one category, from two files. */
typedef struct {
    char model[128], category[96];
    char *path; /* of the first of them */
    result *results;
    size_t n, room;
    td_tally failed;
    size_t n_failed, correct, total;
    bool scored;
} part;

typedef struct {
    part *parts;
    size_t n, room;
    size_t now;     /* index of the part whose file is being read */
    td_tally asked; /* ids whose question was given */
    td_tally answered;
    bool finishing;
} state;

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
    state *s = td_sink_state(sink);
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
        part *wider = realloc(s->parts, room * sizeof *wider);
        if (!wider)
            return td_fail(error, "out of memory");
        s->parts = wider;
        s->room = room;
    }
    part *p = &s->parts[s->n];
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
    state *s = td_sink_state(sink);
    part *p = &s->parts[s->now];
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
        result *wider = realloc(p->results, room * sizeof *wider);
        if (!wider)
            return td_fail(error, "out of memory");
        p->results = wider;
        p->room = room;
    }
    result *r = &p->results[p->n];
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
    state *s = td_sink_state(sink);
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
    state *s = td_sink_state(sink);
    part *p = &s->parts[s->now];
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
    const state *s = td_sink_state(sink);
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

static bool read_prompts(td_sink *sink, const char *path, td_error *error)
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

/* ---- both together ---- */

static bool has_failed(const part *p, size_t i)
{
    char name[40];
    snprintf(name, sizeof name, "#%zu", i + 1);
    return td_tally_of(&p->failed, td_span_of(p->results[i].id)) ||
           td_tally_of(&p->failed, td_span_of(name));
}

static bool put_part(td_sink *sink, const part *p, td_error *error)
{
    bool good = true;
    for (size_t i = 0; good && i < p->n; i++) {
        const result *r = &p->results[i];
        char source[160];
        td_row row;
        td_row_start(&row);
        td_bfcl_source(source, sizeof source, r->id);
        row.key = td_span_of(r->id);
        row.source = td_span_of(source);
        row.outcome.name = td_span_of(p->model);
        row.is_share = true;
        row.line = i + 1;
        if (r->broke) {
            row.missing = "calls that failed before the model answered";
        } else {
            row.outcome.score = has_failed(p, i) ? 0 : 1;
            row.outcome.input_tokens = r->input;
            row.outcome.output_tokens = r->output;
            row.outcome.latency_s = r->latency;
        }
        good = td_sink_row(sink, &row, error);
    }
    return good;
}

/* The score file's own count must be ours. */
static void compare(td_sink *sink, const part *p)
{
    size_t failed = 0;
    char detail[160];
    for (size_t i = 0; i < p->n; i++)
        failed += has_failed(p, i);
    if (p->n - failed == p->correct && p->n == p->total)
        return;
    snprintf(detail, sizeof detail, "%zu of %zu by the results, %zu of %zu it says", p->n - failed,
             p->n, p->correct, p->total);
    td_sink_note(sink, 1, "score files whose count is not that of the results", detail);
}

static size_t unasked(const state *s, const part *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += !td_tally_of(&s->asked, td_span_of(p->results[i].id));
    return n;
}

/* One model's results of one category: its rows, or why there are none. */
static bool finish_part(td_sink *sink, const part *p, size_t without, size_t *written, td_error *error)
{
    char detail[400];
    td_sink_at(sink, p->path);
    if (!p->scored || !p->n) {
        td_sink_drop(sink, 0,
                     p->n ? "result files without their score file (name the folder of both)"
                          : "score files without their result file (name the folder of both)",
                     p->category);
        return true;
    }
    if (without) {
        snprintf(detail, sizeof detail, "%zu of the %zu questions of %s; %.80s was right in %zu of %zu", without,
                 p->n, p->category, p->model, p->correct, p->total);
        td_sink_drop(sink, 0, "categories whose questions are not all here (--prompts PATH gives them)", detail);
        return true;
    }
    compare(sink, p);
    ++*written;
    return put_part(sink, p, error);
}

/* Nothing can be learnt from these files alone: what is lacking, and the option that gives it. */
static bool refuse(const state *s, const part *lacking, td_error *error)
{
    char categories[200] = "";
    size_t used = 0;
    for (size_t i = 0; lacking && i < s->n && used < sizeof categories - 1; i++) {
        bool again = !unasked(s, &s->parts[i]);
        for (size_t k = 0; k < i; k++)
            again = again || !strcmp(s->parts[k].category, s->parts[i].category);
        if (!again)
            used += (size_t)snprintf(categories + used, sizeof categories - used, "%s%s", used ? ", " : "",
                                     s->parts[i].category);
    }
    if (!lacking)
        return td_fail(error,
                       "%.200s: results and scores stand in two files, and only one of them is here; name "
                       "the folder that has both",
                       s->parts[0].path);
    return td_fail(error,
                   "%.200s: %zu of its %zu questions are in none of the files: score files print only those that "
                   "failed, and records of failures alone would teach that %.80s always fails. The questions of "
                   "%s come with one option more: --prompts PATH (the leaderboard's question files, "
                   "BFCL_v3_<category>.json; their folder; or records that hold them)",
                   lacking->path, unasked(s, lacking), lacking->n, lacking->model, categories);
}

static bool finish(td_sink *sink, td_error *error)
{
    state *s = td_sink_state(sink);
    const char *prompts = td_sink_settings(sink)->prompts;
    const part *lacking = NULL;
    size_t written = 0;
    s->finishing = true;
    if (prompts && !read_prompts(sink, prompts, error))
        return false;
    for (size_t i = 0; i < s->n; i++) {
        const part *p = &s->parts[i];
        const size_t without = unasked(s, p);
        lacking = !lacking && p->scored && without ? p : lacking;
        if (!finish_part(sink, p, without, &written, error))
            return false;
    }
    return written || !s->n || refuse(s, lacking, error);
}

static void close_state(void *state_of_sink)
{
    state *s = state_of_sink;
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
    .finish = finish,
    .state_size = sizeof(state),
    .close = close_state,
};
