/* Is more data worth labelling? The same folds, fitted on 1/8, 1/4, 1/2 and all of their training records
 * (nested parts), judged on the same held-out records. */
#ifndef TIERCE_LEARNCURVE_H
#define TIERCE_LEARNCURVE_H

#include "train/judgement.h"

#define TR_CURVE_STEPS 4

typedef struct {
    double share;    /* of a fold's training records */
    double records;  /* mean number of them */
    double apgr, brier, gain; /* first to last tier; all tiers; AIQ above the mix (NaN without costs) */
} tr_curve_step;

typedef struct {
    tr_curve_step step[TR_CURVE_STEPS];
    tr_interval apgr;   /* of the last doubling's change, paired */
    tr_interval brier;  /* fall in the last doubling, paired */
} tr_learning;

/* whole: predictions of the full folds. False with a message on stderr when a fold failed. */
bool tr_learning_curve(const tr_dataset *d, const uint32_t *fold, uint32_t n_folds, const tr_options *o,
                       const tr_predictions *whole, bool costed, uint32_t jobs, uint32_t resamples,
                       uint64_t seed, bool quiet);

#endif
