/* Between ledger.c and the stores (SQLite, Redis): what is booked where.
 *
 * An account is a window of time and three names. A name is "" (any) or "=" and the payer's, so that a
 * payer without a tag ("=") is not the same as any tag. A booking adds to every account that holds it: four
 * windows times "any or exactly this" in three names, 32 at most. */
#ifndef TIERCE_LEDGER_STORE_H
#define TIERCE_LEDGER_STORE_H

#include "infer/dispatch/ledger.h"

/* After so long an unsettled reservation is taken for spent: its process is dead. It is still settled where it is not:
 * a clock that is wrong must not lose what a request cost. */
#define DS_TICKET_AGE_S 86400

#define DS_WINDOWS 4
typedef char ds_account_name[DS_NAME_ROOM + 1];

/* Start of the hour, day or month in hours since 1970, times four, plus the ds_period: ordered by time,
 * and no two alike. The one of EVER is 3. */
typedef struct {
    int64_t window[DS_WINDOWS];
    ds_account_name tier, key, tag; /* with "=" */
    int64_t at;                     /* unix seconds */
} ds_booking;

/* A budget as the payer meets it. */
typedef struct {
    ds_account_name tier, key, tag; /* "" any */
    ds_period period;
    int64_t limit; /* nano-dollars */
    size_t which;
} ds_account;

typedef struct ds_store ds_store;

/* One row a kind of store. Functions fill *error on failure; amounts are nano-dollars. */
typedef struct {
    ds_store *(*open)(const char *where, unsigned busy_ms, td_error *error);
    void (*close)(ds_store *store);
    /* DS_LEDGER_SPENT: *full is the place in `accounts` of the first without room. */
    ds_ledger_answer (*reserve)(ds_store *store, const ds_booking *booking, const ds_account *accounts, size_t n,
                                int64_t amount, uint64_t id, size_t *full, td_error *error);
    /* gone: what to book where the reservation is not there (what it cost beyond, never below 0), to this booking. */
    bool (*settle)(ds_store *store, uint64_t id, int64_t amount, const ds_booking *booking, int64_t gone, td_error *error);
    bool (*spent)(ds_store *store, const ds_booking *booking, const ds_account *account, int64_t *amount,
                  td_error *error);
    bool (*total)(ds_store *store, int64_t *booked, int64_t *reserved, td_error *error);
    /* The file whose fdatasync keeps all steps so far through a power cut; NULL, or one that says NULL: there
     * is none (memory; Redis keeps them by its own rule). */
    const char *(*file)(ds_store *store);
    /* A number of the place that holds the reservations: another file, another number. NULL: there is but one. */
    uint64_t (*home)(ds_store *store);
    /* Is the file still where it was opened? NULL: there is none. */
    bool (*here)(ds_store *store);
} ds_store_kind;

extern const ds_store_kind ds_store_sqlite, ds_store_redis;

/* The four windows of a moment. */
void ds_windows_of(double now_unix, int64_t window[DS_WINDOWS]);

#endif
