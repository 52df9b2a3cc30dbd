/* tf_hash_mix of sixteen hashes, for processors with AVX-512. */
#ifndef TIERCE_FEATURES_HASH_512_H
#define TIERCE_FEATURES_HASH_512_H

#include "features/clones.h"

#ifdef TF_AVX512
#include <immintrin.h>

TF_AVX512 static inline __m512i tf_hash_mix_512(__m512i h)
{
    h = _mm512_xor_si512(h, _mm512_srli_epi32(h, 16));
    h = _mm512_mullo_epi32(h, _mm512_set1_epi32((int)0x85ebca6bu));
    h = _mm512_xor_si512(h, _mm512_srli_epi32(h, 13));
    h = _mm512_mullo_epi32(h, _mm512_set1_epi32((int)0xc2b2ae35u));
    return _mm512_xor_si512(h, _mm512_srli_epi32(h, 16));
}
#endif

#endif
