/* Finding a bucket's weights and adding them up.
 *
 * Look-up: a bitmap of used indexes and, beside each 32-bit word of it, how many stand up to its end.
 * One cache line, one test and one population count, in a quarter of a byte per possible bucket; a plain
 * table of slot numbers would be sixteen times larger, and a binary search several times slower.
 *
 * Adding up is most of a decision's time, so it is written for compilers to vectorise: presence (level 1)
 * adds weights without multiplying, and votes add up in 16 bits, moved to 32 before they could overflow.
 * All sums are integers, so their order cannot show. */
#include "models/adding.h"
#include "models/adding_512.h"
#include "models/adding_avx2.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static size_t words_of(const tf_spec *spec)
{
    return ((size_t)TF_BLOCKS << spec->bits) / 32;
}

TF_INLINE uint32_t ones(uint32_t v)
{
#if defined(__GNUC__) && (defined(__POPCNT__) || defined(__wasm__))
    return (uint32_t)__builtin_popcount(v);
#else
    v -= (v >> 1) & 0x55555555u;
    v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
    return (((v + (v >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24;
#endif
}

uint32_t tm_weights_slot(const tm_weights *w, uint32_t index)
{
    const tm_place *at = &w->place[index >> 5];
    const uint32_t from = at->used << (index & 31);
    return from >> 31 ? at->until - ones(from) : UINT32_MAX;
}

bool tm_weights_new(tm_model *model, uint32_t n_slots)
{
    tm_weights *w = &model->weights;
    w->n_slots = n_slots;
    w->n_rows = model->n_rows;
    w->stride = (w->n_rows + TM_ROWS - 1) / TM_ROWS * TM_ROWS;
    w->step = w->stride + (uint32_t)sizeof(uint32_t);
    w->index = tm_arena_alloc(&model->arena, n_slots, sizeof *w->index);
    w->weight = tm_arena_alloc(&model->arena, (size_t)n_slots + 1, w->step);
    return w->index && w->weight;
}

static void set_tag(tm_weights *w, uint32_t slot, uint32_t tag)
{
    memcpy(tm_weights_of(w, slot) + w->stride, &tag, sizeof tag);
}

void tm_weights_tag(tm_model *model, uint32_t slot, uint32_t tag)
{
    tm_weights *w = &model->weights;
    set_tag(w, slot, tm_tag_of(w, slot) | tag);
    w->tagged |= (uint32_t)1 << (w->index[slot] >> model->spec.bits);
}

/* Votes again, each width of a slot at a step of bytes; the votes themselves where that is it. */
static const int8_t *spread(tm_model *model, const int8_t *weight, uint32_t n, uint32_t width, uint32_t step)
{
    int8_t *wide = width == step ? NULL : tm_arena_alloc(&model->arena, n, step);
    for (uint32_t s = 0; wide && s < n; s++)
        memcpy(wide + (size_t)s * step, weight + (size_t)s * width, width);
    return width == step ? weight : wide;
}

/* A vote whose bucket has no weights is never reached. */
static bool prepare_votes(tm_model *model)
{
    tm_votes *v = &model->votes;
    tm_weights *w = &model->weights;
    v->stride = (model->n_sources + TM_WIDE - 1) / TM_WIDE * TM_WIDE;
    v->wide = spread(model, v->weight, v->n_slots, model->n_sources, v->stride);
    for (uint32_t s = 0; v->wide && s < v->n_slots; s++) {
        const uint32_t slot = tm_weights_slot(w, v->index[s]);
        if (slot != UINT32_MAX)
            tm_weights_tag(model, slot, s + 1);
    }
    return v->wide != NULL;
}

/* Indexes rise. Words of the table where none is used are left alone: they, and their memory, stay zero. */
static void place_all(tm_weights *w)
{
    for (uint32_t s = 0; s < w->n_slots; s++) {
        tm_place *at = &w->place[w->index[s] >> 5];
        at->used |= (uint32_t)1 << (31 - (w->index[s] & 31));
        at->until = s + 1;
    }
}

bool tm_weights_prepare(tm_model *model)
{
    tm_weights *w = &model->weights;
#ifndef TIERCE_NO_HELP /* a reader prepares once */
    for (uint32_t s = 0; w->tagged && s < w->n_slots; s++)
        set_tag(w, s, 0);
#endif
    w->tagged = 0;
    w->place = tm_arena_alloc(&model->arena, words_of(&model->spec), sizeof *w->place);
    if (!w->place)
        return false;
    memset(model->row_of, 0xff, sizeof model->row_of);
    place_all(w);
    for (uint32_t r = 0; r < model->n_rows; r++)
        model->row_of[model->rows[r].kind][model->rows[r].tier] = r;
    return prepare_votes(model);
}

/* ---- adding up ---- */

/* acc: 32-bit sums of rows per block, of votes per block, the votes' 16-bit sums per block, and the sources'
 * log-likelihoods, as doubles, and a bit for each feature of signatures: all strides before them are even. */
static size_t likely_at(const tm_model *model)
{
    return (size_t)TF_BLOCKS * (model->weights.stride + model->votes.stride + model->votes.stride / 2);
}

static size_t signs_at(const tm_model *model)
{
    return likely_at(model) + 2 * (size_t)model->signatures.stride;
}

size_t tm_acc_len(const tm_model *model)
{
    return signs_at(model) + 2 * (((size_t)model->signatures.n + 63) / 64);
}

const double *tm_acc_likely(const tm_model *model, const int32_t *acc)
{
    return (const double *)(const void *)(acc + likely_at(model));
}

const uint64_t *tm_acc_signs(const tm_model *model, const int32_t *acc)
{
    return (const uint64_t *)(const void *)(acc + signs_at(model));
}

const int32_t *tm_acc_votes(const tm_model *model, const int32_t *acc, unsigned block)
{
    return acc + (size_t)TF_BLOCKS * model->weights.stride + (size_t)block * model->votes.stride;
}

/* tagged: blocks that may have votes. */
TF_INLINE void flush(tm_tally *t, uint32_t stride, uint32_t tagged)
{
    const size_t n = stride / TM_WIDE * TM_WIDE; /* says that nothing is left over */
    for (uint32_t b = 0; b < TF_BLOCKS; b++) {
        int32_t *restrict sum = t->sum + b * n;
        int16_t *restrict small = t->small + b * n;
        if (!(tagged >> b & 1))
            continue;
        for (size_t i = 0; i < n; i++) {
            sum[i] += small[i];
            small[i] = 0;
        }
    }
    t->pending = 0;
}

TF_INLINE void add_vote(int16_t *restrict to, const int8_t *restrict weight, uint32_t stride)
{
    const size_t n = stride / TM_WIDE * TM_WIDE;
    for (size_t s = 0; s < n; s++)
        to[s] = (int16_t)(to[s] + weight[s]);
}

TF_INLINE void add_four(int32_t *to, const int8_t *weight)
{
#ifdef __SSE2__ /* what compilers make of the loop takes five times as long */
    int32_t four;
    memcpy(&four, weight, sizeof four);
    __m128i w = _mm_cvtsi32_si128(four);
    w = _mm_unpacklo_epi8(w, w);
    w = _mm_srai_epi32(_mm_unpacklo_epi16(w, w), 24);
    __m128i *sum = (__m128i *)(void *)to;
    _mm_storeu_si128(sum, _mm_add_epi32(_mm_loadu_si128(sum), w));
#else
    for (int k = 0; k < TM_ROWS; k++)
        to[k] += weight[k];
#endif
}

/* Where presence is a number: sizes. They are added up as present first; the rest is added here. */
static void add_level(const tm_model *model, const tf_entry *entry, tm_tally *t)
{
    const tm_weights *w = &model->weights;
    const tm_votes *v = &model->votes;
    const uint32_t slot = tm_weights_slot(w, entry->index);
    if (slot == UINT32_MAX)
        return;
    const int8_t *weight = tm_weights_of(w, slot);
    const uint32_t at = tm_tag_of(w, slot) & 0xffff;
    const int32_t rest = (int32_t)entry->level - 1;
    int32_t *row = t->row + (size_t)entry->block * w->stride, *sum = t->sum + (size_t)entry->block * v->stride;
    for (uint32_t r = 0; r < w->stride; r++)
        row[r] += rest * weight[r];
    for (uint32_t s = 0; at && s < v->stride; s++)
        sum[s] += rest * v->wide[(size_t)(at - 1) * v->stride + s];
}

/* They are the named features' and stand near the end. */
static void add_levels(const tm_model *model, const tf_vector *vector, tm_tally *t)
{
    uint32_t left = vector->count[TF_B_LEVEL];
    for (uint32_t i = vector->n; left && i-- > 0;)
        if (vector->at[i].block == TF_B_LEVEL) {
            add_level(model, &vector->at[i], t);
            left--;
        }
}

/* Adds to the hits that stand there. */
TF_INLINE uint32_t find_slots(const tm_place *place, const tf_entry *at, uint32_t n, tm_found *f, uint32_t hits)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t index = at[i].index;
        const tm_place p = place[index >> 5];
        const uint32_t from = p.used << (index & 31); /* the highest bit is this index's */
        f->slot[hits] = p.until - ones(from);
        f->block[hits] = at[i].block;
        hits += from >> 31;
    }
    return hits;
}

/* Of them, words and pairs of the ask. */
TF_INLINE uint32_t count_covered(const tm_found *f, uint32_t n)
{
    uint32_t covered = 0;
    for (uint32_t i = 0; i < n; i++)
        covered += f->block[i] < TF_B_SKIP;
    return covered;
}
_Static_assert(TF_B_WORD == 0 && TF_B_PAIR == 1 && TF_B_SKIP == 2, "count_covered knows blocks by their order");

/* Adds the rows of the hits. */
TF_INLINE void add_rows(const int8_t *weight, uint32_t stride, const tm_found *hit, uint32_t n, int32_t *row)
{
    for (uint32_t i = 0; i < n; i++) {
        const int8_t *from = weight + (size_t)hit->slot[i] * (stride + sizeof(uint32_t));
        int32_t *to = row + (size_t)hit->block[i] * stride;
        for (uint32_t r = 0; r < stride; r += TM_ROWS)
            add_four(to + r, from + r);
    }
}

/* Those that have votes, or stand in signatures, are listed, without a branch either, with the slot there. */
TF_INLINE uint32_t read_tags(const tm_weights *w, const tm_found *hit, uint32_t n, tm_found *voting, tm_signs *signs)
{
    uint32_t votes = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t tag = tm_tag_of(w, hit->slot[i]), vote = tag & 0xffff, sign = tag >> 16;
        voting->slot[votes] = vote - 1;
        voting->block[votes] = hit->block[i];
        votes += vote > 0;
        signs->at[signs->n] = sign - 1;
        signs->n += sign > 0;
    }
    return votes;
}

TF_INLINE void add_votes(const int8_t *weight, uint32_t stride, const tm_found *voting, uint32_t n, int16_t *small)
{
    for (uint32_t i = 0; i < n; i++)
        add_vote(small + (size_t)voting->block[i] * stride, weight + (size_t)voting->slot[i] * stride, stride);
}

/* The usual strides as constants, for which compilers unroll the inner loop. */
TF_INLINE void add_votes_plain(const int8_t *weight, uint32_t stride, const tm_found *voting, uint32_t n, int16_t *small)
{
    if (stride == TM_WIDE)
        add_votes(weight, TM_WIDE, voting, n, small);
    else if (stride == 2 * TM_WIDE)
        add_votes(weight, 2 * TM_WIDE, voting, n, small);
    else
        add_votes(weight, stride, voting, n, small);
}

/* Likelihoods; the sums are exact, in any order. */
TF_INLINE void add_signs(const tm_signatures *g, tm_signs *signs, tm_tally *t, bool avx2)
{
    double *restrict likely = t->likely;
    for (uint32_t i = 0; i < signs->n; i++)
        t->signs[signs->at[i] >> 6] |= (uint64_t)1 << (signs->at[i] & 63);
#ifdef TF_AVX2
    if (avx2) {
        add_signs_avx2(g->likely, g->stride, signs, t->likely);
        signs->n = 0;
        return;
    }
#endif
    (void)avx2;
    const uint32_t stride = g->stride / TM_SIDE * TM_SIDE;
    for (uint32_t i = 0; i < signs->n; i++) {
        const float *restrict from = g->likely + (size_t)signs->at[i] * stride;
        for (uint32_t s = 0; s < stride; s++)
            likely[s] += (double)from[s];
    }
    signs->n = 0;
}

/* A group of entries that are present. */
TF_INLINE void add_group(const tm_model *model, const tf_entry *at, uint32_t n, tm_tally *t, tm_signs *signs, bool avx2)
{
    const tm_weights *w = &model->weights;
    const tm_votes *v = &model->votes;
    tm_found hit, voting;
    uint32_t hits = 0, votes;
    (void)avx2;
#ifdef TF_AVX2
    if (avx2) {
        hits = find_slots_avx2(w->place, at, n & ~7u, &hit);
        at += n & ~7u;
        n &= 7;
    }
#endif
    hits = find_slots(w->place, at, n, &hit, hits);
    t->covered += count_covered(&hit, hits);
#ifdef TF_AVX2
    if (avx2 && w->stride == TM_ROWS)
        add_rows_avx2(w->weight, &hit, hits, t->row);
    else
#endif
    if (w->stride == TM_ROWS)
        add_rows(w->weight, TM_ROWS, &hit, hits, t->row);
    else
        add_rows(w->weight, w->stride, &hit, hits, t->row);
#ifdef TF_AVX2
    if (avx2)
        votes = read_tags_avx2(w, &hit, hits, &voting, signs);
    else
#endif
        votes = read_tags(w, &hit, hits, &voting, signs);
    if (t->pending + votes > TM_FEW)
        flush(t, v->stride, model->weights.tagged);
    t->pending += votes;
#ifdef TF_AVX2
    if (avx2)
        add_votes_avx2(v->wide, v->stride, &voting, votes, t->small);
    else
#endif
        add_votes_plain(v->wide, v->stride, &voting, votes, t->small);
}

/* All sums of the vector. */
TF_INLINE void add_groups(const tm_model *model, const tf_vector *vector, tm_tally *t, bool avx2)
{
    tm_signs signs;
    signs.n = 0;
    for (uint32_t i = 0; i < vector->n; i += TM_GROUP) {
        add_group(model, &vector->at[i], vector->n - i < TM_GROUP ? vector->n - i : TM_GROUP, t, &signs, avx2);
        if (signs.n > TM_SIGNS)
            add_signs(&model->signatures, &signs, t, avx2);
    }
    add_signs(&model->signatures, &signs, t, avx2);
    flush(t, model->votes.stride, model->weights.tagged);
}

#ifdef TF_AVX2
TF_AVX2 static void add_all_avx2(const tm_model *model, const tf_vector *vector, tm_tally *t)
{
    add_groups(model, vector, t, true);
}
#endif

#ifdef TF_AVX512
TF_AVX512 static void add_all_512(const tm_model *model, const tf_vector *vector, tm_tally *t)
{
    const tm_votes *v = &model->votes;
    __m512i sum[TF_BLOCKS];
    tm_signs signs;
    tm_lanes l;
    uint32_t blocks = 0;
    for (uint32_t b = 0; b < TF_BLOCKS; b++)
        sum[b] = _mm512_setzero_si512();
    signs.n = 0;
    for (uint32_t i = 0; i < vector->n; i += TM_GROUP) {
        find_all(&model->weights, &vector->at[i], vector->n - i < TM_GROUP ? vector->n - i : TM_GROUP, &l, &t->covered);
        const bool ask = !(l.blocks >> ASK_BLOCKS);
        const uint32_t votes = ask ? add_lanes(&model->weights, &l, sum, &signs, true) : add_lanes(&model->weights, &l, sum, &signs, false);
        blocks |= l.blocks;
        if (t->pending + votes > TM_FEW)
            flush(t, v->stride, model->weights.tagged);
        t->pending += votes;
        add_votes_512(v->wide, v->stride, &l, t->small);
        if (signs.n > TM_SIGNS)
            add_signs_512(&model->signatures, &signs, t);
    }
    add_signs_512(&model->signatures, &signs, t);
    add_rows_of(sum, blocks, t->row);
    flush(t, v->stride, model->weights.tagged);
}
#endif

static void add_all(const tm_model *model, const tf_vector *vector, tm_tally *t)
{
#ifdef TF_AVX512
    if (tf_has_avx512() && model->weights.stride == TM_ROWS) {
        add_all_512(model, vector, t);
        return;
    }
#endif
#ifdef TF_AVX2
    if (tf_has_avx2()) {
        add_all_avx2(model, vector, t);
        return;
    }
#endif
    add_groups(model, vector, t, false);
}

/* Margins from the sums, block by block in their order. */
static void sum_up(const tm_model *model, const tf_vector *vector, const int32_t *acc, double *margin)
{
    const uint32_t rows = model->n_rows;
    for (uint32_t r = 0; r < rows; r++)
        margin[r] = model->rows[r].bias;
    for (unsigned b = 0; b < TF_BLOCKS; b++) {
        if (!vector->count[b])
            continue;
        const double unit = tf_unit(&model->spec, vector, b);
        const int32_t *sum = acc + (size_t)b * model->weights.stride;
        for (uint32_t r = 0; r < rows; r++)
            margin[r] += (double)model->rows[r].scale[b] * (unit * (double)sum[r]);
    }
}

double tm_weights_dot(const tm_model *model, const tf_vector *vector, int32_t *acc, double *margin)
{
    int32_t *const votes = acc + (size_t)TF_BLOCKS * model->weights.stride;
    tm_tally t = {.row = acc,
               .sum = votes,
               .small = (int16_t *)(void *)(votes + (size_t)TF_BLOCKS * model->votes.stride),
               .likely = (double *)(void *)(acc + likely_at(model)),
               .signs = (uint64_t *)(void *)(acc + signs_at(model))};
    memset(acc, 0, sizeof *acc * tm_acc_len(model));
    add_all(model, vector, &t);
    add_levels(model, vector, &t);
    sum_up(model, vector, acc, margin);
    const uint32_t all = vector->count[TF_B_WORD] + vector->count[TF_B_PAIR];
    return all ? (double)t.covered / all : 0.0;
}
