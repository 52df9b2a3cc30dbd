#include "infer/dispatch/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/reply_parts.h"

/* ---- choices ---- */

/* Counts a string's bytes as output; other values are skipped. Content may be a list of parts. */
static void read_output(ds_reader *r)
{
    td_json *json = &r->json;
    tierce_span text = {NULL, 0};
    const char c = td_json_peek(json);
    const bool fits = c == '"' ? td_json_string(json, &text) : td_json_skip(json, &text) && c == '[' && text.len > 2;
    if (fits && text.len) {
        r->reply->began = true;
        r->reply->text_bytes += text.len;
    }
}

/* "message" or "delta". */
static void read_message(ds_reader *r, bool keep)
{
    static const char *const outputs[] = {"content", "refusal", "reasoning", "reasoning_content"};
    td_json *json = &r->json;
    tierce_span key;
    bool first = true;
    if (!ds_enter_object(json))
        return;
    while (td_json_key(json, &key, &first)) {
        size_t i = 0;
        while (i < 4 && !td_span_is(key, outputs[i]))
            i++;
        if (i < 4) {
            read_output(r);
        } else if (td_span_is(key, "tool_calls")) {
            ds_read_calls(r, keep);
        } else if (td_span_is(key, "function_call") && td_json_peek(json) == '{') {
            ds_read_function_call(r, keep);
        } else {
            td_json_skip(json, NULL);
        }
    }
}

/* The index stands first in every provider's chunks; where it comes later, its place in the list
 * counts until then. */
static void read_choice(ds_reader *r, double index)
{
    td_json *json = &r->json;
    char finish[32] = "";
    tierce_span key;
    bool first = true;
    if (!ds_enter_object(json))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "index"))
            ds_read_count(json, &index);
        else if (td_span_is(key, "message") || td_span_is(key, "delta"))
            read_message(r, index < 1);
        else if (td_span_is(key, "text"))
            read_output(r);
        else if (td_span_is(key, "finish_reason") && td_json_peek(json) == '"')
            ds_read_text(json, finish, sizeof finish);
        else
            td_json_skip(json, NULL);
    }
    const uint64_t bit = (uint64_t)1 << (index < 63 ? (unsigned)index : 63);
    ds_reply *reply = r->reply;
    reply->choices_begun |= bit;
    if (finish[0] && !json->what) {
        reply->choices_ended |= bit;
        if (index < 1 || !reply->finish[0])
            memcpy(reply->finish, finish, sizeof finish);
    }
    reply->finished = reply->choices_ended && reply->choices_ended == reply->choices_begun;
}

static void read_choices(ds_reader *r)
{
    td_json *json = &r->json;
    bool first = true;
    double index = 0;
    if (td_json_peek(json) != '[') {
        td_json_skip(json, NULL);
        return;
    }
    r->has_choices = true;
    td_json_enter(json, '[');
    while (td_json_item(json, &first))
        read_choice(r, r->stream ? 0 : index++);
}

/* ---- the whole ---- */

static void read_key(ds_reader *r, tierce_span key)
{
    td_json *json = &r->json;
    char object[16] = "";
    if (td_span_is(key, "choices"))
        read_choices(r);
    else if (td_span_is(key, "usage"))
        ds_read_usage(json, &r->reply->usage);
    else if (td_span_is(key, "error"))
        ds_read_error(r);
    else if (td_span_is(key, "model"))
        ds_read_text(json, r->reply->model, sizeof r->reply->model);
    else if (td_span_is(key, "id"))
        ds_read_text(json, r->reply->id, sizeof r->reply->id);
    else if (td_span_is(key, "object"))
        r->says_error |= ds_read_text(json, object, sizeof object) && !strcmp(object, "error");
    else if (td_span_is(key, "message"))
        r->has_message |= ds_read_text(json, r->flat.message, sizeof r->flat.message);
    else if (td_span_is(key, "type"))
        ds_read_text(json, r->flat.type, sizeof r->flat.type);
    else if (td_span_is(key, "code"))
        ds_read_text(json, r->flat.code, sizeof r->flat.code);
    else if (td_span_is(key, "detail") && td_json_peek(json) != '"') {
        tierce_span raw = {NULL, 0};
        if (td_json_skip(json, &raw)) /* a list of what is wrong: as it stands */
            ds_copy_text(r->flat.message, sizeof r->flat.message, raw);
        r->has_message = true;
    } else if (td_span_is(key, "detail"))
        r->has_message |= ds_read_text(json, r->flat.message, sizeof r->flat.message);
    else
        td_json_skip(json, NULL);
}

