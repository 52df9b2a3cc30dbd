/* The ledger's pure functions: calendar periods and pace. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "infer/dispatch/ledger.h"

static void test_period_bounds(void **unused)
{
    static const struct {
        ds_period period;
        double at, start, end;
    } cases[] = {
        {DS_PERIOD_HOUR, 1795500000, 1795500000, 1795503600},  /* 2026-11-24 06:00:00 */
        {DS_PERIOD_HOUR, 1795503599.9, 1795500000, 1795503600},
        {DS_PERIOD_DAY, 1795500000, 1795478400, 1795564800},
        {DS_PERIOD_MONTH, 1795500000, 1793491200, 1796083200}, /* November 2026 */
        {DS_PERIOD_MONTH, 1796083199, 1793491200, 1796083200},
        {DS_PERIOD_MONTH, 1796083200, 1796083200, 1798761600}, /* December */
        {DS_PERIOD_MONTH, 1709164800, 1706745600, 1709251200}, /* 29 February 2024 */
        {DS_PERIOD_MONTH, 951782400, 949363200, 951868800},    /* 29 February 2000 */
        {DS_PERIOD_MONTH, 4107542399, 4105123200, 4107542400}, /* February 2100 has 28 days */
        {DS_PERIOD_MONTH, 0, 0, 2678400},
        {DS_PERIOD_DAY, -5, 0, 86400},
        {DS_PERIOD_DAY, (double)NAN, 0, 86400},
    };
    double start, end;
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ds_period_bounds(cases[i].period, cases[i].at, &start, &end);
        if (start != cases[i].start || end != cases[i].end)
            fail_msg("case %zu: %.0f to %.0f", i, start, end);
    }
    for (double at = 0; at < 5e9; at += 86400 * 3.7) { /* against the C library */
        const time_t t = (time_t)at;
        const struct tm *tm = gmtime(&t);
        ds_period_bounds(DS_PERIOD_MONTH, at, &start, &end);
        assert_true(start == floor((double)t / 86400) * 86400 - (tm->tm_mday - 1) * 86400.0);
        assert_true(at >= start && at < end);
    }
    ds_period_bounds(DS_PERIOD_EVER, 1795500000, &start, &end);
    assert_true(start == 0 && isinf(end));
}

static void test_pace(void **unused)
{
    ds_budget b = {.period = DS_PERIOD_DAY, .limit_usd = 10, .pace = true};
    const double midnight = 1795478400, noon = midnight + 43200;
    (void)unused;
    assert_true(ds_pace(&b, 0, midnight) == 1);
    assert_true(ds_pace(&b, 5, noon) == 1);    /* half and half */
    assert_true(ds_pace(&b, 2, noon) == 1);    /* slower than time: nothing to tighten */
    assert_true(ds_pace(&b, 7.5, noon) == 0.5); /* a quarter left for half the day */
    assert_true(ds_pace(&b, 9.99, noon) == 0.05);
    assert_true(ds_pace(&b, 10, noon) == 0.05);
    assert_true(ds_pace(&b, 100, noon) == 0.05);
    assert_true(ds_pace(&b, 9, midnight + 86399) == 1);
    b.period = DS_PERIOD_EVER;
    assert_true(ds_pace(&b, 4, noon) == 0.6); /* no time that passes: the money left */
    b.limit_usd = 0;
    assert_true(ds_pace(&b, 0, noon) == 0.05);
    b.pace = false;
    assert_true(ds_pace(&b, 9, noon) == 1);
    b = (ds_budget){.period = DS_PERIOD_HOUR, .limit_usd = 1, .pace = true};
    double before = 1;
    for (double spent = 0; spent <= 1; spent += 0.01) { /* monotone */
        const double p = ds_pace(&b, spent, noon + 1800);
        assert_true(p <= before && p >= 0.05 && p <= 1);
        before = p;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_period_bounds), cmocka_unit_test(test_pace)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
