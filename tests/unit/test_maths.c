/* exp and the logistic function, which must give the same bits everywhere, against libm. */
#include "tests/unit/unit.h"

#include <math.h>

#include "models/maths.h"

static void exponentials(void **unused)
{
    uint64_t state = 4;
    (void)unused;
    for (int k = 0; k < 200000; k++) {
        const double x = k < 1402 ? k - 701 : between(&state, k % 2 ? -50 : -700, k % 2 ? 50 : 700);
        const double wanted = exp(x);
        if (fabs(x) < 700 && !(fabs(tm_exp(x) - wanted) <= 4.5e-16 * wanted))
            fail_msg("exp(%.17g): %.17g against %.17g", x, tm_exp(x), wanted);
        const double p = tm_sigmoid(x);
        assert_true(p >= 0 && p <= 1 && fabs(p - 1 / (1 + exp(-x))) < 5e-16);
    }
    assert_true(tm_exp(0) == 1 && tm_exp(-701) == 0 && tm_exp(1e9) == tm_exp(700) &&
                tm_exp((double)-INFINITY) == 0);
    assert_true(tm_exp((double)NAN) == 0 && tm_sigmoid((double)INFINITY) == 1 &&
                tm_sigmoid((double)-INFINITY) == 0);
}

/* Many at once are each the same bits as one alone. */
static void side_by_side(void **unused)
{
    uint64_t state = 5;
    (void)unused;
    for (uint32_t n = 0; n < 100; n++) {
        double x[100], most = (double)-INFINITY, kept[100];
        for (uint32_t i = 0; i < n; i++) {
            kept[i] = x[i] = i % 7 == 3 ? -1e9 : i % 11 == 5 ? (double)NAN : between(&state, -60, 30);
            most = x[i] > most ? x[i] : most;
        }
        tm_exp_below(x, n, most, -40);
        for (uint32_t i = 0; i < n; i++)
            assert_true(x[i] == (kept[i] - most > -40 ? tm_exp(kept[i] - most) : 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exponentials), cmocka_unit_test(side_by_side)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
