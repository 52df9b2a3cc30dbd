/* Rows that share a key become one record. The rows come sorted by key and order of arrival; records
 * are sorted back into the order in which their keys first came. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/group.h"

typedef struct {
    td_group group;
    td_sorter *records;
    td_out line;
    td_request request;
    td_outcome outcomes[TD_MAX_OUTCOMES];
    uint64_t scored, held; /* records with outcomes; those without, held until it is known whether any has */
} join;

static const char without_score[] =
    "requests without any score (--scores FILE gives them to traffic, --keep-unscored keeps the requests)";

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

static void put_outcome(td_out *out, const td_slot *s, const double number[TD_NUMBERS], double scored)
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
    if (j->group.text[TD_ID].len) {
        td_put_json(out, j->group.text[TD_ID].at, j->group.text[TD_ID].len);
        return;
    }
    td_put(&id, j->group.text[TD_SOURCE].at, j->group.text[TD_SOURCE].len);
    td_puts(&id, "/");
    if (j->group.text[TD_KEY].len > 200) {
        char hex[33];
        td_key_of(hex, j->group.text[TD_KEY].at, j->group.text[TD_KEY].len);
        td_puts(&id, hex);
    } else {
        td_put(&id, j->group.text[TD_KEY].at, j->group.text[TD_KEY].len);
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
    double scored = 0, n_any = 0;
    size_t n = 0;
    const td_slot *without = NULL;
    for (size_t i = 0; i < j->group.n_slots; i++)
        without = j->group.slots[i].len ? without : &j->group.slots[i];
    if (without)
        td_slot_average(without, any, &n_any);
    td_puts(out, scored_ones ? ", \"outcomes\": {" : ", \"usage\": {");
    for (size_t i = 0; i < j->group.n_slots; i++) {
        const td_slot *s = &j->group.slots[i];
        if (!s->len)
            continue;
        td_slot_average(s, number, &scored);
        for (int k = 0; without && k < TD_NUMBERS; k++)
            number[k] = isnan(number[k]) && !(k == TD_SCORE && s->missing) ? any[k] : number[k];
        scored = scored > 0 ? scored : n_any;
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
    const td_import_settings *set = j->group.sink->settings;
    out->len = 0;
    td_puts(out, "{\"id\": ");
    put_id(j, out);
    const char *source = j->group.text[TD_SOURCE].len ? NULL : j->group.sink->source;
    put_label(out, ", \"source\": ", set->source ? set->source : source, &j->group.text[TD_SOURCE]);
    put_label(out, ", \"workload\": ", set->workload, &j->group.text[TD_WORKLOAD]);
    td_puts(out, ", ");
    td_put(out, j->group.text[TD_REQUEST].at, j->group.text[TD_REQUEST].len);
    size_t before = out->len;
    *scored = put_slots(j, out, true);
    out->len = *scored ? out->len : before;
    before = out->len;
    if ((set->keep_unscored || !*scored) && !put_slots(j, out, false))
        out->len = before;
    td_puts(out, "}\n");
}

static void drop(join *j, const char *what)
{
    char detail[160] = "";
    td_group_key(&j->group, detail, sizeof detail);
    td_report_problem(j->group.sink->report, TD_DROPPED, what, j->group.first_row, td_group_path(&j->group, j->group.first.file), j->group.first.line,
                      detail);
}

static void count_missing(join *j)
{
    for (size_t i = 0; i < j->group.n_slots; i++) {
        const td_slot *s = &j->group.slots[i];
        double number[TD_NUMBERS];
        double scored;
        td_slot_average(s, number, &scored);
        if (!s->missing)
            continue;
        char detail[300], key[160] = "";
        td_group_key(&j->group, key, sizeof key);
        snprintf(detail, sizeof detail, s->len ? "model \"%.100s\", %s" : "%.0s%s", s->model, key);
        td_report_problem(j->group.sink->report, TD_MISSING, s->missing, s->order, td_group_path(&j->group, s->file), s->line, detail);
        td_model_report *m = s->len ? td_report_model(j->group.sink->report, s->model, s->len) : NULL;
        if (m && isnan(number[TD_SCORE])) /* else another trial gives the outcome */
            m->missing++;
    }
}

/* Counts what the finished record holds, as a reader of it will see it. */
static void count_outcomes(join *j, const td_record *record)
{
    for (size_t i = 0; i < record->n_outcomes; i++) {
        const td_outcome *o = &record->outcomes[i];
        td_model_report *m = td_report_model(j->group.sink->report, o->name.data, o->name.len);
        if (!m) {
            j->group.sink->report->failed = true;
            return;
        }
        m->outcomes++;
        m->score_sum += o->score;
        m->costed += isnan(o->cost_usd) ? 0u : 1u;
        m->cost_sum += isnan(o->cost_usd) ? 0 : o->cost_usd;
        m->tokened += isnan(o->input_tokens) || isnan(o->output_tokens) ? 0u : 1u;
        const td_slot *s = td_group_slot(&j->group, o->name.data, o->name.len), *whose = td_group_slot(&j->group, "", 0);
        double number[TD_NUMBERS], scored = 0;
        if (s)
            td_slot_average(s, number, &scored);
        if (whose && !(scored > 0)) /* the score named no model */
            td_slot_average(whose, number, &scored);
        m->trials += (uint64_t)scored;
    }
}

/* Where nothing at all has a score, the requests are all there is: they are held until that is known. */
static bool keep_record(join *j, const td_record *record, bool scored)
{
    td_import_report *report = j->group.sink->report;
    const bool keep = scored || j->group.sink->settings->keep_unscored;
    const td_sort_key key = {{j->group.first_row, !keep, 0}};
    if (keep) {
        report->records++;
        report->complete += record->n_outcomes == report->n_models ? 1u : 0u;
    } else {
        j->held++;
        drop(j, without_score);
    }
    j->scored += scored;
    if (scored)
        count_outcomes(j, record);
    return td_sorter_add(j->records, key, j->line.at, j->line.len, j->group.error);
}

/* A score that names no model is the one's that answered; of two it could be either's. */
static bool check_whose(const join *j)
{
    const td_group *g = &j->group;
    const td_slot *whose = td_group_slot(g, "", 0), *open[2] = {NULL, NULL};
    double number[TD_NUMBERS];
    double scored = 0;
    size_t n = 0;
    char key[160];
    if (whose)
        td_slot_average(whose, number, &scored);
    for (size_t i = 0; scored > 0 && i < g->n_slots && n < 2; i++) {
        if (!g->slots[i].len)
            continue;
        td_slot_average(&g->slots[i], number, &scored);
        if (!(scored > 0) && !g->slots[i].missing)
            open[n++] = &g->slots[i];
        scored = 1;
    }
    if (n < 2)
        return true;
    td_group_key(g, key, sizeof key);
    return td_fail(g->error, "%s: the score of %s names no model, and several answered it (\"%.80s\", \"%.80s\"): it needs a \"model\"",
                   td_group_place(g, whose->trials[0].file, whose->trials[0].line).text, key, open[0]->model, open[1]->model);
}

/* A request of no words is kept, as the harness asked it, but not in silence. */
static bool tell_empty(join *j, const td_record *record)
{
    char detail[160] = "";
    td_group_key(&j->group, detail, sizeof detail);
    if (td_request_is_empty(record->request))
        td_report_problem(j->group.sink->report, TD_NOTE, "records whose request has no word: is the prompt in another field or column?",
                          j->group.first_row, td_group_path(&j->group, j->group.first.file), j->group.first.line, detail);
    return true;
}

static bool finish_group(join *j)
{
    size_t scored, where;
    const char *what;
    td_record record;
    if (!j->group.any)
        return true;
    if (!check_whose(j) || !td_group_whose(&j->group))
        return false;
    td_group_failures(&j->group);
    td_group_tell(&j->group);
    count_missing(j);
    put_line(j, &j->line, &scored);
    if (j->line.failed)
        return td_fail(j->group.error, "out of memory");
    const bool hopeless = !scored && j->scored && !j->group.sink->settings->keep_unscored;
    const td_want want = scored ? TD_WANT_RECORDS : TD_WANT_REQUESTS;
    if (!j->group.text[TD_REQUEST].len) {
        drop(j, "outcomes whose request no file gave");
    } else if (hopeless) {
        drop(j, without_score);
    } else if (!td_parse_line(&j->request, j->outcomes, &record, j->line.at, j->line.len - 1, want, &what,
                              &where)) {
        if (!strcmp(what, "out of memory"))
            return td_fail(j->group.error, "out of memory");
        drop(j, what);
    } else if (!tell_empty(j, &record) || !keep_record(j, &record, scored > 0)) {
        return false;
    }
    td_group_clear(&j->group);
    return true;
}

static void free_join(join *j)
{
    td_group_free(&j->group);
    free(j->line.at);
    td_request_free(&j->request);
    td_sorter_close(j->records);
    free(j);
}

/* Where the user said which scores to take and none was found, requests alone are not what was wanted. */
static bool wanted_scores(const td_import_settings *s)
{
    return s->metric || s->scorer || s->filter || s->scores || s->score_field || s->score_fields;
}

/* A gateway that knows no price writes 0, and a tier that costs nothing wins every comparison. */
static void tell_free(const td_sink *sink)
{
    for (size_t i = 0; i < sink->report->n_models; i++) {
        const td_model_report *m = &sink->report->models[i];
        char detail[120];
        snprintf(detail, sizeof detail, "\"%.100s\"", m->name);
        if (m->costed && !(m->cost_sum > 0))
            td_report_problem(sink->report, TD_NOTE, "models that cost nothing, by every outcome: is their price known to what wrote this?", i,
                              sink->n_paths ? sink->paths[0] : "?", 0, detail);
    }
}

static bool write_records(join *j, td_writer *writer)
{
    td_import_report *report = j->group.sink->report;
    td_sort_key key;
    const char *data;
    size_t len;
    const bool all = !report->records && !wanted_scores(j->group.sink->settings);
    if (all && j->held) {
        report->records = report->unscored = j->held;
        td_report_forget(report, TD_DROPPED, without_score);
    }
    tell_free(j->group.sink);
    int status = td_sorter_sort(j->records, j->group.error) ? 1 : -1;
    while (status > 0 && (status = td_sorter_next(j->records, &key, &data, &len, j->group.error)) > 0)
        if ((all || !key.word[1]) && !td_writer_put(writer, data, len, j->group.error))
            return false;
    return status == 0;
}

bool td_join(td_sink *sink, size_t memory, const char *folder, td_writer *writer, td_error *error)
{
    join *j = calloc(1, sizeof *j);
    if (!j)
        return td_fail(error, "out of memory");
    j->group.sink = sink;
    j->group.error = error;
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
        good = good && td_group_take(&j->group, &row, data + sizeof row, key.word[2]);
    }
    good = good && status == 0 && finish_group(j);
    td_sorter_close(sink->rows); /* its file and memory are done with */
    sink->rows = NULL;
    good = good && write_records(j, writer);
    free_join(j);
    return good;
}
