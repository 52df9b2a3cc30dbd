/* Text features: the tokens themselves and their neighbours, as presence.
 *
 * The ask has a block each for words, adjacent pairs and skipped pairs; every other zone has one
 * block for its words and pairs together. Pairs never reach across segments. */
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

static void feed_ask(tf_state *state, const tf_chunk *chunk)
{
    const tf_token kept_last = state->text.last, kept_before = state->text.before;
    const tf_token *last = &kept_last, *before = &kept_before;
    const float *scale = state->features->spec.scale;
    const bool word = scale[TF_B_WORD] > 0, pair = scale[TF_B_PAIR] > 0, skip = scale[TF_B_SKIP] > 0;
    for (size_t i = 0; i < chunk->n; i++) {
        const tf_token *token = &chunk->at[i];
        if (word)
            emit(state, TF_B_WORD, token->hash, NULL, "", token);
        if (pair && last->hash)
            emit(state, TF_B_PAIR, tf_hash_join(last->hash, token->hash), last, " ", token);
        if (skip && before->hash)
            emit(state, TF_B_SKIP, tf_hash_join(before->hash ^ SKIP_MARK, token->hash), before, " _ ",
                 token);
        before = last;
        last = token;
    }
    state->text.before = *before;
    state->text.last = *last;
}

static const unsigned block_of_zone[TF_ZONES] = {[TF_ZONE_ASK] = TF_B_WORD,
                                                 [TF_ZONE_EARLIER] = TF_B_EARLIER,
                                                 [TF_ZONE_SYSTEM] = TF_B_SYSTEM,
                                                 [TF_ZONE_TOOLS] = TF_B_TOOLS,
                                                 [TF_ZONE_RESULT] = TF_B_RESULT};

static void feed_other(tf_state *state, const tf_chunk *chunk)
{
    const unsigned block = block_of_zone[chunk->zone];
    if (!(state->features->spec.scale[block] > 0))
        return;
    const tf_token kept = state->text.last;
    const tf_token *last = &kept;
    for (size_t i = 0; i < chunk->n; i++) {
        const tf_token *token = &chunk->at[i];
        emit(state, block, token->hash, NULL, "", token);
        if (last->hash)
            emit(state, block, tf_hash_join(last->hash, token->hash), last, " ", token);
        last = token;
    }
    state->text.last = *last;
}

void tf_text_feed(tf_state *state, const tf_chunk *chunk)
{
    if (chunk->first)
        memset(&state->text, 0, sizeof state->text);
    if (chunk->zone == TF_ZONE_ASK)
        feed_ask(state, chunk);
    else
        feed_other(state, chunk);
}
