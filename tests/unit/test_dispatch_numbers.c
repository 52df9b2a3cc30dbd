/* Descriptors whose numbers must not come back: held, or avoided where another thread was quicker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "infer/dispatch/numbers.h"

static void test_held(void **unused)
{
    ds_numbers k = {{0}, {0}, 0};
    const int fd = dup(0);
    (void)unused;
    assert_true(fd > 0);
    close(fd);
    ds_numbers_keep(&k, fd);
    for (int i = 0; i < 5; i++) {
        const int other = ds_numbers_avoid(&k, dup(0));
        assert_true(other > fd);
        close(other);
    }
    ds_numbers_release(&k);
    assert_int_equal(k.n, 0);
    const int again = dup(0);
    assert_int_equal(again, fd);
    close(again);
}

/* Another thread has the number when it is to be held, and gives it back later. */
static void test_taken(void **unused)
{
    ds_numbers k = {{0}, {0}, 0};
    const int theirs = dup(0);
    (void)unused;
    ds_numbers_keep(&k, theirs);
    assert_int_equal(k.n, 1);
    assert_false(k.held[0]);
    close(theirs);
    const int fresh = dup(0);
    assert_int_equal(fresh, theirs);
    const int other = ds_numbers_avoid(&k, fresh);
    assert_true(other >= 0 && other != theirs);
    assert_true(k.held[0]); /* by the fresh one */
    close(other);
    ds_numbers_release(&k);
    const int again = dup(0);
    assert_int_equal(again, theirs);
    close(again);
}

static void test_none(void **unused)
{
    ds_numbers k = {{0}, {0}, 0};
    (void)unused;
    assert_int_equal(ds_numbers_avoid(&k, -1), -1);
    assert_int_equal(ds_numbers_avoid(&k, 7), 7);
}

static void test_many(void **unused)
{
    ds_numbers k = {{0}, {0}, 0};
    int fds[DS_NUMBERS + 3];
    (void)unused;
    for (int i = 0; i < DS_NUMBERS + 3; i++)
        fds[i] = dup(0);
    for (int i = 0; i < DS_NUMBERS + 3; i++) {
        close(fds[i]);
        ds_numbers_keep(&k, fds[i]);
    }
    assert_int_equal(k.n, DS_NUMBERS);
    const int other = ds_numbers_avoid(&k, dup(0));
    for (int i = 0; i < DS_NUMBERS + 3; i++)
        assert_true(other != fds[i]); /* those beyond the table are held, too */
    close(other);
    ds_numbers_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_held), cmocka_unit_test(test_taken),
                                       cmocka_unit_test(test_none), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
