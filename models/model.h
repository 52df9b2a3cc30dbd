/* A fitted router, as data.
 *
 * The heart is a table of int8 weights: one line per used bucket ("slot"), one column per *row*. A
 * row is one fitted linear function of the sparse vector:
 *
 *     f_row(x) = bias + sum over blocks of scale[block] * unit(x, block) * sum of level * weight
 *
 * The inner sums are integers and therefore exact; the outer sum runs over the blocks in order. So
 * an estimate has the same bits on every machine.
 *
 * Rows, per tier:
 *   TM_ROW_FAMILIAR  log-odds of success, trained for requests like those of the training sources:
 *                    full use of the text
 *   TM_ROW_GENERAL   the same, trained to carry over: text at half scale, strong regularisation
 *   TM_ROW_COST      log of the cost in USD of one request
 *   TM_ROW_TOKENS    log of output tokens (cost = tokens * prices)
 * Both log-odds are fitted with an intercept per source, so that they explain differences *inside*
 * sources. The level of a source is a second, separate term: recognise the source by its signature,
 * add the level that its records had, and believe this only as far as the request looks known
 * (models/estimate.c has the formulae).
 */
#ifndef TIERCE_MODEL_H
#define TIERCE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "features/extract.h"
#include "features/status.h"
#include "models/arena.h"

#define TM_MAX_TIERS 64
#define TM_MAX_ROWS 255
#define TM_MAX_SLOTS (1u << 24)

/* Prices in USD per million tokens; NaN never occurs: `known` says. */
typedef struct {
    bool known;
    double input, output, cached_input;
    uint32_t long_above; /* input tokens above which the long rates hold; 0: never */
    double long_input, long_output, long_cached_input;
} tm_prices;

typedef struct {
    char *name;
    char *model;             /* model id to ask the endpoint for; "" = name */
    tm_prices prices;
    uint32_t context_window; /* tokens; 0: not known */
    bool no_tools;           /* cannot be offered tools */
    uint32_t records;        /* outcomes it was fitted on */
    double mean_score;       /* over those */
    double mean_cost;        /* USD, over those with a cost; negative: not known */
} tm_tier;

typedef enum {
    TM_ROW_FAMILIAR,
    TM_ROW_GENERAL,
    TM_ROW_COST,
    TM_ROW_TOKENS,
    TM_ROW_KINDS
} tm_row_kind;

typedef struct {
    tm_row_kind kind;
    uint32_t tier;
    double bias;
    float scale[TF_BLOCKS]; /* of a weight of 1 */
} tm_row;

/* 32 buckets: which are used, and how many used ones stand before them. */
typedef struct {
    uint32_t used;  /* bit 31 - i: the i-th of 32 indexes has weights */
    uint32_t until; /* how many have, of these and all before */
} tm_place;

/* Used buckets, sorted by index, and `step` bytes for each: a weight per row, room for whole vectors of them,
 * and the slot's tag, which for four rows lies in the same cache line. Behind the last stands one of zeros. */
typedef struct {
    uint32_t n_slots, n_rows;
    uint32_t stride; /* n_rows, rounded up */
    uint32_t step;   /* bytes of a slot */
    uint32_t *index;
    int8_t *weight;
    /* made on open: */
    tm_place *place; /* look-up, by index / 32 */
    uint32_t tagged; /* blocks in which slots have tags, a bit each */
} tm_weights;
#define TM_ROWS 4 /* weights that are added at a time */

static inline int8_t *tm_weights_of(const tm_weights *weights, uint32_t slot)
{
    return weights->weight + (size_t)slot * weights->step;
}

/* Its slot among the votes + 1, 0: none; the same among the features of signatures in the upper 16 bits. */
static inline uint32_t tm_tag_of(const tm_weights *weights, uint32_t slot)
{
    uint32_t tag;
    memcpy(&tag, tm_weights_of(weights, slot) + weights->stride, sizeof tag);
    return tag;
}

/* ---- recognising sources ---- */

