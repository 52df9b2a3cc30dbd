/* Rows that share a key become one record. The rows come sorted by key and order of arrival; records
 * are sorted back into the order in which their keys first came. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/sink_in.h"
#include "data/record.h"

#define MAX_TRIALS 65536

typedef struct {
    uint64_t name; /* hash of the trial's name */
    double sum[TD_NUMBERS];
    uint32_t n[TD_NUMBERS];
    double score; /* the first, to tell repeats from conflicts */
    uint32_t file;
    uint64_t line;
} trial;

/* What one model made of the request. */
typedef struct {
    char *model;
    size_t len, room;
    const char *missing;
    uint32_t file;
    uint64_t line, order;
    trial *trials;
    size_t n_trials, trials_room;
} slot;

typedef struct {
    td_sink *sink;
    td_sorter *records;
    td_error *error;
    td_out text[TD_TEXTS]; /* of the group: its first non-empty ones */
    uint64_t first_row;
    td_stored first;
    bool any, differs;
    slot slots[TD_MAX_OUTCOMES + 1]; /* 0: rows without a model */
    size_t n_slots;
    td_out line;
    td_request request;
    td_outcome outcomes[TD_MAX_OUTCOMES];
} join;

static const char *path_of(const join *j, uint32_t file)
{
    return file < j->sink->n_paths ? j->sink->paths[file] : "?";
}

/* ---- taking rows ---- */

static slot *find_slot(join *j, const char *model, size_t len)
{
    for (size_t i = 0; i < j->n_slots; i++)
        if (j->slots[i].len == len && !memcmp(j->slots[i].model ? j->slots[i].model : "", model, len))
            return &j->slots[i];
    if (j->n_slots == TD_MAX_OUTCOMES + 1)
        return NULL;
    slot *s = &j->slots[j->n_slots];
    if (len + 1 > s->room) {
        char *wider = realloc(s->model, len + 1);
        if (!wider)
            return NULL;
        s->model = wider;
        s->room = len + 1;
    }
    memcpy(s->model, model, len);
    s->model[len] = 0;
    s->len = len;
    s->missing = NULL;
    s->n_trials = 0;
    j->n_slots++;
    return s;
}

static uint64_t hash_name(const char *name, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 0x100000001b3u;
    return h ^ h >> 31;
}

static trial *find_trial(slot *s, const td_stored *row, const char *name, bool *no_memory)
{
    const uint64_t h = hash_name(name, row->len[TD_TRIAL]);
    for (size_t i = 0; i < s->n_trials; i++)
        if (s->trials[i].name == h)
            return &s->trials[i];
    if (s->n_trials == s->trials_room) {
        const size_t room = s->trials_room ? 2 * s->trials_room : 4;
        trial *wider = s->n_trials < MAX_TRIALS ? realloc(s->trials, room * sizeof *wider) : NULL;
        if (!wider) {
            *no_memory = true;
            return NULL;
        }
        s->trials = wider;
        s->trials_room = room;
    }
    trial *t = &s->trials[s->n_trials++];
    memset(t, 0, sizeof *t);
    t->name = h;
    t->file = row->file;
    t->line = row->line;
    return t;
}

/* The score of a trial that has one already. */
static bool duplicate(join *j, const slot *s, const trial *t, const td_stored *row, uint64_t number)
{
    const td_duplicates mode = j->sink->settings->duplicates;
    const double score = row->number[TD_SCORE];
    char detail[500], line[24] = "";
    if (t->line)
        snprintf(line, sizeof line, ":%llu", (unsigned long long)t->line);
    snprintf(detail, sizeof detail, "model \"%.100s\": %.6g; %.200s%s has %.6g", s->model, score,
             path_of(j, t->file), line, t->score);
    if (score == t->score) {
        td_report_problem(j->sink->report, TD_DUPLICATE, "the same score twice for a request and model; kept once", number,
                          path_of(j, row->file), row->line, detail);
        return true;
    }
    if (mode == TD_DUPLICATES_ERROR)
        return td_fail(j->error, "%.200s:%llu: conflicting scores of one request: %s; --duplicates "
                                 "average or first accepts them",
                       path_of(j, row->file), (unsigned long long)row->line, detail);
    if (mode == TD_DUPLICATES_UNSAID && row->one_run && row->file == t->file)
        return td_fail(j->error, "%.200s:%llu: mixed models or runs in one file: %s; --duplicates average "
                                 "takes them for runs of one model",
                       path_of(j, row->file), (unsigned long long)row->line, detail);
    td_report_problem(j->sink->report, TD_DUPLICATE,
                      mode == TD_DUPLICATES_FIRST
                          ? "conflicting scores of a request and model; the first was kept"
                          : "conflicting scores of a request and model; averaged",
                      number, path_of(j, row->file), row->line, detail);
    return true;
}

