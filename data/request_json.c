#include "data/request_json.h"

#include <stdlib.h>
#include <string.h>

void td_request_free(td_request *r)
{
    free(r->parts);
    free(r->call_ids);
    free(r->tools);
    free(r->text);
    memset(r, 0, sizeof *r);
}

bool td_request_reset(td_request *r, size_t len)
{
    memset(&r->request, 0, sizeof r->request);
    r->has_prompt = r->has_messages = r->no_memory = false;
    r->messages = 0;
    if (len <= r->text_room)
        return true;
    free(r->text);
    r->text_room = len < 4096 ? 4096 : len + len / 2;
    r->text = malloc(r->text_room);
    r->no_memory = !r->text;
    if (!r->text)
        r->text_room = 0;
    return r->text != NULL;
}

static bool out_of_memory(td_request *r, td_json *json)
{
    r->no_memory = true;
    return td_json_fail(json, "out of memory");
}

static tierce_part *add_part(td_request *r, td_json *json, tierce_part_kind kind, tierce_role role)
{
    const size_t n = r->request.n_parts;
    if (n == r->parts_room) {
        const size_t room = n ? n * 2 : 16;
        tierce_part *parts = realloc(r->parts, room * sizeof *parts);
        if (parts)
            r->parts = parts;
        tierce_span *ids = realloc(r->call_ids, room * sizeof *ids);
        if (ids)
            r->call_ids = ids;
        if (!parts || !ids) {
            out_of_memory(r, json);
            return NULL;
        }
        r->parts_room = room;
    }
    memset(&r->parts[n], 0, sizeof r->parts[n]);
    memset(&r->call_ids[n], 0, sizeof r->call_ids[n]);
    r->parts[n].kind = kind;
    r->parts[n].role = role;
    r->parts[n].message = r->messages;
    r->request.n_parts = n + 1;
    return &r->parts[n];
}

static bool string_or_null(td_json *json, tierce_span *out)
{
    if (td_json_peek(json) == 'n') {
        out->data = NULL;
        out->len = 0;
        return td_json_null(json);
    }
    return td_json_string(json, out);
}

/* ---- content ---- */

/* {"type": "text", "text": "…"} and its kin; anything else is media. */
static void read_content_part(td_request *r, td_json *json)
{
    tierce_span key, type = {NULL, 0}, text = {NULL, 0};
    bool first = true, has_text = false;
    if (td_json_peek(json) == '"') { /* a list of plain strings is seen in the wild */
        if (td_json_string(json, &text)) {
            tierce_part *part = add_part(r, json, TIERCE_PART_TEXT, TIERCE_ROLE_USER);
            if (part)
                part->text = text;
        }
        return;
    }
    if (!td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "type")) {
            td_json_string(json, &type);
        } else if ((td_span_is(key, "text") || td_span_is(key, "refusal")) && td_json_peek(json) == '"') {
            has_text = td_json_string(json, &text);
        } else {
            td_json_skip(json, NULL);
        }
    }
    tierce_part *part = add_part(r, json, has_text ? TIERCE_PART_TEXT : TIERCE_PART_MEDIA,
                                 TIERCE_ROLE_USER);
    if (part && has_text)
        part->text = text;
    else if (part)
        part->name = type;
}

static void read_content(td_request *r, td_json *json)
{
    bool first = true;
    switch (td_json_peek(json)) {
    case 'n':
        td_json_null(json);
        return;
    case '"': {
        tierce_part *part = add_part(r, json, TIERCE_PART_TEXT, TIERCE_ROLE_USER);
        if (part)
            td_json_string(json, &part->text);
        return;
    }
    case '[':
        td_json_enter(json, '[');
        while (td_json_item(json, &first))
            read_content_part(r, json);
        return;
    default:
        td_json_fail(json, "\"content\" must be a string, a list of parts or null");
    }
}

/* ---- tool calls ---- */

/* {"name": …, "arguments": "…"} */
static void read_function(td_json *json, tierce_part *part)
{
    tierce_span key;
    bool first = true;
    if (!td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "name"))
            td_json_string(json, &part->name);
        else if (td_span_is(key, "arguments") && td_json_peek(json) == '"')
            td_json_string(json, &part->text);
        else if (td_span_is(key, "arguments"))
            td_json_skip(json, &part->text);
        else
            td_json_skip(json, NULL);
    }
}

static void read_call(td_request *r, td_json *json)
{
    tierce_span key, id = {NULL, 0};
    bool first = true;
    tierce_part *part = add_part(r, json, TIERCE_PART_CALL, TIERCE_ROLE_ASSISTANT);
    if (!part || !td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "id"))
            string_or_null(json, &id);
        else if (td_span_is(key, "function"))
            read_function(json, part);
        else
            td_json_skip(json, NULL);
    }
    r->call_ids[r->request.n_parts - 1] = id;
}

