/* The learning pipeline: a subset of records in, a finished model out.
 *
 *   recognise   signatures, vocabulary, gate (train/recognise.c)
 *   choose C    of the familiar rows, by log-loss on an inner fold, warm starts along the grid
 *   inner folds refit both kinds of row without a fold; margins of that fold's records, gated
 *   calibrate   Platt's two numbers per tier on those out-of-fold margins
 *   refit       on everything; prune, quantise to int8
 *
 * Nothing that is judged on a record was fitted on it. Same records, options and seed: same bytes. */
#ifndef TIERCE_FIT_H
#define TIERCE_FIT_H

#include "models/model.h"
#include "train/dataset.h"

#define TR_MAX_GRID 8

typedef struct {
    float familiar[TF_BLOCKS]; /* scale of each block in the familiar rows */
    float general[TF_BLOCKS];  /* in the general rows */
    float cost[TF_BLOCKS];     /* in the cost rows */
    double c_grid[TR_MAX_GRID]; /* candidates for C of the familiar rows */
    uint32_t n_grid;
    double c_general, c_cost;
    double epsilon;            /* liblinear's stopping tolerance */
    uint32_t min_df;           /* a feature must occur in so many training records */
    uint32_t inner_folds;      /* at least 2; 0: by the number of records */
    uint32_t max_slots;        /* buckets kept after pruning */
    uint64_t max_bytes;        /* of the model file; 0: no matter. Otherwise the fit finds max_slots
                                  itself and refits on what is kept: train/narrow.h */
    bool planned;              /* with max_bytes: the four numbers below are the caller's, not tr_plan_size's */
    uint32_t weight_levels;    /* weights are -levels..levels: 127 for int8, 7 for 4 bits, ... */
    uint32_t vote_features;    /* features that vote on the source, at most */
    uint32_t vote_levels;      /* of their weights */
    uint32_t signature;        /* features of a source's signature, at most TM_SIGNATURE */
    uint64_t seed;             /* of the inner folds */
    uint32_t eighths;          /* tr_predict_folds: fit on so many eighths of a fold's records; 0: all */
    bool keep_float;           /* fill tr_report.raw */
    bool keep_models;          /* tr_predict_folds: fill tr_predictions.file */
} tr_options;

void tr_options_default(tr_options *o);

/* Float weights before pruning and quantising: the slow oracle beside the model. */
typedef struct {
    uint32_t n_rows, columns;
    uint32_t *index;  /* sorted */
    double *weight;   /* columns * n_rows */
} tr_raw;

typedef struct {
    double c[TM_MAX_TIERS];                         /* chosen */
    double grid_loss[TM_MAX_TIERS][TR_MAX_GRID];    /* log-loss per record on the inner fold */
    double loss_general[TM_MAX_TIERS], loss_familiar[TM_MAX_TIERS], loss_gated[TM_MAX_TIERS];
                                                    /* out of fold: general rows alone, familiar rows
                                                       with the level, both through the gate */
    double known;                                   /* mean P(known) of held-out records */
    double known_whole;                             /* with max_bytes: of a model that keeps everything */
    tr_options chosen;                              /* the options, with the plan that was found */
    uint32_t columns, slots;
    uint32_t min_df;                                /* that the last fit went by */
    uint32_t cost_records[TM_MAX_TIERS];
    double *held_out; /* n * n_tiers: probabilities from the inner folds, for the subset's records */
    tr_raw raw;
} tr_report;

/* Told how far the fit is: step of steps. May be NULL. */
typedef void (*tr_progress)(void *context, const char *what, uint32_t step, uint32_t steps);

/* The model lives in malloc memory; free with tm_model_free. *report may be NULL. */
void tr_fit(const tr_dataset *d, const uint32_t *records, uint32_t n, const tr_options *o,
            tm_model *model, tr_report *report, tr_progress progress, void *context);
void tr_report_free(tr_report *report);

/* ---- a model on stored vectors: exactly the steps of infer/router.c ---- */

typedef struct {
    const tr_dataset *d;
    const tm_model *model;
    uint64_t *seen;
    int32_t *acc;
    double *margin; /* n_rows, of the last record */
    tm_kinship kinship;
} tr_probe;

void tr_probe_start(tr_probe *p, const tr_dataset *d, const tm_model *model);
void tr_probe_stop(tr_probe *p);
/* Margins and kinship of a record. */
void tr_probe_record(tr_probe *p, uint32_t record);
/* Probability and cost of a tier for the record last probed. */
double tr_probe_probability(const tr_probe *p, uint32_t tier);
double tr_probe_cost(const tr_probe *p, uint32_t record, uint32_t tier);
/* Overwrites the margins of the last record by those of the float weights. */
void tr_probe_float(tr_probe *p, const tr_raw *raw, uint32_t record);

#endif
