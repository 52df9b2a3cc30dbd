#include "data/import/scores.h"

#include <math.h>
#include <string.h>

#include "data/import/pieces.h"
#include "data/import/rows.h"

static bool take(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    char room[32];
    td_row row;
    const td_node *score = td_get(n, "score");
    const char *text = td_string(score);
    td_row_start(&row);
    row.id = td_name_of(td_get(n, "id"), room);
    row.outcome.name = td_span_of(td_string(td_get(n, "model")));
    row.outcome.score = td_is_bool(score) ? td_true(score) : td_quantity(score);
    if (text && (!strcmp(text, "true") || !strcmp(text, "false")))
        row.outcome.score = *text == 't';
    row.line = line;
    if (!row.id.len || isnan(row.outcome.score))
        return td_sink_bad(sink, line,
                           "a score needs \"id\" and \"score\" (a number, true or false)", NULL,
                           error);
    return td_sink_row(sink, &row, error);
}

bool td_scores_by_id(td_sink *sink, td_error *error)
{
    const char *path = td_sink_settings(sink)->scores;
    return !path || td_rows_of(sink, path, take, error);
}
