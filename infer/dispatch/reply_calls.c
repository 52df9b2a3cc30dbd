#include "infer/dispatch/reply_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a call's name; APIs allow 64 to 128 bytes. */
#define NAME_ROOM 512

bool ds_reply_grow(ds_reply *reply, char **at, size_t *room, size_t need)
{
    if (need <= *room)
        return true;
    size_t wider = *room ? *room : 256;
    while (wider < need)
        wider *= 2;
    char *moved = realloc(*at, wider);
    if (!moved) {
        reply->no_memory = true;
        return false;
    }
    *at = moved;
    *room = wider;
    return true;
}

/* A fresh call at the end, or NULL when there are too many. */
static ds_call *add_call(ds_reply *reply)
{
    if (reply->n_calls == DS_MAX_CALLS)
        return NULL;
    if (reply->n_calls == reply->calls_room) {
        const size_t room = reply->calls_room ? 2 * reply->calls_room : 4;
        ds_call *calls = realloc(reply->calls, room * sizeof *calls);
        if (!calls) {
            reply->no_memory = true;
            return NULL;
        }
        memset(calls + reply->calls_room, 0, (room - reply->calls_room) * sizeof *calls);
        reply->calls = calls;
        reply->calls_room = room;
    }
    ds_call *call = &reply->calls[reply->n_calls];
    char *name = realloc(call->name, NAME_ROOM);
    call->name = name ? name : call->name;
    if (!name || !ds_reply_grow(reply, &call->arguments, &call->arguments_room, 1)) {
        reply->no_memory = true;
        return NULL;
    }
    call->name[0] = call->arguments[0] = call->key[0] = 0;
    call->arguments_len = 0;
    reply->n_calls++;
    return call;
}

static void add_arguments(ds_reply *reply, ds_call *call, tierce_span text)
{
    size_t all = text.len;
    for (size_t i = 0; i < reply->n_calls; i++)
        all += reply->calls[i].arguments_len;
    const size_t need = call->arguments_len + text.len + 1;
    if (all > DS_MAX_ARGUMENTS || !ds_reply_grow(reply, &call->arguments, &call->arguments_room, need))
        return;
    if (text.len)
        memcpy(call->arguments + call->arguments_len, text.data, text.len);
    call->arguments_len += text.len;
    call->arguments[call->arguments_len] = 0;
}

typedef struct {
    tierce_span id, name, arguments;
    double index; /* -1: none */
} piece;

/* A stream's pieces belong together by index; some providers number all calls 0 and tell them apart by
 * id, some give neither after the first piece. key is "index/id". */
static ds_call *call_of(ds_reader *r, const piece *p)
{
    ds_reply *reply = r->reply;
    char index[24] = "", key[64];
    tierce_span id = p->id;
    if (id.len > 38)
        id.len = 38;
    if (p->index >= 0)
        snprintf(index, sizeof index, "%.0f", p->index);
    for (size_t i = reply->n_calls; r->stream && i-- > 0;) {
        const char *slash = strchr(reply->calls[i].key, '/');
        const size_t n = slash ? (size_t)(slash - reply->calls[i].key) : 0;
        const bool same_index = !index[0] || (n == strlen(index) && !memcmp(reply->calls[i].key, index, n));
        const bool same_id = !id.len || !slash || !slash[1] || td_span_is(id, slash + 1);
        if (same_index && same_id)
            return &reply->calls[i];
    }
    ds_call *call = add_call(reply);
    if (call) {
        tierce_span whole = {key, 0};
        const int n = snprintf(key, sizeof key, "%s/%.*s", index, (int)id.len, id.len ? id.data : "");
        whole.len = n > 0 ? (size_t)n : 0;
        ds_copy_text(call->key, sizeof call->key, whole);
    }
    return call;
}

/* {"name", "arguments"}: arguments a string by the book, an object in the wild. */
static void read_function(td_json *json, piece *p)
{
    tierce_span key;
    bool first = true;
    if (!ds_enter_object(json))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "name") && td_json_peek(json) == '"')
            td_json_string(json, &p->name);
        else if (td_span_is(key, "arguments") && td_json_peek(json) == '"')
            td_json_string(json, &p->arguments);
        else if (td_span_is(key, "arguments") && td_json_peek(json) == '{')
            td_json_skip(json, &p->arguments);
        else
            td_json_skip(json, NULL);
    }
}

static void take_piece(ds_reader *r, const piece *p, bool keep)
{
    r->reply->began = true;
    r->reply->text_bytes += p->name.len + p->arguments.len;
    if (!keep || r->json.what)
        return;
    ds_call *call = call_of(r, p);
    if (!call)
        return;
    if (p->name.len && !call->name[0])
        ds_copy_text(call->name, NAME_ROOM, p->name);
    add_arguments(r->reply, call, p->arguments);
}

void ds_read_calls(ds_reader *r, bool keep)
{
    td_json *json = &r->json;
    tierce_span key;
    bool first = true;
    if (td_json_peek(json) != '[') {
        td_json_skip(json, NULL);
        return;
    }
    td_json_enter(json, '[');
    while (td_json_item(json, &first)) {
        piece p = {{NULL, 0}, {NULL, 0}, {NULL, 0}, -1};
        bool first_key = true;
        if (!ds_enter_object(json))
            continue;
        while (td_json_key(json, &key, &first_key)) {
            if (td_span_is(key, "id") && td_json_peek(json) == '"')
                td_json_string(json, &p.id);
            else if (td_span_is(key, "index"))
                ds_read_count(json, &p.index);
            else if (td_span_is(key, "function"))
                read_function(json, &p);
            else
                td_json_skip(json, NULL);
        }
        take_piece(r, &p, keep);
    }
}

void ds_read_function_call(ds_reader *r, bool keep)
{
    piece p = {{"function_call", 13}, {NULL, 0}, {NULL, 0}, -1};
    read_function(&r->json, &p);
    take_piece(r, &p, keep);
}
