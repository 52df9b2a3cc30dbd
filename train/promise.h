/* What may be promised of a policy that luck helped to choose.
 *
 * Every round draws two bootstrap samples: `here`, as many as the records, on which the whole choice is made again (the
 * member, and where the goal is a part of the best tier's score, the best tier), and `there`, as many as the
 * batch. The studentised error of a figure is
 *   T = (figure of the round's member here - what it is really) / its standard error here
 *   long run   really: on the records themselves, which stand for the world
 *   batch      really: on `there`, which has chance of its own
 * and the interval is the figure less T's upper and lower quantile times the standard error on the records
 * (bootstrap-t, Efron 1981; Hall 1988). Dividing by the error here is what heavy tails need: a sample that happens to
 * lack the few dear requests shows too small a spend and too small an error, and T knows by how much.
 *
 * Quality and cost are promised together: the quantiles are so far out that score, part of the reference's
 * score, spend and saving all held in 95 of 100 rounds. */
#ifndef TIERCE_PROMISE_H
#define TIERCE_PROMISE_H

#include "train/family.h"

#define TR_HEAD 5 /* score, ratio, spend, saving, mix_gain; then a share a tier */
#define TR_FIGURES (TR_HEAD + TM_MAX_TIERS)

typedef struct {
    double value, low, high, batch_low, batch_high; /* NaN: too few rounds could choose */
} tr_promise;

/* The choice on a sample (weight NULL: the records): a member, or UINT32_MAX; *reference is the tier that ratio and
 * saving are against. */
typedef uint32_t tr_choice(void *context, const uint32_t *weight, uint32_t *reference);

/* Fills promise[TR_HEAD + tiers] for a member chosen on the records. */
void tr_promise_all(const tr_family *f, tr_choice *choose, void *context, uint32_t member, uint32_t reference,
                    uint32_t rounds, uint32_t batch, uint64_t seed, tr_promise *promise);

/* A bootstrap sample: how often each of n records is drawn. */
void tr_draw(uint64_t *state, uint32_t *weight, uint32_t n, uint32_t draws);

#endif
