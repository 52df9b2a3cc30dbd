/* What tierce tune is asked for: its options, and the goals that they state. */
#ifndef TIERCE_TUNE_GOALS_H
#define TIERCE_TUNE_GOALS_H

#include "models/model.h"
#include "train/tune.h"

typedef struct {
    const char *model, *output, *tiers, *keep, *share, *name, *traffic, *point;
    double cost, value;
    uint64_t rounds, batch, seed, max_bad;
    bool all, abstain, json, dry;
} tr_tune_options;

#define TR_MAX_GOALS 3

typedef struct {
    const char *name;
    tr_goal goal;
    tierce_policy base;
    tr_tuned tuned;
} tr_job;

/* Fills jobs (TR_MAX_GOALS of room, their base set by the caller), all but goal.tier where goal.best. Returns how
 * many; 0 after a complaint on stderr. */
uint32_t tr_list_goals(const tr_tune_options *o, const tm_model *m, tr_job *jobs);

#endif
