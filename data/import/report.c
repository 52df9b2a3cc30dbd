#include "data/import/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MODELS 4096

td_model_report *td_report_model(td_import_report *r, const char *name, size_t len)
{
    for (size_t i = 0; i < r->n_models; i++)
        if (strlen(r->models[i].name) == len && !memcmp(r->models[i].name, name, len))
            return &r->models[i];
    if (r->n_models == r->models_room && r->n_models < MAX_MODELS) {
        const size_t room = r->models_room ? 2 * r->models_room : 16;
        td_model_report *wider = realloc(r->models, room * sizeof *wider);
        if (!wider)
            return NULL;
        r->models = wider;
        r->models_room = room;
    }
    char *copy = r->n_models < r->models_room ? malloc(len + 1) : NULL;
    if (!copy)
        return NULL;
    td_model_report *m = &r->models[r->n_models++];
    memset(m, 0, sizeof *m);
    memcpy(copy, name, len);
    copy[len] = 0;
    m->name = copy;
    return m;
}

static char *example(const char *path, uint64_t line, const char *detail)
{
    char text[1400];
    int n = snprintf(text, sizeof text, "%.300s", path);
    if (line)
        n += snprintf(text + n, sizeof text - (size_t)n, ":%llu", (unsigned long long)line);
    if (detail)
        snprintf(text + n, sizeof text - (size_t)n, ": %.1000s", detail);
    return strdup(text);
}

void td_report_problem(td_import_report *r, td_problem_kind kind, const char *what, uint64_t order,
                       const char *path, uint64_t line, const char *detail)
{
    for (size_t i = 0; i < r->n_problems; i++)
        if (r->problems[i].kind == kind && r->problems[i].what && !strcmp(r->problems[i].what, what)) {
            td_problem *p = &r->problems[i];
            p->count++;
            if (order < p->order) {
                free(p->first);
                p->first = example(path, line, detail);
                p->order = order;
                r->failed = r->failed || !p->first;
            }
            return;
        }
    const bool last = r->n_problems == TD_MAX_PROBLEMS - 1; /* kinds by the keys of the files may be many */
    if (r->n_problems == TD_MAX_PROBLEMS) {
        r->problems[TD_MAX_PROBLEMS - 1].count++;
        return;
    }
    td_problem *p = &r->problems[r->n_problems++];
    p->kind = last ? TD_NOTE : kind;
    p->what = strdup(last ? "problems of more kinds than are listed" : what);
    p->count = 1;
    p->order = order;
    p->first = example(path, line, detail);
    r->failed = r->failed || !p->first || !p->what;
}

void td_report_forget(td_import_report *r, td_problem_kind kind, const char *what)
{
    for (size_t i = 0; i < r->n_problems; i++)
        if (r->problems[i].kind == kind && r->problems[i].what && !strcmp(r->problems[i].what, what)) {
            free(r->problems[i].first);
            free(r->problems[i].what);
            r->problems[i] = r->problems[--r->n_problems];
            return;
        }
}

void td_report_free(td_import_report *r)
{
    for (size_t i = 0; i < r->n_models; i++)
        free(r->models[i].name);
    for (size_t i = 0; i < r->n_problems; i++) {
        free(r->problems[i].first);
        free(r->problems[i].what);
    }
    free(r->models);
    memset(r, 0, sizeof *r);
}

/* ---- for people ---- */

static const char *const kinds[] = {"bad", "dropped", "missing", "duplicate", "note"};

static void put(td_out *out, const char *format, unsigned long long n)
{
    char text[160];
    snprintf(text, sizeof text, format, n);
    td_puts(out, text);
}

/* Names may be of any length: the longest are cut in the table, not in the JSON. */
#define WIDEST 60

static void model_line(const td_model_report *m, int width, td_out *out)
{
    char text[200];
    snprintf(text, sizeof text, "  %-*.*s %9llu", width, WIDEST, m->name, (unsigned long long)m->outcomes);
    td_puts(out, text);
    if (m->outcomes)
        snprintf(text, sizeof text, "  %7.4f", m->score_sum / (double)m->outcomes);
    else
        snprintf(text, sizeof text, "  %7s", "-");
    td_puts(out, text);
    put(out, " %9llu", m->missing);
    if (m->costed) {
        snprintf(text, sizeof text, "  %.6g USD a request", m->cost_sum / (double)m->costed);
        td_puts(out, text);
    } else {
        td_puts(out, "  not known");
    }
    if (m->costed && m->costed < m->outcomes)
        put(out, " (of %llu)", m->costed);
    if (m->outcomes && m->tokened < m->outcomes)
        put(out, m->tokened ? "; tokens of %llu" : "; no tokens", m->tokened);
    if (m->trials > m->outcomes)
        put(out, "; means of %llu trials", m->trials);
    td_puts(out, "\n");
}