static bool take_outcome(join *j, const td_stored *row, const char *model, const char *trial_name,
                         uint64_t number)
{
    bool no_memory = false, any = row->missing != NULL;
    for (int i = 0; i < TD_NUMBERS; i++)
        any = any || !isnan(row->number[i]);
    if (!any && !row->len[TD_MODEL]) /* only a request */
        return true;
    slot *s = find_slot(j, model, row->len[TD_MODEL]);
    if (!s)
        return td_fail(j->error, "%.300s:%llu: more than %d models of one request", path_of(j, row->file),
                       (unsigned long long)row->line, TD_MAX_OUTCOMES);
    if (row->missing && !s->missing) {
        s->missing = row->missing;
        s->file = row->file;
        s->line = row->line;
        s->order = number;
    }
    trial *t = find_trial(s, row, trial_name, &no_memory);
    if (!t)
        return td_fail(j->error, "%.300s:%llu: more than %d trials of one request", path_of(j, row->file),
                       (unsigned long long)row->line, MAX_TRIALS);
    if (!isnan(row->number[TD_SCORE]) && t->n[TD_SCORE] && !duplicate(j, s, t, row, number))
        return false;
    if (!t->n[TD_SCORE]) {
        t->score = row->number[TD_SCORE];
        t->file = row->file;
        t->line = row->line;
    }
    for (int i = 0; i < TD_NUMBERS; i++)
        if (!isnan(row->number[i]) && (!t->n[i] || j->sink->settings->duplicates != TD_DUPLICATES_FIRST)) {
            t->sum[i] += row->number[i];
            t->n[i]++;
        }
    return true;
}

static bool take_row(join *j, const td_stored *row, const char *text, uint64_t number)
{
    if (!j->any) {
        j->any = true;
        j->first = *row;
        j->first_row = number;
    }
    const char *at[TD_TEXTS];
    for (int i = 0; i < TD_TEXTS; text += row->len[i], i++) {
        at[i] = text;
        if (i <= TD_REQUEST && !j->text[i].len)
            td_put(&j->text[i], text, row->len[i]);
    }
    const td_out *request = &j->text[TD_REQUEST];
    if (row->len[TD_REQUEST] && (row->len[TD_REQUEST] != request->len ||
                                 memcmp(at[TD_REQUEST], request->at, request->len)) && !j->differs) {
        j->differs = true;
        td_report_problem(j->sink->report, TD_NOTE,
                          "records whose models saw different requests (another template?); the first is kept",
                          number, path_of(j, row->file), row->line, NULL);
    }
    return take_outcome(j, row, at[TD_MODEL], at[TD_TRIAL], number);
}

/* ---- writing records ---- */

/* As few digits as tell the number apart. */
static void put_exact(td_out *out, double v)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits += 2) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    td_puts(out, text);
}

/* Means over the trials that know the number; NaN where none does. */
static void average(const slot *s, double number[TD_NUMBERS], uint32_t *scored)
{
    for (int i = 0; i < TD_NUMBERS; i++) {
        double sum = 0;
        uint32_t n = 0;
        for (size_t t = 0; t < s->n_trials; t++)
            if (s->trials[t].n[i]) {
                sum += s->trials[t].sum[i] / s->trials[t].n[i];
                n++;
            }
        number[i] = n ? sum / n : (double)NAN;
        if (i == TD_SCORE)
            *scored = n;
    }
}

static void put_outcome(td_out *out, const slot *s, const double number[TD_NUMBERS], uint32_t scored)
{
    static const char *const names[TD_NUMBERS] = {"score",         "cost_usd",  "input_tokens",
                                                  "output_tokens", "latency_s", "cached_tokens",
                                                  "cache_write_tokens", "reasoning_tokens"};
    bool first = true;
    td_put_json(out, s->model, s->len);
    td_puts(out, ": {");
    for (int i = 0; i < TD_NUMBERS; i++) {
        if (isnan(number[i]))
            continue;
        td_puts(out, first ? "\"" : ", \"");
        td_puts(out, names[i]);
        td_puts(out, "\": ");
        put_exact(out, number[i]);
        first = false;
    }
    if (scored > 1) {
        td_puts(out, ", \"trials\": ");
        put_exact(out, scored);
    }
    td_puts(out, "}");
}

