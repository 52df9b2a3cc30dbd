/* Indexes of all named features at once, for processors with AVX-512: sixteen values are cut, hashed and mixed
 * beside each other, and those of features that are there moved together. The same as hash_named and mix_named of
 * named_out.c. */
#ifndef TIERCE_FEATURES_NAMED_512_H
#define TIERCE_FEATURES_NAMED_512_H

#include "features/bytes.h"
#include "features/extractors.h"
#include "features/hash_512.h"

#ifdef TF_AVX512
#include <immintrin.h>

typedef struct {
    uint32_t index[TF_N_COUNT + 16], n; /* of the features that are there, in their order */
    uint32_t size[TF_N_COUNT], sizes; /* which of them are sizes, as numbers of the list... */
    uint8_t id[TF_N_COUNT];           /* ...and of features */
} tf_named_list;

/* Shares are cut at multiples of 5, but for the first. */
TF_AVX512 static inline __m512i tf_cut_shares(const tf_cuts *cuts, __m512i value)
{
    const __m512i fifth = _mm512_srli_epi32(_mm512_mullo_epi32(_mm512_min_epu32(value, _mm512_set1_epi32(1000)), _mm512_set1_epi32(52429)), 18);
    const __m512i low = _mm512_permutex2var_epi8(_mm512_loadu_si512(cuts->fifth), fifth, _mm512_loadu_si512(cuts->fifth + 64));
    const __m512i high = _mm512_permutex2var_epi8(_mm512_loadu_si512(cuts->fifth + 128), fifth, _mm512_loadu_si512(cuts->fifth + 192));
    const __m512i either = _mm512_mask_mov_epi32(low, _mm512_cmpgt_epu32_mask(fifth, _mm512_set1_epi32(127)), high);
    return _mm512_maskz_and_epi32(_mm512_test_epi32_mask(value, value), either, _mm512_set1_epi32(0xff));
}

TF_AVX512 static inline __m512i tf_half_octaves(__m512i value)
{
    const __m512i k = _mm512_sub_epi32(_mm512_set1_epi32(31), _mm512_lzcnt_epi32(value)), one = _mm512_set1_epi32(1);
    const __m512i half = _mm512_and_si512(_mm512_srlv_epi32(value, _mm512_sub_epi32(k, one)), one);
    const __m512i bucket = _mm512_add_epi32(_mm512_add_epi32(k, k), half);
    return _mm512_mask_mov_epi32(bucket, _mm512_cmplt_epu32_mask(value, _mm512_set1_epi32(4)), value);
}

TF_AVX512 static void tf_list_named(const tf_features *f, const uint32_t *values, tf_named_list *l)
{
    const tf_cuts *cuts = &f->cuts;
    const __m128i shift = _mm_cvtsi32_si128((int)(32 - f->spec.bits));
    const __m512i base = _mm512_set1_epi32((int)((uint32_t)TF_B_NAMED << f->spec.bits));
    l->n = l->sizes = 0;
    for (unsigned id = 0; id < TF_N_COUNT; id += 16) {
        const __mmask16 valid = (__mmask16)(TF_N_COUNT - id < 16 ? (1u << (TF_N_COUNT - id)) - 1 : 0xffff);
        const __m512i value = _mm512_maskz_loadu_epi32(valid, values + id);
        const __m512i cut = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(valid, cuts->cut + id));
        const __mmask16 there = _mm512_mask_cmpneq_epi32_mask(valid, value, _mm512_set1_epi32((int)TF_ABSENT));
        const __mmask16 size = _mm512_cmpeq_epi32_mask(cut, _mm512_set1_epi32(TF_CUT_SIZE));
        const __mmask16 count = _mm512_cmpeq_epi32_mask(cut, _mm512_set1_epi32(TF_CUT_COUNT));
        const __mmask16 flag = _mm512_cmpeq_epi32_mask(cut, _mm512_set1_epi32(TF_CUT_FLAG));
        const __mmask16 share = _mm512_cmpeq_epi32_mask(cut, _mm512_set1_epi32(TF_CUT_SHARE));
        __m512i bucket = _mm512_min_epu32(value, _mm512_set1_epi32(63)); /* TF_CUT_KIND */
        bucket = _mm512_mask_min_epu32(bucket, flag, value, _mm512_set1_epi32(1));
        bucket = _mm512_mask_mov_epi32(bucket, size | count, tf_half_octaves(value));
        bucket = _mm512_mask_mov_epi32(bucket, share, tf_cut_shares(cuts, value));
        const __m512i step = _mm512_mullo_epi32(_mm512_add_epi32(bucket, _mm512_set1_epi32(1)), _mm512_set1_epi32((int)0x9e3779b1u));
        const __m512i mixed = tf_hash_mix_512(_mm512_add_epi32(_mm512_maskz_loadu_epi32(valid, f->named_hash + id), step));
        const __m512i index = _mm512_or_si512(base, _mm512_srl_epi32(mixed, shift));
        _mm512_storeu_si512(&l->index[l->n], _mm512_maskz_compress_epi32(there, index));
        for (uint32_t left = size & there; left; left &= left - 1) {
            l->id[l->sizes] = (uint8_t)(id + tf_lowest(left));
            l->size[l->sizes++] = l->n + tf_ones(there & (left ^ (left - 1)) >> 1);
        }
        l->n += tf_ones(there);
    }
    l->size[l->sizes] = l->n;
}
#endif

#endif
