/* Models of several sizes from the same records, and what their held-out estimates are worth beside each
 * other. */
#ifndef TIERCE_SIZE_CURVE_H
#define TIERCE_SIZE_CURVE_H

#include "train/fit.h"

typedef struct {
    tr_options options;
    tm_model model;
    tr_report report;
    uint64_t bytes;
    double loss;                         /* mean held-out log-loss of the tiers */
    double apgr, apgr_low, apgr_high;    /* first to last tier, held out; NaN with one tier or no gap */
    double less_low, less_high;          /* of the difference to the last one of the list, paired */
} tr_size;

/* Fits on all records of the dataset. */
void tr_size_fit(tr_size *s, const tr_dataset *d, const tr_options *o);
void tr_size_free(tr_size *s);
/* Fills the intervals; the last one is what the others are compared with. The same resamples for all. */
void tr_size_compare(tr_size *sizes, uint32_t n, const tr_dataset *d, uint32_t resamples, uint64_t seed);

#endif
