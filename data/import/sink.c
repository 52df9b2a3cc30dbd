#include "data/import/sink.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/sink_in.h"
#include "data/import/utf8.h"

void td_row_start(td_row *row)
{
    const double none = (double)NAN;
    memset(row, 0, sizeof *row);
    row->trials = row->outcome.score = row->outcome.cost_usd = row->outcome.latency_s = none;
    row->outcome.input_tokens = row->outcome.output_tokens = none;
    row->outcome.cached_tokens = row->outcome.cache_write_tokens = row->outcome.reasoning_tokens = none;
}

bool td_sink_open(td_sink *sink, const td_import_settings *settings, td_import_report *report,
                  size_t memory, const char *folder, size_t state_size, td_error *error)
{
    memset(sink, 0, sizeof *sink);
    sink->settings = settings;
    sink->report = report;
    sink->rows = td_sorter_open(memory, folder);
    sink->state = calloc(1, state_size ? state_size : 1);
    return ((sink->rows && sink->state) || td_fail(error, "out of memory")) &&
           td_renames_read(&sink->renames, settings->rename, error);
}

void td_sink_close(td_sink *sink)
{
    for (size_t i = 0; i < sink->n_paths; i++)
        free(sink->paths[i]);
    free(sink->paths);
    free(sink->state);
    td_renames_free(&sink->renames);
    free(sink->buffer.at);
    free(sink->row.at);
    td_sorter_close(sink->rows);
    memset(sink, 0, sizeof *sink);
}

const td_import_settings *td_sink_settings(const td_sink *sink)
{
    return sink->settings;
}

void td_sink_default_source(td_sink *sink, const char *source)
{
    sink->source = source;
}

void *td_sink_state(td_sink *sink)
{
    return sink->state;
}

td_out *td_sink_buffer(td_sink *sink)
{
    sink->buffer.len = 0;
    sink->buffer.failed = false;
    return &sink->buffer;
}

void td_sink_at(td_sink *sink, const char *path)
{
    for (size_t back = 1; back <= 4 && back <= sink->n_paths; back++)
        if (!strcmp(sink->paths[sink->n_paths - back], path)) {
            sink->file = (uint32_t)(sink->n_paths - back);
            return;
        }
    if (sink->n_paths == sink->paths_room) {
        const size_t room = sink->paths_room ? 2 * sink->paths_room : 16;
        char **wider = realloc(sink->paths, room * sizeof *wider);
        if (!wider) {
            sink->report->failed = true;
            return;
        }
        sink->paths = wider;
        sink->paths_room = room;
    }
    sink->paths[sink->n_paths] = strdup(path);
    if (!sink->paths[sink->n_paths]) {
        sink->report->failed = true;
        return;
    }
    sink->file = (uint32_t)sink->n_paths++;
}

static const char *path_now(const td_sink *sink)
{
    return sink->n_paths ? sink->paths[sink->file] : "?";
}

/* ---- problems ---- */

bool td_sink_bad(td_sink *sink, uint64_t line, const char *what, const char *detail, td_error *error)
{
    const unsigned long long most = sink->settings->max_bad;
    td_report_problem(sink->report, TD_BAD, what, sink->n_rows, path_now(sink), line, detail);
    if (++sink->report->bad <= most)
        return true;
    char place[24] = "";
    if (line)
        snprintf(place, sizeof place, ":%llu", (unsigned long long)line);
    if (!most)
        return td_fail(error, "%.300s%s: %s%s%.200s (stopped at the first bad row; --max-bad N skips up to N)",
                       path_now(sink), place, what, detail ? ": " : "", detail ? detail : "");
    return td_fail(error, "%llu bad rows, more than --max-bad %llu allows; the last: %.300s%s: %s%s%.200s",
                   (unsigned long long)sink->report->bad, most, path_now(sink), place, what,
                   detail ? ": " : "", detail ? detail : "");
}

