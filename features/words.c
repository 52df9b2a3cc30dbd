/* Hashes and lexicon classes of a chunk's words. A word's hash is a chain of multiplications, so eight words
 * go side by side where there are vectors, one in each lane; the result is tf_hash_bytes of each. */
#include "features/words.h"

#include <string.h>

#include "features/clones.h"
#include "features/hash.h"
#include "features/hash_512.h"
#include "features/lexicon.h"
#ifdef TF_AVX2
#include <immintrin.h>
#endif

#ifdef TF_VECTORS
#define SIDE 8 /* words hashed side by side */

typedef uint32_t side __attribute__((vector_size(SIDE * sizeof(uint32_t))));

/* Bytes at..at + 3 of each word. */
#define FOUR(k) four_of((const uint8_t *)scan->lowered + text[k] + at)
TF_INLINE uint32_t four_of(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* tf_hash_bytes of each, finalised. Reads up to three bytes behind a word, and as many as the longest
 * of its neighbours has: there is room for that behind the last piece. */
TF_INLINE void hash_side(const tf_scan *scan, uint32_t first, uint32_t *hash)
{
    const uint16_t *text = &scan->word_text[first];
    const uint8_t *bytes = &scan->word_len[first];
    side h = {0}, len;
    uint32_t lens[SIDE], most = 0;
    for (int k = 0; k < SIDE; k++) {
        lens[k] = bytes[k];
        most = lens[k] > most ? lens[k] : most;
    }
    memcpy(&len, lens, sizeof len);
    h += TF_HASH_START;
    for (uint32_t at = 0; at < most; at += 4) {
        side four = {FOUR(0), FOUR(1), FOUR(2), FOUR(3), FOUR(4), FOUR(5), FOUR(6), FOUR(7)};
        for (uint32_t b = 0; b < 4; b++, four >>= 8) {
            const side next = (h ^ (four & 0xff)) * TF_HASH_PRIME, more = (side)(len > at + b);
            h ^= (next ^ h) & more;
        }
    }
    h ^= h >> 16; /* tf_hash_mix */
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    h ^= h >> 16;
    memcpy(hash, &h, sizeof h);
}

static void hash_words(tf_scan *scan)
{
    tf_tokens *t = &scan->tokens;
    const uint32_t n = scan->n_words;
    for (uint32_t k = n; k % SIDE; k++)
        scan->word_text[k] = scan->word_len[k] = scan->word_token[k] = 0;
    for (uint32_t i = 0; i < n; i += SIDE) {
        uint32_t hash[SIDE];
        hash_side(scan, i, hash);
        for (uint32_t k = 0; k < SIDE && i + k < n; k++)
            t->hash[TF_BACK + scan->word_token[i + k]] = hash[k];
    }
}

#else
static void hash_words(tf_scan *scan)
{
    for (uint32_t i = 0; i < scan->n_words; i++)
        scan->tokens.hash[TF_BACK + scan->word_token[i]] =
            tf_hash_mix(tf_hash_bytes(scan->lowered + scan->word_text[i], scan->word_len[i]));
}
#endif

#ifdef TF_AVX2
/* The same with AVX2 by hand, sixteen words at a time: a multiplication of vectors takes ten cycles, and
 * two chains of them run beside each other. */
#define TWICE 16

TF_AVX2 static inline __m256i load_four(const uint8_t *bytes, const uint16_t *text)
{
    int32_t v[8];
    for (int k = 0; k < 8; k++)
        memcpy(&v[k], bytes + text[k], 4);
    return _mm256_setr_epi32(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
}

TF_AVX2 static inline __m256i hash_step(__m256i h, __m256i four, __m256i len, int at)
{
    const __m256i next = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_and_si256(four, _mm256_set1_epi32(0xff))),
                                            _mm256_set1_epi32(TF_HASH_PRIME));
    return _mm256_blendv_epi8(h, next, _mm256_cmpgt_epi32(len, _mm256_set1_epi32(at)));
}

TF_AVX2 static inline __m256i hash_mix(__m256i h)
{
    h = _mm256_xor_si256(h, _mm256_srli_epi32(h, 16));
    h = _mm256_mullo_epi32(h, _mm256_set1_epi32((int)0x85ebca6bu));
    h = _mm256_xor_si256(h, _mm256_srli_epi32(h, 13));
    h = _mm256_mullo_epi32(h, _mm256_set1_epi32((int)0xc2b2ae35u));
    return _mm256_xor_si256(h, _mm256_srli_epi32(h, 16));
}

TF_AVX2 static inline __m256i load_lens(const uint8_t *len)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)len));
}

TF_AVX2 static void hash_words_avx2(tf_scan *scan)
{
    const uint8_t *bytes = (const uint8_t *)scan->lowered;
    const uint32_t n = scan->n_words;
    uint32_t *const to = &scan->tokens.hash[TF_BACK];
    for (uint32_t k = n; k % TWICE; k++)
        scan->word_text[k] = scan->word_len[k] = 0;
    for (uint32_t i = 0; i < n; i += TWICE) {
        const uint16_t *text = &scan->word_text[i];
        const uint8_t *token = &scan->word_token[i];
        const __m256i len = load_lens(&scan->word_len[i]), len2 = load_lens(&scan->word_len[i + 8]);
        const __m256i longer = _mm256_max_epi32(len, len2);
        __m256i h = _mm256_set1_epi32((int)TF_HASH_START), h2 = h;
        int at = 0;
        do {
            __m256i four = load_four(bytes + at, text), four2 = load_four(bytes + at, text + 8);
            for (const int end = at + 4; at < end; at++) {
                h = hash_step(h, four, len, at);
                h2 = hash_step(h2, four2, len2, at);
                four = _mm256_srli_epi32(four, 8);
                four2 = _mm256_srli_epi32(four2, 8);
            }
        } while (_mm256_movemask_epi8(_mm256_cmpgt_epi32(longer, _mm256_set1_epi32(at))));
        uint32_t hash[TWICE];
        _mm256_storeu_si256((__m256i *)(void *)hash, hash_mix(h));
        _mm256_storeu_si256((__m256i *)(void *)(hash + 8), hash_mix(h2));
        for (uint32_t k = 0; k < TWICE && i + k < n; k++)
            to[token[k]] = hash[k];
    }
}
#endif

