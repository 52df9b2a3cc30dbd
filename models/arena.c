#include "models/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct tm_block {
    alignas(max_align_t) tm_block *next;
};

static void *default_alloc(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void default_release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

const tierce_allocator tm_default_allocator = {default_alloc, default_release, NULL};

void tm_arena_start(tm_arena *arena, const tierce_allocator *allocator)
{
    arena->allocator = allocator ? *allocator : tm_default_allocator;
    arena->blocks = NULL;
}

void *tm_arena_alloc(tm_arena *arena, size_t count, size_t size)
{
    if (size && count > (SIZE_MAX / 2 - sizeof(tm_block)) / size)
        return NULL;
    const size_t bytes = count * size;
    /* calloc's large blocks are zero without being touched: a table's unused parts then cost no memory */
    const bool plain = arena->allocator.alloc == default_alloc;
    tm_block *block = plain ? calloc(1, sizeof *block + bytes)
                            : arena->allocator.alloc(arena->allocator.context, sizeof *block + bytes);
    if (!block)
        return NULL;
    block->next = arena->blocks;
    arena->blocks = block;
    return plain ? block + 1 : memset(block + 1, 0, bytes);
}

char *tm_arena_string(tm_arena *arena, const char *data, size_t len)
{
    char *s = tm_arena_alloc(arena, len + 1, 1);
    if (s && len)
        memcpy(s, data, len);
    return s;
}

void tm_arena_free(tm_arena *arena)
{
    for (tm_block *block = arena->blocks; block;) {
        tm_block *next = block->next;
        arena->allocator.release(arena->allocator.context, block);
        block = next;
    }
    arena->blocks = NULL;
}
