/* Scores that come in a file of their own (--scores FILE): production logs know what was asked and
 * what it cost, but seldom whether the answer was good. */
#ifndef TIERCE_SCORES_H
#define TIERCE_SCORES_H

#include "data/import/sink.h"

/* A td_importer's `finish`: reads the file that --scores names, if any, and gives each score to the
 * record of its id: {"id": …, "score": …} a line ("model" for one of several models), or a CSV with
 * the columns id and score; cost_usd, latency_s, source and workload are taken where they are there. */
bool td_scores_by_id(td_sink *sink, td_error *error);
/* One such line ("custom_id" will do for "id"). */
bool td_score_line(td_sink *sink, const td_node *n, uint64_t line, td_error *error);

#endif