bool td_sink_not_utf8(td_sink *sink, uint64_t line, const char *text, size_t len, bool *good, td_error *error)
{
    const size_t at = td_not_utf8(text, len);
    char detail[80];
    if (!at)
        return false;
    td_not_utf8_detail(text, at, detail, sizeof detail);
    *good = td_sink_bad(sink, line, TD_NOT_UTF8, detail, error);
    return true;
}

bool td_sink_json_not_utf8(td_sink *sink, uint64_t line, const char *json, size_t len, bool *good, td_error *error)
{
    const char *what;
    const size_t at = td_json_not_utf8(json, len, &what);
    char detail[80];
    if (!at)
        return false;
    td_not_utf8_detail(json, at, detail, sizeof detail);
    *good = td_sink_bad(sink, line, what, detail, error);
    return true;
}

void td_sink_drop(td_sink *sink, uint64_t line, const char *what, const char *detail)
{
    td_report_problem(sink->report, TD_DROPPED, what, sink->n_rows, path_now(sink), line, detail);
}

void td_sink_note(td_sink *sink, uint64_t line, const char *what, const char *detail)
{
    td_report_problem(sink->report, TD_NOTE, what, sink->n_rows, path_now(sink), line, detail);
}

/* ---- what there is to choose from ---- */

void td_sink_offer(td_sink *sink, td_offer_kind kind, const char *name)
{
    if (kind == TD_OFFER_METRIC ? sink->settings->metric : sink->settings->scorer)
        td_offer(&sink->offers[kind], name);
}

void td_sink_offer_keys(td_sink *sink, td_offer_kind kind, const td_node *object)
{
    if (kind == TD_OFFER_METRIC ? sink->settings->metric : sink->settings->scorer)
        for (const td_node *n = td_is_object(object) ? td_first(object) : NULL; n; n = td_next(n))
            td_offer(&sink->offers[kind], td_key(n));
}

const char *td_sink_model(td_sink *sink, const char *own)
{
    if (!sink->settings->model)
        return own;
    td_offer(&sink->own_models, own);
    return sink->settings->model;
}

/* ---- keys ---- */

/* Two independent 64-bit hashes of the bytes. */
static void hash_bytes(uint64_t hash[2], const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        hash[0] = (hash[0] ^ (uint8_t)bytes[i]) * 0x100000001b3u;
        hash[1] = (hash[1] + (uint8_t)bytes[i] + 1) * 0x9e3779b97f4a7c15u;
        hash[1] ^= hash[1] >> 29;
    }
}

static void mix(uint64_t hash[2])
{
    for (int i = 0; i < 2; i++) {
        hash[i] ^= hash[i] >> 32;
        hash[i] *= 0xd6e8feb86659fd93u;
        hash[i] ^= hash[i] >> 32;
    }
}

void td_key_of(char hex[33], const char *bytes, size_t len)
{
    uint64_t hash[2] = {0xcbf29ce484222325u, 0x243f6a8885a308d3u};
    hash_bytes(hash, bytes, len);
    mix(hash);
    snprintf(hex, 33, "%016llx%016llx", (unsigned long long)hash[0], (unsigned long long)hash[1]);
}

/* Rows with an id of their own join by it, all others by source and key. */
static td_sort_key sort_key(const td_sink *sink, const td_row *row)
{
    uint64_t hash[2] = {0xcbf29ce484222325u, 0x243f6a8885a308d3u};
    if (row->id.len) {
        hash_bytes(hash, row->id.data, row->id.len);
    } else {
        hash_bytes(hash, row->source.data, row->source.len);
        hash_bytes(hash, "", 1);
        hash_bytes(hash, row->key.data, row->key.len);
    }
    mix(hash);
    const td_sort_key key = {{hash[0], hash[1], sink->n_rows}};
    return key;
}

/* ---- rows ---- */

