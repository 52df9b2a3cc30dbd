/* Where serve listens: forms of an address, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/listen.h"

static void on_client(void *context, ds_conn *conn)
{
    (void)context, (void)conn;
}

static bool opens(ds_loop *loop, const char *address, unsigned *port)
{
    td_error error = {""};
    ds_listener *l = ds_listen(loop, address, false, on_client, NULL, &error);
    if (!l)
        assert_non_null(strstr(error.text, "must be ADDRESS:PORT"));
    else
        *port = ds_listener_port(l);
    ds_listener_free(l);
    return l != NULL;
}

static void test_addresses(void **unused)
{
    static const char *const good[] = {"127.0.0.1:0", ":0"};
    static const char *const bad[] = {"", "x", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1",
                                      "127.0.0.1: 1", "1.2.3.400:0", "::1:0", "[::1:0", "[]:0", "[127.0.0.1:0", "localhost:0",
                                      "127.0.0.1:99999999999999999999999"};
    ds_loop *loop = ds_loop_new();
    unsigned port = 0;
    (void)unused;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(opens(loop, good[i], &port));
        assert_in_range(port, 1, 65535);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(opens(loop, bad[i], &port));
    ds_loop_free(loop);
}

/* A second one at the same place is told what is wrong. */
static void test_taken(void **unused)
{
    td_error error = {""};
    char address[40];
    ds_loop *loop = ds_loop_new();
    (void)unused;
    ds_listener *first = ds_listen(loop, "127.0.0.1:0", false, on_client, NULL, &error);
    assert_non_null(first);
    snprintf(address, sizeof address, "127.0.0.1:%u", ds_listener_port(first));
    assert_null(ds_listen(loop, address, false, on_client, NULL, &error));
    assert_non_null(strstr(error.text, "is another program there already?"));
    ds_listener_free(first);
    ds_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses), cmocka_unit_test(test_taken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
