#include "infer/dispatch/ledger.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "infer/dispatch/ledger_store.h"

#define NANO 1e9
/* One amount; everything above is a mistake, and below it sums of a double are exact. */
#define MOST_USD 1e6
#define LEAST_PACE 0.05

struct ds_ledger {
    const ds_store_kind *kind;
    ds_store *store;
    ds_budget budgets[DS_MAX_BUDGETS];
    size_t n;
    uint64_t random; /* state of the generator of ids */
    ds_disk *disk;   /* NULL before it was asked for */
    char *where;
    unsigned busy_ms;
    bool moved; /* the file was opened again: the disk is still of the first time */
    dev_t device; /* the file's own number, by which it is known again */
    ino_t inode;
    uint64_t home; /* and the number that stands in it: a new file may get the inode of one that was deleted */
};

/* ---- time ---- */

/* Days from 1970-01-01 of the first of a month; months count on over years. */
static double first_of_month(int64_t months)
{
    const int64_t year = 1970 + months / 12, month = months % 12 + 1;
    const int64_t y = year - (month <= 2), of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    return (double)(y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468);
}

void ds_period_bounds(ds_period period, double now_unix, double *start, double *end)
{
    const double now = now_unix >= 0 && now_unix < 1e11 ? now_unix : 0;
    const double hour = 3600, day = 86400;
    switch (period) {
    case DS_PERIOD_HOUR:
        *start = floor(now / hour) * hour;
        *end = *start + hour;
        return;
    case DS_PERIOD_DAY:
        *start = floor(now / day) * day;
        *end = *start + day;
        return;
    case DS_PERIOD_MONTH: {
        int64_t months = (int64_t)(now / day / 30.436875); /* near; then exact */
        while (first_of_month(months) * day > now)
            months--;
        while (first_of_month(months + 1) * day <= now)
            months++;
        *start = first_of_month(months) * day;
        *end = first_of_month(months + 1) * day;
        return;
    }
    default:
        *start = 0;
        *end = INFINITY;
    }
}

void ds_windows_of(double now_unix, int64_t window[DS_WINDOWS])
{
    for (int period = 0; period < DS_WINDOWS; period++) {
        double start, end;
        ds_period_bounds((ds_period)period, now_unix, &start, &end);
        window[period] = (int64_t)(start / 3600) * 4 + period;
    }
}

double ds_pace(const ds_budget *budget, double spent_usd, double now_unix)
{
    double start, end;
    if (!budget->pace)
        return 1;
    if (!(budget->limit_usd > 0))
        return LEAST_PACE;
    ds_period_bounds(budget->period, now_unix, &start, &end);
    const double money = 1 - spent_usd / budget->limit_usd;
    const double time = isinf(end) ? 1 : (end - now_unix) / (end - start);
    const double pace = time > 0 ? money / time : 1;
    return pace >= 1 ? 1 : pace > LEAST_PACE ? pace : LEAST_PACE;
}

/* ---- names ---- */

