/* The ledger in an SQLite file; what is in it, and its SQL, is ledger_sql.h's.
 *
 * All changes are BEGIN IMMEDIATE transactions; WAL with synchronous NORMAL keeps them through the death of any
 * process. Through a power cut they are kept by an fdatasync of the WAL, which is what synchronous FULL would do
 * within every step: ledger.c does it for many steps at once (disk.h).
 *
 * A step writes to the end of the WAL and never waits for the disk. Moving the WAL into the file does wait
 * (fsync: milliseconds), so that is a thread's work, with a connection of its own. Pages of 1 KB: a step
 * touches a handful of rows, and a page is what it writes. */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "infer/dispatch/ledger_sql.h"
#include "infer/dispatch/ledger_store.h"

/* What is older is dropped at open: 400 days, longer than any calendar period. And only what is older than the last 400
 * days on which something was booked, too: a clock that is years ahead for an hour drops nothing. */
#define KEEP_DAYS 400
/* Pages in the WAL from which it is moved into the file; from which the mover asks the writers to wait
 * until it is begun anew; from which a writer does that itself, because the mover cannot keep up. */
#define MOVE_PAGES 1000
#define RESTART_PAGES 32768
#define MOST_PAGES 65536

struct ds_store {
    sqlite3 *db;
    sqlite3_stmt *prepared[DS_SQL_STATEMENTS];
    unsigned busy_ms;
    char where[256];
    char *wal; /* its path; NULL for :memory: */
    char *given; /* the file's path as it was given; NULL likewise */
    dev_t device;
    ino_t inode;
    int64_t number; /* the file's own */
    /* the thread that moves the WAL */
    sqlite3 *mover;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool moving, stop;
    atomic_int pages; /* in the WAL after the last step */
};

/* ---- errors, waiting ---- */

static bool failed(ds_store *s, int code, td_error *error)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return td_fail(error, "%s: locked by another process for %u ms", s->where, s->busy_ms);
    case SQLITE_FULL:
        return td_fail(error, "%s: the disk is full; make room", s->where);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return td_fail(error, "%s: cannot be written; check that the folder is there and may be written to",
                       s->where);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return td_fail(error, "%s: is not a ledger, or is damaged (%s); move it away or name another file",
                       s->where, sqlite3_errmsg(s->db));
    default:
        return td_fail(error, "%s: %s", s->where, sqlite3_errmsg(s->db));
    }
}

/* Short naps: a writer holds the lock for tens of microseconds, SQLite's own handler sleeps for
 * milliseconds. */
static int nap(void *context, int times)
{
    const ds_store *s = context;
    const long us = times < 20 ? 50 : times < 100 ? 250 : 1000;
    const double waited_ms = times < 20    ? times * 0.05
                             : times < 100 ? 1 + (times - 20) * 0.25
                                           : 21.0 + (times - 100);
    const struct timespec t = {0, us * 1000};
    if (waited_ms > s->busy_ms)
        return 0;
    nanosleep(&t, NULL);
    return 1;
}

/* ---- statements ---- */

