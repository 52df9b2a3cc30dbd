#include "data/import/request_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"

static void put_name(td_out *out, const char *name)
{
    if (out->len)
        td_puts(out, ", ");
    td_put_json(out, name, strlen(name));
    td_puts(out, ": ");
}

void td_put_prompt(td_out *out, const char *text, size_t len)
{
    put_name(out, "prompt");
    td_put_json(out, text, len);
}

bool td_put_raw(td_out *out, const char *name, const char *text, size_t len)
{
    td_json json;
    char *room = malloc(len ? len : 1);
    if (!room) {
        out->failed = true;
        return false;
    }
    td_json_start(&json, text, len, room);
    td_json_skip(&json, NULL);
    const bool whole = td_json_finish(&json);
    free(room);
    if (!whole)
        return false;
    put_name(out, name);
    const size_t from = out->len;
    td_put(out, text, len);
    for (size_t i = from; i < out->len; i++) /* between words; a record is one line */
        if (out->at[i] == '\n' || out->at[i] == '\r')
            out->at[i] = ' ';
    return true;
}

/* ---- messages ---- */

static const char *role_of(const td_node *message)
{
    static const char *const names[][2] = {
        {"user", "user"},           {"human", "user"},      {"system", "system"},
        {"developer", "developer"}, {"assistant", "assistant"}, {"ai", "assistant"},
        {"gpt", "assistant"},       {"model", "assistant"}, {"tool", "tool"},
        {"function", "tool"},       {"agent", "assistant"},
    };
    const char *role = td_string(td_get(message, "role"));
    role = role ? role : td_string(td_get(message, "from"));
    for (size_t i = 0; role && i < sizeof names / sizeof *names; i++)
        if (!strcmp(role, names[i][0]))
            return names[i][1];
    return "user";
}

/* One item of a list of parts: text stays, an attachment keeps its type. False: nothing was put. */
static bool put_part(td_out *out, const td_node *part, bool first)
{
    const char *text = td_string(part) ? td_string(part) : td_string(td_get(part, "text"));
    const char *type = td_string(td_get(part, "type"));
    if (!text && type && (!strcmp(type, "reasoning") || !strcmp(type, "thinking")))
        return false;
    td_puts(out, first ? "" : ", ");
    td_puts(out, "{\"type\": ");
    if (text) {
        td_puts(out, "\"text\", \"text\": ");
        td_put_json(out, text, strlen(text));
    } else {
        type = type && strcmp(type, "image") ? type : "image_url";
        td_put_json(out, type, strlen(type));
    }
    td_puts(out, "}");
    return true;
}

static void put_content(td_out *out, const td_node *message)
{
    const td_node *content = td_get(message, "content");
    content = content ? content : td_get(message, "value");
    bool first = true;
    if (td_string(content)) {
        td_put_json(out, td_string(content), strlen(td_string(content)));
    } else if (td_is_array(content)) {
        td_puts(out, "[");
        for (const td_node *part = td_first(content); part; part = td_next(part))
            first = !put_part(out, part, first) && first;
        td_puts(out, "]");
    } else {
        td_puts(out, "null");
    }
}

/* Arguments are JSON in a string; some harnesses keep the object. */
static void put_arguments(td_out *out, const td_node *arguments)
{
    td_out text = {0};
    if (td_string(arguments)) {
        td_put_json(out, td_string(arguments), strlen(td_string(arguments)));
        return;
    }
    if (arguments)
        td_dom_print(&text, arguments);
    else
        td_puts(&text, "{}");
    td_put_json(out, text.at ? text.at : "", text.len);
    out->failed = out->failed || text.failed;
    free(text.at);
}

/* OpenAI: {"id", "function": {"name", "arguments": "…"}}; Inspect: {"id", "function": "name",
 * "arguments": {…}}. */
static void put_calls(td_out *out, const td_node *calls)
{
    bool first = true;
    for (const td_node *call = td_first(calls); call; call = td_next(call)) {
        const td_node *function = td_get(call, "function");
        const td_node *from = td_is_object(function) ? function : call;
        const char *name = td_string(function) ? td_string(function) : td_string(td_get(from, "name"));
        const char *id = td_string(td_get(call, "id"));
        if (!name)
            continue;
        td_puts(out, first ? ", \"tool_calls\": [{" : ", {");
        if (id) {
            td_puts(out, "\"id\": ");
            td_put_json(out, id, strlen(id));
            td_puts(out, ", ");
        }
        td_puts(out, "\"type\": \"function\", \"function\": {\"name\": ");
        td_put_json(out, name, strlen(name));
        td_puts(out, ", \"arguments\": ");
        put_arguments(out, td_get(from, "arguments"));
        td_puts(out, "}}");
        first = false;
    }
    if (!first)
        td_puts(out, "]");
}

static void put_string_member(td_out *out, const char *name, const td_node *value)
{
    if (!td_string(value))
        return;
    put_name(out, name);
    td_put_json(out, td_string(value), strlen(td_string(value)));
}

static void put_message(td_out *out, const td_node *message)
{
    const char *role = role_of(message);
    td_puts(out, "{\"role\": \"");
    td_puts(out, role);
    td_puts(out, "\", \"content\": ");
    put_content(out, message);
    put_calls(out, td_get(message, "tool_calls"));
    if (!strcmp(role, "tool")) {
        put_string_member(out, "tool_call_id", td_get(message, "tool_call_id"));
        const td_node *name = td_get(message, "name");
        put_string_member(out, "name", name ? name : td_get(message, "function"));
    }
    td_puts(out, "}");
}

