/* Shape: how big the ask is and what its texture is like, whatever it says. */
#include "features/extractors.h"

void tf_shape_feed(tf_state *state, const tf_chunk *chunk)
{
    tf_shape_state *s = &state->shape;
    if (chunk->zone != TF_ZONE_ASK)
        return;
    for (size_t i = 0; i < chunk->n; i++) {
        const tf_token *token = &chunk->at[i];
        if (token->kind != TF_WORD)
            continue;
        const unsigned flags = token->flags;
        s->long_words += token->len >= 8;
        s->very_long += token->len >= 12;
        s->capitals += (flags & TF_FIRST_UPPER) != 0;
        s->shouting += token->len > 1 && (flags & TF_FIRST_UPPER) && (flags & TF_INNER_UPPER) &&
                       !(flags & (TF_HAS_LOWER | TF_HAS_DIGIT));
        s->high += (flags & TF_HAS_HIGH) != 0;
        s->common += (token->classes & TF_LEX(COMMON)) != 0;
        s->foreign += (token->classes & TF_LEX(FOREIGN)) != 0;
    }
}

void tf_shape_finish(tf_state *state)
{
    const tf_shape_state *s = &state->shape;
    const tf_zone_totals *ask = &state->zone[TF_ZONE_ASK];
    const uint32_t distinct = state->vector.count[TF_B_WORD];
    tf_set(state, TF_N_SHAPE_BYTES, ask->bytes);
    tf_set(state, TF_N_SHAPE_WORDS, ask->words);
    tf_set(state, TF_N_SHAPE_LINES, ask->lines);
    tf_set(state, TF_N_SHAPE_LONGEST, ask->longest_line);
    tf_set(state, TF_N_SHAPE_WORD_LEN, ask->words ? 2 * (uint64_t)ask->word_bytes / ask->words : 0);
    tf_set(state, TF_N_SHAPE_LONG_WORDS, tf_share(s->long_words, ask->words));
    tf_set(state, TF_N_SHAPE_VERY_LONG, tf_share(s->very_long, ask->words));
    tf_set(state, TF_N_SHAPE_COMMON, tf_share(s->common, ask->words));
    tf_set(state, TF_N_SHAPE_DIGITS, tf_share(ask->numbers, ask->tokens));
    tf_set(state, TF_N_SHAPE_CAPITALS, tf_share(s->capitals, ask->words));
    tf_set(state, TF_N_SHAPE_SHOUTING, tf_share(s->shouting, ask->words));
    tf_set(state, TF_N_SHAPE_MARKS, tf_share(ask->marks, ask->tokens));
    tf_set(state, TF_N_SHAPE_HIGH, tf_share(s->high, ask->words));
    tf_set(state, TF_N_SHAPE_REPEAT,
           distinct ? tf_share(ask->tokens > distinct ? ask->tokens - distinct : 0, ask->tokens) : 0);
    tf_set(state, TF_N_SHAPE_FOREIGN, tf_share(s->foreign, ask->words));
}
