/* Any bytes as a whole answer and as one chunk: what comes out is within its bounds and can be judged. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/reply.h"
#include "infer/dispatch/retry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void bounded(const char *text, size_t room)
{
    if (!memchr(text, 0, room))
        abort();
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            abort();
}

static void count(double v)
{
    if (!(v >= 0 && v <= 3e10))
        abort();
}

static void look(const ds_reply *r, size_t size)
{
    size_t arguments = 0;
    bounded(r->finish, sizeof r->finish);
    bounded(r->model, sizeof r->model);
    bounded(r->id, sizeof r->id);
    bounded(r->fault.type, sizeof r->fault.type);
    bounded(r->fault.code, sizeof r->fault.code);
    bounded(r->fault.message, sizeof r->fault.message);
    count(r->usage.input), count(r->usage.cached), count(r->usage.cache_write);
    count(r->usage.output), count(r->usage.reasoning), count(r->usage.cost_usd);
    if (r->fault.status && (r->fault.status < 400 || r->fault.status > 599))
        abort();
    if (r->n_calls > DS_MAX_CALLS || r->text_bytes > 2 * size || r->no_memory)
        abort();
    for (size_t i = 0; i < r->n_calls; i++) {
        arguments += r->calls[i].arguments_len;
        if (r->calls[i].arguments[r->calls[i].arguments_len])
            abort();
        bounded(r->calls[i].key, sizeof r->calls[i].key);
    }
    if (arguments > DS_MAX_ARGUMENTS)
        abort();
    for (int status = 0; status < 700; status += 50) {
        const ds_failure f = {.wire = DS_WIRE_OK, .status = status, .fault = &r->fault, .retry_after = r->fault.message,
                              .retry_after_ms = r->fault.code, .should_retry = r->fault.type, .now_unix = 1795500000};
        const ds_advice a = ds_judge(&f);
        if (!(a.wait_s >= 0 && a.wait_s <= DS_RETRY_AFTER_CAP) || !a.why)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ds_reply reply = {0};
    ds_reply_body(&reply, (const char *)data, size);
    look(&reply, size);
    ds_reply_reset(&reply);
    ds_reply_chunk(&reply, size % 2 ? "" : "error", (const char *)data, size);
    ds_reply_chunk(&reply, "", (const char *)data, size); /* onto what is there */
    look(&reply, size);
    ds_reply_free(&reply);
    return 0;
}
