/* Learning which source a request came from: multinomial logistic regression on its frequent words and
 * named features (models/estimate.c uses it). Nothing is fitted to outcomes here. */
#ifndef TIERCE_VOTES_H
#define TIERCE_VOTES_H

#include "models/model.h"
#include "train/fit.h"

/* Fills model->votes and the sources' bias from a subset of records; model->sources must be there.
 * o->vote_features below the usual number: fitted with that, then again with those that moved most.
 * source_of[i]: the dataset's number of the model's i-th source. Same records and seed: same bytes. */
void tr_fit_votes(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                  const uint32_t *source_of, const tr_options *o);

#endif
