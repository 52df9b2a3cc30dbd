/* Tables of an evaluation that need no resampling: what the numbers are, apart from how they print. */
#ifndef TIERCE_EVAL_TABLES_H
#define TIERCE_EVAL_TABLES_H

#include "train/judgement.h"

/* What the second tier does where the first is used, by scores cut at one half. */
typedef struct {
    uint32_t rescue, loss, safe, hard;  /* only the second succeeds; only the first; both; neither */
    double gain[4];                     /* mean estimated gain p(second) - p(first) of each, same order */
    double auc;                         /* of that gain, rescue against loss; NaN where either is empty */
} tr_rescues;

tr_rescues tr_count_rescues(const tr_bench *b, uint32_t first, uint32_t second);

#define TR_BINS 10

/* Estimated probability against recorded score, one tier (or all: UINT32_MAX), in equal bins. */
typedef struct {
    uint32_t n[TR_BINS];
    double p[TR_BINS], score[TR_BINS]; /* means */
} tr_bins;

tr_bins tr_bin_estimates(const tr_bench *b, uint32_t tier);

/* What a decision costs. */
typedef struct {
    double features_s, estimate_s; /* CPU seconds a request, on this machine */
    double usd;                    /* of a request at the price of a core-hour */
    double part;                   /* of the cheapest tier's mean cost; NaN without costs */
} tr_own_cost;

tr_own_cost tr_router_cost(const tr_bench *b, const tr_bench *costed, double usd_core_hour);

void tr_print_rescues(const tr_bench *b);
void tr_print_bins(const tr_bench *b);
void tr_print_own_cost(const tr_own_cost *c, double usd_core_hour);

#endif
