#include "infer/dispatch/toolcheck.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dom.h"
#include "data/json.h"

#define MAX_DEPTH 8
#define MAX_SCHEMA ((size_t)1 << 20)
/* Names compared and values looked at in one check. Real calls need a few hundred; what is left when
 * they are used up is not judged. */
#define MAX_STEPS 2000000u

typedef struct {
    const char *tool;
    size_t call; /* from 1 */
    unsigned steps;
    char path[160]; /* of the value being judged: "address.city", "" at the top */
    td_error *error;
} judge;

static bool spend(judge *j)
{
    return j->steps && j->steps--;
}

/* A name as it may stand in a message: cut, control bytes as spaces. */
static void printable(char *to, size_t room, const char *from, size_t len)
{
    size_t n = len < room ? len : room - 1;
    while (n && n < len && ((unsigned char)from[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        to[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? ' ' : from[i];
    to[n] = 0;
}

static bool fault(const judge *j, const char *what, const char *which)
{
    char name[80];
    printable(name, sizeof name, which, strlen(which));
    return td_fail(j->error, "call %zu \"%s\": %s%s%s%s%s%s%s", j->call, j->tool, j->path[0] ? "\"" : "", j->path,
                   j->path[0] ? "\" " : "", what, which[0] ? " \"" : "", name, which[0] ? "\"" : "");
}

static const td_node *find(judge *j, const td_node *object, const char *key)
{
    for (const td_node *n = td_is_object(object) ? td_first(object) : NULL; n && spend(j); n = td_next(n))
        if (!strcmp(td_key(n), key))
            return n;
    return NULL;
}

/* ---- types ---- */

static const char *type_of(const td_node *value)
{
    return td_is_object(value)   ? "object"
           : td_is_array(value)  ? "array"
           : td_is_string(value) ? "string"
           : td_is_bool(value)   ? "boolean"
           : td_is_null(value)   ? "null"
                                 : "number";
}

static bool is_whole(const td_node *value)
{
    const double v = td_number(value, 0.5);
    return v == floor(v);
}

/* A type that no one knows fits: unknown is fine. */
static bool type_fits(const td_node *value, const char *type)
{
    static const char *const known[] = {"object", "array", "string", "boolean", "null", "number"};
    if (!strcmp(type, "integer"))
        return !strcmp(type_of(value), "number") && is_whole(value);
    for (size_t i = 0; i < 6; i++)
        if (!strcmp(type, known[i]))
            return !strcmp(type, type_of(value));
    return true;
}

/* Does the value have the schema's type, or one of its types? */
static bool fits(judge *j, const td_node *value, const td_node *schema)
{
    const td_node *type = td_get(schema, "type");
    if (td_is_null(value) && td_true(td_get(schema, "nullable")))
        return true;
    if (td_is_string(type))
        return type_fits(value, td_string(type));
    if (!td_is_array(type) || !td_first(type))
        return true;
    for (const td_node *t = td_first(type); t; t = td_next(t))
        if (!spend(j) || !td_is_string(t) || type_fits(value, td_string(t)))
            return true;
    return false;
}

static bool same_scalar(const td_node *a, const td_node *b)
{
    if (strcmp(type_of(a), type_of(b)))
        return false;
    if (td_is_string(a))
        return !strcmp(td_string(a), td_string(b));
    if (td_is_bool(a))
        return td_true(a) == td_true(b);
    return td_is_null(a) || td_number(a, 0) == td_number(b, 0);
}

/* Is the value one of "enum"? Lists and objects in it are not judged. */
static bool in_enum(judge *j, const td_node *value, const td_node *choices)
{
    if (!td_is_array(choices) || !td_first(choices) || td_is_object(value) || td_is_array(value))
        return true;
    for (const td_node *c = td_first(choices); c; c = td_next(c))
        if (!spend(j) || td_is_object(c) || td_is_array(c) || same_scalar(value, c))
            return true;
    return false;
}

static const char *wanted(const td_node *schema)
{
    const char *type = td_string(td_get(schema, "type"));
    return type ? type : "one of its types";
}

/* ---- values ---- */

static bool check(judge *j, const td_node *value, const td_node *schema, unsigned depth);

/* The same with ".name" (or "[]") added to the path. */
static bool check_below(judge *j, const td_node *value, const td_node *schema, unsigned depth,
                        const char *name)
{
    const size_t was = strlen(j->path);
    char printed[64];
    printable(printed, sizeof printed, name, strlen(name));
    snprintf(j->path + was, sizeof j->path - was, "%s%s", was && strcmp(name, "[]") ? "." : "", printed);
    const bool good = check(j, value, schema, depth);
    j->path[was] = 0;
    return good;
}

static bool check_object(judge *j, const td_node *value, const td_node *schema, unsigned depth)
{
    const td_node *required = td_get(schema, "required"), *properties = td_get(schema, "properties");
    for (const td_node *r = td_is_array(required) ? td_first(required) : NULL; r && spend(j); r = td_next(r))
        if (td_is_string(r) && !find(j, value, td_string(r)) && j->steps)
            return fault(j, "lacks the required", td_string(r));
    for (const td_node *v = td_first(value); v && spend(j); v = td_next(v)) {
        const td_node *property = find(j, properties, td_key(v));
        if (property && !check_below(j, v, property, depth + 1, td_key(v)))
            return false;
    }
    return true;
}

static bool check(judge *j, const td_node *value, const td_node *schema, unsigned depth)
{
    if (depth > MAX_DEPTH || !td_is_object(schema) || !spend(j))
        return true;
    if (!fits(j, value, schema)) {
        char what[120];
        snprintf(what, sizeof what, "must be %.30s, is %s", wanted(schema), type_of(value));
        return fault(j, what, "");
    }
    if (!in_enum(j, value, td_get(schema, "enum")))
        return fault(j, "is not one of the schema's values", "");
    if (td_is_object(value))
        return check_object(j, value, schema, depth);
    const td_node *items = td_get(schema, "items");
    if (td_is_array(value) && td_is_object(items))
        for (const td_node *v = td_first(value); v && spend(j); v = td_next(v))
            if (!check_below(j, v, items, depth + 1, "[]"))
                return false;
    return true;
}

/* ---- calls ---- */

/* The arguments as a tree; NULL when they are not one JSON object. No text at all is the empty object:
 * so several models call a tool without parameters. */
static td_node *parse_arguments(const ds_call *call)
{
    td_error ignored;
    const char *text = call->arguments ? call->arguments : "";
    size_t len = call->arguments_len;
    if (!text[strspn(text, " \t\r\n")] && strlen(text) == len) {
        text = "{}";
        len = 2;
    }
    char *scratch = malloc(len + 1);
    td_json strict; /* the tree's reader forgives NaN and the like */
    if (!scratch)
        return NULL;
    td_json_start(&strict, text, len, scratch);
    const bool good = td_json_peek(&strict) == '{' && td_json_skip(&strict, NULL) && td_json_finish(&strict);
    free(scratch);
    return good ? td_dom_parse(text, len, "arguments", &ignored) : NULL;
}

static size_t find_tool(const tierce_request *request, const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 0; i < request->n_tools; i++)
        if (request->tools[i].name.len == n && (!n || !memcmp(request->tools[i].name.data, name, n)))
            return i;
    return SIZE_MAX;
}

static bool check_call(judge *j, const tierce_request *request, const ds_call *call, td_node **schema,
                       size_t *parsed)
{
    td_error ignored;
    const size_t tool = find_tool(request, call->name ? call->name : "");
    if (tool == SIZE_MAX)
        return fault(j, "is not one of the offered tools", "");
    td_node *arguments = parse_arguments(call);
    if (!arguments)
        return fault(j, "has arguments that are not a JSON object", "");
    if (tool != *parsed) { /* parallel calls are mostly of one tool: the last schema is kept */
        const tierce_span text = request->tools[tool].parameters;
        td_dom_free(*schema);
        *schema = text.len && text.len <= MAX_SCHEMA ? td_dom_parse(text.data, text.len, "schema", &ignored) : NULL;
        *parsed = tool;
    }
    const bool good = check(j, arguments, *schema, 0);
    td_dom_free(arguments);
    return good;
}

bool ds_toolcheck(const tierce_request *request, const ds_call *calls, size_t n, td_error *error)
{
    td_node *schema = NULL;
    size_t parsed = SIZE_MAX;
    bool good = true;
    for (size_t i = 0; good && i < n; i++) {
        char tool[80];
        const char *name = calls[i].name ? calls[i].name : "";
        printable(tool, sizeof tool, name, strlen(name));
        judge j = {.tool = tool, .call = i + 1, .steps = MAX_STEPS, .error = error};
        good = check_call(&j, request, &calls[i], &schema, &parsed);
    }
    td_dom_free(schema);
    return good;
}
