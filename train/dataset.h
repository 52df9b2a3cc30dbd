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
    uint64_t without_outcome; /* records left out: no outcome of any tier */
    uint64_t bad_lines;
    uint32_t graded; /* records with a score strictly between 0 and 1 */
} tr_dataset;

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

#endif
