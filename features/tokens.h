/* From the masks of a piece to the columns of its tokens: twice, once bit after bit for every processor and
 * once for those that gather and spread bits in an instruction (BMI2's PEXT and PDEP), where a flag of all
 * tokens is made at once. Both write the same; scan.c takes the one that the processor is good at. */
#ifndef TIERCE_FEATURES_TOKENS_H
#define TIERCE_FEATURES_TOKENS_H

#include <stdbool.h>

#include "features/bytes.h"
#ifdef TF_AVX2
#include <immintrin.h>
#endif
#include "features/lexicon.h"
#include "features/scan.h"

/* What a piece of text is made of; all masks lie within its bytes. No word reaches the 64th byte. */
typedef struct {
    const char *raw;
    const tf_byte_masks *m;
    uint64_t word, gap, starts; /* bytes of words, white space, first bytes of tokens */
    uint32_t base;              /* of the piece in scan->lowered */
} tf_piece;

/* ---- bit after bit ---- */

/* Every token's place and first byte; symbols are then complete. */
TF_INLINE void tf_list_tokens(tf_scan *scan, const tf_piece *p)
{
    tf_tokens *t = &scan->tokens;
    const uint32_t *symbol = scan->lexicon->symbol_hash;
    const uint64_t spaced = p->gap << 1 | (scan->flags & TF_SPACE_BEFORE ? 1 : 0);
    uint32_t to = TF_BACK + t->n;
    memset(&t->kind[to], TF_SYMBOL, TF_PIECE);
    memset(&t->short_len[to], 1, TF_PIECE);
    for (uint64_t left = p->starts; left; left &= left - 1, to++) {
        const unsigned at = tf_lowest(left);
        const uint8_t c = (uint8_t)p->raw[at];
        t->at[to] = (uint16_t)(p->base + at);
        t->byte[to] = c;
        t->hash[to] = symbol[c];
        t->flags[to] = (uint8_t)((spaced >> at & 1) * TF_SPACE_BEFORE);
    }
}

/* Flags of a word, from the highest. inner: A-Z behind a first letter. */
TF_INLINE unsigned tf_word_flags(const tf_byte_masks *m, uint64_t inner, uint64_t within, unsigned from)
{
    unsigned flags = (m->lower & within) != 0;
    flags = flags * 2 + ((m->high & within) != 0);
    flags = flags * 2 + ((m->digit & within) != 0);
    flags = flags * 2 + ((inner & within) != 0);
    return (flags * 2 + (unsigned)(m->upper >> from & 1)) * TF_FIRST_UPPER;
}
_Static_assert(TF_FIRST_UPPER * 2 == TF_INNER_UPPER && TF_INNER_UPPER * 2 == TF_HAS_DIGIT &&
                   TF_HAS_DIGIT * 2 == TF_HAS_HIGH && TF_HAS_HIGH * 2 == TF_HAS_LOWER,
               "tf_word_flags builds them in this order");

TF_INLINE void tf_list_words(tf_scan *scan, const tf_piece *p)
{
    tf_tokens *t = &scan->tokens;
    uint64_t begin = p->word & ~(p->word << 1), end = ~p->word & p->word << 1;
    const uint64_t inner = p->m->upper & ~begin;
    uint32_t to = scan->n_words, bytes = 0, numbers = 0;
    for (; begin; begin &= begin - 1, end &= end - 1, to++) {
        const unsigned from = tf_lowest(begin), behind = tf_lowest(end);
        const uint32_t len = behind - from, token = t->n + tf_ones(p->starts & (begin ^ (begin - 1)) >> 1);
        const uint64_t within = ((uint64_t)1 << behind) - ((uint64_t)1 << from);
        const unsigned flags = tf_word_flags(p->m, inner, within, from);
        const bool number = flags == TF_HAS_DIGIT;
        t->flags[TF_BACK + token] |= (uint8_t)flags;
        t->kind[TF_BACK + token] = number ? TF_NUMBER : TF_WORD;
        t->short_len[TF_BACK + token] = (uint8_t)len;
        scan->word_text[to] = (uint16_t)(p->base + from);
        scan->word_len[to] = (uint8_t)len;
        scan->word_token[to] = (uint8_t)token;
        numbers += number;
        bytes += number ? 0 : len;
    }
    t->words += to - scan->n_words - numbers;
    t->numbers += numbers;
    t->word_bytes += bytes;
    scan->n_words = to;
}

