/* Lines and records from files: any bytes split as they should, gzip of every kind, budgets of bad
 * lines, ids that repeat. What single lines are read as stands in tests/data/parsing.stanza. */
#include "tests/unit/unit.h"

#include <math.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "data/record.h"

static char path[] = "/tmp/tierce-lines-XXXXXX", other[] = "/tmp/tierce-other-XXXXXX";

static int open_files(void **state)
{
    const int a = mkstemp(path), b = mkstemp(other);
    (void)state;
    return a < 0 || b < 0 || close(a) || close(b);
}

static int remove_files(void **state)
{
    (void)state;
    return unlink(path) | unlink(other);
}

static void pack(const char *text, size_t len, const char *mode)
{
    gzFile f = gzopen(path, mode);
    assert_non_null(f);
    if (len)
        assert_int_equal(gzwrite(f, text, (unsigned)len), len);
    assert_int_equal(gzclose(f), Z_OK);
}

/* ---- lines ---- */

/* The file's lines must be those of `text`: cut at LF, a CR before it dropped. */
static void compare_lines(const char *text, size_t len)
{
    td_error error;
    td_lines *lines = td_lines_open(path, 0, &error);
    char *line;
    size_t n, at = 0, number = 0;
    assert_non_null(lines);
    while (td_lines_next(lines, &line, &n, &error) == TD_LINE) {
        const char *stop = memchr(text + at, '\n', len - at);
        size_t want = stop ? (size_t)(stop - text) - at : len - at;
        const size_t next = at + want + (stop != NULL);
        assert_true(at < len);
        want -= want && text[at + want - 1] == '\r';
        assert_int_equal(n, want);
        assert_memory_equal(line, text + at, want);
        line[n] = 'x'; /* the promised byte behind it */
        assert_int_equal(td_lines_number(lines), ++number);
        at = next;
    }
    assert_int_equal(at, len);
    assert_int_equal(td_lines_next(lines, &line, &n, &error), TD_END); /* stays at the end */
    td_lines_close(lines);
}

static void any_lines(void **unused)
{
    enum { MOST = 700000 };
    static const size_t sizes[] = {0,      1,      2,      3,      262143, 262144,
                                   262145, 524287, 524288, 524289, MOST};
    char *text = malloc(MOST);
    uint64_t state = 1;
    (void)unused;
    for (size_t k = 0; k < 33; k++) {
        const size_t len = k < 11 ? sizes[k] : below(&state, k % 3 ? 5000 : MOST);
        const size_t mean = k % 4 == 0 ? 3 : k % 4 == 1 ? 200 : k % 4 == 2 ? 100000 : 1000000;
        for (size_t i = 0; i < len; i++)
            text[i] = !below(&state, mean) ? '\n'
                      : !below(&state, 5)  ? '\r'
                                           : "a\0\x80 {"[below(&state, 5)];
        if (len)
            text[0] = 'a'; /* neither a mark nor gzip */
        write_text(path, text, len);
        compare_lines(text, len);
        pack(text, len, "wb1");
        compare_lines(text, len);
    }
    free(text);
}

static void marks(void **unused)
{
    td_error error;
    char *line;
    size_t n;
    (void)unused;
    write_text(path,
               "\xef\xbb\xbf"
               "a\n\xef\xbb\xbf"
               "b",
               9);
    td_lines *lines = td_lines_open(path, 0, &error);
    assert_int_equal(td_lines_next(lines, &line, &n, &error), TD_LINE);
    assert_true(n == 1 && *line == 'a');
    assert_int_equal(td_lines_next(lines, &line, &n, &error), TD_LINE);
    assert_int_equal(n, 4); /* only the first bytes of a file are its mark */
    td_lines_close(lines);
    for (int k = 0; k < 2; k++) {
        write_text(path, k ? "\xff\xfe{\0" : "\xfe\xff\0{", 4);
        lines = td_lines_open(path, 0, &error);
        assert_int_equal(td_lines_next(lines, &line, &n, &error), TD_BROKEN);
        assert_non_null(strstr(error.text, "iconv"));
        td_lines_close(lines);
    }
}

