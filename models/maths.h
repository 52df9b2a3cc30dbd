/* exp and the logistic function in plain IEEE double arithmetic, in a fixed order: the same bits
 * under every compiler, optimisation level and C library, which libm does not promise. Sources that
 * use them are compiled with -ffp-contract=off (see the Makefile), so no a*b+c is fused.
 *
 * exp(x) = 2^n * exp(r), n = round(x / ln 2), r = x - n ln 2 in two pieces, exp(r) by its Taylor
 * series to r^13/13! (|r| <= 0.3466, so the cut-off is below 1e-17 of the value). */
#ifndef TIERCE_MATHS_H
#define TIERCE_MATHS_H

#include <stdbool.h>
#include <stdint.h>

/* Saturates: 0 below -700, exp(700) above 700; NaN gives 0. Error below 2 ulp. */
double tm_exp(double x);
/* Each of the n numbers becomes tm_exp(x - most), or 0 where x - most is not above `least`. most: the largest;
 * least: within -700..0. */
void tm_exp_below(double *x, uint32_t n, double most, double least);
/* 1 / (1 + exp(-x)), within [0, 1] for any x. */
double tm_sigmoid(double x);
/* Does this build round after every operation, in double? False where products and sums are fused or
 * carried in registers of another width: then no estimate would have the bits that it should. */
bool tm_maths_round(void);

#endif
