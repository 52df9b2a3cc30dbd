/* Learning to recognise sources: signatures and the gate (models/estimate.c has the formulae that use
 * them). Nothing is fitted to outcomes here. */
#ifndef TIERCE_RECOGNISE_H
#define TIERCE_RECOGNISE_H

#include "models/model.h"
#include "train/dataset.h"

/* Fills model->sources (levels zero) from a subset of records, signatures of so many features at
 * most. source_of[i] (may be NULL) gives the
 * dataset's number of the model's i-th source; TM_MAX_SOURCES of room. */
void tr_recognise(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                  uint32_t signature, uint32_t *source_of);

/* has_sources: the records are of several sources. */
void tr_set_gate(tm_gate *gate, bool has_sources);
/* Mean and spread of covered[i] where source[i] == wanted (UINT32_MAX: everywhere). */
void tr_cover_stats(const double *covered, const uint32_t *source, uint32_t n, uint32_t wanted,
                    double *mean, double *spread);

#endif
