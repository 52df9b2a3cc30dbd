/* Questions about all tokens of a chunk, many at a time: tf_is(byte, '('), tf_is(kind, TF_WORD) and so on
 * answer for TF_WIDE tokens at once, & | ~ combine answers, and tallies count the yeses. With vectors where
 * the processor has them (GNU C's, which gcc and clang make the best of on every machine; loops over bytes
 * both widen to int, at ten times the instructions), else with eight bytes in a word, where the top bit of a
 * byte is its answer and the other bits are noise. */
#ifndef TIERCE_FEATURES_COLUMNS_H
#define TIERCE_FEATURES_COLUMNS_H

#include "features/bytes.h"
#include "features/scan.h"

#ifdef TF_VECTORS
/* Macros, not functions: compilers would speak of how vectors that the processor may lack are handed over. */
#ifdef TF_HAS_CLONES /* one of which has vectors of 32; the other makes two of one */
#define TF_WIDE 32
#else
#define TF_WIDE 16
#endif
typedef uint8_t tf_yes __attribute__((vector_size(TF_WIDE)));
typedef uint8_t tf_column __attribute__((vector_size(TF_WIDE), aligned(1), may_alias));

#define tf_load(column) (*(const tf_column *)(const void *)(column))
#define tf_is(v, value) ((tf_yes)((v) == (uint8_t)(value)))
/* Any of the flags. */
#define tf_has(flags, any) ((tf_yes)(((flags) & (uint8_t)(any)) != 0))
/* value: at most 0x80. */
#define tf_at_least(v, value) ((tf_yes)((v) >= (uint8_t)(value)))
/* Counts of a chunk's tokens fit a byte. */
#define tf_tally(count, yes) (*(count) -= (yes))
#define tf_total(count) tf_total_of(&(count))

TF_INLINE uint32_t tf_total_of(const tf_yes *count)
{
    uint64_t part[TF_WIDE / 8], sum = 0;
    memcpy(part, count, sizeof part);
    for (int i = 0; i < TF_WIDE / 8; i++)
        sum += part[i];
    return (uint32_t)(sum * TF_ONES >> 56);
}
#else
#define TF_WIDE 8
typedef uint64_t tf_yes;

TF_INLINE tf_yes tf_load(const uint8_t *column)
{
    return tf_load8((const char *)column);
}

/* The top bit of each byte that is not 0. */
TF_INLINE tf_yes tf_not_zero8(uint64_t v)
{
    return ((v & TF_ONES * 0x7f) + TF_ONES * 0x7f) | v;
}

TF_INLINE tf_yes tf_is(tf_yes v, uint8_t value)
{
    return ~tf_not_zero8(v ^ TF_ONES * value);
}

TF_INLINE tf_yes tf_has(tf_yes flags, uint8_t any)
{
    return tf_not_zero8(flags & TF_ONES * any);
}

TF_INLINE tf_yes tf_at_least(tf_yes v, uint8_t value)
{
    return ((v & TF_ONES * 0x7f) + TF_ONES * (0x80u - value)) | v;
}

TF_INLINE void tf_tally(tf_yes *count, tf_yes yes)
{
    *count += yes >> 7 & TF_ONES;
}

TF_INLINE uint32_t tf_total(tf_yes count)
{
    return (uint32_t)(count * TF_ONES >> 56);
}
#endif

/* ---- the yeses as bits ---- */

typedef struct {
    uint64_t word[(TF_CHUNK + 63) / 64];
} tf_column_bits;

/* Sets the bits of rows i..i + TF_WIDE - 1; the words are zero before. */
#define tf_put_bits(bits, i, yes)            \
    do {                                     \
        const tf_yes yes_ = (yes);           \
        tf_put_bits_of(bits, i, &yes_);      \
    } while (0)

TF_INLINE void tf_put_bits_of(tf_column_bits *bits, uint32_t i, const tf_yes *yes)
{
#ifdef TF_SSE2
    uint64_t v = 0;
    for (int k = 0; k < TF_WIDE; k += 16)
        v |= tf_bits(_mm_loadu_si128((const __m128i *)(const void *)((const char *)yes + k))) << k;
#elif defined(TF_VECTORS)
    uint8_t b[TF_WIDE];
    memcpy(b, yes, sizeof b);
    const uint64_t v = tf_gather8(tf_load8((const char *)b) & TF_ONES * 0x80) |
                       tf_gather8(tf_load8((const char *)b + 8) & TF_ONES * 0x80) << 8;
#else
    const uint64_t v = tf_gather8(*yes & TF_ONES * 0x80);
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
        bytes += t->short_len[TF_BACK + i];
    for (uint32_t i = 0; i < t->n_long; i++)
        if (t->long_token[i] >= from && t->long_token[i] < to)
            bytes += t->long_len[i] - 255;
    return bytes;
}

#endif
