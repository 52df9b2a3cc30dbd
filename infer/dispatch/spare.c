#include "infer/dispatch/spare.h"

#include <stdlib.h>

static _Thread_local void *spares[DS_SPARES];

void *ds_spare_malloc(size_t n)
{
    void *p = malloc(n);
    for (int i = 0; !p && n <= DS_SPARE_SIZE && i < DS_SPARES; i++) {
        p = spares[i];
        spares[i] = NULL;
    }
    return p;
}

bool ds_spare_stock(void)
{
    for (int i = 0; i < DS_SPARES; i++)
        if (!spares[i] && !(spares[i] = malloc(DS_SPARE_SIZE)))
            return false;
    return true;
}

void ds_spare_clear(void)
{
    for (int i = 0; i < DS_SPARES; i++) {
        free(spares[i]);
        spares[i] = NULL;
    }
}
