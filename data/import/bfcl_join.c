/* BFCL's results and scores together: what was answered and is not among the failures was right. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/bfcl_in.h"
#include "data/import/bfcl_question.h"

static bool has_failed(const td_bfcl_part *p, size_t i)
{
    char name[40];
    snprintf(name, sizeof name, "#%zu", i + 1);
    return td_tally_of(&p->failed, td_span_of(p->results[i].id)) ||
           td_tally_of(&p->failed, td_span_of(name));
}

static bool put_part(td_sink *sink, const td_bfcl_part *p, td_error *error)
{
    bool good = true;
    for (size_t i = 0; good && i < p->n; i++) {
        const td_bfcl_result *r = &p->results[i];
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
static void compare(td_sink *sink, const td_bfcl_part *p)
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

static size_t unasked(const td_bfcl_state *s, const td_bfcl_part *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += !td_tally_of(&s->asked, td_span_of(p->results[i].id));
    return n;
}

/* One model's results of one category: its rows, or why there are none. */
static bool finish_part(td_sink *sink, const td_bfcl_part *p, size_t without, size_t *written, td_error *error)
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
static bool refuse(const td_bfcl_state *s, const td_bfcl_part *lacking, td_error *error)
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

bool td_bfcl_finish(td_sink *sink, td_error *error)
{
    td_bfcl_state *s = td_sink_state(sink);
    const char *prompts = td_sink_settings(sink)->prompts;
    const td_bfcl_part *lacking = NULL;
    size_t written = 0;
    s->finishing = true;
    if (prompts && !td_bfcl_read_prompts(sink, prompts, error))
        return false;
    for (size_t i = 0; i < s->n; i++) {
        const td_bfcl_part *p = &s->parts[i];
        const size_t without = unasked(s, p);
        lacking = !lacking && p->scored && without ? p : lacking;
        if (!finish_part(sink, p, without, &written, error))
            return false;
    }
    return written || !s->n || refuse(s, lacking, error);
}
