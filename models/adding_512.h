/* The loops of weights.c for processors with what AVX-512 had since 2019 (VBMI2, VNNI, VPOPCNTDQ), for models of
 * four rows (two tiers whose costs are not predicted): sixteen entries at a time, whether they have weights or not: those that have none take the slot of
 * zeros, which costs less than moving the others together. Sixteen slots are turned to columns, of which an
 * instruction adds up those of a block; votes are listed by block and add up in registers. The sums are the plain
 * loops', to the bit. No gathering loads here either. */
#ifndef TIERCE_MODELS_ADDING_512_H
#define TIERCE_MODELS_ADDING_512_H

#include "models/adding_avx2.h"

#ifdef TF_AVX512
#define TM_512 TF_AVX512 static inline __attribute__((always_inline))
#define TM_LANES 16
#define ASK_BLOCKS 3
_Static_assert(TF_B_WORD < ASK_BLOCKS && TF_B_PAIR < ASK_BLOCKS && TF_B_SKIP < ASK_BLOCKS, "the ask's blocks come first");

typedef struct {
    uint32_t slot[TM_GROUP + TM_LANES], block[TM_GROUP + TM_LANES];
    uint32_t n, blocks;                                  /* entries; their blocks, a bit each */
    uint16_t vote[TF_BLOCKS][TM_GROUP + 2 * TM_LANES]; /* by block: slots among the votes */
    uint32_t votes[TF_BLOCKS];                           /* how many */
} tm_lanes;

/* Even and odd words of 32 bits of both. */
TM_512 __m512i even_lanes(__m512i a, __m512i b)
{
    return _mm512_permutex2var_epi32(a, _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0), b);
}

TM_512 __m512i odd_lanes(__m512i a, __m512i b)
{
    return _mm512_permutex2var_epi32(a, _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1), b);
}

TM_512 __m512i load_eight(const uint64_t *v)
{
    return _mm512_set_epi64((int64_t)v[7], (int64_t)v[6], (int64_t)v[5], (int64_t)v[4], (int64_t)v[3], (int64_t)v[2], (int64_t)v[1], (int64_t)v[0]);
}

TM_512 __m512i load_places(const tm_place *place, const tf_entry *at)
{
    uint64_t p[8];
    for (int k = 0; k < 8; k++)
        memcpy(&p[k], &place[at[k].index >> 5], sizeof p[k]);
    return load_eight(p);
}

/* Four weights and the tag of eight slots. */
TM_512 __m512i load_slots(const int8_t *weight, const uint32_t *slot)
{
    uint64_t v[8];
    for (int k = 0; k < 8; k++)
        memcpy(&v[k], weight + (size_t)slot[k] * 8, sizeof v[k]);
    return load_eight(v);
}
_Static_assert(TM_ROWS + sizeof(uint32_t) == 8, "load_slots knows the step");

TM_512 uint32_t keep_lanes(uint32_t *to, uint32_t n, __mmask16 which, __m512i v)
{
    _mm512_storeu_si512(to + n, _mm512_maskz_compress_epi32(which, v));
    return n + (uint32_t)_mm_popcnt_u32(which);
}

/* Slots and blocks of sixteen entries, of which n count. */
TM_512 void find_lanes(const tm_weights *w, const tf_entry *at, uint32_t n, uint32_t *slots, uint32_t *blocks, __m512i *bits, uint32_t *covered)
{
    const __m512i a = _mm512_loadu_si512(at), b = _mm512_loadu_si512(at + 8);
    const __m512i p = load_places(w->place, at), q = load_places(w->place, at + 8);
    const __m512i block = _mm512_srli_epi32(odd_lanes(a, b), 16);
    const __m512i from = _mm512_sllv_epi32(even_lanes(p, q), _mm512_and_si512(even_lanes(a, b), _mm512_set1_epi32(31)));
    const __m512i slot = _mm512_sub_epi32(odd_lanes(p, q), _mm512_popcnt_epi32(from));
    const __mmask16 hit = (__mmask16)(_mm512_movepi32_mask(from) & ((1u << n) - 1));
    *bits = _mm512_or_epi32(*bits, _mm512_sllv_epi32(_mm512_set1_epi32(1), block));
    *covered += (uint32_t)_mm_popcnt_u32(_mm512_mask_cmplt_epi32_mask(hit, block, _mm512_set1_epi32(TF_B_SKIP)));
    _mm512_storeu_si512(slots, _mm512_mask_mov_epi32(_mm512_set1_epi32((int)w->n_slots), hit, slot));
    _mm512_storeu_si512(blocks, block);
}

