/* Which tier answered a conversation last, for all workers: a table in memory that they share.
 *
 * Sessions (sessions.h) are one worker's and exact; this is for a conversation whose next request another
 * worker takes. A fixed number of places, no locks: a place that two conversations want is the last one's,
 * and what is torn by two writers at once is no answer. Tiers stand there by the hash of their names: workers
 * reload one after the other, and numbers may mean other tiers meanwhile. */
#ifndef TIERCE_DISPATCH_SHARED_H
#define TIERCE_DISPATCH_SHARED_H

#include <stdatomic.h>
#include <stdint.h>

#define DS_SHARED_PLACES 65536

/* All zero is empty. */
typedef struct {
    struct {
        _Atomic uint64_t check; /* key ^ value */
        _Atomic uint64_t value; /* minutes of the monotonic clock << 40 | 40 bits of the tier's hash */
    } place[DS_SHARED_PLACES];
} ds_shared;

void ds_shared_put(ds_shared *shared, uint64_t key, const char *tier, double now);
/* Is `tier` the one that answered the conversation, within the last max_age_s? */
int ds_shared_is(ds_shared *shared, uint64_t key, const char *tier, double now, double max_age_s);

#endif
