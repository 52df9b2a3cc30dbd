/* infer/swap.h: replacing the model of a running process.
 *
 *     tierce_swap *swap;
 *     tierce_swap_open(&swap, "router.tierce", 8, NULL, &error);    // eight threads will decide
 *
 *     // thread i, for every request:
 *     tierce_turn turn;
 *     if (tierce_swap_enter(swap, i, &turn, &error) == TIERCE_OK) {
 *         tierce_decide(turn.router, turn.scratch, &request, &policy, &decision, NULL);
 *         send_to(tierce_tier_name(turn.router, decision.order[0]));
 *         tierce_swap_leave(swap, i);
 *     }
 *
 *     // some other thread, when the file was replaced (rename a new one over it: never write in place)
 *     if (tierce_swap_load(swap, "router.tierce", &error) != TIERCE_OK)
 *         complain(error.message);                                  // the old model goes on
 *
 * Between enter and leave a thread has one whole model: names, policies and decisions of it belong
 * together. A replaced model is closed when the last thread that was inside has left, at the next
 * load or replace. Readers never wait and never lock: two atomic stores a turn, on a cache line of
 * their own. (Hazard pointers; Michael 2004.) Entering allocates only after a model was replaced, for
 * the new one's scratch.
 *
 * An allocator other than NULL must be safe to call from several threads. */
#ifndef TIERCE_SWAP_H
#define TIERCE_SWAP_H

#include "infer/router.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tierce_swap tierce_swap;

/* What a thread works with between enter and leave. */
typedef struct {
    const tierce_router *router;
    tierce_scratch *scratch;
    uint32_t generation; /* 1 for the first model, one more for each that replaced it */
} tierce_turn;

typedef struct {
    uint32_t generation; /* of the model that new turns get */
    uint32_t refused;    /* files that tierce_swap_load could not use */
    uint32_t waiting;    /* replaced models that some thread may still use */
} tierce_swap_counts;

/* readers: 1..65535, how many threads may be inside at once. */
tierce_status tierce_swap_open(tierce_swap **swap, const char *path, uint32_t readers,
                               const tierce_allocator *allocator, tierce_error *error);
/* The same with a router that is open already; taken over when TIERCE_OK. */
tierce_status tierce_swap_new(tierce_swap **swap, tierce_router *router, uint32_t readers,
                              const tierce_allocator *allocator, tierce_error *error);
/* No thread may be inside. NULL is allowed. */
void tierce_swap_close(tierce_swap *swap);

/* reader < readers, each used by one thread at a time. A turn must be left before the next. NOMEM when
 * there is no memory for a new model's scratch: no turn was begun. */
tierce_status tierce_swap_enter(tierce_swap *swap, uint32_t reader, tierce_turn *turn, tierce_error *error);
void tierce_swap_leave(tierce_swap *swap, uint32_t reader);

/* From any thread, several at a time too. On failure the model in use stays, and the failure is counted. */
tierce_status tierce_swap_load(tierce_swap *swap, const char *path, tierce_error *error);
/* The same with an open router; taken over when TIERCE_OK. */
tierce_status tierce_swap_replace(tierce_swap *swap, tierce_router *router, tierce_error *error);

tierce_swap_counts tierce_swap_count(tierce_swap *swap);

#ifdef __cplusplus
}
#endif
#endif
