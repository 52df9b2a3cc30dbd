/* The evaluation as people read it in a terminal. */
#ifndef TIERCE_EVAL_REPORT_H
#define TIERCE_EVAL_REPORT_H

#include "data/text_out.h"
#include "train/judgement.h"

/* Prints everything; costed: the records that all costs are known of, or NULL. curve (may be NULL) receives the plotted points as tab-separated numbers. resamples
 * 0: no intervals. unseen: sources were held out, so LIFT is the measure to read. */
void tr_print_evaluation(const tr_bench *b, const tr_bench *costed, uint32_t resamples, uint64_t seed, bool unseen, td_out *curve);

#endif
