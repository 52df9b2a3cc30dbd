#include "models/maths.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

#include "features/clones.h"

/* Doubles must be computed as doubles. (1 says that floats are computed as doubles too; every float here
 * is made one before it is used.) */
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 1
#error "x87 arithmetic gives other bits than every other machine: compile with -msse2 -mfpmath=sse"
#endif

bool tm_maths_round(void)
{
    /* volatile: to be computed here, not by the compiler. The product is 1 - 2^-60 before rounding. */
    const volatile double above = 1.0 + 0x1p-30, below = 1.0 - 0x1p-30, one = 1.0;
    const double product = above * below;
    return product - one == 0.0 && above * below - one == 0.0;
}

TF_INLINE double two_to(int n)
{
    const uint64_t bits = (uint64_t)(n + 1023) << 52;
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* 1 / k!: Taylor's series, whose 14th term is below 2^-57 for |r| <= log(2) / 2. */
static const double inverse[14] = {1.0,
                                   1.0,
                                   1.0 / 2,
                                   1.0 / 6,
                                   1.0 / 24,
                                   1.0 / 120,
                                   1.0 / 720,
                                   1.0 / 5040,
                                   1.0 / 40320,
                                   1.0 / 362880,
                                   1.0 / 3628800,
                                   1.0 / 39916800,
                                   1.0 / 479001600,
                                   1.0 / 6227020800};

/* Of x within -700..700. */
TF_INLINE double exp_within(double x)
{
    const double scaled = x * 1.4426950408889634;
    const int n = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
    double sum = inverse[13];
    for (int k = 12; k >= 0; k--)
        sum = sum * r + inverse[k];
    return sum * two_to(n);
}

double tm_exp(double x)
{
    if (!(x > -700.0))
        return 0.0;
    return exp_within(x > 700.0 ? 700.0 : x);
}

#ifdef TF_AVX2
#define SIDE 8 /* exponentials side by side */

TF_CLONES void tm_exp_below(double *x, uint32_t n, double most, double least)
{
    for (uint32_t i = 0; i < n; i += SIDE) {
        double side[SIDE], e[SIDE];
        for (uint32_t k = 0; k < SIDE; k++)
            side[k] = i + k < n ? x[i + k] - most : least;
        for (uint32_t k = 0; k < SIDE; k++)
            e[k] = exp_within(side[k] > least ? side[k] : least);
        for (uint32_t k = 0; k < SIDE && i + k < n; k++)
            x[i + k] = side[k] > least ? e[k] : 0.0;
    }
}
#else
void tm_exp_below(double *x, uint32_t n, double most, double least)
{
    for (uint32_t i = 0; i < n; i++)
        x[i] = x[i] - most > least ? tm_exp(x[i] - most) : 0.0;
}
#endif

double tm_sigmoid(double x)
{
    if (x >= 0)
        return 1.0 / (1.0 + tm_exp(-x));
    const double e = tm_exp(x);
    return e / (1.0 + e);
}
