/* data/dom.h: what is mended before cJSON sees it, and the way around a tree. */
#include "tests/unit/unit.h"

#include <unistd.h>
#include <zlib.h>

#include "data/dom.h"

static td_error error;

static td_node *parse(const char *text)
{
    char *copy = exact(text, strlen(text));
    td_node *root = td_dom_parse(copy, strlen(text), "f.json", &error);
    free(copy);
    return root;
}

static void prints(const char *text, size_t len, const char *wanted)
{
    td_out out = {0};
    td_node *root = td_dom_parse(text, len, "f.json", &error);
    if (!root)
        fail_msg("%s", error.text);
    td_dom_print(&out, root);
    td_put(&out, "", 1);
    assert_false(out.failed);
    assert_string_equal(out.at, wanted);
    free(out.at);
    td_dom_free(root);
}

static void mended(void **unused)
{
#define PRINTS(text, wanted) prints(text, sizeof text - 1, wanted)
    (void)unused;
    PRINTS("{\"a\": NaN, \"b\": [Infinity, -Infinity], \"c\": -1}",
           "{\"a\":null,\"b\":[null,null],\"c\":-1}");
    PRINTS("NaN", "null");
    PRINTS("[NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN]",
           "[null,null,null,null,null,null,null,null,null,null]");
    PRINTS("{\"NaN\": \"Infinity, \\\"NaN\"}",
           "{\"NaN\":\"Infinity, \\\"NaN\"}"); /* words in strings stay */
    PRINTS("[\"a\\u0000b\"]", "[\"a\xef\xbf\xbd"
                              "b\"]");
    PRINTS("[\"a\\\\u0000b\"]", "[\"a\\\\u0000b\"]"); /* an escaped backslash, and then letters */
    PRINTS("[\"\\ud800\", \"\\udc00\", \"\\ud800\\ud800\", \"\\ud800x\", \"\\udc00\\ud800\"]",
           "[\"\xef\xbf\xbd\",\"\xef\xbf\xbd\",\"\xef\xbf\xbd\xef\xbf\xbd\",\"\xef\xbf\xbdx\","
           "\"\xef\xbf\xbd\xef\xbf\xbd\"]");
    PRINTS("[\"\\ud83d\\ude00\"]", "[\"\xf0\x9f\x98\x80\"]");
    PRINTS("[\"a\0b\"]", "[\"a b\"]"); /* a raw NUL */
    PRINTS("\xef\xbb\xbf{}", "{}");    /* a byte-order mark */
}

static void refused(void **unused)
{
    static const struct {
        const char *text, *message;
    } rows[] = {{"", "f.json:1: "},
                {"  \n\n", "f.json:"},
                {"{\n\"a\": 1,\n}", "f.json:3: "},
                {"{} {}", "f.json:1: "},
                {"[1]\nx", "f.json:2: "},
                {"[1,\n2,\nx]", "f.json:3: "},
                {"\"\\u12\"", "f.json:1: "},
                {"\"\\uZZZZ\"", "f.json:1: "},
                {"[nan]", "f.json:1: "},
                {"[NaNN]", "f.json:1: "},
                {"[None]", "f.json:1: "},
                {"\"abc\\", "f.json:1: "},
                {"\"abc", "f.json:1: "}};
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        error.text[0] = 0;
        td_node *root = parse(rows[i].text);
        if (root)
            fail_msg("%s was read", rows[i].text);
        if (strncmp(error.text, rows[i].message, strlen(rows[i].message)))
            fail_msg("%s: %s", rows[i].text, error.text);
    }
}

