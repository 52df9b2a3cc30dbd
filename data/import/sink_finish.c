/* The end of reading: what is only seen when all rows are there, and stops the import. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "data/import/sink_in.h"
#include "data/nearest.h"

static void list_models(const td_import_report *report, char *names, size_t room)
{
    size_t used = 0;
    *names = 0;
    for (size_t i = 0; i < report->n_models && used < room - 1; i++)
        used += (size_t)snprintf(names + used, room - used, "%s%s", i ? ", " : "", report->models[i].name);
}

/* Several names of the input that became one: said, but told all the same. */
static void tell_joined(td_sink *sink)
{
    for (size_t i = 0; i < sink->renames.n; i++)
        for (size_t k = 0; k < i; k++) {
            const tierce_span one = sink->renames.at[k].to, other = sink->renames.at[i].to;
            char detail[300];
            if (one.len != other.len || memcmp(one.data, other.data, one.len))
                continue;
            const tierce_span a = sink->renames.at[k].from, b = sink->renames.at[i].from;
            snprintf(detail, sizeof detail, "\"%.*s\" and \"%.*s\" are \"%.*s\"", (int)(a.len < 90 ? a.len : 90), a.data,
                     (int)(b.len < 90 ? b.len : 90), b.data, (int)(one.len < 90 ? one.len : 90), one.data);
            td_report_problem(sink->report, TD_NOTE, "models joined under one name by --rename, their outcomes averaged",
                              i, "--rename", 0, detail);
            break;
        }
}

/* ---- scales ---- */

static void name_range(const td_sink *sink, const td_scale *s, const char *model, char *text, size_t room)
{
    char place[24] = "", whose[120] = "";
    if (s->line)
        snprintf(place, sizeof place, ":%llu", (unsigned long long)s->line);
    if (*model)
        snprintf(whose, sizeof whose, " of \"%.80s\"", model);
    snprintf(text, room, "%.200s%s: score %.6g%s: %llu of %llu are outside %.6g..%.6g, they run from %.6g to %.6g",
             sink->n_paths ? sink->paths[s->file] : "?", place, s->first, whose, (unsigned long long)s->outside,
             (unsigned long long)s->n, sink->settings->score_low, sink->settings->score_high, s->least, s->most);
}

static void widen(td_scale *all, const td_scale *s)
{
    all->least = !all->n || s->least < all->least ? s->least : all->least;
    all->most = !all->n || s->most > all->most ? s->most : all->most;
    all->n += s->n;
    all->outside += s->outside;
}

/* What is within 0..1 of another scale would be taken as it stands: 1 of 100 for all right. So nothing is, unless as many
 * bad rows may be as are outside; and scores that are outside one and all are no scores. Of a range that the user gave
 * none is outside: that was a bad row where it stood. */
static bool check_scales(td_sink *sink, td_error *error)
{
    const td_import_settings *set = sink->settings;
    const td_scale *worst = &sink->nameless;
    const char *model = "";
    td_scale all = {0};
    char first[450], more[300] = "";
    size_t used = 0, others = 0;
    for (size_t i = 0; i < sink->report->n_models; i++) {
        const td_model_report *m = &sink->report->models[i];
        all.infinite += m->scale.infinite;
        if (m->scale.n)
            widen(&all, &m->scale);
        if (!worst->outside && m->scale.outside) {
            worst = &m->scale;
            model = m->name;
        } else if (m->scale.outside && others++ < 3) {
            used += (size_t)snprintf(more + used, sizeof more - used, "; \"%.50s\" %.6g to %.6g", m->name, m->scale.least, m->scale.most);
        }
    }
    if (sink->nameless.n)
        widen(&all, &sink->nameless);
    if (!all.n && all.infinite + sink->nameless.infinite)
        return td_fail(error, "%.200s: no score is a finite number", sink->n_paths ? sink->paths[0] : "?");
    if (!all.outside || (all.outside <= set->max_bad && all.outside < all.n))
        return true;
    if (others > 3)
        snprintf(more + used, sizeof more - used, "; %zu more", others - 3);
    double low, high;
    td_scale_guess(&all, &low, &high);
    name_range(sink, worst, model, first, sizeof first);
    return td_fail(error, "%s%s; where one is, none within it is what it looks like: say the scale, as in --score-range %.6g:%.6g, or drop those outside with --max-bad N", first,
                   more, low, high);
}

