/* The loops of weights.c for processors with what AVX-512 had since 2019 (VBMI2, VNNI, VPOPCNTDQ), for models of
 * two tiers: sixteen entries at a time. Rows of sixteen hits are turned to columns, of which an
 * instruction adds up those of a block; votes add up in registers as long as the block stays the same. The sums
 * are the plain loops', to the bit. No gathering loads here either. */
#ifndef TIERCE_MODELS_ADDING_512_H
#define TIERCE_MODELS_ADDING_512_H

#include "models/adding_avx2.h"

#ifdef TF_AVX512
#define TM_512 TF_AVX512 static inline __attribute__((always_inline))
#define TM_LANES 16

typedef struct {
    tm_found all, tagged; /* hits; of them, those in blocks that have tags */
    uint32_t n_all, n_tagged;
    uint32_t blocks; /* of all, a bit each */
} tm_hits;

TM_512 __m512i load_places(const tm_place *place, const tf_entry *at)
{
    uint64_t p[8];
    for (int k = 0; k < 8; k++)
        memcpy(&p[k], &place[at[k].index >> 5], sizeof p[k]);
    return _mm512_set_epi64((int64_t)p[7], (int64_t)p[6], (int64_t)p[5], (int64_t)p[4], (int64_t)p[3], (int64_t)p[2], (int64_t)p[1], (int64_t)p[0]);
}

/* The numbers of 32 bits at sixteen slots. */
TM_512 __m512i load_lanes(const void *from, const uint32_t *slot)
{
    int32_t v[TM_LANES];
    for (int k = 0; k < TM_LANES; k++)
        memcpy(&v[k], (const char *)from + (size_t)slot[k] * 4, 4);
    return _mm512_set_epi32(v[15], v[14], v[13], v[12], v[11], v[10], v[9], v[8], v[7], v[6], v[5], v[4], v[3], v[2], v[1], v[0]);
}

TM_512 uint32_t keep_lanes(uint32_t *to, uint32_t n, __mmask16 which, __m512i v)
{
    _mm512_storeu_si512(to + n, _mm512_maskz_compress_epi32(which, v));
    return n + (uint32_t)_mm_popcnt_u32(which);
}

/* Hits among sixteen entries, of which n count. */
TM_512 void find_lanes(const tm_weights *w, const tf_entry *at, uint32_t n, tm_hits *h, uint32_t *covered, __m512i *blocks)
{
    const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    const __m512i a = _mm512_loadu_si512(at), b = _mm512_loadu_si512(at + 8);
    const __m512i p = load_places(w->place, at), q = load_places(w->place, at + 8);
    const __m512i index = _mm512_permutex2var_epi32(a, even, b);
    const __m512i block = _mm512_srli_epi32(_mm512_permutex2var_epi32(a, odd, b), 16);
    const __m512i from = _mm512_sllv_epi32(_mm512_permutex2var_epi32(p, even, q), _mm512_and_si512(index, _mm512_set1_epi32(31)));
    const __m512i slot = _mm512_sub_epi32(_mm512_permutex2var_epi32(p, odd, q), _mm512_popcnt_epi32(from));
    const __m512i bit = _mm512_sllv_epi32(_mm512_set1_epi32(1), block);
    const __mmask16 hit = (__mmask16)(_mm512_movepi32_mask(from) & ((1u << n) - 1));
    const __mmask16 tagged = _mm512_mask_test_epi32_mask(hit, bit, _mm512_set1_epi32((int)w->tagged));
    *blocks = _mm512_mask_or_epi32(*blocks, hit, *blocks, bit);
    *covered += (uint32_t)_mm_popcnt_u32(_mm512_mask_cmplt_epi32_mask(hit, block, _mm512_set1_epi32(TF_B_SKIP)));
    keep_lanes(h->all.block, h->n_all, hit, block);
    h->n_all = keep_lanes(h->all.slot, h->n_all, hit, slot);
    keep_lanes(h->tagged.block, h->n_tagged, tagged, block);
    h->n_tagged = keep_lanes(h->tagged.slot, h->n_tagged, tagged, slot);
}

/* What stands behind the last hits is slot 0 of no block. */
TM_512 void find_hits(const tm_weights *w, const tf_entry *at, uint32_t n, tm_hits *h, uint32_t *covered)
{
    tf_entry rest[TM_LANES] = {{0, 0, 0}};
    __m512i blocks = _mm512_setzero_si512();
    h->n_all = h->n_tagged = 0;
    for (; n >= TM_LANES; n -= TM_LANES, at += TM_LANES)
        find_lanes(w, at, TM_LANES, h, covered, &blocks);
    if (n) {
        memcpy(rest, at, n * sizeof *at);
        find_lanes(w, rest, n, h, covered, &blocks);
    }
    _mm512_storeu_si512(&h->all.slot[h->n_all], _mm512_setzero_si512());
    _mm512_storeu_si512(&h->all.block[h->n_all], _mm512_set1_epi32(TF_BLOCKS));
    _mm512_storeu_si512(&h->tagged.slot[h->n_tagged], _mm512_setzero_si512());
    h->blocks = (uint32_t)_mm512_reduce_or_epi32(blocks);
}

