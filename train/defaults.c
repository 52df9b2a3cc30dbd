/* What a fit does unless it is told otherwise. */
#include <string.h>

#include "train/fit.h"

/* Where the constants come from: train/README.md. */
void tr_options_default(tr_options *o)
{
    memset(o, 0, sizeof *o);
    for (unsigned b = 0; b < TF_BLOCKS; b++) {
        o->familiar[b] = 0.5f;
        o->general[b] = 0.25f;
    }
    o->familiar[TF_B_WORD] = 0.55f;
    o->familiar[TF_B_PAIR] = 0.7f;
    o->familiar[TF_B_SKIP] = 0.4f;
    o->familiar[TF_B_NAMED] = 0.45f;
    o->familiar[TF_B_LEVEL] = 0.03f;
    o->general[TF_B_WORD] = 0.28f;
    o->general[TF_B_PAIR] = 0.4f;
    o->general[TF_B_SKIP] = 0;
    o->general[TF_B_NAMED] = 0.15f;
    o->general[TF_B_LEVEL] = 0.15f;
    o->cost[TF_B_NAMED] = 1.0f;
    o->cost[TF_B_LEVEL] = 0.3f;
    o->c_grid[0] = 0.35;
    o->c_grid[1] = 0.7;
    o->n_grid = 2;
    o->c_general = 0.05;
    o->c_cost = 1.0;
    o->epsilon = 0.002;
    o->min_df = 3;
    o->inner_folds = 0;
    o->max_slots = 65536;
    o->weight_levels = o->vote_levels = 127;
    o->vote_features = 3000;
    o->signature = TM_SIGNATURE;
    o->seed = 1;
}
