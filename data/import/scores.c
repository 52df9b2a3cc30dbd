#include "data/import/scores.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/import/csv_names.h"
#include "data/import/pieces.h"
#include "data/import/rows.h"
#include "data/nearest.h"
#include "data/outcome_raw.h"
#include "data/stray_keys.h"

static const char *const known[] = {"id", "custom_id", "score", "model", "cost_usd", "latency_s", "trials", "source", "workload"};
#define N_KNOWN (sizeof known / sizeof *known)

static bool is_known(const char *key)
{
    size_t i = 0;
    while (i < N_KNOWN && strcmp(key, known[i]))
        i++;
    return i < N_KNOWN;
}

/* What a key that is none of them may mean; NULL: something of the user's own. */
static const char *meant(const char *key)
{
    static const char *const models[] = {"model_name", "model_id", "modelname", "modelid", "llm", "tier", "deployment"};
    static const char *const ids[] = {"request_id", "trace_id", "requestid", "traceid"};
    char word[64];
    size_t n = 0;
    for (; key[n] && n < sizeof word - 1; n++)
        word[n] = (char)tolower((unsigned char)key[n]);
    word[n] = 0;
    if (key[n])
        return NULL;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (!strcmp(word, models[i]))
            return "model";
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (!strcmp(word, ids[i]))
            return "id";
    const char *other = td_stray_meant(td_span_of(word), true); /* what other tools call a score, a cost, a latency */
    other = other ? other : td_stray_meant(td_span_of(word), false);
    for (size_t i = 0; other && i < N_KNOWN; i++)
        if (!strcmp(other, known[i]))
            return known[i];
    return td_near_miss(word, known, N_KNOWN);
}

/* Keys that almost are some of those, whose value would be lost in silence: told where the line lacks the one meant. */
static void tell_near(td_sink *sink, const td_node *n, uint64_t line)
{
    for (const td_node *at = td_is_object(n) ? td_first(n) : NULL; at; at = td_next(at)) {
        const char *right = is_known(td_key(at)) ? NULL : meant(td_key(at));
        char what[200];
        if (!right || td_get(n, right) || (!strcmp(right, "id") && td_get(n, "custom_id")) ||
            (!strcmp(right, "custom_id") && td_get(n, "id")))
            continue;
        snprintf(what, sizeof what, "scores with \"%.60s\", which is not read; did you mean \"%s\"?", td_key(at), right);
        td_sink_note(sink, line, what, NULL);
    }
}

/* What is wrong with the line: the value, or the keys that it has instead. */
static bool refuse(td_sink *sink, const td_node *n, const td_node *score, bool has_id, uint64_t line, td_error *error)
{
    char detail[500], list[400] = "";
    const char *text = td_string(score);
    size_t more = 0;
    if (has_id && score) {
        snprintf(detail, sizeof detail, "\"score\" is %s%.60s%s", text ? "\"" : "", text ? text : td_is_null(score) ? "null" : "a list or an object",
                 text ? "\"" : "");
        return td_sink_bad(sink, line, "a score that is neither a number nor true or false", detail, error);
    }
    for (const td_node *at = td_is_object(n) ? td_first(n) : NULL; at; at = td_next(at)) {
        char quoted[110];
        const char *right = is_known(td_key(at)) ? NULL : meant(td_key(at));
        snprintf(quoted, sizeof quoted, "\"%.60s\"%s%s%s", td_key(at), right ? " (did you mean \"" : "", right ? right : "", right ? "\"?)" : "");
        td_list_add(list, sizeof list, &more, quoted);
    }
    td_list_end(list, sizeof list, more);
    snprintf(detail, sizeof detail, "it has %s", *list ? list : "none");
    return td_sink_bad(sink, line, has_id ? "a score needs \"id\" and \"score\" (a number, true or false), and \"score\" is not there"
                                          : "a score needs \"id\" and \"score\" (a number, true or false), and \"id\" is not there", detail, error);
}

bool td_score_line(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    char room[32], name[32];
    td_row row;
    const td_node *score = td_get(n, "score"), *model = td_get(n, "model");
    const char *text = td_string(score);
    td_row_start(&row);
    row.id = td_name_of(td_get(n, "id"), room);
    if (!row.id.len)
        row.id = td_name_of(td_get(n, "custom_id"), room);
    row.outcome.name = td_name_of(model, name);
    row.outcome.score = td_is_bool(score) ? td_true(score) : td_quantity(score);
    const bool truth = text && (!strcmp(text, "true") || !strcmp(text, "false") || !strcmp(text, "True") || !strcmp(text, "False"));
    if (truth)
        row.outcome.score = *text == 't' || *text == 'T';
    row.is_share = truth || td_is_bool(score);
    row.outcome.cost_usd = td_quantity(td_get(n, "cost_usd"));
    row.outcome.latency_s = td_quantity(td_get(n, "latency_s"));
    row.trials = td_quantity(td_get(n, "trials"));
    if (!isnan(row.trials) && !td_is_trials(row.trials)) {
        td_sink_note(sink, line, "scores with \"trials\" that is no number of them, from 1 on: taken for one", NULL);
        row.trials = (double)NAN;
    }
    row.source = td_span_of(td_string(td_get(n, "source")));
    row.workload = td_span_of(td_string(td_get(n, "workload")));
    row.line = line;
    row.label = true;
    if (!row.id.len && (td_is_number(td_get(n, "id")) || td_is_number(td_get(n, "custom_id"))))
        return td_sink_bad(sink, line, "an id of more digits than a number keeps; write it as a string", NULL, error);
    if (!row.id.len || isnan(row.outcome.score))
        return refuse(sink, n, score, row.id.len > 0, line, error);
    if (model && !td_is_null(model) && !row.outcome.name.len)
        return td_sink_bad(sink, line, "a score whose \"model\" is no name", NULL, error);
    tell_near(sink, n, line);
    return td_sink_row(sink, &row, error);
}

bool td_scores_by_id(td_sink *sink, td_error *error)
{
    const char *path = td_sink_settings(sink)->scores;
    return !path || td_rows_of(sink, path, td_score_line, error);
}
