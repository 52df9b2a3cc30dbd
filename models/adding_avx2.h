/* The loops of weights.c by hand, for processors with AVX2: eight entries at a time. Which of the eight have
 * weights (or votes) is a mask of eight bits, and a table says how to move those together, so there is no
 * branch. No gathering loads: many processors' are slower than plain ones, since
 * microcode mends them. Same results as the plain loops, to the bit: all sums are integers. */
#ifndef TIERCE_MODELS_ADDING_AVX2_H
#define TIERCE_MODELS_ADDING_AVX2_H

#include "models/adding.h"

#ifdef TF_AVX2
#include <immintrin.h>
#include <string.h>

/* Where the set bits of a mask stand, from the left. */
#define TM_SET1(m, b) ((m) >> (b) & 1)
#define TM_RANK(m, b) (TM_SET1(m, 0) * ((b) > 0) + TM_SET1(m, 1) * ((b) > 1) + TM_SET1(m, 2) * ((b) > 2) + TM_SET1(m, 3) * ((b) > 3) + \
                    TM_SET1(m, 4) * ((b) > 4) + TM_SET1(m, 5) * ((b) > 5) + TM_SET1(m, 6) * ((b) > 6))
#define TM_PLACE(m, b) (TM_SET1(m, b) ? (uint64_t)(b) << 8 * TM_RANK(m, b) : 0)
#define TM_ONES_OF(m) (TM_PLACE(m, 1) | TM_PLACE(m, 2) | TM_PLACE(m, 3) | TM_PLACE(m, 4) | TM_PLACE(m, 5) | TM_PLACE(m, 6) | TM_PLACE(m, 7))
#define TM_FOUR_OF(m) TM_ONES_OF(m), TM_ONES_OF((m) + 1), TM_ONES_OF((m) + 2), TM_ONES_OF((m) + 3)
#define TM_SIXTEEN_OF(m) TM_FOUR_OF(m), TM_FOUR_OF((m) + 4), TM_FOUR_OF((m) + 8), TM_FOUR_OF((m) + 12)
#define TM_ALL_OF(m) TM_SIXTEEN_OF(m), TM_SIXTEEN_OF((m) + 16), TM_SIXTEEN_OF((m) + 32), TM_SIXTEEN_OF((m) + 48)
static const uint64_t ones_of[256] = {TM_ALL_OF(0), TM_ALL_OF(64), TM_ALL_OF(128), TM_ALL_OF(192)};

TF_AVX2 static inline __m256i set_ones(unsigned mask)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)&ones_of[mask]));
}

TF_AVX2 static inline __m256i ones32(__m256i v)
{
    const __m256i count = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(0x0f);
    const __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(count, _mm256_and_si256(v, low)),
                                          _mm256_shuffle_epi8(count, _mm256_and_si256(_mm256_srli_epi32(v, 4), low)));
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1)), _mm256_set1_epi16(1));
}

TF_AVX2 static inline __m128i load_two(const tm_place *place, uint32_t a, uint32_t b)
{
    const __m128i low = _mm_loadl_epi64((const __m128i *)(const void *)&place[a >> 5]);
    return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(low), (const __m64 *)(const void *)&place[b >> 5]));
}

/* Even and odd words of sixteen: indexes and what stands beside them, in the order 0 1 4 5 2 3 6 7. */
TF_AVX2 static inline __m256i evens(__m256i a, __m256i b)
{
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
}

TF_AVX2 static inline __m256i odds(__m256i a, __m256i b)
{
    return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0xdd));
}

/* Slots and blocks of the entries that have weights; n: a multiple of 8. The hits' order is not the entries'. */
TF_AVX2 static uint32_t find_slots_avx2(const tm_place *place, const tf_entry *at, uint32_t n, tm_found *f)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < n; i += 8, at += 8) {
        const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)at);
        const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(at + 4));
        const __m256i p = _mm256_set_m128i(load_two(place, at[2].index, at[3].index), load_two(place, at[0].index, at[1].index));
        const __m256i q = _mm256_set_m128i(load_two(place, at[6].index, at[7].index), load_two(place, at[4].index, at[5].index));
        const __m256i from = _mm256_sllv_epi32(evens(p, q), _mm256_and_si256(evens(a, b), _mm256_set1_epi32(31)));
        const __m256i slot = _mm256_sub_epi32(odds(p, q), ones32(from));
        const unsigned mask = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(from));
        const __m256i which = set_ones(mask);
        _mm256_storeu_si256((__m256i *)(void *)&f->slot[hits], _mm256_permutevar8x32_epi32(slot, which));
        _mm256_storeu_si256((__m256i *)(void *)&f->block[hits], _mm256_permutevar8x32_epi32(_mm256_srli_epi32(odds(a, b), 16), which));
        hits += (uint32_t)_mm_popcnt_u32(mask);
    }
    return hits;
}