/* A line of max_line bytes is read, one more is not, and the message names the line. */
static void longest_line(void **unused)
{
    static const size_t caps[] = {1024, 262144, 262145, 300000};
    char *text = malloc(400010);
    (void)unused;
    for (size_t k = 0; k < 4; k++)
        for (size_t over = 0; over < 2; over++)
            for (int ended = 0; ended < 2; ended++) {
                td_error error;
                char *line;
                size_t n;
                memset(text, 'a', 400010);
                text[1] = '\n';
                text[2 + caps[k] + over] = '\n';
                write_text(path, text, 2 + caps[k] + over + (size_t)ended);
                td_lines *lines = td_lines_open(path, caps[k], &error);
                assert_int_equal(td_lines_next(lines, &line, &n, &error), TD_LINE);
                assert_int_equal(td_lines_next(lines, &line, &n, &error),
                                 over ? TD_BROKEN : TD_LINE);
                if (over)
                    assert_non_null(strstr(error.text, ":2: line of more than"));
                else
                    assert_int_equal(n, caps[k]);
                td_lines_close(lines);
            }
    free(text);
}

/* Everything that the file gives; false when the reading broke. */
static bool slurp(char *into, size_t room, size_t *len)
{
    td_error error = {""};
    td_lines *lines = td_lines_open(path, 0, &error);
    td_line_status status;
    char *line;
    size_t n;
    *len = 0;
    assert_non_null(lines);
    while ((status = td_lines_next(lines, &line, &n, &error)) == TD_LINE) {
        assert_true(*len + n + 1 <= room);
        memcpy(into + *len, line, n);
        *len += n;
        into[(*len)++] = '\n';
    }
    td_lines_close(lines);
    assert_int_equal(status == TD_BROKEN, error.text[0] != 0);
    return status == TD_END;
}

static size_t load(char *into, size_t room)
{
    FILE *f = fopen(path, "rb");
    const size_t n = fread(into, 1, room, f);
    fclose(f);
    return n;
}

static void gzip_members(void **unused)
{
    static char text[9000], packed[9000], twice[20000], got[40000];
    size_t len = 0, n, got_len;
    (void)unused;
    for (int i = 0; i < 300; i++)
        len += (size_t)sprintf(text + len, "{\"line\": %d}\n", i);
    pack(text, len, "wb");
    n = load(packed, sizeof packed);
    memcpy(twice, packed, n);
    memcpy(twice + n, packed, n);
    write_text(path, twice, 2 * n);
    assert_true(slurp(got, sizeof got, &got_len));
    assert_int_equal(got_len, 2 * len);
    assert_memory_equal(got + len, text, len);
    for (size_t cut = 2; cut < n;
         cut++) { /* cut off anywhere behind the magic: an error, not a shorter file */
        write_text(path, packed, cut);
        assert_false(slurp(got, sizeof got, &got_len));
    }
    for (size_t cut = n + 2; cut < 2 * n; cut += 7) { /* in the second member too */
        write_text(path, twice, cut);
        assert_false(slurp(got, sizeof got, &got_len));
    }
    for (size_t i = 2; i < n;
         i++) /* damage: an error, or (in the header's fields, in padding) the same text */
        for (int bit = 0; bit < 8; bit += 3) {
            packed[i] ^= (char)(1 << bit);
            write_text(path, packed, n);
            if (slurp(got, sizeof got, &got_len)) {
                assert_int_equal(got_len, len);
                assert_memory_equal(got, text, len);
            }
            packed[i] ^= (char)(1 << bit);
        }
    memcpy(twice + n, "trailing garbage",
           16); /* ignored, as zlib does; every record before it is there */
    write_text(path, twice, n + 16);
    assert_true(slurp(got, sizeof got, &got_len));
    assert_int_equal(got_len, len);
    write_text(path, packed, 1); /* too short to be gzip: plain text */
    assert_true(slurp(got, sizeof got, &got_len));
    assert_int_equal(got_len, 2);
}

/* ---- records ---- */

typedef struct {
    unsigned n;
    char last[TD_ERROR_ROOM];
} complaints;

static void complain(void *context, const char *message)
{
    complaints *c = context;
    c->n++;
    snprintf(c->last, sizeof c->last, "%s", message);
}

