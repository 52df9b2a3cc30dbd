/* The scanner against a second one that knows nothing of chunks: it holds the whole text and looks
 * around in it, where the real one reads each byte once. */
#include "tests/unit/unit.h"

#include "features/bytes.h"
#include "features/lexicon.h"
#include "features/scan.h"
#include "tests/unit/slow_scan.h"

static uint8_t slow_flags(const uint8_t *text, size_t from, size_t len)
{
    size_t before = from;
    uint8_t flags = from > 0 && is_space(text[from - 1]) ? TF_SPACE_BEFORE : 0;
    while (before > 0 && is_space(text[before - 1]) && text[before - 1] != '\n')
        before--;
    flags |= before == 0 || text[before - 1] == '\n' ? TF_LINE_START : 0;
    if (!is_letter(text[from]))
        return flags;
    for (size_t i = from; i < from + len; i++) {
        const uint8_t c = text[i];
        if (c >= 'A' && c <= 'Z')
            flags |= i == from ? TF_FIRST_UPPER : TF_INNER_UPPER;
        flags |= c >= 'a' && c <= 'z' ? TF_HAS_LOWER : 0;
        flags |= c >= '0' && c <= '9' ? TF_HAS_DIGIT : 0;
        flags |= c >= 0x80 ? TF_HAS_HIGH : 0;
    }
    return flags;
}

/* Columns of white space before a token that begins a line. */
static unsigned slow_indent(const uint8_t *text, size_t from)
{
    unsigned indent = 0;
    for (size_t at = from; at > 0 && is_space(text[at - 1]) && text[at - 1] != '\n'; at--)
        indent += text[at - 1] == '\t' ? 4 : 1;
    return indent > 65535 ? 65535 : indent;
}

static void compare_token(const tf_tokens *t, size_t i, const uint8_t *text, size_t from, size_t len,
                          uint8_t kind)
{
    const size_t at = TF_BACK + i;
    assert_ptr_equal(tf_token_text(t, at), (const char *)text + from);
    assert_int_equal(tf_token_len(t, at), len);
    assert_int_equal(t->short_len[at], len > 255 ? 255 : len);
    assert_int_equal(t->kind[at], kind);
    assert_int_equal(t->byte[at], text[from]);
    assert_int_equal(t->flags[at], slow_flags(text, from, len));
    assert_int_equal(t->hash[at], kind == TF_FENCE ? slow_hash((const uint8_t *)"```", 3)
                                                   : slow_hash(text + from, len));
}

/* What a chunk says of all its tokens, from what it says of each; start: where its first token begins. */
static void compare_totals(const tf_tokens *t, const uint8_t *text)
{
    uint32_t words = 0, numbers = 0, bytes = 0, word_bytes = 0, known = 0, lines = 0;
    for (size_t i = 0; i < t->n; i++) {
        const size_t at = TF_BACK + i;
        if (t->flags[at] & TF_LINE_START) {
            assert_true(lines < t->n_lines);
            assert_int_equal(t->line[lines], i);
            assert_int_equal(t->line_at[lines], bytes);
            assert_int_equal(t->indent[lines], slow_indent(text, (size_t)((const uint8_t *)tf_token_text(t, at) - text)));
            lines++;
        }
        words += t->kind[at] == TF_WORD;
        numbers += t->kind[at] == TF_NUMBER;
        bytes += tf_token_len(t, at);
        word_bytes += t->kind[at] == TF_WORD ? tf_token_len(t, at) : 0;
        if (t->classes[at]) {
            assert_true(known < t->n_known);
            assert_int_equal(t->known[known++], i);
        }
    }
    assert_int_equal(t->words, words);
    assert_int_equal(t->numbers, numbers);
    assert_int_equal(t->bytes, bytes);
    assert_int_equal(t->word_bytes, word_bytes);
    assert_int_equal(t->n_known, known);
    assert_int_equal(t->n_lines, lines);
    for (size_t at = TF_BACK + t->n; at < TF_BACK + TF_ROWS(t->n); at++) {
        assert_int_equal(t->kind[at], TF_SYMBOL);
        assert_int_equal(t->byte[at] | t->flags[at], 0);
    }
}

/* The two tokens before a chunk are the last two of the one before. */
typedef struct {
    const char *text[TF_BACK];
    uint32_t hash[TF_BACK], len[TF_BACK];
    uint8_t kind[TF_BACK], byte[TF_BACK], flags[TF_BACK];
} last_two;

static void compare_back(const tf_tokens *t, const last_two *last)
{
    for (size_t i = 0; i < TF_BACK; i++) {
        assert_ptr_equal(tf_token_text(t, i), last->text[i]);
        assert_int_equal(t->hash[i], last->hash[i]);
        assert_int_equal(tf_token_len(t, i), last->len[i]);
        assert_int_equal(t->short_len[i], last->len[i] > 255 ? 255 : last->len[i]);
        assert_int_equal(t->kind[i], last->kind[i]);
        assert_int_equal(t->byte[i], last->byte[i]);
        assert_int_equal(t->flags[i], last->flags[i]);
    }
}

