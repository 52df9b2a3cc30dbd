/* Named values become entries: each in its bucket, and sizes also as numbers. */
#include "features/clones.h"
#include "features/extractors.h"
#include "features/named_512.h"

static void name_entry(tf_state *state, unsigned id, uint32_t bucket, bool level)
{
    char name[96];
    size_t n = 0;
    const char *parts[2] = {tf_named_name(id), level ? "#log" : ">="};
    for (int p = 0; p < 2; p++)
        for (const char *c = parts[p]; *c && n < 70; c++)
            name[n++] = *c;
    if (!level) {
        char digits[12];
        int d = 0;
        uint32_t v = tf_bucket_floor(tf_named_cut(id), bucket);
        do
            digits[d++] = (char)('0' + v % 10);
        while ((v /= 10) > 0);
        while (d > 0)
            name[n++] = digits[--d];
    }
    state->namer(state->namer_context, &state->vector.at[state->vector.n - 1], name, n);
}

#ifndef TIERCE_NO_HELP
/* From hashes to indexes. */
TF_CLONES static void mix_named(uint32_t *hash, uint32_t bits)
{
    const uint32_t shift = 32 - bits, base = (uint32_t)TF_B_NAMED << bits;
    for (unsigned id = 0; id < TF_N_COUNT; id++)
        hash[id] = base | tf_hash_mix(hash[id]) >> shift;
}
#endif

static void emit_level(tf_state *state, unsigned id, uint32_t value, uint32_t bucket)
{
    tf_vector *v = &state->vector;
    const uint32_t level = tf_log_level(value);
    if (state->features->spec.scale[TF_B_LEVEL] <= 0 || !level ||
        !tf_emit(state, TF_B_LEVEL, state->features->named_hash[id]))
        return;
    v->at[v->n - 1].level = (uint16_t)level;
    if (state->namer)
        name_entry(state, id, bucket, true);
}

/* Hashes of all named features in their buckets; absent ones too. */
TF_CLONES static void hash_named(const tf_features *f, const uint32_t *value, uint32_t *bucket, uint32_t *hash)
{
    uint8_t large[TF_N_COUNT + 1];
    uint32_t n = 0;
    for (unsigned id = 0; id < TF_N_COUNT; id++) { /* which are large no processor guesses: they are listed */
        bucket[id] = f->cuts.bucket[f->cuts.cut[id]][value[id] < 1024 ? value[id] : 0];
        large[n] = (uint8_t)id;
        n += value[id] - 1024 < TF_ABSENT - 1024;
    }
    for (uint32_t i = 0; i < n; i++)
        bucket[large[i]] = tf_bucket((tf_cut)f->cuts.cut[large[i]], value[large[i]]);
    for (unsigned id = 0; id < TF_N_COUNT; id++)
        hash[id] = f->named_hash[id] + (bucket[id] + 1) * 0x9e3779b1u;
}

/* The definition, one by one: with names, and where room grows short. */
static void emit_each(tf_state *state, const uint32_t *bucket, const uint32_t *hash)
{
    const tf_features *f = state->features;
    const uint32_t *value = state->vector.values;
    const bool named = f->spec.scale[TF_B_NAMED] > 0;
    for (unsigned id = 0; id < TF_N_COUNT; id++) {
        if (value[id] == TF_ABSENT)
            continue;
        if (named && tf_emit(state, TF_B_NAMED, hash[id]) && state->namer)
            name_entry(state, id, bucket[id], false);
        if (f->cuts.cut[id] == TF_CUT_SIZE)
            emit_level(state, id, value[id], bucket[id]);
    }
}

#ifndef TIERCE_NO_HELP /* nor room for a second way */
/* The same where nothing is in the way. Which are absent no processor guesses: the others are listed first. */
static void emit_all(tf_state *state, const uint32_t *bucket, const uint32_t *index)
{
    const tf_features *f = state->features;
    const uint32_t *value = state->vector.values;
    uint64_t *const seen = state->seen;
    tf_entry *const at = state->vector.at;
    uint8_t present[TF_N_COUNT];
    uint32_t n = 0, i = 0;
    for (unsigned id = 0; id < TF_N_COUNT; id++) {
        present[n] = (uint8_t)id;
        n += value[id] != TF_ABSENT;
    }
    while (i < n) { /* up to the next size */
        const uint32_t before = state->vector.n;
        size_t end = before;
        unsigned id;
        do {
            id = present[i++];
            end = tf_append(seen, at, end, index[id], TF_B_NAMED);
        } while (f->cuts.cut[id] != TF_CUT_SIZE && i < n);
        state->vector.n = (uint32_t)end;
        state->vector.count[TF_B_NAMED] += state->vector.n - before;
        if (f->cuts.cut[id] == TF_CUT_SIZE)
            emit_level(state, id, value[id], bucket[id]);
    }
}
_Static_assert(TF_N_COUNT <= 256, "emit_all lists them as bytes");

#ifdef TF_AVX512
/* The same from a list of indexes. */
static void emit_list(tf_state *state, const tf_named_list *l)
{
    tf_vector *v = &state->vector;
    for (uint32_t i = 0, s = 0; i < l->n; s++) { /* up to the next size */
        const uint32_t before = v->n, end = s < l->sizes ? l->size[s] + 1 : l->n;
        size_t n = before;
        for (; i < end; i++)
            n = tf_append(state->seen, v->at, n, l->index[i], TF_B_NAMED);
        v->n = (uint32_t)n;
        v->count[TF_B_NAMED] += v->n - before;
        if (s < l->sizes)
            emit_level(state, l->id[s], v->values[l->id[s]], 0);
    }
}
#endif
#endif

void tf_emit_named(tf_state *state)
{
    const tf_features *f = state->features;
    uint32_t bucket[TF_N_COUNT], hash[TF_N_COUNT];
    state->room = f->spec.max_entries;
#if defined(TF_AVX512) && !defined(TIERCE_NO_HELP)
    if (tf_has_avx512() && !state->namer && f->spec.scale[TF_B_NAMED] > 0 && state->vector.n + 2 * TF_N_COUNT <= state->room) {
        tf_named_list list;
        tf_list_named(f, state->vector.values, &list);
        emit_list(state, &list);
        return;
    }
#endif
    hash_named(f, state->vector.values, bucket, hash);
#ifndef TIERCE_NO_HELP
    if (!state->namer && f->spec.scale[TF_B_NAMED] > 0 && state->vector.n + 2 * TF_N_COUNT <= state->room) {
        mix_named(hash, f->spec.bits);
        emit_all(state, bucket, hash);
        return;
    }
#endif
    emit_each(state, bucket, hash);
}
