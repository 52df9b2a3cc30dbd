/* Budgets: never over, never under-counted, whatever dies. The same tests on an SQLite file and, where
 * redis-server and hiredis are there, on Redis. */
#undef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "infer/dispatch/ledger.h"

static char folder[] = "/tmp/tierce_ledger_XXXXXX";
static char where[300];
static double now;            /* the present hour's beginning and a bit: no test crosses an hour */
static pid_t redis;           /* 0: the tests run on files */
static int redis_port;
static unsigned files, skipped;

static double hour_start(void)
{
    double start, end;
    ds_period_bounds(DS_PERIOD_HOUR, (double)time(NULL), &start, &end);
    return start + 60;
}

static ds_ledger *open_at(const char *at, const ds_budget *budgets, size_t n)
{
    td_error error;
    ds_ledger *l = ds_ledger_open(at, budgets, n, 5000, &error);
    if (!l)
        fail_msg("%s", error.text);
    return l;
}

/* A place without a past for every test. */
static int fresh(void **unused)
{
    (void)unused;
    if (redis)
        snprintf(where, sizeof where, "redis://127.0.0.1:%d/0?prefix=t%u", redis_port, files++);
    else
        snprintf(where, sizeof where, "%s/ledger%u.db", folder, files++);
    return 0;
}

static const ds_payer nobody = {"", "", ""};

static bool take(ds_ledger *l, const ds_payer *payer, double usd, double at, ds_ticket *ticket, size_t *which)
{
    td_error error;
    const ds_ledger_answer a = ds_ledger_reserve(l, payer, usd, at, ticket, which, &error);
    if (a == DS_LEDGER_BROKEN)
        fail_msg("%s", error.text);
    assert_int_equal(a == DS_LEDGER_HELD, ticket->id != 0);
    return a == DS_LEDGER_HELD;
}

static void give(ds_ledger *l, ds_ticket *ticket, double usd)
{
    td_error error;
    if (!ds_ledger_settle(l, ticket, usd, &error))
        fail_msg("%s", error.text);
    assert_int_equal(ticket->id, 0);
}

static void expect_total(ds_ledger *l, double usd, double reserved)
{
    td_error error;
    double u, r;
    assert_true(ds_ledger_total(l, &u, &r, &error));
    if (u != usd || r != reserved)
        fail_msg("total %.9g reserved %.9g, not %.9g and %.9g", u, r, usd, reserved);
}

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

/* ---- many processes ---- */

enum { WORKERS = 8 };

/* 1,000 requests that cost 0.01 against a budget for 500: exactly 500 are held, by whomever. */
static void test_parallel_reservations(void **unused)
{
    const ds_budget b = {.name = "x", .period = DS_PERIOD_EVER, .limit_usd = 5};
    pid_t pids[WORKERS];
    int held = 0;
    (void)unused;
    for (int w = 0; w < WORKERS; w++)
        if (!(pids[w] = fork())) {
            td_error error;
            int mine = 0;
            ds_ledger *l = ds_ledger_open(where, &b, 1, 20000, &error);
            for (int i = 0; l && i < 1000 / WORKERS; i++) {
                ds_ticket t;
                size_t which;
                const ds_ledger_answer a = ds_ledger_reserve(l, &nobody, 0.01, now, &t, &which, &error);
                if (a == DS_LEDGER_BROKEN || (a == DS_LEDGER_HELD && i % 2 && !ds_ledger_settle(l, &t, 0.01, &error)))
                    _exit(255);
                mine += a == DS_LEDGER_HELD;
            }
            ds_ledger_close(l);
            _exit(l ? mine : 255);
        }
    for (int w = 0; w < WORKERS; w++) {
        int status;
        waitpid(pids[w], &status, 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 255);
        held += WEXITSTATUS(status);
    }
    assert_int_equal(held, 500);
    ds_ledger *l = open_at(where, &b, 1);
    assert_true(ds_ledger_spent(l, &nobody, 0, now) == 5);
    ds_ledger_close(l);
}

/* Three workers reserve, are billed and settle; one of them is killed at a random moment, twenty times. What is
 * booked is never less than what was billed, and more only by the reservations that the dead held. */
