/* Shape: how big the ask is and what its texture is like, whatever it says. */
#include "features/columns_512.h"
#include "features/extractors.h"

TF_CLONES static void count_words(tf_shape_state *s, const tf_tokens *t)
{
    tf_yes long_words = {0}, very_long = {0}, capitals = {0}, shouting = {0}, high = {0};
    for (uint32_t i = TF_BACK; i < TF_BACK + t->n; i += TF_WIDE) {
        const tf_yes word = tf_is(tf_load(&t->kind[i]), TF_WORD), len = tf_load(&t->short_len[i]);
        const tf_yes flags = tf_load(&t->flags[i]);
        tf_tally(&long_words, word & tf_at_least(len, 8));
        tf_tally(&very_long, word & tf_at_least(len, 12));
        tf_tally(&capitals, word & tf_has(flags, TF_FIRST_UPPER));
        tf_tally(&shouting, word & tf_has(flags, TF_FIRST_UPPER) & tf_has(flags, TF_INNER_UPPER) &
                                ~tf_has(flags, TF_HAS_LOWER | TF_HAS_DIGIT));
        tf_tally(&high, word & tf_has(flags, TF_HAS_HIGH));
    }
    s->long_words += tf_total(long_words);
    s->very_long += tf_total(very_long);
    s->capitals += tf_total(capitals);
    s->shouting += tf_total(shouting);
    s->high += tf_total(high);
}

#ifdef TF_AVX512
TF_AVX512 static void count_words_512(tf_shape_state *s, const tf_tokens *t)
{
    for (uint32_t i = TF_BACK; i < TF_BACK + t->n; i += 64) {
        const __m512i len = tf_rows(&t->short_len[i]), flags = tf_rows(&t->flags[i]);
        const uint64_t word = tf_rows_is(tf_rows(&t->kind[i]), TF_WORD), first = word & tf_rows_have(flags, TF_FIRST_UPPER);
        s->long_words += tf_ones(word & tf_rows_least(len, 8));
        s->very_long += tf_ones(word & tf_rows_least(len, 12));
        s->capitals += tf_ones(first);
        s->shouting += tf_ones(first & tf_rows_have(flags, TF_INNER_UPPER) & ~tf_rows_have(flags, TF_HAS_LOWER | TF_HAS_DIGIT));
        s->high += tf_ones(word & tf_rows_have(flags, TF_HAS_HIGH));
    }
}
#endif

void tf_shape_feed(tf_state *state, const tf_chunk *chunk)
{
#ifdef TF_AVX512
    if (chunk->zone == TF_ZONE_ASK && tf_has_avx512()) {
        count_words_512(&state->shape, chunk->t);
        return;
    }
#endif
    if (chunk->zone == TF_ZONE_ASK)
        count_words(&state->shape, chunk->t);
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
    tf_set(state, TF_N_SHAPE_COMMON, tf_share(ask->classes[TF_LEX_COMMON], ask->words));
    tf_set(state, TF_N_SHAPE_DIGITS, tf_share(ask->numbers, ask->tokens));
    tf_set(state, TF_N_SHAPE_CAPITALS, tf_share(s->capitals, ask->words));
    tf_set(state, TF_N_SHAPE_SHOUTING, tf_share(s->shouting, ask->words));
    tf_set(state, TF_N_SHAPE_MARKS, tf_share(ask->marks, ask->tokens));
    tf_set(state, TF_N_SHAPE_HIGH, tf_share(s->high, ask->words));
    tf_set(state, TF_N_SHAPE_REPEAT,
           distinct ? tf_share(ask->tokens > distinct ? ask->tokens - distinct : 0, ask->tokens) : 0);
    tf_set(state, TF_N_SHAPE_FOREIGN, tf_share(ask->classes[TF_LEX_FOREIGN], ask->words));
}
