/* The commands of the small program `tierce`, and what they share. */
#ifndef TIERCE_INFER_COMMANDS_H
#define TIERCE_INFER_COMMANDS_H

#include "data/lines.h"
#include "data/options.h"
#include "infer/router.h"

int cmd_route(int argc, char **argv);
int cmd_score(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_features(int argc, char **argv);

/* ---- input.c: what a command is asked about; free it ---- */

/* All bytes of a file, "-": standard input. NULL when it cannot be read or is over 1 GiB. */
char *read_input(const char *path, size_t *len);
/* The words with a space between; NULL when memory ends. */
char *join_words(char **words, int n, size_t *len);

/* ---- policy options, the same for route and score ---- */

typedef struct {
    const char *model, *point, *allow, *default_tier;
    double value, min_probability, max_cost, min_familiarity;
    bool abstain;
} policy_options;

#define POLICY_UNSET (-1.0)
#define POLICY_DEFAULTS                                                                            \
    {NULL, NULL, NULL, NULL, POLICY_UNSET, POLICY_UNSET, POLICY_UNSET, POLICY_UNSET, false}

#define POLICY_OPTIONS(type, base)                                                                 \
    {"model", 'm', TD_STRING, offsetof(type, base.model), 0, 0, "FILE",                            \
     "model file (default: the pretrained flash-pro.tierce)"},                                     \
    {"point", 0, TD_STRING, offsetof(type, base.point), 0, 0, "NAME",                              \
     "operating point stored in the model"},                                                       \
    {"value", 0, TD_NUMBER, offsetof(type, base.value), 0, 1e9, "USD",                             \
     "what a success is worth; 0: cost is no matter (default)"},                                   \
    {"min-probability", 0, TD_NUMBER, offsetof(type, base.min_probability), 0, 1, "P",             \
     "pass over tiers less likely to succeed"},                                                    \
    {"max-cost", 0, TD_NUMBER, offsetof(type, base.max_cost), 0, 1e9, "USD",                       \
     "pass over tiers expected to cost more; 0: no ceiling"},                                      \
    {"allow", 0, TD_STRING, offsetof(type, base.allow), 0, 0, "A,B",                               \
     "tiers that may be chosen (default: all)"},                                                   \
    {"default-tier", 0, TD_STRING, offsetof(type, base.default_tier), 0, 0, "TIER",                \
     "tier when no other passes (default: best mean score)"},                                      \
    {"abstain", 0, TD_FLAG, offsetof(type, base.abstain), 0, 0, NULL,                              \
     "requests too unlike the training records go to the default tier (learned level)"},           \
    {"min-familiarity", 0, TD_NUMBER, offsetof(type, base.min_familiarity), 0, 1, "P",             \
     "the same below a level of your own; 0: off"}

/* Opens the model and makes the policy; NULL after a complaint on stderr. */
tierce_router *open_router(const char *command, const policy_options *o, tierce_policy *policy);
/* Only the model. */
tierce_router *open_model(const char *command, const char *path);

#endif