/* Binds (number, three names, number, …); reset first. */
static sqlite3_stmt *ready(ds_store *s, ds_sql which, int64_t first, const char *tier, const char *key,
                           const char *tag, int64_t fifth)
{
    sqlite3_stmt *p = s->prepared[which];
    sqlite3_reset(p);
    sqlite3_bind_int64(p, 1, first);
    sqlite3_bind_text(p, 2, tier, -1, SQLITE_STATIC);
    sqlite3_bind_text(p, 3, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(p, 4, tag, -1, SQLITE_STATIC);
    sqlite3_bind_int64(p, 5, fifth);
    return p;
}

static int run_plain(ds_store *s, ds_sql which)
{
    sqlite3_reset(s->prepared[which]);
    const int code = sqlite3_step(s->prepared[which]);
    sqlite3_reset(s->prepared[which]);
    return code;
}

static bool begin(ds_store *s, td_error *error)
{
    const int code = run_plain(s, DS_SQL_BEGIN);
    return code == SQLITE_DONE || failed(s, code, error);
}

static void reset_all(ds_store *s)
{
    for (int i = 0; i < DS_SQL_STATEMENTS; i++)
        if (s->prepared[i])
            sqlite3_reset(s->prepared[i]);
}

/* Ends the transaction: commits when all went well, else rolls back and tells why. */
static bool end(ds_store *s, int code, td_error *error)
{
    reset_all(s);
    if (code == SQLITE_DONE || code == SQLITE_ROW)
        code = run_plain(s, DS_SQL_COMMIT);
    if (code == SQLITE_DONE)
        return true;
    failed(s, code, error);
    if (!sqlite3_get_autocommit(s->db))
        run_plain(s, DS_SQL_ROLLBACK);
    return false;
}

/* ---- accounts ---- */

static int sum_of_cells(ds_store *s, const ds_account *a, int64_t window, int64_t *booked)
{
    double start, stop;
    ds_period_bounds(a->period, (double)(window / 4) * 3600, &start, &stop);
    const int64_t last = a->period == DS_PERIOD_EVER ? INT64_MAX : (int64_t)(stop / 3600) * 4;
    sqlite3_stmt *p = ready(s, DS_SQL_SUM, window / 4 * 4, a->tier, a->key, a->tag, last);
    const int code = sqlite3_step(p);
    if (code == SQLITE_ROW)
        *booked = sqlite3_column_int64(p, 0);
    sqlite3_reset(p);
    return code;
}

/* What is booked on an account; one that is not there yet is made (where `make`) from its cells. */
static int booked_on(ds_store *s, const ds_account *a, int64_t window, bool make, int64_t *booked)
{
    sqlite3_stmt *p = ready(s, DS_SQL_GET, window, a->tier, a->key, a->tag, 0);
    int code = sqlite3_step(p);
    if (code == SQLITE_ROW)
        *booked = sqlite3_column_int64(p, 0);
    sqlite3_reset(p);
    if (code != SQLITE_DONE)
        return code;
    code = sum_of_cells(s, a, window, booked);
    if (code != SQLITE_ROW || !make)
        return code;
    p = ready(s, DS_SQL_ADD_ACCOUNT, window, a->tier, a->key, a->tag, *booked);
    code = sqlite3_step(p);
    sqlite3_reset(p);
    return code == SQLITE_DONE ? SQLITE_ROW : code;
}

/* Adds to every account that holds the booking. */
static int change(ds_store *s, const ds_booking *b, int64_t by)
{
    sqlite3_stmt *p = ready(s, DS_SQL_CHANGE, b->window[0], b->tier, b->key, b->tag, by);
    for (int i = 1; i < DS_WINDOWS; i++)
        sqlite3_bind_int64(p, 5 + i, b->window[i]);
    const int code = sqlite3_step(p);
    sqlite3_reset(p);
    return code;
}

static ds_ledger_answer reserve(ds_store *s, const ds_booking *b, const ds_account *accounts, size_t n,
                                int64_t amount, uint64_t id, size_t *full, td_error *error)
{
    bool spent = false;
    if (!begin(s, error))
        return DS_LEDGER_BROKEN;
    int code = sqlite3_step(ready(s, DS_SQL_ADD_ACCOUNT, b->window[0], b->tier, b->key, b->tag, 0));
    for (size_t i = 0; i < n && !spent && (code == SQLITE_DONE || code == SQLITE_ROW); i++) {
        int64_t booked = 0;
        code = booked_on(s, &accounts[i], b->window[accounts[i].period], true, &booked);
        spent = code == SQLITE_ROW && booked + amount > accounts[i].limit;
        *full = i;
    }
    if (!spent && (code == SQLITE_DONE || code == SQLITE_ROW))
        code = change(s, b, amount);
    if (!spent && code == SQLITE_DONE) {
        sqlite3_stmt *p = ready(s, DS_SQL_ADD_TICKET, (int64_t)id, b->tier, b->key, b->tag, amount);
        sqlite3_bind_int64(p, 6, b->at);
        code = sqlite3_step(p);
    }
    if (!end(s, code, error))
        return DS_LEDGER_BROKEN;
    return spent ? DS_LEDGER_SPENT : DS_LEDGER_HELD;
}

static void copy_name(ds_account_name to, sqlite3_stmt *p, int column)
{
    const char *text = (const char *)sqlite3_column_text(p, column);
    snprintf(to, sizeof(ds_account_name), "%s", text ? text : "");
}

static bool settle(ds_store *s, uint64_t id, int64_t amount, const ds_booking *booking, int64_t gone, td_error *error)
{
    ds_booking b;
    if (!begin(s, error))
        return false;
    sqlite3_stmt *p = ready(s, DS_SQL_GET_TICKET, (int64_t)id, NULL, NULL, NULL, 0);
    int code = sqlite3_step(p);
    if (code == SQLITE_ROW) {
        ds_windows_of((double)sqlite3_column_int64(p, 0), b.window);
        copy_name(b.tier, p, 1);
        copy_name(b.key, p, 2);
        copy_name(b.tag, p, 3);
        const int64_t by = amount - sqlite3_column_int64(p, 4);
        sqlite3_reset(p);
        code = change(s, &b, by);
        if (code == SQLITE_DONE)
            code = sqlite3_step(ready(s, DS_SQL_DROP_TICKET, (int64_t)id, NULL, NULL, NULL, 0));
    } else if (code == SQLITE_DONE && gone > 0) { /* dropped meanwhile, or it is another file */
        code = sqlite3_step(ready(s, DS_SQL_ADD_ACCOUNT, booking->window[0], booking->tier, booking->key, booking->tag, 0));
        if (code == SQLITE_DONE)
            code = change(s, booking, gone);
    }
    return end(s, code, error);
}

static bool spent(ds_store *s, const ds_booking *b, const ds_account *account, int64_t *amount, td_error *error)
{
    const int code = booked_on(s, account, b->window[account->period], false, amount);
    return code == SQLITE_ROW || failed(s, code, error);
}

static bool total(ds_store *s, int64_t *booked, int64_t *reserved, td_error *error)
{
    int64_t *const into[] = {booked, reserved};
    for (int i = 0; i < 2; i++) {
        sqlite3_stmt *p = s->prepared[i ? DS_SQL_RESERVED : DS_SQL_TOTAL];
        sqlite3_reset(p);
        if (i)
            sqlite3_bind_int64(p, 1, (int64_t)time(NULL) - DS_TICKET_AGE_S);
        const int code = sqlite3_step(p);
        if (code != SQLITE_ROW)
            return failed(s, code, error);
        *into[i] = sqlite3_column_int64(p, 0);
        sqlite3_reset(p);
    }
    return true;
}

/* ---- moving the WAL into the file ---- */

static int count_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    ds_store *s = context;
    atomic_store(&s->pages, pages);
    if (pages >= MOST_PAGES)
        sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    return SQLITE_OK;
}

