/* Finding a bucket's weights: a bitmap of used indexes and, per 64-bit word of it, how many used
 * ones stand before. One test and one population count, in 3/16 of a byte per possible bucket;
 * a plain table of slot numbers would be twenty times larger, and a binary search several times slower. */
#include "models/model.h"

#include <string.h>

static size_t words_of(const tf_spec *spec)
{
    return ((size_t)TF_BLOCKS << spec->bits) / 64;
}

static inline uint32_t ones(uint64_t v)
{
#if defined(__GNUC__) && (defined(__POPCNT__) || defined(__wasm__))
    return (uint32_t)__builtin_popcountll(v);
#else
    v -= (v >> 1) & 0x5555555555555555u;
    v = (v & 0x3333333333333333u) + ((v >> 2) & 0x3333333333333333u);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (uint32_t)((v * 0x0101010101010101u) >> 56);
#endif
}

uint32_t tm_weights_slot(const tm_weights *w, uint32_t index)
{
    const uint64_t word = w->used[index >> 6], bit = (uint64_t)1 << (index & 63);
    return word & bit ? w->rank[index >> 6] + ones(word & (bit - 1)) : UINT32_MAX;
}

/* A vote whose bucket has no weights is never reached. */
static bool prepare_votes(tm_model *model)
{
    tm_votes *v = &model->votes;
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

size_t tm_acc_len(const tm_model *model)
{
    return (size_t)TF_BLOCKS * (model->n_rows + model->n_sources);
}

static inline void add_votes(const tm_votes *v, uint32_t n_sources, uint32_t slot, int32_t level,
                             int32_t *to)
{
    const uint32_t at = v->of_slot[slot];
    if (!at)
        return;
    const int8_t *weight = &v->weight[(size_t)(at - 1) * n_sources];
    for (uint32_t s = 0; s < n_sources; s++)
        to[s] += level * weight[s];
}

bool tm_weights_prepare(tm_model *model)
{
    tm_weights *w = &model->weights;
    const size_t n = words_of(&model->spec);
    w->used = tm_arena_alloc(&model->arena, n, sizeof *w->used);
    w->rank = tm_arena_alloc(&model->arena, n, sizeof *w->rank);
    if (!w->used || !w->rank)
        return false;
    memset(model->row_of, 0xff, sizeof model->row_of);
    for (uint32_t s = 0; s < w->n_slots; s++)
        w->used[w->index[s] >> 6] |= (uint64_t)1 << (w->index[s] & 63);
    for (uint32_t r = 0; r < model->n_rows; r++)
        model->row_of[model->rows[r].kind][model->rows[r].tier] = r;
    uint32_t before = 0;
    for (size_t i = 0; i < n; i++) {
        w->rank[i] = before;
        before += ones(w->used[i]);
    }
    return prepare_votes(model);
}

double tm_weights_dot(const tm_model *model, const tf_vector *vector, int32_t *acc, double *margin)
{
    const tm_weights *w = &model->weights;
    const uint32_t rows = w->n_rows;
    uint32_t covered[TF_BLOCKS] = {0};
    int32_t *votes = acc + (size_t)TF_BLOCKS * rows;
    memset(acc, 0, sizeof *acc * tm_acc_len(model));
    for (uint32_t i = 0; i < vector->n; i++) {
        const tf_entry *entry = &vector->at[i];
        const uint32_t slot = tm_weights_slot(w, entry->index);
        if (slot == UINT32_MAX)
            continue;
        const int8_t *weight = &w->weight[(size_t)slot * rows];
        int32_t *to = &acc[(size_t)entry->block * rows];
        const int32_t level = entry->level;
        for (uint32_t r = 0; r < rows; r++)
            to[r] += level * weight[r];
        add_votes(&model->votes, model->n_sources, slot, level,
                  &votes[(size_t)entry->block * model->n_sources]);
        covered[entry->block]++;
    }
    for (uint32_t r = 0; r < rows; r++)
        margin[r] = model->rows[r].bias;
    for (unsigned b = 0; b < TF_BLOCKS; b++) {
        if (!vector->count[b])
            continue;
        const double unit = tf_unit(&model->spec, vector, b);
        for (uint32_t r = 0; r < rows; r++)
            margin[r] += (double)model->rows[r].scale[b] * (unit * (double)acc[(size_t)b * rows + r]);
    }
    const uint32_t all = vector->count[TF_B_WORD] + vector->count[TF_B_PAIR];
    return all ? (double)(covered[TF_B_WORD] + covered[TF_B_PAIR]) / all : 0.0;
}
