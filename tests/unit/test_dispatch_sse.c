/* Server-sent events: every way to cut the bytes gives the same events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/sse.h"

/* Events as "name|data;" one behind the other. */
typedef struct {
    char text[4096];
    size_t len;
} seen;

static void note(void *context, const char *event, char *data, size_t len)
{
    seen *s = context;
    assert_int_equal(data[len], 0);
    s->len += (size_t)snprintf(s->text + s->len, sizeof s->text - s->len, "%s|%.*s;", event, (int)len, data);
    memset(data, 'x', len); /* it may be written into */
}

static void expect_cut(const char *stream, size_t len, size_t cut, size_t piece, const char *events)
{
    ds_sse sse = {0};
    seen s = {{0}, 0};
    if (piece)
        for (size_t i = 0; i < len; i += piece)
            assert_true(ds_sse_feed(&sse, stream + i, len - i < piece ? len - i : piece, note, &s));
    else {
        assert_true(ds_sse_feed(&sse, stream, cut, note, &s));
        assert_true(ds_sse_feed(&sse, stream + cut, len - cut, note, &s));
    }
    assert_true(ds_sse_finish(&sse, note, &s));
    assert_string_equal(s.text, events);
    ds_sse_free(&sse);
}

static const struct {
    const char *stream, *events;
} cases[] = {
    {"data: a\n\ndata: b\n\n", "|a;|b;"},
    {"data: a\r\n\r\ndata: b\r\n\r\n", "|a;|b;"},
    {"data: a\r\rdata: b\r\r", "|a;|b;"},
    {"data:a\n\n", "|a;"},
    {"data:  a\n\n", "| a;"},
    {"data: a\ndata: b\n\n", "|a\nb;"},
    {"data\n\n", "|;"},
    {"data:\ndata:\n\n", "|\n;"},
    {"\xef\xbb\xbf" "data: a\n\n", "|a;"},
    {"data: \xef\xbb\xbf\n\n", "|\xef\xbb\xbf;"},
    {": PROCESSING\n\n: ping\ndata: a\n\n:\n", "|a;"},
    {"event: error\ndata: {}\n\ndata: b\n\n", "error|{};|b;"},
    {"event: x\n\ndata: a\n\n", "|a;"},
    {"id: 7\nretry: 10\nunknown: z\nnocolon\ndata: a\n\n", "|a;"},
    {"data: a\n\n\n\n\ndata: b\n\n", "|a;|b;"},
    {"data: {\"x\":\"\xc3\xa4\xf0\x9f\x8c\x8d\"}\r\n\r\n", "|{\"x\":\"\xc3\xa4\xf0\x9f\x8c\x8d\"};"},
    {"data: open", "|open;"},
    {"data: a\n\ndata: open\n", "|a;|open;"},
    {"event: e\r\ndata: a\r\ndata: b\r\n\r\ndata: [DONE]\r\n\r\n", "e|a\nb;|[DONE];"},
    {"data: a\n\r\ndata: b\r\n\n", "|a;|b;"},
    {"", ""},
};

static void test_every_cut(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t len = strlen(cases[i].stream);
        for (size_t cut = 0; cut <= len; cut++)
            expect_cut(cases[i].stream, len, cut, 0, cases[i].events);
        for (size_t piece = 1; piece <= 5; piece++)
            expect_cut(cases[i].stream, len, 0, piece, cases[i].events);
    }
}

static void test_counts_signs_of_life(void **unused)
{
    ds_sse sse = {0};
    seen s = {{0}, 0};
    (void)unused;
    assert_true(ds_sse_feed(&sse, ": a\n\n: b\ndata: x\n\n", 19, note, &s));
    assert_int_equal(sse.comments, 2);
    assert_int_equal(sse.events, 1);
    ds_sse_reset(&sse);
    assert_int_equal(sse.comments, 0);
    assert_true(ds_sse_feed(&sse, "\xef\xbb\xbf" "data: y\n\n", 12, note, &s));
    assert_string_equal(s.text, "|x;|y;");
    ds_sse_free(&sse);
}

/* A name longer than we keep is cut, and a NUL in data is a byte like any other. */
static void test_odd_bytes(void **unused)
{
    static const char stream[] = "event: 0123456789012345678901234567890123456789\ndata: a\0b\n\n";
    ds_sse sse = {0};
    seen s = {{0}, 0};
    (void)unused;
    assert_true(ds_sse_feed(&sse, stream, sizeof stream - 1, note, &s));
    assert_memory_equal(s.text, "0123456789012345678901234567890|a", 33);
    assert_int_equal(sse.events, 1);
    ds_sse_free(&sse);
}

static void flood(const char *start, const char *again)
{
    ds_sse sse = {0};
    seen s = {{0}, 0};
    const size_t n = strlen(again);
    size_t fed = strlen(start);
    assert_true(ds_sse_feed(&sse, start, fed, note, &s));
    while (ds_sse_feed(&sse, again, n, note, &s)) {
        fed += n;
        assert_true(fed < DS_SSE_MAX_EVENT + 65536);
    }
    assert_true(sse.too_long);
    assert_true(sse.room <= 2 * DS_SSE_MAX_EVENT && sse.line_room <= 2 * DS_SSE_MAX_EVENT);
    assert_false(ds_sse_feed(&sse, "\n\n", 2, note, &s)); /* sticky */
    assert_false(ds_sse_finish(&sse, note, &s));
    assert_int_equal(s.len, 0);
    ds_sse_free(&sse);
}

static void test_endless_lines_and_events_are_refused(void **unused)
{
    char line[16384], event[16384];
    (void)unused;
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = 0;
    flood("data: ", line);
    flood(": ", line);
    memcpy(event, "data: ", 6);
    memset(event + 6, 'b', sizeof event - 8);
    event[sizeof event - 2] = '\n';
    event[sizeof event - 1] = 0;
    flood("data: x\n", event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_counts_signs_of_life),
        cmocka_unit_test(test_odd_bytes),
        cmocka_unit_test(test_endless_lines_and_events_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
