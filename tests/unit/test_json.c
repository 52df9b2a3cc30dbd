/* data/json.h (requests, strict) and data/dom.h (harness files, cJSON behind a mending door)
 * against a judge of our own and against each other, on well-formed and damaged JSON. */
#include "tests/unit/unit.h"

#include "data/dom.h"
#include "data/json.h"
#include "tests/unit/any_json.h"

/* Reads the whole text in memory of exactly its size. */
static bool reads(const char *original, size_t len)
{
    char *text = exact(original, len), *strings = malloc(len ? len : 1);
    td_json json;
    tierce_span raw;
    td_json_start(&json, text, len, strings);
    const bool good = td_json_skip(&json, &raw) && td_json_finish(&json);
    assert_int_equal(good, json.what == NULL);
    if (!good)
        assert_true(json.where >= text && json.where <= text + len);
    else
        assert_true(raw.data >= text && raw.data + raw.len <= text + len && json.depth == 0);
    free(text);
    free(strings);
    return good;
}

/* ---- the two readers side by side ---- */

/* dom keeps strings as C strings: a NUL stands there as U+FFFD. */
static void same_string(tierce_span span, const char *s)
{
    for (size_t i = 0; i < span.len; i++) {
        if (span.data[i]) {
            assert_int_equal(*s++, span.data[i]);
        } else {
            assert_memory_equal(s, "\xef\xbf\xbd", 3);
            s += 3;
        }
    }
    assert_int_equal(*s, 0);
}

static void same_value(td_json *json, const td_node *n)
{
    tierce_span span = {NULL, 0};
    double number = 0;
    bool flag = false, first = true;
    const td_node *child = td_first(n);
    switch (td_json_peek(json)) {
    case '{':
        assert_true(td_is_object(n) && td_json_enter(json, '{'));
        for (; td_json_key(json, &span, &first); child = td_next(child)) {
            assert_non_null(child);
            same_string(span, td_key(child));
            same_value(json, child);
        }
        assert_null(child);
        break;
    case '[':
        assert_true(td_is_array(n) && td_json_enter(json, '['));
        for (; td_json_item(json, &first); child = td_next(child)) {
            assert_non_null(child);
            same_value(json, child);
        }
        assert_null(child);
        break;
    case '"':
        assert_true(td_is_string(n) && td_json_string(json, &span));
        same_string(span, td_string(n));
        break;
    case '0':
        assert_true(td_is_number(n) && td_json_number(json, &number));
        assert_true(number == td_number(n, -1));
        break;
    case 'n':
        assert_true(td_is_null(n) && td_json_null(json));
        break;
    default:
        assert_true(td_is_bool(n) && td_json_bool(json, &flag));
        assert_int_equal(flag, td_true(n));
    }
    assert_null(json->what);
}

static void well_formed(void **unused)
{
    static any_text t;
    static char strings[ANY_ROOM];
    uint64_t state = 1;
    td_error error;
    unsigned whole = 0;
    (void)unused;
    for (int round = 0; round < 4000; round++) {
        t.len = 0;
        any_value(&t, &state, 1 + (unsigned)below(&state, 7));
        if (t.len > ANY_ROOM - 100) /* cut by the room */
            continue;
        assert_true(is_json(t.at, t.len, false));
        assert_true(reads(t.at, t.len));
        td_node *root = td_dom_parse(t.at, t.len, "x", &error);
        if (!root)
            fail_msg("%s in %.*s", error.text, (int)t.len, t.at);
        td_json json;
        td_json_start(&json, t.at, t.len, strings);
        same_value(&json, root);
        assert_true(td_json_finish(&json));
        td_dom_free(root);
        whole++;
    }
    assert_true(whole > 3500);
}

static void damaged(void **unused)
{
    static any_text t;
    uint64_t state = 2;
    unsigned accepted = 0, lenient = 0, refused = 0;
    td_error error;
    (void)unused;
    for (int round = 0; round < 60000; round++) {
        t.len = 0;
        any_value(&t, &state, 1 + (unsigned)below(&state, 4));
        any_damage(&t, &state);
        const bool strict = is_json(t.at, t.len, false);
        if (reads(t.at, t.len) != strict)
            fail_msg("judge says %d of %.*s", strict, (int)t.len, t.at);
        char *text = exact(t.at, t.len);
        td_node *root = td_dom_parse(text, t.len, "x", &error);
        if (!root == is_json(t.at, t.len, true))
            fail_msg("dom says %d of %.*s", root != NULL, (int)t.len, t.at);
        accepted += strict;
        lenient += !strict && root;
        refused += !root;
        td_dom_free(root);
        free(text);
    }
    assert_true(accepted > 5000 && lenient > 100 && refused > 5000);
}

/* ---- long strings ---- */

/* A string of n pieces, as JSON and as what it says: runs of escapes, of backslashes, of plain bytes. */
static size_t long_string(uint64_t *state, unsigned n, char *json, char *plain, size_t *plain_len)
{
    static const char *const escaped[] = {"\\n", "\\t", "\\r", "\\b", "\\f", "\\\"", "\\\\", "\\/", "\\u0041", "\\u00e9"};
    static const char *const means[] = {"\n", "\t", "\r", "\b", "\f", "\"", "\\", "/", "A", "\xc3\xa9"};
    char *at = json, *to = plain;
    *at++ = '"';
    for (unsigned i = 0; i < n; i++) {
        const size_t which = (size_t)below(state, 13);
        for (unsigned k = 1 + (unsigned)below(state, which < 10 ? 4 : 70); k-- > 0;) {
            const char *from = which < 10 ? escaped[which] : "n", *is = which < 10 ? means[which] : "n";
            memcpy(at, from, strlen(from));
            memcpy(to, is, strlen(is));
            at += strlen(from);
            to += strlen(is);
        }
    }
    *at++ = '"';
    *plain_len = (size_t)(to - plain);
    return (size_t)(at - json);
}

