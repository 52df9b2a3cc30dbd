/* What an attempt is booked at when its usage is missing, half said, or cannot be. */
#include "tests/unit/unit.h"

#include "infer/dispatch/money.h"
#include "infer/dispatch/secret.h"

static ds_body body_of(size_t len)
{
    return (ds_body){.len = len, .n = 1, .max_output = -1};
}

static void made_good(void **unused)
{
    const ds_body body = body_of(400);
    bool guessed;
    (void)unused;
    const ds_usage said = {.known = true, .input = 100, .output = 20};
    ds_usage u = ds_usage_made_good(&said, &body, 80, &guessed);
    assert_false(guessed);
    assert_true(u.input == 100 && u.output == 20);
    u = ds_usage_made_good(&(ds_usage){0}, &body, 300, &guessed); /* nothing said */
    assert_true(guessed && u.known && u.input == 100 && u.output == 100);
    const ds_usage half = {.known = true, .no_input = true, .output = 20};
    u = ds_usage_made_good(&half, &body, 80, &guessed);
    assert_true(guessed && u.input == 100 && u.output == 20);
    u = ds_usage_made_good(&said, &body, 30000, &guessed); /* 1,500 bytes a token */
    assert_true(guessed && u.input == 100 && u.output == 10000);
    u = ds_usage_made_good(&said, &body, 20 * 16 + 256, &guessed); /* dense, but it can be */
    assert_false(guessed);
    const ds_usage cached = {.known = true, .cached = 90, .output = 20};
    u = ds_usage_made_good(&cached, &body, 80, &guessed); /* all of the input came from the cache */
    assert_true(!guessed && u.input == 0 && u.cached == 90);
}

static void unfinished(void **unused)
{
    (void)unused;
    /* nothing of the answer seen: all that was allowed may have been written */
    assert_true(ds_unfinished_usd(0.001, 0.01, 0.05, false) == 0.05);
    assert_true(ds_unfinished_usd(0.001, -1, 0.05, false) == 0.05);
    /* a stream that broke off: the expectation, within what was reserved */
    assert_true(ds_unfinished_usd(0.001, 0.01, 0.05, true) == 0.01);
    assert_true(ds_unfinished_usd(0.001, 0.10, 0.05, true) == 0.05);
    assert_true(ds_unfinished_usd(0.001, -1, 0.05, true) == 0.001);
    /* what was seen counts */
    assert_true(ds_unfinished_usd(0.09, 0.01, 0.05, true) == 0.09);
    assert_true(ds_unfinished_usd(0.09, 0.01, 0.05, false) == 0.09);
}

static void blanked(void **unused)
{
    char text[] = "Bearer sk-12345678 and sk-12345678sk-12345678 end";
    (void)unused;
    ds_blank_key(text, sizeof text - 1, "sk-12345678");
    assert_string_equal(text, "Bearer *********** and ********************** end");
    ds_blank_key(text, sizeof text - 1, NULL);
    ds_blank_key(text, sizeof text - 1, "end"); /* a word, by chance */
    assert_string_equal(text, "Bearer *********** and ********************** end");
    ds_blank_key(NULL, 0, "sk-12345678");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_good), cmocka_unit_test(unfinished), cmocka_unit_test(blanked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