/* source/key, or the id that the file gave; a very long key by its hash. */
static void put_id(join *j, td_out *out)
{
    td_out id = {0};
    if (j->text[TD_ID].len) {
        td_put_json(out, j->text[TD_ID].at, j->text[TD_ID].len);
        return;
    }
    td_put(&id, j->text[TD_SOURCE].at, j->text[TD_SOURCE].len);
    td_puts(&id, "/");
    if (j->text[TD_KEY].len > 200) {
        char hex[33];
        td_key_of(hex, j->text[TD_KEY].at, j->text[TD_KEY].len);
        td_puts(&id, hex);
    } else {
        td_put(&id, j->text[TD_KEY].at, j->text[TD_KEY].len);
    }
    td_put_json(out, id.at, id.len);
    out->failed = out->failed || id.failed;
    free(id.at);
}

static void put_label(td_out *out, const char *name, const char *given, const td_out *own)
{
    const size_t n = given ? strlen(given) : own->len;
    if (!n)
        return;
    td_puts(out, name);
    td_put_json(out, given ? given : own->at, n);
}

/* Writes the outcomes that have a score, or what is known of those without; returns how many. */
static size_t put_slots(join *j, td_out *out, bool scored_ones)
{
    double any[TD_NUMBERS], number[TD_NUMBERS];
    uint32_t scored = 0, n_any = 0;
    size_t n = 0;
    const slot *without = NULL;
    for (size_t i = 0; i < j->n_slots; i++)
        without = j->slots[i].len ? without : &j->slots[i];
    if (without)
        average(without, any, &n_any);
    td_puts(out, scored_ones ? ", \"outcomes\": {" : ", \"usage\": {");
    for (size_t i = 0; i < j->n_slots; i++) {
        const slot *s = &j->slots[i];
        if (!s->len)
            continue;
        average(s, number, &scored);
        for (int k = 0; without && k < TD_NUMBERS; k++)
            number[k] = isnan(number[k]) && !(k == TD_SCORE && s->missing) ? any[k] : number[k];
        if (isnan(number[TD_SCORE]) == scored_ones)
            continue;
        td_puts(out, n++ ? ", " : "");
        put_outcome(out, s, number, scored);
    }
    td_puts(out, "}");
    return n;
}

static void put_line(join *j, td_out *out, size_t *scored)
{
    const td_import_settings *set = j->sink->settings;
    out->len = 0;
    td_puts(out, "{\"id\": ");
    put_id(j, out);
    put_label(out, ", \"source\": ", set->source, &j->text[TD_SOURCE]);
    put_label(out, ", \"workload\": ", set->workload, &j->text[TD_WORKLOAD]);
    td_puts(out, ", ");
    td_put(out, j->text[TD_REQUEST].at, j->text[TD_REQUEST].len);
    size_t before = out->len;
    *scored = put_slots(j, out, true);
    out->len = *scored ? out->len : before;
    before = out->len;
    if (set->keep_unscored && !put_slots(j, out, false))
        out->len = before;
    td_puts(out, "}\n");
}

static void put_key(const join *j, char *out, size_t room)
{
    const td_out *key = j->text[TD_KEY].len ? &j->text[TD_KEY] : &j->text[TD_ID];
    snprintf(out, room, "key \"%.*s\"", (int)(key->len < 120 ? key->len : 120), key->len ? key->at : "");
}

static void drop(join *j, const char *what)
{
    char detail[160] = "";
    put_key(j, detail, sizeof detail);
    td_report_problem(j->sink->report, TD_DROPPED, what, j->first_row, path_of(j, j->first.file), j->first.line,
                      detail);
}

static void count_missing(join *j)
{
    for (size_t i = 0; i < j->n_slots; i++) {
        const slot *s = &j->slots[i];
        double number[TD_NUMBERS];
        uint32_t scored;
        average(s, number, &scored);
        if (!s->missing)
            continue;
        char detail[300], key[160] = "";
        put_key(j, key, sizeof key);
        snprintf(detail, sizeof detail, "model \"%.100s\", %s", s->len ? s->model : "", key);
        td_report_problem(j->sink->report, TD_MISSING, s->missing, s->order, path_of(j, s->file), s->line, detail);
        td_model_report *m = s->len ? td_report_model(j->sink->report, s->model, s->len) : NULL;
        if (m && isnan(number[TD_SCORE])) /* else another trial gives the outcome */
            m->missing++;
    }
}

