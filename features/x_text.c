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

/* tf_emit for a chunk's worth of entries, in two strides: first all indexes, asking for the words of the
 * bitmap that they need, then test and append. This is the hottest loop of the features; tf_emit itself is
 * the definition, and what naming mode uses. */
#define GROUP 64 /* tokens */

typedef struct {
    uint32_t n;
    uint32_t index[3 * GROUP];
} stride;

TF_INLINE void add_index(stride *s, const tf_state *state, uint32_t bits, uint32_t block, uint32_t hash)
{
    const uint32_t index = block << bits | tf_hash_mix(hash) >> (32 - bits);
    TF_PREFETCH(&state->seen[index >> 6]);
    s->index[s->n++] = index;
}

TF_INLINE void append_new(tf_state *state, const stride *s, uint32_t bits)
{
    tf_vector *v = &state->vector;
    uint64_t *seen = state->seen;
    tf_entry *at = v->at;
    const uint32_t room = state->room;
    uint32_t n = v->n;
    for (uint32_t i = 0; i < s->n; i++) {
        const uint32_t index = s->index[i], block = index >> bits;
        const uint64_t bit = (uint64_t)1 << (index & 63);
        if (seen[index >> 6] & bit)
            continue;
        if (n >= room) {
            v->truncated = true;
            break;
        }
        seen[index >> 6] |= bit;
        at[n++] = (tf_entry){index, 1, (uint16_t)block};
        v->count[block]++;
    }
    v->n = n;
}

TF_CLONES static void feed_ask(tf_state *state, const tf_chunk *chunk)
{
    const float *scale = state->features->spec.scale;
    const bool word = scale[TF_B_WORD] > 0, pair = scale[TF_B_PAIR] > 0, skip = scale[TF_B_SKIP] > 0;
    const uint32_t bits = state->features->spec.bits;
    uint32_t last = state->text.last.hash, before = state->text.before.hash;
    for (size_t i = 0; i < chunk->n;) {
        const size_t end = chunk->n - i < GROUP ? chunk->n : i + GROUP;
        stride s = {.n = 0};
        for (; i < end; i++) {
            const uint32_t hash = chunk->at[i].hash;
            if (word)
                add_index(&s, state, bits, TF_B_WORD, hash);
            if (pair && last)
                add_index(&s, state, bits, TF_B_PAIR, tf_hash_join(last, hash));
            if (skip && before)
                add_index(&s, state, bits, TF_B_SKIP, tf_hash_join(before ^ SKIP_MARK, hash));
            before = last;
            last = hash;
        }
        append_new(state, &s, bits);
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

TF_CLONES static void feed_other(tf_state *state, const tf_chunk *chunk, unsigned block)
{
    const uint32_t bits = state->features->spec.bits;
    uint32_t last = state->text.last.hash;
    for (size_t i = 0; i < chunk->n;) {
        const size_t end = chunk->n - i < GROUP ? chunk->n : i + GROUP;
        stride s = {.n = 0};
        for (; i < end; i++) {
            const uint32_t hash = chunk->at[i].hash;
            add_index(&s, state, bits, block, hash);
            if (last)
                add_index(&s, state, bits, block, tf_hash_join(last, hash));
            last = hash;
        }
        append_new(state, &s, bits);
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