/* ---- all tokens of a piece at once ---- */

#ifdef TF_AVX2
TF_AVX2 static inline __m256i tf_between32(__m256i x, char low, char high)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(x, _mm256_set1_epi8((char)(low - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(high + 1)), x));
}

TF_AVX2 static inline uint64_t tf_bits32(__m256i x)
{
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(x);
}

#define TF_BOTH(mask_of_x, mask_of_y) (tf_bits32(mask_of_x) | tf_bits32(mask_of_y) << 32)
#define TF_EACH(value) TF_BOTH(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(value)), _mm256_cmpeq_epi8(y, _mm256_set1_epi8(value)))

/* The same by halves of the piece. Not for inlining: callers may be compiled for every processor. */
TF_AVX2 static __attribute__((noinline)) void tf_masks_avx2(const char *at, tf_byte_masks *m, char *lowered)
{
    const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)at);
    const __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
    const __m256i upper_x = tf_between32(x, 'A', 'Z'), upper_y = tf_between32(y, 'A', 'Z');
    const __m256i twenty = _mm256_set1_epi8(0x20);
    m->space = TF_EACH(0x7f) | TF_BOTH(_mm256_cmpeq_epi8(_mm256_min_epu8(x, twenty), x), _mm256_cmpeq_epi8(_mm256_min_epu8(y, twenty), y));
    m->line = TF_EACH('\n');
    m->tab = TF_EACH('\t');
    m->digit = TF_BOTH(tf_between32(x, '0', '9'), tf_between32(y, '0', '9'));
    m->upper = TF_BOTH(upper_x, upper_y);
    m->lower = TF_BOTH(tf_between32(x, 'a', 'z'), tf_between32(y, 'a', 'z'));
    m->high = TF_BOTH(x, y);
    m->tick = TF_EACH('`');
    _mm256_storeu_si256((__m256i *)(void *)lowered, _mm256_or_si256(x, _mm256_and_si256(upper_x, twenty)));
    _mm256_storeu_si256((__m256i *)(void *)(lowered + 32), _mm256_or_si256(y, _mm256_and_si256(upper_y, twenty)));
}

/* In assembly, so that functions compiled for every processor may hold them and not run them. */
TF_INLINE uint64_t tf_pext(uint64_t v, uint64_t mask)
{
    uint64_t out;
    __asm__("pextq %2, %1, %0" : "=r"(out) : "r"(v), "rm"(mask));
    return out;
}

TF_INLINE uint64_t tf_pdep(uint64_t v, uint64_t mask)
{
    uint64_t out;
    __asm__("pdepq %2, %1, %0" : "=r"(out) : "r"(v), "rm"(mask));
    return out;
}

/* The words that are made of these bytes alone, as bits at the byte behind each: a carry runs through them. */
TF_INLINE uint64_t tf_made_of(uint64_t bytes, uint64_t begin, uint64_t end)
{
    return (bytes + begin) & end;
}

/* A flag of a byte column from its bits, eight rows. */
TF_INLINE uint64_t tf_flags8(uint64_t bits, uint32_t from, uint64_t flag)
{
    return tf_pdep(bits >> from, TF_ONES) * flag;
}

/* Of a piece's tokens, a bit each: which are words (numbers among them) and numbers, and the flags. */
typedef struct {
    uint64_t words, number, spaced, upper, inner, digit, high, lower;
} tf_word_bits;

