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
#include "features/clones.h"
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

/* P(s|x), the likeliest source and its lead. */
static void count_votes(const tm_model *model, const tf_vector *vector, const int32_t *acc, double *p,
                        tm_kinship *k)
{
    const uint32_t n = model->n_sources;
    double sum = 0;
    k->source = 0;
    for (uint32_t s = 0; s < n; s++)
        p[s] = (double)model->sources[s].bias;
    for (unsigned b = 0; b < TF_BLOCKS; b++) {
        const double scale = (double)model->votes.scale[b];
        if (scale <= 0 || !vector->count[b])
            continue;
        const double unit = scale * tf_unit(&model->spec, vector, b);
        const int32_t *votes = tm_acc_votes(model, acc, b);
        for (uint32_t s = 0; s < n; s++)
            p[s] += unit * (double)votes[s];
    }
    for (uint32_t s = 1; s < n; s++)
        k->source = p[s] > p[k->source] ? s : k->source;
    const double most = p[k->source];
    k->confidence = MAX_LOG_ODDS;
    for (uint32_t s = 0; s < n; s++)
        if (s != k->source && most - p[s] < k->confidence)
            k->confidence = most - p[s];
    tm_exp_below(p, n, most, -NO_VOTE);
    for (uint32_t s = 0; s < n; s++)
        sum += p[s];
    for (uint32_t s = 0; s < n; s++)
        p[s] /= sum;
}

static inline bool has(const uint64_t *seen, uint32_t index)
{
    return seen[index >> 6] >> (index & 63) & 1;
}

#define SIDE 8 /* sources side by side */

bool tm_signatures_prepare(tm_model *model)
{
    tm_signatures *g = &model->signatures;
    g->stride = (model->n_sources + SIDE - 1) / SIDE * SIDE;
    g->index = tm_arena_alloc(&model->arena, (size_t)TM_SIGNATURE * g->stride, sizeof *g->index);
    g->likely = tm_arena_alloc(&model->arena, (size_t)TM_SIGNATURE * g->stride, sizeof *g->likely);
    if (!g->index || !g->likely)
        return false;
    for (uint32_t s = 0; s < model->n_sources; s++)
        for (uint32_t f = 0; f < model->sources[s].n; f++) {
            g->index[f * g->stride + s] = model->sources[s].index[f];
            g->likely[f * g->stride + s] = model->sources[s].likely[f];
        }
    return true;
}

/* Log-likelihood of every source: each adds up its features in their order, as compare_one does, and a sum
 * that 0 is added to stays what it is. */
TF_CLONES static void add_likely(const tm_signatures *g, const uint64_t *restrict seen, double *restrict likely)
{
    const uint32_t n = g->stride / SIDE * SIDE;
    for (uint32_t f = 0; f < TM_SIGNATURE; f++) {
        const uint32_t *restrict index = g->index + (size_t)f * n;
        const float *restrict add = g->likely + (size_t)f * n;
        for (uint32_t s = 0; s < n; s++) {
            const double present = (double)(int32_t)(seen[index[s] >> 6] >> (index[s] & 63) & 1);
            likely[s] += present * (double)add[s];
        }
    }
}

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

/* z of every source's signature. */
static void compare(const tm_model *model, const uint64_t *seen, double *z)
{
    for (uint32_t s = 0; s < model->n_sources; s++)
        z[s] = (double)model->sources[s].likely_base;
    for (uint32_t s = model->n_sources; s < model->signatures.stride; s++)
        z[s] = 0;
    if (!model->signatures.index) {
        for (uint32_t s = 0; s < model->n_sources; s++)
            z[s] = compare_one(&model->sources[s], seen);
        return;
    }
    add_likely(&model->signatures, seen, z);
    for (uint32_t s = 0; s < model->n_sources; s++)
        z[s] = z_of(&model->sources[s], z[s]);
}

static double weigh_evidence(const tm_source *s, const uint64_t *seen)
{
    double evidence = (double)s->prior;
    for (uint32_t f = 0; f < s->n; f++)
        evidence += (double)(has(seen, s->index[f]) ? s->mark[f] : s->lack[f]);
    return clamp(evidence, -MAX_LOG_ODDS, MAX_LOG_ODDS);
}

static void mix_levels(const tm_model *model, const double *p, tm_kinship *k)
{
    for (uint32_t t = 0; t < model->n_tiers; t++) {
        k->level[t] = 0;
        for (uint32_t s = 0; s < model->n_sources; s++)
            k->level[t] += p[s] * model->sources[s].level[t];
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
    double p[TM_MAX_SOURCES], z[TM_MAX_SOURCES + SIDE];
    double mean = model->gate.cover_mean, spread = model->gate.cover_spread;
    k->source = UINT32_MAX;
    k->confidence = k->nearest = k->nearness = k->evidence = k->size = 0;
    k->covered = covered;
    if (model->n_sources) {
        count_votes(model, vector, acc, p, k);
        compare(model, seen, z);
        k->nearest = MIN_Z;
        for (uint32_t s = 0; s < model->n_sources; s++)
            k->nearest = z[s] > k->nearest ? z[s] : k->nearest;
        k->nearness = z[k->source];
        k->evidence = weigh_evidence(&model->sources[k->source], seen);
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
