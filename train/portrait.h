/* The training records' portrait, to tell drift from: histograms of the named features, of familiarity, of
 * unseen words, and of the estimates. */
#ifndef TIERCE_PORTRAIT_H
#define TIERCE_PORTRAIT_H

#include "train/fit.h"

/* Estimates are the inner folds'. Familiarity and unseen words are the finished model's, but as if the record
 * had not been among the training records: a word counts as seen if enough other records have it. (The
 * folds saw fewer records, so their words are rarer than the finished model's traffic would show.) */
void tr_write_portrait(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                       const tr_report *report);

/* Bin of a value, 0 .. n_cuts. */
static inline uint32_t tr_bin_of(const tm_histogram *h, double value)
{
    uint32_t k = 0;
    while (k < h->n_cuts && (float)value >= h->cut[k])
        k++;
    return k;
}

#endif
