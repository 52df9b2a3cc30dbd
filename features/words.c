/* Hashes and lexicon classes of a chunk's words. A word's hash is a chain of multiplications, so eight words
 * go side by side where there are vectors, one in each lane; the result is tf_hash_bytes of each. */
#include "features/words.h"

#include <string.h>

#include "features/clones.h"
#include "features/hash.h"
#include "features/lexicon.h"

#ifdef TF_VECTORS
#define SIDE 8 /* words hashed side by side */

typedef uint32_t side __attribute__((vector_size(SIDE * sizeof(uint32_t))));

/* Bytes at..at + 3 of each word. */
#define FOUR(k) four_of((const uint8_t *)text + word[k].text + at)
TF_INLINE uint32_t four_of(const uint8_t *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* tf_hash_bytes of each, finalised. Reads up to three bytes behind a word, and as many as the longest
 * of its neighbours has: there is room for that behind the last piece. */
TF_INLINE void hash_side(const char *text, const tf_scan_word *word, uint32_t *hash)
{
    side h = {0}, len;
    uint32_t lens[SIDE], most = 0;
    for (int k = 0; k < SIDE; k++) {
        lens[k] = word[k].len;
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

TF_CLONES static void hash_words(tf_scan *scan)
{
    tf_tokens *t = &scan->tokens;
    const uint32_t n = scan->n_words;
    for (uint32_t k = n; k % SIDE; k++)
        scan->word[k] = (tf_scan_word){0, 0, 0};
    for (uint32_t i = 0; i < n; i += SIDE) {
        uint32_t hash[SIDE];
        hash_side(scan->lowered, &scan->word[i], hash);
        for (uint32_t k = 0; k < SIDE && i + k < n; k++)
            t->hash[TF_BACK + scan->word[i + k].token] = hash[k];
    }
}

#else
static void hash_words(tf_scan *scan)
{
    for (uint32_t i = 0; i < scan->n_words; i++)
        scan->tokens.hash[TF_BACK + scan->word[i].token] =
            tf_hash_mix(tf_hash_bytes(scan->lowered + scan->word[i].text, scan->word[i].len));
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
        const uint32_t token = scan->word[i].token;
        maybe[n] = (uint8_t)token;
        n += tf_lexicon_maybe(lexicon, t->hash[TF_BACK + token]) & (t->kind[TF_BACK + token] == TF_WORD);
    }
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t classes = tf_lexicon_find(lexicon, t->hash[TF_BACK + maybe[i]]);
        t->classes[TF_BACK + maybe[i]] = classes;
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
    hash_words(scan);
    find_known(scan);
}
