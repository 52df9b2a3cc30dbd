/* Pieces of the report: whatever comes in, no markup comes out. */
#include "tests/unit/unit.h"

#include <math.h>

#include "train/gnuplot.h"
#include "train/html.h"

static void says(const char *in, size_t len, const char *want)
{
    td_out out = {0};
    char *copy = exact(in, len);
    tr_html_text(&out, copy, len);
    td_put(&out, "", 1);
    assert_string_equal(out.at, want);
    free(out.at);
    free(copy);
}

static void text_is_escaped(void **state)
{
    (void)state;
    says("<b a=\"1\" c='2'>&", 16, "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    says("a\0b\x1b\x7f", 5, "a\xef\xbf\xbd" "b\xef\xbf\xbd\xef\xbf\xbd");
    says("\xc3\xa9\xf0\x9f\x98\x80", 6, "\xc3\xa9\xf0\x9f\x98\x80");
    says("\xc0\xbc", 2, "\xef\xbf\xbd\xef\xbf\xbd");             /* an overlong '<' */
    says("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
    says("\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd");             /* cut off */
}

static void any_bytes_make_no_markup(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int round = 0; round < 2000; round++) {
        char bytes[40];
        td_out out = {0};
        const size_t n = below(&random, sizeof bytes);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(below(&random, 3) ? any(&random) : (uint64_t)"<>&\"'\xc3"[below(&random, 6)]);
        char *copy = exact(bytes, n);
        tr_html_text(&out, copy, n);
        td_put(&out, "", 1);
        assert_null(strpbrk(out.at, "<>\"'"));
        assert_int_equal(strlen(out.at), out.len - 1);
        free(out.at);
        free(copy);
    }
}

static void figures_are_named(void **state)
{
    (void)state;
    td_out out = {0};
    tr_html_figure(&out, "a.b", "%.2f", 0.5);
    tr_html_cell(&out, "c", "%.1f", (double)NAN);
    tr_html_interval(&out, "d", "%.1f", (double)NAN, 1);
    td_put(&out, "", 1);
    assert_string_equal(out.at, "<span data-f=\"a.b\">0.50</span><td data-f=\"c\">n/a</td>");
    free(out.at);
}

static void pictures_take_names_escaped(void **state)
{
    (void)state;
    td_out out = {0};
    const char *names[] = {"<script>'\"`rm`"};
    if (!tr_gnuplot(&out, "set label 1 '@0@' at 0,0\nplot x lc rgb '#000001'\n", "one", "a line", names, 1)) {
        assert_int_equal(out.len, 0);
        skip();
    }
    td_put(&out, "", 1);
    assert_non_null(strstr(out.at, "&lt;script&gt;&#39;&quot;`rm`"));
    assert_non_null(strstr(out.at, "var(--c1)"));
    assert_null(strstr(out.at, "<script"));
    assert_null(strstr(out.at, "black"));
    out.len = 0;
    assert_false(tr_gnuplot(&out, "no such command\n", "two", "none", NULL, 0));
    assert_int_equal(out.len, 0);
    free(out.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(any_bytes_make_no_markup),
        cmocka_unit_test(figures_are_named),
        cmocka_unit_test(pictures_take_names_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
