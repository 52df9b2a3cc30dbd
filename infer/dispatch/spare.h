/* A few small blocks put by, for who cannot bear that a small allocation fails. One stock a thread. */
#ifndef TIERCE_DISPATCH_SPARE_H
#define TIERCE_DISPATCH_SPARE_H

#include <stdbool.h>
#include <stddef.h>

#define DS_SPARES 4
#define DS_SPARE_SIZE 64

bool ds_spare_stock(void);       /* the next DS_SPARES blocks up to DS_SPARE_SIZE bytes are certain; false: no memory */
void *ds_spare_malloc(size_t n); /* malloc, or from the stock; for free() */
void ds_spare_clear(void);

#endif