/* The model's name as it shall be called; false with the error where two models would get one name. */
static bool rename_model(td_sink *sink, const td_row *row, tierce_span *model, td_error *error)
{
    const td_rename *clash;
    char place[24] = "";
    if (td_renamed(&sink->renames, model, &clash))
        return true;
    if (row->line)
        snprintf(place, sizeof place, ":%llu", (unsigned long long)row->line);
    const int from = (int)(clash->from.len < 100 ? clash->from.len : 100), to = (int)(clash->to.len < 100 ? clash->to.len : 100);
    return td_fail(error, "%.300s%s: --rename %.*s=%.*s: a model here is called \"%.*s\" itself, and the two would be "
                          "averaged into one; choose another name, or, where they are the same model, say so: "
                          "--rename %.*s=%.*s,%.*s=%.*s",
                   path_now(sink), place, from, clash->from.data, to, clash->to.data, to, clash->to.data, from,
                   clash->from.data, to, clash->to.data, to, clash->to.data, to, clash->to.data);
}

/* Is the row damaged, as its score is outside of the range that the user gave? Where the range is the default, that is
 * judged when all scores are seen (sink_finish.c). *good: false where the import ends. */
static bool is_outside(td_sink *sink, const td_row *row, bool *good, td_error *error)
{
    const double low = sink->settings->score_low, high = sink->settings->score_high, score = row->outcome.score;
    char detail[250], key[90] = "";
    if (!sink->settings->score_said || row->is_share || isnan(score) || (score >= low && score <= high))
        return false;
    const tierce_span name = row->outcome.name, id = row->id.len ? row->id : row->key;
    if (!row->line)
        snprintf(key, sizeof key, ", key \"%.*s\"", (int)(id.len < 70 ? id.len : 70), id.data);
    snprintf(detail, sizeof detail, "%.6g%s%.*s%s is not within %.6g..%.6g%s", score, name.len ? " of \"" : "",
             (int)(name.len < 80 ? name.len : 80), name.len ? name.data : "", name.len ? "\"" : "", low, high, key);
    *good = td_sink_bad(sink, row->line, "a score outside of the range that --score-range says", detail, error);
    return true;
}

/* The score mapped to 0..1; NaN after a count when it cannot be. */
static double mapped(td_sink *sink, const td_row *row, td_scale *scale)
{
    const double low = sink->settings->score_low, high = sink->settings->score_high;
    double score = row->outcome.score;
    char detail[64];
    if (isnan(score))
        return score;
    if (row->is_share)
        return row->lower_is_better ? 1 - score : score;
    snprintf(detail, sizeof detail, "%.6g", score);
    if (!td_scale_look(scale, score, low, high, sink->file, row->line)) {
        td_sink_drop(sink, row->line,
                     "score outside the range of scores (--score-range LOW:HIGH says another)", detail);
        return (double)NAN;
    }
    score = (score - low) / (high - low);
    return row->lower_is_better ? 1 - score : score;
}

/* A count or an amount that cannot be is not known. */
static double checked(td_sink *sink, const td_row *row, double v)
{
    if (!isnan(v) && !(v >= 0 && isfinite(v))) {
        char detail[64];
        snprintf(detail, sizeof detail, "%.6g", v);
        td_sink_note(sink, row->line, "a negative or infinite cost, token count or latency was left out", detail);
        return (double)NAN;
    }
    return v + 0.0; /* no -0 */
}

/* Parts that are more than the whole: a harness that counts them apart, or columns that were mixed up. */
static void check_tokens(td_sink *sink, const td_row *row, const double n[TD_NUMBERS])
{
    char detail[200];
    const double read = isnan(n[TD_CACHED]) ? 0 : n[TD_CACHED], written = isnan(n[TD_CACHE_WRITE]) ? 0 : n[TD_CACHE_WRITE];
    if (read + written > n[TD_INPUT] || n[TD_REASONING] > n[TD_OUTPUT]) {
        snprintf(detail, sizeof detail, "input %.6g, of which cached %.6g and written %.6g; output %.6g, of which reasoning %.6g", n[TD_INPUT],
                 n[TD_CACHED], n[TD_CACHE_WRITE], n[TD_OUTPUT], n[TD_REASONING]);
        td_sink_note(sink, row->line, "token counts that contradict each other: cached or reasoning ones are more than all", detail);
    }
}

