/* The machine under tierce score: lines in, decisions out in the same order, in bounded memory.
 *
 * Lines are read into batches; the threads of a batch take line after line from it and write into a
 * slot per line; the slots are handed on in order when all are done. */
#ifndef TIERCE_SCORER_H
#define TIERCE_SCORER_H

#include "data/record.h"
#include "data/text_out.h"
#include "infer/router.h"

typedef struct {
    const char *line; /* without its line break; valid until the slot was taken */
    size_t len;
    uint64_t number;
    bool bad, abstained, without_cost;
    uint32_t tier;  /* the chosen one */
    td_out out;     /* the decision with its line break, or the complaint */
    td_out request; /* score --batch: the line for its tier */
    uint64_t id_hash;    /* score --batch: of the custom_id */
    double *cost;        /* score --batch: forecast per tier, NaN: not known; */
    double *probability; /* of success, per tier; both NULL where job->more is */
    uint64_t closed;     /* score --batch: bit t: tier t cannot take the request */
    uint32_t moved;      /* score --batch: 1 + the tier that it would have gone to and that cannot take it; 0: none */
} score_slot;

typedef struct {
    const tierce_router *router;
    const tierce_policy *policy;
    size_t threads, max_line;
    uint64_t max_bad;
    bool keyed;     /* KEY <tab> JSON in, KEY <tab> decision out */
    bool has_range; /* read bytes from..to-1 of the only file */
    uint64_t from, to;
    void *context;
    /* More to do with a good line, in any thread, before its decision is printed; NULL when fine, else
     * what is wrong (constant) and *where. May be NULL. */
    const char *(*more)(void *context, tierce_scratch *scratch, const td_record *record,
                        tierce_decision *decision, score_slot *slot, size_t *where);
    /* Takes a good slot, in order; the same answer, or "" to stop without a word. */
    const char *(*take)(void *context, score_slot *slot);
} score_job;

typedef struct {
    uint64_t decided, bad, bytes;
    uint64_t abstained; /* of the decided: less familiar than the policy's level */
    uint64_t without_cost; /* of the decided: a tier in question had no known cost, which the policy weighs */
    uint64_t per_tier[TIERCE_MAX_TIERS];
} score_counts;

/* Scores the files one after the other; complaints go to stderr. False when it stopped early. */
bool score_files(const score_job *job, const char *const *paths, size_t n_paths, score_counts *counts);

#endif
