/* Budgets, one process: what is reserved, settled, refused; on an SQLite file and on Redis. */
#undef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#include "tests/unit/ledger_places.h"

#include <sqlite3.h>

/* ---- one ledger ---- */

static void test_reserve_and_settle(void **unused)
{
    const ds_budget b = {.name = "day", .period = DS_PERIOD_DAY, .limit_usd = 1};
    ds_ledger *l = open_at(where, &b, 1);
    ds_ticket t, u, v;
    size_t which = 9;
    (void)unused;
    expect_total(l, 0, 0);
    assert_true(take(l, &nobody, 0.4, now, &t, &which));
    assert_true(take(l, &nobody, 0.6, now, &u, &which)); /* exactly reached is not exceeded */
    assert_false(take(l, &nobody, 1e-9, now, &v, &which));
    assert_int_equal(which, 0);
    assert_true(take(l, &nobody, 0, now, &v, &which));
    give(l, &v, 0);
    expect_total(l, 1, 1);
    give(l, &t, 0.1);
    expect_total(l, 0.7, 0.6);
    give(l, &t, 0.1); /* harmless */
    expect_total(l, 0.7, 0.6);
    give(l, &u, 0.8); /* dearer than thought: booked as it is */
    expect_total(l, 0.9, 0);
    assert_true(ds_ledger_spent(l, &nobody, 0, now) == 0.9);
    assert_true(ds_ledger_spent(l, &nobody, 1, now) == -1);
    assert_true(take(l, &nobody, 0.1, now, &t, &which));
    give(l, &t, 0); /* given back */
    expect_total(l, 0.9, 0);
    ds_ledger_close(l);
    l = open_at(where, &b, 1);
    expect_total(l, 0.9, 0);
    assert_false(take(l, &nobody, 0.2, now, &t, &which));
    ds_ledger_close(l);
}

static void test_nothing_is_lost_in_sums(void **unused)
{
    const ds_budget b = {.name = "x", .period = DS_PERIOD_EVER, .limit_usd = 100};
    ds_ledger *l = open_at(where, &b, 1);
    ds_ticket t;
    size_t which;
    (void)unused;
    for (int i = 0; i < 1000; i++) {
        assert_true(take(l, &nobody, 0.001, now, &t, &which));
        give(l, &t, 0.0001);
    }
    expect_total(l, 0.1, 0);
    assert_true(take(l, &nobody, 1e-13, now, &t, &which)); /* never free: rounded up, up to a thousandth */
    give(l, &t, 1.2e-9);
    expect_total(l, 0.100000002, 0);
    ds_ledger_close(l);
}

static void test_all_or_none(void **unused)
{
    const ds_budget b[] = {{.name = "all", .period = DS_PERIOD_DAY, .limit_usd = 10},
                           {.name = "pro", .period = DS_PERIOD_HOUR, .limit_usd = 1, .tier = "pro"},
                           {.name = "alice", .period = DS_PERIOD_MONTH, .limit_usd = 2, .key = "alice"}};
    const ds_payer flash = {"flash", "bob", ""}, pro = {"pro", "bob", ""}, alice = {"pro", "alice", "x"};
    ds_ledger *l = open_at(where, b, 3);
    ds_ticket t;
    size_t which;
    (void)unused;
    assert_true(take(l, &flash, 3, now, &t, &which));
    assert_false(take(l, &pro, 3, now, &t, &which));
    assert_int_equal(which, 1);
    assert_true(ds_ledger_spent(l, &pro, 0, now) == 3); /* the first budget took nothing of it */
    assert_true(take(l, &alice, 0.75, now, &t, &which));
    assert_false(take(l, &alice, 0.75, now, &t, &which));
    assert_int_equal(which, 1);
    assert_true(ds_ledger_spent(l, &flash, 1, now) == 0.75); /* whoever asks: the budget is pro's */
    assert_true(ds_ledger_spent(l, &flash, 2, now) == 0.75);
    assert_true(ds_ledger_spent(l, &nobody, 0, now) == 3.75);
    ds_ledger_close(l);
}

