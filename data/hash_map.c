#include "data/hash_map.h"

#include <stdlib.h>
#include <string.h>

struct td_map_cell {
    uint64_t key, value;
    bool used;
};

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return h ^ h >> 32;
}

uint64_t td_hash_bytes(uint64_t seed, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t h = seed ^ 0xcbf29ce484222325u ^ mix(len);
    for (; len >= 8; at += 8, len -= 8) {
        uint64_t v = 0;
        for (int i = 7; i >= 0; i--) /* the same on every machine */
            v = v << 8 | at[i];
        h = (h ^ mix(v)) * 0x100000001b3u;
    }
    for (; len; at++, len--)
        h = (h ^ *at) * 0x100000001b3u;
    return mix(h);
}

static struct td_map_cell *place(const td_map *map, uint64_t key)
{
    size_t i = key & (map->room - 1);
    while (map->cells[i].used && map->cells[i].key != key)
        i = (i + 1) & (map->room - 1);
    return &map->cells[i];
}

static bool grow(td_map *map)
{
    const td_map old = *map;
    map->room = old.room ? old.room * 2 : 1024;
    map->cells = calloc(map->room, sizeof *map->cells);
    if (!map->cells) {
        *map = old;
        return false;
    }
    for (size_t i = 0; i < old.room; i++)
        if (old.cells[i].used)
            *place(map, old.cells[i].key) = old.cells[i];
    free(old.cells);
    return true;
}

uint64_t *td_map_at(td_map *map, uint64_t key, bool *fresh)
{
    if (map->n * 2 >= map->room && !grow(map))
        return NULL;
    struct td_map_cell *c = place(map, key);
    if (fresh)
        *fresh = !c->used;
    if (!c->used) {
        *c = (struct td_map_cell){key, 0, true};
        map->n++;
    }
    return &c->value;
}

uint64_t *td_map_find(const td_map *map, uint64_t key)
{
    struct td_map_cell *c = map->room ? place(map, key) : NULL;
    return c && c->used ? &c->value : NULL;
}

void td_map_free(td_map *map)
{
    free(map->cells);
    memset(map, 0, sizeof *map);
}
