/* What the extractors share: the working state and the table's row. Internal to features/. */
#ifndef TIERCE_EXTRACTORS_H
#define TIERCE_EXTRACTORS_H

#include <string.h>

#include "features/extract.h"
#include "features/clones.h"
#include "features/hash.h"

/* A chunk of tokens of one zone. A segment is one part's text (or one of the two pieces that a cap
 * left of it); chunks of a segment follow each other. */
typedef struct {
    const tf_tokens *t;
    tf_zone zone;
} tf_chunk;

/* Totals of a zone, kept by tf_extract itself. */
typedef struct {
    uint64_t bytes;        /* of the whole zone, caps or not */
    uint32_t segments;
    uint32_t lines;        /* lines read, at least one per segment with text */
    uint32_t longest_line; /* bytes */
    uint32_t tokens, words, numbers, marks;
    uint32_t word_bytes;
    uint32_t classes[TF_LEX_COUNT]; /* words of each lexicon class */
} tf_zone_totals;

/* State of each extractor between chunks; zeroed before every request. */
typedef struct {
    uint32_t long_words, very_long, capitals, shouting, high;
} tf_shape_state;

typedef struct {
    uint32_t marks, wh, numbers, big, decimals, formula, operators, blanks, quotes;
    uint32_t first_wh; /* word index of the first wh-word + 1, 0: none */
    uint32_t options, first_option_word, option_bytes;
    uint32_t sentences, sentence_words, last_sentence_words;
    uint32_t openers[16], repeated_openers;
    uint32_t words; /* words so far */
    uint8_t imperative, last_mark;
} tf_question_state;

typedef struct {
    uint32_t fences, code_bytes, all_bytes, line_bytes, indented, lines, brackets, operators;
    uint32_t snake, camel, calls, sql, shell, paths, diff, urls, markup;
    uint32_t line_marks, line_tokens;
} tf_code_state;

#define TF_TOOL_SLOTS 512 /* a power of two; name words of tools beyond half of it are not told */
typedef struct {
    uint32_t name_words[TF_TOOL_SLOTS]; /* hashes of words of tool names, 0: empty */
    uint8_t used[TF_TOOL_SLOTS];        /* 1 where the ask uses the word */
    uint32_t n_name_words; /* from here on the rest of the state */
    uint32_t nested, numeric, enums, required, params;
    bool after_type; /* the word "type" was read, its value is to come */
} tf_tools_state;

struct tf_state {
    const tf_features *features;
    const tierce_request *request;
    tf_vector vector;
    tf_namer namer;
    void *namer_context;
    tf_zone_totals zone[TF_ZONES];
    tf_shape_state shape;
    tf_question_state question;
    tf_code_state code;
    tf_tools_state tools;
    uint32_t room;  /* entries that may be emitted now: text leaves some for named features */
    uint64_t *seen; /* a bit per index; all zero between requests */
    tf_scan scan;
};

/* One row of the table. Any function may be NULL. Order of calls: begin once; then for every zone,
 * in the order of tf_zone, feed for each chunk; finish once. */
typedef struct {
    const char *name;
    uint32_t version;
    void (*begin)(tf_state *state);
    void (*feed)(tf_state *state, const tf_chunk *chunk);
    void (*finish)(tf_state *state);
    const char *help;
} tf_extractor;

void tf_text_feed(tf_state *state, const tf_chunk *chunk);
void tf_shape_feed(tf_state *state, const tf_chunk *chunk);
void tf_shape_finish(tf_state *state);
void tf_question_feed(tf_state *state, const tf_chunk *chunk);
void tf_question_finish(tf_state *state);
void tf_code_feed(tf_state *state, const tf_chunk *chunk);
void tf_code_finish(tf_state *state);
void tf_tools_begin(tf_state *state);
void tf_tools_feed(tf_state *state, const tf_chunk *chunk);
void tf_tools_finish(tf_state *state);
void tf_turns_finish(tf_state *state);
/* After all of them: the values that they set, as entries. */
void tf_emit_named(tf_state *state);

static inline void tf_set(tf_state *state, tf_named id, uint64_t value)
{
    state->vector.values[id] = value >= TF_ABSENT ? TF_ABSENT - 1 : (uint32_t)value;
}

/* part of whole in per mille, 0 where whole is 0. */
static inline uint64_t tf_share(uint64_t part, uint64_t whole)
{
    return whole ? part * 1000 / whole : 0;
}

/* Writes the entry behind the last, at n, and returns the number of entries: one more if the index is new.
 * There is room. */
TF_INLINE size_t tf_append(uint64_t *seen, tf_entry *at, size_t n, uint32_t index, uint32_t block)
{
#if defined(__x86_64__) && defined(__GNUC__)
    /* set the bit, and add 1 less what it was: half of what compilers make of the lines below */
    const uint64_t entry = (uint64_t)1 << 32 | (uint64_t)block << 48 | index;
    uint64_t word = index >> 6, bits;
    memcpy(&at[n], &entry, sizeof entry);
    __asm__("movq (%3,%2,8), %0\n\tbtsq %4, %0\n\tmovq %0, (%3,%2,8)\n\tsbbq $-1, %1"
            : "=&r"(bits), "+&r"(n)
            : "r"(word), "r"(seen), "r"((uint64_t)index)
            : "cc", "memory");
#else
    uint64_t *const word = &seen[index >> 6];
    const uint64_t bits = *word;
    at[n].index = index;
    at[n].level = 1;
    at[n].block = (uint16_t)block;
    n += ~bits >> (index & 63) & 1;
    *word = bits | (uint64_t)1 << (index & 63);
#endif
    return n;
}

#if defined(__x86_64__) && defined(__GNUC__)
_Static_assert(sizeof(tf_entry) == 8 && offsetof(tf_entry, level) == 4 && offsetof(tf_entry, block) == 6, "tf_append writes it at once");
#endif

/* Adds a presence entry; true when it is new in this request. */
static inline bool tf_emit(tf_state *state, unsigned block, uint32_t hash)
{
    const uint32_t bits = state->features->spec.bits;
    const uint32_t index = (uint32_t)block << bits | tf_hash_mix(hash) >> (32 - bits);
    uint64_t *word = &state->seen[index >> 6];
    const uint64_t bit = (uint64_t)1 << (index & 63);
    if (*word & bit)
        return false;
    tf_vector *v = &state->vector;
    if (v->n >= state->room) {
        v->truncated = true;
        return false;
    }
    *word |= bit;
    v->at[v->n].index = index;
    v->at[v->n].level = 1;
    v->at[v->n].block = (uint16_t)block;
    v->n++;
    v->count[block]++;
    return true;
}

#endif