static void keep_last(last_two *last, const tf_tokens *t, size_t at)
{
    last->text[0] = last->text[1];
    last->hash[0] = last->hash[1];
    last->len[0] = last->len[1];
    last->kind[0] = last->kind[1];
    last->byte[0] = last->byte[1];
    last->flags[0] = last->flags[1];
    last->text[1] = tf_token_text(t, at);
    last->hash[1] = t->hash[at];
    last->len[1] = tf_token_len(t, at);
    last->kind[1] = t->kind[at];
    last->byte[1] = t->byte[at];
    last->flags[1] = t->flags[at];
}

static tf_lexicon lexicon;

/* The whole text through both; returns the number of tokens. */
static size_t compare(const char *original, size_t len)
{
    char *copy = exact(original, len);
    const uint8_t *text = (const uint8_t *)copy;
    tf_scan *scan = malloc(sizeof *scan);
    size_t from = 0, tokens = 0, n, lines = 0, longest = 0, line = 0;
    last_two last = {.text = {NULL, NULL}};
    memset(scan, 0xa5, sizeof *scan); /* nothing hangs on what stood there */
    tf_scan_start(scan, copy, len, &lexicon);
    while ((n = tf_scan_next(scan)) > 0) {
        const tf_tokens *t = &scan->tokens;
        assert_true(n <= TF_CHUNK && n == t->n);
        compare_back(t, &last);
        for (size_t i = 0; i < n; i++, tokens++) {
            uint8_t kind;
            while (from < len && is_space(text[from]))
                from++;
            assert_true(from < len);
            const size_t size = slow_length(text + from, text + len, &kind);
            compare_token(t, i, text, from, size, kind);
            assert_int_equal(t->classes[TF_BACK + i],
                             kind == TF_WORD ? tf_lexicon_find(&lexicon, t->hash[TF_BACK + i]) : 0);
            keep_last(&last, t, TF_BACK + i);
            from += size;
        }
        compare_totals(t, text);
    }
    while (from < len && is_space(text[from]))
        from++;
    assert_int_equal(from, len); /* nothing left behind */
    for (size_t i = 0; i < len; i++) {
        line = text[i] == '\n' ? 0 : line + 1;
        lines += text[i] == '\n';
        longest = line > longest ? line : longest;
    }
    assert_int_equal(scan->lines, lines);
    assert_int_equal(scan->longest_line, longest);
    assert_int_equal(tf_scan_next(scan), 0); /* and stays at the end */
    free(scan);
    free(copy);
    return tokens;
}

/* ---- texts ---- */

/* Appends something telling; returns its length (at most 40). */
static size_t piece(uint64_t *state, char *to)
{
    static const char *const some[] = {"what",
                                       "Prove",
                                       "SELECT",
                                       "isOpen",
                                       "x2",
                                       "42",
                                       "3.14",
                                       ("\xc3\xbc"
                                        "ber"),
                                       "\xff\xfe",
                                       "\xe2\x80",
                                       "```",
                                       "``",
                                       "`````````````````",
                                       "  ",
                                       "\t",
                                       "\n",
                                       "\r\n",
                                       "\n\n\n",
                                       "\0",
                                       "\x7f",
                                       "\x01",
                                       "$",
                                       "__",
                                       "--",
                                       "?!",
                                       "(",
                                       "{\"a\":",
                                       "\x80"};
    const size_t k = below(state, sizeof some / sizeof *some + 4);
    size_t n = 1 + below(state, 40);
    if (k < sizeof some / sizeof *some) {
        n = strlen(some[k]);
        memcpy(to, some[k], n ? n : 1);
        return n ? n : 1; /* the NUL */
    }
    for (size_t i = 0; i < n; i++)
        to[i] = k % 4 == 0 ? (char)any(state) : k % 4 == 1 ? 'a' : k % 4 == 2 ? ' ' : '`';
    return n;
}

static void random_texts(void **unused)
{
    static char text[4200];
    uint64_t state = 1;
    (void)unused;
    for (int round = 0; round < 3000; round++) {
        const size_t want = below(&state, round % 10 ? 300 : 4100);
        size_t len = 0;
        while (len < want)
            len += piece(&state, text + len);
        compare(text, len);
    }
}

static void random_bytes(void **unused)
{
    static char text[4097];
    uint64_t state = 2;
    (void)unused;
    for (size_t len = 0; len < sizeof text; len += len < 64 ? 1 : 97) {
        for (size_t i = 0; i < len; i++)
            text[i] = (char)any(&state);
        compare(text, len);
    }
}