/* Counts the words, too. */
TF_INLINE tf_word_bits tf_find_words(tf_scan *scan, const tf_piece *p)
{
    tf_tokens *t = &scan->tokens;
    const tf_byte_masks *m = p->m;
    const uint64_t word = p->word, starts = p->starts, begin = word & ~(word << 1), end = ~word & word << 1;
    const uint64_t words = tf_pext(begin, starts), digits = tf_made_of(word & m->digit, begin, end);
    const uint64_t all_digits = tf_pext(digits, end);
#define HAVE(mask) (words & ~tf_pdep(tf_pext(tf_made_of(word & ~(mask), begin, end), end), words))
    const tf_word_bits w = {words,
                            tf_pdep(all_digits, words),
                            tf_pext(p->gap << 1 | (scan->flags & TF_SPACE_BEFORE ? 1 : 0), starts),
                            tf_pext(m->upper, starts),
                            HAVE(m->upper & ~begin),
                            HAVE(m->digit),
                            HAVE(m->high),
                            HAVE(m->lower)};
#undef HAVE
    const uint32_t numbers = tf_ones(w.number);
    t->words += tf_ones(words) - numbers;
    t->numbers += numbers;
    /* a run of ones from its first bit to its last is the bit behind it less the first */
    t->word_bytes += tf_ones(word) - tf_ones(digits - tf_pdep(all_digits, begin));
    return w;
}

/* What tf_list_tokens and tf_list_words do. Writes up to seven rows behind the last. */
TF_INLINE void tf_list_all(tf_scan *scan, const tf_piece *p)
{
    tf_tokens *t = &scan->tokens;
    const uint32_t *symbol = scan->lexicon->symbol_hash;
    const uint64_t word = p->word, starts = p->starts;
    const uint32_t first = TF_BACK + t->n, n = tf_ones(starts);
    const tf_word_bits w = tf_find_words(scan, p);
    uint64_t begin = word & ~(word << 1), end = ~word & word << 1, token = w.words;
    for (uint32_t i = 0; i < n; i += 8) {
        const uint64_t flags = tf_flags8(w.spaced, i, TF_SPACE_BEFORE) | tf_flags8(w.upper, i, TF_FIRST_UPPER) |
                               tf_flags8(w.inner, i, TF_INNER_UPPER) | tf_flags8(w.digit, i, TF_HAS_DIGIT) |
                               tf_flags8(w.high, i, TF_HAS_HIGH) | tf_flags8(w.lower, i, TF_HAS_LOWER);
        const uint64_t kind = tf_flags8(~w.words, i, TF_SYMBOL) | tf_flags8(w.number, i, TF_NUMBER), one = TF_ONES;
        memcpy(&t->flags[first + i], &flags, 8);
        memcpy(&t->kind[first + i], &kind, 8);
        memcpy(&t->short_len[first + i], &one, 8);
    }
    uint32_t to = first;
    for (uint64_t left = starts; left; left &= left - 1, to++) {
        const unsigned at = tf_lowest(left);
        const uint8_t c = (uint8_t)p->raw[at];
        t->at[to] = (uint16_t)(p->base + at);
        t->byte[to] = c;
        t->hash[to] = symbol[c];
    }
    to = scan->n_words;
    for (; begin; begin &= begin - 1, end &= end - 1, token &= token - 1, to++) {
        const unsigned from = tf_lowest(begin), len = tf_lowest(end) - from, row = tf_lowest(token);
        scan->word_text[to] = (uint16_t)(p->base + from);
        scan->word_len[to] = (uint8_t)len;
        scan->word_token[to] = (uint8_t)(t->n + row);
        t->short_len[first + row] = (uint8_t)len;
    }
    scan->n_words = to;
}
_Static_assert(TF_WORD == 0 && TF_NUMBER == 1 && TF_SYMBOL == 2, "tf_list_all adds kinds up from bits");
#endif

#endif
