/* Any bytes as a model file, with checksums off (container.c is built with -DTIERCE_FUZZING): refused, or
 * it decides and can be written again. */
#include <stdint.h>
#include <stdlib.h>

#include "infer/router_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tierce_router *router;
    tierce_error error;
    uint8_t *bytes;
    size_t len;
    if (size > 20 && (data[18] > 8 || data[19])) /* payloads above 512 KiB only cost time */
        return 0;
    if (tierce_router_open(&router, data, size, NULL, &error) != TIERCE_OK)
        return 0;
    void *memory = malloc(tierce_scratch_size(router));
    tierce_scratch *scratch = tierce_scratch_init(router, memory, NULL);
    tierce_part part;
    tierce_decision d;
    const tierce_request request = tierce_request_of_prompt(&part, "prove it, step by step", 22);
    const tierce_policy policy = tierce_policy_default(router);
    if (tierce_decide(router, scratch, &request, &policy, &d, NULL) != TIERCE_OK)
        abort();
    if (d.order[0] >= tierce_tier_count(router))
        abort();
    if (tm_model_encode(&router->model, NULL, &bytes, &len, NULL) == TIERCE_OK)
        free(bytes);
    free(memory);
    tierce_router_close(router);
    return 0;
}
