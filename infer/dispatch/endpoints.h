/* One item of a tier's "endpoints" -> ds_endpoint. Used by config.c only. */
#ifndef TIERCE_DISPATCH_ENDPOINTS_H
#define TIERCE_DISPATCH_ENDPOINTS_H

#include "infer/dispatch/conf_read.h"
#include "infer/dispatch/config.h"

/* `model`: the tier's, where the endpoint names none. What is filled must be freed in any case. */
bool ds_endpoint_read(const td_node *item, const char *model, ds_endpoint *e, const ds_place *where);
void ds_endpoint_free(ds_endpoint *e);

#endif
