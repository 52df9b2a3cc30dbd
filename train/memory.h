/* The trainer may die: allocation that ends the program with a sentence when memory ends. */
#ifndef TIERCE_TRAIN_MEMORY_H
#define TIERCE_TRAIN_MEMORY_H

#include <stddef.h>

/* Zeroed. */
void *tr_new(size_t count, size_t size);
/* Grows an array to room for `need` elements, doubling; *room is updated. */
void *tr_grow(void *array, size_t *room, size_t need, size_t size);
char *tr_copy(const char *data, size_t len);

#endif