static void read_calls(td_request *r, td_json *json)
{
    bool first = true;
    if (td_json_peek(json) == 'n') {
        td_json_null(json);
        return;
    }
    if (!td_json_enter(json, '['))
        return;
    while (td_json_item(json, &first))
        read_call(r, json);
}

/* ---- messages ---- */

static bool read_role(td_json *json, tierce_role *role)
{
    tierce_span name;
    if (!td_json_string(json, &name))
        return false;
    if (td_span_is(name, "user"))
        *role = TIERCE_ROLE_USER;
    else if (td_span_is(name, "system") || td_span_is(name, "developer"))
        *role = TIERCE_ROLE_SYSTEM;
    else if (td_span_is(name, "assistant"))
        *role = TIERCE_ROLE_ASSISTANT;
    else if (td_span_is(name, "tool") || td_span_is(name, "function"))
        *role = TIERCE_ROLE_TOOL;
    else
        return td_json_fail(json, "unknown role; use system, developer, user, assistant or tool");
    return true;
}

/* A result stands shortly behind its call; without a limit, results without calls would cost the square
 * of their number. */
#define LOOK_BACK 2048

/* Name of the call that a tool result answers. */
static tierce_span called_name(const td_request *r, tierce_span id)
{
    const size_t n = r->request.n_parts, least = n > LOOK_BACK ? n - LOOK_BACK : 0;
    tierce_span none = {NULL, 0};
    for (size_t i = n; id.len && i-- > least;)
        if (r->parts[i].kind == TIERCE_PART_CALL && r->call_ids[i].len == id.len &&
            !memcmp(r->call_ids[i].data, id.data, id.len))
            return r->parts[i].name;
    return none;
}

/* The role may stand behind the content, so parts learn theirs at the end of the message. */
static void set_role(td_request *r, size_t from, tierce_role role, tierce_span name)
{
    for (size_t i = from; i < r->request.n_parts; i++) {
        tierce_part *part = &r->parts[i];
        if (part->kind == TIERCE_PART_CALL)
            continue;
        part->role = role;
        if (role != TIERCE_ROLE_TOOL)
            continue;
        part->kind = part->kind == TIERCE_PART_TEXT ? TIERCE_PART_RESULT : part->kind;
        if (part->kind == TIERCE_PART_RESULT)
            part->name = name;
    }
}

enum { SEEN_ROLE = 1, SEEN_CONTENT = 2, SEEN_CALLS = 4 };

static void once(td_json *json, unsigned *seen, unsigned bit, const char *what)
{
    if (*seen & bit)
        td_json_fail(json, what);
    *seen |= bit;
}

static void read_message(td_request *r, td_json *json)
{
    const size_t from = r->request.n_parts;
    tierce_span key, name = {NULL, 0}, id = {NULL, 0};
    tierce_role role = TIERCE_ROLE_USER;
    unsigned seen = 0;
    bool first = true;
    if (!td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "role")) {
            once(json, &seen, SEEN_ROLE, "\"role\" stands twice in a message");
            read_role(json, &role);
        } else if (td_span_is(key, "content")) {
            once(json, &seen, SEEN_CONTENT, "\"content\" stands twice in a message");
            read_content(r, json);
        } else if (td_span_is(key, "tool_calls")) {
            once(json, &seen, SEEN_CALLS, "\"tool_calls\" stands twice in a message");
            read_calls(r, json);
        } else if (td_span_is(key, "function_call") && td_json_peek(json) == '{') {
            tierce_part *part = add_part(r, json, TIERCE_PART_CALL, TIERCE_ROLE_ASSISTANT);
            if (part)
                read_function(json, part);
        } else if (td_span_is(key, "tool_call_id")) {
            string_or_null(json, &id);
        } else if (td_span_is(key, "name")) {
            string_or_null(json, &name);
        } else {
            td_json_skip(json, NULL);
        }
    }
    if (!(seen & SEEN_ROLE))
        td_json_fail(json, "a message without \"role\"");
    if (role == TIERCE_ROLE_TOOL && id.len)
        name = name.len ? name : called_name(r, id);
    set_role(r, from, role, name);
    r->messages++;
}

/* ---- tools ---- */

static tierce_tool *add_tool(td_request *r, td_json *json)
{
    const size_t n = r->request.n_tools;
    if (n == r->tools_room) {
        const size_t room = n ? n * 2 : 8;
        tierce_tool *tools = realloc(r->tools, room * sizeof *tools);
        if (!tools) {
            out_of_memory(r, json);
            return NULL;
        }
        r->tools = tools;
        r->tools_room = room;
    }
    memset(&r->tools[n], 0, sizeof r->tools[n]);
    r->request.n_tools = n + 1;
    return &r->tools[n];
}