static void test_each_key_apart(void **unused)
{
    const ds_budget b[] = {{.name = "key", .period = DS_PERIOD_DAY, .limit_usd = 1, .key = "*"},
                           {.name = "tag", .period = DS_PERIOD_DAY, .limit_usd = 2, .tag = "team"}};
    static const char long_a[] = "a-key-that-is-much-longer-than-the-room-which-a-name-has-in-the-ledger-A";
    static const char long_b[] = "a-key-that-is-much-longer-than-the-room-which-a-name-has-in-the-ledger-B";
    const char *const keys[] = {"a", "b", "", "=", "*", "a|b", long_a, long_b, "'; DROP TABLE account; --", "\xff\n"};
    ds_ledger *l = open_at(where, b, 2);
    ds_ticket t;
    size_t which;
    (void)unused;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const ds_payer p = {"t", keys[i], ""};
        assert_true(take(l, &p, 1, now, &t, &which));
        assert_false(take(l, &p, 0.1, now, &t, &which));
        assert_int_equal(which, 0);
        assert_true(ds_ledger_spent(l, &p, 0, now) == 1);
    }
    const ds_payer team = {"t", "c", "team"}, other = {"t", "d", "team"}, third = {"t", "e", "team"};
    assert_true(take(l, &team, 1, now, &t, &which));
    assert_true(take(l, &other, 1, now, &t, &which));
    assert_false(take(l, &third, 1, now, &t, &which));
    assert_int_equal(which, 1);
    expect_total(l, 12, 12);
    ds_ledger_close(l);
}

static void test_periods_roll_over(void **unused)
{
    const ds_budget b[] = {{.name = "hour", .period = DS_PERIOD_HOUR, .limit_usd = 1},
                           {.name = "ever", .period = DS_PERIOD_EVER, .limit_usd = 2.5}};
    ds_ledger *l = open_at(where, b, 2);
    ds_ticket t, late;
    size_t which;
    (void)unused;
    assert_true(take(l, &nobody, 1, now, &late, &which));
    assert_false(take(l, &nobody, 1, now + 3500, &t, &which));
    assert_int_equal(which, 0);
    assert_true(take(l, &nobody, 1, now + 3600, &t, &which));
    give(l, &late, 0.5); /* belongs to the hour that it was reserved in */
    assert_true(ds_ledger_spent(l, &nobody, 0, now) == 0.5);
    assert_true(ds_ledger_spent(l, &nobody, 0, now + 3600) == 1);
    assert_true(ds_ledger_spent(l, &nobody, 0, now + 7200) == 0);
    assert_false(take(l, &nobody, 1.1, now + 7200, &t, &which));
    assert_int_equal(which, 0);
    assert_true(take(l, &nobody, 1, now + 7200, &t, &which));
    assert_false(take(l, &nobody, 0.1, now + 10800, &t, &which));
    assert_int_equal(which, 1);
    ds_ledger_close(l);
}

/* A budget that is written down in the middle of its period knows what was spent before, reservations included,
 * and follows them when they are settled. */
static void test_new_budgets_know_the_past(void **unused)
{
    const ds_budget b[] = {{.name = "day", .period = DS_PERIOD_DAY, .limit_usd = 5, .tier = "pro"},
                           {.name = "month", .period = DS_PERIOD_MONTH, .limit_usd = 5, .key = "*"},
                           {.name = "ever", .period = DS_PERIOD_EVER, .limit_usd = 5, .tag = "x"}};
    const ds_payer pro = {"pro", "alice", "x"}, flash = {"flash", "alice", ""};
    ds_ledger *l = open_at(where, NULL, 0), *m;
    ds_ticket t, open, more;
    size_t which;
    (void)unused;
    assert_true(take(l, &pro, 1, now, &t, &which));
    give(l, &t, 1);
    assert_true(take(l, &pro, 2, now, &open, &which));
    assert_true(take(l, &flash, 0.5, now, &t, &which));
    give(l, &t, 0.5);
    m = open_at(where, b, 3);
    assert_true(ds_ledger_spent(m, &pro, 0, now) == 3);
    assert_true(ds_ledger_spent(m, &pro, 1, now) == 3.5);
    assert_true(ds_ledger_spent(m, &pro, 2, now) == 3);
    assert_false(take(m, &pro, 2.5, now, &more, &which));
    assert_true(take(m, &pro, 1, now, &more, &which));
    give(l, &open, 4); /* by the process that has no budgets */
    assert_true(ds_ledger_spent(m, &pro, 0, now) == 6);
    assert_true(ds_ledger_spent(m, &pro, 1, now) == 6.5);
    assert_true(ds_ledger_spent(m, &pro, 2, now) == 6);
    give(m, &more, 0);
    assert_true(ds_ledger_spent(l, &pro, 0, now) == -1); /* not its budget */
    ds_ledger_close(l);
    ds_ledger_close(m);
}

