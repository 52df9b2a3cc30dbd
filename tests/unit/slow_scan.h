/* Tokens by a second, slow reading of the words in features/scan.h. It shares nothing with
 * features/. */
#ifndef TIERCE_SLOW_SCAN_H
#define TIERCE_SLOW_SCAN_H

#include "features/scan.h" /* the names of the kinds, nothing else */

#define LONGEST_FENCE 16 /* a longer run of backticks is another token */

static inline bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
}

static inline bool is_space(uint8_t c)
{
    return c <= 0x20 || c == 0x7f;
}

static inline uint32_t slow_hash(const uint8_t *at, size_t len)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = at[i] >= 'A' && at[i] <= 'Z' ? (uint8_t)(at[i] - 'A' + 'a') : at[i];
        h = (h ^ c) * 16777619u;
    }
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

/* Length and kind of the token that starts at `at`. */
static inline size_t slow_length(const uint8_t *at, const uint8_t *end, uint8_t *kind)
{
    size_t n = 0, ticks = 0;
    bool digits = true;
    while (at + n < end && is_letter(at[n])) {
        digits = digits && at[n] >= '0' && at[n] <= '9';
        n++;
    }
    *kind = digits ? TF_NUMBER : TF_WORD;
    if (n)
        return n;
    while (at + ticks < end && at[ticks] == '`' && ticks < LONGEST_FENCE)
        ticks++;
    *kind = ticks >= 3 ? TF_FENCE : TF_SYMBOL;
    return ticks >= 3 ? ticks : 1;
}

#endif