void td_report_text(const td_import_report *r, td_out *out)
{
    int width = 5;
    td_puts(out, "taken for ");
    td_puts(out, r->format ? r->format : "nothing known");
    put(out, r->files == 1 ? ": %llu file" : ": %llu files", r->files);
    if (r->passed_over)
        put(out, r->passed_over == 1 ? " (%llu other passed over)" : " (%llu others passed over)", r->passed_over);
    put(out, r->rows == 1 ? ", %llu row\n" : ", %llu rows\n", r->rows);
    put(out, r->records == 1 ? "%llu record" : "%llu records", r->records);
    if (r->n_models > 1)
        put(out, ", %llu with an outcome of every model", r->complete);
    td_puts(out, "\n");
    for (size_t i = 0; i < r->n_models; i++)
        width = (int)strlen(r->models[i].name) > width ? (int)strlen(r->models[i].name) : width;
    width = width > WIDEST ? WIDEST : width;
    if (r->n_models) {
        char text[200];
        snprintf(text, sizeof text, "  %-*s %9s  %7s %9s  %s\n", width, "model", "outcomes", "mean", "missing", "cost");
        td_puts(out, text);
    }
    for (size_t i = 0; i < r->n_models; i++)
        model_line(&r->models[i], width, out);
    for (int kind = 0; kind <= TD_NOTE; kind++)
        for (size_t i = 0; i < r->n_problems; i++) {
            const td_problem *p = &r->problems[i];
            if ((int)p->kind != kind)
                continue;
            td_puts(out, kinds[kind]);
            put(out, ": %llu x ", p->count);
            td_puts(out, p->what ? p->what : "?");
            td_puts(out, "\n    first: ");
            td_puts(out, p->first ? p->first : "?");
            td_puts(out, "\n");
        }
    td_report_warning(r, out);
}

void td_report_warning(const td_import_report *r, td_out *out)
{
    if (!r->unscored)
        return;
    put(out, r->unscored == 1 ? "WARNING: nothing here has a score: %llu request was written without outcomes"
                              : "WARNING: nothing here has a score: %llu requests were written without outcomes",
        r->unscored);
    td_puts(out, ", to route (tierce score), not to learn from (tierce train refuses them)");
    td_puts(out, r->takes_scores ? "; --scores FILE joins scores to them\n" : "\n");
}

/* ---- for programs ---- */

static void model_json(const td_model_report *m, td_out *out)
{
    char text[200];
    td_puts(out, "{\"name\": ");
    td_put_json(out, m->name, strlen(m->name));
    put(out, ", \"outcomes\": %llu", m->outcomes);
    put(out, ", \"trials\": %llu", m->trials);
    put(out, ", \"missing\": %llu", m->missing);
    put(out, ", \"with_cost\": %llu", m->costed);
    put(out, ", \"with_tokens\": %llu", m->tokened);
    if (m->outcomes) {
        snprintf(text, sizeof text, ", \"mean_score\": %.10g", m->score_sum / (double)m->outcomes);
        td_puts(out, text);
    }
    if (m->costed) {
        snprintf(text, sizeof text, ", \"mean_cost_usd\": %.10g", m->cost_sum / (double)m->costed);
        td_puts(out, text);
    }
    td_puts(out, "}");
}

void td_report_json(const td_import_report *r, td_out *out)
{
    td_puts(out, "{\"format\": ");
    td_put_json(out, r->format ? r->format : "", r->format ? strlen(r->format) : 0);
    put(out, ", \"files\": %llu", r->files);
    put(out, ", \"passed_over\": %llu", r->passed_over);
    put(out, ", \"rows\": %llu", r->rows);
    put(out, ", \"records\": %llu", r->records);
    put(out, ", \"complete\": %llu", r->complete);
    put(out, ", \"without_outcomes\": %llu", r->unscored);
    put(out, ", \"bad\": %llu,\n \"models\": [", r->bad);
    for (size_t i = 0; i < r->n_models; i++) {
        td_puts(out, i ? ",\n  " : "");
        model_json(&r->models[i], out);
    }
    td_puts(out, "],\n \"problems\": [");
    for (size_t i = 0; i < r->n_problems; i++) {
        const td_problem *p = &r->problems[i];
        td_puts(out, i ? ",\n  {\"kind\": \"" : "{\"kind\": \"");
        td_puts(out, kinds[p->kind]);
        td_puts(out, "\", \"what\": ");
        td_put_json(out, p->what ? p->what : "", p->what ? strlen(p->what) : 0);
        put(out, ", \"count\": %llu, \"first\": ", p->count);
        td_put_json(out, p->first ? p->first : "", p->first ? strlen(p->first) : 0);
        td_puts(out, "}");
    }
    td_puts(out, "]}\n");
}
