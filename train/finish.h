/* What a fitted model carries besides its weights: digest and self-test vectors. */
#ifndef TIERCE_FINISH_H
#define TIERCE_FINISH_H

#include "train/fit.h"

/* Adds who made it, from what, held-out figures of the inner folds with bootstrap intervals, and a
 * filter of record ids (an eighth of them, so that it stays small). */
void tr_write_digest(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                     const tr_report *report);
/* Adds requests of our own and what this model says of them, checked whenever it is opened. False with
 * *error filled when the model cannot be asked. */
bool tr_write_selftests(tm_model *model, tierce_error *error);
/* Was the record with this id trained on? 1 yes (or, for one in fifty others, by chance), 0 no, -1 the
 * filter does not cover the id. */
int tr_seen(const tm_model *model, const char *id, uint32_t crc);
/* Of d's records whose ids the filter covers: how many it covers, how many it has. */
void tr_count_seen(const tm_model *model, const tr_dataset *d, uint32_t *covered, uint32_t *seen);

#endif
