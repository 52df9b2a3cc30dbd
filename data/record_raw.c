#include "data/record_raw.h"

#include <stdio.h>
#include <stdlib.h>

size_t td_members(tierce_span raw, char *text, td_member *members, size_t room)
{
    td_json json;
    tierce_span key;
    bool first = true;
    size_t n = 0;
    td_json_start(&json, raw.data, raw.len, text);
    if (!td_json_enter(&json, '{'))
        return (size_t)-1;
    while (td_json_key(&json, &key, &first)) {
        if (n == room)
            return (size_t)-1;
        members[n].key = key;
        if (td_json_skip(&json, &members[n].value))
            n++;
    }
    td_json_finish(&json);
    return json.what ? (size_t)-1 : n;
}

tierce_span td_member_of(const td_member *members, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (td_span_is(members[i].key, key))
            return members[i].value;
    return (tierce_span){NULL, 0};
}

void td_put_exact(td_out *out, double v)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (!(strtod(text, NULL) < v) && !(strtod(text, NULL) > v))
            break;
    }
    td_puts(out, text);
}
