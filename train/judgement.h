/* What out-of-fold (or finished-model) predictions are worth: every fixed tier, the cost-matched
 * random mix, the oracle and the router, side by side, with intervals. */
#ifndef TIERCE_JUDGEMENT_H
#define TIERCE_JUDGEMENT_H

#include "train/metrics.h"
#include "train/outfold.h"

/* Records that have every tier's outcome are judged: only there can tiers be compared. What has to do
 * with costs is judged on those of them that have every tier's cost, if that is half of them or more. */
typedef struct {
    const tr_dataset *d;
    const tr_predictions *p;
    uint32_t *record; /* judged ones */
    uint32_t n;
    bool costed;      /* every one of them has all costs */
} tr_bench;

/* costed: only records with every cost. */
void tr_bench_open(tr_bench *b, const tr_dataset *d, const tr_predictions *p, bool costed);
void tr_bench_close(tr_bench *b);

typedef struct {
    double score, cost; /* means over the records; cost NaN where not recorded */
} tr_mean;

tr_mean tr_fixed(const tr_bench *b, uint32_t tier);
tr_mean tr_oracle(const tr_bench *b);

/* Two-tier measures of cheap -> strong over a resample (NULL: the judged records as they are). */
typedef struct {
    double apgr, cpt50, cpt80, lift;
} tr_two;

tr_two tr_judge_two(const tr_bench *b, uint32_t cheap, uint32_t strong, const uint32_t *resample,
                    bool with_float);

/* Cost frontier: decisions argmax p - lambda * expected cost, lambda swept. */
typedef struct {
    double aiq, mix, saving; /* saving: 1 - cost / best fixed tier's cost at its score; NaN: never reached */
} tr_frontier;

#define TR_SWEEP 121

tr_frontier tr_judge_frontier(const tr_bench *b, const uint32_t *resample, tr_point *curve);
/* Its parts: the k-th lambda for fixed tiers whose mean costs span so much; a record's tier, where mean is what a
 * tier costs whose cost is not predicted. */
double tr_frontier_lambda(int k, double range);
uint32_t tr_frontier_decide(const tr_bench *b, uint32_t i, double lambda, const double *mean);

tr_reliability tr_judge_reliability(const tr_bench *b);

/* Percentile bootstrap. */
typedef struct {
    double low, high;
} tr_interval;

typedef double (*tr_statistic)(const tr_bench *b, const uint32_t *resample, void *context);
tr_interval tr_bootstrap(const tr_bench *b, tr_statistic f, void *context, uint32_t rounds, uint64_t seed);

#endif