static void long_strings(void **unused)
{
    static char json[20000], plain[20000];
    uint64_t state = 5;
    unsigned refused = 0;
    (void)unused;
    for (int round = 0; round < 20000; round++) {
        size_t plain_len;
        const size_t len = long_string(&state, (unsigned)below(&state, 30), json, plain, &plain_len);
        char *text = exact(json, len), *room = malloc(len);
        td_json j;
        tierce_span span;
        td_json_start(&j, text, len, room);
        assert_true(td_json_string(&j, &span) && td_json_finish(&j));
        assert_int_equal(span.len, plain_len);
        assert_memory_equal(span.data, plain, plain_len);
        text[below(&state, len)] = "\"\\\nux"[below(&state, 5)]; /* may still be JSON, or not */
        td_json_start(&j, text, len, room);
        const bool good = td_json_string(&j, &span) && td_json_finish(&j);
        assert_int_equal(good, is_json(text, len, false));
        refused += !good;
        free(text);
        free(room);
    }
    assert_true(refused > 2000);
}

/* ---- limits ---- */

static char *nested(const char *open, const char *close, size_t n, size_t *len)
{
    const size_t a = strlen(open), b = strlen(close);
    char *text = malloc(n * (a + b) + 2);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * a, open, a);
    text[n * a] = '1';
    for (size_t i = 0; i < n; i++)
        memcpy(text + n * a + 1 + i * b, close, b);
    *len = n * (a + b) + 1;
    return text;
}

static void depth(void **unused)
{
    static const char *const open[] = {"[", "{\"a\":", "[{\"b\":"}, *const close[] = {"]", "}",
                                                                                      "}]"};
    td_error error;
    size_t len;
    (void)unused;
    for (int k = 0; k < 3; k++)
        for (size_t levels = 998; levels <= 1004; levels += 2) {
            char *text = nested(open[k], close[k], levels / (k == 2 ? 2 : 1), &len);
            td_node *root = td_dom_parse(text, len, "deep.json", &error);
            assert_int_equal(reads(text, len), levels <= 1000);
            assert_int_equal(root != NULL, levels <= 1000);
            td_dom_free(root);
            free(text);
        }
    char *text = malloc(10000000); /* ten million brackets, no stack that overflows */
    memset(text, '[', 10000000);
    assert_false(reads(text, 10000000));
    assert_null(td_dom_parse(text, 10000000, "deep.json", &error));
    free(text);
}

static bool number_of(const char *text, double *v)
{
    td_json json;
    td_json_start(&json, text, strlen(text), NULL);
    return td_json_number(&json, v) && td_json_finish(&json);
}

static void numbers(void **unused)
{
    char digits[500];
    double v;
    (void)unused;
    assert_true(number_of("0.1", &v) && v == 0.1);
    assert_true(number_of("-0", &v) && v == 0 && 1 / v < 0);
    assert_true(number_of("1e308", &v) && v == 1e308);
    assert_true(number_of("5e-324", &v) && v == 5e-324);
    assert_true(number_of("1e-999", &v) && v == 0);
    assert_false(number_of("1e309", &v) || number_of("-1e999", &v));
    memset(digits, '1', sizeof digits);
    digits[63] = 0;
    assert_true(number_of(digits, &v) && v > 1e62);
    digits[63] = '1';
    digits[64] = 0;
    assert_false(number_of(digits, &v));
    digits[64] = '1';
    digits[400] = 0;
    assert_false(number_of(digits, &v));
    assert_true(reads(digits, 400)); /* where it is skipped it does no harm */
    static const char *const none[] = {"",    "-",     "+1",   ".5",  "1.",   "01",  "-01",
                                       "1e",  "1e+",   "0x10", "NaN", "nan",  "Inf", "1_0",
                                       "1,0", "\"1\"", "1 2",  "--1", "1e1.5"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (number_of(none[i], &v))
            fail_msg("%s was read as %g", none[i], v);
}

/* After the first error every call says no and the first message stays. */
static void errors_are_sticky(void **unused)
{
    td_json json;
    tierce_span span;
    double v;
    bool flag, first = true;
    char strings[16];
    (void)unused;
    td_json_start(&json, "{\"a\" 1}", 7, strings);
    assert_true(td_json_enter(&json, '{'));
    assert_false(td_json_key(&json, &span, &first));
    const char *what = json.what, *where = json.where;
    assert_string_equal(what, "expected a colon after the key");
    assert_int_equal(where - json.start, 5);
    assert_int_equal(td_json_peek(&json), 0);
    assert_false(td_json_number(&json, &v) || td_json_string(&json, &span) ||
                 td_json_bool(&json, &flag) || td_json_null(&json) || td_json_skip(&json, NULL) ||
                 td_json_item(&json, &first) || td_json_enter(&json, '[') ||
                 td_json_finish(&json) || td_json_fail(&json, "later"));
    assert_ptr_equal(json.what, what);
    assert_ptr_equal(json.where, where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed), cmocka_unit_test(damaged),           cmocka_unit_test(long_strings),
        cmocka_unit_test(depth),
        cmocka_unit_test(numbers),     cmocka_unit_test(errors_are_sticky),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
