/* tierce's own log (tierce serve|dispatch --log FILE --log-prompts): what was asked, which tier answered,
 * with which chance it was chosen, and what it cost. Whether the answer was good comes from --scores. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/pieces.h"
#include "data/import/rows.h"
#include "data/import/scores.h"

static td_claim probe(const td_head *head)
{
    /* the first line may be of a request that a budget refused: without attempts */
    return td_head_has_all(head, "digest attempts propensity") || td_head_has_all(head, "digest propensity decide_s") ? TD_MINE
                                                                                                                  : TD_NOT_MINE;
}

static void numbers(td_outcome *o, const td_node *n)
{
    o->cost_usd = td_quantity(td_get(n, "cost_usd"));
    o->input_tokens = td_quantity(td_get(n, "gen_ai.usage.input_tokens"));
    o->output_tokens = td_quantity(td_get(n, "gen_ai.usage.output_tokens"));
    o->cached_tokens = td_quantity(td_get(n, "gen_ai.usage.cache_read.input_tokens"));
    o->reasoning_tokens = td_quantity(td_get(n, "gen_ai.usage.reasoning.output_tokens"));
    o->latency_s = td_quantity(td_get(n, "latency_s"));
}

/* The logging policy, for off-policy estimates. It is known only where the tier that was chosen is the
 * one that answered: after a fallback, what was chosen has no outcome. */
static void put_policy(td_out *out, const td_node *n, const char *tier)
{
    static const char *const chosen[] = {"FALLBACK", "ESCALATION", "BUDGET", "FORCED"};
    const double propensity = td_quantity(td_get(n, "propensity"));
    const char *reason = td_string(td_get(n, "reason"));
    char text[60];
    for (size_t i = 0; reason && i < sizeof chosen / sizeof *chosen; i++)
        if (!strcmp(reason, chosen[i]))
            return;
    if (!(propensity > 0 && propensity <= 1))
        return;
    snprintf(text, sizeof text, ", \"propensity\": %.9g, \"chosen\": ", propensity);
    td_puts(out, text);
    td_put_json(out, tier, strlen(tier));
}

static bool take(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    td_row row;
    td_out *out = td_sink_buffer(sink);
    const char *tier = td_string(td_get(n, "tier")), *id = td_string(td_get(n, "id"));
    const td_node *fault = td_get(n, "error");
    td_row_start(&row);
    row.id = td_span_of(id);
    row.source = td_span_of("tierce-log");
    row.line = line;
    if (!row.id.len)
        return td_sink_bad(sink, line, "a line of tierce's log needs \"id\"", NULL, error);
    if (!td_get(n, "request")) {
        td_sink_drop(sink, line, "requests that were not logged (tierce serve --log-prompts)", NULL);
        return true;
    }
    if (!td_put_body(out, td_get(n, "request"))) {
        td_sink_drop(sink, line, "requests without messages", NULL);
        return true;
    }
    row.outcome.name = td_span_of(tier); /* of none: a budget or the request itself was in the way, no model answered */
    if (tier && td_string(fault))
        row.missing = "requests that failed or were left by their client";
    else if (tier)
        numbers(&row.outcome, n);
    if (tier && !row.missing)
        put_policy(out, n, tier);
    row.request.data = out->at;
    row.request.len = out->len;
    return td_sink_row(sink, &row, error);
}

static bool read_file(td_sink *sink, const td_head *file, td_error *error)
{
    return td_rows(sink, file, take, error);
}

const td_importer td_import_tierce_log = {
    .name = "tierce-log",
    .title = "tierce's decision log",
    .options = "scores",
    .probe = probe,
    .read = read_file,
    .finish = td_scores_by_id,
};
