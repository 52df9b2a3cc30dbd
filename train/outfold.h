/* Out-of-fold predictions: the whole pipeline refitted per fold, predictions for what it never saw. */
#ifndef TIERCE_OUTFOLD_H
#define TIERCE_OUTFOLD_H

#include "train/fit.h"

/* What the model would say if it were only a part of itself; models/estimate.c has the whole. */
typedef enum {
    TR_PART_LEVEL,    /* the level of the recognised source, whatever the request says */
    TR_PART_GENERAL,  /* the general rows alone: nothing is familiar */
    TR_PART_FAMILIAR, /* the familiar rows and the level alone: everything is familiar */
    TR_PARTS
} tr_part;

/* n * n_tiers each. cost is negative where the model does not know one. */
typedef struct {
    double *p, *cost;
    double *part[TR_PARTS]; /* probabilities by each part alone */
    double *p_float; /* by the float weights; NULL unless options.keep_float */
    double *known;   /* n */
    double *train_cpu_s; /* per fold */
    uint64_t *bytes;     /* model file of each fold */
    double *estimate_cpu_s; /* per fold */
    double estimate_s;   /* CPU seconds that all estimates took, features not counted */
    uint32_t n_folds;
} tr_predictions;

/* fold[i] < n_folds. jobs > 1 fits that many folds at a time, each in a process of its own (liblinear
 * is fitted with one at a time in a process). False with a message on stderr when a job failed. */
bool tr_predict_folds(const tr_dataset *d, const uint32_t *fold, uint32_t n_folds, const tr_options *o,
                      uint32_t jobs, bool quiet, tr_predictions *out);
/* Predictions of a finished model for every record. */
void tr_predict_model(const tr_dataset *d, const tm_model *model, tr_predictions *out);
void tr_predictions_free(tr_predictions *p);

#endif
