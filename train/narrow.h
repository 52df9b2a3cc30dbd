/* A model under a size. What is left out is left out before the last fit, so that the rest can make up
 * for it: fit on everything, keep what moves the most margin, fit again on that, calibrate on folds
 * that went through the same.
 *
 * Of a given size, so much goes to each part (tr_plan_size; where the shares come from: docs/edge.md):
 * weights get fewer bits, which buys more of them; a source's signature and its votes get a share
 * that grows with the number of sources; the filter of record ids goes below 24 KiB; buckets take
 * what is left. */
#ifndef TIERCE_NARROW_H
#define TIERCE_NARROW_H

#include "train/assemble.h"

/* Sizes below hold no model worth having. */
#define TR_MIN_BYTES 4096
/* Files below this do without the filter of record ids and the portrait: `tierce eval` cannot warn then, nor can
 * `tierce drift` compare. */
#define TR_FILTER_BYTES 24576

/* Sets weight_levels, vote_features, vote_levels and signature for o->max_bytes. */
void tr_plan_size(tr_options *o, uint32_t n_sources);
/* Does a file of that size get the coding of tiny files? */
bool tr_is_tiny(const tr_options *o);
/* Another plan, that differs in a part, one way or the other; false where there is none. */
#define TR_PLAN_PARTS 4
bool tr_plan_vary(tr_options *o, unsigned part, unsigned way);
/* How many buckets fit under o->max_bytes, the model having everything but its weights and its digest. Leaves the
 * model with weights of the solutions. n: training records (their digest takes room too). */
uint32_t tr_slots_under(tm_model *model, const tr_problem *p, const tr_row *rows, uint32_t n_rows,
                        const tr_options *o, uint32_t n);
/* Bytes of the file, digest and self-tests included; 0 when memory ends. */
uint64_t tr_size_of(const tm_model *model, const tr_options *o, uint32_t n);
/* The problem with the max_slots columns only that move the most margin. */
tr_problem *tr_keep_columns(const tr_problem *p, const tr_row *rows, uint32_t n_rows, uint32_t max_slots,
                            const tm_model *model);
/* Numbers of the sources to eight bits, which is all that they are good for; zlib packs them better. */
void tr_round_numbers(tm_model *model);
/* What the digest of a small file does without. */
void tr_lighten_digest(tm_model *model, const tr_options *o);

#endif
