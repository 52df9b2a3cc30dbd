/* What stands behind the opaque types of infer/router.h. Internal. */
#ifndef TIERCE_ROUTER_STATE_H
#define TIERCE_ROUTER_STATE_H

#include "infer/router.h"
#include "models/model.h"

struct tierce_router {
    tm_model model;
    tf_features features;
};

struct tierce_scratch {
    const tierce_router *router;
    tf_state *state;
    int32_t *acc;
    double *margin; /* n_rows */
    const tf_vector *seen; /* of the last request; NULL before the first */
};

/* FNV-1a 64 of the features of the request that the scratch saw last, in the order in which they were met:
 * what a decision can depend on, and nothing of the text. 0 before the first. */
uint64_t tierce_scratch_digest(const tierce_scratch *scratch);

/* tierce_router_open and tierce_router_open_file, with another inflater than zlib; NULL: zlib. */
tierce_status tierce_router_open_by(tierce_router **router, const void *bytes, size_t len, const tierce_allocator *allocator,
                                    const tm_inflater *by, tierce_error *error);
tierce_status tierce_router_open_file_by(tierce_router **router, const char *path, const tierce_allocator *allocator,
                                         const tm_inflater *by, tierce_error *error);

/* The model behind a router, for tools that print it. */
const tm_model *tierce_router_model(const tierce_router *router);
/* Takes a model over (it is emptied) without checking self-tests: the trainer's way to ask a model
 * that it has just made. */
tierce_status tierce_router_adopt(tierce_router **router, tm_model *model, tierce_error *error);

#endif