static void test_amounts_that_are_none(void **unused)
{
    const ds_budget b = {.name = "x", .period = DS_PERIOD_DAY, .limit_usd = 1};
    const double bad[] = {-1, (double)NAN, (double)INFINITY, 1e9};
    ds_ledger *l = open_at(where, &b, 1);
    ds_ticket t;
    size_t which;
    td_error error;
    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ds_ledger_reserve(l, &nobody, bad[i], now, &t, &which, &error), DS_LEDGER_BROKEN);
        assert_int_equal(t.id, 0);
        assert_true(take(l, &nobody, 0.1, now, &t, &which));
        assert_false(ds_ledger_settle(l, &t, bad[i], &error));
        assert_true(t.id != 0);
        give(l, &t, 0);
    }
    expect_total(l, 0, 0);
    ds_ledger_close(l);
    const ds_budget wrong = {.name = "minus", .period = DS_PERIOD_DAY, .limit_usd = -1};
    assert_null(ds_ledger_open(where, &wrong, 1, 100, &error));
    assert_non_null(strstr(error.text, "minus"));
}

/* Reservations of a day ago belong to the dead: booked, no longer open. If one is settled after all (a clock was wrong),
 * its cost is booked as it is. */
static void test_old_reservations_are_booked(void **unused)
{
    const ds_budget b = {.name = "x", .period = DS_PERIOD_EVER, .limit_usd = 10};
    ds_ledger *l = open_at(where, &b, 1);
    ds_ticket old, dear, young;
    size_t which;
    (void)unused;
    assert_true(take(l, &nobody, 2, now - 2 * 86400, &old, &which));
    assert_true(take(l, &nobody, 0.25, now - 2 * 86400, &dear, &which));
    assert_true(take(l, &nobody, 1, now, &young, &which));
    ds_ledger_close(open_at(where, NULL, 0)); /* any process that opens it tidies up */
    expect_total(l, 3.25, 1);
    give(l, &dear, 4); /* dearer than thought */
    expect_total(l, 7, 1);
    give(l, &old, 0.5);
    give(l, &young, 0.5);
    expect_total(l, 5, 0);
    assert_true(ds_ledger_spent(l, &nobody, 0, now) == 5);
    ds_ledger_close(l);
}

/* To a clock that is two years ahead the day with the bookings is two years ago: it stays. What goes is older than the
 * last 400 days with bookings. */
static void test_a_clock_ahead_drops_nothing(void **unused)
{
    const ds_budget b = {.name = "day", .period = DS_PERIOD_DAY, .limit_usd = 1};
    const double day = 86400, then = now - 2 * 365 * day;
    ds_ledger *l = open_at(where, &b, 1);
    ds_ticket t;
    size_t which;
    (void)unused;
    assert_true(take(l, &nobody, 1, then, &t, &which));
    give(l, &t, 1);
    assert_true(take(l, &nobody, 0.5, now, &t, &which));
    ds_ledger_close(l);
    ds_ledger_close(open_at(where, NULL, 0));
    l = open_at(where, &b, 1);
    assert_true(ds_ledger_spent(l, &nobody, 0, then) == 1);
    assert_false(take(l, &nobody, 0.1, then, &t, &which));
    for (int i = 0; i < 410; i++) {
        assert_true(take(l, &nobody, 0.25, then + (i - 20) * day - (i < 20 ? 400 * day : 0), &t, &which) || i == 20);
        give(l, &t, 0.25);
    }
    ds_ledger_close(l);
    l = open_at(where, &b, 1);
    assert_true(ds_ledger_spent(l, &nobody, 0, then - 420 * day) == 0); /* 411 days with bookings: the first ones go */
    assert_true(ds_ledger_spent(l, &nobody, 0, then - 401 * day) == 0.25);
    assert_true(ds_ledger_spent(l, &nobody, 0, then) == 1);
    expect_total(l, 1 + 0.5 + 409 * 0.25, 0.5);
    ds_ledger_close(l);
}

