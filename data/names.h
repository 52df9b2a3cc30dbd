/* Names to numbers 0, 1, 2, … in the order of their first coming. */
#ifndef TIERCE_NAMES_H
#define TIERCE_NAMES_H

#include "data/hash_map.h"
#include "features/request.h"

/* Zero it before first use. */
typedef struct {
    td_map map;
    char **name; /* NUL-terminated copies */
    size_t n, room;
} td_names;

#define TD_NO_NAME ((size_t)-1)

/* The number of a name, given to it when it is new. TD_NO_NAME when memory ends. */
size_t td_name_number(td_names *names, tierce_span name);
void td_names_free(td_names *names);

#endif