bool td_put_messages(td_out *out, const td_node *messages, size_t most)
{
    const td_node *first = td_is_array(messages) && most ? td_first(messages) : NULL;
    if (!td_is_object(first) || (!td_get(first, "role") && !td_get(first, "from")))
        return false;
    put_name(out, "messages");
    td_puts(out, "[");
    for (const td_node *m = first; m && most; m = td_next(m), most--) {
        td_puts(out, m == first ? "" : ", ");
        put_message(out, m);
    }
    td_puts(out, "]");
    return true;
}

bool td_put_input(td_out *out, const td_node *input)
{
    const char *text = td_string(input);
    if (!text)
        return td_put_messages(out, input, (size_t)-1);
    td_put_prompt(out, text, strlen(text));
    return true;
}

/* {"type": "function", "function": {…}} stays; a bare {"name", …} is wrapped. */
void td_put_tools(td_out *out, const td_node *tools)
{
    bool first = true;
    for (const td_node *tool = td_is_array(tools) ? td_first(tools) : NULL; tool; tool = td_next(tool)) {
        const bool wrapped = td_is_object(td_get(tool, "function"));
        if (!wrapped && !td_string(td_get(tool, "name")))
            continue;
        if (first)
            put_name(out, "tools");
        td_puts(out, first ? "[" : ", ");
        td_puts(out, wrapped ? "" : "{\"type\": \"function\", \"function\": ");
        td_dom_print(out, tool);
        td_puts(out, wrapped ? "" : "}");
        first = false;
    }
    if (!first)
        td_puts(out, "]");
}

/* ---- Python's lists of strings ---- */

static void put_code_point(td_out *out, unsigned long c)
{
    char bytes[4];
    size_t n = 1;
    if (c < 0x80) {
        bytes[0] = (char)c;
    } else if (c < 0x800) {
        bytes[0] = (char)(0xc0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 63));
        n = 2;
    } else if (c < 0x10000) {
        bytes[0] = (char)(0xe0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 63));
        bytes[2] = (char)(0x80 | (c & 63));
        n = 3;
    } else {
        bytes[0] = (char)(0xf0 | (c >> 18 & 7));
        bytes[1] = (char)(0x80 | (c >> 12 & 63));
        bytes[2] = (char)(0x80 | (c >> 6 & 63));
        bytes[3] = (char)(0x80 | (c & 63));
        n = 4;
    }
    td_put(out, bytes, n);
}

/* Behind the backslash at `at`; returns behind the escape. */
static const char *put_python_escape(td_out *out, const char *at, const char *end)
{
    static const char letters[] = "ntr\\'\"abfv0", meant[] = "\n\t\r\\'\"\a\b\f\v\0";
    const char *known = *at ? strchr(letters, *at) : NULL;
    const int digits = *at == 'x' ? 2 : *at == 'u' ? 4 : *at == 'U' ? 8 : 0;
    char hex[9] = "";
    if (digits && end - at > digits) {
        char *stop;
        memcpy(hex, at + 1, (size_t)digits);
        const unsigned long c = strtoul(hex, &stop, 16);
        if (!*stop) {
            put_code_point(out, c);
            return at + 1 + digits;
        }
    }
    if (known) {
        td_put(out, meant + (known - letters), 1);
        return at + 1;
    }
    td_put(out, "\\", 1);
    td_put(out, at, 1);
    return at + 1;
}

/* One string literal at `at`; NULL when it is not one. */
static const char *python_string(td_out *text, const char *at, const char *end)
{
    const char quote = at < end ? *at : 0;
    if (quote != '\'' && quote != '"')
        return NULL;
    for (at++; at < end && *at != quote;) {
        if (*at == '\\' && at + 1 < end)
            at = put_python_escape(text, at + 1, end);
        else
            td_put(text, at++, 1);
    }
    return at < end ? at + 1 : NULL;
}

static const char *spaces(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n'))
        at++;
    return at;
}

/* "['…', \"…\"]" as user messages; false where the text is something else. */
static bool put_python_list(td_out *out, const char *text, size_t len)
{
    const char *at = spaces(text + 1, text + len), *end = text + len;
    td_out list = {0}, one = {0};
    size_t n = 0;
    bool closed = false;
    while (at && at < end && !closed) {
        one.len = 0;
        at = python_string(&one, at, end);
        if (!at)
            break;
        td_puts(&list, n++ ? ", {\"role\": \"user\", \"content\": " : "{\"role\": \"user\", \"content\": ");
        td_put_json(&list, one.at ? one.at : "", one.len);
        td_puts(&list, "}");
        at = spaces(at, end);
        closed = at < end && *at == ']';
        at = at < end && (*at == ',' || closed) ? spaces(at + 1, end) : NULL;
    }
    out->failed = out->failed || list.failed || one.failed;
    const bool good = n && closed && at == end && !out->failed;
    if (good && n == 1) {
        td_put_prompt(out, one.at ? one.at : "", one.len);
    } else if (good) {
        put_name(out, "messages");
        td_puts(out, "[");
        td_put(out, list.at, list.len);
        td_puts(out, "]");
    }
    free(list.at);
    free(one.at);
    return good;
}

void td_put_prompt_or_chat(td_out *out, const char *text, size_t len)
{
    if (len > 4 && text[0] == '[') {
        td_node *root = td_dom_parse(text, len, "", NULL);
        out->failed = out->failed || (!root && td_dom_starved());
        const bool chat = root && td_put_messages(out, root, (size_t)-1);
        td_dom_free(root);
        if (chat || put_python_list(out, text, len))
            return;
    }
    td_put_prompt(out, text, len);
}
