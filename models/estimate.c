/* From margins to estimates.
 *
 * Recognising. For each source s, its signature gives two sums over the features that the request
 * has: the log-likelihood L_s of the pattern, and the log-ratio R_s against the other sources.
 *     z       = max over s of (L_s - mean_s) / spread_s         how ordinary it would be for its best source
 *     P(s|x)  ~ records_s * exp(R_s / 2)                        which source (halved: the features overlap)
 *     covered = share of the ask's distinct words and pairs that have weights
 *     e       = log(records_s / (0.05 * all records)) + half the sum over the signature's features of
 *               log(p / 0.1) where present, min(0, log((1 - p) / 0.9)) where absent, for the likeliest
 *               s: log-odds against an unknown source where every feature has chance 0.1 and which a
 *               twentieth of requests come from; a feature that is missing proves nothing
 *     s   = logistic(near_slope * (z - near_middle)) * logistic(e)
 *     w   = cover_slope * (covered - cover_middle)
 *     k   = P(known) = s * logistic(w)          belief in the familiar row
 *     k_l = s * logistic(w + 1)                 belief in the level: odd words in a known frame
 * z doubts what is odd for every source, e what is ordinary for a source that has no marks of its
 * own, coverage what has words that the fit did not see.
 * Log-odds of success of tier t:
 *     k * (offset_t + slope_t * familiar_t) + (1 - k) * general_t
 *       + k_l * slope_t * sum over s of P(s|x) * level_st
 * so the level of the source shrinks to the mean (0) as the request grows unlike the training data,
 * and the text is believed less. Offset and slope are Platt's scaling (Platt 1999, "Probabilistic outputs for
 * support vector machines"), fitted on out-of-fold margins. The general row has none: its margins are
 * shrunk by strong regularisation, and records of known sources cannot say how far to trust them on
 * unknown ones.
 *
 * Cost: exp(row) * smear, held inside the range seen in training; smear corrects the mean of
 * the exponential (after Duan 1983), as the ratio of recorded to predicted sums. */
#include "models/maths.h"
#include "models/model.h"

uint32_t tm_row_find(const tm_model *model, tm_row_kind kind, uint32_t tier)
{
    return model->row_of[kind][tier];
}

#define MIN_NEARNESS (-8.0) /* beyond, stranger is not stranger */
#define MAX_NEARNESS 2.0

/* telling[s]: log of the weight of source s, before normalising. */
static void compare(const tm_model *model, const uint64_t *seen, double *telling, tm_kinship *k)
{
    k->nearness = MIN_NEARNESS;
    k->source = UINT32_MAX;
    k->evidence = 0;
    for (uint32_t i = 0; i < model->n_sources; i++) {
        const tm_source *s = &model->sources[i];
        double likely = (double)s->likely_base, tell = (double)s->telling_base;
        double marks = (double)s->prior;
        for (uint32_t f = 0; f < s->n; f++)
            if (seen[s->index[f] >> 6] >> (s->index[f] & 63) & 1) {
                likely += (double)s->likely[f];
                tell += (double)s->telling[f];
                marks += (double)s->mark[f];
            } else {
                marks += (double)s->lack[f];
            }
        const double z = (likely - (double)s->mean) / (double)s->spread;
        if (z > k->nearness)
            k->nearness = z < MAX_NEARNESS ? z : MAX_NEARNESS;
        telling[i] = tell / 2;
        if (k->source != UINT32_MAX && telling[i] <= telling[k->source])
            continue;
        k->source = i;
        k->evidence = marks;
    }
}

static void mix_levels(const tm_model *model, const double *telling, tm_kinship *k)
{
    double sum = 0;
    for (uint32_t t = 0; t < model->n_tiers; t++)
        k->level[t] = 0;
    if (k->source == UINT32_MAX)
        return;
    for (uint32_t i = 0; i < model->n_sources; i++) {
        const tm_source *s = &model->sources[i];
        const double weight = (double)s->records * tm_exp(telling[i] - telling[k->source]);
        sum += weight;
        for (uint32_t t = 0; t < model->n_tiers; t++)
            k->level[t] += weight * s->level[t];
    }
    for (uint32_t t = 0; t < model->n_tiers; t++)
        k->level[t] = sum > 0 ? k->level[t] / sum : 0;
}

#define LEVEL_LENIENCE 1.0

void tm_gate_kinship(const tm_gate *g, tm_kinship *k)
{
    const double words = g->cover_slope * (k->covered - g->cover_middle);
    double source = 1.0;
    if (g->near_slope > 0)
        source = tm_sigmoid(g->near_slope * (k->nearness - g->near_middle)) * tm_sigmoid(k->evidence);
    k->known = source * tm_sigmoid(words);
    k->level_known = source * tm_sigmoid(words + LEVEL_LENIENCE);
}

void tm_recognise(const tm_model *model, const uint64_t *seen, double covered, tm_kinship *k)
{
    double telling[TM_MAX_SOURCES];
    compare(model, seen, telling, k);
    mix_levels(model, telling, k);
    k->covered = covered;
    tm_gate_kinship(&model->gate, k);
}

double tm_combine(const tm_calibration *c, const tm_kinship *k, double familiar, double general,
                  double level)
{
    return k->known * (c->offset + c->slope * familiar) + (1.0 - k->known) * general +
           k->level_known * (c->slope * level);
}

double tm_log_odds(const tm_model *model, const double *margin, const tm_kinship *k, uint32_t tier)
{
    return tm_combine(&model->calibration[tier], k, margin[model->row_of[TM_ROW_FAMILIAR][tier]],
                      margin[model->row_of[TM_ROW_GENERAL][tier]], k->level[tier]);
}

static double clamp(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
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
