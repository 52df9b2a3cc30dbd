/* Questions about all tokens of a chunk, sixteen at a time: is(byte, '('), is(kind, TF_WORD) and so on give
 * 0xff for yes and 0 for no in each of sixteen bytes, & | ~ combine them, and tallies count the yeses. The
 * vectors are GNU C's, which gcc and clang make the best of on every machine; left to themselves both
 * compilers widen such loops to int, at ten times the instructions. */
#ifndef TIERCE_FEATURES_COLUMNS_H
#define TIERCE_FEATURES_COLUMNS_H

#include "features/bytes.h"
#include "features/scan.h"

#define TF_WIDE 16
typedef uint8_t tf_yes __attribute__((vector_size(TF_WIDE)));

TF_INLINE tf_yes tf_load(const uint8_t *column)
{
    tf_yes v;
    memcpy(&v, column, sizeof v);
    return v;
}

TF_INLINE tf_yes tf_is(tf_yes v, uint8_t value)
{
    return (tf_yes)(v == value);
}

/* Any of the flags. */
TF_INLINE tf_yes tf_has(tf_yes flags, uint8_t any)
{
    return (tf_yes)((flags & any) != 0);
}

TF_INLINE tf_yes tf_at_least(tf_yes v, uint8_t value)
{
    return (tf_yes)(v >= value);
}

/* Counts of a chunk's tokens fit a byte. */
TF_INLINE void tf_tally(tf_yes *count, tf_yes yes)
{
    *count -= yes;
}

TF_INLINE uint32_t tf_total(tf_yes count)
{
    uint64_t half[2];
    memcpy(half, &count, sizeof half);
    return (uint32_t)((half[0] + half[1]) * TF_ONES >> 56);
}

/* ---- the yeses as bits ---- */

typedef struct {
    uint64_t word[(TF_CHUNK + 63) / 64];
} tf_column_bits;

/* Sets the bits of rows i..i + 15; the words are zero before. */
TF_INLINE void tf_put_bits(tf_column_bits *bits, uint32_t i, tf_yes yes)
{
#ifdef __SSE2__
    const uint64_t v = tf_bits((__m128i)yes);
#else
    uint8_t b[TF_WIDE];
    memcpy(b, &yes, sizeof b);
    const uint64_t v = tf_gather8(tf_load8((const char *)b) & TF_ONES * 0x80) |
                       tf_gather8(tf_load8((const char *)b + 8) & TF_ONES * 0x80) << 8;
#endif
    bits->word[i / 64] |= v << i % 64;
}

/* How many of the rows from..to - 1 say yes. */
TF_INLINE uint32_t tf_count_bits(const tf_column_bits *bits, uint32_t from, uint32_t to)
{
    uint32_t n = 0;
    for (uint32_t w = from / 64; w * 64 < to; w++) {
        uint64_t v = bits->word[w];
        if (w == from / 64)
            v &= ~tf_below(from % 64);
        if (to - w * 64 < 64)
            v &= tf_below(to - w * 64);
        n += tf_ones(v);
    }
    return n;
}

/* Bytes of the tokens from..to - 1. */
TF_INLINE uint32_t tf_sum_len(const tf_tokens *t, uint32_t from, uint32_t to)
{
    uint32_t bytes = 0;
    for (uint32_t i = from; i < to; i++)
        bytes += t->len[TF_BACK + i];
    return bytes;
}

#endif
