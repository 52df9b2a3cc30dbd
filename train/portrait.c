#include "train/portrait.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define BINS 10 /* of about a tenth of the records each; an empty one on either side for what never came */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Cuts at distinct values, a bin being closed when it holds a tenth of the records. Sorts in place.
 * step: how much above a value the next one may begin (1 for buckets). */
static void draw(tm_histogram *h, double *value, uint32_t n, double step)
{
    uint32_t count[TM_MAX_CUTS + 1] = {0}, held = 0;
    qsort(value, n, sizeof *value, by_value);
    h->cut[0] = (float)value[0];
    h->n_cuts = 1;
    for (uint32_t i = 0; i < n; i++) {
        const float v = (float)value[i];
        if (i && v > h->cut[h->n_cuts - 1] && (float)value[i - 1] < v && held * BINS >= n && h->n_cuts < BINS + 1) {
            h->cut[h->n_cuts++] = v;
            held = 0;
        }
        count[h->n_cuts]++;
        held++;
    }
    float end = (float)(value[n - 1] + step);
    if (!(end > h->cut[h->n_cuts - 1]))
        end = nextafterf(h->cut[h->n_cuts - 1], INFINITY);
    if (!(end > (float)value[n - 1]))
        end = nextafterf((float)value[n - 1], INFINITY);
    h->cut[h->n_cuts++] = end;
    for (uint32_t k = 0; k <= h->n_cuts; k++)
        h->share[k] = (uint16_t)lrint(65535.0 * (k < h->n_cuts ? count[k] : 0) / n);
}

/* ---- familiarity without oneself ---- */

typedef struct {
    tr_probe probe;
    uint32_t *frequency; /* per index, over the training records */
    uint32_t min_df;
} mirror;

static double covered_by_others(const mirror *m, uint32_t record)
{
    const tf_vector v = tr_vector(m->probe.d, record);
    const uint32_t all = v.count[TF_B_WORD] + v.count[TF_B_PAIR];
    uint32_t covered = 0;
    for (uint32_t e = 0; e < v.n; e++)
        if ((v.at[e].block == TF_B_WORD || v.at[e].block == TF_B_PAIR) &&
            m->frequency[v.at[e].index] > m->min_df &&
            tm_weights_slot(&m->probe.model->weights, v.at[e].index) != UINT32_MAX)
            covered++;
    return all ? (double)covered / all : 0;
}

static void look(mirror *m, uint32_t record, double *known, double *unseen)
{
    const tm_model *model = m->probe.model;
    tr_probe_record(&m->probe, record);
    tm_kinship k = m->probe.kinship;
    k.covered = covered_by_others(m, record);
    const bool none = k.source == UINT32_MAX;
    tm_gate_kinship(&model->gate, none ? model->gate.cover_mean : (double)model->sources[k.source].cover_mean,
                    none ? model->gate.cover_spread : (double)model->sources[k.source].cover_spread, &k);
    *known = k.known;
    *unseen = 1 - k.covered;
}

static tm_histogram *next(tm_portrait *p, tm_histogram_kind kind, uint32_t number)
{
    tm_histogram *h = &p->histogram[p->n++];
    h->kind = kind;
    h->number = number;
    return h;
}

static void draw_looks(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                       const tr_report *report, double *value)
{
    tm_portrait *p = &model->portrait;
    double *unseen = tr_new(n, sizeof *unseen);
    mirror m = {.frequency = tr_new((size_t)TF_BLOCKS << d->spec.bits, sizeof *m.frequency),
                .min_df = report->min_df};
    for (uint32_t i = 0; i < n; i++)
        for (size_t e = d->start[records[i]]; e < d->start[records[i] + 1]; e++)
            m.frequency[d->entry[e].index]++;
    tr_probe_start(&m.probe, d, model);
    for (uint32_t i = 0; i < n; i++)
        look(&m, records[i], &value[i], &unseen[i]);
    tr_probe_stop(&m.probe);
    draw(next(p, TM_H_FAMILIARITY, 0), value, n, 0); /* sorts */
    p->abstain_below = value[n / 100];
    draw(next(p, TM_H_UNSEEN, 0), unseen, n, 0);
    free(m.frequency);
    free(unseen);
}

void tr_write_portrait(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                       const tr_report *report)
{
    tm_portrait *p = &model->portrait;
    double *value = tr_new(n, sizeof *value);
    p->records = n;
    p->histogram = tm_arena_alloc(&model->arena, TF_N_COUNT + 2 + d->n_tiers, sizeof *p->histogram);
    draw_looks(model, d, records, n, report, value);
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        for (uint32_t i = 0; i < n; i++)
            value[i] = report->held_out[(size_t)i * d->n_tiers + t];
        draw(next(p, TM_H_PROBABILITY, t), value, n, 0);
    }
    for (unsigned id = 0; id < TF_N_COUNT; id++) {
        for (uint32_t i = 0; i < n; i++) {
            const uint8_t bucket = d->named[records[i]][id];
            value[i] = bucket == TR_NO_BUCKET ? -1 : bucket;
        }
        draw(next(p, TM_H_NAMED, id), value, n, 1);
    }
    free(value);
}
