/* Runs of plain bytes inside a JSON string. */
#ifndef TIERCE_JSON_RUN_H
#define TIERCE_JSON_RUN_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Plain bytes of a string go sixteen at a time: on x86-64 by vectors, elsewhere by eights. A byte ends a
 * plain run that is a quote, a backslash or a control byte. */
#define TD_RUN 16

/* How many of the sixteen bytes at `at` are plain, from the first. */
static inline unsigned td_plain_bytes(const char *at)
{
#ifdef __SSE2__
    const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
    const __m128i end = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
    const unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(control, end));
    return mask ? (unsigned)__builtin_ctz(mask) : TD_RUN;
#else
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    unsigned n = 0;
    for (; n < TD_RUN; n += 8) {
        uint64_t v;
        memcpy(&v, at + n, sizeof v);
        const uint64_t quote = v ^ ones * 0x22, slash = v ^ ones * 0x5c;
        if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((v - ones * 0x20) & ~v)) & high)
            break;
    }
    while (n < TD_RUN && at[n] != '"' && at[n] != '\\' && (unsigned char)at[n] >= 0x20)
        n++;
    return n;
#endif
}

/* First byte that is no digit. */
static inline const char *td_digits(const char *at, const char *end)
{
#ifdef __SSE2__
    while (end - at >= TD_RUN) {
        const __m128i x = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), _mm_set1_epi8('0'));
        const unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(9)), x));
        if (mask != 0xffff)
            return at + __builtin_ctz(~mask);
        at += TD_RUN;
    }
#endif
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* First byte that ends a plain run. */
static inline const char *td_plain_run(const char *at, const char *end)
{
    while (end - at >= TD_RUN) {
        const unsigned n = td_plain_bytes(at);
        at += n;
        if (n < TD_RUN)
            return at;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        at++;
    return at;
}

/* The same, copying. Whole strides: `to` never stands further in its buffer than `at` in the JSON, so what
 * is written too much is room that is there and will be written again. */
static inline char *td_copy_run(const char **from, const char *end, char *to)
{
    const char *at = *from;
    while (end - at >= TD_RUN) {
        const unsigned n = td_plain_bytes(at);
        memcpy(to, at, TD_RUN);
        at += n;
        to += n;
        if (n < TD_RUN) {
            *from = at;
            return to;
        }
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
        *to++ = *at++;
    *from = at;
    return to;
}

#endif
