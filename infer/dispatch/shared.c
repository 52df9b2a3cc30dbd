#include "infer/dispatch/shared.h"

#include <string.h>

#include "infer/dispatch/body.h"

#define HASH_BITS 40
#define HASH_MASK (((uint64_t)1 << HASH_BITS) - 1)

static uint64_t hash_of(const char *tier)
{
    return ds_fnv1a(tier, strlen(tier)) & HASH_MASK;
}

static size_t place_of(uint64_t key)
{
    return (size_t)((key ^ key >> 32) % DS_SHARED_PLACES);
}

void ds_shared_put(ds_shared *shared, uint64_t key, const char *tier, double now)
{
    const size_t at = place_of(key);
    const uint64_t value = ((uint64_t)(now / 60) + 1) << HASH_BITS | hash_of(tier);
    atomic_store_explicit(&shared->place[at].value, value, memory_order_relaxed);
    atomic_store_explicit(&shared->place[at].check, key ^ value, memory_order_relaxed);
}

int ds_shared_is(ds_shared *shared, uint64_t key, const char *tier, double now, double max_age_s)
{
    const size_t at = place_of(key);
    const uint64_t value = atomic_load_explicit(&shared->place[at].value, memory_order_relaxed);
    const uint64_t check = atomic_load_explicit(&shared->place[at].check, memory_order_relaxed);
    if (!value || (check ^ value) != key || (value & HASH_MASK) != hash_of(tier))
        return 0;
    return now / 60 + 1 - (double)(value >> HASH_BITS) <= max_age_s / 60 + 1;
}