static uint64_t hash(const char *text)
{
    uint64_t h = 14695981039346656037u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

/* "=" and the name; a long one is cut and ends with a hash of the whole. */
static void exact_name(ds_account_name to, const char *name)
{
    name = name ? name : "";
    const size_t n = strlen(name);
    to[0] = '=';
    if (n < DS_NAME_ROOM)
        memcpy(to + 1, name, n + 1);
    else
        snprintf(to + 1, DS_NAME_ROOM, "%.*s~%016llx", DS_NAME_ROOM - 18, name, (unsigned long long)hash(name));
}

/* Does the payer's name match the budget's, and what is the account called? */
static bool match(ds_account_name to, const char *budget, const char *payer, bool always)
{
    if (!budget[0]) {
        to[0] = 0;
        return true;
    }
    if (!strcmp(budget, "*")) {
        exact_name(to, payer);
        return true;
    }
    ds_account_name has;
    exact_name(to, budget);
    exact_name(has, payer);
    return always || !strcmp(to, has);
}

static int64_t nano_up(double usd)
{
    return (int64_t)ceil(usd * NANO - 1e-3);
}

/* The budget's account for this payer; false when the payer is not its business. */
static bool account_of(const ds_ledger *ledger, size_t which, const ds_payer *payer, bool always, ds_account *a)
{
    const ds_budget *b = &ledger->budgets[which];
    memset(a, 0, sizeof *a);
    a->period = b->period;
    a->limit = (int64_t)floor(fmin(b->limit_usd, 9e9) * NANO + 1e-3);
    a->which = which;
    const bool tier = match(a->tier, b->tier, payer->tier, always);
    const bool key = match(a->key, b->key, payer->key, always);
    return match(a->tag, b->tag, payer->tag, always) && tier && key;
}

static void booking_of(const ds_payer *payer, double now_unix, ds_booking *booking)
{
    memset(booking, 0, sizeof *booking);
    exact_name(booking->tier, payer->tier);
    exact_name(booking->key, payer->key);
    exact_name(booking->tag, payer->tag);
    ds_windows_of(now_unix, booking->window);
    booking->at = now_unix >= 0 && now_unix < 1e11 ? (int64_t)now_unix : 0;
}

/* ---- the ledger ---- */

static bool check_budgets(const ds_budget *budgets, size_t n, td_error *error)
{
    if (n > DS_MAX_BUDGETS)
        return td_fail(error, "%zu budgets; at most %d are possible", n, DS_MAX_BUDGETS);
    for (size_t i = 0; i < n; i++)
        if (!(budgets[i].limit_usd >= 0) || (unsigned)budgets[i].period > DS_PERIOD_EVER)
            return td_fail(error, "budget \"%.60s\": needs a limit of at least 0 USD and a period", budgets[i].name);
    return true;
}

static uint64_t home_of(const ds_ledger *ledger)
{
    return ledger->kind->home ? ledger->kind->home(ledger->store) : 0;
}

ds_ledger *ds_ledger_open(const char *where, const ds_budget *budgets, size_t n, unsigned busy_ms,
                          td_error *error)
{
    const bool in_redis = !strncmp(where, "redis://", 8);
    if (!check_budgets(budgets, n, error))
        return NULL;
    if (in_redis && strchr(where, '@')) { /* and never print it */
        td_fail(error, "redis://: a password in the address; put it into TIERCE_REDIS_PASSWORD instead");
        return NULL;
    }
    ds_ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger) {
        td_fail(error, "%.200s: out of memory", where);
        return NULL;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    ledger->random = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 40 ^
                     (uint64_t)(uintptr_t)ledger;
    const int urandom = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (urandom >= 0) {
        uint64_t more;
        ledger->random ^= read(urandom, &more, sizeof more) == sizeof more ? more : 0;
        close(urandom);
    }
    if (n)
        memcpy(ledger->budgets, budgets, n * sizeof *budgets);
    ledger->n = n;
    ledger->kind = in_redis ? &ds_store_redis : &ds_store_sqlite;
    ledger->busy_ms = busy_ms;
    ledger->where = strdup(where);
    ledger->store = ledger->where ? ledger->kind->open(where, busy_ms, error) : NULL;
    if (!ledger->where)
        td_fail(error, "%.200s: out of memory", where);
    if (!ledger->store) {
        free(ledger->where);
        free(ledger);
        return NULL;
    }
    struct stat at;
    if (ledger->kind->here && !stat(where, &at)) {
        ledger->device = at.st_dev;
        ledger->inode = at.st_ino;
    }
    ledger->home = home_of(ledger);
    return ledger;
}

void ds_ledger_close(ds_ledger *ledger)
{
    if (!ledger)
        return;
    ds_disk_close(ledger->disk); /* before the last connection takes the WAL away */
    if (ledger->store)
        ledger->kind->close(ledger->store);
    free(ledger->where);
    free(ledger);
}

ds_disk *ds_ledger_disk(ds_ledger *ledger, bool *good, td_error *error)
{
    const char *path = ledger->kind->file && ledger->store ? ledger->kind->file(ledger->store) : NULL;
    *good = true;
    if (path && !ledger->disk) {
        ledger->disk = ds_disk_open(path, error);
        *good = ledger->disk != NULL;
    }
    return ledger->disk;
}

/* Not a sequence: an id is never used again, whatever was deleted meanwhile. */
static uint64_t fresh_id(ds_ledger *ledger)
{
    uint64_t z = ledger->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z = (z ^ z >> 31) & INT64_MAX;
    return z ? z : 1;
}

static bool another(const ds_ledger *ledger, td_error *error)
{
    return td_fail(error, "%.200s: another file stands in the ledger's place; put the old one back, or start anew with this one", ledger->where);
}

/* A file that went is let go at once: held open, the WAL beside it would keep others from beginning a new one. Only the
 * same file is opened again. SQLite finds a WAL by the path: where another file stood there, one worker that opens it and
 * one that has not let go of the old one yet would write into one WAL, and the checkpoint of either mix the two. So
 * another file is for a process that starts anew. False, with *error: there is nothing to count in. */
static bool find(ds_ledger *ledger, td_error *error)
{
    if (ledger->store && (!ledger->kind->here || ledger->kind->here(ledger->store)))
        return true;
    if (ledger->store)
        ledger->kind->close(ledger->store);
    ledger->store = NULL;
    struct stat at;
    if (stat(ledger->where, &at))
        return td_fail(error, "%.200s: the file is gone (deleted or moved away); put it back, or start anew with a new one", ledger->where);
    if (at.st_ino != ledger->inode || at.st_dev != ledger->device)
        return another(ledger, error);
    ledger->store = ledger->kind->open(ledger->where, ledger->busy_ms, error);
    if (ledger->store && home_of(ledger) != ledger->home) { /* the old one's inode is free, so nobody has it open */
        ledger->kind->close(ledger->store);
        ledger->store = NULL;
        return another(ledger, error);
    }
    ledger->moved = true;
    return ledger->store != NULL;
}

ds_ledger_state ds_ledger_look(ds_ledger *ledger)
{
    td_error ignored;
    if (!find(ledger, &ignored))
        return DS_LEDGER_GONE;
    return ledger->moved ? DS_LEDGER_MOVED : DS_LEDGER_HERE;
}

bool ds_ledger_same(const ds_ledger *a, const ds_ledger *b)
{
    return (!a->inode && !b->inode) || (a->inode == b->inode && a->device == b->device && a->home == b->home);
}

ds_ledger_answer ds_ledger_reserve(ds_ledger *ledger, const ds_payer *payer, double usd, double now_unix,
                                   ds_ticket *ticket, size_t *which, td_error *error)
{
    ds_booking booking;
    ds_account accounts[DS_MAX_BUDGETS];
    size_t n = 0, full = 0;
    ticket->id = 0;
    if (!(usd >= 0 && usd <= MOST_USD)) {
        td_fail(error, "ledger: cannot reserve %g USD; is a price wrong?", usd);
        return DS_LEDGER_BROKEN;
    }
    if (!find(ledger, error))
        return DS_LEDGER_BROKEN;
    booking_of(payer, now_unix, &booking);
    for (size_t i = 0; i < ledger->n; i++)
        n += account_of(ledger, i, payer, false, &accounts[n]);
    const uint64_t id = fresh_id(ledger);
    const ds_ledger_answer answer =
        ledger->kind->reserve(ledger->store, &booking, accounts, n, nano_up(usd), id, &full, error);
    if (answer == DS_LEDGER_HELD) {
        *ticket = (ds_ticket){.id = id, .home = home_of(ledger), .at = booking.at, .nano = nano_up(usd)};
        memcpy(ticket->tier, booking.tier, sizeof booking.tier);
        memcpy(ticket->key, booking.key, sizeof booking.key);
        memcpy(ticket->tag, booking.tag, sizeof booking.tag);
    }
    if (answer == DS_LEDGER_SPENT)
        *which = accounts[full].which;
    return answer;
}

bool ds_ledger_settle(ds_ledger *ledger, ds_ticket *ticket, double usd, td_error *error)
{
    if (!ticket->id)
        return true;
    if (!(usd >= 0 && usd <= MOST_USD))
        return td_fail(error, "ledger: cannot settle %g USD; the reservation stands", usd);
    if (!find(ledger, error))
        return false;
    ds_booking booking;
    memset(&booking, 0, sizeof booking);
    ds_windows_of((double)ticket->at, booking.window);
    booking.at = ticket->at;
    memcpy(booking.tier, ticket->tier, sizeof booking.tier);
    memcpy(booking.key, ticket->key, sizeof booking.key);
    memcpy(booking.tag, ticket->tag, sizeof booking.tag);
    const int64_t beyond = nano_up(usd) - (ticket->home == home_of(ledger) ? ticket->nano : 0);
    if (!ledger->kind->settle(ledger->store, ticket->id, nano_up(usd), &booking, beyond > 0 ? beyond : 0, error))
        return false;
    ticket->id = 0;
    return true;
}

double ds_ledger_spent(ds_ledger *ledger, const ds_payer *payer, size_t which, double now_unix)
{
    ds_booking booking;
    ds_account account;
    td_error ignored;
    int64_t amount;
    if (which >= ledger->n || !ledger->store)
        return -1;
    booking_of(payer, now_unix, &booking);
    account_of(ledger, which, payer, true, &account);
    return ledger->kind->spent(ledger->store, &booking, &account, &amount, &ignored) ? (double)amount / NANO : -1;
}

bool ds_ledger_total(ds_ledger *ledger, double *usd, double *reserved, td_error *error)
{
    int64_t booked, open;
    if (!ledger->store)
        return td_fail(error, "%.200s: is not open", ledger->where);
    if (!ledger->kind->total(ledger->store, &booked, &open, error))
        return false;
    *usd = (double)booked / NANO;
    *reserved = (double)open / NANO;
    return true;
}
