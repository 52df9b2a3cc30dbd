/* Logistic regression on a handful of numbers, by Newton's method with a ridge. */
#ifndef TIERCE_NEWTON_H
#define TIERCE_NEWTON_H

#include <stddef.h>

#define TR_NEWTON_MAX 4

/* Minimises sum_i cross-entropy(target_i, logistic(fixed_i + w . x_i)) + ridge / 2 * |w - start|^2
 * over w (k <= TR_NEWTON_MAX numbers, start values on entry). x is n * k; target within 0..1; fixed
 * NULL: all 0. */
void tr_newton_logistic(const double *x, const double *target, const double *fixed, size_t n,
                        unsigned k, double ridge, double *w);

#endif
