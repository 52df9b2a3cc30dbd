/* Calibration from traffic without labels: what an operating point would do with plain requests. */
#ifndef TIERCE_FORECAST_H
#define TIERCE_FORECAST_H

#include <stdbool.h>

#include "infer/router.h"

typedef struct {
    uint64_t requests, bad;
    uint64_t chosen[TIERCE_MAX_TIERS];
    double spend, spend2;              /* USD expected, and the sum of its squares, where costs are known */
    double fixed[TIERCE_MAX_TIERS];    /* USD if everything went to the tier */
    uint64_t unpriced;                 /* decisions for a tier of unknown cost */
    uint64_t abstained, fallen;        /* too unlike training; no tier satisfied the constraints */
    double familiarity;                /* sum */
    double success;                    /* sum of the chosen tier's probability */
} tr_forecast;

/* Reads the files ("-": standard input) request by request, in constant memory. False after a complaint. */
bool tr_forecast_files(const tierce_router *router, const tierce_policy *policy, const char *command,
                       const char *const *paths, size_t n_paths, uint64_t max_bad, tr_forecast *f);
void tr_print_forecast(const tierce_router *router, const char *point, const tr_forecast *f);

#endif
