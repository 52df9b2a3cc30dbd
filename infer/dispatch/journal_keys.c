#include "infer/dispatch/journal_keys.h"

#include <stdlib.h>

#include "infer/dispatch/body.h"

/* An answer of an earlier run, or a key of this input. */
struct ds_key_slot {
    uint64_t hash;   /* 0: free */
    uint64_t entry;  /* in entries, or UINT64_MAX: no answer is there */
    uint64_t digest; /* of the request that was answered; 0: not known */
    bool seen;       /* in this input */
};

static ds_key_slot *find(ds_keys *k, uint64_t hash)
{
    size_t i = (size_t)(hash & (k->n_slots - 1));
    while (k->slots[i].hash && k->slots[i].hash != hash)
        i = (i + 1) & (k->n_slots - 1);
    return &k->slots[i];
}

static bool grow(ds_keys *k)
{
    if (k->n_slots && k->used * 2 < k->n_slots)
        return true;
    ds_key_slot *old = k->slots;
    const size_t n = k->n_slots;
    ds_key_slot *wider = calloc(n ? n * 2 : 1024, sizeof *wider);
    if (!wider)
        return false;
    k->slots = wider;
    k->n_slots = n ? n * 2 : 1024;
    for (size_t i = 0; i < n; i++)
        if (old[i].hash)
            *find(k, old[i].hash) = old[i];
    free(old);
    return true;
}

static ds_key_slot *slot_of(ds_keys *k, const char *key, size_t len)
{
    if (!grow(k))
        return NULL;
    const uint64_t hash = ds_fnv1a(key, len) | 1;
    ds_key_slot *s = find(k, hash);
    if (!s->hash) {
        *s = (ds_key_slot){hash, UINT64_MAX, 0, false};
        k->used++;
    }
    return s;
}

bool ds_keys_add(ds_keys *k, uint64_t place, uint64_t offset, size_t len)
{
    if (k->n_entries == k->room) {
        const size_t room = k->room ? k->room * 2 : 1024;
        ds_kept *wider = realloc(k->entries, room * sizeof *wider);
        if (!wider)
            return false;
        k->entries = wider;
        k->room = room;
    }
    k->entries[k->n_entries++] = (ds_kept){place, offset, len};
    return true;
}

static void replace(ds_keys *k, ds_key_slot *s)
{
    k->entries[s->entry].len = 0;
    k->replaced++;
}

ds_key_state ds_keys_expect(ds_keys *k, const char *key, size_t len, uint64_t digest, uint64_t *place)
{
    ds_key_slot *s = slot_of(k, key, len);
    if (!s)
        return DS_KEY_NO_MEMORY;
    if (s->seen)
        return DS_KEY_TWICE;
    s->seen = true;
    *place = k->places++;
    if (s->entry == UINT64_MAX)
        return DS_KEY_NEW;
    if (s->digest && digest && s->digest != digest) {
        replace(k, s);
        return DS_KEY_CHANGED;
    }
    k->entries[s->entry].place = *place;
    return DS_KEY_ANSWERED;
}

ds_key_state ds_keys_take_over(ds_keys *k, const char *key, size_t len, uint64_t digest, uint64_t offset, size_t line_len)
{
    ds_key_slot *s = slot_of(k, key, len);
    const bool there = s && s->entry != UINT64_MAX;
    if (there && s->digest == digest)
        return DS_KEY_ANSWERED;
    if (!s || !ds_keys_add(k, UINT64_MAX, offset, line_len))
        return DS_KEY_NO_MEMORY;
    if (there)
        replace(k, s);
    s->entry = k->n_entries - 1;
    s->digest = digest;
    return there ? DS_KEY_CHANGED : DS_KEY_NEW;
}

static int by_place(const void *a, const void *b)
{
    const ds_kept *x = a, *y = b;
    return x->place < y->place ? -1 : x->place > y->place ? 1 : x->offset < y->offset ? -1 : x->offset > y->offset;
}

void ds_keys_sort(ds_keys *k)
{
    if (k->n_entries)
        qsort(k->entries, k->n_entries, sizeof *k->entries, by_place);
}

void ds_keys_free(ds_keys *k)
{
    free(k->slots);
    free(k->entries);
}
