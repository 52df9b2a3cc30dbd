/* A *simulated* evaluation sample, for `make demo` and tests: requests of our own grammar, outcomes
 * drawn from published pass rates. No model ever answered these requests. Every record's source
 * begins with "simulated/", and whatever prints results from them should say so too.
 *
 *     FILE *out = fopen("sample.jsonl", "w");
 *     bool ok = simulate_write(out, 3000, 1) && !fclose(out);
 *
 * Outcomes. A request has a difficulty level 0..8 (binomial, mean 4) that its text shows more or
 * less. The log-odds of success fall by a slope per level, for Flash by a slightly other one than
 * for Pro, and the intercepts are solved at the start so that the mean over the levels is the
 * published rate of (benchmark, tier). Inside each (benchmark, level) the draws are a golden-ratio
 * sequence with a random start rather than independent coins, and in three of four records both
 * tiers share the draw, since tiers of one family fail on the same tasks. Over 60 seeds of 3,000
 * records a tier's pass rate had a standard deviation of .0045 and the gap between the tiers one of
 * .0022 (coins: about .0086 and .007), so bootstrap intervals of such a sample are wider than its
 * spread from seed to seed. Benchmarks with a small share (finance: 60 of 3,000) still miss their
 * own rate by several points.
 *
 * Same seed, same bytes, on every machine: the draws are integer arithmetic; no floating point.
 * Ids of seed 1 are sim/WORKLOAD/NUMBER; those of any other end in -SEED, so that two samples never share one.
 * Record k depends on the seed and on the records before it, so a shorter sample is a prefix of a
 * longer one. */
#ifndef TIERCE_SIMULATE_H
#define TIERCE_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SIMULATE_FLASH, SIMULATE_PRO, SIMULATE_TIERS };

/* Writes that many records as JSONL. False when the stream has an error. */
bool simulate_write(FILE *out, uint32_t records, uint64_t seed);

/* The same, record by record: `take` gets a line with its line break. False where it, or memory, ends. */
typedef bool (*simulate_take)(void *context, const char *line, size_t len);
bool simulate_each(uint32_t records, uint64_t seed, simulate_take take, void *context);

/* One simulated benchmark. */
typedef struct {
    const char *source, *workload;
    uint32_t share;                     /* of the records, in 1/1000; the shares sum to 1000 */
    uint32_t published[SIMULATE_TIERS]; /* pass rates, in 1/1000 */
} simulate_benchmark;

/* NULL from the end of the list on. */
const simulate_benchmark *simulate_benchmark_at(size_t index);

/* The exact mean pass rate of the generator, in 1/1,000,000: published[tier] but for rounding. */
uint32_t simulate_mean(size_t index, unsigned tier);

#endif
