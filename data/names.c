#include "data/names.h"

#include <stdlib.h>
#include <string.h>

size_t td_name_number(td_names *names, tierce_span name)
{
    bool fresh;
    uint64_t *value = td_map_at(&names->map, td_hash_bytes(7, name.data, name.len), &fresh);
    if (!value)
        return TD_NO_NAME;
    if (!fresh)
        return (size_t)*value;
    if (names->n == names->room) {
        const size_t room = names->room ? names->room * 2 : 16;
        char **wider = realloc(names->name, room * sizeof *wider);
        if (!wider)
            return TD_NO_NAME;
        names->name = wider;
        names->room = room;
    }
    names->name[names->n] = name.len ? strndup(name.data, name.len) : strdup("");
    if (!names->name[names->n])
        return TD_NO_NAME;
    *value = names->n;
    return names->n++;
}

void td_names_free(td_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->name[i]);
    free(names->name);
    td_map_free(&names->map);
    memset(names, 0, sizeof *names);
}