TM_512 void find_all(const tm_weights *w, const tf_entry *at, uint32_t n, tm_lanes *l, uint32_t *covered)
{
    tf_entry rest[TM_LANES] = {{0, 0, 0}};
    __m512i bits = _mm512_setzero_si512();
    uint32_t i = 0;
    for (; i + TM_LANES <= n; i += TM_LANES)
        find_lanes(w, at + i, TM_LANES, &l->slot[i], &l->block[i], &bits, covered);
    if (i < n) {
        memcpy(rest, at + i, (n - i) * sizeof *at);
        find_lanes(w, rest, n - i, &l->slot[i], &l->block[i], &bits, covered);
    }
    l->n = n;
    l->blocks = (uint32_t)_mm512_reduce_or_epi32(bits);
}

/* Of one block: sums of the columns, and votes, whose number so far it takes and returns. */
TM_512 uint32_t add_block(int block, __m512i blocks, __m512i row, __mmask16 voting, __m256i at, __m512i *sum, uint16_t *vote, uint32_t votes)
{
    const __mmask16 here = _mm512_cmpeq_epi32_mask(blocks, _mm512_set1_epi32(block));
    *sum = _mm512_dpbusd_epi32(*sum, _mm512_maskz_set1_epi8(here * UINT64_C(0x0001000100010001), 1), row);
    _mm256_storeu_si256((__m256i *)(void *)&vote[votes], _mm256_maskz_compress_epi16(here & voting, at));
    return votes + (uint32_t)_mm_popcnt_u32(here & voting);
}

/* sum: per block, sixteen partial sums, four of each row. Lists votes, whose number it returns, and signs.
 * ask: all entries are in its three blocks, whose sums then stay in registers. */
TM_512 uint32_t add_lanes(const tm_weights *w, tm_lanes *l, __m512i *sums, tm_signs *signs, bool ask)
{
    /* byte h of column c is byte c of slot h */
    const __m512i turn = _mm512_set_epi32(0x3f3b3733, 0x2f2b2723, 0x1f1b1713, 0x0f0b0703, 0x3e3a3632, 0x2e2a2622, 0x1e1a1612, 0x0e0a0602,
                                          0x3d393531, 0x2d292521, 0x1d191511, 0x0d090501, 0x3c383430, 0x2c282420, 0x1c181410, 0x0c080400);
    const __m512i one = _mm512_set1_epi32(1), low = _mm512_set1_epi32(0xffff);
    __m512i sum[ASK_BLOCKS];
    uint32_t votes[ASK_BLOCKS] = {0}, all = 0, signing = signs->n;
    for (int k = 0; k < ASK_BLOCKS; k++)
        sum[k] = sums[k];
    memset(l->votes, 0, sizeof l->votes);
    for (uint32_t i = 0; i < l->n; i += TM_LANES) {
        const __m512i a = load_slots(w->weight, &l->slot[i]), b = load_slots(w->weight, &l->slot[i + 8]);
        const __m512i row = _mm512_permutexvar_epi8(turn, even_lanes(a, b)), tag = odd_lanes(a, b);
        const __m512i block = _mm512_loadu_si512(&l->block[i]);
        const __m512i vote = _mm512_and_si512(tag, low), sign = _mm512_srli_epi32(tag, 16);
        const __mmask16 voting = _mm512_test_epi32_mask(vote, vote);
        const __m256i at = _mm512_cvtepi32_epi16(_mm512_sub_epi32(vote, one));
        signing = keep_lanes(signs->at, signing, _mm512_test_epi32_mask(sign, sign), _mm512_sub_epi32(sign, one));
        all += (uint32_t)_mm_popcnt_u32(voting);
        for (int k = 0; ask && k < ASK_BLOCKS; k++)
            votes[k] = add_block(k, block, row, voting, at, &sum[k], l->vote[k], votes[k]);
        for (uint32_t left = ask ? 0 : l->blocks; left; left &= left - 1) {
            const int k = __builtin_ctz(left);
            l->votes[k] = add_block(k, block, row, voting, at, &sums[k], l->vote[k], l->votes[k]);
        }
    }
    for (int k = 0; ask && k < ASK_BLOCKS; k++) {
        sums[k] = sum[k];
        l->votes[k] = votes[k];
    }
    signs->n = signing;
    return all;
}

