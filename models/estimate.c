/* From margins to estimates.
 *
 * Recognising. Votes over the request's frequent words and named features give P(s|x) by a softmax,
 * s* is the likeliest source. The signature of a source s gives the log-likelihood L_s of the pattern of
 * its features:
 *     z_s        = (L_s - mean_s) / spread_s       how ordinary the request would be for s
 *     nearest    = max over s of z_s, nearness = z_s*
 *     evidence   = log(records_s* / (0.05 * all records)) + half the sum over the signature's features
 *                  of log(p / 0.1) where present, min(0, log((1 - p) / 0.9)) where absent: log-odds
 *                  against an unknown source where every feature has chance 0.1 and which a
 *                  twentieth of requests come from; a feature that is missing proves nothing
 *     confidence = votes of s* above those of the second, in log-odds
 *     coverage   = (share of the ask's distinct words and pairs that have weights - mean_s*) / spread_s*
 *     vocabulary = the same share, by the mean and spread of all training records
 *     size       = min(0, log(records_s* / 500))
 *     P(known)   = logistic(base + sum of coefficient * each), each held inside a range
 *     k          = most * P(known), as something of every request is new
 * nearness doubts what is odd for a source, evidence what is ordinary for a source that has no marks
 * of its own, confidence what stands between sources, coverage and vocabulary what has words that the
 * fit did not see, size what was seen too seldom to know it.
 * Log-odds of success of tier t:
 *     k * (offset_t + slope_t * (familiar_t + sum over s of P(s|x) * level_st)) + (1 - k) * general_t
 * so the level of the source shrinks to the mean (0) as the request grows unlike the training data,
 * and the text is believed less. Offset and slope are Platt's scaling (Platt 1999, "Probabilistic outputs for
 * support vector machines"), fitted on out-of-fold margins. The general row has none: its margins are
 * shrunk by strong regularisation, and records of known sources cannot say how far to trust them on
 * unknown ones.
 *
 * Cost: exp(row) * smear, held inside the range seen in training; smear corrects the mean of
 * the exponential (after Duan 1983), as the ratio of recorded to predicted sums. */
#include <float.h>

#include "features/clones.h"
#include "models/adding.h"
#include "models/maths.h"
#include "models/model.h"

uint32_t tm_row_find(const tm_model *model, tm_row_kind kind, uint32_t tier)
{
    return model->row_of[kind][tier];
}

/* Beyond these, more is not more. */
#define MIN_Z (-8.0)
#define MAX_Z 2.0
#define MAX_LOG_ODDS 10.0
#define NO_VOTE 40.0 /* so far behind, a source has no share that a double could tell */

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

static inline bool has(const uint64_t *seen, uint32_t index)
{
    return seen[index >> 6] >> (index & 63) & 1;
}

/* ---- the sources side by side ---- */

#ifndef TIERCE_NO_HELP /* nor room for a second way */
/* Whether the sums of a source's likelihoods are the same in any order: all multiples of 2^-40, and too few and
 * too small for a sum of 2^12. */
static bool any_order(const tm_source *s)
{
    for (uint32_t f = 0; f <= s->n; f++) {
        const float v = f < s->n ? s->likely[f] : s->likely_base, size = v < 0 ? -v : v;
        if (!(size < 128.0f) || (size > 0 && size < 0x1p-16f))
            return false;
        for (uint32_t g = 0; g < f && f < s->n; g++)
            if (s->index[g] == s->index[f])
                return false;
    }
    return true;
}
_Static_assert(TM_SIGNATURE < 32, "128 times as many and the base are below 2^12");

/* Numbers the features, each beside its weights; false where a signature is not fit for it. */
static bool number_signs(tm_model *model, uint32_t *n)
{
    for (uint32_t s = 0; s < model->n_sources; s++) {
        if (!any_order(&model->sources[s]))
            return false;
        for (uint32_t f = 0; f < model->sources[s].n; f++)
            if (tm_weights_slot(&model->weights, model->sources[s].index[f]) == UINT32_MAX)
                return false;
    }
    for (uint32_t s = 0; s < model->n_sources; s++)
        for (uint32_t f = 0; f < model->sources[s].n; f++) {
            const uint32_t slot = tm_weights_slot(&model->weights, model->sources[s].index[f]);
            if (!(tm_tag_of(&model->weights, slot) >> 16))
                tm_weights_tag(model, slot, ++*n << 16);
        }
    return true;
}
_Static_assert(TM_MAX_SOURCES * TM_SIGNATURE <= UINT16_MAX, "their numbers fit a tag");

