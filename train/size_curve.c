#include "train/size_curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"
#include "train/metrics.h"
#include "train/narrow.h"

/* APGR of first to last tier over a resample (NULL: all records once). */
static double apgr_of(const tr_size *s, const tr_dataset *d, const uint32_t *resample, tr_pair *room)
{
    const uint32_t last = d->n_tiers - 1;
    size_t n = 0;
    for (uint32_t k = 0; k < d->n; k++) {
        const uint32_t i = resample ? resample[k] : k;
        const double *p = s->p + (size_t)i * d->n_tiers;
        const tr_pair pair = {p[last] - p[0], tr_score(d, i, 0), tr_score(d, i, last)};
        if (!isnan(pair.cheap) && !isnan(pair.strong))
            room[n++] = pair;
    }
    return last && n ? tr_curve_of(room, n).apgr : (double)NAN;
}

void tr_size_fit(tr_size *s, const tr_dataset *d, const tr_options *o)
{
    uint32_t *records = tr_new(d->n, sizeof *records);
    for (uint32_t i = 0; i < d->n; i++)
        records[i] = i;
    memset(s, 0, sizeof *s);
    s->asked = *o;
    tr_fit(d, records, d->n, o, &s->model, &s->report, NULL, NULL);
    s->bytes = tr_size_of(&s->model, o, d->n);
    s->loss = s->apgr = s->apgr_low = s->apgr_high = s->less_low = s->less_high = (double)NAN;
    free(records);
}

/* Mean over tiers of their mean log-loss. */
static double log_loss(const tr_dataset *d, const double *p)
{
    double loss = 0;
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        double sum = 0, n = 0;
        for (uint32_t i = 0; i < d->n; i++) {
            const double score = tr_score(d, i, t), at = p[(size_t)i * d->n_tiers + t];
            if (isnan(score))
                continue;
            sum -= score * log(fmax(at, 1e-9)) + (1 - score) * log(fmax(1 - at, 1e-9));
            n++;
        }
        loss += n > 0 ? sum / n / d->n_tiers : 0;
    }
    return loss;
}

bool tr_size_judge(tr_size *s, const tr_dataset *d, uint32_t folds, uint32_t jobs)
{
    tr_predictions out;
    if (!folds)
        return true;
    uint32_t *fold = tr_new(d->n, sizeof *fold);
    for (uint32_t i = 0; i < d->n; i++)
        fold[i] = d->crc[i] % folds;
    const bool good = tr_predict_folds(d, fold, folds, &s->asked, jobs, true, &out);
    if (good) {
        tr_pair *room = tr_new(d->n, sizeof *room);
        s->p = out.p;
        out.p = NULL;
        s->loss = log_loss(d, s->p);
        s->apgr = apgr_of(s, d, NULL, room);
        free(room);
    }
    tr_predictions_free(&out);
    free(fold);
    return good;
}

void tr_size_free(tr_size *s)
{
    free(s->p);
    tr_report_free(&s->report);
    tm_model_free(&s->model);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void interval(double *values, uint32_t n, double *low, double *high)
{
    qsort(values, n, sizeof *values, by_value);
    *low = values[n / 40];
    *high = values[n - 1 - n / 40];
}

void tr_size_compare(tr_size *sizes, uint32_t n, const tr_dataset *d, uint32_t resamples, uint64_t seed)
{
    uint32_t *resample = tr_new(d->n, sizeof *resample), good = 0;
    tr_pair *room = tr_new(d->n, sizeof *room);
    double *values = tr_new((size_t)n * (resamples + 1), sizeof *values);
    double *column = tr_new((size_t)resamples + 1, sizeof *column);
    uint64_t state = seed * 0x9e3779b97f4a7c15u | 1;
    for (uint32_t r = 0; r < resamples && !isnan(sizes[n - 1].apgr); r++) {
        bool whole = true;
        for (uint32_t k = 0; k < d->n; k++)
            resample[k] = (uint32_t)(tr_random(&state) % d->n);
        for (uint32_t i = 0; i < n; i++) {
            values[(size_t)good * n + i] = apgr_of(&sizes[i], d, resample, room);
            whole = whole && !isnan(values[(size_t)good * n + i]);
        }
        good += whole;
    }
    for (uint32_t i = 0; i < n && good; i++) {
        for (uint32_t r = 0; r < good; r++)
            column[r] = values[(size_t)r * n + i];
        interval(column, good, &sizes[i].apgr_low, &sizes[i].apgr_high);
        for (uint32_t r = 0; r < good; r++)
            column[r] = values[(size_t)r * n + i] - values[(size_t)r * n + n - 1];
        interval(column, good, &sizes[i].less_low, &sizes[i].less_high);
    }
    free(resample);
    free(room);
    free(values);
    free(column);
}
