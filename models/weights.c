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

#define WIDE 16 /* votes that are added at a time */

/* A vote whose bucket has no weights is never reached. */
static bool prepare_votes(tm_model *model)
{
    tm_votes *v = &model->votes;
    const uint32_t n = model->n_sources;
    v->stride = (n + WIDE - 1) / WIDE * WIDE;
    v->wide = tm_arena_alloc(&model->arena, v->n_slots, v->stride);
    if (!v->wide)
        return false;
    for (uint32_t s = 0; s < v->n_slots; s++)
        memcpy(v->wide + (size_t)s * v->stride, v->weight + (size_t)s * n, n);
    v->of_slot = tm_arena_alloc(&model->arena, model->weights.n_slots, sizeof *v->of_slot);
    if (!v->of_slot)
        return false;
    for (uint32_t s = 0; s < v->n_slots; s++) {
        const uint32_t slot = tm_weights_slot(&model->weights, v->index[s]);
        if (slot != UINT32_MAX)
            v->of_slot[slot] = (uint16_t)(s + 1);
    }
    return true;
}

bool tm_weights_prepare(tm_model *model)
{
    tm_weights *w = &model->weights;
    const size_t n = words_of(&model->spec);
    w->place = tm_arena_alloc(&model->arena, n, sizeof *w->place);
    if (!w->place)
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

/* acc: sums of rows per block, sums of votes per block, the votes' 16-bit sums (stride of them) per block. */
size_t tm_acc_len(const tm_model *model)
{
    return (size_t)TF_BLOCKS * (model->n_rows + model->n_sources) + (size_t)TF_BLOCKS * model->votes.stride / 2;
}

#define FEW 255 /* votes that 16 bits hold: 255 * 128 < 2^15 */

typedef struct {
    int32_t *sum;   /* per block and source */
    int16_t *small; /* the same, not yet in sum */
    uint32_t pending[TF_BLOCKS];
} tally;

TF_INLINE void flush(tally *t, uint32_t n_sources, uint32_t stride, unsigned block)
{
    int32_t *restrict sum = t->sum + (size_t)block * n_sources;
    int16_t *restrict small = t->small + (size_t)block * stride;
    for (uint32_t s = 0; s < n_sources; s++) {
        sum[s] += small[s];
        small[s] = 0;
    }
    t->pending[block] = 0;
}

TF_INLINE void add_small(int16_t *restrict to, const int8_t *restrict weight, uint32_t stride)
{
    const size_t n = stride / WIDE * WIDE; /* says that nothing is left over */
    for (size_t s = 0; s < n; s++)
        to[s] = (int16_t)(to[s] + weight[s]);
}

TF_INLINE void add_votes(const tm_votes *v, uint32_t n_sources, uint32_t at, const tf_entry *entry,
                             tally *t)
{
    const int8_t *weight = &v->wide[(size_t)(at - 1) * v->stride];
    if (entry->level != 1) {
        int32_t *to = t->sum + (size_t)entry->block * n_sources;
        for (uint32_t s = 0; s < n_sources; s++)
            to[s] += (int32_t)entry->level * weight[s];
        return;
    }
    add_small(t->small + (size_t)entry->block * v->stride, weight, v->stride);
    if (++t->pending[entry->block] == FEW)
        flush(t, n_sources, v->stride, entry->block);
}

TF_INLINE void add_rows(int32_t *restrict to, const int8_t *restrict weight, uint32_t rows, int32_t level)
{
    if (level != 1) {
        for (uint32_t r = 0; r < rows; r++)
            to[r] += level * weight[r];
        return;
    }
    if (rows == 4) { /* two tiers without costs: worth a case of its own */
        to[0] += weight[0];
        to[1] += weight[1];
        to[2] += weight[2];
        to[3] += weight[3];
        return;
    }
    for (uint32_t r = 0; r < rows; r++)
        to[r] += weight[r];
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
        for (uint32_t r = 0; r < rows; r++)
            margin[r] += (double)model->rows[r].scale[b] * (unit * (double)acc[(size_t)b * rows + r]);
    }
}

/* The tables are larger than the first caches and a request touches them all over, so look-ups go in
 * groups: find the slots of a group without a branch, ask for their weights, then add them up. */
#define GROUP 64

typedef struct {
    uint32_t slot;
    const tf_entry *entry;
} hit;

TF_INLINE uint32_t find_hits(const tm_weights *w, const tf_entry *at, uint32_t n, hit *hits)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++)
        TF_PREFETCH(&w->place[at[i].index >> 5]);
    for (uint32_t i = 0; i < n; i++) {
        const tm_place place = w->place[at[i].index >> 5];
        const uint32_t shift = at[i].index & 31;
        hits[found].slot = place.before + ones(place.used & (((uint32_t)1 << shift) - 1));
        hits[found].entry = &at[i];
        found += place.used >> shift & 1;
    }
    return found;
}

TF_INLINE void add_hits(const tm_model *model, const hit *hits, uint32_t n, int32_t *acc, tally *t,
                     uint32_t *covered)
{
    const tm_weights *w = &model->weights;
    const tm_votes *v = &model->votes;
    const uint32_t rows = w->n_rows;
    for (uint32_t i = 0; i < n; i++) {
        TF_PREFETCH(&w->weight[(size_t)hits[i].slot * rows]);
        TF_PREFETCH(&v->of_slot[hits[i].slot]);
    }
    if (v->n_slots)
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t at = v->of_slot[hits[i].slot];
            TF_PREFETCH(&v->wide[(size_t)(at - (at > 0)) * v->stride]);
        }
    for (uint32_t i = 0; i < n; i++) {
        const tf_entry *entry = hits[i].entry;
        const uint32_t slot = hits[i].slot, at = v->n_slots ? v->of_slot[slot] : 0;
        add_rows(&acc[(size_t)entry->block * rows], &w->weight[(size_t)slot * rows], rows, entry->level);
        if (at)
            add_votes(v, model->n_sources, at, entry, t);
        covered[entry->block]++;
    }
}

/* All sums of the vector; covered: hits per block. */
TF_CLONES static void add_all(const tm_model *model, const tf_vector *vector, int32_t *acc, uint32_t *covered)
{
    hit hits[GROUP];
    tally t = {.sum = acc + (size_t)TF_BLOCKS * model->n_rows};
    t.small = (int16_t *)(void *)(t.sum + (size_t)TF_BLOCKS * model->n_sources);
    for (uint32_t i = 0; i < vector->n; i += GROUP) {
        const uint32_t n = vector->n - i < GROUP ? vector->n - i : GROUP;
        const uint32_t found = find_hits(&model->weights, &vector->at[i], n, hits);
        add_hits(model, hits, found, acc, &t, covered);
    }
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        if (t.pending[b])
            flush(&t, model->n_sources, model->votes.stride, b);
}

double tm_weights_dot(const tm_model *model, const tf_vector *vector, int32_t *acc, double *margin)
{
    uint32_t covered[TF_BLOCKS] = {0};
    memset(acc, 0, sizeof *acc * tm_acc_len(model));
    add_all(model, vector, acc, covered);
    sum_up(model, vector, acc, margin);
    const uint32_t all = vector->count[TF_B_WORD] + vector->count[TF_B_PAIR];
    return all ? (double)(covered[TF_B_WORD] + covered[TF_B_PAIR]) / all : 0.0;
}
