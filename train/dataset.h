/* Records as numbers: vectors, outcomes, sources, in memory. The only reader of requests in train/. */
#ifndef TIERCE_DATASET_H
#define TIERCE_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/record.h"
#include "data/tiers.h"
#include "features/extract.h"

typedef struct {
    tf_spec spec;
    td_tiers tiers;
    uint32_t n, n_tiers;
    /* vectors: entries of record i are entry[start[i] .. start[i + 1]) */
    size_t *start;
    tf_entry *entry;
    uint32_t (*count)[TF_BLOCKS];
    /* outcomes, n * n_tiers; NaN: not recorded */
    double *score, *cost, *input_tokens, *output_tokens;
    uint32_t *source, *workload; /* numbers of the names below */
    char **source_name, **workload_name;
    uint32_t n_sources, n_workloads;
    char **id;
    uint32_t *crc;   /* crc32(id) */
    uint32_t *bytes; /* of the whole request */
    bool *has_tools;
    /* logged choices: the tier, TR_NOT_LOGGED where none (or without its outcome or propensity) */
    uint32_t *chosen;
    float *propensity;
    uint32_t logged;          /* records with a logged choice */
    uint32_t logged_to[TD_MAX_TIERS]; /* of them by tier */
    uint8_t (*named)[TF_N_COUNT]; /* buckets of the named features, TR_NO_BUCKET where absent */
    double extract_s;         /* CPU seconds that reading the features took */
    uint64_t without_outcome; /* records left out: no outcome of any tier */
    uint64_t bad_lines;
    uint32_t graded; /* records with a score strictly between 0 and 1 */
} tr_dataset;

#define TR_NOT_LOGGED UINT32_MAX
#define TR_NO_BUCKET 255

/* Reads all records of the files. Records without any of the tiers are counted and left out. Prints
 * bad lines to stderr. False with *error filled. */
bool tr_dataset_load(tr_dataset *d, const char *const *paths, size_t n_paths, const char *tiers,
                     const tf_spec *spec, uint64_t max_bad, td_error *error);
void tr_dataset_free(tr_dataset *d);

/* The vector of a record, as tf_extract gave it (but for values other than the total bytes). */
tf_vector tr_vector(const tr_dataset *d, uint32_t record);

static inline double tr_score(const tr_dataset *d, uint32_t record, uint32_t tier)
{
    return d->score[(size_t)record * d->n_tiers + tier];
}

/* ---- weights ----
 * A logged choice shows one outcome, and which one depends on the policy that chose. Weighing it by
 * 1 / propensity makes the outcomes of a tier stand for all requests again. Propensities below
 * 1 / TR_CLIP count as that: a rare choice would drown the rest. */
#define TR_CLIP 20.0

/* 1 where the record's outcomes do not depend on a choice. */
double tr_weight(const tr_dataset *d, uint32_t record);
/* For a fit the weight is stabilised (Robins, Hernan and Brumback 2000): times the part of the logged choices that went to
 * the tier. Inside a log of one outcome a record that changes nothing; beside records that show every tier it
 * keeps one rare choice from counting as many of them.
 * liblinear knows no weights, so a record is repeated instead: copies[i] (n of them) of records[i] for a
 * tier, 0 where it has no outcome there, in quarters of the tier's mean weight and one at least. Returns
 * the copies of a record of mean weight: 1 where all weigh the same (then copies are 0 and 1). */
unsigned tr_copies(const tr_dataset *d, const uint32_t *records, uint32_t n, uint32_t tier, unsigned *copies);

#endif
