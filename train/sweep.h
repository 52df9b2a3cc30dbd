/* The cost frontier of tr_judge_frontier with its intervals: what the terminal and the page both print. The settings
 * (lambda) and their decisions are those of the records as they are, made once; a resample weighs records, and
 * chooses anew which setting is read. */
#ifndef TIERCE_SWEEP_H
#define TIERCE_SWEEP_H

#include "train/judgement.h"

typedef struct {
    tr_frontier value;
    tr_interval gain, saving; /* of aiq - mix; of saving */
} tr_swept;

/* The bench must be costed. */
tr_swept tr_sweep(const tr_bench *costed, uint32_t rounds, uint64_t seed);

#endif