static void looking(void **unused)
{
    td_node *root = parse("{\"a\": {\"b.c\": 1, \"b\": {\"c\": \"deep\"}}, \"A\": true, \"n\": "
                          "null, \"l\": [1, 2.5, \"x\", false],"
                          " \"twice\": 1, \"twice\": 2, \"\": 0}");
    (void)unused;
    assert_non_null(root);
    assert_string_equal(td_string(td_get_path(root, "a.b.c")), "deep");
    assert_null(td_get_path(root, "a.b.c.d"));
    assert_null(td_get_path(root, "a..b"));
    assert_true(td_number(td_get(td_get(root, "a"), "b.c"), 0) == 1);
    assert_true(td_is_object(td_get(root, "a")) && td_true(td_get(root, "A"))); /* case counts */
    assert_null(td_get(root, "TWICE"));
    assert_true(td_number(td_get(root, "twice"), 0) == 1); /* the first counts */
    assert_true(td_is_null(td_get(root, "n")) && !td_is_null(td_get(root, "nothing")));
    const td_node *list = td_get(root, "l");
    assert_int_equal(td_count(list), 4);
    assert_true(td_number(td_at(list, 1), 0) == 2.5);
    assert_null(td_at(list, 4));
    assert_true(td_is_bool(td_at(list, 3)) && !td_true(td_at(list, 3)));
    assert_null(td_string(td_at(list, 0)));
    assert_true(td_number(td_at(list, 2), 7) == 7);
    size_t n = 0;
    for (const td_node *m = td_first(root); m; m = td_next(m))
        n += td_key(m) != NULL;
    assert_int_equal(n, td_count(root));
    /* NULL is "not there" everywhere */
    assert_false(td_is_object(NULL) || td_is_array(NULL) || td_is_string(NULL) ||
                 td_is_number(NULL) || td_is_bool(NULL) || td_is_null(NULL) || td_true(NULL));
    assert_true(!td_get(NULL, "a") && !td_get_path(NULL, "a.b") && !td_at(NULL, 0) &&
                !td_first(NULL) && !td_next(NULL) && !td_key(NULL) && !td_string(NULL) &&
                td_number(NULL, 3) == 3 && td_count(NULL) == 0);
    td_dom_free(NULL);
    td_dom_free(root);
}

/* A number beyond the doubles is not a finite one. */
static void infinite_numbers(void **unused)
{
    td_node *root = parse("[1e999, -1e999, 1e308]");
    (void)unused;
    assert_non_null(root);
    assert_false(td_is_number(td_at(root, 0)) || td_is_number(td_at(root, 1)));
    assert_true(td_number(td_at(root, 0), 5) == 5);
    assert_true(td_is_number(td_at(root, 2)));
    td_dom_free(root);
}

static void files(void **unused)
{
    char path[] = "/tmp/tierce-dom-XXXXXX", *big = malloc(300000);
    const int fd = mkstemp(path);
    (void)unused;
    assert_true(fd >= 0);
    close(fd);
    for (int packed = 0; packed < 2; packed++) {
        gzFile f = gzopen(path, packed ? "wb" : "wbT");
        memset(big, ' ', 300000);
        memcpy(big, "{\"a\":", 5);
        memcpy(big + 299990, "\"end\"}\n", 7);
        assert_int_equal(gzwrite(f, big, 299997), 299997);
        assert_int_equal(gzclose(f), Z_OK);
        td_node *root = td_dom_load(path, 0, &error);
        assert_non_null(root);
        assert_string_equal(td_string(td_get(root, "a")), "end");
        td_dom_free(root);
        assert_null(td_dom_load(path, 200000, &error)); /* the cap holds for what is unpacked */
    }
    FILE *f = fopen(path, "rb");
    const size_t n = fread(big, 1, 300000, f);
    fclose(f);
    for (size_t cut = 2; cut < n; cut++) { /* a gzip stream that is cut off */
        write_text(path, big, cut);
        error.text[0] = 0;
        assert_null(td_dom_load(path, 0, &error));
        assert_non_null(strstr(error.text, path));
    }
    write_text(path, "", 0);
    assert_null(td_dom_load(path, 0, &error));
    unlink(path);
    assert_null(td_dom_load(path, 0, &error));
    assert_non_null(strstr(error.text, "check the path"));
    assert_null(td_dom_load("/tmp", 0, &error));
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mended),           cmocka_unit_test(refused), cmocka_unit_test(looking),
        cmocka_unit_test(infinite_numbers), cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
