/* The one scan over the bytes: text in, chunks of tokens out.
 *
 * A token is a word (a run of ASCII letters, digits and bytes >= 0x80, so that every script
 * works), a number (such a run of digits only), a fence (three or more backticks) or one
 * punctuation byte. White space and control bytes, NUL among them, separate tokens and make none.
 *
 * Tokens come as columns, so that whoever counts something about them does so by vectors: row i of a
 * chunk is index TF_BACK + i, and before the first row stand the two tokens before the chunk (zeros
 * before the text's first: kind TF_WORD, length 0). Behind the last row stand rows of
 * kind TF_SYMBOL with byte and flags 0 up to TF_ROWS, the next whole vector; what their other columns hold
 * is noise. The scanner holds a chunk's worth of tokens and no more, so memory does not grow with the
 * text. */
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

#define TF_CHUNK 240 /* tokens, at most; fewer than 256, so that counts of them fit a byte */
#define TF_BACK 2
#define TF_ROOM (TF_BACK + TF_CHUNK + 64) /* of a column */
#define TF_PIECES 48                      /* pieces of text read for a chunk, at most */
#define TF_VECTOR 64
#define TF_ROWS(n) (((n) + TF_VECTOR - 1) / TF_VECTOR * TF_VECTOR)

typedef struct {
    uint32_t n;                   /* tokens */
    uint32_t words, numbers;      /* of them */
    uint32_t bytes;               /* of all tokens */
    uint32_t word_bytes;
    uint32_t hash[TF_ROOM];       /* of the bytes with A-Z lowered, finalised */
    uint32_t classes[TF_ROOM];    /* lexicon classes of a word (features/lexicon.h), 0 for others */
    uint16_t at[TF_ROOM];         /* where it begins: piece * 64 + offset, see tf_token_text */
    uint8_t kind[TF_ROOM];        /* tf_token_kind */
    uint8_t byte[TF_ROOM];        /* its first byte as it stands in the text */
    uint8_t flags[TF_ROOM];
    uint8_t short_len[TF_ROOM];   /* bytes, at most 255; see tf_token_len */
    uint32_t n_known;             /* tokens with classes, in their order */
    uint8_t known[TF_CHUNK + 1];
    uint32_t n_lines;             /* tokens that begin a line, in their order */
    uint8_t line[TF_CHUNK];
    uint32_t line_at[TF_CHUNK];   /* bytes of the chunk's tokens before it */
    uint16_t indent[TF_CHUNK];    /* of the line: columns of white space before it (tab = 4), at most 65535 */
    const char *piece[TF_PIECES];
    const char *back[TF_BACK];    /* where the tokens before the first row begin, NULL: none */
    uint32_t back_len[TF_BACK];   /* and their bytes */
    uint32_t n_long;              /* tokens of 255 bytes or more: at most one a piece */
    uint8_t long_token[TF_PIECES];
    uint32_t long_len[TF_PIECES]; /* bytes; a longer token than 4 GiB saturates */
} tf_tokens;

struct tf_lexicon;

#define TF_WORDS (TF_CHUNK + 64) /* room for words, in whole vectors */

typedef struct {
    const char *at, *end;
    const struct tf_lexicon *lexicon;
    uint64_t lines;        /* line breaks seen so far */
    uint32_t line_bytes;   /* bytes of the line being read */
    uint32_t longest_line; /* bytes, without its break */
    uint32_t indent;       /* columns of white space behind the last token */
    uint8_t flags;         /* TF_LINE_START and TF_SPACE_BEFORE, for the token to come */
    uint32_t n_pieces, n_words;
    tf_tokens tokens;
    /* words whose hash is still to be made: where their bytes stand in lowered, how many, and which token */
    uint16_t word_text[TF_WORDS];
    uint8_t word_len[TF_WORDS], word_token[TF_WORDS];
    char lowered[(TF_PIECES + 1) * 64];
} tf_scan;

/* lexicon: for classes and the hashes of symbols. */
void tf_scan_start(tf_scan *scan, const char *text, size_t len, const struct tf_lexicon *lexicon);

/* Fills scan->tokens; returns the number of tokens, 0 at the end. */
size_t tf_scan_next(tf_scan *scan);

/* First byte of the token at an index of the columns, in the text. */
static inline const char *tf_token_text(const tf_tokens *tokens, size_t at)
{
    return at < TF_BACK ? tokens->back[at] : tokens->piece[tokens->at[at] / 64] + tokens->at[at] % 64;
}

/* Its bytes. */
static inline uint32_t tf_token_len(const tf_tokens *tokens, size_t at)
{
    for (uint32_t i = 0; at >= TF_BACK && tokens->short_len[at] == 255 && i < tokens->n_long; i++)
        if (tokens->long_token[i] + (size_t)TF_BACK == at)
            return tokens->long_len[i];
    return at < TF_BACK ? tokens->back_len[at] : tokens->short_len[at];
}

#endif
