/* Request in, sparse vector out.
 *
 * The request's text is read zone by zone (what the user asks now, what was said before, the
 * system prompt, the tool definitions, tool results). Every zone is scanned once; chunks of tokens
 * go to each extractor of the table in extract.c, and at the end each extractor finishes its
 * numbers. What comes out are entries in *blocks*: the block is the unit of normalisation, so a
 * 6,000-token system prompt can change only its own blocks, never dilute the ask's.
 *
 * An entry's index is block << bits | bucket. Text entries are *presence*: a word that stands there
 * ten times counts once (presence beat counts on every corpus tried). The value of an entry in the
 * model's eyes is level * unit(block), where unit = scale[block] / sqrt(entries in the block), or
 * scale[block] itself for blocks of fixed unit: see tf_unit(). Levels are small integers, so that
 * dot products with int8 weights are exact integer sums, whatever their order.
 *
 * How to add an extractor, in three steps:
 *   1. Write its functions in features/x_name.c (see x_turns.c, the shortest) and declare them in
 *      features/extractors.h. State between chunks lives in tf_state, a struct per extractor.
 *   2. Named numbers: add rows to features/named.h, set values[TF_N_…] in finish(). Text: call
 *      tf_emit() with a block and a hash.
 *   3. Add a row to tf_extractors[] in extract.c and run `make test`: it fails until the version
 *      table of the tests knows the newcomer, and when two names share a bucket.
 * Changing what an existing extractor emits means raising its version: models made with the old one
 * are then refused instead of scoring noise. */
#ifndef TIERCE_EXTRACT_H
#define TIERCE_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/lexicon.h"
#include "features/named.h"
#include "features/request.h"
#include "features/scan.h"

/* ---- zones: parts of a request that are told apart ---- */

typedef enum {
    TF_ZONE_ASK,     /* text of the last user message */
    TF_ZONE_EARLIER, /* user and assistant text before it, tool calls included */
    TF_ZONE_SYSTEM,
    TF_ZONE_TOOLS,  /* definitions on offer: names, descriptions, schemas */
    TF_ZONE_RESULT, /* what tools returned */
    TF_ZONES
} tf_zone;

/* ---- blocks ----
 * X(NAME, name, fixed unit?, help). Appending a block is a new format of vectors: models say how
 * many they know. At most 16. */
#define TF_BLOCK_LIST(X)                                                        \
    X(WORD, "word", 0, "tokens of the ask: words, numbers, punctuation marks")  \
    X(PAIR, "pair", 0, "adjacent tokens of the ask")                            \
    X(SKIP, "skip", 0, "tokens of the ask with one token between")              \
    X(EARLIER, "earlier", 0, "tokens and pairs of earlier turns")               \
    X(SYSTEM, "system", 0, "tokens and pairs of the system prompt")             \
    X(TOOLS, "tools", 0, "tokens and pairs of tool definitions")                \
    X(RESULT, "result", 0, "tokens and pairs of tool results")                  \
    X(NAMED, "named", 0, "named features, one bucket each")                     \
    X(LEVEL, "level", 1, "logarithms of sizes, as numbers")

typedef enum {
#define TF_BLOCK_ENUM(NAME, name, fixed, help) TF_B_##NAME,
    TF_BLOCK_LIST(TF_BLOCK_ENUM)
#undef TF_BLOCK_ENUM
        TF_BLOCKS
} tf_block;

const char *tf_block_name(unsigned block);
const char *tf_block_help(unsigned block);

/* ---- the spec: what a model fixes about its features ---- */

#define TF_MIN_BITS 10
#define TF_MAX_BITS 22
#define TF_DEFAULT_BITS 18

typedef struct {
    uint32_t bits;          /* each block has 2^bits buckets */
    uint32_t zone_bytes;    /* bytes read of each zone: 3/4 at its head, 1/4 at its tail */
    uint32_t max_parts;     /* parts read: 1/4 at the head, 3/4 at the tail */
    uint32_t max_tools;     /* tool definitions read, the first ones */
    uint32_t max_entries;   /* entries of a vector; later ones are dropped */
    float scale[TF_BLOCKS]; /* factor of a block's unit; 0: the block is not computed */
} tf_spec;

/* The defaults; where they come from: train/README.md. */
void tf_spec_default(tf_spec *spec);
/* Ranges; NULL when fine, else a constant sentence. */
const char *tf_spec_check(const tf_spec *spec);

/* ---- the vector ---- */

typedef struct {
    uint32_t index; /* block << bits | bucket */
    uint16_t level; /* 1 for presence */
    uint16_t block;
} tf_entry;

typedef struct {
    tf_entry *at; /* spec.max_entries of room */
    uint32_t n;
    uint32_t count[TF_BLOCKS]; /* entries of each block */
    bool truncated;            /* a cap of the spec cut something off */
    uint32_t values[TF_N_COUNT];
} tf_vector;

/* The factor that turns an entry's level into the value that the linear model sees. Double
 * arithmetic with correctly rounded sqrt and division only: the same bits on every machine. */
double tf_unit(const tf_spec *spec, const tf_vector *vector, unsigned block);

/* ---- extraction ---- */

/* Everything that is const while requests are read; build once with tf_features_open. */
typedef struct {
    tf_spec spec;
    tf_lexicon lexicon;
    uint32_t named_hash[TF_N_COUNT];
    tf_cuts cuts;
} tf_features;

/* False when the spec is out of range. Allocates nothing. */
bool tf_features_open(tf_features *features, const tf_spec *spec);

/* Told of every new entry, in naming mode. `name` is valid during the call only. */
typedef void (*tf_namer)(void *context, const tf_entry *entry, const char *name, size_t len);

/* Working memory for one thread. */
typedef struct tf_state tf_state;

size_t tf_state_size(const tf_spec *spec);
/* Lays a state out in `memory` (aligned for uint64_t, tf_state_size bytes). */
tf_state *tf_state_init(void *memory, const tf_spec *spec);

/* A bit per index: present in the request last read by this state? Valid as long as the vector. */
const uint64_t *tf_seen(const tf_state *state);

/* Reads the request; the vector lives in the state until its next use. Never fails: any bytes, any
 * length. Time linear in the request's bytes (at most the caps are read). namer may be NULL. */
const tf_vector *tf_extract(const tf_features *features, tf_state *state,
                            const tierce_request *request, tf_namer namer, void *context);

/* ---- the extractor table, for `tierce inspect` and the model file ---- */

size_t tf_extractor_count(void);
const char *tf_extractor_name(size_t i);
uint32_t tf_extractor_version(size_t i);
const char *tf_extractor_help(size_t i);

#endif