bool tm_signatures_prepare(tm_model *model)
{
    tm_signatures *g = &model->signatures;
    uint32_t n = 0;
    if (!model->n_sources || !number_signs(model, &n))
        return true;
    const uint32_t stride = (model->n_sources + TM_SIDE - 1) / TM_SIDE * TM_SIDE;
    g->number = tm_arena_alloc(&model->arena, (size_t)model->n_sources * TM_SIGNATURE, sizeof *g->number);
    g->likely = tm_arena_alloc(&model->arena, (size_t)n * stride, sizeof *g->likely);
    g->base = tm_arena_alloc(&model->arena, (size_t)(4 + model->n_tiers) * stride, sizeof *g->base);
    if (!g->number || !g->likely || !g->base)
        return false;
    g->stride = stride;
    g->n = n;
    g->bias = g->base + stride;
    g->mean = g->bias + stride;
    g->spread = g->mean + stride;
    g->level = g->spread + stride;
    for (uint32_t s = model->n_sources; s < stride; s++)
        g->spread[s] = 1;
    for (uint32_t s = 0; s < model->n_sources; s++) {
        const tm_source *from = &model->sources[s];
        g->base[s] = (double)from->likely_base;
        g->bias[s] = (double)from->bias;
        g->mean[s] = (double)from->mean;
        g->spread[s] = (double)from->spread;
        for (uint32_t t = 0; t < model->n_tiers; t++)
            g->level[(size_t)t * stride + s] = from->level[t];
        for (uint32_t f = 0; f < from->n; f++) {
            const uint32_t number = (tm_tag_of(&model->weights, tm_weights_slot(&model->weights, from->index[f])) >> 16) - 1;
            g->number[s * TM_SIGNATURE + f] = (uint16_t)number;
            g->likely[(size_t)number * stride + s] = from->likely[f];
        }
    }
    return true;
}

#else
bool tm_signatures_prepare(tm_model *model)
{
    (void)model;
    return true;
}
#endif

/* ---- P(s|x), the likeliest source and its lead ---- */

/* Rooms of the sources' numbers are whole strides of votes. */
TF_CLONES static void add_scaled(double *restrict p, const int32_t *restrict votes, uint32_t stride, double unit)
{
    const uint32_t n = stride / TM_WIDE * TM_WIDE;
    for (uint32_t s = 0; s < n; s++)
        p[s] += unit * (double)votes[s];
}

/* The largest of p; lanes, since what is compared keeps no order. */
TF_INLINE double largest(const double *p, uint32_t n)
{
    double most[4] = {-DBL_MAX, -DBL_MAX, -DBL_MAX, -DBL_MAX};
    uint32_t s = 0;
    for (; s + 4 <= n; s += 4)
        for (uint32_t k = 0; k < 4; k++)
            most[k] = p[s + k] > most[k] ? p[s + k] : most[k];
    for (; s < n; s++)
        most[0] = p[s] > most[0] ? p[s] : most[0];
    const double a = most[0] > most[1] ? most[0] : most[1], b = most[2] > most[3] ? most[2] : most[3];
    return a > b ? a : b;
}

/* The likeliest source, and its lead. */
TF_CLONES static void find_likeliest(double *p, uint32_t n, double *most, tm_kinship *k)
{
    uint32_t first = 0;
    *most = largest(p, n);
    while (first + 1 < n && p[first] < *most)
        first++;
    p[first] = -DBL_MAX;
    const double lead = *most - largest(p, n);
    p[first] = *most;
    k->source = first;
    k->confidence = lead < MAX_LOG_ODDS ? lead : MAX_LOG_ODDS;
}

TF_CLONES static void share(double *p, uint32_t n)
{
    double sum = 0;
    for (uint32_t s = 0; s < n; s++)
        sum += p[s];
    for (uint32_t s = 0; s < n; s++)
        p[s] /= sum;
}

static void count_votes(const tm_model *model, const tf_vector *vector, const int32_t *acc, double *p,
                        tm_kinship *k)
{
    const uint32_t n = model->n_sources, stride = model->votes.stride;
    double most;
    if (model->signatures.stride)
        memcpy(p, model->signatures.bias, n * sizeof *p);
    else
        for (uint32_t s = 0; s < n; s++)
            p[s] = (double)model->sources[s].bias;
    for (uint32_t s = n; s < stride; s++)
        p[s] = 0;
    for (unsigned b = 0; b < TF_BLOCKS; b++) {
        const double scale = (double)model->votes.scale[b];
        if (scale > 0 && vector->count[b])
            add_scaled(p, tm_acc_votes(model, acc, b), stride, scale * tf_unit(&model->spec, vector, b));
    }
    find_likeliest(p, n, &most, k);
    tm_exp_below(p, n, most, -NO_VOTE);
    share(p, n);
}

/* ---- signatures ---- */

static double z_of(const tm_source *s, double likely)
{
    return clamp((likely - (double)s->mean) / (double)s->spread, MIN_Z, MAX_Z);
}

/* One of them, feature by feature. */
static double compare_one(const tm_source *s, const uint64_t *seen)
{
    double likely = (double)s->likely_base;
    for (uint32_t f = 0; f < s->n; f++)
        if (has(seen, s->index[f]))
            likely += (double)s->likely[f];
    return z_of(s, likely);
}

/* All of them, from the sums over their features. */
TF_CLONES static void compare_all(const tm_signatures *g, const double *restrict likely, double *restrict z)
{
    const uint32_t n = g->stride / TM_SIDE * TM_SIDE;
    const double *restrict base = g->base, *restrict mean = g->mean, *restrict spread = g->spread;
    for (uint32_t s = 0; s < n; s++) {
        const double v = (base[s] + likely[s] - mean[s]) / spread[s], low = v < MIN_Z ? MIN_Z : v;
        z[s] = low > MAX_Z ? MAX_Z : low;
    }
}

