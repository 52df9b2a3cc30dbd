/* A stream through the relay: split anywhere, the same bytes come out; nothing before the answer
 * begins; usage that was not asked for is taken out; errors are kept back. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/relay.h"

#define ROLE "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}"
#define WORD "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\xc3\xa9\xe2\x9c\x93\"},\"finish_reason\":null}]}"
#define STOP "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7}}"
#define DONE "data: [DONE]"

/* Feeds `in` in pieces of `piece` bytes after a first one of `first`; returns what came out, malloc'ed. */
static char *pass(const char *in, size_t len, size_t first, size_t piece, bool drop, ds_relay *r, ds_reply *reply)
{
    td_out out = {0};
    ds_relay_start(r, reply, drop);
    for (size_t at = 0, n = first; at < len; at += n, n = piece) {
        n = n < len - at ? n : len - at;
        char *copy = malloc(n ? n : 1);
        memcpy(copy, in + at, n);
        ds_relay_feed(r, copy, n);
        free(copy);
        if (r->open) {
            td_put(&out, r->ready.at, r->ready.len);
            r->ready.len = 0;
        } else {
            assert_false(reply->began);
        }
    }
    ds_relay_finish(r);
    if (r->open)
        td_put(&out, r->ready.at, r->ready.len);
    td_put(&out, "", 1);
    return out.at;
}

static void same_bytes_at_every_split(void **state)
{
    static const char *const ends[] = {"\n\n", "\r\n\r\n", "\r\r", "\n\r\n"};
    (void)state;
    for (size_t e = 0; e < 4; e++) {
        char in[1400];
        ds_relay r = {0};
        ds_reply reply = {0};
        const int len = snprintf(in, sizeof in, ": ping%s" ROLE "%s" WORD "%sevent: x%s" STOP "%s" USAGE "%s" DONE "%s", ends[e],
                                 ends[e], ends[e], ends[e], ends[e], ends[e], ends[e]);
        for (size_t first = 1; first <= (size_t)len; first++) {
            char *out = pass(in, (size_t)len, first, (size_t)len, false, &r, &reply);
            assert_string_equal(out, in);
            assert_true(reply.finished && reply.done && reply.usage.known);
            assert_int_equal(reply.text_bytes, 6);
            free(out);
        }
        for (size_t piece = 1; piece < 40; piece++) {
            char *out = pass(in, (size_t)len, piece, piece, false, &r, &reply);
            assert_string_equal(out, in);
            free(out);
        }
        ds_relay_free(&r);
        ds_reply_free(&reply);
    }
}

static void usage_alone_is_taken_out(void **state)
{
    static const char in[] = ROLE "\n\n" WORD "\n\n" STOP "\n\n" USAGE "\n\n" DONE "\n\n", want[] = ROLE "\n\n" WORD "\n\n" STOP "\n\n" DONE "\n\n";
    ds_relay r = {0};
    ds_reply reply = {0};
    (void)state;
    for (size_t first = 1; first < sizeof in; first++) {
        char *out = pass(in, sizeof in - 1, first, 7, true, &r, &reply);
        assert_string_equal(out, want);
        assert_true(reply.usage.known);
        free(out);
    }
    ds_relay_free(&r);
    ds_reply_free(&reply);
}

static void nothing_before_it_begins(void **state)
{
    static const char in[] = ": ping\n\n" ROLE "\n\n: ping\n\n";
    ds_relay r = {0};
    ds_reply reply = {0};
    (void)state;
    char *out = pass(in, sizeof in - 1, 3, 3, false, &r, &reply);
    assert_string_equal(out, "");
    assert_false(r.open);
    free(out);
    ds_relay_free(&r);
    ds_reply_free(&reply);
}

static void an_error_is_kept_back(void **state)
{
    static const char in[] = ROLE "\n\n" WORD "\n\ndata: {\"error\":{\"message\":\"no\",\"code\":500}}\n\n" WORD "\n\n";
    ds_relay r = {0};
    ds_reply reply = {0};
    (void)state;
    char *out = pass(in, sizeof in - 1, 11, 11, false, &r, &reply);
    assert_string_equal(out, ROLE "\n\n" WORD "\n\n");
    assert_true(r.failed && reply.fault.there);
    free(out);
    ds_relay_free(&r);
    ds_reply_free(&reply);
}

static void an_endless_line_ends(void **state)
{
    ds_relay r = {0};
    ds_reply reply = {0};
    char piece[65536];
    size_t fed = 0;
    (void)state;
    memset(piece, 'x', sizeof piece);
    ds_relay_start(&r, &reply, false);
    while (!r.broken && fed < (size_t)64 << 20) {
        ds_relay_feed(&r, piece, sizeof piece);
        fed += sizeof piece;
    }
    assert_true(r.broken);
    ds_relay_free(&r);
    ds_reply_free(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_at_every_split), cmocka_unit_test(usage_alone_is_taken_out),
        cmocka_unit_test(nothing_before_it_begins),  cmocka_unit_test(an_error_is_kept_back),
        cmocka_unit_test(an_endless_line_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
