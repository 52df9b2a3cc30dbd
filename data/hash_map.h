/* 64-bit keys (hashes of ids, of requests) to numbers. Open addressing; keys are taken as they are,
 * so they must be well mixed: td_hash_bytes is. */
#ifndef TIERCE_HASH_MAP_H
#define TIERCE_HASH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero it before first use. */
typedef struct {
    struct td_map_cell *cells;
    size_t n, room;
} td_map;

/* The key's value, made 0 when it is new (*fresh says; may be NULL). NULL when memory ends. Valid
 * until the next call. */
uint64_t *td_map_at(td_map *map, uint64_t key, bool *fresh);
/* NULL when it is not there. */
uint64_t *td_map_find(const td_map *map, uint64_t key);
void td_map_free(td_map *map);

/* Chained: start with seed 0, go on with the last result. */
uint64_t td_hash_bytes(uint64_t seed, const void *bytes, size_t len);

#endif
