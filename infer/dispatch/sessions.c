#include "infer/dispatch/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/turns.h"

#define NONE UINT32_MAX

typedef struct {
    uint64_t key;
    double used;
    uint32_t tier;
    uint32_t newer, older; /* by last use */
    uint32_t next;         /* of the same bucket */
} entry;

struct ds_sessions {
    size_t capacity, n, buckets; /* buckets: a power of two */
    double max_age_s;
    uint32_t newest, oldest;
    entry *entries;
    uint32_t *bucket;
};

ds_sessions *ds_sessions_open(size_t capacity, double max_age_s)
{
    size_t buckets = 1;
    capacity = capacity < 1 ? 1 : capacity > 1u << 24 ? 1u << 24 : capacity;
    while (buckets < capacity)
        buckets *= 2;
    ds_sessions *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->capacity = capacity;
    s->buckets = buckets;
    s->max_age_s = max_age_s;
    s->newest = s->oldest = NONE;
    s->entries = malloc(capacity * sizeof *s->entries);
    s->bucket = malloc(buckets * sizeof *s->bucket);
    if (!s->entries || !s->bucket) {
        ds_sessions_close(s);
        return NULL;
    }
    for (size_t i = 0; i < buckets; i++)
        s->bucket[i] = NONE;
    return s;
}

void ds_sessions_close(ds_sessions *sessions)
{
    if (!sessions)
        return;
    free(sessions->entries);
    free(sessions->bucket);
    free(sessions);
}

#define SEED 14695981039346656037u

/* Eight bytes a step; it never leaves the machine, so no one depends on its values. */
static uint64_t mix(uint64_t h, const char *bytes, size_t len)
{
    uint64_t v;
    h = (h ^ len) * 0x9e3779b97f4a7c15u;
    for (; len >= sizeof v; bytes += sizeof v, len -= sizeof v) {
        memcpy(&v, bytes, sizeof v);
        h = (h ^ v) * 0xbf58476d1ce4e5b9u;
        h ^= h >> 29;
    }
    v = 0;
    if (len)
        memcpy(&v, bytes, len);
    h = (h ^ v) * 0x94d049bb133111ebu;
    return h ^ h >> 31;
}

uint64_t ds_session_key(const char *id, size_t len)
{
    return mix(SEED, id, len);
}

uint64_t ds_session_turn(const tierce_request *request)
{
    const size_t n = ds_turns_end_of_user(request);
    uint64_t h = SEED;
    for (size_t i = 0; i < n; i++) {
        const tierce_part *part = &request->parts[i];
        const char kind[2] = {(char)part->kind, (char)part->role};
        h = mix(mix(h, kind, 2), part->text.data, part->text.len);
    }
    return h;
}

static uint32_t *bucket_of(ds_sessions *s, uint64_t key)
{
    return &s->bucket[(key ^ key >> 32) & (s->buckets - 1)];
}

static uint32_t find(ds_sessions *s, uint64_t key)
{
    uint32_t at = *bucket_of(s, key);
    while (at != NONE && s->entries[at].key != key)
        at = s->entries[at].next;
    return at;
}

static void unlink_age(ds_sessions *s, uint32_t at)
{
    const entry *e = &s->entries[at];
    *(e->newer == NONE ? &s->newest : &s->entries[e->newer].older) = e->older;
    *(e->older == NONE ? &s->oldest : &s->entries[e->older].newer) = e->newer;
}

static void make_newest(ds_sessions *s, uint32_t at)
{
    entry *e = &s->entries[at];
    e->newer = NONE;
    e->older = s->newest;
    *(s->newest == NONE ? &s->oldest : &s->entries[s->newest].newer) = at;
    s->newest = at;
}

/* A free place: a new one, or that of the least lately used. */
static uint32_t take_place(ds_sessions *s)
{
    if (s->n < s->capacity)
        return (uint32_t)s->n++;
    const uint32_t at = s->oldest;
    uint32_t *link = bucket_of(s, s->entries[at].key);
    while (*link != at)
        link = &s->entries[*link].next;
    *link = s->entries[at].next;
    unlink_age(s, at);
    return at;
}

uint32_t ds_sessions_get(ds_sessions *sessions, uint64_t key, double now)
{
    const uint32_t at = find(sessions, key);
    if (at == NONE)
        return UINT32_MAX;
    entry *e = &sessions->entries[at];
    if (sessions->max_age_s > 0 && now - e->used > sessions->max_age_s)
        return UINT32_MAX; /* its place goes when it is the oldest */
    e->used = now;
    unlink_age(sessions, at);
    make_newest(sessions, at);
    return e->tier;
}

void ds_sessions_put(ds_sessions *sessions, uint64_t key, uint32_t tier, double now)
{
    uint32_t at = find(sessions, key);
    if (at == NONE) {
        at = take_place(sessions);
        uint32_t *link = bucket_of(sessions, key);
        sessions->entries[at].key = key;
        sessions->entries[at].next = *link;
        *link = at;
    } else {
        unlink_age(sessions, at);
    }
    sessions->entries[at].tier = tier;
    sessions->entries[at].used = now;
    make_newest(sessions, at);
}

size_t ds_sessions_count(const ds_sessions *sessions)
{
    return sessions->n;
}
