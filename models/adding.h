/* What weights.c and its loops for AVX2 and AVX-512 share: how entries are added up.
 *
 * Entries go in groups, in strides that keep little at hand: find the slots of those that have weights,
 * without a branch (no processor guesses which have), add up their weights, add up their votes. */
#ifndef TIERCE_MODELS_ADDING_H
#define TIERCE_MODELS_ADDING_H

#include "features/clones.h"
#include "models/model.h"

#define TM_WIDE 16 /* votes that are added at a time */
#define TM_SIDE 8  /* and sources' likelihoods */
#define TM_GROUP 192
#define TM_FEW 255 /* votes that 16 bits hold: 255 * 128 < 2^15 */
_Static_assert(TM_GROUP <= TM_FEW, "a group's votes fit");

typedef struct {
    int32_t *row;     /* per block, stride of weights */
    int32_t *sum;     /* per block, stride of votes */
    int16_t *small;   /* the same, not yet in sum */
    uint32_t pending; /* votes in small, of all blocks together, at most */
    uint32_t covered; /* words and pairs of the ask that have weights */
    double *likely;   /* per source, from the features of signatures */
    uint64_t *signs;  /* those, a bit each */
} tm_tally;

/* Entries of a group that have weights, or votes: their slots and blocks. Room for whole vectors. */
typedef struct {
    uint32_t slot[TM_GROUP + 16], block[TM_GROUP + 16];
} tm_found;

/* Those of several groups that stand in signatures: their features there. */
#define TM_SIGNS 256
typedef struct {
    uint32_t n, at[TM_SIGNS + TM_GROUP + 16];
} tm_signs;

#endif
