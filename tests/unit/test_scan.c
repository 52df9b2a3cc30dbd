/* The scanner against a second one that knows nothing of chunks: it holds the whole text and looks
 * around in it, where the real one reads each byte once. */
#include "tests/unit/unit.h"

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

static void slow_gap(const uint8_t *text, size_t from, unsigned *breaks, unsigned *indent)
{
    size_t at = from;
    *breaks = *indent = 0;
    for (; at > 0 && is_space(text[at - 1]); at--) {
        if (text[at - 1] == '\n')
            ++*breaks;
        else if (!*breaks)
            *indent += text[at - 1] == '\t' ? 4 : 1;
    }
    *breaks = *breaks > 255 ? 255 : *breaks;
    *indent = *indent > 65535 ? 65535 : *indent;
}

static void compare_token(const tf_token *t, const uint8_t *text, size_t from, size_t len,
                          uint8_t kind)
{
    unsigned breaks, indent;
    slow_gap(text, from, &breaks, &indent);
    assert_ptr_equal(t->at, (const char *)text + from);
    assert_int_equal(t->len, len);
    assert_int_equal(t->kind, kind);
    assert_int_equal(t->byte, text[from]);
    assert_int_equal(t->flags, slow_flags(text, from, len));
    assert_int_equal(t->breaks, breaks);
    if (t->flags & TF_LINE_START)
        assert_int_equal(t->indent, indent);
    assert_int_equal(t->hash, kind == TF_FENCE ? slow_hash((const uint8_t *)"```", 3)
                                               : slow_hash(text + from, len));
}

static tf_lexicon lexicon;

/* The whole text through both; returns the number of tokens. */
static size_t compare(const char *original, size_t len)
{
    char *copy = exact(original, len);
    const uint8_t *text = (const uint8_t *)copy;
    tf_scan *scan = malloc(sizeof *scan);
    size_t from = 0, tokens = 0, n, lines = 0, longest = 0, line = 0;
    tf_scan_start(scan, copy, len, &lexicon);
    while ((n = tf_scan_next(scan)) > 0) {
        assert_true(n <= TF_CHUNK);
        for (size_t i = 0; i < n; i++, tokens++) {
            uint8_t kind;
            while (from < len && is_space(text[from]))
                from++;
            assert_true(from < len);
            const size_t size = slow_length(text + from, text + len, &kind);
            compare_token(&scan->chunk[i], text, from, size, kind);
            const bool has_class = kind == TF_WORD || kind == TF_NUMBER;
            assert_int_equal(scan->chunk[i].classes,
                             has_class ? tf_lexicon_find(&lexicon, scan->chunk[i].hash) : 0);
            from += size;
        }
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
    static char text[TF_CHUNK * 24];
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
        assert_int_equal(scan->chunk[0].classes, rows[i].classes);
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
        cmocka_unit_test(lexicon_finds),
    };
    if (!tf_lexicon_build(&lexicon))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