static void test_kill_at_any_moment(void **unused)
{
    enum { KILLS = 20, CREW = 3 };
    const ds_budget b = {.name = "x", .period = DS_PERIOD_EVER, .limit_usd = 1e5};
    int64_t *billed = mmap(NULL, sizeof *billed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[CREW] = {0};
    unsigned random = 12345;
    td_error error;
    double total, reserved;
    (void)unused;
    ds_ledger_close(open_at(where, &b, 1));
    for (int kill_number = 0; kill_number < KILLS; kill_number++) {
        for (int w = 0; w < CREW; w++)
            if (!pids[w] && !(pids[w] = fork())) {
                ds_ledger *l = ds_ledger_open(where, &b, 1, 20000, &error);
                for (unsigned i = 0; l; i++) {
                    ds_ticket t;
                    size_t which;
                    const int64_t micro = (int64_t)(i * 7 % 1000);
                    if (ds_ledger_reserve(l, &nobody, 0.001, now, &t, &which, &error) != DS_LEDGER_HELD)
                        break;
                    __atomic_fetch_add(billed, micro, __ATOMIC_SEQ_CST); /* the provider's bill */
                    if (!ds_ledger_settle(l, &t, (double)micro * 1e-6, &error))
                        break;
                }
                _exit(1);
            }
        random = random * 1664525u + 1013904223u;
        usleep(2000 + (random >> 16) % 30000);
        const int victim = (int)(random >> 8) % CREW;
        int status;
        const int which = victim < 0 ? -victim : victim;
        kill(pids[which], SIGKILL);
        waitpid(pids[which], &status, 0);
        assert_true(WIFSIGNALED(status)); /* it did not stop by itself */
        pids[which] = 0;
        ds_ledger *l = open_at(where, &b, 1);
        const double bill = (double)__atomic_load_n(billed, __ATOMIC_SEQ_CST) * 1e-6; /* before what is booked */
        assert_true(ds_ledger_total(l, &total, &reserved, &error));
        if (total < bill - 1e-12)
            fail_msg("after %d kills: booked %.9f, billed %.9f", kill_number + 1, total, bill);
        ds_ledger_close(l);
    }
    for (int w = 0; w < CREW; w++)
        if (pids[w]) {
            kill(pids[w], SIGKILL);
            waitpid(pids[w], NULL, 0);
        }
    ds_ledger *l = open_at(where, &b, 1);
    const double bill = (double)*billed * 1e-6;
    assert_true(ds_ledger_total(l, &total, &reserved, &error));
    assert_true(bill > 0.01); /* they did work */
    assert_true(total >= bill - 1e-12);
    assert_true(total - bill <= reserved + 1e-12);
    assert_true(reserved <= (KILLS + CREW) * 0.001 + 1e-12);
    assert_true(ds_ledger_spent(l, &nobody, 0, now) == total);
    ds_ledger_close(l);
    munmap(billed, sizeof *billed);
}

/* ---- pure functions ---- */

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

/* ---- files ---- */

static void expect_refused(const char *at, const char *says)
{
    td_error error;
    ds_ledger *l = ds_ledger_open(at, NULL, 0, 50, &error);
    assert_null(l);
    if (!strstr(error.text, says) || (strncmp(at, "redis", 5) && !strstr(error.text, at)))
        fail_msg("\"%s\" should say \"%s\"", error.text, says);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_bad_files(void **unused)
{
    char path[300];
    sqlite3 *db;
    (void)unused;
    expect_refused("/no/such/folder/ledger.db", "folder");
    expect_refused(folder, "cannot be written");
    snprintf(path, sizeof path, "%s/text", folder);
    write_file(path, "this is a text of more than a hundred bytes, so that SQLite takes it for a damaged header, and not "
                     "for a file that is still empty and may be used\n");
    expect_refused(path, "is not a ledger");
    snprintf(path, sizeof path, "%s/other.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE mine (x)", NULL, NULL, NULL), SQLITE_OK);
    expect_refused(path, "something else");
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 7", NULL, NULL, NULL), SQLITE_OK);
    expect_refused(path, "newer");
    sqlite3_close(db);
    ds_ledger *l = open_at(":memory:", NULL, 0);
    expect_total(l, 0, 0);
    ds_ledger_close(l);
    ds_ledger_close(NULL);
    /* addresses of Redis: every one is refused, and none shows a password */
    expect_refused("redis://u:s3cret@h:1/0", "TIERCE_REDIS_PASSWORD");
    static const char *const urls[] = {"redis://", "redis://h:x/0", "redis://h/x", "redis://h/0?prefix=", "redis://h/0?profix=a",
                                       "redis://127.0.0.1:1/0", "redis://h:99999999/0"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        expect_refused(urls[i], "redis://");
}

/* Another process holds the write lock: told after busy_ms, not after for ever, and nothing is held. */
static void test_locked_by_another(void **unused)
{
    ds_ledger *l = open_at(where, NULL, 0);
    td_error error;
    ds_ticket t;
    size_t which;
    sqlite3 *db;
    struct timespec a, b;
    (void)unused;
    ds_ledger_close(l);
    l = ds_ledger_open(where, NULL, 0, 100, &error);
    assert_non_null(l);
    assert_int_equal(sqlite3_open(where, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    clock_gettime(CLOCK_MONOTONIC, &a);
    assert_int_equal(ds_ledger_reserve(l, &nobody, 1, now, &t, &which, &error), DS_LEDGER_BROKEN);
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_non_null(strstr(error.text, "locked"));
    const double waited = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
    assert_true(waited > 0.05 && waited < 5);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    assert_true(take(l, &nobody, 1, now, &t, &which));
    sqlite3_close(db);
    ds_ledger_close(l);
}

/* Reservations of a day ago belong to the dead: booked, no longer open; and a late settle changes nothing. */
static void test_old_reservations_are_booked(void **unused)
{
    ds_ledger *l = open_at(where, NULL, 0);
    ds_ticket old, young;
    size_t which;
    (void)unused;
    assert_true(take(l, &nobody, 2, now - 2 * 86400, &old, &which));
    assert_true(take(l, &nobody, 1, now, &young, &which));
    expect_total(l, 3, 3);
    ds_ledger_close(open_at(where, NULL, 0)); /* any process that opens it tidies up */
    expect_total(l, 3, 1);
    give(l, &old, 0.5);
    give(l, &young, 0.5);
    expect_total(l, 2.5, 0);
    ds_ledger_close(l);
}

/* A full disk: the reservation is refused with a reason, what was booked stays, and it goes on when there is room. */
static void test_full_disk(void **unused)
{
    char say[600];
    const ds_payer payer = {"", "", ""};
    td_error error;
    ds_ticket t, held;
    size_t which;
    (void)unused;
    if (geteuid() || system("mkdir -p /tmp/tierce_full && mount -t tmpfs -o size=256k tmpfs /tmp/tierce_full 2>/dev/null")) {
        skipped++;
        skip(); /* needs root and mount */
    }
    ds_ledger *l = open_at("/tmp/tierce_full/ledger.db", NULL, 0);
    assert_true(take(l, &payer, 1, now, &held, &which));
    snprintf(say, sizeof say, "head -c 400k /dev/zero > /tmp/tierce_full/fill 2>/dev/null");
    (void)!system(say);
    bool broke = false;
    for (int i = 0; i < 20000 && !broke; i++) {
        char key[40];
        snprintf(key, sizeof key, "key %d", i);
        const ds_payer p = {"", key, ""};
        broke = ds_ledger_reserve(l, &p, 0, now, &t, &which, &error) == DS_LEDGER_BROKEN;
    }
    const bool full = broke && strstr(error.text, "disk is full");
    (void)!system("rm /tmp/tierce_full/fill");
    double total, reserved;
    const bool counted = ds_ledger_total(l, &total, &reserved, &error) && total == 1 && reserved == 1;
    const bool settled = ds_ledger_settle(l, &held, 0.5, &error);
    ds_ledger_close(l);
    (void)!system("umount /tmp/tierce_full && rmdir /tmp/tierce_full");
    assert_true(broke);
    assert_true(full);
    assert_true(counted);
    assert_true(settled);
}

/* ---- Redis ---- */

static bool start_redis(void)
{
    char port[16], dir[300];
    td_error error;
    snprintf(port, sizeof port, "%d", redis_port);
    snprintf(dir, sizeof dir, "%s", folder);
    redis = fork();
    if (!redis) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(1);
        char *const args[] = {"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", dir,
                              "--appendonly", "yes", "--appendfsync", "always", NULL};
        execvp("redis-server", args);
        execvp("redis-check-rdb", args); /* the same binary, from redis-tools: its name says what it is */
        _exit(1);
    }
    for (int i = 0; i < 100; i++) {
        char at[100];
        usleep(50000);
        snprintf(at, sizeof at, "redis://127.0.0.1:%d", redis_port);
        ds_ledger *l = ds_ledger_open(at, NULL, 0, 500, &error);
        ds_ledger_close(l);
        if (l)
            return true;
        if (strstr(error.text, "without hiredis") || waitpid(redis, NULL, WNOHANG) == redis)
            return false;
    }
    return false;
}

static void stop_redis(void)
{
    if (redis > 0) {
        kill(redis, SIGKILL);
        waitpid(redis, NULL, 0);
    }
    redis = 0;
}

/* The server dies and comes back: the ledger finds it again and nothing is forgotten. */
static void test_redis_comes_back(void **unused)
{
    const ds_budget b = {.name = "x", .period = DS_PERIOD_DAY, .limit_usd = 10};
    ds_ledger *l = open_at(where, &b, 1);
    ds_ticket t, u;
    size_t which;
    td_error error;
    (void)unused;
    assert_true(take(l, &nobody, 3, now, &t, &which));
    stop_redis();
    assert_int_equal(ds_ledger_reserve(l, &nobody, 1, now, &u, &which, &error), DS_LEDGER_BROKEN);
    assert_non_null(strstr(error.text, "127.0.0.1"));
    assert_true(ds_ledger_spent(l, &nobody, 0, now) == -1);
    assert_true(start_redis());
    expect_total(l, 3, 3);
    give(l, &t, 2);
    expect_total(l, 2, 0);
    ds_ledger_close(l);
}

static int begin_all(void **unused)
{
    (void)unused;
    signal(SIGPIPE, SIG_IGN);
    now = hour_start();
    return mkdtemp(folder) ? 0 : -1;
}

static int end_all(void **unused)
{
    char sweep[400];
    (void)unused;
    stop_redis();
    snprintf(sweep, sizeof sweep, "rm -rf %s", folder);
    return system(sweep);
}

#define ON(test) {#test " on " STORE, test, fresh, NULL, NULL}
#define SHARED                                                                                   \
    ON(test_reserve_and_settle), ON(test_nothing_is_lost_in_sums), ON(test_all_or_none),          \
        ON(test_each_key_apart), ON(test_periods_roll_over), ON(test_new_budgets_know_the_past),  \
        ON(test_amounts_that_are_none), ON(test_parallel_reservations), ON(test_kill_at_any_moment), \
        ON(test_old_reservations_are_booked)

int main(void)
{
#define STORE "a file"
    const struct CMUnitTest files_tests[] = {
        cmocka_unit_test(test_period_bounds),
        cmocka_unit_test(test_pace),
        SHARED,
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test_setup(test_locked_by_another, fresh),
        cmocka_unit_test(test_full_disk),
    };
#undef STORE
#define STORE "Redis"
    const struct CMUnitTest redis_tests[] = {SHARED, cmocka_unit_test_setup(test_redis_comes_back, fresh)};
    int tests = sizeof files_tests / sizeof *files_tests, failed = cmocka_run_group_tests(files_tests, begin_all, NULL);
    redis_port = 20000 + (int)getpid() % 20000;
    tests += sizeof redis_tests / sizeof *redis_tests;
    if (start_redis()) {
        failed += cmocka_run_group_tests(redis_tests, NULL, end_all);
    } else {
        printf("Redis: skipped (redis-server or hiredis is missing)\n");
        skipped += sizeof redis_tests / sizeof *redis_tests;
        end_all(NULL);
    }
    printf("%d passed, %d failed, %u skipped\n", tests - failed - (int)skipped, failed, skipped);
    return failed != 0;
}
