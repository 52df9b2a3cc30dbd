/* The same as tf_list_all of tokens.h, and the masks before it, for processors that move the bytes of a mask's ones
 * together in an instruction (AVX-512 VBMI2): a piece is one vector, so is each column of its tokens, and
 * there is no loop over tokens whose end a processor would have to guess. */
#ifndef TIERCE_FEATURES_TOKENS_512_H
#define TIERCE_FEATURES_TOKENS_512_H

#include "features/tokens.h"

#ifdef TF_AVX512
#define TF_512 TF_AVX512 static inline __attribute__((always_inline))

TF_512 uint64_t tf_within512(__m512i x, char low, char high)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(x, _mm512_set1_epi8(low)), _mm512_set1_epi8((char)(high - low)));
}

TF_512 uint64_t tf_each512(__m512i x, char value)
{
    return _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(value));
}

/* Not for inlining, nor is the next: callers may be compiled for every processor. */
TF_AVX512 static __attribute__((noinline)) void tf_masks_512(const char *at, tf_byte_masks *m, char *lowered)
{
    const __m512i x = _mm512_loadu_si512(at);
    m->space = tf_within512(x, 0, 0x20) | tf_each512(x, 0x7f);
    m->line = tf_each512(x, '\n');
    m->tab = tf_each512(x, '\t');
    m->digit = tf_within512(x, '0', '9');
    m->upper = tf_within512(x, 'A', 'Z');
    m->lower = tf_within512(x, 'a', 'z');
    m->high = _mm512_movepi8_mask(x);
    m->tick = tf_each512(x, '`');
    _mm512_storeu_si512(lowered, _mm512_mask_add_epi8(x, m->upper, x, _mm512_set1_epi8(0x20)));
}

/* 64 bytes as numbers of 16 bits, from `base` on. */
TF_512 void tf_put_places(uint16_t *to, __m512i bytes, uint32_t base)
{
    const __m512i from = _mm512_set1_epi16((short)base);
    _mm512_storeu_si512(to, _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(bytes)), from));
    _mm512_storeu_si512(to + 32, _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(bytes, 1)), from));
}

/* Writes 64 rows, of tokens and of words; those behind the last are noise. */
TF_AVX512 static __attribute__((noinline)) void tf_list_512(tf_scan *scan, const tf_piece *p)
{
    tf_tokens *t = &scan->tokens;
    const uint32_t *symbol = scan->lexicon->symbol_hash;
    const uint64_t word = p->word, starts = p->starts;
    const uint32_t first = TF_BACK + t->n, n = tf_ones(starts);
    const __m512i place = _mm512_set_epi64(0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120,
                                           0x1f1e1d1c1b1a1918, 0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);
    const tf_word_bits w = tf_find_words(scan, p);
    const __m512i at = _mm512_maskz_compress_epi8(starts, place);
    const __m512i last = _mm512_maskz_compress_epi8((starts & ~word) | (word & ~(word >> 1)), place);
    const __m512i len = _mm512_add_epi8(_mm512_sub_epi8(last, at), _mm512_set1_epi8(1));
    __m512i flags = _mm512_maskz_set1_epi8(w.spaced, TF_SPACE_BEFORE);
    flags = _mm512_mask_add_epi8(flags, w.upper, flags, _mm512_set1_epi8(TF_FIRST_UPPER));
    flags = _mm512_mask_add_epi8(flags, w.inner, flags, _mm512_set1_epi8(TF_INNER_UPPER));
    flags = _mm512_mask_add_epi8(flags, w.digit, flags, _mm512_set1_epi8(TF_HAS_DIGIT));
    flags = _mm512_mask_add_epi8(flags, w.high, flags, _mm512_set1_epi8(TF_HAS_HIGH));
    flags = _mm512_mask_add_epi8(flags, w.lower, flags, _mm512_set1_epi8(TF_HAS_LOWER));
    const __m512i kind = _mm512_mask_set1_epi8(_mm512_maskz_set1_epi8(~w.words, TF_SYMBOL), w.number, TF_NUMBER);
    _mm512_storeu_si512(&t->flags[first], flags);
    _mm512_storeu_si512(&t->kind[first], kind);
    _mm512_storeu_si512(&t->short_len[first], len);
    _mm512_storeu_si512(&t->byte[first], _mm512_maskz_compress_epi8(starts, _mm512_loadu_si512(p->raw)));
    tf_put_places(&t->at[first], at, p->base);
    for (uint32_t i = 0; i < n; i += 8)
        for (uint32_t k = i; k < i + 8; k++)
            t->hash[first + k] = symbol[t->byte[first + k]];
    _mm512_storeu_si512(&scan->word_token[scan->n_words],
                        _mm512_maskz_compress_epi8(w.words, _mm512_add_epi8(place, _mm512_set1_epi8((char)t->n))));
    _mm512_storeu_si512(&scan->word_len[scan->n_words], _mm512_maskz_compress_epi8(w.words, len));
    tf_put_places(&scan->word_text[scan->n_words], _mm512_maskz_compress_epi8(w.words, at), p->base);
    scan->n_words += tf_ones(w.words);
}
#endif

#endif
