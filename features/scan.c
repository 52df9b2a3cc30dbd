#include "features/scan.h"

#include <stdbool.h>

#include "features/hash.h"
#include "features/lexicon.h"

/* Class of a byte. LOWER and above continue a word. */
enum { SPACE, BREAK, SYMBOL, LOWER, UPPER, DIGIT, HIGH };

/* clang-format off */
#define _ SPACE
#define B BREAK
#define S SYMBOL
#define L LOWER
#define U UPPER
#define D DIGIT
#define H HIGH
static const uint8_t class_table[256] = {
    _, _, _, _, _, _, _, _, _, _, B, _, _, _, _, _,
    _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _,
    _, S, S, S, S, S, S, S, S, S, S, S, S, S, S, S,
    D, D, D, D, D, D, D, D, D, D, S, S, S, S, S, S,
    S, U, U, U, U, U, U, U, U, U, U, U, U, U, U, U,
    U, U, U, U, U, U, U, U, U, U, U, S, S, S, S, S,
    S, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
    L, L, L, L, L, L, L, L, L, L, L, S, S, S, S, _,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
};
#undef _
#undef B
#undef S
#undef L
#undef U
#undef D
#undef H
/* clang-format on */

static inline uint8_t class_of(uint8_t c)
{
    return class_table[c];
}

/* Of a byte inside a word: the byte as it is hashed (A-Z lowered), and above it its flag; 0 for bytes that
 * end a word. One look-up a byte instead of three tests. */
#define L8(c, f) f | (c), f | ((c) + 1), f | ((c) + 2), f | ((c) + 3), f | ((c) + 4), f | ((c) + 5), f | ((c) + 6), f | ((c) + 7)
#define LOW(c) (TF_HAS_LOWER << 8) | (c)
#define UPP(c) (TF_INNER_UPPER << 8) | (c)
#define DIG (TF_HAS_DIGIT << 8)
#define HI8(c) L8(c, TF_HAS_HIGH << 8)
#define NONE8 0, 0, 0, 0, 0, 0, 0, 0
/* clang-format off */
static const uint16_t in_word[256] = {
    NONE8, NONE8, NONE8, NONE8, NONE8, NONE8,
    L8('0', DIG), DIG | '8', DIG | '9', 0, 0, 0, 0, 0, 0,
    0, UPP('a'), UPP('b'), UPP('c'), UPP('d'), UPP('e'), UPP('f'), UPP('g'),
    L8('h', TF_INNER_UPPER << 8), L8('p', TF_INNER_UPPER << 8),
    UPP('x'), UPP('y'), UPP('z'), 0, 0, 0, 0, 0,
    0, LOW('a'), LOW('b'), LOW('c'), LOW('d'), LOW('e'), LOW('f'), LOW('g'),
    L8('h', TF_HAS_LOWER << 8), L8('p', TF_HAS_LOWER << 8),
    LOW('x'), LOW('y'), LOW('z'), 0, 0, 0, 0, 0,
    HI8(0x80), HI8(0x88), HI8(0x90), HI8(0x98), HI8(0xa0), HI8(0xa8), HI8(0xb0), HI8(0xb8),
    HI8(0xc0), HI8(0xc8), HI8(0xd0), HI8(0xd8), HI8(0xe0), HI8(0xe8), HI8(0xf0), HI8(0xf8),
};
/* clang-format on */

void tf_scan_start(tf_scan *scan, const char *text, size_t len, const struct tf_lexicon *lexicon)
{
    scan->at = text;
    scan->end = len ? text + len : text;
    scan->lexicon = lexicon;
    scan->lines = 0;
    scan->line_bytes = 0;
    scan->longest_line = 0;
}

/* Reads a word from `at`; returns its end. */
static inline const char *read_word(const char *at, const char *end, tf_token *token)
{
    const char *start = at;
    uint32_t k = in_word[(uint8_t)*at], seen = k;
    uint32_t h = tf_hash_byte(TF_HASH_START, (uint8_t)k);
    uint32_t first = k >> 8;
    if (first == TF_INNER_UPPER) {
        first = TF_FIRST_UPPER;
        seen = 0;
    }
    while (++at < end && (k = in_word[(uint8_t)*at]) != 0) {
        h = tf_hash_byte(h, (uint8_t)k);
        seen |= k;
    }
    const size_t len = (size_t)(at - start);
    token->flags |= (uint8_t)(first | seen >> 8);
    token->kind = first == TF_HAS_DIGIT && seen >> 8 == TF_HAS_DIGIT ? TF_NUMBER : TF_WORD;
    token->len = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
    token->hash = tf_hash_mix(h);
    return at;
}

static const char *read_symbol(const char *at, const char *end, tf_token *token)
{
    size_t len = 1;
    uint8_t c = (uint8_t)*at;
    if (c == '`' && end - at >= 3 && at[1] == '`' && at[2] == '`') {
        len = 3;
        while (at + len < end && at[len] == '`' && len < 16)
            len++;
        token->kind = TF_FENCE;
        token->hash = tf_hash_mix(tf_hash_bytes("```", 3));
    } else {
        token->kind = TF_SYMBOL;
        token->hash = tf_hash_mix(tf_hash_byte(TF_HASH_START, c));
    }
    token->len = (uint32_t)len;
    return at + len;
}

static void end_line(tf_scan *scan)
{
    if (scan->line_bytes > scan->longest_line)
        scan->longest_line = scan->line_bytes;
    scan->line_bytes = 0;
}

static void add_line_bytes(tf_scan *scan, size_t n)
{
    scan->line_bytes = n > UINT32_MAX - scan->line_bytes ? UINT32_MAX : scan->line_bytes + (uint32_t)n;
}

size_t tf_scan_next(tf_scan *scan)
{
    size_t n = 0;
    const char *at = scan->at, *end = scan->end;
    uint8_t flags = scan->lines == 0 && scan->line_bytes == 0 ? TF_LINE_START : 0;
    uint32_t indent = 0, breaks = 0;
    while (at < end && n < TF_CHUNK) {
        uint8_t c = (uint8_t)*at, k = class_of(c);
        if (k == BREAK) {
            end_line(scan);
            scan->lines++;
            breaks += breaks < 255;
            flags = TF_LINE_START | TF_SPACE_BEFORE;
            indent = 0;
            at++;
            continue;
        }
        if (k == SPACE) {
            flags |= TF_SPACE_BEFORE;
            indent += c == '\t' ? 4 : 1;
            add_line_bytes(scan, 1);
            at++;
            continue;
        }
        tf_token *token = &scan->chunk[n++];
        token->at = at;
        token->byte = c;
        token->flags = flags;
        token->breaks = (uint8_t)breaks;
        token->indent = (uint16_t)(indent > UINT16_MAX ? UINT16_MAX : indent);
        token->classes = 0;
        const char *next = k == SYMBOL ? read_symbol(at, end, token) : read_word(at, end, token);
        if (k != SYMBOL && scan->lexicon)
            token->classes = tf_lexicon_find(scan->lexicon, token->hash);
        add_line_bytes(scan, (size_t)(next - at));
        at = next;
        flags = 0;
        indent = breaks = 0;
    }
    scan->at = at;
    if (at == end)
        end_line(scan);
    return n;
}