#define TM_MAX_SOURCES 256
#define TM_SIGNATURE 16

/* What a source's records have in common: features and what their presence says. */
typedef struct {
    char *name;
    uint32_t records;
    uint32_t n;                    /* features of the signature */
    uint32_t index[TM_SIGNATURE];
    float likely[TM_SIGNATURE];    /* added to the log-likelihood when the feature is present */
    float mark[TM_SIGNATURE], lack[TM_SIGNATURE]; /* evidence of a present, an absent feature */
    float likely_base;             /* with no feature present */
    float mean, spread;            /* of the log-likelihood over the source's own records */
    float prior;                   /* log of its records against those an unknown source would have */
    float cover_mean, cover_spread; /* of the coverage of its records, seen from outside the fit */
    float size;                    /* log of its records against enough, at most 0 */
    float bias;                    /* of its vote */
    double *level;                 /* n_tiers: log-odds of the source above the tier's bias */
} tm_source;

/* The signatures again, feature by feature: what each adds to the log-likelihood of every source, so that only
 * those that are present are read, as the weights are added up; and the sources' numbers side by side. Made when
 * a file is opened; without it (while training), and where the order of the sums could show (estimate.c), the
 * signatures are read one by one. */
typedef struct {
    uint32_t stride;       /* sources, rounded up; 0: not made */
    uint32_t n;            /* features */
    uint16_t *number;      /* per source TM_SIGNATURE: which they are */
    float *likely;         /* per feature, stride of them */
    double *base, *bias, *mean, *spread; /* of the sources, as in tm_source */
    double *level;         /* per tier, stride of them */
} tm_signatures;

/* Which source a request came from: one int8 row per source over some of the used buckets, a softmax
 * over the rows. vote_s = bias_s + sum over blocks b of scale_b * unit_b(x) * sum of weights. */
typedef struct {
    uint32_t n_slots;       /* times n_sources weights: weight[slot * n_sources + source] */
    uint32_t *index;        /* sorted; one that is not among those of tm_weights is idle */
    int8_t *weight;
    float scale[TF_BLOCKS]; /* of a weight of 1 */
    /* made on open: */
    uint32_t stride;        /* n_sources, rounded up */
    const int8_t *wide;     /* the weights again, stride to a slot, so that they add up in whole vectors */
} tm_votes;
#define TM_MAX_VOTE_SLOTS 65535u

/* Log-odds that a request is of a known kind: base + sum of the others times what they are named
 * after, see estimate.c. */
typedef struct {
    double base, nearest, nearness, evidence, coverage, vocabulary, confidence, size;
    double most;                     /* trust in the familiar rows for a request of a known kind, 0..1 */
    double cover_mean, cover_spread; /* of the coverage of all training records, seen from outside */
} tm_gate;

/* ---- from rows to numbers that mean something ---- */

typedef struct {
    double offset, slope; /* Platt: log-odds = offset + slope * margin of the familiar row */
} tm_calibration;

typedef struct {
    double smear;          /* mean of exp(residual): turns the log's mean into a mean */
    double low, high;      /* range of the training targets; predictions are held inside */
    double input_base, input_per_byte; /* TM_ROW_TOKENS: input tokens = base + per_byte * bytes */
} tm_cost;

typedef struct {
    char *name, *goal;
    double value_usd; /* of a success */
    double min_probability, max_cost_usd;
    uint64_t allowed;
    uint32_t default_tier;
    double min_familiarity; /* 0: never abstains */
    double *charge;         /* n_tiers, in probability; NULL: none */
} tm_point;

/* What it was trained on and what held-out records said. */
typedef struct {
    char *created_by;       /* program and version; no date: same records, same bytes */
    uint32_t records;
    uint64_t seed;
    uint8_t data_hash[16];  /* of the records' ids and outcomes, order-free */
    uint32_t *id_filter;    /* Bloom filter of record ids: was this record trained on? */
    uint32_t id_filter_words;
    uint32_t n_sources;     /* of the records, those without a signature too */
    uint32_t n_figures;
    struct tm_figure {
        char *name;
        double value, low, high; /* 95 % interval; low > high: none */
    } *figures;
    double familiar[11];    /* deciles of P(known) over training records, folded out */
} tm_digest;

