/* Real corpora written as OpenAI batch files (requests, answers with usage, scores beside them) and
 * imported again: the same ids, the same bytes of messages and tools, the same scores and tokens,
 * in the same order. Costs and times have no place in a batch. Skipped where the corpora are not.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/import/import.h"

typedef struct {
    char folder[64], in[96], out[96], scores[96], records[96];
    FILE *in_file, *out_file, *scores_file;
} batch;

/* The raw text of a member of the line; empty where it has none. */
static tierce_span member(const char *line, size_t len, const char *name)
{
    td_json json;
    tierce_span key, raw, found = {"", 0};
    bool first = true;
    char *room = malloc(len);
    td_json_start(&json, line, len, room);
    td_json_enter(&json, '{');
    while (td_json_key(&json, &key, &first))
        if (td_json_skip(&json, &raw) && td_span_is(key, name))
            found = raw;
    free(room);
    return found;
}

static void put_line(batch *b, const char *line, size_t len, const td_record *r)
{
    const tierce_span id = member(line, len, "id"), messages = member(line, len, "messages"),
                      tools = member(line, len, "tools");
    fprintf(b->in_file,
            "{\"custom_id\": %.*s, \"method\": \"POST\", \"url\": \"/v1/chat/completions\", "
            "\"body\": {\"model\": \"m\", "
            "\"messages\": %.*s%s%.*s}}\n",
            (int)id.len, id.data, (int)messages.len, messages.data,
            tools.len ? ", \"tools\": " : "", (int)tools.len, tools.data);
    for (size_t i = 0; i < r->n_outcomes; i++) {
        const td_outcome *o = &r->outcomes[i];
        fprintf(b->out_file,
                "{\"id\": \"b\", \"custom_id\": %.*s, \"response\": {\"status_code\": 200, "
                "\"body\": {\"model\": \"%.*s\", "
                "\"usage\": {\"x\": 0",
                (int)id.len, id.data, (int)o->name.len, o->name.data);
        if (!isnan(o->input_tokens))
            fprintf(b->out_file, ", \"prompt_tokens\": %.17g", o->input_tokens);
        if (!isnan(o->output_tokens))
            fprintf(b->out_file, ", \"completion_tokens\": %.17g", o->output_tokens);
        fprintf(b->out_file, "}}}, \"error\": null}\n");
        fprintf(b->scores_file, "{\"id\": %.*s, \"model\": \"%.*s\", \"score\": %.17g}\n",
                (int)id.len, id.data, (int)o->name.len, o->name.data, o->score);
    }
}

static bool same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b;
}

static bool same_raw(const char *a, size_t a_len, const char *b, size_t b_len, const char *name)
{
    const tierce_span x = member(a, a_len, name), y = member(b, b_len, name);
    return x.len == y.len && !memcmp(x.data, y.data, x.len);
}

static bool same_outcomes(const td_record *a, const td_record *b)
{
    if (a->n_outcomes != b->n_outcomes)
        return false;
    for (size_t i = 0; i < a->n_outcomes; i++) {
        const td_outcome *x = &a->outcomes[i], *y = NULL;
        for (size_t k = 0; k < b->n_outcomes; k++)
            if (b->outcomes[k].name.len == x->name.len &&
                !memcmp(b->outcomes[k].name.data, x->name.data, x->name.len))
                y = &b->outcomes[k];
        if (!y || x->score != y->score || !same_number(x->input_tokens, y->input_tokens) ||
            !same_number(x->output_tokens, y->output_tokens))
            return false;
    }
    return true;
}

/* A line that is parsed, in memory of its own. */
typedef struct {
    td_lines *lines;
    td_request request;
    td_outcome outcomes[TD_MAX_OUTCOMES];
    td_record record;
    char *line;
    size_t len;
} side;

static bool step(side *s)
{
    const char *what;
    size_t where;
    td_error error;
    return s->lines && td_lines_next(s->lines, &s->line, &s->len, &error) == TD_LINE &&
           td_parse_line(&s->request, s->outcomes, &s->record, s->line, s->len, TD_WANT_RECORDS,
                         &what, &where);
}

static void close_side(side *s)
{
    td_lines_close(s->lines);
    td_request_free(&s->request);
}

/* The number of records that came back the same; *n of how many. */
static size_t compare(const char *before, const char *after, size_t *n)
{
    static side a, b;
    td_error error;
    size_t same = 0;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    a.lines = td_lines_open(before, 0, &error);
    b.lines = td_lines_open(after, 0, &error);
    for (*n = 0; step(&a); ++*n)
        same += step(&b) && same_raw(a.line, a.len, b.line, b.len, "id") &&
                same_raw(a.line, a.len, b.line, b.len, "messages") &&
                same_raw(a.line, a.len, b.line, b.len, "tools") &&
                same_outcomes(&a.record, &b.record);
    same -= step(&b); /* none may be left over */
    close_side(&a);
    close_side(&b);
    return same;
}

static void open_batch(batch *b)
{
    snprintf(b->folder, sizeof b->folder, "/tmp/tierce-roundtrip-XXXXXX");
    if (!mkdtemp(b->folder))
        exit(2);
    snprintf(b->in, sizeof b->in, "%s/in.jsonl", b->folder);
    snprintf(b->out, sizeof b->out, "%s/out.jsonl", b->folder);
    snprintf(b->scores, sizeof b->scores, "%s/scores.jsonl", b->folder);
    snprintf(b->records, sizeof b->records, "%s/records.jsonl", b->folder);
    b->in_file = fopen(b->in, "w");
    b->out_file = fopen(b->out, "w");
    b->scores_file = fopen(b->scores, "w");
    if (!b->in_file || !b->out_file || !b->scores_file)
        exit(2);
}

static bool round_trip(const char *corpus)
{
    static side s;
    batch b;
    td_error error;
    td_import_report report = {0};
    size_t n = 0;
    memset(&s, 0, sizeof s);
    open_batch(&b);
    s.lines = td_lines_open(corpus, 0, &error);
    while (step(&s))
        put_line(&b, s.line, s.len, &s.record);
    close_side(&s);
    fclose(b.in_file);
    fclose(b.out_file);
    fclose(b.scores_file);
    const char *paths[] = {b.in, b.out};
    td_import_job job = {.paths = paths, .n_paths = 2, .output = b.records, .memory = 1 << 20};
    job.settings.score_high = 1;
    job.settings.scores = b.scores;
    const bool good = td_import(&job, &report, &error);
    const size_t same = good ? compare(corpus, b.records, &n) : 0;
    printf("%s: %zu of %zu records the same%s%s\n", corpus, same, n, good ? "" : "; ",
           good ? "" : error.text);
    td_report_free(&report);
    unlink(b.in);
    unlink(b.out);
    unlink(b.scores);
    unlink(b.records);
    rmdir(b.folder);
    return good && n && same == n;
}

int main(void)
{
    static const char *const corpora[] = {"../shared/corpora/bfcl_v1.jsonl.gz",
                                          "../shared/corpora/agentdojo.jsonl.gz",
                                          "../shared/corpora/rational_cascades_9models.jsonl.gz"};
    int passed = 0, failed = 0, skipped = 0;
    for (size_t i = 0; i < sizeof corpora / sizeof *corpora; i++) {
        if (access(corpora[i], R_OK))
            skipped++;
        else if (round_trip(corpora[i]))
            passed++;
        else
            failed++;
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed != 0;
}