/* sum: per block, sixteen partial sums, four of each row. */
TM_512 void add_lanes(const int8_t *wide, const tm_hits *h, __m512i *sum)
{
    /* byte h of column c is byte c of row h */
    const __m512i turn = _mm512_set_epi32(0x3f3b3733, 0x2f2b2723, 0x1f1b1713, 0x0f0b0703, 0x3e3a3632, 0x2e2a2622, 0x1e1a1612, 0x0e0a0602,
                                          0x3d393531, 0x2d292521, 0x1d191511, 0x0d090501, 0x3c383430, 0x2c282420, 0x1c181410, 0x0c080400);
    for (uint32_t i = 0; i < h->n_all; i += TM_LANES) {
        const __m512i row = _mm512_permutexvar_epi8(turn, load_lanes(wide, &h->all.slot[i]));
        const __m512i block = _mm512_loadu_si512(&h->all.block[i]);
        for (uint32_t left = h->blocks; left; left &= left - 1) {
            const int b = __builtin_ctz(left);
            const uint64_t which = _mm512_cmpeq_epi32_mask(block, _mm512_set1_epi32(b)) * UINT64_C(0x0001000100010001);
            sum[b] = _mm512_dpbusd_epi32(sum[b], _mm512_maskz_set1_epi8(which, 1), row);
        }
    }
}

TM_512 uint32_t read_tags_512(const tm_weights *w, const tm_hits *h, tm_found *voting, tm_signs *signs)
{
    uint32_t votes = 0;
    for (uint32_t i = 0; i < h->n_tagged; i += TM_LANES) {
        const uint32_t left = h->n_tagged - i;
        const __mmask16 valid = (__mmask16)(left < TM_LANES ? (1u << left) - 1 : 0xffff);
        const __m512i tag = load_lanes(w->tag, &h->tagged.slot[i]), one = _mm512_set1_epi32(1), low = _mm512_set1_epi32(0xffff);
        const __m512i vote = _mm512_and_si512(tag, low), sign = _mm512_srli_epi32(tag, 16);
        const __mmask16 votes_here = _mm512_mask_test_epi32_mask(valid, vote, vote);
        keep_lanes(voting->block, votes, votes_here, _mm512_loadu_si512(&h->tagged.block[i]));
        votes = keep_lanes(voting->slot, votes, votes_here, _mm512_sub_epi32(vote, one));
        signs->n = keep_lanes(signs->at, signs->n, _mm512_mask_test_epi32_mask(valid, sign, sign), _mm512_sub_epi32(sign, one));
    }
    return votes;
}

/* n_vectors: votes by sixteens, at most four. */
TM_512 void add_votes_in(const int8_t *weight, uint32_t n_vectors, const tm_found *voting, uint32_t n, int16_t *small)
{
    for (uint32_t i = 0; i < n;) {
        const uint32_t block = voting->block[i];
        __m256i *to = (__m256i *)(void *)small + (size_t)block * n_vectors, sum[4];
        for (uint32_t v = 0; v < n_vectors; v++)
            sum[v] = _mm256_loadu_si256(to + v);
        do {
            const __m128i *from = (const __m128i *)(const void *)weight + (size_t)voting->slot[i] * n_vectors;
            for (uint32_t v = 0; v < n_vectors; v++)
                sum[v] = _mm256_add_epi16(sum[v], _mm256_cvtepi8_epi16(_mm_loadu_si128(from + v)));
        } while (++i < n && voting->block[i] == block);
        for (uint32_t v = 0; v < n_vectors; v++)
            _mm256_storeu_si256(to + v, sum[v]);
    }
}

TM_512 void add_votes_512(const int8_t *weight, uint32_t stride, const tm_found *voting, uint32_t n, int16_t *small)
{
    switch (stride / 16) {
    case 1:
        add_votes_in(weight, 1, voting, n, small);
        break;
    case 2:
        add_votes_in(weight, 2, voting, n, small);
        break;
    case 3:
        add_votes_in(weight, 3, voting, n, small);
        break;
    case 4:
        add_votes_in(weight, 4, voting, n, small);
        break;
    default:
        add_votes_avx2(weight, stride, voting, n, small);
    }
}

/* The partial sums' own. */
TM_512 void add_rows_of(const __m512i *sum, uint32_t blocks, int32_t *row)
{
    for (; blocks; blocks &= blocks - 1) {
        const uint32_t b = (uint32_t)__builtin_ctz(blocks);
        const __m512i s = _mm512_add_epi32(sum[b], _mm512_shuffle_epi32(sum[b], _MM_PERM_BADC));
        int32_t four[TM_LANES];
        _mm512_storeu_si512(four, _mm512_add_epi32(s, _mm512_shuffle_epi32(s, _MM_PERM_CDAB)));
        for (int r = 0; r < TM_ROWS; r++)
            row[b * TM_ROWS + (uint32_t)r] += four[4 * r];
    }
}
#endif

#endif
