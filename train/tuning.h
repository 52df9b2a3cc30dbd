/* Options that train and eval share: what the fit may be told. */
#ifndef TIERCE_TUNING_H
#define TIERCE_TUNING_H

#include "data/options.h"
#include "train/fit.h"

typedef struct {
    const char *tiers, *c, *scale, *size, *plan;
    uint64_t bits, max_bad, seed, slots, min_df, inner_folds;
    double c_general;
} tr_tuning;

void tr_tuning_default(tr_tuning *t);

/* Rows for a td_option table of a struct whose member `base` is a tr_tuning. */
#define TR_TUNING_OPTIONS(type, base)                                                              \
    {"tiers", 't', TD_STRING, offsetof(type, base.tiers), 0, 0, "A,B|FILE",                        \
     "tiers, cheap to strong: outcome names, or a tiers.json"},                                    \
    {"max-bad", 0, TD_COUNT, offsetof(type, base.max_bad), 0, 1e12, "N",                           \
     "skip up to N bad lines, each reported (default 0: stop)"},                                   \
    {"seed", 0, TD_COUNT, offsetof(type, base.seed), 0, 4294967295.0, "N",                         \
     "seed of the inner folds and bootstraps (default 1)"},                                        \
    {"bits", 0, TD_COUNT, offsetof(type, base.bits), TF_MIN_BITS, TF_MAX_BITS, "N",                \
     "2^N hash buckets a block (default 18)"},                                                     \
    {"slots", 0, TD_COUNT, offsetof(type, base.slots), 256, TM_MAX_SLOTS, "N",                     \
     "buckets kept after pruning (default 65536)"},                                                \
    {"size", 0, TD_STRING, offsetof(type, base.size), 0, 0, "BYTES",                               \
     "best model file of at most so many bytes (64K, 1M): refitted on what is kept"},              \
    {"plan", 0, TD_STRING, offsetof(type, base.plan), 0, 0, "LIST",                                \
     "what --size buys, instead of the usual: levels=15,votes=300,vote-levels=7,signature=8"},     \
    {"min-df", 0, TD_COUNT, offsetof(type, base.min_df), 1, 1e6, "N",                              \
     "a feature must occur in N training records (default 3; 2 below 500)"},                       \
    {"c", 0, TD_STRING, offsetof(type, base.c), 0, 0, "LIST",                                      \
     "candidates for C, at most 8 (default 0.35,0.7)"},                                             \
    {"c-general", 0, TD_NUMBER, offsetof(type, base.c_general), 1e-6, 1e6, "X",                    \
     "C of the rows for unknown sources (default 0.05)"},                                           \
    {"scale", 0, TD_STRING, offsetof(type, base.scale), 0, 0, "LIST",                              \
     "block scales, e.g. pair=0.5,general.named=0.2"},                                             \
    {"inner-folds", 0, TD_COUNT, offsetof(type, base.inner_folds), 0, 20, "N",                     \
     "folds that calibration is fitted on (0: 5 below 6,000 records, else 2)"}

/* "64K", "1.5M", "65536"; 0 when it is none, or out of range. */
uint64_t tr_read_size(const char *text);
/* Tuning -> options and spec; false after a complaint on stderr. */
bool tr_tuning_apply(const tr_tuning *t, tr_options *o, tf_spec *spec);

#endif
