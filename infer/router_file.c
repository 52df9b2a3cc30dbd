/* Opening a model from a file: the only place of the edge library that knows files, and what builds
 * without them (infer/wasm) leave out. */
#include <stdio.h>
#include <string.h>

#include "infer/router_state.h"
#include "models/arena.h"

#define MAX_FILE ((size_t)256 << 20)

static tierce_status read_all(FILE *f, uint8_t **bytes, size_t *len, const tierce_allocator *a,
                              tierce_error *error)
{
    size_t room = 1u << 18, n = 0;
    uint8_t *at = a->alloc(a->context, room);
    while (at) {
        n += fread(at + n, 1, room - n, f);
        if (n < room || room > MAX_FILE)
            break;
        room = room * 2 > MAX_FILE ? MAX_FILE + 1 : room * 2;
        uint8_t *wider = a->alloc(a->context, room);
        if (wider)
            memcpy(wider, at, n);
        a->release(a->context, at);
        at = wider;
    }
    tierce_status status = TIERCE_OK;
    if (!at)
        status = tierce_fail(error, TIERCE_NOMEM, NULL, n);
    else if (ferror(f))
        status = tierce_fail(error, TIERCE_IO, NULL, n);
    else if (n > MAX_FILE)
        status = tierce_fail(error, TIERCE_LIMIT, NULL, n);
    if (status != TIERCE_OK && at)
        a->release(a->context, at);
    *bytes = at;
    *len = n;
    return status;
}

tierce_status tierce_router_open_file(tierce_router **out, const char *path,
                                      const tierce_allocator *allocator, tierce_error *error)
{
    return tierce_router_open_file_by(out, path, allocator, NULL, error);
}

tierce_status tierce_router_open_file_by(tierce_router **out, const char *path, const tierce_allocator *allocator,
                                         const tm_inflater *by, tierce_error *error)
{
    const tierce_allocator *a = allocator ? allocator : &tm_default_allocator;
    uint8_t *bytes;
    size_t len;
    *out = NULL;
    FILE *f = fopen(path, "rb");
    if (!f)
        return tierce_fail(error, TIERCE_IO, NULL, 0);
    setvbuf(f, NULL, _IONBF, 0);
    tierce_status status = read_all(f, &bytes, &len, a, error);
    fclose(f);
    if (status != TIERCE_OK)
        return status;
    status = tierce_router_open_by(out, bytes, len, allocator, by, error);
    a->release(a->context, bytes);
    return status;
}
