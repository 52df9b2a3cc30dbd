#include "infer/swap.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "models/arena.h"

#define MAX_READERS 65535u
#define CACHE_LINE 64

/* A model that is or was in use. */
typedef struct node {
    tierce_router *router;
    uint32_t generation;
    struct node *next; /* of the replaced ones; the writer's */
} node;

typedef struct {
    _Atomic(node *) inside; /* what the reader may be looking at; NULL: nothing */
    uint32_t generation;    /* that the scratch was laid out for; the rest is the reader's own */
    size_t room;
    void *memory;
    tierce_scratch *scratch;
    char apart[CACHE_LINE]; /* whatever the alignment, two readers share no line */
} reader;

struct tierce_swap {
    tierce_allocator allocator;
    _Atomic(node *) current;
    atomic_flag writing;
    node *replaced; /* under `writing` */
    uint32_t n_readers;
    atomic_uint generation, refused, waiting;
    reader readers[];
};

static void close_node(tierce_swap *swap, node *n)
{
    tierce_router_close(n->router);
    swap->allocator.release(swap->allocator.context, n);
}

static node *new_node(tierce_swap *swap, tierce_router *router)
{
    node *n = swap->allocator.alloc(swap->allocator.context, sizeof *n);
    if (n) {
        n->router = router;
        n->generation = 0;
        n->next = NULL;
    }
    return n;
}

tierce_status tierce_swap_new(tierce_swap **out, tierce_router *router, uint32_t readers,
                              const tierce_allocator *allocator, tierce_error *error)
{
    const tierce_allocator *a = allocator ? allocator : &tm_default_allocator;
    *out = NULL;
    if (!readers || readers > MAX_READERS)
        return tierce_fail(error, TIERCE_ARGUMENT, "swap: readers must be within 1..65535", readers);
    const size_t bytes = sizeof(tierce_swap) + readers * sizeof(reader);
    tierce_swap *swap = a->alloc(a->context, bytes);
    if (!swap)
        return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    memset(swap, 0, bytes);
    swap->allocator = *a;
    swap->n_readers = readers;
    node *first = new_node(swap, router);
    if (!first) {
        a->release(a->context, swap);
        return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    }
    first->generation = 1;
    atomic_init(&swap->current, first);
    atomic_init(&swap->generation, 1);
    atomic_init(&swap->refused, 0);
    atomic_init(&swap->waiting, 0);
    atomic_flag_clear(&swap->writing);
    for (uint32_t i = 0; i < readers; i++)
        atomic_init(&swap->readers[i].inside, NULL);
    *out = swap;
    return TIERCE_OK;
}

tierce_status tierce_swap_open(tierce_swap **out, const char *path, uint32_t readers,
                               const tierce_allocator *allocator, tierce_error *error)
{
    tierce_router *router;
    *out = NULL;
    tierce_status status = tierce_router_open_file(&router, path, allocator, error);
    if (status != TIERCE_OK)
        return status;
    status = tierce_swap_new(out, router, readers, allocator, error);
    if (status != TIERCE_OK)
        tierce_router_close(router);
    return status;
}

void tierce_swap_close(tierce_swap *swap)
{
    if (!swap)
        return;
    const tierce_allocator a = swap->allocator;
    close_node(swap, atomic_load(&swap->current));
    for (node *n = swap->replaced, *next; n; n = next) {
        next = n->next;
        close_node(swap, n);
    }
    for (uint32_t i = 0; i < swap->n_readers; i++)
        if (swap->readers[i].memory)
            a.release(a.context, swap->readers[i].memory);
    a.release(a.context, swap);
}

/* ---- reading ---- */

/* A scratch for a model that this reader has not met. Compared by generation: a new model may stand at
 * the address of one that was closed. */
static tierce_status meet(tierce_swap *swap, reader *r, const node *n, tierce_error *error)
{
    const size_t need = tierce_scratch_size(n->router);
    if (need > r->room) {
        if (r->memory)
            swap->allocator.release(swap->allocator.context, r->memory);
        r->memory = swap->allocator.alloc(swap->allocator.context, need);
        r->room = r->memory ? need : 0;
        r->generation = 0;
        if (!r->memory)
            return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    }
    r->scratch = tierce_scratch_init(n->router, r->memory, error);
    r->generation = n->generation;
    return TIERCE_OK;
}

tierce_status tierce_swap_enter(tierce_swap *swap, uint32_t i, tierce_turn *turn, tierce_error *error)
{
    if (i >= swap->n_readers)
        return tierce_fail(error, TIERCE_ARGUMENT, "swap: there are fewer readers than that", i);
    reader *r = &swap->readers[i];
    node *n = atomic_load(&swap->current);
    for (;;) { /* announced before it was replaced? then nobody closes it */
        atomic_store(&r->inside, n);
        node *again = atomic_load(&swap->current);
        if (again == n)
            break;
        n = again;
    }
    if (r->generation != n->generation) {
        const tierce_status status = meet(swap, r, n, error);
        if (status != TIERCE_OK) {
            tierce_swap_leave(swap, i);
            return status;
        }
    }
    turn->router = n->router;
    turn->scratch = r->scratch;
    turn->generation = n->generation;
    return TIERCE_OK;
}

void tierce_swap_leave(tierce_swap *swap, uint32_t i)
{
    atomic_store_explicit(&swap->readers[i].inside, NULL, memory_order_release);
}

/* ---- writing ---- */

static bool in_use(tierce_swap *swap, const node *n)
{
    for (uint32_t i = 0; i < swap->n_readers; i++)
        if (atomic_load(&swap->readers[i].inside) == n)
            return true;
    return false;
}

/* Closes the replaced models that no reader is in. */
static void sweep(tierce_swap *swap)
{
    uint32_t waiting = 0;
    for (node **at = &swap->replaced; *at;) {
        node *n = *at;
        if (in_use(swap, n)) {
            waiting++;
            at = &n->next;
        } else {
            *at = n->next;
            close_node(swap, n);
        }
    }
    atomic_store(&swap->waiting, waiting);
}

tierce_status tierce_swap_replace(tierce_swap *swap, tierce_router *router, tierce_error *error)
{
    node *n = new_node(swap, router);
    if (!n)
        return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    while (atomic_flag_test_and_set(&swap->writing)) /* writers are rare, and quick */
        ;
    n->generation = atomic_load(&swap->generation) + 1;
    node *old = atomic_exchange(&swap->current, n);
    atomic_store(&swap->generation, n->generation);
    old->next = swap->replaced;
    swap->replaced = old;
    sweep(swap);
    atomic_flag_clear(&swap->writing);
    return TIERCE_OK;
}

tierce_status tierce_swap_load(tierce_swap *swap, const char *path, tierce_error *error)
{
    tierce_router *router;
    tierce_status status = tierce_router_open_file(&router, path, &swap->allocator, error);
    if (status == TIERCE_OK) {
        status = tierce_swap_replace(swap, router, error);
        if (status == TIERCE_OK)
            return status;
        tierce_router_close(router);
    }
    atomic_fetch_add(&swap->refused, 1);
    return status;
}

tierce_swap_counts tierce_swap_count(tierce_swap *swap)
{
    const tierce_swap_counts c = {atomic_load(&swap->generation), atomic_load(&swap->refused),
                                  atomic_load(&swap->waiting)};
    return c;
}
