#include "models/maths.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

#include "features/clones.h"
#ifdef TF_AVX2
#include <immintrin.h>
#endif

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
#define SIDE 4 /* in a vector */
#define VECTORS 3 /* side by side: each is a long chain */

/* exp_within's operations, one for one. */
TF_AVX2 static inline __attribute__((always_inline)) void exp_vectors(double *x, double most, double least)
{
    __m256d r[VECTORS], sum[VECTORS], above[VECTORS], power[VECTORS];
    for (int v = 0; v < VECTORS; v++) {
        const __m256d low = _mm256_set1_pd(least), plain = _mm256_sub_pd(_mm256_loadu_pd(x + SIDE * v), _mm256_set1_pd(most));
        above[v] = _mm256_cmp_pd(plain, low, _CMP_GT_OQ);
        const __m256d at = _mm256_blendv_pd(low, plain, above[v]);
        const __m256d scaled = _mm256_mul_pd(at, _mm256_set1_pd(1.4426950408889634));
        const __m256d half = _mm256_or_pd(_mm256_and_pd(_mm256_cmp_pd(scaled, _mm256_setzero_pd(), _CMP_LT_OQ), _mm256_set1_pd(-0.0)),
                                          _mm256_set1_pd(0.5));
        const __m128i whole = _mm256_cvttpd_epi32(_mm256_add_pd(scaled, half));
        const __m256d n = _mm256_cvtepi32_pd(whole);
        r[v] = _mm256_sub_pd(_mm256_sub_pd(at, _mm256_mul_pd(n, _mm256_set1_pd(0.693147180369123816490))),
                             _mm256_mul_pd(n, _mm256_set1_pd(1.90821492927058770002e-10)));
        power[v] = _mm256_castsi256_pd(_mm256_slli_epi64(_mm256_cvtepi32_epi64(_mm_add_epi32(whole, _mm_set1_epi32(1023))), 52));
        sum[v] = _mm256_set1_pd(inverse[13]);
    }
    for (int k = 12; k >= 0; k--)
        for (int v = 0; v < VECTORS; v++)
            sum[v] = _mm256_add_pd(_mm256_mul_pd(sum[v], r[v]), _mm256_set1_pd(inverse[k]));
    for (int v = 0; v < VECTORS; v++)
        _mm256_storeu_pd(x + SIDE * v, _mm256_and_pd(_mm256_mul_pd(sum[v], power[v]), above[v]));
}

TF_AVX2 static void exp_below_avx2(double *x, uint32_t n, double most, double least)
{
    double rest[SIDE * VECTORS] = {0};
    uint32_t i = 0;
    for (; i + SIDE * VECTORS <= n; i += SIDE * VECTORS)
        exp_vectors(x + i, most, least);
    if (i < n) {
        memcpy(rest, x + i, (n - i) * sizeof *x);
        exp_vectors(rest, most, least);
        memcpy(x + i, rest, (n - i) * sizeof *x);
    }
}
#endif

void tm_exp_below(double *x, uint32_t n, double most, double least)
{
#ifdef TF_AVX2
    if (tf_has_avx2()) {
        exp_below_avx2(x, n, most, least);
        return;
    }
#endif
    for (uint32_t i = 0; i < n; i++)
        x[i] = x[i] - most > least ? tm_exp(x[i] - most) : 0.0;
}

double tm_sigmoid(double x)
{
    if (x >= 0)
        return 1.0 / (1.0 + tm_exp(-x));
    const double e = tm_exp(x);
    return e / (1.0 + e);
}
