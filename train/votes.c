#include "train/votes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/maths.h"
#include "train/memory.h"
#include "train/metrics.h"

/* Stochastic gradient descent with AdaGrad steps (Duchi, Hazan & Singer 2011): three passes reach the
 * accuracy that a full solver reaches, in a fraction of the time that liblinear needs for one
 * one-against-the-rest problem per source. */
#define PASSES 3
#define RATE 0.3
#define BIAS_RATE 0.03
#define MIN_DF 3
#define MAX_COLUMNS 3000
#define MAX_CELLS 65536 /* columns * sources: bounds the model file */

/* Scales of the blocks that vote; 0: it does not. */
static const double vote_scale[TF_BLOCKS] = {
    [TF_B_WORD] = 1.0, [TF_B_SYSTEM] = 1.0, [TF_B_TOOLS] = 1.0, [TF_B_NAMED] = 0.5};

typedef struct {
    const tr_dataset *d;
    uint32_t n_sources, n_columns;
    uint32_t *column; /* by index: column + 1, 0: none */
    float *weight, *square; /* n_columns * n_sources; square: sum of squared gradients */
    float bias[TM_MAX_SOURCES], bias_square[TM_MAX_SOURCES];
} votes;

/* The most frequent features of the blocks that vote. */
static void choose_columns(votes *v, const uint32_t *records, uint32_t n)
{
    const size_t indexes = (size_t)TF_BLOCKS << v->d->spec.bits;
    uint32_t *count = tr_new(indexes, sizeof *count), *with = tr_new((size_t)n + 2, sizeof *with);
    const uint32_t most =
        MAX_CELLS / v->n_sources < MAX_COLUMNS ? MAX_CELLS / v->n_sources : MAX_COLUMNS;
    for (uint32_t i = 0; i < n; i++)
        for (size_t e = v->d->start[records[i]]; e < v->d->start[records[i] + 1]; e++)
            if (vote_scale[v->d->entry[e].block] > 0)
                count[v->d->entry[e].index]++;
    for (size_t i = 0; i < indexes; i++)
        with[count[i]]++;
    uint32_t least = n + 1, sum = 0; /* features in at least `least` records are taken */
    while (least > MIN_DF && sum + with[least - 1] <= most)
        sum += with[--least];
    for (size_t i = 0; i < indexes; i++)
        if (count[i] >= least)
            v->column[i] = ++v->n_columns;
    free(count);
    free(with);
}

typedef struct {
    uint32_t n, *column;
    float *value;
} inputs;

static void read_record(const votes *v, uint32_t record, inputs *x)
{
    const tf_vector vector = tr_vector(v->d, record);
    double unit[TF_BLOCKS];
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        unit[b] = vector.count[b] ? vote_scale[b] * tf_unit(&v->d->spec, &vector, b) : 0;
    x->n = 0;
    for (uint32_t e = 0; e < vector.n; e++) {
        const uint32_t column = v->column[vector.at[e].index];
        if (!column)
            continue;
        x->column[x->n] = column - 1;
        x->value[x->n++] = (float)(unit[vector.at[e].block] * vector.at[e].level);
    }
}

/* gradient[s] = P(s) - [s is right] */
static void gradient_of(const votes *v, const inputs *x, uint32_t right, float *gradient)
{
    const uint32_t k = v->n_sources;
    float most = -HUGE_VALF;
    double sum = 0;
    memcpy(gradient, v->bias, k * sizeof *gradient);
    for (uint32_t i = 0; i < x->n; i++) {
        const float value = x->value[i], *weight = &v->weight[(size_t)x->column[i] * k];
        for (uint32_t s = 0; s < k; s++)
            gradient[s] += value * weight[s];
    }
    for (uint32_t s = 0; s < k; s++)
        most = gradient[s] > most ? gradient[s] : most;
    for (uint32_t s = 0; s < k; s++)
        sum += gradient[s] = (float)tm_exp((double)(gradient[s] - most));
    for (uint32_t s = 0; s < k; s++)
        gradient[s] /= (float)sum;
    gradient[right] -= 1;
}

static void step(float *weight, float *square, float gradient, float rate)
{
    *square += gradient * gradient;
    *weight -= rate * gradient / sqrtf(*square);
}

static void learn(votes *v, const inputs *x, const float *gradient)
{
    const uint32_t k = v->n_sources;
    for (uint32_t s = 0; s < k; s++)
        step(&v->bias[s], &v->bias_square[s], gradient[s], (float)BIAS_RATE);
    for (uint32_t i = 0; i < x->n; i++) {
        float *weight = &v->weight[(size_t)x->column[i] * k];
        float *square = &v->square[(size_t)x->column[i] * k];
        for (uint32_t s = 0; s < k; s++)
            step(&weight[s], &square[s], x->value[i] * gradient[s], (float)RATE);
    }
}

