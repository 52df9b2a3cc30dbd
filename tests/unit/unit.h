/* What the unit tests share: cmocka with the headers that it wants, random numbers that are the
 * same everywhere, and a skip that counts. */
#ifndef TIERCE_UNIT_H
#define TIERCE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t any(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 .. n-1 */
static inline size_t below(uint64_t *state, size_t n)
{
    return (size_t)(any(state) % n);
}

/* [0, 1) */
static inline double share(uint64_t *state)
{
    return (double)(any(state) >> 11) * 0x1p-53;
}

static inline double between(uint64_t *state, double low, double high)
{
    return low + (high - low) * share(state);
}

/* A copy in memory of exactly its size, so that a sanitizer sees a read past the end; free it. */
static inline char *exact(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    if (len)
        memcpy(copy, text, len);
    return copy;
}

static inline void write_text(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

#endif
