/* Any bytes as a model file, or, where they do not open with the magic, as the payload of one
 * (packed here, as a mutated zlib stream is hardly ever one); with checksums off (container.c is
 * built with -DTIERCE_FUZZING): refused, or it decides and can be written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "infer/router_state.h"
#include "models/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_file(const uint8_t *data, size_t size)
{
    tierce_router *router;
    tierce_error error;
    uint8_t *bytes;
    size_t len;
    if (tierce_router_open(&router, data, size, NULL, &error) != TIERCE_OK)
        return;
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
    for (uint32_t t = 0; t < tierce_tier_count(router); t++)
        if (!(d.estimate[t].probability >= 0 && d.estimate[t].probability <= 1 &&
              d.estimate[t].cost_usd >= 0))
            abort();
    if (tm_model_encode(&router->model, NULL, &bytes, &len, NULL) == TIERCE_OK)
        free(bytes);
    free(memory);
    tierce_router_close(router);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 8 && !memcmp(data, TM_MAGIC, 8)) {
        if (size <= 20 || (data[18] <= 8 && !data[19])) /* payloads above 512 KiB only cost time */
            try_file(data, size);
        return 0;
    }
    uLongf packed = compressBound((uLong)size);
    uint8_t *file = calloc(1, TM_HEADER_BYTES + packed);
    if (!file || compress2(file + TM_HEADER_BYTES, &packed, data, (uLong)size, 0) != Z_OK)
        abort();
    memcpy(file, TM_MAGIC, 8);
    file[8] = TM_VERSION_MAJOR;
    for (unsigned b = 0; b < 4; b++) {
        file[12 + b] = (uint8_t)(packed >> 8 * b);
        file[16 + b] = (uint8_t)(size >> 8 * b);
    }
    try_file(file, TM_HEADER_BYTES + packed);
    free(file);
    return 0;
}