static char *record_line(char *to, const char *id)
{
    return to +
           sprintf(to, "{\"id\":\"%s\",\"prompt\":\"x\",\"outcomes\":{\"f\":{\"score\":1}}}\n", id);
}

static void budget_of_bad_lines(void **unused)
{
    static const char text[] =
        "{\"id\":\"a\",\"prompt\":\"x\",\"outcomes\":{\"f\":{\"score\":1}}}\n"
        "broken\n \t\n"
        "{\"id\":\"b\",\"prompt\":\"x\",\"outcomes\":{\"f\":{\"score\":2}}}\n"
        "{\"id\":\"a\",\"prompt\":\"y\",\"outcomes\":{\"f\":{\"score\":1}}}\n"
        "{\"id\":\"c\",\"prompt\":\"x\",\"outcomes\":{\"f\":{\"score\":0.5}}}";
    static const char *const at[] = {":2: byte 1: ", ":4: byte ", ":5: id \"a\" was seen at "};
    const char *const paths[] = {path};
    (void)unused;
    write_text(path, text, sizeof text - 1);
    for (uint64_t max = 0; max < 5; max++) {
        complaints c = {0, ""};
        td_record record;
        td_error error = {""};
        unsigned good = 0;
        int got;
        td_reader *reader = td_reader_open(paths, 1, TD_WANT_RECORDS, max, 0, complain, &c);
        while ((got = td_reader_next(reader, &record, &error)) > 0)
            good++;
        const unsigned bad = max < 3 ? (unsigned)max + 1 : 3;
        assert_int_equal(got, max < 3 ? -1 : 0);
        assert_int_equal(c.n, max ? bad : 0); /* where none is allowed the error alone says it */
        assert_int_equal(td_reader_bad(reader), bad);
        assert_int_equal(good, max < 3 ? 1 : 2);
        assert_non_null(strstr(max ? c.last : error.text, at[bad - 1]));
        assert_true(strncmp(max ? c.last : error.text, path, strlen(path)) == 0);
        if (got < 0)
            assert_non_null(strstr(error.text, "--max-bad"));
        if (max && got < 0)
            assert_non_null(strstr(error.text, c.last));
        td_reader_close(reader);
    }
}

/* Ids repeat across files, far apart, and among as many as make the table grow several times. */
static void every_repeated_id(void **unused)
{
    enum { N = 20000 };
    const char *const paths[] = {path, other, path};
    char *text = malloc(N * 80), *to = text, id[32];
    td_record record;
    td_error error;
    complaints c = {0, ""};
    unsigned good = 0;
    (void)unused;
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "case-%d", i);
        to = record_line(to, id);
    }
    write_text(path, text, (size_t)(to - text));
    to = record_line(record_line(record_line(text, "case-19999"), "new"), "case-0");
    write_text(other, text, (size_t)(to - text));
    td_reader *reader = td_reader_open(paths, 3, TD_WANT_RECORDS, N * 2, 0, complain, &c);
    while (td_reader_next(reader, &record, &error) > 0)
        good++;
    assert_int_equal(good, N + 1);
    assert_int_equal(c.n, N + 2);
    assert_non_null(strstr(c.last, ":20000: id \"case-19999\" was seen at "));
    assert_non_null(strstr(c.last, ":20000; every record needs its own"));
    td_reader_close(reader);
    c.n = good = 0;
    reader = td_reader_open(paths + 1, 2, TD_WANT_REQUESTS, 0, 0, complain,
                            &c); /* requests may repeat */
    while (td_reader_next(reader, &record, &error) > 0)
        good++;
    assert_int_equal(good, N + 3);
    td_reader_close(reader);
    free(text);
}

