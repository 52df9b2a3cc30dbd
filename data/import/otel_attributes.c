#include "data/import/otel_attributes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/pieces.h"

static void put_pairs(td_out *out, const td_node *list);

/* OTLP's AnyValue; as deep as the document, 1000 at most. Whole numbers come as strings. */
static void put_value(td_out *out, const td_node *v)
{
    const td_node *whole = td_get(v, "intValue"), *plain = td_get(v, "stringValue");
    const td_node *list = td_get_path(v, "arrayValue.values"),
                  *pairs = td_get_path(v, "kvlistValue.values");
    bool first = true;
    plain = plain ? plain : td_get(v, "doubleValue");
    plain = plain ? plain : td_get(v, "boolValue");
    if (whole) {
        char text[40];
        snprintf(text, sizeof text, "%.17g", td_quantity(whole));
        td_puts(out, isfinite(td_quantity(whole)) ? text : "null");
    } else if (plain) {
        td_dom_print(out, plain);
    } else if (pairs) {
        put_pairs(out, pairs);
    } else if (list) {
        td_puts(out, "[");
        for (const td_node *i = td_first(list); i; i = td_next(i), first = false) {
            td_puts(out, first ? "" : ", ");
            put_value(out, i);
        }
        td_puts(out, "]");
    } else {
        td_puts(out, "null");
    }
}

static void put_pairs(td_out *out, const td_node *list)
{
    bool first = true;
    td_puts(out, "{");
    for (const td_node *p = td_first(list); p; p = td_next(p)) {
        const char *key = td_string(td_get(p, "key"));
        if (!key)
            continue;
        td_puts(out, first ? "" : ", ");
        first = false;
        td_put_json(out, key, strlen(key));
        td_puts(out, ": ");
        put_value(out, td_get(p, "value"));
    }
    td_puts(out, "}");
}

td_node *td_otel_attributes(const td_node *thing)
{
    td_out text = {0};
    td_node *owned;
    const td_node *attributes = td_unwrap(td_get(thing, "attributes"), &owned);
    if (td_is_array(attributes))
        put_pairs(&text, attributes);
    else
        td_dom_print(&text, td_is_object(attributes) ? attributes : thing);
    td_dom_free(owned);
    td_node *plain = text.failed || !text.at ? NULL : td_dom_parse(text.at, text.len, "", NULL);
    free(text.at);
    return plain ? plain : td_dom_parse("{}", 2, "", NULL);
}