/* n_vectors: votes by sixteens, at most four. */
TM_512 void add_votes_in(const int8_t *weight, uint32_t n_vectors, const tm_lanes *l, int16_t *small)
{
    for (uint32_t left = l->blocks; left; left &= left - 1) {
        const uint32_t block = (uint32_t)__builtin_ctz(left), n = l->votes[block];
        __m256i *to = (__m256i *)(void *)small + (size_t)block * n_vectors, sum[4];
        if (!n)
            continue;
        for (uint32_t v = 0; v < n_vectors; v++)
            sum[v] = _mm256_loadu_si256(to + v);
        for (uint32_t i = 0; i < n; i++) {
            const __m128i *from = (const __m128i *)(const void *)weight + (size_t)l->vote[block][i] * n_vectors;
            for (uint32_t v = 0; v < n_vectors; v++)
                sum[v] = _mm256_add_epi16(sum[v], _mm256_cvtepi8_epi16(_mm_loadu_si128(from + v)));
        }
        for (uint32_t v = 0; v < n_vectors; v++)
            _mm256_storeu_si256(to + v, sum[v]);
    }
}

/* Any number of sources. */
TM_512 void add_many_votes(const int8_t *weight, uint32_t stride, const tm_lanes *l, int16_t *small)
{
    tm_found voting;
    for (uint32_t left = l->blocks; left; left &= left - 1) {
        const uint32_t block = (uint32_t)__builtin_ctz(left), n = l->votes[block];
        for (uint32_t i = 0; i < n; i++) {
            voting.slot[i] = l->vote[block][i];
            voting.block[i] = block;
        }
        add_votes_avx2(weight, stride, &voting, n, small);
    }
}

TM_512 void add_votes_512(const int8_t *weight, uint32_t stride, const tm_lanes *l, int16_t *small)
{
    switch (stride / 16) {
    case 1:
        add_votes_in(weight, 1, l, small);
        break;
    case 2:
        add_votes_in(weight, 2, l, small);
        break;
    case 3:
        add_votes_in(weight, 3, l, small);
        break;
    case 4:
        add_votes_in(weight, 4, l, small);
        break;
    default:
        add_many_votes(weight, stride, l, small);
    }
}

/* In registers over all signs, eight sources in each; n_vectors: at most six. */
TM_512 void add_signs_in(const float *likely, uint32_t n_vectors, const tm_signs *signs, double *to)
{
    __m512d sum[6];
    for (uint32_t v = 0; v < n_vectors; v++)
        sum[v] = _mm512_loadu_pd(to + 8 * v);
    for (uint32_t i = 0; i < signs->n; i++) {
        const float *from = likely + (size_t)signs->at[i] * n_vectors * 8;
        for (uint32_t v = 0; v < n_vectors; v++)
            sum[v] = _mm512_add_pd(sum[v], _mm512_cvtps_pd(_mm256_loadu_ps(from + 8 * v)));
    }
    for (uint32_t v = 0; v < n_vectors; v++)
        _mm512_storeu_pd(to + 8 * v, sum[v]);
}

TM_512 void add_signs_512(const tm_signatures *g, tm_signs *signs, tm_tally *t)
{
    for (uint32_t i = 0; i < signs->n; i++)
        t->signs[signs->at[i] >> 6] |= (uint64_t)1 << (signs->at[i] & 63);
    switch (g->stride / 8) {
    case 1:
        add_signs_in(g->likely, 1, signs, t->likely);
        break;
    case 2:
        add_signs_in(g->likely, 2, signs, t->likely);
        break;
    case 3:
        add_signs_in(g->likely, 3, signs, t->likely);
        break;
    case 4:
        add_signs_in(g->likely, 4, signs, t->likely);
        break;
    case 5:
        add_signs_in(g->likely, 5, signs, t->likely);
        break;
    case 6:
        add_signs_in(g->likely, 6, signs, t->likely);
        break;
    default:
        add_signs_avx2(g->likely, g->stride, signs, t->likely);
    }
    signs->n = 0;
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
