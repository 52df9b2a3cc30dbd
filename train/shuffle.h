/* Is it the router's knowledge, or only its shares? A permutation test.
 *
 * Null hypothesis: which request gets which tier does not matter. The router's decisions are kept as they
 * are, at every setting of its knob, and dealt at random to the judged records (one permutation for
 * all settings; within groups of records if groups are given). So every shuffled router sends the same
 * shares to the same tiers, at every setting, and what it scores is what a cost-matched random mix scores, with
 * the same luck of picking the best of many settings.
 *
 * Statistic: area between the upper hull of the router's points and the fixed tiers' in the plane of
 * spend (USD, or the place of the tier where costs are not known) and score, divided by the range of
 * spend: AIQ gained over the best random mix. p = (1 + shuffles that gain as much or more) / (1 + shuffles). */
#ifndef TIERCE_SHUFFLE_H
#define TIERCE_SHUFFLE_H

#include "train/family.h"

typedef struct {
    double gain;                /* of the router */
    double null_mean, null_95;  /* of the shuffled ones: mean, and what 95 in 100 stay below */
    double p;
    uint32_t rounds;
} tr_shuffled;

/* f: TR_KNOB_VALUE or TR_KNOB_LADDER. group: per record of the dataset, or NULL. */
tr_shuffled tr_shuffle_test(const tr_family *f, const uint32_t *group, uint32_t n_groups, uint32_t rounds,
                            uint64_t seed);

/* What to do: route, or send everything to one tier. */
typedef struct {
    bool route;
    uint32_t fixed;        /* the tier to use when not: the cheapest that is not clearly worse than the best */
    uint32_t best;         /* best fixed tier */
    double difference, low, high; /* fixed's score less best's, paired, 95 % */
    tr_shuffled shuffled;  /* the test that decided */
    tr_shuffled within;    /* the same within sources; rounds 0: one source only */
    double limit;
    bool unseen;           /* sources were held out: the test within sources decided */
} tr_verdict;

tr_verdict tr_recommend(const tr_bench *b, bool costed, double limit, uint32_t rounds, uint64_t seed,
                        bool unseen);
/* The recommendation as a sentence, without a line break. */
void tr_verdict_text(const tr_bench *b, bool costed, const tr_verdict *v, char *text, size_t room);

#endif
