/* The scanner. Text is read in pieces of 64 bytes, each as a few masks of 64 bits; where tokens begin and
 * end, which have white space or a line break before them, what letters a word has are then operations on
 * whole masks. A piece ends where its last word does, so no word straddles two; the rare token that is
 * longer than a piece, and fences, are read byte by byte. Words are hashed at the end of a chunk (words.c). */
#include "features/scan.h"

#include <stdbool.h>

#include "features/bytes.h"
#include "features/clones.h"
#include "features/hash.h"
#include "features/lexicon.h"
#include "features/tokens.h"
#include "features/tokens_512.h"
#include "features/words.h"

void tf_scan_start(tf_scan *scan, const char *text, size_t len, const struct tf_lexicon *lexicon)
{
    tf_tokens *t = &scan->tokens;
    scan->at = text;
    scan->end = len ? text + len : text;
    scan->lexicon = lexicon;
    scan->lines = 0;
    scan->line_bytes = scan->longest_line = scan->indent = 0;
    scan->flags = TF_LINE_START;
    t->n = t->n_known = t->n_long = 0;
    memset(t->classes, 0, sizeof t->classes);
    for (int i = 0; i < TF_BACK; i++) {
        t->hash[i] = t->back_len[i] = 0;
        t->back[i] = NULL;
        t->kind[i] = TF_WORD;
        t->byte[i] = t->flags[i] = t->short_len[i] = 0;
    }
}

/* The last two tokens of a chunk stand before the first of the next; classes are 0 but of known words. */
static void keep_last(tf_tokens *t)
{
    for (int i = 0; i < TF_BACK; i++) {
        const uint32_t from = t->n + (uint32_t)i;
        t->back[i] = tf_token_text(t, from);
        t->hash[i] = t->hash[from];
        t->back_len[i] = tf_token_len(t, from);
        t->classes[i] = t->classes[from];
        t->kind[i] = t->kind[from];
        t->byte[i] = t->byte[from];
        t->flags[i] = t->flags[from];
        t->short_len[i] = t->short_len[from];
    }
    for (uint32_t k = 0; k < t->n_known; k++)
        t->classes[TF_BACK + t->known[k]] = 0;
    t->n = t->bytes = t->words = t->numbers = t->word_bytes = t->n_known = t->n_lines = t->n_long = 0;
}

/* ---- lines ---- */

static void end_line(tf_scan *scan)
{
    if (scan->line_bytes > scan->longest_line)
        scan->longest_line = scan->line_bytes;
    scan->line_bytes = 0;
}

TF_INLINE void add_line_bytes(tf_scan *scan, size_t n)
{
    scan->line_bytes = n > UINT32_MAX - scan->line_bytes ? UINT32_MAX : scan->line_bytes + (uint32_t)n;
}

TF_INLINE void count_lines(tf_scan *scan, uint64_t breaks, unsigned len)
{
    unsigned from = 0;
    for (; breaks; breaks &= breaks - 1) {
        const unsigned at = tf_lowest(breaks);
        add_line_bytes(scan, at - from);
        end_line(scan);
        scan->lines++;
        from = at + 1;
    }
    add_line_bytes(scan, len - from);
}

TF_INLINE void start_line(tf_scan *scan, uint32_t token, uint32_t bytes, uint32_t indent)
{
    tf_tokens *t = &scan->tokens;
    t->line[t->n_lines] = (uint8_t)token;
    t->line_at[t->n_lines] = bytes;
    t->indent[t->n_lines++] = (uint16_t)(indent > UINT16_MAX ? UINT16_MAX : indent);
}

/* ---- one token, byte by byte ---- */

