/* The HTTP head parser: what is taken, what is refused, at every cut; chunks in every split. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/http1.h"

static int status_of(const char *text)
{
    ds_http_head h;
    char *copy = malloc(strlen(text));
    memcpy(copy, text, strlen(text));
    const long n = ds_http_read(&h, copy, strlen(text));
    free(copy);
    return n < 0 ? h.status : n == 0 ? 0 : 200;
}

static void good_heads_are_read(void **state)
{
    static const char text[] = "POST /v1/chat/completions?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n"
                               "X-Tag:  a b \t\r\nEmpty:\r\nConnection: close\r\nExpect: 100-continue\r\n\r\nrest";
    ds_http_head h;
    (void)state;
    assert_int_equal(ds_http_read(&h, text, sizeof text - 1), sizeof text - 5);
    assert_true(ds_http_path_is(&h, "/v1/chat/completions"));
    assert_false(ds_http_path_is(&h, "/v1/chat"));
    assert_int_equal(h.length, 12);
    assert_false(h.keep_alive);
    assert_true(h.expects_continue);
    assert_int_equal(ds_http_find(&h, "x-tag").len, 3);
    assert_int_equal(ds_http_find(&h, "none").len, 0);
    for (size_t n = 0; n < sizeof text - 5; n++)
        assert_int_equal(ds_http_read(&h, text, n), 0);
    static const char tabs[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive,\tclose\r\n\r\n";
    assert_int_equal(ds_http_read(&h, tabs, sizeof tabs - 1), sizeof tabs - 1);
    assert_false(h.keep_alive);
    assert_int_equal(status_of("GET / HTTP/1.0\r\n\r\n"), 200);
    assert_int_equal(status_of("\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"), 200);
}

static void ambiguous_heads_are_refused(void **state)
{
#define P "POST / HTTP/1.1\r\nHost: x\r\n"
    (void)state;
    assert_int_equal(status_of(P "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400);
    assert_int_equal(status_of(P "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    assert_int_equal(status_of(P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 501);
    assert_int_equal(status_of(P "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501);
    assert_int_equal(status_of(P "Transfer-Encoding : chunked\r\n\r\n"), 400);
    assert_int_equal(status_of(P "Content-Length: +1\r\n\r\n"), 400);
    assert_int_equal(status_of(P "Content-Length: 1, 1\r\n\r\n"), 400);
    assert_int_equal(status_of(P "Content-Length: 9999999999999999999\r\n\r\n"), 400);
    assert_int_equal(status_of(P "A: b\r\n c: d\r\n\r\n"), 400);
    assert_int_equal(status_of(P "A: b\n\r\n"), 400);
    assert_int_equal(status_of(P "A: b\rc\r\n\r\n"), 400);
    assert_int_equal(status_of(P "Host: y\r\n\r\n"), 400);
    assert_int_equal(status_of("POST / HTTP/1.1\r\n\r\n"), 400);
    assert_int_equal(status_of("POST http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(status_of("POST  / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    assert_int_equal(status_of("POST / HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
    assert_int_equal(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400);
    assert_int_equal(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    assert_int_equal(status_of(P "Expect: gold\r\n\r\n"), 417);
    assert_int_equal(status_of("\x16\x03\x01\x02\n"), 400);
}

static void long_heads_are_refused(void **state)
{
    ds_http_head h;
    char *text = malloc(DS_HTTP_MAX_HEAD + 10);
    (void)state;
    memset(text, 'a', DS_HTTP_MAX_HEAD + 10);
    assert_int_equal(ds_http_read(&h, text, DS_HTTP_MAX_HEAD - 1), 0);
    assert_int_equal(ds_http_read(&h, text, DS_HTTP_MAX_HEAD), -1);
    assert_int_equal(h.status, 414);
    size_t n = (size_t)sprintf(text, P);
    for (int i = 0; i < 100; i++)
        n += (size_t)sprintf(text + n, "h%d: v\r\n", i);
    assert_int_equal(ds_http_read(&h, text, n), -1);
    assert_int_equal(h.status, 431);
    free(text);
}

static void dechunk(const char *in, size_t len, size_t piece, const char *want)
{
    ds_http_chunks c = {0};
    char out[64];
    size_t got = 0, i = 0;
    bool end = false, bad = false;
    while (i < len && !end && !bad) {
        const char *body;
        size_t n;
        const size_t some = piece < len - i ? piece : len - i;
        char *copy = malloc(some);
        memcpy(copy, in + i, some);
        const long used = ds_http_dechunk(&c, copy, some, &body, &n, &end);
        bad = used < 0 || got + n > sizeof out;
        if (!bad) {
            memcpy(out + got, body, n);
            got += n;
            i += (size_t)used;
        }
        free(copy);
    }
    if (want) {
        assert_true(end && !bad);
        assert_int_equal(got, strlen(want));
        assert_memory_equal(out, want, got);
    } else {
        assert_true(bad);
    }
}

static void chunks_in_every_split(void **state)
{
    static const char in[] = "5\r\nhello\r\n1;x=y\r\n \r\n00a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
    (void)state;
    for (size_t piece = 1; piece < sizeof in; piece++)
        dechunk(in, sizeof in - 1, piece, "hello 0123456789");
    static const char *const bad[] = {"\r\nx", "5\nhello", "5\r\nhelloX\r\n0\r\n\r\n", "-1\r\n", "g\r\n",
                                      "fffffffffffffffff\r\n", "0\r\n\nX", "0x5\r\nhello\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (size_t piece = 1; piece < 8; piece++)
            dechunk(bad[i], strlen(bad[i]), piece, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_heads_are_read),
        cmocka_unit_test(ambiguous_heads_are_refused),
        cmocka_unit_test(long_heads_are_refused),
        cmocka_unit_test(chunks_in_every_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
