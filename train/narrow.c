#include "train/narrow.h"

#include <math.h>
#include <stdlib.h>

#include "models/format.h"
#include "train/memory.h"

#define TR_SMALL_BYTES 40000
#define PORTRAIT 1500
#define REST_OF_DIGEST 1000 /* figures, self-tests and names, packed */

/* Routing lives on what differs between tiers, so that counts so much more than what they share. */
#define DIFFERENCE 3.0

static uint32_t within(double v, uint32_t low, uint32_t high)
{
    return v < low ? low : v > high ? high : (uint32_t)v;
}

void tr_plan_size(tr_options *o, uint32_t n_sources)
{
    const double size = (double)o->max_bytes, sources = n_sources ? n_sources : 1;
    if (o->max_bytes >= 200000)
        return;
    o->weight_levels = o->max_bytes < TR_SMALL_BYTES ? 7 : 31;
    if (o->max_bytes < TR_SMALL_BYTES) /* columns of zeros cost nothing, and buy half as many buckets again */
        o->general[TF_B_PAIR] = o->general[TF_B_SKIP] = 0;
    o->vote_levels = o->max_bytes < TR_SMALL_BYTES ? 7 : 15;
    const bool small = o->max_bytes < TR_SMALL_BYTES; /* there, knowing the source is most of what can be known */
    const double votes = size < 12000 ? 0.2 : small ? 0.44 : 0.15, signature = small ? 0.15 : 0.12;
    o->vote_features = within(votes * size / (1.5 + 0.4 * sources), 16, o->vote_features);
    o->signature = within(signature * size / (8 * sources), 3, o->signature);
}

static bool set_part(uint32_t *part, uint32_t v, uint32_t least, uint32_t most)
{
    v = v < least ? least : v > most ? most : v;
    const bool new = v != *part;
    *part = v;
    return new;
}

bool tr_plan_vary(tr_options *o, unsigned part, unsigned way)
{
    switch (part) {
    case 0:
        return set_part(&o->vote_features, way ? o->vote_features * 2 / 3 : o->vote_features * 3 / 2, 16, 3000);
    case 1:
        return set_part(&o->weight_levels, way ? o->weight_levels / 2 : 2 * o->weight_levels + 1, 1, 127);
    case 2:
        return set_part(&o->vote_levels, way ? o->vote_levels / 2 : 2 * o->vote_levels + 1, 1, 127);
    default:
        return set_part(&o->signature, way ? o->signature / 2 : o->signature * 2, 2, TM_SIGNATURE);
    }
}

bool tr_is_tiny(const tr_options *o)
{
    return o->max_bytes && o->max_bytes < TR_SMALL_BYTES;
}

static uint64_t digest_bytes(const tr_options *o, uint32_t n)
{
    const bool light = o->max_bytes && o->max_bytes < TR_FILTER_BYTES;
    return REST_OF_DIGEST + (light ? 0 : PORTRAIT + (uint64_t)n / 8 * 10 / 8);
}

uint64_t tr_size_of(const tm_model *model, const tr_options *o, uint32_t n)
{
    uint8_t *bytes;
    size_t len;
    if (tm_model_encode(model, NULL, &bytes, &len, NULL) != TIERCE_OK)
        return 0;
    free(bytes);
    return len + digest_bytes(o, n);
}

/* By regula falsi: the file grows with its buckets, nearly in a straight line. */
uint32_t tr_slots_under(tm_model *m, const tr_problem *p, const tr_row *rows, uint32_t n_rows,
                        const tr_options *o, uint32_t n)
{
    double low = 0, high = tr_problem_columns(p);
    uint32_t slots = within((double)o->max_bytes / 3, 256, o->max_slots);
    tr_round_numbers(m);
    for (int step = 0; step < 6; step++) {
        tr_assemble(m, p, rows, n_rows, slots, o->weight_levels, NULL);
        const double size = (double)tr_size_of(m, o, n), most = (double)o->max_bytes;
        if (size <= most && (size > 0.985 * most || m->weights.n_slots < slots || slots == o->max_slots))
            break;
        if (size > most)
            high = slots;
        else
            low = slots;
        const double next = slots * most * 0.993 / size;
        slots = within(next <= low || next >= high ? (low + high) / 2 : next, 64, o->max_slots);
    }
    return slots;
}

tr_problem *tr_keep_columns(const tr_problem *p, const tr_row *rows, uint32_t n_rows, uint32_t max_slots,
                            const tm_model *model)
{
    bool *keep = tr_new(tr_problem_columns(p), sizeof *keep);
    tr_choose_columns(p, rows, n_rows, max_slots, DIFFERENCE, model, keep);
    tr_problem *narrow = tr_problem_narrow(p, keep);
    free(keep);
    return narrow;
}

static double rounded(double v, int bits)
{
    int exponent;
    const double part = frexp(v, &exponent);
    return ldexp(nearbyint(ldexp(part, bits)), exponent - bits);
}

/* In the steps that the section of tiny files has. */
static double in_steps(double v)
{
    const double most = 127.0 / TM_STEPS, steps = nearbyint(v * TM_STEPS) / TM_STEPS;
    return steps > most ? most : steps < -most ? -most : steps;
}

static void round_signature(tm_source *s, bool tiny)
{
    for (uint32_t f = 0; f < s->n; f++) {
        float *const number[] = {&s->likely[f], &s->mark[f], &s->lack[f]};
        for (size_t k = 0; k < sizeof number / sizeof *number; k++)
            *number[k] = (float)(tiny ? in_steps((double)*number[k]) : rounded((double)*number[k], 8));
    }
}

void tr_round_numbers(tm_model *m)
{
    const int bits = m->tiny ? 6 : 8;
    for (uint32_t i = 0; i < m->n_sources; i++) {
        tm_source *s = &m->sources[i];
        float *const number[] = {&s->likely_base, &s->mean, &s->spread, &s->prior,
                                 &s->cover_mean,  &s->cover_spread, &s->size, &s->bias};
        for (size_t k = 0; k < sizeof number / sizeof *number; k++)
            *number[k] = (float)rounded((double)*number[k], bits);
        round_signature(s, m->tiny);
        for (uint32_t t = 0; t < m->n_tiers; t++)
            s->level[t] = rounded(s->level[t], bits);
    }
}

void tr_lighten_digest(tm_model *m, const tr_options *o)
{
    if (o->max_bytes && o->max_bytes < TR_FILTER_BYTES)
        m->digest.id_filter_words = m->portrait.n = 0;
}
