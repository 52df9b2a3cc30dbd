/* Is a set of records fit to learn from? */
#ifndef TIERCE_CHECK_H
#define TIERCE_CHECK_H

#include "data/each.h"
#include "data/findings.h"
#include "data/likeness.h"
#include "data/tiers.h"

typedef struct {
    const td_tiers *tiers; /* outcomes must belong to one of them; NULL: any may */
    double near;           /* likeness that makes a near-duplicate; 0: do not look */
} td_check_options;

/* Faults: bad lines, one id twice, a key twice in one object, outcomes of no tier. Warnings: one request under
 * several ids (worse: with other scores), near-duplicates, requests without a word, tiers without an outcome, outcomes without a cost.
 * False with *error filled when the files cannot be read to their end. */
bool td_check(td_files *files, const td_check_options *options, td_findings *findings, uint64_t *records,
              td_error *error);

#endif