/* Counts what the finished record holds, as a reader of it will see it. */
static void count_outcomes(join *j, const td_record *record)
{
    for (size_t i = 0; i < record->n_outcomes; i++) {
        const td_outcome *o = &record->outcomes[i];
        td_model_report *m = td_report_model(j->sink->report, o->name.data, o->name.len);
        if (!m) {
            j->sink->report->failed = true;
            return;
        }
        m->outcomes++;
        m->score_sum += o->score;
        m->costed += isnan(o->cost_usd) ? 0u : 1u;
        m->cost_sum += isnan(o->cost_usd) ? 0 : o->cost_usd;
        m->tokened += isnan(o->input_tokens) || isnan(o->output_tokens) ? 0u : 1u;
        const slot *s = find_slot(j, o->name.data, o->name.len);
        for (size_t t = 0; s && t < s->n_trials; t++)
            if (s->trials[t].n[TD_SCORE])
                m->trials++;
    }
}

static bool finish_group(join *j)
{
    size_t scored, where;
    const char *what;
    td_record record;
    if (!j->any)
        return true;
    count_missing(j);
    put_line(j, &j->line, &scored);
    if (j->line.failed)
        return td_fail(j->error, "out of memory");
    const bool keep = scored || j->sink->settings->keep_unscored;
    const td_want want = scored ? TD_WANT_RECORDS : TD_WANT_REQUESTS;
    if (!j->text[TD_REQUEST].len) {
        drop(j, "outcomes whose request no file gave");
    } else if (!keep) {
        drop(j, "requests without any score (--scores FILE gives them to traffic, --keep-unscored keeps the requests)");
    } else if (!td_parse_line(&j->request, j->outcomes, &record, j->line.at, j->line.len - 1, want, &what,
                              &where)) {
        drop(j, what);
    } else {
        const td_sort_key key = {{j->first_row, 0, 0}};
        j->sink->report->records++;
        if (scored)
            count_outcomes(j, &record);
        j->sink->report->complete += record.n_outcomes == j->sink->report->n_models ? 1u : 0u;
        if (!td_sorter_add(j->records, key, j->line.at, j->line.len, j->error))
            return false;
    }
    for (int i = 0; i < TD_TEXTS; i++)
        j->text[i].len = 0;
    j->n_slots = 0;
    j->any = j->differs = false;
    return true;
}

static void free_join(join *j)
{
    for (int i = 0; i < TD_TEXTS; i++)
        free(j->text[i].at);
    for (size_t i = 0; i <= TD_MAX_OUTCOMES; i++) {
        free(j->slots[i].model);
        free(j->slots[i].trials);
    }
    free(j->line.at);
    td_request_free(&j->request);
    td_sorter_close(j->records);
    free(j);
}

static bool write_records(join *j, td_writer *writer)
{
    td_sort_key key;
    const char *data;
    size_t len;
    int status = td_sorter_sort(j->records, j->error) ? 1 : -1;
    while (status > 0 && (status = td_sorter_next(j->records, &key, &data, &len, j->error)) > 0)
        if (!td_writer_put(writer, data, len, j->error))
            return false;
    return status == 0;
}

bool td_join(td_sink *sink, size_t memory, const char *folder, td_writer *writer, td_error *error)
{
    join *j = calloc(1, sizeof *j);
    if (!j)
        return td_fail(error, "out of memory");
    j->sink = sink;
    j->error = error;
    j->records = td_sorter_open(memory, folder);
    bool good = j->records ? td_sorter_sort(sink->rows, error) : td_fail(error, "out of memory");
    td_sort_key key, last = {{0, 0, 0}};
    const char *data;
    size_t len;
    int status = good ? 1 : -1;
    while (good && (status = td_sorter_next(sink->rows, &key, &data, &len, error)) > 0) {
        td_stored row;
        memcpy(&row, data, sizeof row);
        if (key.word[0] != last.word[0] || key.word[1] != last.word[1])
            good = finish_group(j);
        last = key;
        good = good && take_row(j, &row, data + sizeof row, key.word[2]);
    }
    good = good && status == 0 && finish_group(j);
    td_sorter_close(sink->rows); /* its file and memory are done with */
    sink->rows = NULL;
    good = good && write_records(j, writer);
    free_join(j);
    return good;
}