static void shuffle(uint32_t *order, uint32_t n, uint64_t *random)
{
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t j = (uint32_t)(tr_random(random) % i), kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void descend(votes *v, const uint32_t *records, uint32_t n, const uint32_t *number,
                    uint64_t seed)
{
    const size_t cells = (size_t)v->n_columns * v->n_sources;
    uint32_t *order = tr_new(n, sizeof *order), known = 0;
    inputs x = {0, tr_new(v->d->spec.max_entries, sizeof *x.column),
                tr_new(v->d->spec.max_entries, sizeof *x.value)};
    float gradient[TM_MAX_SOURCES];
    uint64_t random = seed * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du;
    random += !random;
    for (size_t i = 0; i < cells; i++)
        v->square[i] = 1e-6f;
    for (uint32_t s = 0; s < v->n_sources; s++)
        v->bias_square[s] = 1e-6f;
    for (uint32_t i = 0; i < n; i++)
        if (number[v->d->source[records[i]]] != UINT32_MAX)
            order[known++] = records[i];
    for (int pass = 0; pass < PASSES; pass++) {
        shuffle(order, known, &random);
        for (uint32_t i = 0; i < known; i++) {
            read_record(v, order[i], &x);
            gradient_of(v, &x, number[v->d->source[order[i]]], gradient);
            learn(v, &x, gradient);
        }
    }
    free(order);
    free(x.column);
    free(x.value);
}

static void fit(votes *v, const uint32_t *records, uint32_t n, const uint32_t *number, uint64_t seed)
{
    v->weight = tr_new((size_t)v->n_columns * v->n_sources, sizeof *v->weight);
    v->square = tr_new((size_t)v->n_columns * v->n_sources, sizeof *v->square);
    descend(v, records, n, number, seed);
}

static int by_falling_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Of n features those whose weights move the votes most: frequency * sum of squared weights. */
static void keep_best(votes *v, const uint32_t *records, uint32_t n, uint32_t most)
{
    const size_t indexes = (size_t)TF_BLOCKS << v->d->spec.bits;
    double *moves = tr_new(v->n_columns, sizeof *moves), *sorted = tr_new(v->n_columns, sizeof *sorted);
    uint32_t *count = tr_new(v->n_columns, sizeof *count);
    for (uint32_t i = 0; i < n; i++)
        for (size_t e = v->d->start[records[i]]; e < v->d->start[records[i] + 1]; e++)
            if (v->column[v->d->entry[e].index])
                count[v->column[v->d->entry[e].index] - 1]++;
    for (uint32_t c = 0; c < v->n_columns; c++) {
        for (uint32_t k = 0; k < v->n_sources; k++) {
            const double w = (double)v->weight[(size_t)c * v->n_sources + k];
            moves[c] += w * w * count[c];
        }
        sorted[c] = moves[c];
    }
    qsort(sorted, v->n_columns, sizeof *sorted, by_falling_value);
    const double least = sorted[most];
    v->n_columns = 0;
    for (size_t i = 0; i < indexes; i++)
        if (v->column[i])
            v->column[i] = moves[v->column[i] - 1] > least ? ++v->n_columns : 0;
    free(moves);
    free(sorted);
    free(count);
}

/* The largest weight of a block becomes the highest level. */
static void store(tm_model *m, const votes *v, float levels)
{
    tm_votes *to = &m->votes;
    float most[TF_BLOCKS] = {0};
    uint32_t s = 0;
    const size_t indexes = (size_t)TF_BLOCKS << v->d->spec.bits;
    to->n_slots = v->n_columns;
    to->index = tm_arena_alloc(&m->arena, v->n_columns, sizeof *to->index);
    to->weight = tm_arena_alloc(&m->arena, v->n_columns, v->n_sources);
    for (size_t i = 0; i < indexes; i++)
        if (v->column[i]) {
            const float *weight = &v->weight[(size_t)s * v->n_sources];
            float *top = &most[i >> v->d->spec.bits];
            for (uint32_t k = 0; k < v->n_sources; k++)
                *top = fabsf(weight[k]) > *top ? fabsf(weight[k]) : *top;
            to->index[s++] = (uint32_t)i;
        }
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        to->scale[b] = most[b] / levels * (float)vote_scale[b];
    for (s = 0; s < v->n_columns; s++)
        for (uint32_t k = 0; k < v->n_sources; k++) {
            const size_t cell = (size_t)s * v->n_sources + k;
            const float top = most[to->index[s] >> v->d->spec.bits];
            to->weight[cell] = (int8_t)(top > 0 ? lrintf(v->weight[cell] / top * levels) : 0);
        }
    for (uint32_t k = 0; k < v->n_sources; k++)
        m->sources[k].bias = v->bias[k];
}

void tr_fit_votes(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                  const uint32_t *source_of, const tr_options *o)
{
    votes *v = tr_new(1, sizeof *v);
    uint32_t *number = tr_new(d->n_sources, sizeof *number);
    v->d = d;
    v->n_sources = model->n_sources;
    if (v->n_sources > 1) {
        memset(number, 0xff, d->n_sources * sizeof *number);
        for (uint32_t s = 0; s < v->n_sources; s++)
            number[source_of[s]] = s;
        v->column = tr_new((size_t)TF_BLOCKS << d->spec.bits, sizeof *v->column);
        choose_columns(v, records, n);
        fit(v, records, n, number, o->seed);
        if (v->n_columns > o->vote_features) {
            keep_best(v, records, n, o->vote_features);
            free(v->weight);
            free(v->square);
            fit(v, records, n, number, o->seed);
        }
        store(model, v, (float)o->vote_levels);
        free(v->column);
        free(v->weight);
        free(v->square);
    }
    free(number);
    free(v);
}