static double weigh_evidence(const tm_model *model, uint32_t source, const uint64_t *seen, const uint64_t *signs)
{
    const tm_source *s = &model->sources[source];
    const uint16_t *number = model->signatures.stride ? model->signatures.number + (size_t)source * TM_SIGNATURE : NULL;
    double evidence = (double)s->prior;
    for (uint32_t f = 0; f < s->n; f++) {
        const float both[2] = {s->lack[f], s->mark[f]};
        evidence += (double)both[number ? has(signs, number[f]) : has(seen, s->index[f])];
    }
    return clamp(evidence, -MAX_LOG_ODDS, MAX_LOG_ODDS);
}

static void mix_levels(const tm_model *model, const double *p, tm_kinship *k)
{
    const tm_signatures *g = &model->signatures;
    for (uint32_t t = 0; t < model->n_tiers; t++) {
        double level = 0;
        for (uint32_t s = 0; s < model->n_sources; s++)
            level += p[s] * (g->stride ? g->level[(size_t)t * g->stride + s] : model->sources[s].level[t]);
        k->level[t] = level;
    }
}

void tm_gate_kinship(const tm_gate *g, double cover_mean, double cover_spread, tm_kinship *k)
{
    k->coverage = clamp((k->covered - cover_mean) / cover_spread, MIN_Z, MAX_Z);
    k->vocabulary = clamp((k->covered - g->cover_mean) / g->cover_spread, MIN_Z, MAX_Z);
    k->known = tm_sigmoid(g->base + g->nearest * k->nearest + g->nearness * k->nearness +
                          g->evidence * k->evidence + g->coverage * k->coverage +
                          g->vocabulary * k->vocabulary + g->confidence * k->confidence +
                          g->size * k->size);
    k->trust = g->most * k->known;
}

void tm_recognise(const tm_model *model, const tf_vector *vector, const uint64_t *seen,
                  const int32_t *acc, double covered, tm_kinship *k)
{
    double p[TM_MAX_SOURCES + TM_WIDE], z[TM_MAX_SOURCES + TM_SIDE];
    double mean = model->gate.cover_mean, spread = model->gate.cover_spread;
    k->source = UINT32_MAX;
    k->confidence = k->nearest = k->nearness = k->evidence = k->size = 0;
    k->covered = covered;
    if (model->n_sources) {
        count_votes(model, vector, acc, p, k);
        if (model->signatures.stride)
            compare_all(&model->signatures, tm_acc_likely(model, acc), z);
        else
            for (uint32_t s = 0; s < model->n_sources; s++)
                z[s] = compare_one(&model->sources[s], seen);
        k->nearest = largest(z, model->n_sources);
        k->nearness = z[k->source];
        k->evidence = weigh_evidence(model, k->source, seen, tm_acc_signs(model, acc));
        k->size = (double)model->sources[k->source].size;
        mean = (double)model->sources[k->source].cover_mean;
        spread = (double)model->sources[k->source].cover_spread;
    }
    mix_levels(model, p, k);
    tm_gate_kinship(&model->gate, mean, spread, k);
}

double tm_combine(const tm_calibration *c, const tm_kinship *k, double familiar, double general,
                  double level)
{
    return k->trust * (c->offset + c->slope * (familiar + level)) + (1.0 - k->trust) * general;
}

double tm_log_odds(const tm_model *model, const double *margin, const tm_kinship *k, uint32_t tier)
{
    return tm_combine(&model->calibration[tier], k, margin[model->row_of[TM_ROW_FAMILIAR][tier]],
                      margin[model->row_of[TM_ROW_GENERAL][tier]], k->level[tier]);
}

/* Long-prompt rates apply to the whole request, as providers bill. */
static double price(const tm_prices *p, double input, double output)
{
    const bool is_long = p->long_above && input > (double)p->long_above;
    return (input * (is_long ? p->long_input : p->input) +
            output * (is_long ? p->long_output : p->output)) /
           1e6;
}

double tm_expected_cost(const tm_model *model, const double *margin, const tf_vector *vector,
                        uint32_t tier)
{
    const tm_cost *c = &model->cost[tier];
    const tm_tier *t = &model->tiers[tier];
    const uint32_t cost = model->row_of[TM_ROW_COST][tier];
    const uint32_t tokens = model->row_of[TM_ROW_TOKENS][tier];
    if (tokens != UINT32_MAX && t->prices.known) {
        const uint32_t bytes = vector->values[TF_N_TURNS_TOTAL_BYTES];
        return price(&t->prices, c->input_base + c->input_per_byte * (double)bytes,
                     clamp(tm_exp(margin[tokens]) * c->smear, c->low, c->high));
    }
    if (cost != UINT32_MAX)
        return clamp(tm_exp(margin[cost]) * c->smear, c->low, c->high);
    return t->mean_cost;
}
