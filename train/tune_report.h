/* What tune found, for people and for programs. */
#ifndef TIERCE_TUNE_REPORT_H
#define TIERCE_TUNE_REPORT_H

#include "data/text_out.h"
#include "train/tune.h"

/* "keep 98 % of pro's score", … */
void tr_goal_text(const tr_bench *b, const tr_goal *goal, char *text, size_t room);
/* The goal and what may be promised, on one line without a date: what the model file keeps. */
void tr_goal_facts(const tr_bench *b, bool costed, const tr_goal *goal, const tr_tuned *t, char *text,
                   size_t room);
void tr_print_tuned(const tr_bench *b, bool costed, const tr_goal *goal, const tr_tuned *t, uint32_t batch);
/* Why the goal was refused, and the nearest one. */
void tr_print_refused(const tr_bench *b, bool costed, const tr_goal *goal, const tr_tuned *t);
/* One JSON object without a line break. */
void tr_put_tuned(td_out *out, const tr_bench *b, bool costed, const char *name, const tr_goal *goal,
                  const tr_tuned *t, uint32_t batch);

#endif