/* Exactly around the chunk's end, with every kind of neighbour on both sides of the border. */
static void chunk_borders(void **unused)
{
    static const char *const tokens[] = {"w", "7", "?", "```", "\xff"};
    static const char *const gaps[] = {"", " ", "\n", "\n\t", "\0 ", " \n \n  "};
    static const size_t gap_len[] = {0, 1, 1, 2, 2, 6};
    static char text[TF_CHUNK * 26];
    (void)unused;
    for (size_t t = 0; t < 5; t++)
        for (size_t g = 0; g < 6; g++)
            for (size_t n = TF_CHUNK - 2; n <= 2 * TF_CHUNK + 1;
                 n += n == TF_CHUNK + 2 ? TF_CHUNK - 4 : 1) {
                size_t len = 0;
                for (size_t i = 0; i < n; i++) {
                    const char *token =
                        i % 2 && !gap_len[g] ? "." : tokens[t]; /* else they would join */
                    memcpy(text + len, token, strlen(token));
                    len += strlen(token);
                    memcpy(text + len, gaps[g], gap_len[g]);
                    len += gap_len[g];
                }
                assert_int_equal(compare(text, len), n);
            }
}

static void long_words(void **unused)
{
    static const size_t sizes[] = {1, 7, 8, 255, 256, 4095, 4096, 4097, 70000};
    char *text = malloc(70002);
    (void)unused;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int c = 0; c < 3; c++) {
            memset(text, "aZ\x80"[c], sizes[k]);
            assert_int_equal(compare(text, sizes[k]), 1);
            text[sizes[k]] = '\n';
            assert_int_equal(compare(text, sizes[k] + 1), 1);
        }
    memset(text, ' ', 70000); /* an indent that saturates */
    text[70000] = 'x';
    assert_int_equal(compare(text, 70001), 1);
    memset(text, '\n', 300); /* breaks that saturate */
    text[300] = 'x';
    assert_int_equal(compare(text, 301), 1);
    assert_int_equal(compare(NULL, 0), 0);
    free(text);
}

/* Masks of 64 bytes, both ways, byte by byte. */
static void byte_masks(void **unused)
{
    uint64_t state = 3;
    (void)unused;
    for (int round = 0; round < 2000; round++) {
        char text[TF_PIECE], lowered[2][TF_PIECE];
        tf_byte_masks m[2];
        for (int i = 0; i < TF_PIECE; i++) /* every byte in every place, then any */
            text[i] = (char)(round < 256 ? round + i : (int)any(&state));
        tf_masks_portable(text, &m[0], lowered[0]);
        tf_masks(text, &m[1], lowered[1]);
        assert_memory_equal(&m[0], &m[1], sizeof m[0]);
        assert_memory_equal(lowered[0], lowered[1], sizeof lowered[0]);
        for (int i = 0; i < TF_PIECE; i++) {
            const uint8_t c = (uint8_t)text[i];
            assert_int_equal(m[0].space >> i & 1, c <= ' ' || c == 0x7f);
            assert_int_equal(m[0].line >> i & 1, c == '\n');
            assert_int_equal(m[0].tab >> i & 1, c == '\t');
            assert_int_equal(m[0].digit >> i & 1, c >= '0' && c <= '9');
            assert_int_equal(m[0].upper >> i & 1, c >= 'A' && c <= 'Z');
            assert_int_equal(m[0].lower >> i & 1, c >= 'a' && c <= 'z');
            assert_int_equal(m[0].high >> i & 1, c >= 0x80);
            assert_int_equal(m[0].tick >> i & 1, c == '`');
            assert_int_equal((uint8_t)lowered[0][i], c >= 'A' && c <= 'Z' ? c + 32 : c);
        }
    }
}

/* A word that stands in the lists has its classes, whatever its case; one that does not has none.
 */
static void lexicon_finds(void **unused)
{
    static const struct {
        const char *word;
        uint32_t classes;
    } rows[] = {{"what", TF_LEX(WH)},
                {"PROVE", TF_LEX(PROOF)},
                {"if", TF_LEX(LOGIC) | TF_LEX(CODE)},
                {"traceback", TF_LEX(PYTHON) | TF_LEX(FAULT)},
                {"zymurgy", 0},
                {"wha", 0},
                {"whatt", 0}};
    tf_scan *scan = malloc(sizeof *scan);
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tf_scan_start(scan, rows[i].word, strlen(rows[i].word), &lexicon);
        assert_int_equal(tf_scan_next(scan), 1);
        assert_int_equal(scan->tokens.classes[TF_BACK], rows[i].classes);
    }
    unsigned used = 0;
    for (size_t s = 0; s < TF_LEXICON_SLOTS; s++)
        used += lexicon.slot[s].classes != 0;
    assert_in_range(used, 500,
                    TF_LEXICON_SLOTS / 2); /* a table that fills up would slow every word down */
    free(scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_texts),  cmocka_unit_test(random_bytes),
        cmocka_unit_test(chunk_borders), cmocka_unit_test(long_words),
        cmocka_unit_test(byte_masks),    cmocka_unit_test(lexicon_finds),
    };
    if (!tf_lexicon_build(&lexicon))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
