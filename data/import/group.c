#include "data/import/group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TRIALS 65536

const char *td_group_path(const td_group *g, uint32_t file)
{
    return file < g->sink->n_paths ? g->sink->paths[file] : "?";
}

td_place td_group_place(const td_group *g, uint32_t file, uint64_t line)
{
    td_place place;
    const int n = snprintf(place.text, sizeof place.text, "%.200s", td_group_path(g, file));
    if (line)
        snprintf(place.text + n, sizeof place.text - (size_t)n, ":%llu", (unsigned long long)line);
    return place;
}

static size_t find_slot(const td_group *g, const char *model, size_t len)
{
    size_t i = 0;
    while (i < g->n_slots && (g->slots[i].len != len || memcmp(g->slots[i].model, model, len) != 0))
        i++;
    return i;
}

const td_slot *td_group_slot(const td_group *g, const char *model, size_t len)
{
    const size_t i = find_slot(g, model, len);
    return i < g->n_slots ? &g->slots[i] : NULL;
}

static td_slot *slot_of(td_group *g, const char *model, size_t len)
{
    const size_t found = find_slot(g, model, len);
    if (found < g->n_slots)
        return &g->slots[found];
    if (g->n_slots == TD_MAX_OUTCOMES + 1)
        return NULL;
    td_slot *s = &g->slots[g->n_slots];
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
    s->answered = s->labelled = false;
    s->n_trials = 0;
    g->n_slots++;
    return s;
}

static uint64_t hash_name(const char *name, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 0x100000001b3u;
    return h ^ h >> 31;
}

static td_trial *find_trial(td_slot *s, const td_stored *row, const char *name, bool *no_memory)
{
    const uint64_t h = hash_name(name, row->len[TD_TRIAL]);
    for (size_t i = 0; i < s->n_trials; i++)
        if (s->trials[i].name == h)
            return &s->trials[i];
    if (s->n_trials == s->trials_room) {
        const size_t room = s->trials_room ? 2 * s->trials_room : 4;
        td_trial *wider = s->n_trials < MAX_TRIALS ? realloc(s->trials, room * sizeof *wider) : NULL;
        if (!wider) {
            *no_memory = true;
            return NULL;
        }
        s->trials = wider;
        s->trials_room = room;
    }
    td_trial *t = &s->trials[s->n_trials++];
    memset(t, 0, sizeof *t);
    t->name = h;
    t->file = row->file;
    t->line = row->line;
    return t;
}

/* "model "m": cost 0.3; file:7 has 0.1" */
static void put_detail(const td_group *g, const td_slot *s, const td_trial *t, int which, double value, char detail[500])
{
    static const char *const names[TD_NUMBERS + 1] = {"", "cost ", "input tokens ", "output tokens ", "latency ", "cached tokens ",
                                                  "cache write tokens ", "reasoning tokens ", "trials "};
    const bool trials = which == TD_NUMBERS;
    snprintf(detail, 500, "model \"%.100s\": %s%.6g; %s has %.6g", s->model, names[which], value,
             td_group_place(g, t->file, t->line).text, trials ? t->weight[TD_SCORE] : t->first[which]);
}

