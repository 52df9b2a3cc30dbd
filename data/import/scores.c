#include "data/import/scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/head.h"
#include "data/import/pieces.h"
#include "data/import/table.h"

static bool put_score(td_sink *sink, tierce_span id, tierce_span model, double score, uint64_t line,
                      td_error *error)
{
    td_row row;
    td_row_start(&row);
    row.id = id;
    row.outcome.name = model;
    row.outcome.score = score;
    row.line = line;
    return td_sink_row(sink, &row, error);
}

static bool take_line(td_sink *sink, const td_node *n, uint64_t line, td_error *error)
{
    char room[32];
    const td_node *score = td_get(n, "score");
    const tierce_span id = td_name_of(td_get(n, "id"), room);
    const double v = td_is_bool(score) ? td_true(score) : td_quantity(score);
    if (!id.len || isnan(v))
        return td_sink_bad(sink, line, "a score needs \"id\" and \"score\"", NULL, error);
    return put_score(sink, id, td_span_of(td_string(td_get(n, "model"))), v, line, error);
}

bool td_scores_by_id(td_sink *sink, td_error *error)
{
    const char *path = td_sink_settings(sink)->scores;
    char *room = path ? malloc(TD_HEAD_BYTES) : NULL;
    td_head head = {.by_name = true};
    if (!path)
        return true;
    bool good = room ? td_head_read(&head, path, room, error) == TD_HEAD_OK : td_fail(error, "out of memory");
    const char first = good ? td_head_first(&head) : 0;
    free(room);
    td_sink_at(sink, path);
    if (!good)
        return false;
    return first == '{' ? td_sink_lines(sink, path, take_line, error)
                        : td_table_lines(sink, path, "id score", take_line, error);
}
