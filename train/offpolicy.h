/* What a policy would have scored, from a log in which another policy chose.
 *
 * Of each logged record one tier's outcome is known, chosen with probability e (the record's propensity).
 * For a policy that would send record i to t_i, with w_i = [t_i is the chosen tier] / e_i, s_i the recorded
 * score and q_it the model's estimate (from a fit that did not see the record):
 *   IPS    mean of w s                                    unbiased, noisy
 *   SNIPS  sum of w s / sum of w                          a little bias for much less noise
 *   DR     mean of q_i,t_i + w (s - q_i,chosen)           unbiased, and less noisy the better q is
 * Weights are not clipped here. Intervals are at 95 %, of a world of requests like these, the noise of who
 * came included. IPS's is the normal one. Where few weights are large, few failures are seen, and by luck too
 * few: then a variance read off the matches is too small just when the estimate is too high. So SNIPS has
 * Wilson's interval for a share, at the effective number of matches, which covers any score within 0..1; and DR
 * takes the larger of the variance read off the terms and the one its own estimates expect,
 * sum of w^2 q (1 - q). (Horvitz and Thompson 1952; Wilson 1927; Swaminathan and Joachims 2015; Dudik,
 * Langford and Li 2011.) */
#ifndef TIERCE_OFFPOLICY_H
#define TIERCE_OFFPOLICY_H

#include "train/decide.h"

typedef struct {
    double value, low, high;
} tr_guess;

typedef struct {
    tr_guess ips, snips, dr;
    tr_guess direct;       /* mean score of the policy where its tier's outcome is recorded for every logged
                              record (a log that kept all outcomes); NaN else */
    tr_guess cost_dr;      /* USD a request; NaN where costs are not known */
    uint32_t matched;      /* records whose chosen tier is the policy's */
    double effective;      /* (sum of w)^2 / sum of w^2 */
} tr_offpolicy;

tr_offpolicy tr_off_policy(const tr_dataset *d, const tr_predictions *p, tr_decider *x,
                           const tierce_policy *policy);

/* Every fixed tier, the router by probability alone, and the policies given. */
typedef struct {
    const char *name;
    tierce_policy policy;
} tr_named_policy;

void tr_print_off_policy(const tr_dataset *d, const tr_predictions *p, const tr_named_policy *more,
                         uint32_t n_more);

#endif
