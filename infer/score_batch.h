/* tierce score --batch: OpenAI batch lines in, one batch file per tier out. */
#ifndef TIERCE_SCORE_BATCH_H
#define TIERCE_SCORE_BATCH_H

#include "infer/scorer.h"

typedef struct {
    const char *out_dir, *tiers; /* tiers: path of a tiers.json, or NULL */
    uint64_t part_lines, part_bytes;
    double assumed_output;
} score_batch_options;

/* Runs `job` (its callbacks are set here). False after a complaint on stderr: then DIR is not there.
 * The summary goes to stdout. */
bool score_batch(score_job *job, const score_batch_options *o, const char *const *paths, size_t n_paths,
                 score_counts *counts);

#endif
