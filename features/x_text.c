/* Text features: the tokens themselves and their neighbours, as presence.
 *
 * The ask has a block each for words, adjacent pairs and skipped pairs; every other zone has one
 * block for its words and pairs together. Pairs never reach across segments. */
#include "features/clones.h"
#include "features/extractors.h"

/* Hashed with a token so that a block of words and pairs keeps them apart. */
#define SKIP_MARK 0x5bd1e995u

static size_t add_text(char *name, size_t n, size_t room, tierce_span text)
{
    for (size_t i = 0; i < text.len && n < room; i++) {
        const char c = text.data[i];
        name[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return n;
}

static tierce_span text_of(const tf_tokens *t, size_t at)
{
    return (tierce_span){tf_token_text(t, at), tf_token_len(t, at)};
}

/* Tells the namer of the newest entry: "a", "a b" or "a _ b". */
static void name_newest(tf_state *state, tierce_span a, const char *gap, tierce_span b)
{
    char name[160];
    size_t n = a.len ? add_text(name, 0, 70, a) : 0;
    if (a.len) {
        memcpy(name + n, gap, strlen(gap));
        n += strlen(gap);
    }
    n = add_text(name, n, 150, b);
    state->namer(state->namer_context, &state->vector.at[state->vector.n - 1], name, n);
}

/* tf_emit for a group of tokens at once. This is the hottest loop of the features; tf_emit itself is the
 * definition, and what naming mode uses. First all indexes, which compilers make vectors of; then each is
 * tested and appended without a branch: whether an entry is new is a coin toss that no processor guesses. */
#define GROUP 64 /* tokens */

typedef struct {
    uint32_t word[GROUP], pair[GROUP], skip[GROUP];
} group;

/* Indexes of a group; hash: of its first token, two stand before it. Of a short group, the rest is noise
 * that nobody reads. */
TF_INLINE void make_indexes(group *g, const uint32_t *hash, uint32_t bits, uint32_t word_block, uint32_t pair_block)
{
    const uint32_t shift = 32 - bits, word_base = word_block << bits, pair_base = pair_block << bits;
    for (uint32_t i = 0; i < GROUP; i++)
        g->word[i] = word_base | tf_hash_mix(hash[i]) >> shift;
    for (uint32_t i = 0; i < GROUP; i++)
        g->pair[i] = pair_base | tf_hash_mix(tf_hash_join((hash - 1)[i], hash[i])) >> shift;
}

TF_INLINE void make_skips(group *g, const uint32_t *hash, uint32_t bits)
{
    const uint32_t shift = 32 - bits, base = (uint32_t)TF_B_SKIP << bits;
    for (uint32_t i = 0; i < GROUP; i++)
        g->skip[i] = base | tf_hash_mix(tf_hash_join((hash - 2)[i] ^ SKIP_MARK, hash[i])) >> shift;
}

/* A token of hash 0 is none to its neighbours; so are those before the text. */
TF_INLINE bool has_none(const uint32_t *hash, uint32_t n)
{
    uint32_t none = 0;
    for (uint32_t i = 0; i < n; i++)
        none |= hash[i] == 0;
    return none != 0;
}

/* Entries of tokens from..to - 1 of a group of the ask; two tokens stand before each. */
TF_INLINE void append_ask(tf_state *state, const group *g, uint32_t from, uint32_t to)
{
    tf_vector *v = &state->vector;
    uint64_t *const seen = state->seen;
    tf_entry *const at = v->at;
    size_t end = v->n, words = 0, pairs = 0, start;
    const size_t first = end;
    for (uint32_t i = from; i < to; i++) {
        start = end;
        end = tf_append(seen, at, end, g->word[i], TF_B_WORD);
        words += end - start;
        start = end;
        end = tf_append(seen, at, end, g->pair[i], TF_B_PAIR);
        pairs += end - start;
        end = tf_append(seen, at, end, g->skip[i], TF_B_SKIP);
    }
    v->n = (uint32_t)end;
    v->count[TF_B_WORD] += (uint32_t)words;
    v->count[TF_B_PAIR] += (uint32_t)pairs;
    v->count[TF_B_SKIP] += (uint32_t)(end - first - words - pairs);
}

/* The definition, token by token: with names, and where room grows short, blocks are off or a hash is 0. */
static void emit_ask(tf_state *state, const tf_tokens *t, uint32_t from, uint32_t n)
{
    static const tierce_span none = {NULL, 0};
    const float *scale = state->features->spec.scale;
    const bool named = state->namer != NULL;
    for (uint32_t i = TF_BACK + from; i < TF_BACK + from + n; i++) {
        const uint32_t before = t->hash[i - 2], last = t->hash[i - 1], hash = t->hash[i];
        if (scale[TF_B_WORD] > 0 && tf_emit(state, TF_B_WORD, hash) && named)
            name_newest(state, none, "", text_of(t, i));
        if (scale[TF_B_PAIR] > 0 && last && tf_emit(state, TF_B_PAIR, tf_hash_join(last, hash)) && named)
            name_newest(state, text_of(t, i - 1), " ", text_of(t, i));
        if (scale[TF_B_SKIP] > 0 && before && tf_emit(state, TF_B_SKIP, tf_hash_join(before ^ SKIP_MARK, hash)) &&
            named)
            name_newest(state, text_of(t, i - 2), " _ ", text_of(t, i));
    }
}

/* Whether a group may take the short way: room for all, and no hash of 0 but before the text's first token. */
TF_INLINE bool is_plain(const tf_state *state, const uint32_t *hash, uint32_t n)
{
    const uint32_t before = hash[-2], last = hash[-1];
    return !state->namer && state->vector.n + 3 * GROUP <= state->room && (last || !before) && !has_none(hash, n);
}

TF_INLINE void feed_ask_groups(tf_state *state, const tf_tokens *t)
{
    const float *scale = state->features->spec.scale;
    const bool all = scale[TF_B_WORD] > 0 && scale[TF_B_PAIR] > 0 && scale[TF_B_SKIP] > 0;
    const uint32_t bits = state->features->spec.bits;
    for (uint32_t i = 0; i < t->n; i += GROUP) {
        const uint32_t n = t->n - i < GROUP ? t->n - i : GROUP;
        const uint32_t *hash = &t->hash[TF_BACK + i];
        const uint32_t with_two = hash[-2] ? 0 : hash[-1] || n == 1 ? 1 : 2; /* first that has two before it */
        const uint32_t from = all && is_plain(state, hash, n) ? with_two : n;
        group g;
        emit_ask(state, t, i, from);
        if (from == n)
            continue;
        make_indexes(&g, hash, bits, TF_B_WORD, TF_B_PAIR);
        make_skips(&g, hash, bits);
        append_ask(state, &g, from, n);
    }
}

TF_CLONES static void feed_ask(tf_state *state, const tf_tokens *t)
{
    feed_ask_groups(state, t);
}

#ifdef TF_AVX512
TF_AVX512_WIDE static void feed_ask_512(tf_state *state, const tf_tokens *t)
{
    feed_ask_groups(state, t);
}
#endif

static const unsigned block_of_zone[TF_ZONES] = {[TF_ZONE_ASK] = TF_B_WORD,
                                                 [TF_ZONE_EARLIER] = TF_B_EARLIER,
                                                 [TF_ZONE_SYSTEM] = TF_B_SYSTEM,
                                                 [TF_ZONE_TOOLS] = TF_B_TOOLS,
                                                 [TF_ZONE_RESULT] = TF_B_RESULT};

TF_INLINE void append_other(tf_state *state, const group *g, uint32_t n, uint32_t from_pair, unsigned block)
{
    tf_vector *v = &state->vector;
    size_t end = v->n;
    for (uint32_t i = 0; i < n; i++) {
        end = tf_append(state->seen, v->at, end, g->word[i], block);
        if (i >= from_pair)
            end = tf_append(state->seen, v->at, end, g->pair[i], block);
    }
    v->count[block] += (uint32_t)end - v->n;
    v->n = (uint32_t)end;
}

static void emit_other(tf_state *state, const tf_tokens *t, uint32_t from, uint32_t n, unsigned block)
{
    static const tierce_span none = {NULL, 0};
    const bool named = state->namer != NULL;
    for (uint32_t i = TF_BACK + from; i < TF_BACK + from + n; i++) {
        const uint32_t last = t->hash[i - 1], hash = t->hash[i];
        if (tf_emit(state, block, hash) && named)
            name_newest(state, none, "", text_of(t, i));
        if (last && tf_emit(state, block, tf_hash_join(last, hash)) && named)
            name_newest(state, text_of(t, i - 1), " ", text_of(t, i));
    }
}

TF_CLONES static void feed_other(tf_state *state, const tf_tokens *t, unsigned block)
{
    const uint32_t bits = state->features->spec.bits;
    for (uint32_t i = 0; i < t->n; i += GROUP) {
        const uint32_t n = t->n - i < GROUP ? t->n - i : GROUP;
        const uint32_t *hash = &t->hash[TF_BACK + i];
        group g;
        if (!is_plain(state, hash, n)) {
            emit_other(state, t, i, n, block);
            continue;
        }
        make_indexes(&g, hash, bits, block, block);
        append_other(state, &g, n, hash[-1] ? 0 : 1, block);
    }
}

void tf_text_feed(tf_state *state, const tf_chunk *chunk)
{
    const unsigned block = block_of_zone[chunk->zone];
#ifdef TF_AVX512
    if (chunk->zone == TF_ZONE_ASK && tf_has_avx512()) {
        feed_ask_512(state, chunk->t);
        return;
    }
#endif
    if (chunk->zone == TF_ZONE_ASK)
        feed_ask(state, chunk->t);
    else if (state->features->spec.scale[block] > 0)
        feed_other(state, chunk->t, block);
}
