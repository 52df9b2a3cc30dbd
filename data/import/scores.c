#include "data/import/scores.h"

#include <math.h>
#include <string.h>

#include "data/import/pieces.h"
#include "data/import/rows.h"

bool td_score_line(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    char room[32];
    td_row row;
    const td_node *score = td_get(n, "score");
    const char *text = td_string(score);
    td_row_start(&row);
    row.id = td_name_of(td_get(n, "id"), room);
    if (!row.id.len)
        row.id = td_name_of(td_get(n, "custom_id"), room);
    row.outcome.name = td_span_of(td_string(td_get(n, "model")));
    row.outcome.score = td_is_bool(score) ? td_true(score) : td_quantity(score);
    const bool truth = text && (!strcmp(text, "true") || !strcmp(text, "false") || !strcmp(text, "True") || !strcmp(text, "False"));
    if (truth)
        row.outcome.score = *text == 't' || *text == 'T';
    row.is_share = truth || td_is_bool(score);
    row.outcome.cost_usd = td_quantity(td_get(n, "cost_usd"));
    row.outcome.latency_s = td_quantity(td_get(n, "latency_s"));
    row.source = td_span_of(td_string(td_get(n, "source")));
    row.workload = td_span_of(td_string(td_get(n, "workload")));
    row.line = line;
    row.label = true;
    if (!row.id.len || isnan(row.outcome.score))
        return td_sink_bad(sink, line,
                           "a score needs \"id\" and \"score\" (a number, true or false)", NULL,
                           error);
    return td_sink_row(sink, &row, error);
}

bool td_scores_by_id(td_sink *sink, td_error *error)
{
    const char *path = td_sink_settings(sink)->scores;
    return !path || td_rows_of(sink, path, td_score_line, error);
}
