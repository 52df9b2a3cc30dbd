/* Does today's traffic look like the records that the model was trained on?
 *
 * Per histogram of the portrait, the population stability index over its bins,
 *     PSI = sum of (now - then) * log(now / then),
 * shares smoothed by half a request a bin. Two samples of the same traffic have a PSI too: about
 * (bins - 1) * (1 / n + 1 / N), give or take sqrt(2 (bins - 1)) * (1 / n + 1 / N). So a histogram has
 * moved when its PSI is above that mean by four of those spreads and by TR_PSI_MOVED (the custom of credit
 * scoring: 0.1 look, 0.25 act), and drifted by TR_PSI_DRIFT.
 * Verdict: drift when familiarity, unseen words or a tier's estimates drifted, or one named feature in ten. */
#ifndef TIERCE_DRIFT_H
#define TIERCE_DRIFT_H

#include "data/lines.h"
#include "models/model.h"

#define TR_PSI_MOVED 0.10
#define TR_PSI_DRIFT 0.25

typedef struct {
    const tm_histogram *histogram;
    uint64_t count[TM_MAX_CUTS + 1]; /* requests in each bin */
    double psi, expected;            /* expected: without drift, at most */
    int state;                       /* 0 stable, 1 moved, 2 drifted */
} tr_shift;

typedef struct {
    const tm_model *model;
    uint64_t requests, bad;
    uint64_t strange; /* less familiar than the abstention level */
    uint32_t n;
    tr_shift *shift;
    uint32_t moved, drifted, named, named_drifted;
    bool drift;
} tr_drift;

/* Reads requests ("-": standard input), in constant memory. False with *error filled. */
bool tr_drift_measure(const tm_model *model, const char *const *paths, size_t n_paths, uint64_t max_bad,
                      tr_drift *drift, td_error *error);
void tr_drift_free(tr_drift *drift);
/* "tools.offered", "familiarity", "p of pro", … */
void tr_shift_name(const tr_drift *drift, const tr_shift *shift, char *text, size_t room);

#endif
