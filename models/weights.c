/* Finding a bucket's weights and adding them up.
 *
 * Look-up: a bitmap of used indexes and, beside each 32-bit word of it, how many used ones stand before.
 * One cache line, one test and one population count, in a quarter of a byte per possible bucket; a plain
 * table of slot numbers would be sixteen times larger, and a binary search several times slower.
 *
 * Adding up is most of a decision's time, so it is written for compilers to vectorise: presence (level 1)
 * adds weights without multiplying, and votes add up in 16 bits, moved to 32 before they could overflow.
 * All sums are integers, so their order cannot show. */
#include "features/clones.h"
#include "models/model.h"

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
    const uint32_t bit = (uint32_t)1 << (index & 31);
    return at->used & bit ? at->before + ones(at->used & (bit - 1)) : UINT32_MAX;
}

#ifdef __x86_64__
#define WIDE 32 /* votes that are added at a time */
#else
#define WIDE 16
#endif
#define ROWS 4  /* and rows */

/* Weights again, n times width of them, each width at a step of bytes. */
static int8_t *spread(tm_model *model, const int8_t *weight, uint32_t n, uint32_t width, uint32_t step)
{
    int8_t *wide = tm_arena_alloc(&model->arena, n, step);
    for (uint32_t s = 0; wide && s < n; s++)
        memcpy(wide + (size_t)s * step, weight + (size_t)s * width, width);
    return wide;
}

/* A vote whose bucket has no weights is never reached. */
static bool prepare_votes(tm_model *model)
{
    tm_votes *v = &model->votes;
    tm_weights *w = &model->weights;
    v->stride = (model->n_sources + WIDE - 1) / WIDE * WIDE;
    v->wide = spread(model, v->weight, v->n_slots, model->n_sources, v->stride);
    for (uint32_t s = 0; v->wide && s < v->n_slots; s++) {
        const uint32_t slot = tm_weights_slot(w, v->index[s]);
        const uint16_t at = (uint16_t)(s + 1);
        if (slot != UINT32_MAX)
            memcpy(w->wide + (size_t)slot * w->step + w->stride, &at, sizeof at);
    }
    return v->wide != NULL;
}

bool tm_weights_prepare(tm_model *model)
{
    tm_weights *w = &model->weights;
    const size_t n = words_of(&model->spec);
    w->place = tm_arena_alloc(&model->arena, n, sizeof *w->place);
    w->stride = (w->n_rows + ROWS - 1) / ROWS * ROWS;
    w->step = w->stride + 4;
    w->wide = spread(model, w->weight, w->n_slots, w->n_rows, w->step);
    if (!w->place || !w->wide)
        return false;
    memset(model->row_of, 0xff, sizeof model->row_of);
    for (uint32_t s = 0; s < w->n_slots; s++)
        w->place[w->index[s] >> 5].used |= (uint32_t)1 << (w->index[s] & 31);
    for (uint32_t r = 0; r < model->n_rows; r++)
        model->row_of[model->rows[r].kind][model->rows[r].tier] = r;
    uint32_t before = 0;
    for (size_t i = 0; i < n; i++) {
        w->place[i].before = before;
        before += ones(w->place[i].used);
    }
    return prepare_votes(model);
}

/* ---- adding up ---- */

/* acc: 32-bit sums of rows per block, of votes per block, the votes' 16-bit sums per block. */
size_t tm_acc_len(const tm_model *model)
{
    return (size_t)TF_BLOCKS * (model->weights.stride + model->votes.stride + model->votes.stride / 2);
}

const int32_t *tm_acc_votes(const tm_model *model, const int32_t *acc, unsigned block)
{
    return acc + (size_t)TF_BLOCKS * model->weights.stride + (size_t)block * model->votes.stride;
}

/* Entries go in groups, in strides that keep little at hand: find the slots of those that have weights,
 * without a branch (no processor guesses which have), add up their weights, add up their votes. */
#define GROUP 64
#define FEW 255 /* votes that 16 bits hold: 255 * 128 < 2^15 */

typedef struct {
    int32_t *row;     /* per block, stride of weights */
    int32_t *sum;     /* per block, stride of votes */
    int16_t *small;   /* the same, not yet in sum */
    uint32_t pending; /* votes in small, of all blocks together, at most */
    uint32_t covered; /* words and pairs of the ask that have weights */
} tally;

typedef struct {
    uint32_t slot, block;
} hit;

TF_INLINE void flush(tally *t, uint32_t stride)
{
    const size_t n = (size_t)TF_BLOCKS * stride / WIDE * WIDE; /* says that nothing is left over */
    int32_t *restrict sum = t->sum;
    int16_t *restrict small = t->small;
    for (size_t i = 0; i < n; i++) {
        sum[i] += small[i];
        small[i] = 0;
    }
    t->pending = 0;
}

/* The votes' slot + 1 of a slot of wide. */
TF_INLINE uint32_t vote_of(const int8_t *weight, uint32_t stride)
{
    uint16_t at;
    memcpy(&at, weight + stride, sizeof at);
    return at;
}