/* Dropped by somebody: what the request cost beyond is booked. */
static void test_a_reservation_that_is_gone(void **unused)
{
    ds_ledger *l = open_at(where, NULL, 0);
    ds_ticket dear, cheap;
    size_t which;
    sqlite3 *db;
    (void)unused;
    assert_true(take(l, &nobody, 1, now, &dear, &which));
    assert_true(take(l, &nobody, 1, now, &cheap, &which));
    assert_int_equal(sqlite3_open(where, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM ticket", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    give(l, &dear, 3);
    give(l, &cheap, 0.5);
    expect_total(l, 4, 0);
    ds_ledger_close(l);
}

/* The file is moved away, comes back, is deleted, and another process makes a new one. */
static void test_a_file_that_goes(void **unused)
{
    const ds_budget b = {.name = "x", .period = DS_PERIOD_EVER, .limit_usd = 2};
    ds_ledger *l = open_at(where, &b, 1);
    ds_ticket t, u, v;
    size_t which;
    td_error error;
    char away[400];
    (void)unused;
    snprintf(away, sizeof away, "%s.away", where);
    assert_true(take(l, &nobody, 1, now, &t, &which));
    assert_true(take(l, &nobody, 0.5, now, &u, &which));
    assert_int_equal(ds_ledger_look(l), DS_LEDGER_HERE);
    assert_int_equal(rename(where, away), 0);
    assert_int_equal(ds_ledger_look(l), DS_LEDGER_GONE);
    assert_int_equal(ds_ledger_reserve(l, &nobody, 0.1, now, &v, &which, &error), DS_LEDGER_BROKEN);
    assert_non_null(strstr(error.text, "is gone"));
    assert_false(ds_ledger_settle(l, &t, 0.75, &error));
    assert_non_null(strstr(error.text, "is gone"));
    assert_int_equal(rename(away, where), 0);
    assert_int_equal(ds_ledger_look(l), DS_LEDGER_MOVED);
    expect_total(l, 1.5, 1.5);
    give(l, &t, 0.75);
    expect_total(l, 1.25, 0.5);
    assert_true(take(l, &nobody, 0.25, now, &t, &which));
    assert_int_equal(unlink(where), 0);
    assert_int_equal(ds_ledger_reserve(l, &nobody, 0.1, now, &v, &which, &error), DS_LEDGER_BROKEN);
    ds_ledger *m = open_at(where, &b, 1);
    assert_true(take(m, &nobody, 1, now, &v, &which));
    /* it is the new one's alone */
    assert_false(ds_ledger_settle(l, &u, 0.5, &error));
    assert_non_null(strstr(error.text, "another file stands"));
    assert_int_equal(ds_ledger_look(l), DS_LEDGER_GONE);
    expect_total(m, 1, 1);
    give(m, &v, 0.5);
    expect_total(m, 0.5, 0);
    ds_ledger_close(m);
    ds_ledger_close(l);
}

#define ON(test) {#test " on " STORE, test, fresh, NULL, NULL}
#define SHARED \
    ON(test_reserve_and_settle), ON(test_nothing_is_lost_in_sums), ON(test_all_or_none), ON(test_each_key_apart), \
        ON(test_periods_roll_over), ON(test_new_budgets_know_the_past), ON(test_amounts_that_are_none), \
        ON(test_old_reservations_are_booked)

int main(void)
{
#define STORE "a file"
    const struct CMUnitTest on_files[] = {SHARED, ON(test_a_clock_ahead_drops_nothing), ON(test_a_reservation_that_is_gone),
                                          ON(test_a_file_that_goes)};
#undef STORE
#define STORE "Redis"
    const struct CMUnitTest on_redis[] = {SHARED};
    return run_on_both(on_files, COUNT(on_files), on_redis, COUNT(on_redis));
}
