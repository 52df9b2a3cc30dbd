/* The fastest way to unpack a model that this build has. */
#ifndef TIERCE_INFER_DEFLATE_H
#define TIERCE_INFER_DEFLATE_H

#include "models/model.h"

/* For tierce_router_open_by; NULL: zlib. Thread-safe. */
const tm_inflater *fast_inflater(void);

#endif
