/* Any bytes as a request or a line of a file: refused, or spliced into JSON that reads again, asks for
 * our model, and is as it came but for that. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const char *data, size_t size, bool line)
{
    ds_body body = {0}, again = {0};
    td_out out = {0}, twice = {0};
    const char *what;
    size_t where;
    if (ds_body_read(&body, data, size, line, &what, &where)) {
        ds_body_splice(&body, "M", body.stream && body.may_add_usage, &out);
        if (!ds_body_read(&again, out.at, out.len, false, &what, &where) || strcmp(again.model, "M") ||
            again.stream != body.stream || again.parsed.request.n_parts != body.parsed.request.n_parts)
            abort();
        ds_body_splice(&again, "M", false, &twice); /* nothing is left to change */
        if (twice.len != out.len || memcmp(twice.at, out.at, out.len))
            abort();
    } else if (!what || where > size) {
        abort();
    }
    free(out.at);
    free(twice.at);
    ds_body_free(&body);
    ds_body_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    look((const char *)data, size, false);
    look((const char *)data, size, true);
    return 0;
}
