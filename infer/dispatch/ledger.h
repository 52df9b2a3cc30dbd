/* Budgets: money is reserved before a request is sent and settled when its cost is known.
 *
 * A reservation counts as spent from the moment it is made, so the death of a process at any point leaves
 * at least what was billed: it is settled down (or up), never forgotten. Reservations of dead processes
 * stay counted as they are; they show as reserved in ds_ledger_total. A power cut takes what is not on the
 * disk yet: who wants a reservation to outlive it asks ds_ledger_disk and sends when the disk has it.
 *
 * The ledger is an SQLite file in WAL mode, shared by threads (one ds_ledger each), workers and
 * processes; "redis://host:port/0?prefix=tierce" holds the same in Redis where hiredis was built in
 * (HAVE_HIREDIS), one Lua script a step. Amounts are kept in whole nano-dollars (int64): no drift. */
#ifndef TIERCE_LEDGER_H
#define TIERCE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/lines.h"
#include "infer/dispatch/disk.h"

typedef enum { DS_PERIOD_HOUR, DS_PERIOD_DAY, DS_PERIOD_MONTH, DS_PERIOD_EVER } ds_period;
typedef enum { DS_END_STOP, DS_END_DEGRADE } ds_budget_end;

#define DS_NAME_ROOM 64
#define DS_MAX_BUDGETS 32

/* One line of tiers.json's "budgets". Empty strings match everything; "*" in key or tag counts each
 * client key or tag apart (a budget of limit_usd for each). Periods are UTC calendar hours, days and
 * months. */
typedef struct {
    char name[DS_NAME_ROOM];
    ds_period period;
    double limit_usd;
    char tier[DS_NAME_ROOM], key[DS_NAME_ROOM], tag[DS_NAME_ROOM];
    ds_budget_end at_end; /* what the engine does when it is used up: refuse, or only cheaper tiers */
    bool pace;            /* tighten as it is used faster than its time passes */
} ds_budget;

typedef struct ds_ledger ds_ledger;

/* `where`: a path, ":memory:", or redis://…; the budgets are copied. NULL with *error filled (file and
 * mend). busy_ms: how long to wait for another process's write. */
ds_ledger *ds_ledger_open(const char *where, const ds_budget *budgets, size_t n, unsigned busy_ms,
                          td_error *error);
void ds_ledger_close(ds_ledger *ledger);

/* Whose request, going where. Strings of any length; cut to DS_NAME_ROOM - 1 by hashing the rest. */
typedef struct {
    const char *tier, *key, *tag; /* "" where there is none; key is a fingerprint, never the secret */
} ds_payer;

/* A reservation, and what is needed to book its cost where it has gone from the ledger meanwhile. */
typedef struct {
    uint64_t id; /* 0: nothing is held */
    uint64_t home; /* which file holds it */
    int64_t at, nano; /* when, how much */
    char tier[DS_NAME_ROOM + 1], key[DS_NAME_ROOM + 1], tag[DS_NAME_ROOM + 1];
} ds_ticket;

typedef enum { DS_LEDGER_HELD, DS_LEDGER_SPENT, DS_LEDGER_BROKEN } ds_ledger_answer;

/* All budgets that match the payer take the amount, or none does. DS_LEDGER_SPENT: *which is the index of the
 * first budget without room (limit - spent < usd; a limit that is exactly reached is not exceeded).
 * DS_LEDGER_BROKEN: *error says why (disk full, locked). Without a matching budget the request is still
 * booked (spend is always known). now_unix decides the period. */
ds_ledger_answer ds_ledger_reserve(ds_ledger *ledger, const ds_payer *payer, double usd, double now_unix,
                            ds_ticket *ticket, size_t *which, td_error *error);
/* Replaces the reservation by the real cost (0 gives it back), however late. Booked in the period of the
 * reservation. A reservation that is gone from the ledger stays counted there; what the request cost beyond it (all of it,
 * where the ledger is another file now) is booked. Clears the ticket; a second settle of a cleared ticket is harmless. */
bool ds_ledger_settle(ds_ledger *ledger, ds_ticket *ticket, double usd, td_error *error);

/* ---- the file ---- */

/* A file that was deleted, moved away or replaced takes no reservation (DS_LEDGER_BROKEN) and no settlement until it, the
 * same one, is there again. */
typedef enum {
    DS_LEDGER_HERE,
    DS_LEDGER_GONE,
    DS_LEDGER_MOVED /* the file came back and was opened again: ds_ledger_disk is still of the first time; open the ledger anew */
} ds_ledger_state;
/* Looks at it: a system call. */
ds_ledger_state ds_ledger_look(ds_ledger *ledger);
/* Whether both count in the same file; true where there is none. */
bool ds_ledger_same(const ds_ledger *a, const ds_ledger *b);

/* ---- the disk ---- */

/* Keeps the steps so far through a power cut: NULL where there is nothing to wait for (memory; Redis keeps
 * them by its own rule), or with *good false and *error when the file cannot be kept. Made once, at the
 * first call; the ledger's. infer/dispatch/disk.h says how to ask and to hear. */
ds_disk *ds_ledger_disk(ds_ledger *ledger, bool *good, td_error *error);

/* Spent (settled + reserved) in the present period of budget `which` for this payer; -1 when broken. */
double ds_ledger_spent(ds_ledger *ledger, const ds_payer *payer, size_t which, double now_unix);
/* All that was ever booked, settled + reserved, USD; and how much of it is reserved, by reservations of the last day
 * (older ones are taken for spent: their processes are dead). */
bool ds_ledger_total(ds_ledger *ledger, double *usd, double *reserved, td_error *error);

/* How much to tighten: the factor for the policy's value_usd, 1 down to 0.05: (share of the money
 * left) / (share of the time left), 1 where it is above 1. */
double ds_pace(const ds_budget *budget, double spent_usd, double now_unix);
/* Start and end of the period that holds now_unix, in unix seconds (EVER: 0 and infinity). */
void ds_period_bounds(ds_period period, double now_unix, double *start, double *end);

#endif
