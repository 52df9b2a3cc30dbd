/* The journal's book: which custom_id has its answer where, to which request, and who comes first. */
#ifndef TIERCE_DISPATCH_JOURNAL_KEYS_H
#define TIERCE_DISPATCH_JOURNAL_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* CHANGED: there is an answer, but to another request. */
typedef enum { DS_KEY_NEW, DS_KEY_ANSWERED, DS_KEY_CHANGED, DS_KEY_TWICE, DS_KEY_NO_MEMORY } ds_key_state;

/* Where an answer lies in the file, without its line break. */
typedef struct {
    uint64_t place, offset; /* place UINT64_MAX: its line has not come by in this input */
    size_t len;             /* 0: another took its place */
} ds_kept;

typedef struct ds_key_slot ds_key_slot;

/* Zeroed: empty. */
typedef struct {
    ds_key_slot *slots;
    size_t n_slots, used;
    ds_kept *entries;
    size_t n_entries, room;
    uint64_t places;
    uint64_t replaced; /* entries of which another took the place */
} ds_keys;

/* The next line of the input: see ds_journal_expect. */
ds_key_state ds_keys_expect(ds_keys *keys, const char *key, size_t len, uint64_t digest, uint64_t *place);
/* An answer of an earlier run. ANSWERED: it is there already, nothing is noted. CHANGED: one to another request is there; this
 * one, the later, takes its place. */
ds_key_state ds_keys_take_over(ds_keys *keys, const char *key, size_t len, uint64_t digest, uint64_t offset, size_t line_len);
bool ds_keys_add(ds_keys *keys, uint64_t place, uint64_t offset, size_t len); /* an answer of this run */
void ds_keys_sort(ds_keys *keys); /* entries by place; nothing may be expected afterwards */
void ds_keys_free(ds_keys *keys);

#endif
