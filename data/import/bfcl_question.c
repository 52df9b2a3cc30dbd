#include "data/import/bfcl_question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/pieces.h"

static const char *schema_type(const char *type)
{
    static const char *const words[][2] = {
        {"dict", "object"},     {"HashMap", "object"},  {"Hashtable", "object"},
        {"float", "number"},    {"double", "number"},   {"tuple", "array"},
        {"list", "array"},      {"ArrayList", "array"}, {"Array", "array"},
        {"Queue", "array"},     {"Stack", "array"},     {"any", "string"},
        {"Any", "string"},      {"String", "string"},   {"char", "string"},
        {"long", "integer"},    {"byte", "integer"},    {"short", "integer"},
        {"Bigint", "integer"},  {"Boolean", "boolean"}, {"bool", "boolean"},
        {"Integer", "integer"}, {"int", "integer"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(type, words[i][0]))
            return words[i][1];
    return type;
}

/* As JSON Schema, types in its own words. The depth is that of the document, 1000 at most. */
static void put_schema(td_out *out, const td_node *n)
{
    const bool object = td_is_object(n);
    bool first = true;
    if (!object && !td_is_array(n)) {
        td_dom_print(out, n);
        return;
    }
    td_puts(out, object ? "{" : "[");
    for (const td_node *m = td_first(n); m; m = td_next(m), first = false) {
        td_puts(out, first ? "" : ", ");
        if (object) {
            td_put_json(out, td_key(m), strlen(td_key(m)));
            td_puts(out, ": ");
        }
        if (object && !strcmp(td_key(m), "type") && td_is_string(m)) {
            const char *type = schema_type(td_string(m));
            td_put_json(out, type, strlen(type));
        } else {
            put_schema(out, m);
        }
    }
    td_puts(out, object ? "}" : "]");
}

static void put_function(td_out *out, const td_node *f, bool *first)
{
    const char *name = td_string(td_get(f, "name")), *about = td_string(td_get(f, "description"));
    if (!name)
        return;
    td_puts(out, *first ? "{\"type\": \"function\", \"function\": {\"name\": "
                        : ", {\"type\": \"function\", \"function\": {\"name\": ");
    *first = false;
    td_put_json(out, name, strlen(name));
    if (about) {
        td_puts(out, ", \"description\": ");
        td_put_json(out, about, strlen(about));
    }
    if (td_get(f, "parameters")) {
        td_puts(out, ", \"parameters\": ");
        put_schema(out, td_get(f, "parameters"));
    }
    td_puts(out, "}}");
}

/* functions: one, or a list of them, bare or as {"type": "function", "function": {…}}. */
static void put_functions(td_out *out, const td_node *functions)
{
    bool first = true;
    const size_t before = out->len;
    td_puts(out, ", \"tools\": [");
    if (td_is_object(functions))
        put_function(out, functions, &first);
    for (const td_node *f = td_is_array(functions) ? td_first(functions) : NULL; f; f = td_next(f))
        put_function(out, td_is_object(td_get(f, "function")) ? td_get(f, "function") : f, &first);
    td_puts(out, "]");
    out->len = first ? before : out->len;
}

bool td_bfcl_put_question(td_out *out, const td_node *n)
{
    td_node *owned;
    const td_node *question = td_get(n, "question");
    const td_node *functions = td_unwrap(td_get(n, question ? "function" : "tools"), &owned);
    question = question ? question : td_get(n, "messages");
    question = question ? question : td_get(n, "prompt");
    /* [[{"role", "content"}, …], …]: turns of messages */
    if (td_is_array(td_first(question)))
        question = td_first(question);
    const bool good = td_put_request(out, question, NULL, NULL);
    if (good)
        put_functions(out, functions);
    td_dom_free(owned);
    return good;
}

void td_bfcl_source(char *source, size_t size, const char *id)
{
    size_t n = strlen(id);
    while (n && strchr("0123456789-_", id[n - 1]))
        n--;
    snprintf(source, size, "bfcl/%.*s", (int)(n ? (n < 140 ? n : 140) : 7), n ? id : "unnamed");
}
