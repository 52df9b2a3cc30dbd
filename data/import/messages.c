/* Requests out of the shapes that logs keep them in. The verbs are in pieces.h.
 *
 * One message becomes one of ours: {"role", "content"} with content as text or as a list of parts,
 * and "tool_calls", "tool_call_id" where it has them. What a provider nests differently is laid
 * out: Anthropic's tool_result blocks and OpenTelemetry's tool_call_response parts become messages
 * of role "tool", tool_use blocks and tool_call parts become calls of the message they stand in. */
#include <stdlib.h>
#include <string.h>

#include "data/import/pieces.h"
#include "data/import/request_out.h"

static const char *either_string(const td_node *n, const char *a, const char *b)
{
    const char *text = td_string(td_get(n, a));
    return text ? text : td_string(td_get(n, b));
}

static const td_node *either(const td_node *n, const char *a, const char *b)
{
    const td_node *node = td_get(n, a);
    return node ? node : td_get(n, b);
}

static void put_member(td_out *out, const char *name, const char *text)
{
    td_put_json(out, name, strlen(name));
    td_puts(out, ": ");
    td_put_json(out, text, strlen(text));
}

static bool is_type(const td_node *n, const char *type)
{
    const char *t = td_string(td_get(n, "type"));
    return t && !strcmp(t, type);
}

static const char *role_of(const td_node *message)
{
    static const char *const names[][2] = {{"human", "user"},       {"ai", "assistant"},
                                           {"model", "assistant"},  {"bot", "assistant"},
                                           {"developer", "system"}, {"function", "tool"}};
    const char *role = td_string(td_get(message, "role"));
    for (size_t i = 0; role && i < sizeof names / sizeof *names; i++)
        if (!strcmp(role, names[i][0]))
            return names[i][1];
    return role;
}

/* The text of a string, or of the texts of a list of parts, one line after the other. */
static void put_text(td_out *out, const td_node *n)
{
    td_out text = {0};
    if (td_is_array(n)) {
        for (const td_node *p = td_first(n); p; p = td_next(p)) {
            const char *s = td_is_string(p) ? td_string(p) : either_string(p, "text", "content");
            if (s && text.len)
                td_put(&text, "\n", 1);
            td_puts(&text, s ? s : "");
        }
    } else if (td_is_string(n)) {
        td_puts(&text, td_string(n));
    } else if (n && !td_is_null(n)) {
        td_dom_print(&text, n);
    }
    td_put_json(out, text.at ? text.at : "", text.len);
    out->failed |= text.failed;
    free(text.at);
}

/* ---- calls and results ---- */

static bool is_call(const td_node *part)
{
    return is_type(part, "tool_use") || is_type(part, "tool_call") ||
           is_type(part, "function_call") || td_is_object(td_get(part, "functionCall"));
}

static bool is_result(const td_node *part)
{
    return is_type(part, "tool_result") || is_type(part, "tool_call_response") ||
           is_type(part, "function_call_output") || td_is_object(td_get(part, "functionResponse"));
}

/* {"id", "type": "function", "function": {"name", "arguments": "…"}} */
static void put_call(td_out *out, const td_node *call)
{
    const td_node *f = either(call, "function", "functionCall");
    f = td_is_object(f) ? f : call;
    const char *id = either_string(call, "call_id", "id"), *name = td_string(td_get(f, "name"));
    const td_node *arguments = either(f, "arguments", "input");
    arguments = arguments ? arguments : td_get(f, "args");
    td_puts(out, "{");
    put_member(out, "id", id ? id : "");
    td_puts(out, ", \"type\": \"function\", \"function\": {");
    put_member(out, "name", name ? name : "");
    td_puts(out, ", \"arguments\": ");
    put_text(out, arguments);
    td_puts(out, "}}");
}

static void put_result(td_out *out, const td_node *part)
{
    const td_node *f = td_get(part, "functionResponse");
    f = f ? f : part;
    const char *id = either_string(part, "tool_use_id", "call_id"),
               *name = td_string(td_get(f, "name"));
    const td_node *content = either(f, "content", "response");
    content = content ? content : either(f, "output", "result");
    id = id ? id : td_string(td_get(f, "id"));
    td_puts(out, "{\"role\": \"tool\", ");
    put_member(out, "tool_call_id", id ? id : "");
    if (name) {
        td_puts(out, ", ");
        put_member(out, "name", name);
    }
    td_puts(out, ", \"content\": ");
    put_text(out, content);
    td_puts(out, "}");
}

/* ---- messages ---- */

static const char *text_of(const td_node *part)
{
    return td_is_string(part) ? td_string(part) : either_string(part, "text", "content");
}

static void put_parts(td_out *out, const td_node *parts)
{
    const size_t before = out->len;
    const td_node *only = NULL;
    size_t n = 0;
    for (const td_node *p = td_first(parts); p; p = td_next(p)) {
        if (is_call(p) || is_result(p))
            continue;
        const char *text = text_of(p), *type = td_string(td_get(p, "type"));
        only = p;
        td_puts(out, n++ ? ", {" : "[{");
        put_member(out, "type", text ? "text" : type ? type : "media");
        if (text) {
            td_puts(out, ", ");
            put_member(out, "text", text);
        }
        td_puts(out, "}");
    }
    td_puts(out, "]");
    if (n == 0 || (n == 1 && text_of(only))) { /* nothing, or nothing but one text */
        out->len = before;
        td_puts(out, n ? "" : "null");
        if (n)
            td_put_json(out, text_of(only), strlen(text_of(only)));
    }
}

