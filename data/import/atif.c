/* ATIF on its own: one trajectory a file. A trajectory has no score: --scores joins them by
 * session_id. */
#include "data/import/atif.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pieces.h"
#include "data/import/scores.h"

static bool step_is(const td_node *step, const char *source)
{
    const char *s = td_string(td_get(step, "source"));
    return s && !strcmp(s, source);
}

/* A message is a string or, since v1.6, a list of parts. */
static void put_step(td_out *out, const td_node *step, const char *role, bool *first)
{
    td_puts(out, *first ? "{\"role\": \"" : ", {\"role\": \"");
    td_puts(out, role);
    td_puts(out, "\", \"content\": ");
    td_put_content(out, td_get(step, "message"));
    td_puts(out, "}");
    *first = false;
}

bool td_atif_request(td_out *out, const td_node *trajectory, bool with_system)
{
    const size_t before = out->len;
    bool first = true;
    td_puts(out, "\"messages\": [");
    for (const td_node *s = td_first(td_get(trajectory, "steps")); s; s = td_next(s)) {
        if (with_system && step_is(s, "system"))
            put_step(out, s, "system", &first);
        if (!step_is(s, "user"))
            continue;
        put_step(out, s, "user", &first);
        td_puts(out, "]");
        return true;
    }
    out->len = before;
    return false;
}

static double step_sum(const td_node *trajectory, const char *metric)
{
    double sum = (double)NAN;
    for (const td_node *s = td_first(td_get(trajectory, "steps")); s; s = td_next(s))
        sum = td_plus(sum, td_quantity(td_get(td_get(s, "metrics"), metric)));
    return sum;
}

/* The sum the file gives, or that of its steps. */
static double total(const td_node *trajectory, const char *final, const char *metric)
{
    return td_either(td_quantity(td_get(td_get(trajectory, "final_metrics"), final)),
                     step_sum(trajectory, metric));
}

void td_atif_numbers(td_outcome *o, const td_node *t)
{
    const td_node *from = NULL, *to = NULL;
    for (const td_node *s = td_first(td_get(t, "steps")); s; s = td_next(s)) {
        const td_node *at = td_get(s, "timestamp");
        if (!from && at && !step_is(s, "system"))
            from = at;
        to = at ? at : to;
    }
    o->input_tokens = td_either(o->input_tokens, total(t, "total_prompt_tokens", "prompt_tokens"));
    o->output_tokens =
        td_either(o->output_tokens, total(t, "total_completion_tokens", "completion_tokens"));
    o->cached_tokens =
        td_either(o->cached_tokens, total(t, "total_cached_tokens", "cached_tokens"));
    o->cost_usd = td_either(o->cost_usd, total(t, "total_cost_usd", "cost_usd"));
    o->latency_s = td_either(o->latency_s, td_elapsed(from, to));
}

static td_claim probe(const td_head *head)
{
    if (!td_head_has(head, "schema_version") || !td_head_says(head, "\"ATIF-v1"))
        return TD_NOT_MINE;
    /* inside a Harbor trial it is read together with the trial's result */
    return td_head_has(head, "steps")
               ? td_name_ends(head->path, "agent/trajectory.json") ? TD_PERHAPS : TD_MINE
               : TD_PERHAPS;
}

static bool take(td_sink *sink, const td_node *t, const char *path, td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *model = td_string(td_get_path(t, "agent.model_name"));
    const char *session = td_string(td_get(t, "session_id"));
    const char *taken = td_sink_model(sink, model);
    td_row_start(&row);
    row.id = session && *session ? td_span_of(session) : td_span_of(path);
    row.source = td_span_of("atif");
    row.outcome.name = td_span_of(taken);
    if (!td_is_array(td_get(t, "steps")))
        return td_sink_bad(sink, 0, "a trajectory without \"steps\"", NULL, error);
    if (!row.outcome.name.len) {
        td_sink_drop(sink, 0,
                     "trajectories that name no model (agent.model_name; --model NAME says it)",
                     NULL);
        return true;
    }
    if (!td_atif_request(out, t, true)) {
        td_sink_drop(sink, 0, "trajectories without a step of the user", NULL);
        return true;
    }
    row.request.data = out->at;
    row.request.len = out->len;
    td_atif_numbers(&row.outcome, t);
    return td_sink_row(sink, &row, error);
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    td_error why;
    td_node *t = td_input_dom(file->path, &why);
    if (!t)
        return td_sink_bad(sink, 0, "a file that cannot be read", why.text, error);
    const bool good = take(sink, t, file->path, error);
    td_dom_free(t);
    return good;
}

const td_importer td_import_atif = {
    .name = "atif",
    .title = "ATIF agent trajectories",
    .options = "model scores",
    .probe = probe,
    .read = read_file,
    .finish = td_scores_by_id,
};
