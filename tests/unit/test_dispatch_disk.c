/* Asking for the disk: numbers, sharing of calls, failures. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "infer/dispatch/disk.h"
#include "infer/dispatch/ledger.h"

static uint64_t wait_until(ds_disk *d, uint64_t number, uint64_t *broken)
{
    uint64_t done = 0;
    for (int i = 0; i < 200 && (done = ds_disk_done(d, broken)) < number; i++) {
        struct pollfd p = {ds_disk_fd(d), POLLIN, 0};
        assert_true(poll(&p, 1, 5000) == 1); /* news makes it readable */
    }
    return done;
}

static void test_numbers(void **unused)
{
    char path[] = "/tmp/tierce_disk_XXXXXX";
    td_error error;
    uint64_t broken = 99, last = 0;
    (void)unused;
    const int fd = mkstemp(path);
    ds_disk *d = ds_disk_open(path, &error);
    assert_non_null(d);
    assert_int_equal(ds_disk_done(d, &broken), 0);
    assert_int_equal(broken, 0);
    for (int i = 0; i < 5000; i++) {
        const uint64_t number = ds_disk_ask(d);
        assert_true(number > last);
        last = number;
    }
    assert_int_equal(wait_until(d, last, &broken), last);
    assert_int_equal(broken, 0);
    assert_true(ds_disk_now(d));
    ds_disk_ask(d); /* still under way when it is closed */
    ds_disk_close(d);
    close(fd);
    unlink(path);
}

/* /dev/null takes no fdatasync: who asked must hear it. */
static void test_failure(void **unused)
{
    td_error error;
    uint64_t broken = 0;
    (void)unused;
    ds_disk *d = ds_disk_open("/dev/null", &error);
    assert_non_null(d);
    const uint64_t number = ds_disk_ask(d);
    wait_until(d, number, &broken);
    assert_true(number < broken);
    assert_false(ds_disk_now(d));
    ds_disk_close(d);
    assert_null(ds_disk_open("/no/such/folder/file", &error));
    assert_non_null(strstr(error.text, "/no/such/folder/file"));
}

static void test_of_ledgers(void **unused)
{
    char folder[] = "/tmp/tierce_disk_XXXXXX", path[64];
    td_error error;
    uint64_t broken;
    bool good;
    (void)unused;
    assert_non_null(mkdtemp(folder));
    ds_ledger *in_memory = ds_ledger_open(":memory:", NULL, 0, 100, &error);
    assert_null(ds_ledger_disk(in_memory, &good, &error));
    assert_true(good);
    ds_ledger_close(in_memory);
    snprintf(path, sizeof path, "%s/l.db", folder);
    ds_ledger *l = ds_ledger_open(path, NULL, 0, 100, &error);
    ds_disk *d = ds_ledger_disk(l, &good, &error);
    assert_non_null(d);
    assert_ptr_equal(d, ds_ledger_disk(l, &good, &error));
    const uint64_t number = ds_disk_ask(d);
    assert_true(wait_until(d, number, &broken) >= number && broken == 0);
    ds_ledger_close(l);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* no WAL is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_failure),
                                       cmocka_unit_test(test_of_ledgers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
