/* Escaped strings, sixty-four bytes at a time, for processors that move the bytes of a mask's ones together: short
 * escapes are undone where they stand, without a branch for each. */
#ifndef TIERCE_JSON_RUN_512_H
#define TIERCE_JSON_RUN_512_H

#include "features/bytes.h"

#ifdef TF_AVX512
#include <immintrin.h>

#define TD_EACH(value) _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(value))
#define TD_BECOMES(letter, value)                  \
    do {                                           \
        const uint64_t is = TD_EACH(letter);       \
        plain = _mm512_mask_set1_epi8(plain, is & escaped, value); \
        good |= is;                                \
    } while (0)

/* As td_copy_run, but it undoes escaped letters too; stops at what else ends a plain run: the closing quote, \u, a
 * fault, or fewer than 64 bytes before the end. No byte before *from escapes it. */
TF_AVX512 static __attribute__((noinline)) char *td_copy_512(const char **from, const char *end, char *to)
{
    const char *at = *from;
    const uint64_t odd = UINT64_C(0xaaaaaaaaaaaaaaaa);
    unsigned n = 64;
    while (n == 64 && end - at >= 64) {
        const __m512i x = _mm512_loadu_si512(at);
        const uint64_t quote = TD_EACH('"'), slash = TD_EACH('\\'), control = _mm512_cmplt_epu8_mask(x, _mm512_set1_epi8(0x20));
        /* of a run of backslashes every other one escapes: a subtraction borrows through the run */
        const uint64_t both = (((slash << 1) | odd) - slash) ^ odd, escaped = both ^ slash, escape = both & slash;
        uint64_t good = quote | slash | TD_EACH('/');
        __m512i plain = x;
        TD_BECOMES('n', '\n');
        TD_BECOMES('t', '\t');
        TD_BECOMES('r', '\r');
        TD_BECOMES('b', '\b');
        TD_BECOMES('f', '\f');
        const uint64_t stop = ((quote | control) & ~escaped) | (escaped & ~good) >> 1 | (escape & UINT64_C(1) << 63);
        n = stop ? tf_lowest(stop) : 64;
        const uint64_t keep = tf_below(n) & ~escape;
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(keep, plain));
        at += n;
        to += _mm_popcnt_u64(keep);
    }
    *from = at;
    return to;
}
#undef TD_BECOMES
#undef TD_EACH
#endif

#endif