TF_INLINE void add_vote(int16_t *restrict to, const int8_t *restrict weight, uint32_t stride)
{
    const size_t n = stride / WIDE * WIDE;
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
    for (int k = 0; k < ROWS; k++)
        to[k] += weight[k];
#endif
}

/* Where presence is a number: sizes. */
static void add_level(const tm_model *model, const tf_entry *entry, uint32_t slot, tally *t)
{
    const tm_weights *w = &model->weights;
    const tm_votes *v = &model->votes;
    const int8_t *weight = w->wide + (size_t)slot * w->step;
    const uint32_t at = vote_of(weight, w->stride);
    int32_t *row = t->row + (size_t)entry->block * w->stride, *sum = t->sum + (size_t)entry->block * v->stride;
    for (uint32_t r = 0; r < w->stride; r++)
        row[r] += (int32_t)entry->level * weight[r];
    for (uint32_t s = 0; at && s < v->stride; s++)
        sum[s] += (int32_t)entry->level * v->wide[(size_t)(at - 1) * v->stride + s];
}

/* Slots of the entries that are present; the few with a level are added at once. */
TF_INLINE uint32_t find_slots(const tm_model *model, const tf_entry *at, uint32_t n, hit *hits, tally *t)
{
    const tm_place *const place = model->weights.place;
    const uint32_t ask = (uint32_t)TF_B_SKIP << model->spec.bits; /* words and pairs stand below */
    uint32_t found = 0, covered = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t index = at[i].index;
        const tm_place p = place[index >> 5];
        const uint32_t used = p.used >> (index & 31) & 1;
        const uint32_t slot = p.before + ones(p.used & (((uint32_t)1 << (index & 31)) - 1));
        covered += index < ask ? used : 0;
        if (at[i].level != 1) {
            if (used)
                add_level(model, &at[i], slot, t);
            continue;
        }
        hits[found].slot = slot;
        hits[found].block = at[i].block;
        found += used;
    }
    t->covered += covered;
    return found;
}
_Static_assert(TF_B_WORD == 0 && TF_B_PAIR == 1 && TF_B_SKIP == 2, "find_slots counts blocks by their order");

/* Adds the rows of the hits; those that have votes are listed, without a branch either, with the votes' slot. */
TF_INLINE uint32_t add_rows(const tm_weights *w, uint32_t stride, const hit *hits, uint32_t n, int32_t *row, hit *voting)
{
    const int8_t *const wide = w->wide;
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        const int8_t *from = wide + (size_t)hits[i].slot * (stride + 4);
        int32_t *to = row + (size_t)hits[i].block * stride;
        const uint32_t at = vote_of(from, stride);
        for (uint32_t r = 0; r < stride; r += ROWS)
            add_four(to + r, from + r);
        voting[found].slot = at - 1;
        voting[found].block = hits[i].block;
        found += at > 0;
    }
    return found;
}

TF_INLINE void add_votes(const int8_t *weight, uint32_t stride, const hit *voting, uint32_t n, int16_t *small)
{
    for (uint32_t i = 0; i < n; i++)
        add_vote(small + (size_t)voting[i].block * stride, weight + (size_t)voting[i].slot * stride, stride);
}

/* The usual strides as constants, for which compilers unroll the inner loops. */
TF_INLINE void add_hits(const tm_model *model, const hit *hits, uint32_t n, tally *t)
{
    const tm_weights *w = &model->weights;
    const tm_votes *v = &model->votes;
    hit voting[GROUP];
    const uint32_t found = w->stride == ROWS ? add_rows(w, ROWS, hits, n, t->row, voting)
                                             : add_rows(w, w->stride, hits, n, t->row, voting);
    if (t->pending + found > FEW)
        flush(t, v->stride);
    t->pending += found;
    if (v->stride == 2 * WIDE)
        add_votes(v->wide, 2 * WIDE, voting, found, t->small);
    else if (v->stride == WIDE)
        add_votes(v->wide, WIDE, voting, found, t->small);
    else
        add_votes(v->wide, v->stride, voting, found, t->small);
}

/* All sums of the vector. */
TF_CLONES static void add_all(const tm_model *model, const tf_vector *vector, tally *t)
{
    hit hits[GROUP];
    for (uint32_t i = 0; i < vector->n; i += GROUP) {
        const uint32_t n = vector->n - i < GROUP ? vector->n - i : GROUP;
        add_hits(model, hits, find_slots(model, &vector->at[i], n, hits, t), t);
    }
    flush(t, model->votes.stride);
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
    tally t = {.row = acc,
               .sum = votes,
               .small = (int16_t *)(void *)(votes + (size_t)TF_BLOCKS * model->votes.stride)};
    memset(acc, 0, sizeof *acc * tm_acc_len(model));
    add_all(model, vector, &t);
    sum_up(model, vector, acc, margin);
    const uint32_t all = vector->count[TF_B_WORD] + vector->count[TF_B_PAIR];
    return all ? (double)t.covered / all : 0.0;
}
