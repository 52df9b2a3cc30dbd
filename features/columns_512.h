/* The questions of columns.h for processors with AVX-512: sixty-four tokens at a time, whose answers are the bits of
 * a number. The functions that ask them are written a second time for it, beside the first. */
#ifndef TIERCE_FEATURES_COLUMNS_512_H
#define TIERCE_FEATURES_COLUMNS_512_H

#include "features/columns.h"

#ifdef TF_AVX512
#include <immintrin.h>

#define TF_512_ROWS TF_AVX512 static inline __attribute__((always_inline))

TF_512_ROWS __m512i tf_rows(const uint8_t *column)
{
    return _mm512_loadu_si512(column);
}

TF_512_ROWS uint64_t tf_rows_is(__m512i v, char value)
{
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(value));
}

/* Any of the flags. */
TF_512_ROWS uint64_t tf_rows_have(__m512i flags, int any)
{
    return _mm512_test_epi8_mask(flags, _mm512_set1_epi8((char)any));
}

TF_512_ROWS uint64_t tf_rows_least(__m512i v, int value)
{
    return _mm512_cmpge_epu8_mask(v, _mm512_set1_epi8((char)value));
}
#endif

#endif