/* What the training records looked like, to tell drift from: histograms over cuts. A value falls into
 * the first bin whose cut it is below, the last bin has none. */
#define TM_MAX_CUTS 12

typedef enum {
    TM_H_NAMED,       /* number: tf_named; buckets (features/named.h), -1 where absent */
    TM_H_FAMILIARITY, /* P(known), records folded out */
    TM_H_UNSEEN,      /* share of the ask's words and pairs without a weight, folded out */
    TM_H_PROBABILITY, /* number: tier; estimated, folded out */
    TM_H_KINDS
} tm_histogram_kind;

typedef struct {
    tm_histogram_kind kind;
    uint32_t number;
    uint32_t n_cuts;
    float cut[TM_MAX_CUTS];           /* rising */
    uint16_t share[TM_MAX_CUTS + 1];  /* of the training records, in 65535ths */
} tm_histogram;

typedef struct {
    uint32_t n;
    tm_histogram *histogram;
    uint32_t records;
    double abstain_below; /* one training record in a hundred, folded out, is less familiar */
} tm_portrait;

/* A request and what the model must say about it, checked on open. */
typedef struct {
    char *prompt;
    double *probability; /* n_tiers */
} tm_selftest;

typedef struct {
    uint32_t tag, flags, len;
    uint8_t *data;
} tm_unknown;

typedef struct {
    tm_arena arena;
    tf_spec spec;
    uint32_t n_tiers;
    tm_tier *tiers;
    uint32_t n_rows;
    tm_row *rows;
    tm_weights weights;
    uint32_t row_of[TM_ROW_KINDS][TM_MAX_TIERS]; /* UINT32_MAX: none; made by tm_weights_prepare */
    uint32_t n_sources; /* with a signature */
    tm_source *sources;
    tm_signatures signatures;
    tm_votes votes;
    tm_gate gate;
    tm_calibration *calibration; /* n_tiers */
    tm_cost *cost;               /* n_tiers */
    uint32_t n_points;
    tm_point *points;
    tm_digest digest;
    tm_portrait portrait;        /* n 0: none */
    uint32_t n_selftests;
    tm_selftest *selftests;
    bool tiny;                   /* weights, votes and signatures are packed by models/tiny.c */
    uint32_t n_unknown;          /* optional sections of later versions, kept as they are */
    tm_unknown *unknown;
    uint64_t file_bytes, raw_bytes; /* of the file it came from; 0 when made in memory */
} tm_model;

/* Starts an empty model; allocator NULL: malloc. */
void tm_model_start(tm_model *model, const tierce_allocator *allocator);
void tm_model_free(tm_model *model);

/* ---- weights.c ---- */

/* Room for n_slots of model->n_rows weights, all zero. False when memory ends. */
bool tm_weights_new(tm_model *model, uint32_t n_slots);
/* Builds the look-ups from index. False when memory ends. */
bool tm_weights_prepare(tm_model *model);
/* Slot of an index, or UINT32_MAX. */
uint32_t tm_weights_slot(const tm_weights *weights, uint32_t index);
/* Marks a slot and its block. */
void tm_weights_tag(tm_model *model, uint32_t slot, uint32_t tag);
size_t tm_acc_len(const tm_model *model);
/* Where tm_weights_dot left a block's sums of votes. */
const int32_t *tm_acc_votes(const tm_model *model, const int32_t *acc, unsigned block);
/* And the sums over the signatures' features that are present, signatures.stride of them; and those features, a bit
 * each. */
const double *tm_acc_likely(const tm_model *model, const int32_t *acc);
const uint64_t *tm_acc_signs(const tm_model *model, const int32_t *acc);
/* Every row's f_row(x); acc: tm_acc_len() of room, for doubles too, where the sums stay for tm_recognise. Returns
 * the share of the ask's words and pairs that have weights: the request's coverage, 0..1. */