/* Another run under the name of one that was: number `other` is not what it had. */
static bool conflict(td_group *g, const td_slot *s, const td_trial *t, const td_stored *row, int other, uint64_t number)
{
    const td_duplicates mode = g->sink->settings->duplicates;
    const bool scores = other == TD_SCORE, first = mode == TD_DUPLICATES_FIRST;
    char detail[500];
    put_detail(g, s, t, other, other == TD_NUMBERS ? row->trials : row->number[other], detail);
    if (mode == TD_DUPLICATES_ERROR)
        return td_fail(g->error, "%s: conflicting %s of one request: %s; --duplicates average or first accepts them",
                       td_group_place(g, row->file, row->line).text, scores ? "scores" : "outcomes", detail);
    if (scores && mode == TD_DUPLICATES_UNSAID && row->one_run && row->file == t->file)
        return td_fail(g->error, "%s: mixed models or runs in one file: %s; --duplicates average "
                                 "takes them for runs of one model",
                       td_group_place(g, row->file, row->line).text, detail);
    const char *what = scores && first ? "conflicting scores of a request and model; the first was kept"
                       : scores        ? "conflicting scores of a request and model; averaged"
                       : other == TD_NUMBERS ? "the same outcome of another number of trials for a request and model: each counts, by its trials"
                       : first         ? "another cost, tokens or latency for a request and model; the first was kept"
                                       : "another cost, tokens or latency for a request and model: taken for a run of its own; averaged";
    td_report_problem(g->sink->report, TD_DUPLICATE, what, number, td_group_path(g, row->file), row->line, detail);
    return true;
}

void td_group_failures(td_group *g)
{
    const td_slot *nameless = td_group_slot(g, "", 0);
    const bool failed = nameless && nameless->missing; /* of the failure it is not known whose */
    for (size_t i = 0; i < g->n_slots; i++) {
        td_slot *s = &g->slots[i];
        char detail[300], key[160];
        if (!s->labelled || s->answered || !(s->missing || (failed && s->len)))
            continue;
        for (size_t k = 0; k < s->n_trials; k++) {
            s->trials[k].n[TD_SCORE] = 0;
            s->trials[k].same = 0;
        }
        td_group_key(g, key, sizeof key);
        snprintf(detail, sizeof detail, s->len ? "model \"%.100s\", %s" : "%.0s%s", s->model, key);
        td_report_problem(g->sink->report, TD_NOTE, "scores of requests that failed, which are missing all the same: a failure is no 0",
                          s->label_order, td_group_path(g, s->label_file), s->label_line, detail);
    }
}

bool td_group_whose(const td_group *g)
{
    const td_slot *stranger = NULL, *bare = NULL, *nameless = td_group_slot(g, "", 0);
    double number[TD_NUMBERS];
    double scored;
    for (size_t i = 0; i < g->n_slots && !g->sink->nameless_failure && !(nameless && nameless->labelled); i++) {
        const td_slot *s = &g->slots[i];
        const td_model_report *m = s->labelled && s->len ? td_report_model(g->sink->report, s->model, s->len) : NULL;
        td_slot_average(s, number, &scored);
        stranger = m && m->labelled && !m->answered && !stranger ? s : stranger;
        bare = s->len && s->answered && !s->missing && !(scored > 0) && !bare ? s : bare;
    }
    return !stranger || !bare ||
           td_fail(g->error, "%s: a score of \"%.80s\", which answered nothing here; \"%.80s\" answered this request and has none",
                   td_group_place(g, stranger->label_file, stranger->label_line).text, stranger->model, bare->model);
}

void td_group_tell(td_group *g)
{
    for (size_t i = 0; i < g->n_slots; i++)
        for (size_t k = 0; k < g->slots[i].n_trials; k++) {
            const td_trial *t = &g->slots[i].trials[k];
            char detail[500];
            if (t->same)
                put_detail(g, &g->slots[i], t, TD_SCORE, t->first[TD_SCORE], detail);
            for (uint32_t n = 0; n < t->same; n++)
                td_report_problem(g->sink->report, TD_DUPLICATE,
                                  t->differs ? "an outcome again, beside others of its request and model; averaged"
                                             : "the same outcome twice for a request and model; kept once",
                                  t->same_order, td_group_path(g, t->same_file), t->same_line, detail);
        }
}

static void count_same(td_trial *t, const td_stored *row, uint64_t number)
{
    if (!t->same++) {
        t->same_file = row->file;
        t->same_line = row->line;
        t->same_order = number;
    }
}

/* Which number of the row is not what the trial has? Rows may complete each other: what only one of them has is no
 * difference. TD_NUMBERS: all are alike, but means of unlike many trials. -1: none. */
