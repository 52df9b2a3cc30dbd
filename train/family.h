/* A family of policies with one knob, and what each of them makes of held-out records.
 *
 * With costs the knob is the value of a success in USD (policy.value_usd): from "the cheapest" to "by
 * probability alone". Without costs it is a charge in probability: tier t of n, cheap to strong, is charged
 * knob * t / (n - 1), so with two tiers the knob is a threshold on p(strong) - p(cheap). To hold one
 * tier's share down the charge falls on that tier alone. Every fixed tier is a member too: where one
 * of them answers the goal, no router is needed. */
#ifndef TIERCE_FAMILY_H
#define TIERCE_FAMILY_H

#include "train/decide.h"
#include "train/judgement.h"

typedef enum { TR_KNOB_VALUE, TR_KNOB_LADDER, TR_KNOB_TIER, TR_KNOB_NONE } tr_knob;

typedef struct {
    const tr_bench *b;
    bool costed;       /* spend is USD; else it is the tier's place, 0 the first, 1 the last */
    uint32_t n;        /* members */
    tierce_policy *policy;
    uint32_t *fixed;   /* the tier that the member always sends to, or UINT32_MAX */
    uint8_t *tier;     /* n * b->n: decisions */
    size_t *start;     /* changes from member k - 1 to k: change[start[k] .. start[k + 1]) */
    uint32_t *change;  /* places in the bench */
    double *spend;     /* b->n * tiers */
} tr_family;

/* tier: of TR_KNOB_TIER. base: the rest of the policy. */
void tr_family_open(tr_family *f, const tr_bench *b, bool costed, tr_knob knob, uint32_t tier,
                    const tierce_policy *base);
void tr_family_close(tr_family *f);

/* Sums over a weighted sample, of one member. d = score - q * score of the reference tier. */
typedef struct {
    double n, score, spend, spend2, d, d2, share; /* share: of the tier asked for */
} tr_sums;

/* sums: of every member. weight NULL: each record once. */
void tr_family_sums(const tr_family *f, const uint32_t *weight, uint32_t reference, double q,
                    uint32_t share_tier, tr_sums *sums);

/* Everything about one member on a weighted sample. */
typedef struct {
    double score, ratio, spend, saving; /* ratio, saving: against the reference tier */
    double mix_gain;                    /* score above a random mix of the same shares */
    double share[TM_MAX_TIERS];
} tr_figures;

tr_figures tr_family_figures(const tr_family *f, const uint32_t *weight, uint32_t member,
                             uint32_t reference);

/* Their standard errors by the records' influence on them. Every sample counts one record more that is unlike the
 * others by a whole score, the reference's whole mean spend: none of 300 requests to a tier does not
 * mean that there will never be one. */
tr_figures tr_family_errors(const tr_family *f, const uint32_t *weight, uint32_t member, uint32_t reference);

/* The fixed tier with the best score on a weighted sample; of equals the one of least spend. */
uint32_t tr_family_best(const tr_family *f, const uint32_t *weight);

#endif
