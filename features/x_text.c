/* Text features: the tokens themselves and their neighbours, as presence.
 *
 * The ask has a block each for words, adjacent pairs and skipped pairs; every other zone has one
 * block for its words and pairs together. Pairs never reach across segments. */
#include "features/clones.h"
#include "features/extractors.h"

/* Hashed with a token so that a block of words and pairs keeps them apart. */
#define SKIP_MARK 0x5bd1e995u

static size_t add_text(char *name, size_t n, size_t room, const tf_token *token)
{
    for (uint32_t i = 0; i < token->len && n < room; i++) {
        const char c = token->at[i];
        name[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return n;
}

/* Tells the namer of the newest entry: "a", "a b" or "a _ b". */
static void name_newest(tf_state *state, const tf_token *a, const char *gap, const tf_token *b)
{
    char name[160];
    size_t n = a ? add_text(name, 0, 70, a) : 0;
    if (a) {
        memcpy(name + n, gap, strlen(gap));
        n += strlen(gap);
    }
    n = add_text(name, n, 150, b);
    state->namer(state->namer_context, &state->vector.at[state->vector.n - 1], name, n);
}

static void emit(tf_state *state, unsigned block, uint32_t hash, const tf_token *a, const char *gap,
                 const tf_token *b)
{
    if (tf_emit(state, block, hash) && state->namer)
        name_newest(state, a, gap, b);
}

/* tf_emit for a group of tokens at once. This is the hottest loop of the features; tf_emit itself is the
 * definition, and what naming mode uses. First all indexes, which compilers make vectors of; then each is
 * tested and appended without a branch: whether an entry is new is a coin toss that no processor guesses. */
#define GROUP 64 /* tokens */

typedef struct {
    uint32_t hash[GROUP + 2]; /* the two tokens before the group, then the group */
    uint32_t word[GROUP], pair[GROUP], skip[GROUP];
    bool none; /* a token of the group has hash 0, which means "no token" to its neighbours */
} group;

/* hash_join(a, b) is joint(a) ^ b * JOIN_B: each token's half is made once. */
TF_INLINE uint32_t joint(uint32_t a)
{
    return tf_hash_join(a, 0);
}

TF_INLINE uint32_t other_half(uint32_t b)
{
    return tf_hash_join(0, b) ^ tf_hash_join(0, 0);
}

/* Indexes of a group; of a short one, the rest is noise that nobody reads. */
TF_INLINE void make_indexes(group *g, uint32_t bits, uint32_t word_block, uint32_t pair_block)
{
    const uint32_t shift = 32 - bits, word_base = word_block << bits, pair_base = pair_block << bits;
    uint32_t half[GROUP + 2];
    for (uint32_t i = 0; i < GROUP; i++)
        g->word[i] = word_base | tf_hash_mix(g->hash[i + 2]) >> shift;
    for (uint32_t i = 0; i < GROUP; i++)
        half[i] = other_half(g->hash[i + 2]);
    for (uint32_t i = 0; i < GROUP; i++)
        g->pair[i] = pair_base | tf_hash_mix(joint(g->hash[i + 1]) ^ half[i]) >> shift;
}

TF_INLINE void make_skips(group *g, uint32_t bits)
{
    const uint32_t shift = 32 - bits, base = (uint32_t)TF_B_SKIP << bits;
    for (uint32_t i = 0; i < GROUP; i++)
        g->skip[i] = base | tf_hash_mix(tf_hash_join(g->hash[i] ^ SKIP_MARK, g->hash[i + 2])) >> shift;
}

/* Takes n tokens from `at`; the group before gives the two in front. */
TF_INLINE void take_group(group *g, const tf_token *at, size_t n, uint32_t last, uint32_t before)
{
    bool none = false;
    g->hash[0] = before;
    g->hash[1] = last;
    for (size_t i = 0; i < n; i++) {
        g->hash[i + 2] = at[i].hash;
        none |= !at[i].hash;
    }
    for (size_t i = n; i < GROUP; i++)
        g->hash[i + 2] = 0;
    g->none = none;
}

TF_INLINE uint32_t append(uint64_t *seen, tf_entry *at, uint32_t n, uint32_t index, uint32_t block)
{
    uint64_t *const word = &seen[index >> 6];
    const uint64_t was = *word;
    const uint32_t bit = index & 63;
    *word = was | (uint64_t)1 << bit;
    at[n].index = index;
    at[n].level = 1;
    at[n].block = (uint16_t)block;
    return n + (uint32_t)(~was >> bit & 1);
}

/* Entries of a group of the ask; from_pair, from_skip: the first tokens with one, with two before them. */
TF_INLINE void append_ask(tf_state *state, const group *g, uint32_t n, uint32_t from_pair, uint32_t from_skip)
{
    tf_vector *v = &state->vector;
    uint64_t *const seen = state->seen;
    tf_entry *const at = v->at;
    uint32_t end = v->n, words = 0, pairs = 0, start;
    const uint32_t first = end;
    for (uint32_t i = 0; i < n; i++) {
        start = end;
        end = append(seen, at, end, g->word[i], TF_B_WORD);
        words += end - start;
        if (i >= from_pair) {
            start = end;
            end = append(seen, at, end, g->pair[i], TF_B_PAIR);
            pairs += end - start;
        }
        if (i >= from_skip)
            end = append(seen, at, end, g->skip[i], TF_B_SKIP);
    }
    v->n = end;
    v->count[TF_B_WORD] += words;
    v->count[TF_B_PAIR] += pairs;
    v->count[TF_B_SKIP] += end - first - words - pairs;
}

/* The definition, one by one: where room grows short, blocks are off, or a hash is 0. */
static void emit_ask(tf_state *state, const group *g, uint32_t n)
{
    const float *scale = state->features->spec.scale;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t before = g->hash[i], last = g->hash[i + 1], hash = g->hash[i + 2];
        if (scale[TF_B_WORD] > 0)
            tf_emit(state, TF_B_WORD, hash);
        if (scale[TF_B_PAIR] > 0 && last)
            tf_emit(state, TF_B_PAIR, tf_hash_join(last, hash));
        if (scale[TF_B_SKIP] > 0 && before)
            tf_emit(state, TF_B_SKIP, tf_hash_join(before ^ SKIP_MARK, hash));
    }
}

static bool ample(const tf_state *state)
{
    return state->vector.n + 3 * GROUP <= state->room;
}

TF_CLONES static void feed_ask(tf_state *state, const tf_chunk *chunk)
{
    const float *scale = state->features->spec.scale;
    const bool all = scale[TF_B_WORD] > 0 && scale[TF_B_PAIR] > 0 && scale[TF_B_SKIP] > 0;
    const uint32_t bits = state->features->spec.bits;
    uint32_t last = state->text.last.hash, before = state->text.before.hash;
    for (size_t i = 0; i < chunk->n; i += GROUP) {
        const uint32_t n = chunk->n - i < GROUP ? (uint32_t)(chunk->n - i) : GROUP;
        group g;
        take_group(&g, &chunk->at[i], n, last, before);
        if (all && !g.none && ample(state)) {
            make_indexes(&g, bits, TF_B_WORD, TF_B_PAIR);
            make_skips(&g, bits);
            append_ask(state, &g, n, last ? 0 : 1, before ? 0 : last ? 1 : 2);
        } else {
            emit_ask(state, &g, n);
        }
        before = g.hash[n];
        last = g.hash[n + 1];
    }
}

/* The same with names. */
static void name_ask(tf_state *state, const tf_chunk *chunk)
{
    const tf_token kept_last = state->text.last, kept_before = state->text.before;
    const tf_token *last = &kept_last, *before = &kept_before;
    const float *scale = state->features->spec.scale;
    for (size_t i = 0; i < chunk->n; i++) {
        const tf_token *token = &chunk->at[i];
        if (scale[TF_B_WORD] > 0)
            emit(state, TF_B_WORD, token->hash, NULL, "", token);
        if (scale[TF_B_PAIR] > 0 && last->hash)
            emit(state, TF_B_PAIR, tf_hash_join(last->hash, token->hash), last, " ", token);
        if (scale[TF_B_SKIP] > 0 && before->hash)
            emit(state, TF_B_SKIP, tf_hash_join(before->hash ^ SKIP_MARK, token->hash), before, " _ ",
                 token);
        before = last;
        last = token;
    }
}

static const unsigned block_of_zone[TF_ZONES] = {[TF_ZONE_ASK] = TF_B_WORD,
                                                 [TF_ZONE_EARLIER] = TF_B_EARLIER,
                                                 [TF_ZONE_SYSTEM] = TF_B_SYSTEM,
                                                 [TF_ZONE_TOOLS] = TF_B_TOOLS,
                                                 [TF_ZONE_RESULT] = TF_B_RESULT};

TF_INLINE void append_other(tf_state *state, const group *g, uint32_t n, uint32_t from_pair, unsigned block)
{
    tf_vector *v = &state->vector;
    uint32_t end = v->n;
    for (uint32_t i = 0; i < n; i++) {
        end = append(state->seen, v->at, end, g->word[i], block);
        if (i >= from_pair)
            end = append(state->seen, v->at, end, g->pair[i], block);
    }
    v->count[block] += end - v->n;
    v->n = end;
}

static void emit_other(tf_state *state, const group *g, uint32_t n, unsigned block)
{
    for (uint32_t i = 0; i < n; i++) {
        tf_emit(state, block, g->hash[i + 2]);
        if (g->hash[i + 1])
            tf_emit(state, block, tf_hash_join(g->hash[i + 1], g->hash[i + 2]));
    }
}

TF_CLONES static void feed_other(tf_state *state, const tf_chunk *chunk, unsigned block)
{
    const uint32_t bits = state->features->spec.bits;
    uint32_t last = state->text.last.hash;
    for (size_t i = 0; i < chunk->n; i += GROUP) {
        const uint32_t n = chunk->n - i < GROUP ? (uint32_t)(chunk->n - i) : GROUP;
        group g;
        take_group(&g, &chunk->at[i], n, last, 0);
        if (!g.none && ample(state)) {
            make_indexes(&g, bits, block, block);
            append_other(state, &g, n, last ? 0 : 1, block);
        } else {
            emit_other(state, &g, n, block);
        }
        last = g.hash[n + 1];
    }
}

static void name_other(tf_state *state, const tf_chunk *chunk, unsigned block)
{
    const tf_token kept = state->text.last;
    const tf_token *last = &kept;
    for (size_t i = 0; i < chunk->n; i++) {
        const tf_token *token = &chunk->at[i];
        emit(state, block, token->hash, NULL, "", token);
        if (last->hash)
            emit(state, block, tf_hash_join(last->hash, token->hash), last, " ", token);
        last = token;
    }
}

void tf_text_feed(tf_state *state, const tf_chunk *chunk)
{
    const unsigned block = block_of_zone[chunk->zone];
    if (chunk->first)
        memset(&state->text, 0, sizeof state->text);
    if (chunk->zone == TF_ZONE_ASK)
        (state->namer ? name_ask : feed_ask)(state, chunk);
    else if (state->features->spec.scale[block] > 0)
        state->namer ? name_other(state, chunk, block) : feed_other(state, chunk, block);
    /* the next chunk's pairs begin with this one's last tokens */
    if (chunk->n > 1)
        state->text.before = chunk->at[chunk->n - 2];
    else if (chunk->n)
        state->text.before = state->text.last;
    if (chunk->n)
        state->text.last = chunk->at[chunk->n - 1];
}