static bool in_word(uint8_t c)
{
    return c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static unsigned letter_flag(uint8_t c, bool first)
{
    if (c >= 0x80)
        return TF_HAS_HIGH;
    if (c <= '9')
        return TF_HAS_DIGIT;
    return c >= 'a' ? TF_HAS_LOWER : first ? TF_FIRST_UPPER : TF_INNER_UPPER;
}

static size_t read_long_word(const char *at, const char *end, uint32_t *hash, unsigned *flags)
{
    const char *start = at;
    uint32_t h = TF_HASH_START;
    *flags = 0;
    for (; at < end && in_word((uint8_t)*at); at++) {
        const uint8_t c = (uint8_t)*at;
        *flags |= letter_flag(c, at == start);
        h = tf_hash_byte(h, c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    *hash = tf_hash_mix(h);
    return (size_t)(at - start);
}

static size_t read_fence(const char *at, const char *end, uint32_t *hash)
{
    size_t len = 3;
    while (at + len < end && at[len] == '`' && len < 16)
        len++;
    *hash = tf_hash_mix(tf_hash_bytes("```", 3));
    return len;
}

/* The word or fence at scan->at as a token, and a piece, of its own. */
static void take_long(tf_scan *scan)
{
    tf_tokens *t = &scan->tokens;
    const uint32_t i = t->n, to = TF_BACK + i;
    const bool word = in_word((uint8_t)*scan->at);
    unsigned flags = 0;
    const size_t len = word ? read_long_word(scan->at, scan->end, &t->hash[to], &flags)
                            : read_fence(scan->at, scan->end, &t->hash[to]);
    const bool number = flags == TF_HAS_DIGIT;
    const uint32_t bytes = len > UINT32_MAX ? UINT32_MAX : (uint32_t)len;
    t->short_len[to] = len > 255 ? 255 : (uint8_t)len;
    if (len >= 255) {
        t->long_token[t->n_long] = (uint8_t)i;
        t->long_len[t->n_long++] = bytes;
    }
    t->kind[to] = !word ? TF_FENCE : number ? TF_NUMBER : TF_WORD;
    t->byte[to] = (uint8_t)*scan->at;
    t->flags[to] = (uint8_t)(flags | scan->flags);
    t->at[to] = (uint16_t)(scan->n_pieces * TF_PIECE);
    if (word && !number && (t->classes[to] = tf_lexicon_find(scan->lexicon, t->hash[to])) != 0)
        t->known[t->n_known++] = (uint8_t)i;
    if (scan->flags & TF_LINE_START)
        start_line(scan, i, t->bytes, scan->indent);
    t->words += word && !number;
    t->word_bytes += word && !number ? bytes : 0;
    t->numbers += number;
    t->piece[scan->n_pieces++] = scan->at;
    t->n++;
    t->bytes += bytes;
    add_line_bytes(scan, len);
    scan->flags = 0;
    scan->indent = 0;
    scan->at += len;
}

/* ---- a piece ---- */

/* Where the piece ends, so that no token is cut; 0 where its first token must be read byte by byte. */
TF_INLINE unsigned piece_end(const tf_byte_masks *m, uint64_t word, unsigned len, bool last)
{
    const uint64_t fence = m->tick & m->tick >> 1 & m->tick >> 2;
    if (fence)
        return tf_lowest(fence);
    if (len < TF_PIECE)
        return len;
    if (m->tick >> 63 && !last) /* perhaps a fence */
        return tf_highest(~m->tick) + 1;
    return ~word ? tf_highest(~word) + 1 : 0; /* behind the last byte that is not of a word cut off */
}

TF_INLINE uint32_t columns(const tf_byte_masks *m, uint64_t within)
{
    return tf_ones(within) + 3 * tf_ones(m->tab & within);
}

/* Tokens that begin lines, and what stands behind the last token, for the next piece. */
TF_INLINE void find_lines(tf_scan *scan, const tf_byte_masks *m, uint64_t gap, uint64_t breaks, uint64_t starts)
{
    tf_tokens *t = &scan->tokens;
    if (!breaks && starts && !(scan->flags & TF_LINE_START)) { /* within a line, as below */
        const uint64_t behind = gap & ~tf_below(tf_highest(starts));
        scan->flags = behind ? TF_SPACE_BEFORE : 0;
        scan->indent = columns(m, behind);
        return;
    }
    /* a break carries through the gap that it stands in, to the token behind */
    uint64_t begins = (gap + breaks) & ~gap & starts;
    const uint64_t first = starts & (~starts + 1);
    if (scan->flags & TF_LINE_START)
        begins |= first;
    for (uint64_t left = begins; left; left &= left - 1) {
        const unsigned at = tf_lowest(left);
        const uint64_t before = tf_below(at), broken = breaks & before;
        const uint32_t token = t->n + tf_ones(starts & before);
        const uint64_t within = gap & before;
        t->flags[TF_BACK + token] |= TF_LINE_START;
        start_line(scan, token, t->bytes + at - tf_ones(within), broken ? columns(m, within & ~tf_below(tf_highest(broken)) & ~breaks)
                                       : columns(m, within) + scan->indent);
    }
    const uint64_t behind = starts ? gap & ~tf_below(tf_highest(starts)) : gap, broken = breaks & behind;
    if (starts)
        scan->flags = 0, scan->indent = 0;
    scan->flags |= (uint8_t)((behind ? TF_SPACE_BEFORE : 0) | (broken ? TF_LINE_START : 0));
    if (broken)
        scan->indent = columns(m, behind & ~tf_below(tf_highest(broken)) & ~breaks);
    else
        scan->indent += columns(m, behind);
    if (scan->indent > UINT16_MAX)
        scan->indent = UINT16_MAX;
}

/* How a piece becomes tokens, by what the processor can. */
typedef enum { IN_TURN, AT_ONCE, BY_VECTORS } way;

TF_INLINE void take_piece(tf_scan *scan, way how)
{
    tf_tokens *t = &scan->tokens;
    const size_t left = (size_t)(scan->end - scan->at);
    const uint32_t base = scan->n_pieces * TF_PIECE;
    const char *raw = scan->at;
    char copy[TF_PIECE];
    tf_byte_masks m;
    if (left < TF_PIECE) {
        memset(copy, 0, sizeof copy);
        memcpy(copy, raw, left);
        raw = copy;
    }
#ifdef TF_AVX512
    if (how == BY_VECTORS)
        tf_masks_512(raw, &m, scan->lowered + base);
    else
#endif
#ifdef TF_AVX2
    if (how == AT_ONCE)
        tf_masks_avx2(raw, &m, scan->lowered + base);
    else
#endif
        tf_masks(raw, &m, scan->lowered + base);
    uint64_t word = m.digit | m.upper | m.lower | m.high;
    const unsigned len = piece_end(&m, word, left < TF_PIECE ? (unsigned)left : TF_PIECE, left <= TF_PIECE);
    if (!len) {
        take_long(scan);
        return;
    }
    const uint64_t valid = tf_below(len), gap = m.space & valid, breaks = m.line & valid;
    word &= valid;
    const uint64_t starts = (~(word | gap) & valid) | (word & ~(word << 1));
    count_lines(scan, breaks, len);
    const tf_piece piece = {raw, &m, word, gap, starts, base};
    (void)how;
#ifdef TF_AVX512
    if (how == BY_VECTORS)
        tf_list_512(scan, &piece);
    else
#endif
#ifdef TF_AVX2
    if (how == AT_ONCE)
        tf_list_all(scan, &piece);
    else
#endif
    {
        tf_list_tokens(scan, &piece);
        tf_list_words(scan, &piece);
    }
    find_lines(scan, &m, gap, breaks, starts);
    t->n += tf_ones(starts);
    t->bytes += len - tf_ones(gap);
    t->piece[scan->n_pieces++] = scan->at;
    scan->at += len;
}

/* ---- chunks ---- */

/* Rows behind the last one, which loops over whole vectors read too. */
TF_INLINE void pad(tf_tokens *t)
{
    memset(&t->kind[TF_BACK + t->n], TF_SYMBOL, TF_VECTOR);
    memset(&t->byte[TF_BACK + t->n], 0, TF_VECTOR);
    memset(&t->flags[TF_BACK + t->n], 0, TF_VECTOR);
}

TF_INLINE void read_pieces(tf_scan *scan, way how)
{
    tf_tokens *t = &scan->tokens;
    do {
        scan->n_pieces = scan->n_words = 0;
        while (scan->at < scan->end && t->n + TF_PIECE <= TF_CHUNK && scan->n_pieces < TF_PIECES)
            take_piece(scan, how);
    } while (!t->n && scan->at < scan->end);
}

#ifdef TF_AVX2
TF_AVX2 static void read_at_once(tf_scan *scan)
{
    read_pieces(scan, AT_ONCE);
}
#endif

#ifdef TF_AVX512
TF_AVX512 static void read_by_vectors(tf_scan *scan)
{
    read_pieces(scan, BY_VECTORS);
}
#endif

TF_CLONES static void read_in_turn(tf_scan *scan)
{
    read_pieces(scan, IN_TURN);
}

static void fill(tf_scan *scan)
{
#ifdef TF_AVX512
    if (tf_has_avx512())
        read_by_vectors(scan);
    else
#endif
#ifdef TF_AVX2
    if (tf_spreads_bits())
        read_at_once(scan);
    else
#endif
        read_in_turn(scan);
    tf_scan_words(scan);
    pad(&scan->tokens);
}

size_t tf_scan_next(tf_scan *scan)
{
    keep_last(&scan->tokens);
    fill(scan);
    if (scan->at == scan->end)
        end_line(scan);
    return scan->tokens.n;
}
