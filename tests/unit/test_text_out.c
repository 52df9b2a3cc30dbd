/* Output: numbers as printf would write them, strings that are valid JSON whatever bytes they had.
 */
#include "tests/unit/unit.h"

#include <math.h>

#include "data/json.h"
#include "data/nearest.h"
#include "data/text_out.h"

static void number_is(double v, const char *wanted)
{
    td_out out = {0};
    td_put_number(&out, v);
    td_put(&out, "", 1);
    if (strcmp(out.at, wanted))
        fail_msg("%.17g: %s instead of %s", v, out.at, wanted);
    free(out.at);
}

static void numbers(void **unused)
{
    uint64_t state = 1;
    char wanted[40];
    (void)unused;
    number_is(0, "0");
    number_is(1, "1");
    number_is(0.5, "0.5");
    number_is(0.1234567, "0.123457");
    number_is(0.0123456789, "0.0123457");
    number_is(0.000123456789, "0.000123457"); /* the price of a request: no digit of six lost */
    number_is(0.00012, "0.00012");
    number_is(0.99999996, "1");
    number_is(0.09999999, "0.1");
    number_is(nextafter(1e-4, 0), "0.0001");
    number_is(nextafter(1e-5, 0), "1e-05");
    number_is(4e-7, "4e-07"); /* small is not nothing */
    number_is(12345678, "1.23457e+07");
    number_is(-0.5, "-0.5");
    number_is((double)NAN, "0");
    number_is((double)INFINITY, "0");
    for (int k = 0; k < 100000; k++) {
        double v = pow(10, between(&state, k % 2 ? -32 : -4, k % 2 ? 9 : 0));
        if (k % 3 == 0) { /* a tie between two decimals, as near as a double comes */
            snprintf(wanted, sizeof wanted, "%.5e", v);
            memmove(wanted + 8, wanted + 7, strlen(wanted + 7) + 1);
            wanted[7] = '5';
            v = strtod(wanted, NULL);
        }
        snprintf(wanted, sizeof wanted, "%.6g", v);
        number_is(v, wanted);
    }
}

/* Any bytes come out as a JSON string, and what is UTF-8 of them comes back. */
static void strings(void **unused)
{
    uint64_t state = 2;
    (void)unused;
    for (int round = 0; round < 3000; round++) {
        static const char *const some[] = {
            "a",    "\"",   "\\",       "\n",           "\t",
            "\x01", "\x7f", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
        char text[200], back[1400];
        size_t len = 0;
        const bool valid = round % 2;
        while (len < below(&state, 150)) {
            const char *s = some[below(&state, 10)];
            memcpy(text + len, s, strlen(s));
            len += strlen(s);
            if (!valid)
                text[len++] = (char)any(&state);
        }
        td_out out = {0};
        td_json json;
        tierce_span span;
        td_put_json(&out, text, len);
        td_json_start(&json, out.at, out.len, back);
        assert_true(td_json_string(&json, &span) && td_json_finish(&json));
        for (size_t i = 0; i < out.len; i++)
            assert_true((unsigned char)out.at[i] >= 0x20 && (valid || out.at[i] != 0x7f));
        if (valid) {
            assert_int_equal(span.len, len);
            assert_memory_equal(span.data, text, len);
        }
        free(out.at);
    }
    static const char *const broken[] = {"\x80",
                                         "\xc0\x80",
                                         "\xc1\xbf",
                                         "\xe0\x80\x80",
                                         "\xed\xa0\x80",
                                         "\xf0\x80\x80\x80",
                                         "\xf4\x90\x80\x80",
                                         "\xf5\x80\x80\x80",
                                         "\xe2\x82",
                                         "\xff"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken;
         i++) { /* a replacement character a byte */
        td_out out = {0};
        td_put_json(&out, broken[i], strlen(broken[i]));
        assert_int_equal(out.len, 2 + 6 * strlen(broken[i]));
        free(out.at);
    }
}

/* ---- memory ends ---- */

static void no_hole(void **unused)
{
    td_out out = {0};
    (void)unused;
    td_put(&out, "before", 6);
    assert_false(td_out_grow(&out, (size_t)1 << 60));
    assert_true(out.failed);
    td_put(&out, "after", 5); /* there was room for it */
    assert_int_equal(out.len, 6);
    td_out_reset(&out);
    td_put(&out, "again", 5);
    assert_false(out.failed);
    assert_int_equal(out.len, 5);
    assert_memory_equal(out.at, "again", 5);
    free(out.at);
}

/* ---- the nearest known word, for "did you mean" ---- */

static void nearest(void **unused)
{
    static const char *const list[] = {"prices", "outcomes", "name", "context_window", "tools"};
    (void)unused;
    assert_string_equal(td_nearest("pries", list, 5), "prices");
    assert_string_equal(td_nearest("naem", list, 5), "name"); /* a transposition is one step */
    assert_string_equal(td_nearest("tools", list, 5), "tools");
    assert_string_equal(td_nearest("contextwindow", list, 5), "context_window");
    assert_null(td_nearest("temperature", list, 5));
    assert_null(td_nearest("", list, 0));
    char longest[300];
    memset(longest, 'a', sizeof longest);
    longest[299] = 0;
    td_nearest(longest, list, 5); /* no matter how long */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers), cmocka_unit_test(strings),
                                       cmocka_unit_test(no_hole), cmocka_unit_test(nearest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
