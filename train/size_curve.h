/* Models of several sizes from the same records, and what each is worth beside the others: judged out of fold,
 * everything that made the model (the plan, the choice of buckets) done again without the records that judge. */
#ifndef TIERCE_SIZE_CURVE_H
#define TIERCE_SIZE_CURVE_H

#include "train/outfold.h"

typedef struct {
    tr_options asked;
    tm_model model;                      /* of all records */
    tr_report report;
    uint64_t bytes;
    double *p;                           /* n * n_tiers, out of fold; NULL: not judged */
    double loss;                         /* mean log-loss of the tiers; NaN: not judged */
    double apgr, apgr_low, apgr_high;    /* first to last tier; NaN with one tier, no gap or no judging */
    double less_low, less_high;          /* of the difference to the last one of the list, paired */
} tr_size;

/* Fits on all records of the dataset. */
void tr_size_fit(tr_size *s, const tr_dataset *d, const tr_options *o);
/* Fits again without each of so many folds by crc32(id), and judges on them; 0: leaves it unjudged. */
bool tr_size_judge(tr_size *s, const tr_dataset *d, uint32_t folds, uint32_t jobs);
void tr_size_free(tr_size *s);
/* Fills the intervals; the last one is what the others are compared with. The same resamples for all. */
void tr_size_compare(tr_size *sizes, uint32_t n, const tr_dataset *d, uint32_t resamples, uint64_t seed);

#endif
