#include "data/import/pointer.h"

#include <string.h>

/* One step with ~0 and ~1 undone; false when it is too long to be a name of anything. */
static bool step_name(const char *at, size_t n, char name[256])
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (used == 255)
            return false;
        const bool escape = at[i] == '~' && i + 1 < n && (at[i + 1] == '0' || at[i + 1] == '1');
        name[used++] = escape ? (at[++i] == '1' ? '/' : '~') : at[i];
    }
    name[used] = 0;
    return true;
}

const td_node *td_pointer(const td_node *root, const char *pointer, size_t len)
{
    const char *end = pointer + len;
    const td_node *at = root;
    if (len && *pointer == '/')
        pointer++;
    else if (!len)
        return root;
    while (at) {
        const char *slash = memchr(pointer, '/', (size_t)(end - pointer));
        const size_t n = (size_t)((slash ? slash : end) - pointer);
        char name[256];
        if (!step_name(pointer, n, name))
            return NULL;
        if (td_is_array(at)) {
            size_t index = 0;
            for (size_t i = 0; i < n && index < ((size_t)1 << 40); i++) {
                if (name[i] < '0' || name[i] > '9')
                    return NULL;
                index = index * 10 + (size_t)(name[i] - '0');
            }
            at = n ? td_at(at, index) : NULL;
        } else {
            at = td_get(at, name);
        }
        if (!slash)
            break;
        pointer = slash + 1;
    }
    return at;
}