static void *move_wal(void *context)
{
    ds_store *s = context;
    pthread_mutex_lock(&s->lock);
    while (!s->stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until); /* somebody may set the other one */
        until.tv_nsec += 200000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&s->wake, &s->lock, &until);
        const int pages = atomic_load(&s->pages);
        if (s->stop || pages < MOVE_PAGES)
            continue;
        pthread_mutex_unlock(&s->lock);
        sqlite3_wal_checkpoint_v2(s->mover, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        if (pages >= RESTART_PAGES) /* little is left to move now */
            sqlite3_wal_checkpoint_v2(s->mover, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Without a thread SQLite moves the WAL itself, within a step. */
static void start_mover(ds_store *s, const char *where)
{
    sigset_t all, before;
    pthread_condattr_t clock;
    if (!strcmp(where, ":memory:"))
        return;
    if (sqlite3_open_v2(where, &s->mover, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return;
    sqlite3_busy_timeout(s->mover, 100);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &clock);
    pthread_condattr_destroy(&clock);
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->moving = pthread_create(&s->thread, NULL, move_wal, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (s->moving)
        sqlite3_wal_hook(s->db, count_pages, s);
}

static void stop_mover(ds_store *s)
{
    if (s->moving) {
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
        pthread_cond_destroy(&s->wake);
        pthread_mutex_destroy(&s->lock);
    }
    sqlite3_close(s->mover);
}

/* ---- opening ---- */

/* SQLite goes on writing into a file that was deleted or moved away, and says nothing. */
static bool here(ds_store *s)
{
    struct stat at;
    return !s->given || (stat(s->given, &at) == 0 && at.st_ino == s->inode && at.st_dev == s->device);
}

static void close_store(ds_store *s)
{
    stop_mover(s);
    reset_all(s);
    if (!here(s)) /* what stands in the WAL beside its old place goes with it, and nobody takes it for another file's */
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    for (int i = 0; i < DS_SQL_STATEMENTS; i++)
        sqlite3_finalize(s->prepared[i]);
    sqlite3_close(s->db);
    free(s->wal);
    free(s->given);
    free(s);
}

/* Statements that another process may be running at the same moment; the change to WAL answers "busy"
 * without asking the handler. */
static int insist(ds_store *s, const char *sql)
{
    int code = SQLITE_BUSY;
    for (int times = 0; times < 400 && code == SQLITE_BUSY; times++) {
        const struct timespec t = {0, 5000000};
        code = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
        if (!sqlite3_get_autocommit(s->db))
            sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        if (code == SQLITE_BUSY)
            nanosleep(&t, NULL);
    }
    return code;
}

static int number_of(ds_store *s, const char *sql, int64_t *v)
{
    sqlite3_stmt *p = NULL;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &p, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(p);
    *v = code == SQLITE_ROW ? sqlite3_column_int64(p, 0) : -1;
    sqlite3_finalize(p);
    return code;
}

/* Accounts and reservations of long ago go. The days with bookings are counted by stepping from one to the one before. */
static int tidy(ds_store *s)
{
    char sql[900];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE back(n, w) AS (SELECT 1, (SELECT max(window) FROM account WHERE window > 3) UNION ALL "
             "SELECT n + 1, (SELECT max(window) FROM account WHERE window > 3 AND window < back.w / 96 * 96) FROM back "
             "WHERE w IS NOT NULL AND n < %d) SELECT coalesce(min(w / 96), 0) * (count(w) = %d) FROM back",
             KEEP_DAYS, KEEP_DAYS);
    int64_t day = 0, first = (int64_t)now.tv_sec / 86400 - KEEP_DAYS;
    const int code = number_of(s, sql, &day);
    if (code != SQLITE_ROW)
        return code;
    first = day < first ? day : first;
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; DELETE FROM ticket WHERE at < %lld; "
             "DELETE FROM account WHERE window < %lld AND window %% 4 <> 3; COMMIT",
             (long long)first * 86400, (long long)first * 96);
    return insist(s, sql);
}

static bool prepare(ds_store *s, td_error *error)
{
    char sql[1200];
    int64_t version = 0, tables = 0;
    int code = insist(s, "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL");
    if (code == SQLITE_OK)
        code = insist(s, "PRAGMA synchronous = NORMAL");
    if (code == SQLITE_OK && (code = number_of(s, "PRAGMA user_version", &version)) == SQLITE_ROW)
        code = number_of(s, "SELECT count(*) FROM sqlite_master", &tables);
    if (code != SQLITE_ROW)
        return failed(s, code, error);
    if (version > atoi(DS_SQL_VERSION) || (version == 0 && tables > 0))
        return td_fail(error, "%s: is %s; name another file", s->where,
                       version ? "a ledger of a newer tierce" : "an SQLite file of something else");
    snprintf(sql, sizeof sql, "BEGIN IMMEDIATE; %s COMMIT", ds_sql_schema);
    code = insist(s, sql);
    if (code == SQLITE_OK && (code = number_of(s, "SELECT home FROM ledger", &s->number)) == SQLITE_ROW)
        code = tidy(s);
    for (int i = 0; i < DS_SQL_STATEMENTS && code == SQLITE_OK; i++)
        code = sqlite3_prepare_v3(s->db, ds_sql_text[i], -1, SQLITE_PREPARE_PERSISTENT, &s->prepared[i], NULL);
    return code == SQLITE_OK || failed(s, code, error);
}

static ds_store *open_store(const char *where, unsigned busy_ms, td_error *error)
{
    ds_store *s = calloc(1, sizeof *s);
    if (!s) {
        td_fail(error, "%.200s: out of memory", where);
        return NULL;
    }
    s->busy_ms = busy_ms;
    snprintf(s->where, sizeof s->where, "%.200s", where);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    const int code = sqlite3_open_v2(where, &s->db, flags, NULL);
    if (code != SQLITE_OK)
        failed(s, code, error);
    if (s->db)
        sqlite3_busy_handler(s->db, nap, s);
    if (code != SQLITE_OK || !prepare(s, error)) {
        close_store(s);
        return NULL;
    }
    /* SQLite's own answer: absolute, links resolved. It lives as long as one connection is open. */
    const char *path = sqlite3_db_filename(s->db, "main");
    const size_t room = path && *path ? strlen(path) + 5 : 0;
    if (room && (!(s->wal = malloc(room)) || !(s->given = strdup(where)))) {
        td_fail(error, "%.200s: out of memory", where);
        close_store(s);
        return NULL;
    }
    if (room)
        snprintf(s->wal, room, "%s-wal", path);
    struct stat at;
    if (room && stat(where, &at) == 0) { /* a file that goes in this very moment is noticed as another one, or as none */
        s->device = at.st_dev;
        s->inode = at.st_ino;
    }
    start_mover(s, where);
    return s;
}

static const char *file(ds_store *s)
{
    return s->wal;
}

static uint64_t home(ds_store *s)
{
    return (uint64_t)s->number;
}

const ds_store_kind ds_store_sqlite = {open_store, close_store, reserve, settle, spent, total, file, home, here};