static void read_object(ds_reader *r)
{
    tierce_span key;
    bool first = true;
    r->has_choices = r->has_error = r->says_error = r->has_message = false;
    memset(&r->flat, 0, sizeof r->flat);
    if (!td_json_enter(&r->json, '{'))
        return;
    while (td_json_key(&r->json, &key, &first))
        read_key(r, key);
    if (r->says_error || (r->has_message && !r->has_choices && !r->has_error)) {
        r->flat.there = true;
        ds_note_status(&r->flat);
        r->reply->fault = r->flat;
    }
}

/* Whole JSON or not, reads what there is; true when it was whole and had choices. */
static bool read_all(ds_reader *r, const char *data, size_t len)
{
    ds_reply *reply = r->reply;
    bool first = true, choices = false;
    if (!ds_reply_grow(reply, &reply->text, &reply->text_room, len + 1))
        return false;
    td_json_start(&r->json, data, len, reply->text);
    if (td_json_peek(&r->json) == '[') {
        /* Gemini wraps its errors in a list; an answer in a list is none */
        td_json_enter(&r->json, '[');
        while (td_json_item(&r->json, &first))
            if (td_json_peek(&r->json) == '{')
                read_object(r);
            else
                td_json_skip(&r->json, NULL);
    } else if (td_json_peek(&r->json) == '{') {
        read_object(r);
        choices = r->has_choices;
    }
    if (choices && reply->finished && !strcmp(reply->finish, "error") && !reply->fault.there) {
        reply->fault.there = true;
        snprintf(reply->fault.message, sizeof reply->fault.message, "finish_reason is \"error\"");
    }
    return td_json_finish(&r->json) && choices;
}

/* A piece of JSON that is cut says nothing about the end of the answer: what it seemed to say of that
 * is taken back. Text and errors in it stay. */
static void read_safely(ds_reply *reply, const char *data, size_t len, bool stream)
{
    ds_reader r = {.reply = reply, .stream = stream};
    const bool finished = reply->finished;
    const uint64_t ended = reply->choices_ended;
    const ds_usage usage = reply->usage;
    char finish[sizeof reply->finish];
    memcpy(finish, reply->finish, sizeof finish);
    if (read_all(&r, data, len)) {
        reply->readable = true;
    } else if (r.json.what || reply->no_memory) {
        reply->finished = finished;
        reply->choices_ended = ended;
        reply->usage = usage;
        memcpy(reply->finish, finish, sizeof finish);
    }
}

void ds_reply_body(ds_reply *reply, const char *body, size_t len)
{
    if (len >= 3 && !memcmp(body, "\xef\xbb\xbf", 3)) {
        body += 3;
        len -= 3;
    }
    read_safely(reply, body, len, false);
}

void ds_reply_chunk(ds_reply *reply, const char *event, const char *data, size_t len)
{
    while (len && strchr(" \t\r\n", data[len - 1]) && data[len - 1])
        len--;
    if (len == 6 && !memcmp(data, "[DONE]", 6)) {
        reply->done = true;
        return;
    }
    read_safely(reply, data, len, true);
    if (!strcmp(event, "error") && !reply->fault.there) {
        const tierce_span text = {data, len};
        reply->fault.there = true;
        ds_copy_text(reply->fault.message, sizeof reply->fault.message, text);
    }
}

void ds_reply_reset(ds_reply *reply)
{
    const ds_reply kept = *reply;
    memset(reply, 0, sizeof *reply);
    reply->calls = kept.calls;
    reply->calls_room = kept.calls_room;
    reply->text = kept.text;
    reply->text_room = kept.text_room;
}

void ds_reply_free(ds_reply *reply)
{
    for (size_t i = 0; i < reply->calls_room; i++) {
        free(reply->calls[i].name);
        free(reply->calls[i].arguments);
    }
    free(reply->calls);
    free(reply->text);
    memset(reply, 0, sizeof *reply);
}
