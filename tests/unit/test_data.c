/* Likeness against the exact Jaccard index, batch lines, ranges, maps, exact numbers. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/batch_line.h"
#include "data/hash_map.h"
#include "data/likeness.h"
#include "data/line_range.h"
#include "data/record.h"
#include "data/record_raw.h"
#include "data/select.h"

/* ---- likeness ---- */

static uint64_t state_of_random = 88172645463325252u;

static unsigned random_below(unsigned n)
{
    state_of_random ^= state_of_random << 13;
    state_of_random ^= state_of_random >> 7;
    state_of_random ^= state_of_random << 17;
    return (unsigned)(state_of_random >> 33) % n;
}

static td_signature sign(const char *text)
{
    tierce_part part;
    td_signature s = {.tag = 0};
    const tierce_request r = tierce_request_of_prompt(&part, text, strlen(text));
    td_sign(&s, &r);
    return s;
}

/* Words are numbers, so runs of three are numbers too: the exact index by brute force. */
static double exact(const unsigned *a, size_t n, const unsigned *b, size_t m)
{
    size_t both = 0, either = 0;
    for (int side = 0; side < 2; side++) {
        const unsigned *x = side ? b : a, *y = side ? a : b;
        const size_t nx = side ? m : n, ny = side ? n : m;
        for (size_t i = 0; i + 3 <= nx; i++) {
            bool again = false, there = false;
            for (size_t k = 0; k < i; k++)
                again = again || !memcmp(x + k, x + i, 3 * sizeof *x);
            for (size_t k = 0; k + 3 <= ny; k++)
                there = there || !memcmp(y + k, x + i, 3 * sizeof *x);
            either += !again && !(side && there);
            both += !again && !side && there;
        }
    }
    return (double)both / (double)either;
}

static void text_of(char *text, const unsigned *words, size_t n)
{
    char *at = text;
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, "%sw%u", i ? (i % 7 ? " " : ",\n") : "", words[i]);
}

static void likeness_is_jaccard(void **state)
{
    enum { PAIRS = 300, N = 120 };
    double worst = 0, square = 0, sum = 0;
    (void)state;
    for (int p = 0; p < PAIRS; p++) {
        unsigned a[N], b[N];
        char x[N * 8], y[N * 8];
        for (size_t i = 0; i < N; i++)
            a[i] = random_below(5000);
        memcpy(b, a, sizeof a);
        for (int k = (int)random_below(30); k > 0; k--)
            b[random_below(N)] = random_below(5000);
        text_of(x, a, N);
        text_of(y, b, N);
        const td_signature s = sign(x), t = sign(y);
        const double error = td_likeness(&s, &t) - exact(a, N, b, N);
        worst = fabs(error) > worst ? fabs(error) : worst;
        square += error * error;
        sum += error;
    }
    /* a standard error of at most .5/sqrt(128) = .044, no bias, nothing beyond five of them */
    assert_true(sqrt(square / PAIRS) < 0.045);
    assert_true(fabs(sum / PAIRS) < 0.012);
    assert_true(worst < 0.22);
}

static void likeness_details(void **state)
{
    (void)state;
    const td_signature a = sign("The quick, brown fox!"), b = sign("the QUICK brown\n\n fox"), none = sign(" ?! ");
    const td_signature one = sign("yes"), other = sign("no"), two = sign("yes sir");
    assert_true(td_likeness(&a, &b) == 1);
    assert_true(none.empty && td_likeness(&none, &none) == 0);
    assert_true(td_likeness(&one, &one) == 1 && td_likeness(&one, &other) < 0.1 && td_likeness(&one, &two) < 0.1);
}

static void alike_are_found(void **state)
{
    enum { N = 400 };
    td_signature *s = calloc(N, sizeof *s);
    char text[2000];
    td_likes likes;
    (void)state;
    for (unsigned i = 0; i < N; i++) { /* 100 families of 4: two tags in each but the last ten */
        unsigned w[100];
        state_of_random = 1000003u * (i / 4 + 1);
        for (int k = 0; k < 100; k++)
            w[k] = random_below(100000);
        w[10] = i; /* 3 of 98 runs differ */
        text_of(text, w, 100);
        s[i] = sign(text);
        s[i].tag = i / 4 < 90 ? i % 2 : 0;
        s[i].group = i;
    }
    assert_true(td_find_alike(s, N, 0.8, &likes));
    assert_int_equal(likes.alike, 360);
    assert_int_equal(likes.unchecked, 0);
    assert_int_equal(likes.first / 4, likes.with / 4);
    for (unsigned i = 0; i < N; i++)
        s[i].group = i / 4; /* the same request again is no near-duplicate */
    assert_true(td_find_alike(s, N, 0.8, &likes));
    assert_int_equal(likes.alike, 0);
    assert_true(td_find_alike(NULL, 0, 0.8, &likes));
    free(s);
}

