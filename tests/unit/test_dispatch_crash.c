/* Budgets when much happens at once or goes wrong: never over, never under-counted, whatever dies; on an SQLite
 * file and on Redis. */
#undef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#include "tests/unit/ledger_places.h"

#include <sqlite3.h>

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
        const int64_t before = __atomic_load_n(billed, __ATOMIC_SEQ_CST);
        for (int i = 0; i < 10000 && __atomic_load_n(billed, __ATOMIC_SEQ_CST) == before; i++)
            usleep(1000); /* a slow machine: they shall have done something */
        usleep((random >> 16) % 30000);
        const unsigned which = (random >> 8) % CREW;
        int status;
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
    assert_true(bill > 0); /* they did work */
    assert_true(total >= bill - 1e-12);
    assert_true(total - bill <= reserved + 1e-12);
    assert_true(reserved <= (KILLS + CREW) * 0.001 + 1e-12);
    assert_true(ds_ledger_spent(l, &nobody, 0, now) == total);
    ds_ledger_close(l);
    munmap(billed, sizeof *billed);
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
    assert_true(waited > 0.05 && waited < 30);
    sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    assert_true(take(l, &nobody, 1, now, &t, &which));
    sqlite3_close(db);
    ds_ledger_close(l);
}

/* A full disk: the reservation is refused with a reason, what was booked stays, and it goes on when there is room.
 * Needs a small file system of its own: root, and mount. */
static void test_full_disk(void **unused)
{
    char disk[300], ledger[340], command[1000];
    td_error error;
    ds_ticket t, held;
    size_t which;
    double total, reserved;
    (void)unused;
    snprintf(disk, sizeof disk, "%s/full", folder);
    snprintf(ledger, sizeof ledger, "%s/ledger.db", disk);
    snprintf(command, sizeof command, "mkdir %s && mount -t tmpfs -o size=256k tmpfs %s 2>/dev/null", disk, disk);
    if (geteuid() || system(command)) {
        skipped++;
        skip();
    }
    ds_ledger *l = open_at(ledger, NULL, 0);
    assert_true(take(l, &nobody, 1, now, &held, &which));
    snprintf(command, sizeof command, "head -c 400k /dev/zero > %s/fill 2>/dev/null", disk);
    (void)!system(command);
    bool broke = false;
    for (int i = 0; i < 20000 && !broke; i++) {
        char key[40];
        snprintf(key, sizeof key, "key %d", i);
        const ds_payer p = {"", key, ""};
        broke = ds_ledger_reserve(l, &p, 0, now, &t, &which, &error) == DS_LEDGER_BROKEN;
    }
    const bool told = broke && strstr(error.text, "disk is full");
    snprintf(command, sizeof command, "rm %s/fill", disk);
    (void)!system(command);
    const bool counted = ds_ledger_total(l, &total, &reserved, &error) && total == 1 && reserved == 1;
    const bool settled = ds_ledger_settle(l, &held, 0.5, &error);
    ds_ledger_close(l);
    snprintf(command, sizeof command, "umount %s", disk);
    (void)!system(command);
    assert_true(broke);
    assert_true(told);
    assert_true(counted);
    assert_true(settled);
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

#define ON(test) {#test " on " STORE, test, fresh, NULL, NULL}
#define SHARED ON(test_parallel_reservations), ON(test_kill_at_any_moment)

int main(void)
{
#define STORE "a file"
    const struct CMUnitTest on_files[] = {SHARED,
                                          cmocka_unit_test(test_bad_files),
                                          cmocka_unit_test_setup(test_locked_by_another, fresh),
                                          cmocka_unit_test(test_full_disk)};
#undef STORE
#define STORE "Redis"
    const struct CMUnitTest on_redis[] = {SHARED, cmocka_unit_test_setup(test_redis_comes_back, fresh)};
    return run_on_both(on_files, COUNT(on_files), on_redis, COUNT(on_redis));
}
