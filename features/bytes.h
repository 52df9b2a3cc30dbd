/* What 64 bytes of text are, as masks: bit i speaks of byte i. On x86-64 by vectors, elsewhere eight bytes at
 * a time in a word; a test holds both against the definition, byte by byte. */
#ifndef TIERCE_FEATURES_BYTES_H
#define TIERCE_FEATURES_BYTES_H

#include <stdint.h>
#include <string.h>

#include "features/clones.h"

#if defined(__SSE2__) && defined(TF_VECTORS)
#define TF_SSE2 1
#include <emmintrin.h>
#endif

#define TF_PIECE 64 /* bytes */

typedef struct {
    uint64_t space;  /* white space and control bytes, line breaks among them: 0..0x20 and 0x7f */
    uint64_t line;   /* line breaks */
    uint64_t tab;
    uint64_t digit, upper, lower; /* ASCII */
    uint64_t high;   /* 0x80 and above */
    uint64_t tick;   /* backtick */
} tf_byte_masks;

/* ---- eight bytes in a word ---- */

TF_INLINE uint64_t tf_load8(const char *at)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)(uint8_t)at[i] << 8 * i;
    return v;
}

#define TF_ONES UINT64_C(0x0101010101010101)

/* The top bit of each byte that lies within low..high, both below 0x80. */
TF_INLINE uint64_t tf_within8(uint64_t v, unsigned low, unsigned high)
{
    const uint64_t seven = v & TF_ONES * 0x7f;
    const uint64_t from = seven + TF_ONES * (0x80 - low), above = seven + TF_ONES * (0x7f - high);
    return from & ~above & ~v & TF_ONES * 0x80;
}

/* Top bits of eight bytes as eight bits, the lowest byte's lowest. */
TF_INLINE uint64_t tf_gather8(uint64_t top)
{
    return (top >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

TF_INLINE void tf_masks_portable(const char *at, tf_byte_masks *m, char *lowered)
{
    memset(m, 0, sizeof *m);
    for (int i = 0; i < TF_PIECE; i += 8) {
        const uint64_t v = tf_load8(at + i), upper = tf_within8(v, 'A', 'Z');
        uint64_t low = v | upper >> 2;
        m->space |= tf_gather8(tf_within8(v, 0, 0x20) | tf_within8(v, 0x7f, 0x7f)) << i;
        m->line |= tf_gather8(tf_within8(v, '\n', '\n')) << i;
        m->tab |= tf_gather8(tf_within8(v, '\t', '\t')) << i;
        m->digit |= tf_gather8(tf_within8(v, '0', '9')) << i;
        m->upper |= tf_gather8(upper) << i;
        m->lower |= tf_gather8(tf_within8(v, 'a', 'z')) << i;
        m->high |= tf_gather8(v & TF_ONES * 0x80) << i;
        m->tick |= tf_gather8(tf_within8(v, '`', '`')) << i;
        for (int k = 0; k < 8; k++, low >>= 8)
            lowered[i + k] = (char)(uint8_t)low;
    }
}

/* ---- by vectors ---- */

#ifdef TF_SSE2
TF_INLINE __m128i tf_between(__m128i x, char low, char high)
{
    return _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8((char)(low - 1))),
                         _mm_cmpgt_epi8(_mm_set1_epi8((char)(high + 1)), x));
}

TF_INLINE uint64_t tf_bits(__m128i x)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(x);
}

/* Comparisons are signed: bytes of 0x80 and above count as less than 0. */
TF_INLINE void tf_masks_sse2(const char *at, tf_byte_masks *m, char *lowered)
{
    memset(m, 0, sizeof *m);
    for (int i = 0; i < TF_PIECE; i += 16) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
        const __m128i upper = tf_between(x, 'A', 'Z');
        const uint64_t high = tf_bits(x);
        const __m128i low = _mm_or_si128(_mm_cmpgt_epi8(_mm_set1_epi8(0x21), x), _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)));
        m->space |= (tf_bits(low) & ~high) << i;
        m->line |= tf_bits(_mm_cmpeq_epi8(x, _mm_set1_epi8('\n'))) << i;
        m->tab |= tf_bits(_mm_cmpeq_epi8(x, _mm_set1_epi8('\t'))) << i;
        m->digit |= tf_bits(tf_between(x, '0', '9')) << i;
        m->upper |= tf_bits(upper) << i;
        m->lower |= tf_bits(tf_between(x, 'a', 'z')) << i;
        m->high |= high << i;
        m->tick |= tf_bits(_mm_cmpeq_epi8(x, _mm_set1_epi8('`'))) << i;
        _mm_storeu_si128((__m128i *)(void *)(lowered + i), _mm_or_si128(x, _mm_and_si128(upper, _mm_set1_epi8(0x20))));
    }
}
#endif

/* Reads TF_PIECE bytes from `at`, writes as many to `lowered`, A-Z made small. */
TF_INLINE void tf_masks(const char *at, tf_byte_masks *m, char *lowered)
{
#ifdef TF_SSE2
    tf_masks_sse2(at, m, lowered);
#else
    tf_masks_portable(at, m, lowered);
#endif
}

/* ---- bits ---- */

TF_INLINE unsigned tf_lowest(uint64_t v) /* v != 0 */
{
#ifdef __GNUC__
    return (unsigned)__builtin_ctzll(v);
#else
    unsigned n = 0;
    for (; !(v & 1); v >>= 1)
        n++;
    return n;
#endif
}

TF_INLINE unsigned tf_highest(uint64_t v) /* v != 0 */
{
#ifdef __GNUC__
    return 63 - (unsigned)__builtin_clzll(v);
#else
    unsigned n = 0;
    while (v >>= 1)
        n++;
    return n;
#endif
}

TF_INLINE uint32_t tf_ones(uint64_t v)
{
#if defined(__GNUC__) && (defined(__POPCNT__) || defined(__wasm__))
    return (uint32_t)__builtin_popcountll(v);
#else
    v -= v >> 1 & UINT64_C(0x5555555555555555);
    v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
    return (uint32_t)(((v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f)) * TF_ONES >> 56);
#endif
}

/* The bits below bit n, n within 0..64. */
TF_INLINE uint64_t tf_below(unsigned n)
{
    return n < 64 ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0;
}

#endif
