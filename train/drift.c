#include "train/drift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "models/maths.h"
#include "train/memory.h"
#include "train/portrait.h"

/* ---- reading ---- */

typedef struct {
    tf_features *features;
    void *memory;
    tf_state *state;
    int32_t *acc;
    double *margin;
} eye;

static void count(tr_drift *d, const eye *e, const tierce_request *request)
{
    const tm_model *m = d->model;
    tm_kinship k;
    const tf_vector *v = tf_extract(e->features, e->state, request, NULL, NULL);
    const double covered = tm_weights_dot(m, v, e->acc, e->margin);
    tm_recognise(m, v, tf_seen(e->state), e->acc, covered, &k);
    d->requests++;
    d->strange += k.known < m->portrait.abstain_below;
    for (uint32_t i = 0; i < d->n; i++) {
        const tm_histogram *h = d->shift[i].histogram;
        double value = 0;
        switch (h->kind) {
        case TM_H_NAMED:
            value = v->values[h->number] == TF_ABSENT
                        ? -1.0
                        : (double)tf_bucket(tf_named_cut(h->number), v->values[h->number]);
            break;
        case TM_H_FAMILIARITY:
            value = k.known;
            break;
        case TM_H_UNSEEN:
            value = 1 - covered;
            break;
        case TM_H_PROBABILITY:
            value = tm_sigmoid(tm_log_odds(m, e->margin, &k, h->number));
            break;
        case TM_H_KINDS:
            break;
        }
        d->shift[i].count[tr_bin_of(h, value)]++;
    }
}

static void complain(void *context, const char *message)
{
    (void)context;
    fprintf(stderr, "%s\n", message);
}

static bool read_all(tr_drift *d, const eye *e, const char *const *paths, size_t n_paths, uint64_t max_bad,
                     td_error *error)
{
    td_record record;
    int got = -1;
    td_reader *reader = td_reader_open(paths, n_paths, TD_WANT_REQUESTS, max_bad, 0, max_bad ? complain : NULL, NULL);
    if (!reader)
        return td_fail(error, "out of memory");
    while ((got = td_reader_next(reader, &record, error)) > 0)
        count(d, e, record.request);
    d->bad = td_reader_bad(reader);
    td_reader_close(reader);
    if (!got && !d->requests)
        return td_fail(error, "no requests in the input");
    return !got;
}

/* ---- judging ---- */

static void judge(const tr_drift *d, tr_shift *s)
{
    const tm_histogram *h = s->histogram;
    const double n = (double)d->requests, then_n = d->model->portrait.records, bins = h->n_cuts + 1;
    double used = 0;
    for (uint32_t k = 0; k <= h->n_cuts; k++) {
        const double then = (h->share[k] / 65535.0 * then_n + 0.5) / (then_n + bins / 2);
        const double now = ((double)s->count[k] + 0.5) / (n + bins / 2);
        s->psi += (now - then) * log(now / then);
        used += h->share[k] || s->count[k];
    }
    const double unit = 1 / n + 1 / then_n, free_bins = used > 1 ? used - 1 : 1;
    s->expected = (free_bins + 4 * sqrt(2 * free_bins)) * unit;
    s->state = s->psi > s->expected + TR_PSI_DRIFT ? 2 : s->psi > s->expected + TR_PSI_MOVED ? 1 : 0;
}

bool tr_drift_measure(const tm_model *m, const char *const *paths, size_t n_paths, uint64_t max_bad, tr_drift *d,
                      td_error *error)
{
    memset(d, 0, sizeof *d);
    d->model = m;
    d->n = m->portrait.n;
    d->shift = tr_new(d->n, sizeof *d->shift);
    for (uint32_t i = 0; i < d->n; i++)
        d->shift[i].histogram = &m->portrait.histogram[i];
    eye e = {.features = tr_new(1, sizeof *e.features), .memory = tr_new(1, tf_state_size(&m->spec)),
             .acc = tr_new(tm_acc_len(m), sizeof *e.acc), .margin = tr_new(m->n_rows, sizeof *e.margin)};
    e.state = tf_state_init(e.memory, &m->spec);
    const bool good = tf_features_open(e.features, &m->spec) && read_all(d, &e, paths, n_paths, max_bad, error);
    for (uint32_t i = 0; good && i < d->n; i++) {
        tr_shift *s = &d->shift[i];
        judge(d, s);
        const bool named = s->histogram->kind == TM_H_NAMED;
        d->moved += s->state == 1;
        d->drifted += s->state == 2;
        d->named += named;
        d->named_drifted += named && s->state == 2;
        d->drift = d->drift || (!named && s->state == 2);
    }
    d->drift = d->drift || d->named_drifted * 10 > d->named;
    free(e.features);
    free(e.memory);
    free(e.acc);
    free(e.margin);
    if (!good)
        tr_drift_free(d);
    return good;
}

void tr_drift_free(tr_drift *d)
{
    free(d->shift);
    d->shift = NULL;
}

void tr_shift_name(const tr_drift *d, const tr_shift *s, char *text, size_t room)
{
    switch (s->histogram->kind) {
    case TM_H_NAMED:
        snprintf(text, room, "%s", tf_named_name(s->histogram->number));
        break;
    case TM_H_FAMILIARITY:
        snprintf(text, room, "familiarity");
        break;
    case TM_H_UNSEEN:
        snprintf(text, room, "unseen words and pairs");
        break;
    case TM_H_PROBABILITY:
        snprintf(text, room, "p of %.60s", d->model->tiers[s->histogram->number].name);
        break;
    case TM_H_KINDS:
        break;
    }
}