/* Adds up the rows, four of them. */
TF_AVX2 static void add_rows_avx2(const int8_t *weight, const tm_found *hit, uint32_t n, int32_t *row)
{
    for (uint32_t i = 0; i < n; i++) {
        const int8_t *from = weight + (size_t)hit->slot[i] * (TM_ROWS + sizeof(uint32_t));
        __m128i *to = (__m128i *)(void *)(row + (size_t)hit->block[i] * TM_ROWS);
        int32_t four;
        memcpy(&four, from, sizeof four);
        _mm_storeu_si128(to, _mm_add_epi32(_mm_loadu_si128(to), _mm_cvtepi8_epi32(_mm_cvtsi32_si128(four))));
    }
}

/* Lists the hits with votes, and in signatures. */
TF_AVX2 static uint32_t read_tags_avx2(const tm_weights *w, const tm_found *hit, uint32_t n, tm_found *voting, tm_signs *signs)
{
    uint32_t tag[TM_GROUP + 8], block[TM_GROUP + 8], tags = 0, votes = 0;
    for (uint32_t i = 0; i < n; i++) { /* only where there may be one: the others' would be far away */
        block[tags] = hit->block[i];
        tag[tags] = hit->slot[i];
        tags += w->tagged >> hit->block[i] & 1;
    }
    for (uint32_t i = 0; i < tags; i++)
        tag[i] = tm_tag_of(w, tag[i]);
    for (uint32_t i = tags; i % 8; i++)
        tag[i] = block[i] = 0;
    for (uint32_t i = 0; i < tags; i += 8) {
        const __m256i both = _mm256_loadu_si256((const __m256i *)(const void *)&tag[i]);
        const __m256i at = _mm256_sub_epi32(_mm256_and_si256(both, _mm256_set1_epi32(0xffff)), _mm256_set1_epi32(1));
        const __m256i sign = _mm256_sub_epi32(_mm256_srli_epi32(both, 16), _mm256_set1_epi32(1));
        const unsigned mask = ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(at)) & 0xff;
        const __m256i which = set_ones(mask);
        _mm256_storeu_si256((__m256i *)(void *)&voting->slot[votes], _mm256_permutevar8x32_epi32(at, which));
        _mm256_storeu_si256((__m256i *)(void *)&voting->block[votes],
                            _mm256_permutevar8x32_epi32(_mm256_loadu_si256((const __m256i *)(const void *)&block[i]), which));
        votes += (uint32_t)_mm_popcnt_u32(mask);
        const unsigned signed_ones = ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(sign)) & 0xff;
        _mm256_storeu_si256((__m256i *)(void *)&signs->at[signs->n], _mm256_permutevar8x32_epi32(sign, set_ones(signed_ones)));
        signs->n += (uint32_t)_mm_popcnt_u32(signed_ones);
    }
    return votes;
}

TF_AVX2 static inline void add_signs_avx2(const float *weight, uint32_t stride, const tm_signs *signs, double *likely)
{
    for (uint32_t s = 0; s < stride; s += TM_SIDE) {
        __m256d low = _mm256_loadu_pd(likely + s), high = _mm256_loadu_pd(likely + s + 4);
        for (uint32_t i = 0; i < signs->n; i++) {
            const float *from = weight + (size_t)signs->at[i] * stride + s;
            low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm_loadu_ps(from)));
            high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm_loadu_ps(from + 4)));
        }
        _mm256_storeu_pd(likely + s, low);
        _mm256_storeu_pd(likely + s + 4, high);
    }
}

/* n_vectors: votes by sixteens. */
TF_AVX2 static inline __attribute__((always_inline)) void add_votes_by(const int8_t *weight, uint32_t n_vectors, const tm_found *voting,
                                                                       uint32_t n, int16_t *small)
{
    for (uint32_t i = 0; i < n; i++) {
        const __m128i *from = (const __m128i *)(const void *)weight + (size_t)voting->slot[i] * n_vectors;
        __m256i *to = (__m256i *)(void *)small + (size_t)voting->block[i] * n_vectors;
        for (uint32_t v = 0; v < n_vectors; v++)
            _mm256_storeu_si256(to + v, _mm256_add_epi16(_mm256_loadu_si256(to + v), _mm256_cvtepi8_epi16(_mm_loadu_si128(from + v))));
    }
}

/* The usual numbers as constants, for which compilers unroll the inner loop. */
TF_AVX2 static void add_votes_avx2(const int8_t *weight, uint32_t stride, const tm_found *voting, uint32_t n, int16_t *small)
{
    switch (stride / 16) {
    case 1:
        add_votes_by(weight, 1, voting, n, small);
        break;
    case 2:
        add_votes_by(weight, 2, voting, n, small);
        break;
    case 3:
        add_votes_by(weight, 3, voting, n, small);
        break;
    default:
        add_votes_by(weight, stride / 16, voting, n, small);
    }
}
#endif

#endif