static int difference(const td_trial *t, const td_stored *row)
{
    int other = -1;
    for (int i = 0; i < TD_NUMBERS && other < 0; i++)
        if (!isnan(row->number[i]) && t->n[i] && row->number[i] != t->first[i])
            other = i;
    if (other < 0 && !isnan(row->number[TD_SCORE]) && t->n[TD_SCORE] && row->trials != t->weight[TD_SCORE])
        other = TD_NUMBERS;
    return other;
}

static bool add_numbers(td_group *g, const td_slot *s, td_trial *t, const td_stored *row, uint64_t number)
{
    const bool first_only = g->sink->settings->duplicates == TD_DUPLICATES_FIRST;
    const bool another = !isnan(row->number[TD_SCORE]) && t->n[TD_SCORE] > 0;
    const int other = difference(t, row);
    if (other >= 0 && !conflict(g, s, t, row, other, number))
        return false;
    if (other < 0 && another)
        count_same(t, row, number);
    if (another && first_only)
        return true; /* nothing of this run, not even what the first lacks */
    t->differs = t->differs || other >= 0;
    if (!t->n[TD_SCORE]) {
        t->file = row->file;
        t->line = row->line;
    }
    for (int i = 0; i < TD_NUMBERS; i++) {
        if (isnan(row->number[i]) || (t->n[i] && first_only))
            continue;
        if (!t->n[i]) {
            t->first[i] = row->number[i];
            t->weight[i] = row->trials;
        }
        t->sum[i] += row->trials * row->number[i];
        t->n[i] += row->trials;
    }
    return true;
}

static bool take_outcome(td_group *g, const td_stored *row, const char *model, const char *trial_name,
                         uint64_t number)
{
    bool no_memory = false, any = row->missing != NULL;
    for (int i = 0; i < TD_NUMBERS; i++)
        any = any || !isnan(row->number[i]);
    if (!any && !row->len[TD_MODEL]) /* only a request */
        return true;
    td_slot *s = slot_of(g, model, row->len[TD_MODEL]);
    if (!s)
        return td_fail(g->error, "%s: more than %d models of one request", td_group_place(g, row->file, row->line).text, TD_MAX_OUTCOMES);
    if (row->missing && !s->missing) {
        s->missing = row->missing;
        s->file = row->file;
        s->line = row->line;
        s->order = number;
    }
    s->answered = s->answered || (!row->label && !row->missing);
    if (row->label && !s->labelled) {
        s->labelled = true;
        s->label_file = row->file;
        s->label_line = row->line;
        s->label_order = number;
    }
    td_trial *t = find_trial(s, row, trial_name, &no_memory);
    if (!t)
        return td_fail(g->error, "%s: more than %d trials of one request", td_group_place(g, row->file, row->line).text, MAX_TRIALS);
    return add_numbers(g, s, t, row, number);
}

/* The next byte of JSON text that is not white space between tokens; -1: none. */
static int next_byte(const char *text, size_t len, size_t *at, bool *in_string)
{
    while (!*in_string && *at < len && strchr(" \t\r\n", text[*at]) && text[*at])
        ++*at;
    if (*at == len)
        return -1;
    const int c = (unsigned char)text[(*at)++];
    const bool escaped = *in_string && *at > 1 && text[*at - 2] == '\\';
    size_t slashes = 0;
    for (size_t k = *at - 1; escaped && k && text[k - 1] == '\\'; k--)
        slashes++;
    if (c == '"' && slashes % 2 == 0)
        *in_string = !*in_string;
    return c;
}

/* The same JSON, but for the white space that its writer put between tokens. */
static bool same_json(const char *a, size_t n, const char *b, size_t m)
{
    size_t i = 0, k = 0;
    bool in_a = false, in_b = false;
    for (;;) {
        const int x = next_byte(a, n, &i, &in_a), y = next_byte(b, m, &k, &in_b);
        if (x != y || x < 0)
            return x == y;
    }
}