void td_put_content(td_out *out, const td_node *content)
{
    if (td_is_array(content))
        put_parts(out, content);
    else if (!content || td_is_null(content))
        td_puts(out, "null");
    else
        put_text(out, content);
}

static void put_calls(td_out *out, const td_node *list, bool only_calls, bool *any)
{
    for (const td_node *c = td_first(list); c; c = td_next(c)) {
        if (only_calls ? !is_call(c) : !td_is_object(c))
            continue;
        td_puts(out, *any ? ", " : ", \"tool_calls\": [");
        *any = true;
        put_call(out, c);
    }
}

/* A message of one of our roles, with what it says and calls. */
static void put_said(td_out *out, const td_node *m, const char *role, const td_node *content)
{
    const char *id = td_string(td_get(m, "tool_call_id")), *name = td_string(td_get(m, "name"));
    bool any = false;
    td_puts(out, "{");
    put_member(out, "role", role);
    td_puts(out, ", \"content\": ");
    td_put_content(out, content);
    put_calls(out, td_get(m, "tool_calls"), false, &any);
    put_calls(out, content, true, &any);
    if (is_call(m)) { /* an item of the responses shape is a call itself */
        td_puts(out, any ? ", " : ", \"tool_calls\": [");
        any = true;
        put_call(out, m);
    }
    td_puts(out, any ? "]" : "");
    if (id) {
        td_puts(out, ", ");
        put_member(out, "tool_call_id", id);
    }
    if (name && !is_call(m)) {
        td_puts(out, ", ");
        put_member(out, "name", name);
    }
    td_puts(out, "}");
}

static bool only_results(const td_node *content)
{
    if (!td_is_array(content) || !td_first(content))
        return false;
    for (const td_node *p = td_first(content); p; p = td_next(p))
        if (!is_result(p))
            return false;
    return true;
}

static bool comma(td_out *out, bool *first)
{
    if (!*first)
        td_puts(out, ", ");
    *first = false;
    return true;
}

/* What is not a message (no role, no known type) is passed over. */
static void put_message(td_out *out, const td_node *m, bool *first)
{
    const td_node *content = either(m, "content", "parts");
    const char *role = role_of(m);
    if (td_is_string(m)) {
        comma(out, first);
        td_puts(out, "{\"role\": \"user\", \"content\": ");
        put_text(out, m);
        td_puts(out, "}");
        return;
    }
    if (!role && is_result(m) && comma(out, first)) {
        put_result(out, m);
        return;
    }
    role = !role && is_call(m) ? "assistant" : role;
    if (!role)
        return;
    for (const td_node *p = td_is_array(content) ? td_first(content) : NULL; p; p = td_next(p))
        if (is_result(p) && comma(out, first))
            put_result(out, p);
    if (!only_results(content) && comma(out, first))
        put_said(out, m, role, content);
}

static void put_system(td_out *out, const td_node *system, bool *first)
{
    if (!system || td_is_null(system) || (td_is_string(system) && !*td_string(system)))
        return;
    comma(out, first);
    td_puts(out, "{\"role\": \"system\", \"content\": ");
    put_text(out, td_is_object(system) ? either(system, "parts", "content") : system);
    td_puts(out, "}");
}

void td_put_user(td_out *out, const char *text, size_t len)
{
    td_puts(out, "\"messages\": [{\"role\": \"user\", \"content\": ");
    td_put_json(out, text, len);
    td_puts(out, "}]");
}

bool td_put_request(td_out *out, const td_node *input, const td_node *system, const td_node *tools)
{
    td_node *owned[3];
    const size_t before = out->len;
    bool first = true;
    input = td_unwrap(input, &owned[0]);
    system = td_unwrap(system, &owned[1]);
    tools = td_unwrap(tools, &owned[2]);
    td_puts(out, "\"messages\": [");
    put_system(out, system, &first);
    const size_t said = out->len;
    if (td_is_array(input)) {
        for (const td_node *m = td_first(input); m; m = td_next(m))
            put_message(out, m, &first);
    } else if (input && !(td_is_string(input) && !*td_string(input))) {
        put_message(out, input, &first);
    }
    const bool any = out->len > said;
    td_puts(out, "]");
    if (any)
        td_put_tools(out, tools);
    for (int i = 0; i < 3; i++)
        td_dom_free(owned[i]);
    if (!any)
        out->len = before;
    return any;
}

bool td_put_body(td_out *out, const td_node *body)
{
    static const char *const inputs[] = {"messages", "input", "contents", "prompt", NULL};
    static const char *const systems[] = {"system", "instructions", "systemInstruction",
                                          "system_instruction", NULL};
    static const char *const also[] = {"tool_choice", "response_format", NULL};
    const td_node *input = NULL, *system = NULL, *tools = either(body, "tools", "functions");
    for (size_t i = 0; !input && inputs[i]; i++)
        input = td_get(body, inputs[i]);
    for (size_t i = 0; !system && systems[i]; i++)
        system = td_get(body, systems[i]);
    if (!input || !td_put_request(out, input, system, tools))
        return false;
    for (size_t i = 0; also[i]; i++) {
        const td_node *n = td_get(body, also[i]);
        if (!td_is_string(n) && !td_is_object(n))
            continue;
        td_puts(out, ", ");
        td_put_json(out, also[i], strlen(also[i]));
        td_puts(out, ": ");
        td_dom_print(out, n);
    }
    return true;
}
