#include "data/dom_twice.h"

#include <stdio.h>
#include <string.h>

#include "data/hash_map.h"

#define FEW 32 /* members that are compared one with another */

typedef struct frame {
    const struct frame *up;
    const char *key; /* of an object's member; NULL: an item */
    size_t index;
} frame;

typedef struct {
    td_map seen; /* keys of large objects, each with its object's number */
    uint64_t objects;
    char *place;
    size_t room;
} walker;

static void put_step(const walker *w, const frame *f, size_t *used)
{
    if (f->up)
        put_step(w, f->up, used);
    if (*used >= w->room)
        return;
    const int n = f->key ? snprintf(w->place + *used, w->room - *used, "/%.80s", f->key)
                         : snprintf(w->place + *used, w->room - *used, "/%zu", f->index);
    *used += n > 0 ? (size_t)n : 0;
}

static const td_node *before(const td_node *object, const td_node *member)
{
    for (const td_node *n = td_first(object); n != member; n = td_next(n))
        if (!strcmp(td_key(n), td_key(member)))
            return n;
    return NULL;
}

static bool is_again(walker *w, const td_node *object, const td_node *member, uint64_t number)
{
    bool fresh = true;
    if (!number)
        return before(object, member) != NULL;
    const char *key = td_key(member);
    td_map_at(&w->seen, td_hash_bytes(number, key, strlen(key)), &fresh);
    return !fresh && before(object, member);
}

/* Recursion is bounded by the depth that the parser allows. */
static bool walk(walker *w, const td_node *n, const frame *up)
{
    frame f = {up, NULL, 0};
    const bool object = td_is_object(n);
    const uint64_t number = object && td_count(n) > FEW ? ++w->objects : 0;
    for (const td_node *m = td_first(n); m; m = td_next(m), f.index++) {
        f.key = object ? td_key(m) : NULL;
        if (object && is_again(w, n, m, number)) {
            size_t used = 0;
            put_step(w, &f, &used);
            return true;
        }
        if (td_first(m) && walk(w, m, &f))
            return true;
    }
    return false;
}

bool td_dom_twice(const td_node *root, char *place, size_t room)
{
    walker w = {.place = place, .room = room};
    *place = 0;
    const bool found = walk(&w, root, NULL);
    td_map_free(&w.seen);
    return found;
}

td_node *td_dom_once(td_node *root, const char *name, td_error *error)
{
    char place[200];
    if (!root || !td_dom_twice(root, place, sizeof place))
        return root;
    td_fail(error, "%.300s: key \"%s\" stands twice in its object, and readers differ in which they take; keep one", name, place);
    td_dom_free(root);
    return NULL;
}