double tm_weights_dot(const tm_model *model, const tf_vector *vector, int32_t *acc, double *margin);

/* ---- estimate.c ---- */

/* Lays the sources' signatures side by side, after the weights. False when memory ends. */
bool tm_signatures_prepare(tm_model *model);

/* How the request relates to the training records. */
typedef struct {
    double known;      /* P(known) of the request: source and words, 0..1 */
    double trust;      /* in the familiar rows: gate.most * known */
    uint32_t source;   /* the likeliest by the votes, UINT32_MAX: none */
    double confidence; /* its votes above those of the second, log-odds */
    double nearest;    /* z of the nearest source's signature */
    double nearness;   /* z of the likeliest source's signature */
    double evidence;   /* log-odds of the likeliest source against an unknown one */
    double size;       /* of the likeliest source, at most 0 */
    double covered;    /* share of the ask's words and pairs that have weights */
    double coverage;   /* the same, in spreads above the likeliest source's mean */
    double vocabulary; /* the same, in spreads above the mean of all training records */
    double level[TM_MAX_TIERS]; /* expected level of its source, per tier */
} tm_kinship;

/* seen: a bit per index, as tf_seen() gives it; acc and covered: as tm_weights_dot left and returned
 * them for the same vector. */
/* seen: read only where the signatures are not side by side. */
void tm_recognise(const tm_model *model, const tf_vector *vector, const uint64_t *seen,
                  const int32_t *acc, double covered, tm_kinship *kinship);
/* Sets coverage, vocabulary, known and trust; mean and spread: of the likeliest source. */
void tm_gate_kinship(const tm_gate *gate, double cover_mean, double cover_spread, tm_kinship *kinship);
/* Log-odds from a tier's two margins (the familiar one without a level) and its level. */
double tm_combine(const tm_calibration *c, const tm_kinship *kinship, double familiar, double general,
                  double level);
/* Calibrated log-odds of success of a tier, from the rows' margins; tm_sigmoid makes it a probability. */
double tm_log_odds(const tm_model *model, const double *margin, const tm_kinship *kinship,
                   uint32_t tier);
/* Expected cost in USD, or a negative number where the model does not know. */
double tm_expected_cost(const tm_model *model, const double *margin, const tf_vector *vector,
                        uint32_t tier);
/* Row of a kind and tier, or UINT32_MAX. */
uint32_t tm_row_find(const tm_model *model, tm_row_kind kind, uint32_t tier);
/* ---- the file: encode.c, decode.c, file.c ---- */

/* The whole file as bytes; release through the allocator. */
tierce_status tm_model_encode(const tm_model *model, const tierce_allocator *allocator,
                              uint8_t **bytes, size_t *len, tierce_error *error);
/* What the i-th section takes, for tools that print it: its tag as four letters, bytes plain and packed
 * alone (both 0 for one that this model is without). NOMEM when memory ends, ARGUMENT behind the last. */
tierce_status tm_model_section(const tm_model *model, uint32_t i, char tag[5], size_t *plain, size_t *packed);
/* From bytes to a checked model, or an error and nothing. Trusts nothing. */
tierce_status tm_model_decode(tm_model *model, const void *bytes, size_t len,
                              const tierce_allocator *allocator, tierce_error *error);

/* For programs that have something faster than zlib. unpack_all: a whole zlib stream that fills `to` exactly; false
 * where it is not, or memory ends: zlib then says what is wrong. */
typedef struct {
    bool (*unpack_all)(uint8_t *to, size_t to_len, const uint8_t *from, size_t from_len);
    uint32_t (*crc)(const uint8_t *from, size_t len); /* CRC-32 */
} tm_inflater;
/* The same by it, or by zlib where it is NULL. */
tierce_status tm_model_decode_by(tm_model *model, const void *bytes, size_t len, const tierce_allocator *allocator,
                                 const tm_inflater *by, tierce_error *error);

#endif
