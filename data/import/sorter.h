/* Sorts any number of items in memory of a fixed size: runs go to a temporary file and are merged.
 *
 * An item is a key of three words and any bytes. While everything fits into memory no file is made.
 * The file is unlinked as soon as it is open: nothing is left behind, whatever happens. */
#ifndef TIERCE_SORTER_H
#define TIERCE_SORTER_H

#include <stdint.h>

#include "data/lines.h"

typedef struct {
    uint64_t word[3]; /* compared in this order */
} td_sort_key;

typedef struct td_sorter td_sorter;

/* memory: bytes to hold before spilling; a larger single item is still taken. folder: for temporary
 * files, must outlive the sorter. NULL when memory ends. */
td_sorter *td_sorter_open(size_t memory, const char *folder);
bool td_sorter_add(td_sorter *s, td_sort_key key, const void *data, size_t len, td_error *error);
/* Ends the adding, once. */
bool td_sorter_sort(td_sorter *s, td_error *error);
/* In order: 1 with an item, valid until the next call; 0 at the end; -1 with *error filled. */
int td_sorter_next(td_sorter *s, td_sort_key *key, const char **data, size_t *len, td_error *error);
void td_sorter_close(td_sorter *s);

#endif