static void same_requests(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"{\"prompt\":\" a  b\\n\"}", "{\"messages\":[{\"role\":\"user\",\"content\":\"a b\"}]}", true},
        {"{\"prompt\":\"a b\"}", "{\"prompt\":\"ab\"}", false},
        {"{\"prompt\":\"a\"}", "{\"prompt\":\"A\"}", false},
        {"{\"messages\":[{\"role\":\"system\",\"content\":\"a\"}]}", "{\"prompt\":\"a\"}", false},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"b\"}]}", "{\"prompt\":\"a b\"}", false},
        {"{\"prompt\":\"a\",\"tools\":[{\"name\":\"f\"}]}", "{\"prompt\":\"a\"}", false},
        {"{\"prompt\":\"a\",\"temperature\":1}", "{\"prompt\":\"a\"}", true},
        {"{\"prompt\":\"a\",\"tools\":[{\"name\":\"f\",\"description\":\"g\"}]}",
         "{\"prompt\":\"a\",\"tools\":[{\"name\":\"g\",\"description\":\"f\"}]}", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t h[2];
        for (int side = 0; side < 2; side++) {
            td_request q = {0};
            td_record r;
            const char *what, *line = side ? rows[i].b : rows[i].a;
            size_t where;
            assert_true(td_parse_line(&q, NULL, &r, line, strlen(line), TD_WANT_REQUESTS, &what, &where));
            h[side] = td_request_hash(r.request);
            td_request_free(&q);
        }
        if ((h[0] == h[1]) != rows[i].same)
            fail_msg("row %zu", i);
    }
}

/* ---- batch lines ---- */

