/* The gate's measures, from records that were held out of the fits that looked at them: how much of a request's
 * words a fit covers, and how wide the gate must stand. The gate itself: models/estimate.c. */
#ifndef TIERCE_GATE_H
#define TIERCE_GATE_H

#include "models/model.h"
#include "train/dataset.h"

/* How far the words of a source's records are covered by a fit that did not see them. */
typedef struct {
    double mean, spread;
} tr_cover;

/* Held-out records: what a fit without them found. */
typedef struct {
    uint32_t n;
    const uint32_t *record; /* of the dataset */
    const uint32_t *source; /* the dataset's number of the likeliest source, UINT32_MAX: none */
    tm_kinship *kinship;
} tr_held;

/* Sets the gate and covers (one per source of the dataset); gates every record by them. */
void tr_gate_fit(tm_gate *gate, const tr_dataset *d, const tr_held *held, tr_cover *covers);
/* A small model sees less of what makes a request familiar: its gate opens until the mean P(known) of the
 * records is `known`. */
void tr_gate_widen(tm_gate *gate, const tr_held *held, const tr_cover *covers, double known);

#endif
