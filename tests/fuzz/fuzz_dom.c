/* Any bytes as a harness's JSON file: refused with a place, or a tree that can be walked and
 * printed, and whose print is read again and printed alike. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/dom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const td_node *n)
{
    size_t count = 1;
    for (const td_node *c = td_first(n); c; c = td_next(c))
        count += walk(c) + (td_key(c) && td_get(n, td_key(c)) == NULL);
    return count + td_count(n) + (td_string(n) ? strlen(td_string(n)) : 0) + (td_number(n, 0) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_error error = {""};
    td_out once = {0}, twice = {0};
    td_node *root = td_dom_parse((const char *)data, size, "f", &error);
    if (!root) {
        if (strncmp(error.text, "f:", 2))
            abort();
        return 0;
    }
    if (!walk(root))
        abort();
    td_dom_print(&once, root);
    td_dom_free(root);
    root = td_dom_parse(once.at, once.len, "g", &error);
    if (!root)
        abort();
    td_dom_print(&twice, root);
    td_dom_free(root);
    if (once.len != twice.len || memcmp(once.at, twice.at, once.len))
        abort();
    free(once.at);
    free(twice.at);
    return 0;
}
