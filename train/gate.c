#include "train/gate.h"

#include <stdlib.h>

#include "train/memory.h"
#include "train/recognise.h"

/* Mean P(known). */
static double gate_all(const tm_gate *gate, const tr_held *held, const tr_cover *covers)
{
    double sum = 0;
    for (uint32_t i = 0; i < held->n; i++) {
        const uint32_t s = held->source[i];
        tm_gate_kinship(gate, s == UINT32_MAX ? gate->cover_mean : covers[s].mean,
                        s == UINT32_MAX ? gate->cover_spread : covers[s].spread, &held->kinship[i]);
        sum += held->kinship[i].known / held->n;
    }
    return sum;
}

void tr_gate_fit(tm_gate *gate, const tr_dataset *d, const tr_held *held, tr_cover *covers)
{
    double *covered = tr_new(held->n, sizeof *covered);
    uint32_t *source = tr_new(held->n, sizeof *source);
    for (uint32_t i = 0; i < held->n; i++) {
        covered[i] = held->kinship[i].covered;
        source[i] = d->source[held->record[i]];
    }
    tr_set_gate(gate, d->n_sources > 1);
    tr_cover_stats(covered, source, held->n, UINT32_MAX, &gate->cover_mean, &gate->cover_spread);
    for (uint32_t s = 0; s < d->n_sources; s++)
        tr_cover_stats(covered, source, held->n, s, &covers[s].mean, &covers[s].spread);
    gate_all(gate, held, covers);
    free(covered);
    free(source);
}

void tr_gate_widen(tm_gate *gate, const tr_held *held, const tr_cover *covers, double known)
{
    double low = gate->base, high = gate->base + 8;
    for (int step = 0; step < 20; step++) {
        gate->base = (low + high) / 2;
        if (gate_all(gate, held, covers) < known)
            low = gate->base;
        else
            high = gate->base;
    }
    gate->base = low;
    gate_all(gate, held, covers);
}