/* The rows of a key should be of one request. *strange: the row is of another, where an id stands for one. */
static bool check_request(td_group *g, const td_stored *row, const char *text, uint64_t number, bool *strange)
{
    const td_out *first = &g->text[TD_REQUEST];
    const size_t len = row->len[TD_REQUEST];
    const td_duplicates how = g->sink->settings->duplicates;
    *strange = false;
    if (!len || (len == first->len && !memcmp(text, first->at, len)) || first->failed || same_json(text, len, first->at, first->len))
        return true;
    if (row->one_request && (how == TD_DUPLICATES_UNSAID || how == TD_DUPLICATES_ERROR)) {
        char key[160];
        td_group_key(g, key, sizeof key);
        return td_fail(g->error, "%s: %s stands for another request than at %s; make ids unique, or "
                                 "say --duplicates first",
                       td_group_place(g, row->file, row->line).text, key,
                       td_group_place(g, g->first.file, g->first.line).text);
    }
    *strange = row->one_request;
    if (*strange)
        td_report_problem(g->sink->report, TD_DROPPED, "outcomes of another request under an id that is taken: the first request is kept",
                          number, td_group_path(g, row->file), row->line, NULL);
    else if (!g->differs)
        td_report_problem(g->sink->report, TD_NOTE,
                          "records whose models saw different requests (another template?); the first is kept",
                          number, td_group_path(g, row->file), row->line, NULL);
    g->differs = true;
    return true;
}

bool td_group_take(td_group *g, const td_stored *row, const char *text, uint64_t number)
{
    if (!g->any) {
        g->any = true;
        g->first = *row;
        g->first_row = number;
    }
    const char *at[TD_TEXTS];
    for (int i = 0; i < TD_TEXTS; text += row->len[i], i++) {
        at[i] = text;
        if (i <= TD_REQUEST && !g->text[i].len)
            td_put(&g->text[i], text, row->len[i]);
    }
    bool strange;
    if (!check_request(g, row, at[TD_REQUEST], number, &strange))
        return false;
    for (int i = 0; i < TD_TEXTS; i++)
        if (g->text[i].failed)
            return td_fail(g->error, "out of memory");
    return strange || take_outcome(g, row, at[TD_MODEL], at[TD_TRIAL], number);
}

void td_slot_average(const td_slot *s, double number[TD_NUMBERS], double *scored)
{
    for (int i = 0; i < TD_NUMBERS; i++) {
        double sum = 0, n = 0, only = 0;
        size_t known = 0;
        for (size_t k = 0; k < s->n_trials; k++) {
            const td_trial *t = &s->trials[k];
            if (!(t->n[i] > 0))
                continue;
            const double times = t->differs ? t->n[i] : t->weight[i];
            only = t->differs ? t->sum[i] / t->n[i] : t->first[i];
            sum += only * times;
            n += times;
            known++;
        }
        number[i] = known == 1 ? only : known ? sum / n : (double)NAN; /* of one to the last digit */
        if (i == TD_SCORE)
            *scored = n;
    }
}

void td_group_key(const td_group *g, char *out, size_t room)
{
    const td_out *key = g->text[TD_KEY].len ? &g->text[TD_KEY] : &g->text[TD_ID];
    snprintf(out, room, "key \"%.*s\"", (int)(key->len < 120 ? key->len : 120), key->len ? key->at : "");
}

void td_group_clear(td_group *g)
{
    for (int i = 0; i < TD_TEXTS; i++)
        g->text[i].len = 0;
    g->n_slots = 0;
    g->any = g->differs = false;
}

void td_group_free(td_group *g)
{
    for (int i = 0; i < TD_TEXTS; i++)
        free(g->text[i].at);
    for (size_t i = 0; i <= TD_MAX_OUTCOMES; i++) {
        free(g->slots[i].model);
        free(g->slots[i].trials);
    }
}
