/* The curve that a router draws, as text in a terminal and as numbers for gnuplot. */
#ifndef TIERCE_PLOT_H
#define TIERCE_PLOT_H

#include "data/text_out.h"
#include "train/judgement.h"

/* Score against cost where costs are recorded (lambda swept), else against the share sent to the last
 * tier. numbers (may be NULL) receives "router|mix|fixed <tab> x <tab> score [<tab> name]" lines. */
void tr_plot(const tr_bench *b, td_out *numbers);

#endif