/* ---- whom the scores name ---- */

/* But for capitals and what parts words: "gpt4o" is "GPT-4o". */
static bool same_letters(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a && !isalnum((unsigned char)*a) && !((unsigned char)*a & 0x80))
            a++;
        while (*b && !isalnum((unsigned char)*b) && !((unsigned char)*b & 0x80))
            b++;
        if (!*a || tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return !*a && !*b;
    }
}

/* Of the models that answered: the one that is this but for its writing, else, of those without scores, the nearest. */
static const char *answered_near(const td_import_report *report, const char *name)
{
    const char *names[256];
    size_t n = 0;
    for (size_t i = 0; i < report->n_models; i++) {
        const td_model_report *m = &report->models[i];
        if (m->answered && same_letters(name, m->name))
            return m->name;
        if (m->answered && !m->labelled && n < sizeof names / sizeof *names)
            names[n++] = m->name;
    }
    return td_nearest(name, names, n);
}

/* Whom scores name, but no answer: with the name almost of one that answered and has no scores it is a slip of the pen, else other files may
 * hold its answers (the join looks at it again). */
static bool check_labels(td_sink *sink, td_error *error)
{
    static const char what[] = "scores of models that answered nothing here, taken for outcomes all the same: is the name a slip of the pen? "
                               "(--rename NAME=MODEL,MODEL=MODEL joins it to one that answered)";
    const td_import_report *report = sink->report;
    bool any = false;
    for (size_t i = 0; i < report->n_models; i++)
        any = any || report->models[i].answered;
    for (size_t i = 0; any && i < report->n_models; i++) {
        const td_model_report *m = &report->models[i];
        char detail[110];
        if (!m->labelled || m->answered)
            continue;
        const char *near = answered_near(report, m->name), *path = sink->paths[m->label_file];
        /* of failures it is not known whose they are: a model that failed always may be one, unless its name is but written otherwise */
        if (sink->nameless_failure && !(near && same_letters(m->name, near)))
            near = NULL;
        if (near && m->label_line)
            return td_fail(error, "%.200s:%llu: a score of \"%.80s\", which answered nothing here; did you mean \"%.80s\"?", path,
                           (unsigned long long)m->label_line, m->name, near);
        if (near)
            return td_fail(error, "%.200s: a score of \"%.80s\", which answered nothing here; did you mean \"%.80s\"?", path, m->name, near);
        snprintf(detail, sizeof detail, "\"%.100s\"", m->name);
        for (uint64_t k = 0; k < m->labels; k++)
            td_report_problem(sink->report, TD_NOTE, what, i, path, m->label_line, detail);
    }
    return true;
}

bool td_sink_finish(td_sink *sink, td_error *error)
{
    const td_rename *unused = td_rename_unused(&sink->renames);
    char names[256];
    if (unused) {
        list_models(sink->report, names, sizeof names);
        return td_fail(error, "--rename %.*s: no model of that name here; there are: %s",
                       (int)(unused->from.len < 100 ? unused->from.len : 100), unused->from.data, names);
    }
    tell_joined(sink);
    if (!check_labels(sink, error))
        return false;
    const td_offers *own = &sink->own_models;
    if (own->n < 2)
        return check_scales(sink, error);
    const char *said = sink->settings->model, *a = own->name[0], *b = own->name[1];
    return td_fail(error, "--model %.80s would make one model of \"%s\" and \"%s\", which the files name; where they are one, say --rename "
                          "%s=%.80s,%s=%.80s",
                   said, a, b, a, said, b, said);
}
