/* What routing predictions are worth, as ../shared/peers/judge.py computes it (and nothing else of
 * it is shared): RouteLLM's PGR, APGR and CPT (arXiv 2406.18665), RouterBench's AIQ (arXiv 2403.12031).
 *
 * PGR(f)   gap between cheap and strong recovered when the share f with the largest gain goes to strong
 * APGR     area under PGR over f in 0..1; a random mix has 0.5
 * CPT(x)   least share that recovers x of the gap
 * LIFT     100 * area between the router's curve and the straight line, inside each source of 50
 *          records or more, weighted by records: points gained over a random mix of the same shares
 * ECE      15 equal bins of p against the recorded score
 * AIQ      mean height of the upper concave hull of (cost, score) over the cost range of the tiers */
#ifndef TIERCE_METRICS_H
#define TIERCE_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* One record of a two-tier comparison. */
typedef struct {
    double gain, cheap, strong;
} tr_pair;

typedef struct {
    double apgr, cpt50, cpt80; /* NaN where the gap is zero or the goal is never reached */
} tr_curve;

/* Sorts pairs in place by gain, largest first. */
tr_curve tr_curve_of(tr_pair *pairs, size_t n);
/* group[i] < n_groups. */
double tr_lift(const tr_pair *pairs, const uint32_t *group, size_t n, uint32_t n_groups);

typedef struct {
    double ece, brier;
} tr_reliability;

tr_reliability tr_reliability_of(const double *p, const double *score, size_t n);

/* Points of a cost-score plane. */
typedef struct {
    double cost, score;
} tr_point;

/* Mean height over [low, high] of the upper concave, non-decreasing hull. Sorts points in place. */
double tr_hull_area(tr_point *points, size_t n, double low, double high);

/* xorshift64*, for bootstraps: the same everywhere. State must not be zero. */
uint64_t tr_random(uint64_t *state);

#endif
