/* The report of an evaluation as one self-contained HTML page: no script, nothing from the network, everything
 * from outside escaped. Figures carry data-f="NAME", so that tests/report/figures.py can compute each again. */
#ifndef TIERCE_PAGE_H
#define TIERCE_PAGE_H

#include "data/lines.h"
#include "infer/router.h"
#include "train/offpolicy.h"
#include "train/shuffle.h"

/* What was judged, and how. All is the caller's. */
typedef struct {
    const tr_bench *b, *costed; /* costed: NULL where too few costs are known */
    const tr_verdict *verdict;
    const tierce_router *router; /* NULL: folds, whose models are in the predictions */
    const tm_model *model;       /* the router's */
    const tr_named_policy *points;
    uint32_t n_points;
    const uint32_t *fold;
    uint32_t n_folds, resamples;
    uint64_t seed;
    const char *const *paths; /* the records, read once more for the explanations */
    size_t n_paths;
    const char *command; /* as it was typed */
    bool by_source, show_prompts, seen; /* seen: the model was trained on some of the records */
} tr_page;

/* There whole or not at all. */
bool tr_page_write(const char *path, const tr_page *page, td_error *error);

#endif
