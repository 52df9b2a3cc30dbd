/* What the ledger's tests share: places for ledgers (files; and Redis, where redis-server and hiredis are
 * there), and a main that runs the same tests on both. */
#ifndef TIERCE_TEST_LEDGER_PLACES_H
#define TIERCE_TEST_LEDGER_PLACES_H

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

static inline ds_ledger *open_at(const char *at, const ds_budget *budgets, size_t n)
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

static inline bool take(ds_ledger *l, const ds_payer *payer, double usd, double at, ds_ticket *ticket, size_t *which)
{
    td_error error;
    const ds_ledger_answer a = ds_ledger_reserve(l, payer, usd, at, ticket, which, &error);
    if (a == DS_LEDGER_BROKEN)
        fail_msg("%s", error.text);
    assert_int_equal(a == DS_LEDGER_HELD, ticket->id != 0);
    return a == DS_LEDGER_HELD;
}

static inline void give(ds_ledger *l, ds_ticket *ticket, double usd)
{
    td_error error;
    if (!ds_ledger_settle(l, ticket, usd, &error))
        fail_msg("%s", error.text);
    assert_int_equal(ticket->id, 0);
}

static inline void expect_total(ds_ledger *l, double usd, double reserved)
{
    td_error error;
    double u, r;
    assert_true(ds_ledger_total(l, &u, &r, &error));
    if (u != usd || r != reserved)
        fail_msg("total %.9g reserved %.9g, not %.9g and %.9g", u, r, usd, reserved);
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
    for (int i = 0; i < 600; i++) {
        char at[100];
        usleep(50000);
        snprintf(at, sizeof at, "redis://127.0.0.1:%d", redis_port);
        ds_ledger *l = ds_ledger_open(at, NULL, 0, 5000, &error);
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

/* The rows of the tests on files, and of those on Redis; the last line counts both. */
static inline int run_on_both(const struct CMUnitTest *on_files, size_t n_files, const struct CMUnitTest *on_redis,
                              size_t n_redis)
{
    const size_t tests = n_files + n_redis;
    int failed = _cmocka_run_group_tests("files", on_files, n_files, begin_all, NULL);
    redis_port = 20000 + (int)getpid() % 12000; /* below the ports of outgoing connections */
    if (start_redis()) {
        failed += _cmocka_run_group_tests("Redis", on_redis, n_redis, NULL, end_all);
    } else {
        printf("Redis: skipped (redis-server or hiredis is missing)\n");
        skipped += (unsigned)n_redis;
        end_all(NULL);
    }
    printf("%d passed, %d failed, %u skipped\n", (int)tests - failed - (int)skipped, failed, skipped);
    return failed != 0;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

#endif
