/* A finished model and records to judge it on: opened together, with what the model's digest says about
 * which of the records it has seen. */
#ifndef TIERCE_HELDOUT_H
#define TIERCE_HELDOUT_H

#include "infer/router.h"
#include "train/outfold.h"

typedef struct {
    tierce_router *router;
    const tm_model *model; /* the router's */
    tr_dataset d;
    tr_predictions p;
    uint32_t covered, seen; /* of d's records: ids that the digest can tell of, and knows */
} tr_held;

/* tiers NULL: outcomes are called as the model's tiers are. False after a complaint on stderr; then *status
 * is the exit status. */
bool tr_held_open(tr_held *h, const char *command, const char *model, const char *const *paths,
                  size_t n_paths, const char *tiers, uint64_t max_bad, int *status);
/* The same in two steps, for what can be refused before a long read: the model, then the records (which closes
 * the model when it fails). */
bool tr_held_open_model(tr_held *h, const char *command, const char *model);
bool tr_held_read(tr_held *h, const char *command, const char *const *paths, size_t n_paths, const char *tiers,
                  uint64_t max_bad, int *status);
void tr_held_close(tr_held *h);
/* Were more of the records trained on than an unlucky filter explains? */
bool tr_held_overlaps(const tr_held *h);
/* Files below TR_FILTER_BYTES do without the filter: then nobody can tell, and every command that would warn of
 * training records says this instead. */
bool tr_held_blind(const tr_held *h);
#define TR_BLIND "small files carry no filter of record ids, so whether it was trained on these records cannot be told"

#endif