static void put_row(td_sink *sink, const td_row *row, tierce_span model, td_scale *scale)
{
    td_stored s = {0};
    const td_outcome *o = &row->outcome;
    const tierce_span text[TD_TEXTS] = {row->key,     row->id, row->source, row->workload,
                                        row->request, model,   row->trial};
    const double number[TD_NUMBERS] = {0,
                                       o->cost_usd,
                                       o->input_tokens,
                                       o->output_tokens,
                                       o->latency_s,
                                       o->cached_tokens,
                                       o->cache_write_tokens,
                                       o->reasoning_tokens};
    for (int i = 1; i < TD_NUMBERS; i++)
        s.number[i] = checked(sink, row, number[i]);
    check_tokens(sink, row, s.number);
    s.number[TD_SCORE] = mapped(sink, row, scale);
    s.trials = isnan(row->trials) ? 1 : row->trials;
    s.line = row->line;
    s.file = sink->file;
    s.one_run = row->one_run;
    s.one_request = row->one_request;
    s.label = row->label;
    s.missing = row->missing;
    for (int i = 0; i < TD_TEXTS; i++)
        s.len[i] = (uint32_t)text[i].len;
    sink->row.len = 0;
    td_put(&sink->row, (const char *)&s, sizeof s);
    for (int i = 0; i < TD_TEXTS; i++)
        td_put(&sink->row, text[i].data, text[i].len);
}

/* Who answered, and whom a file of scores names: a slip of the pen there would be a model of its own. */
static void note_whose(td_sink *sink, const td_row *row, td_model_report *of)
{
    sink->nameless_failure = sink->nameless_failure || (!of && row->missing);
    if (of && !row->label) {
        of->answered = true;
    } else if (of) {
        if (!of->labels++) {
            of->labelled = true;
            of->label_file = sink->file;
            of->label_line = row->line;
        }
    }
}

/* Is a name of the row no text? Of what files hold this was seen where they were read; a file's or folder's own name is
 * any bytes, and two models or sources that differ in those alone would be one. */
static const char *odd_name(const td_row *row)
{
    const tierce_span names[] = {row->outcome.name, row->source, row->workload, row->key, row->id};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].len && td_not_utf8(names[i].data, names[i].len))
            return i ? "a source or id that is not UTF-8 (of a file's or folder's name? rename it)"
                     : "a model's name that is not UTF-8 (of a file or folder? rename it)";
    return NULL;
}

bool td_sink_row(td_sink *sink, const td_row *row, td_error *error)
{
    const char *odd = odd_name(row);
    bool good = true;
    if (odd)
        return td_sink_bad(sink, row->line, odd, NULL, error);
    if (is_outside(sink, row, &good, error))
        return good;
    if (!row->key.len && !row->id.len)
        return td_sink_bad(sink, row->line, "a row without the key that tells its request", NULL, error);
    if (row->request.len > TD_MAX_LINE || row->key.len > TD_MAX_LINE)
        return td_sink_bad(sink, row->line, "a request of more than 256 MiB", NULL, error);
    tierce_span model = row->outcome.name;
    if (!rename_model(sink, row, &model, error))
        return false;
    td_model_report *of = model.len ? td_report_model(sink->report, model.data, model.len) : NULL;
    if (model.len && !of)
        return td_fail(error, "out of memory for the models, or more than 4096 of them");
    note_whose(sink, row, of);
    put_row(sink, row, model, of ? &of->scale : &sink->nameless);
    if (sink->row.failed || sink->buffer.failed || sink->report->failed)
        return td_fail(error, "out of memory");
    const td_sort_key key = sort_key(sink, row);
    sink->n_rows++;
    sink->report->rows += !row->more;
    return td_sorter_add(sink->rows, key, sink->row.at, sink->row.len, error);
}
