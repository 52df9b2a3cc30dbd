#include "infer/dispatch/sse.h"

#include <stdlib.h>
#include <string.h>

/* Appends to a buffer that doubles up to the cap; one byte more is always there for a NUL. */
static bool append(ds_sse *sse, char **at, size_t *len, size_t *room, const char *bytes, size_t n)
{
    if (n > DS_SSE_MAX_EVENT - *len) {
        sse->too_long = true;
        return false;
    }
    if (*len + n + 1 > *room) {
        size_t wider = *room ? *room : 512;
        while (wider < *len + n + 1)
            wider *= 2;
        char *moved = realloc(*at, wider);
        if (!moved) {
            sse->no_memory = true;
            return false;
        }
        *at = moved;
        *room = wider;
    }
    if (n)
        memcpy(*at + *len, bytes, n);
    *len += n;
    return true;
}

static void give(ds_sse *sse, ds_sse_each each, void *context)
{
    if (sse->has_data) {
        sse->data[sse->len] = 0;
        sse->events++;
        each(context, sse->event, sse->data, sse->len);
    }
    sse->event[0] = 0;
    sse->has_data = false;
    sse->len = 0;
}

static bool is_field(const char *line, size_t n, const char *name)
{
    return n == strlen(name) && !memcmp(line, name, n);
}

/* One line without its end. */
static bool take_line(ds_sse *sse, const char *line, size_t n, ds_sse_each each, void *context)
{
    if (!sse->begun && n >= 3 && !memcmp(line, "\xef\xbb\xbf", 3)) {
        line += 3;
        n -= 3;
    }
    sse->begun = true;
    if (!n) {
        give(sse, each, context);
        return true;
    }
    if (*line == ':') {
        sse->comments++;
        return true;
    }
    const char *colon = memchr(line, ':', n);
    const size_t name = colon ? (size_t)(colon - line) : n;
    const char *value = colon ? colon + 1 : line + n, *end = line + n;
    if (value < end && *value == ' ')
        value++;
    if (is_field(line, name, "data")) {
        if (sse->has_data && !append(sse, &sse->data, &sse->len, &sse->room, "\n", 1))
            return false;
        sse->has_data = true;
        return append(sse, &sse->data, &sse->len, &sse->room, value, (size_t)(end - value));
    }
    if (is_field(line, name, "event")) {
        size_t length = (size_t)(end - value);
        length = length < sizeof sse->event ? length : sizeof sse->event - 1;
        memcpy(sse->event, value, length);
        sse->event[length] = 0;
    }
    return true;
}

bool ds_sse_feed(ds_sse *sse, const char *bytes, size_t len, ds_sse_each each, void *context)
{
    const char *at = bytes, *const end = bytes + len;
    if (sse->too_long || sse->no_memory)
        return false;
    while (at < end) {
        if (sse->after_cr && *at == '\n') { /* the second half of \r\n */
            sse->after_cr = false;
            at++;
            continue;
        }
        sse->after_cr = false;
        const char *stop = at;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        if (stop == end)
            return append(sse, &sse->line, &sse->line_len, &sse->line_room, at, (size_t)(end - at));
        const char *line = at;
        size_t n = (size_t)(stop - at);
        if (sse->line_len) {
            if (!append(sse, &sse->line, &sse->line_len, &sse->line_room, at, n))
                return false;
            line = sse->line;
            n = sse->line_len;
        }
        sse->line_len = 0;
        if (!take_line(sse, line, n, each, context))
            return false;
        sse->after_cr = *stop == '\r';
        at = stop + 1;
    }
    return true;
}

bool ds_sse_finish(ds_sse *sse, ds_sse_each each, void *context)
{
    if (sse->too_long || sse->no_memory)
        return false;
    const size_t n = sse->line_len;
    sse->line_len = 0;
    if (n && !take_line(sse, sse->line, n, each, context))
        return false;
    give(sse, each, context);
    return true;
}

void ds_sse_reset(ds_sse *sse)
{
    const ds_sse kept = *sse;
    memset(sse, 0, sizeof *sse);
    sse->data = kept.data;
    sse->room = kept.room;
    sse->line = kept.line;
    sse->line_room = kept.line_room;
}

void ds_sse_free(ds_sse *sse)
{
    free(sse->data);
    free(sse->line);
    memset(sse, 0, sizeof *sse);
}