static void splices(void **state)
{
    static const struct {
        const char *line, *want; /* NULL: refused */
    } rows[] = {
        {"{\"custom_id\":\"1\",\"body\":{\"model\":\"old\",\"x\":1}}", "{\"custom_id\":\"1\",\"body\":{\"model\":\"N\",\"x\":1}}\n"},
        {"{\"body\":{\"x\":{\"model\":2},\"model\":null},\"custom_id\":\"1\"}", "{\"body\":{\"x\":{\"model\":2},\"model\":\"N\"},\"custom_id\":\"1\"}\n"},
        {"{\"custom_id\":\"1\",\"body\":{}}", "{\"custom_id\":\"1\",\"body\":{\"model\": \"N\"}}\n"},
        {"{\"custom_id\":\"1\",\"body\":{ \"x\":1}}", "{\"custom_id\":\"1\",\"body\":{\"model\": \"N\",  \"x\":1}}\n"},
        {" {\"custom_id\" : \"\\u0031\" , \"body\" : {\"model\" : [1,{\"a\":\"}\"}] } } ", " {\"custom_id\" : \"\\u0031\" , \"body\" : {\"model\" : \"N\" } } \n"},
        {"{\"custom_id\":\"1\",\"body\":{\"model\":1,\"model\":2}}", NULL},
        {"{\"custom_id\":\"1\",\"body\":{},\"body\":{}}", NULL},
        {"{\"custom_id\":\"1\",\"custom_id\":\"1\",\"body\":{}}", NULL},
        {"{\"custom_id\":1,\"body\":{}}", NULL},
        {"{\"custom_id\":\"1\",\"body\":[]}", NULL},
        {"{\"custom_id\":\"1\"}", NULL},
        {"{\"custom_id\":\"\",\"body\":{}}", NULL},
        {"{\"body\":{}}", NULL},
        {"{\"custom_id\":\"1\",\"body\":{}} x", NULL},
        {"[]", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t n = strlen(rows[i].line);
        char *copy = malloc(n ? n : 1), *text = malloc(n ? n : 1);
        td_batch_line line;
        const char *what = NULL;
        size_t where;
        td_out out = {0};
        memcpy(copy, rows[i].line, n);
        const bool good = td_batch_line_read(&line, copy, n, text, &what, &where);
        if (good != (rows[i].want != NULL) || good == (what != NULL) || where > n)
            fail_msg("row %zu: %s", i, what ? what : "accepted");
        if (good) {
            td_batch_line_put(&out, &line, copy, n, "N");
            assert_int_equal(out.len, strlen(rows[i].want));
            assert_memory_equal(out.at, rows[i].want, out.len);
        }
        free(out.at);
        free(copy);
        free(text);
    }
}

/* ---- ranges ---- */

static void ranges(void **state)
{
    static const char text[] = "one\n\ntwo\r\n\xff\xfe three\nlast";
    char path[] = "/tmp/tierce_range_XXXXXX";
    const int fd = mkstemp(path);
    const uint64_t size = sizeof text - 1;
    (void)state;
    assert_true(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    close(fd);
    for (uint64_t a = 0; a <= size + 1; a++)
        for (uint64_t b = a; b <= size + 2; b++) {
            td_error error;
            td_line_range *r = td_range_open(path, a, b, 0, &error);
            char got[64] = "", want[64] = "", *line;
            size_t len;
            uint64_t number = 1;
            assert_non_null(r);
            while (td_lines_next(td_range_lines(r), &line, &len, &error) == TD_LINE)
                if (len)
                    sprintf(got + strlen(got), "%llu:%.*s;",
                            (unsigned long long)(td_range_lines_before(r) + td_lines_number(td_range_lines(r))), (int)len, line);
            td_range_close(r);
            for (const char *at = text; at < text + size; number++) { /* lines whose first byte is in a..b-1 */
                const size_t n = strcspn(at, "\n"), bare = n && at[n - 1] == '\r' ? n - 1 : n;
                const uint64_t start = (uint64_t)(at - text);
                if (bare && start >= a && start < b)
                    sprintf(want + strlen(want), "%llu:%.*s;", (unsigned long long)number, (int)bare, at);
                at += n + 1;
            }
            assert_string_equal(got, want);
        }
    unlink(path);
    uint64_t from, to;
    assert_true(td_parse_range("3-9", &from, &to) && from == 3 && to == 9);
    assert_true(td_parse_range("3-", &from, &to) && from == 3 && to == UINT64_MAX);
    assert_true(td_parse_range("-9", &from, &to) && from == 0 && to == 9);
    assert_false(td_parse_range("9-3", &from, &to) || td_parse_range("3", &from, &to) || td_parse_range("", &from, &to) ||
                 td_parse_range("99999999999999999999999-", &from, &to) || td_parse_range("1-2-3", &from, &to));
}

/* ---- the rest ---- */

static void maps(void **state)
{
    td_map map = {0};
    bool fresh;
    (void)state;
    assert_null(td_map_find(&map, 1));
    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t *v = td_map_at(&map, td_hash_bytes(0, &i, sizeof i), &fresh);
        assert_true(v && fresh);
        *v = i;
    }
    for (uint64_t i = 0; i < 20000; i++) {
        const uint64_t *v = td_map_find(&map, td_hash_bytes(0, &i, sizeof i));
        assert_true(v && *v == i);
    }
    assert_int_equal(map.n, 20000);
    assert_true(td_map_at(&map, 0, &fresh) && fresh); /* 0 is a key like any other */
    td_map_free(&map);
}

static void exact_numbers(void **state)
{
    static const double values[] = {0, 1, 0.1, 0.5, 1.0 / 3, 0.30000000000000004, 1e-7, 123456789012345678.0, 5e-324, 1e300};
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        td_out out = {0};
        td_put_exact(&out, values[i]);
        td_put(&out, "", 1);
        assert_true(strtod(out.at, NULL) == values[i]);
        free(out.at);
    }
    td_out out = {0};
    td_put_exact(&out, 0.1);
    assert_int_equal(out.len, 3);
    free(out.at);
}

static void shares(void **state)
{
    td_split_options o;
    (void)state;
    assert_true(td_parse_shares("80/20", &o) && o.n == 2 && o.share[0] == 4 && o.share[1] == 1);
    assert_true(td_parse_shares("70/15/15", &o) && o.n == 3 && o.share[0] == 14 && o.share[2] == 3);
    assert_false(td_parse_shares("100", &o) || td_parse_shares("80/", &o) || td_parse_shares("0/1", &o) ||
                 td_parse_shares("a/b", &o) || td_parse_shares("-1/2", &o) || td_parse_shares("", &o));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likeness_is_jaccard), cmocka_unit_test(likeness_details), cmocka_unit_test(alike_are_found),
        cmocka_unit_test(same_requests),       cmocka_unit_test(splices),          cmocka_unit_test(ranges),
        cmocka_unit_test(maps),                cmocka_unit_test(exact_numbers),    cmocka_unit_test(shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