/* A tool as {"type": "function", "function": {…}} or as the bare inner object. */
static void read_tool(td_json *json, tierce_tool *tool, bool inner)
{
    tierce_span key;
    bool first = true;
    if (!td_json_enter(json, '{'))
        return;
    while (td_json_key(json, &key, &first)) {
        if (!inner && td_span_is(key, "function") && td_json_peek(json) == '{')
            read_tool(json, tool, true);
        else if (td_span_is(key, "name"))
            string_or_null(json, &tool->name);
        else if (td_span_is(key, "description"))
            string_or_null(json, &tool->description);
        else if (td_span_is(key, "parameters") || td_span_is(key, "input_schema"))
            td_json_skip(json, &tool->parameters);
        else
            td_json_skip(json, NULL);
    }
}

static void read_tools(td_request *r, td_json *json)
{
    bool first = true;
    if (td_json_peek(json) == 'n') {
        td_json_null(json);
        return;
    }
    if (r->request.n_tools)
        td_json_fail(json, "\"tools\" stands twice");
    if (!td_json_enter(json, '['))
        return;
    while (td_json_item(json, &first)) {
        tierce_tool *tool = add_tool(r, json);
        if (tool)
            read_tool(json, tool, false);
    }
}

static void read_choice(td_request *r, td_json *json)
{
    tierce_span name = {NULL, 0};
    if (td_json_peek(json) != '"') {
        r->request.tool_choice =
            td_json_peek(json) == '{' ? TIERCE_CHOICE_NAMED : TIERCE_CHOICE_UNSET;
        td_json_skip(json, NULL);
        return;
    }
    td_json_string(json, &name);
    r->request.tool_choice = td_span_is(name, "auto")       ? TIERCE_CHOICE_AUTO
                             : td_span_is(name, "none")     ? TIERCE_CHOICE_NONE
                             : td_span_is(name, "required") ? TIERCE_CHOICE_REQUIRED
                                                            : TIERCE_CHOICE_NAMED;
}

static void read_format(td_request *r, td_json *json)
{
    tierce_span key, type = {NULL, 0};
    bool first = true;
    if (td_json_peek(json) != '{') {
        td_json_skip(json, NULL);
        return;
    }
    td_json_enter(json, '{');
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "type") && td_json_peek(json) == '"')
            td_json_string(json, &type);
        else
            td_json_skip(json, NULL);
    }
    r->request.response_format = td_span_is(type, "json_object")   ? TIERCE_FORMAT_JSON
                                 : td_span_is(type, "json_schema") ? TIERCE_FORMAT_SCHEMA
                                                                   : TIERCE_FORMAT_TEXT;
}

static void read_messages(td_request *r, td_json *json)
{
    bool first = true;
    if (r->has_messages || r->has_prompt)
        td_json_fail(json, "more than one of \"messages\" and \"prompt\"; keep one");
    r->has_messages = true;
    if (td_json_peek(json) != '[')
        td_json_fail(json, "\"messages\" must be a list of {\"role\", \"content\"}");
    if (!td_json_enter(json, '['))
        return;
    while (td_json_item(json, &first))
        read_message(r, json);
}

static void read_prompt(td_request *r, td_json *json)
{
    if (r->has_messages || r->has_prompt)
        td_json_fail(json, "more than one of \"messages\" and \"prompt\"; keep one");
    r->has_prompt = true;
    if (td_json_peek(json) != '"')
        td_json_fail(json, "\"prompt\" must be a string");
    tierce_part *part = add_part(r, json, TIERCE_PART_TEXT, TIERCE_ROLE_USER);
    if (part)
        td_json_string(json, &part->text);
}

bool td_request_key(td_request *r, td_json *json, tierce_span key)
{
    static const struct {
        const char *key;
        void (*read)(td_request *, td_json *);
    } keys[] = {{"messages", read_messages},      {"prompt", read_prompt},
                {"tools", read_tools},            {"functions", read_tools},
                {"tool_choice", read_choice},     {"response_format", read_format}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (td_span_is(key, keys[i].key)) {
            keys[i].read(r, json);
            return true;
        }
    return false;
}

const char *td_request_finish(td_request *r)
{
    r->request.parts = r->parts;
    r->request.tools = r->tools;
    if (!r->has_prompt && !r->has_messages)
        return "no request: give \"messages\" or \"prompt\"";
    if (r->has_messages && !r->messages && !r->request.n_tools)
        return "\"messages\" is empty; give at least one message";
    return NULL;
}
