/* Solutions in float -> the model's table of int8 weights. */
#ifndef TIERCE_ASSEMBLE_H
#define TIERCE_ASSEMBLE_H

#include "models/model.h"
#include "train/fit.h"
#include "train/solver.h"

/* One row to be: its solution and what it is. */
typedef struct {
    tm_row_kind kind;
    uint32_t tier;
    const tr_solution *solution;
} tr_row;

/* keep[c]: whether column c is among the max_slots that move the most margin; what they move
 * apart between tiers counts `difference` times more. Returns how many are. */
uint32_t tr_choose_columns(const tr_problem *p, const tr_row *rows, uint32_t n_rows, uint32_t max_slots,
                           double difference, const tm_model *model, bool *keep);

/* Fills model->rows and model->weights (prepared) from solutions of one problem, keeping at most
 * max_slots columns: those whose weights move the most margin, sum over records and rows of
 * (value * weight)^2, rows of log-odds only. Weights become integers within -levels..levels. */
void tr_assemble(tm_model *model, const tr_problem *p, const tr_row *rows, uint32_t n_rows,
                 uint32_t max_slots, uint32_t levels, tr_raw *raw);

/* Tiers of the model from the dataset: names, prices, means over the subset's records. */
void tr_describe_tiers(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n);

#endif
