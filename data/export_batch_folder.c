#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/export.h"
#include "data/folder.h"
#include "data/names.h"
#include "data/record_keys.h"

typedef struct {
    char stem[TD_STEM];
    td_writer *out;
} tier_file;

typedef struct {
    td_export_report *report;
    const char *model;
    td_folder *folder;
    td_writer *requests, *scores;
    td_names tiers;
    tier_file *files;
    size_t room, n_files;
    td_out line, strings;
} exporter;

static bool carries(tierce_span key)
{
    return td_is_request_key(key) || td_span_is(key, "source") || td_span_is(key, "workload") || td_span_is(key, "outcomes");
}

static const char *stem_at(const void *context, size_t k)
{
    return ((const exporter *)context)->files[k].stem;
}

/* The tier's file, opened when its first answer comes. */
static td_writer *file_of(exporter *x, tierce_span name, td_error *error)
{
    const size_t t = td_name_number(&x->tiers, name);
    char file[TD_STEM + 24];
    if (t != TD_NO_NAME && t < x->n_files)
        return x->files[t].out;
    if (t != TD_NO_NAME && t >= x->room) {
        tier_file *wider = realloc(x->files, (t + 1) * 2 * sizeof *wider);
        if (wider) {
            x->files = wider;
            x->room = (t + 1) * 2;
        }
    }
    if (t == TD_NO_NAME || t >= x->room) {
        td_fail(error, "out of memory");
        return NULL;
    }
    td_stem_of(x->files[t].stem, x->tiers.name[t], stem_at, x, t);
    snprintf(file, sizeof file, "out-%s.jsonl", x->files[t].stem);
    x->files[t].out = td_folder_file(x->folder, file, error);
    x->n_files = t + 1;
    return x->files[t].out;
}

static void put_number(td_out *line, const char *before, const char *key, double v, bool *first)
{
    if (isnan(v))
        return;
    td_puts(line, *first ? before : ", ");
    td_puts(line, "\"");
    td_puts(line, key);
    td_puts(line, "\": ");
    td_put_exact(line, v);
    *first = false;
}

/* OpenAI's meaning: prompt_tokens hold what was cached, completion_tokens the reasoning; as ours do. */
static void put_usage(td_out *line, const td_outcome *o)
{
    bool first = true, in = true, out = true;
    td_puts(line, ", \"usage\": {");
    put_number(line, "", "prompt_tokens", o->input_tokens, &first);
    put_number(line, "", "completion_tokens", o->output_tokens, &first);
    const char *details = first ? "\"prompt_tokens_details\": {" : ", \"prompt_tokens_details\": {";
    put_number(line, details, "cached_tokens", o->cached_tokens, &in);
    put_number(line, details, "cache_write_tokens", o->cache_write_tokens, &in);
    td_puts(line, in ? "" : "}");
    first = first && in;
    put_number(line, first ? "\"completion_tokens_details\": {" : ", \"completion_tokens_details\": {",
               "reasoning_tokens", o->reasoning_tokens, &out);
    td_puts(line, out ? "}" : "}}");
}

static void put_answer(td_out *line, const td_record *r, const td_outcome *o)
{
    line->len = 0;
    td_puts(line, "{\"custom_id\": ");
    td_put_json(line, r->id.data, r->id.len);
    td_puts(line, ", \"response\": {\"status_code\": 200, \"body\": {\"object\": \"chat.completion\", \"model\": ");
    td_put_json(line, o->name.data, o->name.len);
    put_usage(line, o);
    td_puts(line, "}}, \"error\": null}\n");
}

static void put_label(td_out *line, const char *key, tierce_span label)
{
    td_puts(line, key);
    if (label.len)
        td_put_json(line, label.data, label.len);
    else
        td_puts(line, "null");
}

static void put_score(td_out *line, const td_record *r, const td_outcome *o, double trials, bool labels)
{
    bool first = false;
    line->len = 0;
    td_puts(line, "{\"custom_id\": ");
    td_put_json(line, r->id.data, r->id.len);
    td_puts(line, ", \"model\": ");
    td_put_json(line, o->name.data, o->name.len);
    put_number(line, "", "score", o->score, &first);
    put_number(line, "", "cost_usd", o->cost_usd, &first);
    put_number(line, "", "latency_s", o->latency_s, &first);
    if (trials > 1)
        put_number(line, "", "trials", trials, &first);
    if (labels) {
        put_label(line, ", \"source\": ", r->source);
        put_label(line, ", \"workload\": ", r->workload);
    }
    td_puts(line, "}\n");
}

static bool put_line(exporter *x, td_writer *to, td_error *error)
{
    return to && (x->line.failed ? td_fail(error, "out of memory") : td_writer_put(to, x->line.at, x->line.len, error));
}

static bool put_record(void *context, const td_record *r, td_error *error)
{
    exporter *x = context;
    td_member top[TD_EXPORT_KEYS];
    double trials[TD_MAX_OUTCOMES];
    const size_t n = td_export_members(r, top, &x->strings, 2, error);
    bool good = n && td_export_request(x->report, r, top, n, x->model, &x->line, error) && put_line(x, x->requests, error);
    if (good) {
        td_export_lost(x->report, r, top, n, &x->strings, carries);
        td_export_trials(r, top, n, &x->strings, trials);
    }
    for (size_t i = 0; good && i < r->n_outcomes; i++) {
        put_answer(&x->line, r, &r->outcomes[i]);
        good = put_line(x, file_of(x, r->outcomes[i].name, error), error);
        put_score(&x->line, r, &r->outcomes[i], trials[i], i == 0);
        good = good && put_line(x, x->scores, error);
    }
    return good;
}

static bool finish(exporter *x, bool good, td_error *error)
{
    good = td_writer_end(x->requests, good, error) && good;
    good = td_writer_end(x->scores, good, error) && good;
    for (size_t t = 0; t < x->n_files; t++)
        good = td_writer_end(x->files[t].out, good, error) && good;
    if (good)
        return td_folder_commit(x->folder, error);
    td_folder_abort(x->folder);
    return false;
}

bool td_export_batch_folder(td_files *files, const char *model, const char *dir, td_export_report *report,
                            td_error *error)
{
    exporter x = {.report = report, .model = model};
    memset(report, 0, sizeof *report);
    x.folder = td_folder_open(dir, error);
    x.requests = x.folder ? td_folder_file(x.folder, "in.jsonl", error) : NULL;
    x.scores = x.requests ? td_folder_file(x.folder, "scores.jsonl", error) : NULL;
    bool good = x.scores && td_each_record(files, TD_WANT_RECORDS, put_record, &x, error) &&
                td_some_records(report->records, error);
    good = finish(&x, good, error);
    report->files = x.n_files;
    td_names_free(&x.tiers);
    free(x.files);
    free(x.line.at);
    free(x.strings.at);
    return good;
}
