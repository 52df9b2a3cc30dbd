/* A policy for a goal, and what may be promised of it on requests that nobody has seen yet.
 *
 * Choosing. Of a family with one knob (train/family.h) the best member is taken whose goal holds with a
 * margin of z standard errors on the records at hand. z is no constant: the whole choice is repeated on
 * bootstrap resamples, each choice is checked against the records at hand (which stand for the world
 * that the resamples came from), and z grows until 95 of 100 choices that are not refused keep the
 * goal there.
 *
 * Promising. A figure of the chosen member is biased, since chance helped to choose it. So the intervals come
 * from resampling the choice, not the figure: train/promise.h. */
#ifndef TIERCE_TUNE_H
#define TIERCE_TUNE_H

#include "train/promise.h"

typedef enum { TR_GOAL_KEEP, TR_GOAL_COST, TR_GOAL_SHARE, TR_GOAL_VALUE } tr_goal_kind;

typedef struct {
    tr_goal_kind kind;
    double amount; /* KEEP: part of the reference's score; COST: USD a request; SHARE: 0..1; VALUE: USD */
    uint32_t tier; /* KEEP: the reference; SHARE: the tier; else the best fixed tier */
    bool best;     /* `tier` is no wish of the user's but the best on these records, which is a choice as well */
} tr_goal;

typedef struct {
    bool reached;
    double nearest; /* when not: the nearest amount that is; NaN: none */
    tierce_policy policy;
    uint32_t fixed; /* the goal is answered by always this tier; UINT32_MAX: by routing */
    double z, kept; /* the margin, and the part of bootstrap choices that kept the goal */
    tr_promise score, ratio, spend, saving, mix_gain, share[TM_MAX_TIERS];
} tr_tuned;

/* costed: b's records have all costs. base: what the policy shall keep (value_usd for SHARE goals,
 * min_familiarity, default_tier, allowed). */
void tr_tune(const tr_bench *b, bool costed, const tr_goal *goal, const tierce_policy *base,
             uint32_t rounds, uint32_t batch, uint64_t seed, tr_tuned *out);

/* Mean score's best tier; of equals the cheaper (costed) or the first. */
uint32_t tr_best_fixed(const tr_bench *b, bool costed);

#endif
