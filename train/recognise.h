/* Learning to recognise sources: signatures, the vocabulary and the gate (models/estimate.c has the
 * formulae that use them). Nothing is fitted to outcomes here. */
#ifndef TIERCE_RECOGNISE_H
#define TIERCE_RECOGNISE_H

#include "models/model.h"
#include "train/dataset.h"

/* Fills model->sources (levels zero), vocabulary and gate from a subset of records. source_of[i] (may
 * be NULL) gives the dataset's number of the model's i-th source; TM_MAX_SOURCES of room. */
void tr_recognise(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                  uint32_t *source_of);

#endif
