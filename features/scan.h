/* The one scan over the bytes: text in, chunks of tokens out.
 *
 * A token is a word (a run of ASCII letters, digits and bytes >= 0x80, so that every script
 * works), a number (such a run of digits only), a fence (three or more backticks) or one
 * punctuation byte. White space and control bytes, NUL among them, separate tokens and make none;
 * a token remembers the line breaks and the indentation before it.
 *
 * The scanner holds a chunk's worth of tokens and no more, so memory does not grow with the text. */
#ifndef TIERCE_SCAN_H
#define TIERCE_SCAN_H

#include <stddef.h>
#include <stdint.h>

typedef enum { TF_WORD, TF_NUMBER, TF_SYMBOL, TF_FENCE } tf_token_kind;

/* Token flags. */
enum {
    TF_LINE_START = 1,   /* first token of the text or of a line */
    TF_SPACE_BEFORE = 2, /* white space or a line break stands before it */
    TF_FIRST_UPPER = 4,  /* begins with A-Z */
    TF_INNER_UPPER = 8,  /* has A-Z after its first byte */
    TF_HAS_DIGIT = 16,
    TF_HAS_HIGH = 32,    /* has a byte >= 0x80 */
    TF_HAS_LOWER = 64
};

typedef struct {
    const char *at;   /* first byte */
    uint32_t len;     /* bytes; a longer token than 4 GiB saturates */
    uint32_t hash;    /* of the bytes with A-Z lowered, finalised */
    uint32_t classes; /* lexicon classes of a word (features/lexicon.h), 0 for others */
    uint16_t indent;  /* columns of white space before a token that starts a line (tab = 4) */
    uint8_t kind;     /* tf_token_kind */
    uint8_t byte;     /* its first byte as it stands in the text */
    uint8_t flags;
    uint8_t breaks;   /* line breaks before it, at most 255 */
} tf_token;

#define TF_CHUNK 256

struct tf_lexicon;

typedef struct {
    const char *at, *end;
    const struct tf_lexicon *lexicon; /* may be NULL: no classes */
    uint64_t lines;                   /* line breaks seen so far */
    uint32_t line_bytes;              /* bytes of the line being read */
    uint32_t longest_line;            /* bytes, without its break */
    tf_token chunk[TF_CHUNK];
} tf_scan;

void tf_scan_start(tf_scan *scan, const char *text, size_t len, const struct tf_lexicon *lexicon);

/* Fills scan->chunk; returns the number of tokens, 0 at the end. Reads each byte once. */
size_t tf_scan_next(tf_scan *scan);

#endif
