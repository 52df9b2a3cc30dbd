/* Word classes: which small sets a word belongs to ("what" asks, "prove" demands a proof, "def" is
 * code). They feed counts of named features; no class carries a weight of its own here.
 *
 * The table of hashes is built once, when a router is opened, into memory of the router. */
#ifndef TIERCE_LEXICON_H
#define TIERCE_LEXICON_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, help). At most 32; the order is part of the extractors' versions. */
#define TF_LEXICON_LIST(X)                                     \
    X(WH, "wh-words and how")                                  \
    X(IMPERATIVE, "verbs that open an instruction")            \
    X(PROOF, "proof, derivation, justification")               \
    X(STEPS, "reasoning aloud, step by step")                  \
    X(BRIEF, "demand for a short or bare answer")              \
    X(NEGATION, "negations and exceptions")                    \
    X(UNIT, "units of measure, money and time")                \
    X(MATH, "mathematics")                                     \
    X(LOGIC, "if, then, because, therefore")                   \
    X(QUANTITY, "each, every, total, per, half")               \
    X(COMPARE, "more, less, greatest, best")                   \
    X(MODAL, "would, could, might, suppose")                   \
    X(PERSON, "personal pronouns and kin")                     \
    X(COMMON, "the commonest function words of English")       \
    X(CODE, "keywords of programming languages")               \
    X(PYTHON, "words of Python")                               \
    X(CLIKE, "words of C, Java, JavaScript, Go, Rust")         \
    X(SQL, "words of SQL")                                     \
    X(SHELL, "commands of a shell")                            \
    X(FAULT, "errors, failures, exceptions")                   \
    X(ACTION, "actions on files, mail, calendars, bookings")   \
    X(FOREIGN, "common function words of other languages")     \
    X(TABLE, "option and choice markers, answer formats")      \
    X(SCIENCE, "physics, chemistry, biology quantities")

typedef enum {
#define TF_LEXICON_ENUM(name, help) TF_LEX_##name,
    TF_LEXICON_LIST(TF_LEXICON_ENUM)
#undef TF_LEXICON_ENUM
        TF_LEX_COUNT
} tf_lexicon_class;

#define TF_LEX(name) (1u << TF_LEX_##name)

#define TF_LEXICON_SLOTS 4096 /* a power of two, at least twice the number of words */

/* Most words are in no class: 8192 bits by the top of the hash say so without touching the table. */
#define TF_LEXICON_MAYBE(hash) ((hash) >> 19)

typedef struct tf_lexicon {
    uint32_t symbol_hash[256]; /* token hash of each byte alone */
    uint64_t maybe[8192 / 64];
    struct {
        uint32_t hash;
        uint32_t classes; /* 0: empty slot */
    } slot[TF_LEXICON_SLOTS];
} tf_lexicon;

/* Fills *lexicon. False when the word lists outgrew the table (a test keeps it true). */
bool tf_lexicon_build(tf_lexicon *lexicon);

/* 0: no word with this token hash is in the lists; else 1. */
static inline uint32_t tf_lexicon_maybe(const tf_lexicon *lexicon, uint32_t hash)
{
    const uint32_t bit = TF_LEXICON_MAYBE(hash);
    return (uint32_t)(lexicon->maybe[bit / 64] >> bit % 64 & 1);
}

/* Classes of a word that tf_lexicon_maybe does not exclude, 0 if it has none. */
static inline uint32_t tf_lexicon_look_up(const tf_lexicon *lexicon, uint32_t hash)
{
    /* nearly always one of the first two slots tells, and no processor guesses which */
    const uint32_t first = hash & (TF_LEXICON_SLOTS - 1), second = (hash + 1) & (TF_LEXICON_SLOTS - 1);
    const uint32_t a = lexicon->slot[first].classes, b = lexicon->slot[second].classes;
    const uint32_t found = (lexicon->slot[first].hash == hash ? a : 0) | (lexicon->slot[second].hash == hash ? b : 0);
    if (found | !a | !b)
        return found;
    for (uint32_t i = hash & (TF_LEXICON_SLOTS - 1);; i = (i + 1) & (TF_LEXICON_SLOTS - 1)) {
        if (lexicon->slot[i].hash == hash || !lexicon->slot[i].classes)
            return lexicon->slot[i].hash == hash ? lexicon->slot[i].classes : 0;
    }
}

/* Classes of the word with this token hash, 0 if it has none. */
static inline uint32_t tf_lexicon_find(const tf_lexicon *lexicon, uint32_t hash)
{
    return tf_lexicon_maybe(lexicon, hash) ? tf_lexicon_look_up(lexicon, hash) : 0;
}

#endif
