#include "train/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(size_t count, size_t size)
{
    fprintf(stderr, "tierce-train: out of memory (%zu x %zu bytes); train on fewer records or fewer blocks\n",
            count, size);
    exit(3);
}

void *tr_new(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (!p)
        out_of_memory(count, size);
    return p;
}

void *tr_grow(void *array, size_t *room, size_t need, size_t size)
{
    if (need <= *room)
        return array;
    size_t wider = *room ? *room : 64;
    while (wider < need)
        wider *= 2;
    void *p = wider > SIZE_MAX / size ? NULL : realloc(array, wider * size);
    if (!p)
        out_of_memory(wider, size);
    memset((char *)p + *room * size, 0, (wider - *room) * size);
    *room = wider;
    return p;
}

char *tr_copy(const char *data, size_t len)
{
    char *p = tr_new(len + 1, 1);
    if (len)
        memcpy(p, data, len);
    return p;
}
