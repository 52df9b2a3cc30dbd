/* A model on stored vectors, and the float oracle beside it. */
#include <stdlib.h>
#include <string.h>

#include "models/maths.h"
#include "train/fit.h"
#include "train/memory.h"

void tr_probe_start(tr_probe *p, const tr_dataset *d, const tm_model *model)
{
    p->d = d;
    p->model = model;
    p->seen = tr_new(((size_t)TF_BLOCKS << d->spec.bits) / 64, sizeof *p->seen);
    p->acc = tr_new(tm_acc_len(model), sizeof *p->acc);
    p->margin = tr_new(model->n_rows, sizeof *p->margin);
}

void tr_probe_stop(tr_probe *p)
{
    free(p->seen);
    free(p->acc);
    free(p->margin);
}

void tr_probe_record(tr_probe *p, uint32_t record)
{
    const tf_vector v = tr_vector(p->d, record);
    for (uint32_t e = 0; e < v.n; e++)
        p->seen[v.at[e].index >> 6] |= (uint64_t)1 << (v.at[e].index & 63);
    const double covered = tm_weights_dot(p->model, &v, p->acc, p->margin);
    tm_recognise(p->model, &v, p->seen, p->acc, covered, &p->kinship);
    for (uint32_t e = 0; e < v.n; e++)
        p->seen[v.at[e].index >> 6] = 0;
}

double tr_probe_probability(const tr_probe *p, uint32_t tier)
{
    return tm_sigmoid(tm_log_odds(p->model, p->margin, &p->kinship, tier));
}

double tr_probe_cost(const tr_probe *p, uint32_t record, uint32_t tier)
{
    const tf_vector v = tr_vector(p->d, record);
    return tm_expected_cost(p->model, p->margin, &v, tier);
}

static uint32_t find_column(const tr_raw *raw, uint32_t index)
{
    uint32_t low = 0, high = raw->columns;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (raw->index[mid] < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low < raw->columns && raw->index[low] == index ? low : UINT32_MAX;
}

void tr_probe_float(tr_probe *p, const tr_raw *raw, uint32_t record)
{
    const tf_vector v = tr_vector(p->d, record);
    for (uint32_t r = 0; r < raw->n_rows; r++)
        p->margin[r] = p->model->rows[r].bias;
    for (uint32_t e = 0; e < v.n; e++) {
        const uint32_t c = find_column(raw, v.at[e].index);
        if (c == UINT32_MAX)
            continue;
        const double value = tf_unit(&p->d->spec, &v, v.at[e].block) * v.at[e].level;
        for (uint32_t r = 0; r < raw->n_rows; r++)
            p->margin[r] += value * raw->weight[(size_t)c * raw->n_rows + r];
    }
}
