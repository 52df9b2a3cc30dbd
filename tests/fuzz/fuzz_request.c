/* Any bytes as a request (JSON) and as a bare prompt: features come out within their bounds, twice the
 * same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "features/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tf_features features;
static tf_state *state;

static void open_once(void)
{
    tf_spec spec;
    if (state)
        return;
    tf_spec_default(&spec);
    spec.bits = 12;
    spec.zone_bytes = 4096; /* small caps, so that short inputs reach them */
    spec.max_parts = 8;
    spec.max_tools = 4;
    spec.max_entries = 2048;
    if (!tf_features_open(&features, &spec))
        abort();
    state = tf_state_init(calloc(1, tf_state_size(&spec)), &spec);
}

static void look(const tierce_request *request)
{
    const tf_vector *v = tf_extract(&features, state, request, NULL, NULL);
    uint32_t sum = 0, n = v->n, first = n ? v->at[n - 1].index : 0;
    for (uint32_t i = 0; i < v->n; i++)
        if (v->at[i].index >> 12 != v->at[i].block || v->at[i].block >= TF_BLOCKS || !v->at[i].level)
            abort();
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        sum += v->count[b];
    v = tf_extract(&features, state, request, NULL, NULL);
    if (sum != n || v->n != n || n > 2048 || (n && v->at[n - 1].index != first))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_request parsed = {0};
    td_record record;
    tierce_part part;
    const char *what;
    size_t where;
    open_once();
    const tierce_request prompt = tierce_request_of_prompt(&part, (const char *)data, size);
    look(&prompt);
    if (td_parse_line(&parsed, NULL, &record, (const char *)data, size, TD_WANT_REQUESTS, &what, &where))
        look(record.request);
    td_request_free(&parsed);
    return 0;
}
