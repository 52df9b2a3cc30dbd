/* Memory of a model: many small pieces, freed together, from an allocator of the caller. */
#ifndef TIERCE_ARENA_H
#define TIERCE_ARENA_H

#include <stddef.h>

#include "models/allocator.h"

typedef struct tm_block tm_block;

typedef struct {
    tierce_allocator allocator;
    tm_block *blocks;
} tm_arena;

/* allocator NULL: malloc and free. */
void tm_arena_start(tm_arena *arena, const tierce_allocator *allocator);
/* Zeroed, aligned for any type; NULL when memory ends or count * size overflows. count 0 gives a
 * valid pointer. */
void *tm_arena_alloc(tm_arena *arena, size_t count, size_t size);
char *tm_arena_string(tm_arena *arena, const char *data, size_t len);
void tm_arena_free(tm_arena *arena);

/* The default allocator. */
extern const tierce_allocator tm_default_allocator;

#endif