static void files_that_are_not_there(void **unused)
{
    const char *const paths[] = {path, "/tmp/tierce-none/none.jsonl"};
    char text[100];
    td_record record;
    td_error error;
    (void)unused;
    write_text(path, text, (size_t)(record_line(text, "a") - text));
    td_reader *reader = td_reader_open(paths, 2, TD_WANT_RECORDS, 100, 0, NULL, NULL);
    assert_int_equal(td_reader_next(reader, &record, &error), 1);
    assert_string_equal(record.path, path);
    assert_int_equal(record.line, 1);
    assert_int_equal(td_reader_next(reader, &record, &error),
                     -1); /* no budget covers a file that is missing */
    assert_non_null(strstr(error.text, "check the path"));
    td_reader_close(reader);
    reader = td_reader_open(paths, 0, TD_WANT_RECORDS, 0, 0, NULL, NULL);
    assert_int_equal(td_reader_next(reader, &record, &error), 0);
    td_reader_close(reader);
    td_reader_close(NULL);
}

/* More outcomes than there is room for, and exactly as many. */
static void many_outcomes(void **unused)
{
    static td_outcome outcomes[TD_MAX_OUTCOMES];
    char *text = malloc(20000);
    (void)unused;
    for (int n = TD_MAX_OUTCOMES; n <= TD_MAX_OUTCOMES + 1; n++) {
        size_t len = (size_t)sprintf(text, "{\"id\":\"a\",\"prompt\":\"x\",\"outcomes\":{"), where;
        td_request request = {0};
        td_record record;
        const char *what;
        for (int i = 0; i < n; i++)
            len += (size_t)sprintf(text + len, "%s\"t%d\":{\"score\":%g}", i ? "," : "", i,
                                   i % 2 ? 1 : 0.25);
        len += (size_t)sprintf(text + len, "}}");
        const bool good =
            td_parse_line(&request, outcomes, &record, text, len, TD_WANT_RECORDS, &what, &where);
        assert_int_equal(good, n == TD_MAX_OUTCOMES);
        if (good) {
            assert_int_equal(record.n_outcomes, n);
            assert_true(outcomes[255].score == 1 && isnan(outcomes[255].cost_usd));
        } else {
            assert_string_equal(what, "more than 256 outcomes in a record");
        }
        td_request_free(&request);
    }
    free(text);
}

/* Time must grow with the line, not with its square: many results whose calls are nowhere to be
 * found. */
static void many_tool_results(void **unused)
{
    enum { N = 200000 };
    char *text = malloc(N * 90 + 100);
    td_request request = {0};
    td_record record;
    const char *what;
    size_t len = (size_t)sprintf(text, "{\"messages\":["), where;
    (void)unused;
    for (int i = 0; i < N; i++)
        len += (size_t)sprintf(text + len,
                               "%s{\"role\":\"tool\",\"tool_call_id\":\"c%d\",\"content\":\"\"}",
                               i ? "," : "", i);
    len += (size_t)sprintf(text + len, "]}");
    const clock_t start = clock();
    assert_true(td_parse_line(&request, NULL, &record, text, len, TD_WANT_REQUESTS, &what, &where));
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 3.0); /* the square took 15 s */
    assert_int_equal(record.request->n_parts, N);
    td_request_free(&request);
    free(text);
}

/* ---- folds ---- */

static void folds(void **unused)
{
    uint64_t state = 5;
    char id[40];
    (void)unused;
    assert_int_equal(td_fold("123456789", 9, UINT32_MAX), 0xcbf43926); /* CRC-32's check value */
    assert_int_equal(td_fold("", 0, 5), 0);
    for (int round = 0; round < 500; round++) {
        const size_t len = below(&state, sizeof id);
        uint32_t crc = UINT32_MAX;
        for (size_t i = 0; i < len; i++) {
            id[i] = (char)any(&state);
            crc ^= (uint8_t)id[i];
            for (int bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
        for (uint32_t k = 1; k < 8; k++)
            assert_int_equal(td_fold(id, len, k), ~crc % k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_lines),
        cmocka_unit_test(marks),
        cmocka_unit_test(longest_line),
        cmocka_unit_test(gzip_members),
        cmocka_unit_test(budget_of_bad_lines),
        cmocka_unit_test(every_repeated_id),
        cmocka_unit_test(files_that_are_not_there),
        cmocka_unit_test(many_outcomes),
        cmocka_unit_test(many_tool_results),
        cmocka_unit_test(folds),
    };
    return cmocka_run_group_tests(tests, open_files, remove_files);
}