#ifdef TF_AVX512
/* And with AVX-512, sixty-four at a time. */
#define CHAINS 4
#define MANY (16 * CHAINS)
_Static_assert(TF_CHUNK + MANY <= TF_WORDS, "words behind the last are wiped");

TF_AVX512 static inline __m512i load_sixteen(const uint8_t *bytes, const uint16_t *text)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(load_four(bytes, text)), load_four(bytes, text + 8), 1);
}

TF_AVX512 static inline __m512i hash_step_512(__m512i h, __m512i four, __m512i len, int at)
{
    const __m512i next = _mm512_xor_si512(h, _mm512_and_si512(four, _mm512_set1_epi32(0xff)));
    return _mm512_mask_mullo_epi32(h, _mm512_cmpgt_epi32_mask(len, _mm512_set1_epi32(at)), next, _mm512_set1_epi32(TF_HASH_PRIME));
}

/* Sixteen words in each of n chains, from the first on. */
TF_AVX512 static inline __attribute__((always_inline)) void hash_chains(const tf_scan *scan, uint32_t first, int n, uint32_t *hash)
{
    const uint8_t *bytes = (const uint8_t *)scan->lowered;
    const uint16_t *text = &scan->word_text[first];
    __m512i h[CHAINS], len[CHAINS], four[CHAINS], longest = _mm512_setzero_si512();
    for (int c = 0; c < n; c++) {
        len[c] = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)&scan->word_len[first + 16 * (uint32_t)c]));
        longest = _mm512_max_epi32(longest, len[c]);
        h[c] = _mm512_set1_epi32((int)TF_HASH_START);
    }
    int at = 0;
    do {
        for (int c = 0; c < n; c++)
            four[c] = load_sixteen(bytes + at, text + 16 * c);
        for (const int end = at + 4; at < end; at++)
            for (int c = 0; c < n; c++) {
                h[c] = hash_step_512(h[c], four[c], len[c], at);
                four[c] = _mm512_srli_epi32(four[c], 8);
            }
    } while (_mm512_cmpgt_epi32_mask(longest, _mm512_set1_epi32(at)));
    for (int c = 0; c < n; c++)
        _mm512_storeu_si512(hash + 16 * c, tf_hash_mix_512(h[c]));
}

TF_AVX512 static void hash_words_512(tf_scan *scan)
{
    const uint32_t n = scan->n_words;
    uint32_t *const to = &scan->tokens.hash[TF_BACK];
    memset(&scan->word_text[n], 0, MANY * sizeof *scan->word_text);
    memset(&scan->word_len[n], 0, MANY);
    for (uint32_t i = 0; i < n; i += MANY) {
        const uint32_t left = n - i;
        uint32_t hash[MANY];
        if (left > 32)
            hash_chains(scan, i, CHAINS, hash);
        else if (left > 16)
            hash_chains(scan, i, 2, hash);
        else
            hash_chains(scan, i, 1, hash);
        for (uint32_t k = 0; k < MANY && i + k < n; k++)
            to[scan->word_token[i + k]] = hash[k];
    }
}
#endif

/* Words with classes, in their order. Half of all words are, and no processor guesses which: those that may be
 * are listed without a branch first. */
TF_CLONES static void find_known(tf_scan *scan)
{
    tf_tokens *t = &scan->tokens;
    const tf_lexicon *lexicon = scan->lexicon;
    const uint32_t long_ones = t->n_known; /* they stand there already */
    uint8_t maybe[TF_CHUNK + 1];
    uint32_t n = 0;
    for (uint32_t i = 0; i < scan->n_words; i++) {
        maybe[n] = scan->word_token[i];
        n += tf_lexicon_maybe(lexicon, t->hash[TF_BACK + maybe[n]]);
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t at = TF_BACK + maybe[i], classes = tf_lexicon_look_up(lexicon, t->hash[at]) & (0u - (t->kind[at] == TF_WORD));
        t->classes[at] = classes;
        t->known[t->n_known] = maybe[i];
        t->n_known += classes != 0;
    }
    for (uint32_t i = 0; i < long_ones; i++) /* never in practice: no list has a word of 64 bytes */
        for (uint32_t k = i; k + 1 < t->n_known && t->known[k] > t->known[k + 1]; k++) {
            const uint8_t swap = t->known[k];
            t->known[k] = t->known[k + 1];
            t->known[k + 1] = swap;
        }
}

void tf_scan_words(tf_scan *scan)
{
#ifdef TF_AVX512
    if (tf_has_avx512())
        hash_words_512(scan);
    else
#endif
#ifdef TF_AVX2
    if (tf_has_avx2())
        hash_words_avx2(scan);
    else
#endif
        hash_words(scan);
    find_known(scan);
}
