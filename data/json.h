/* A strict pull parser for JSON text that is already in memory: RFC 8259 without recursion and
 * without a tree.
 *
 * Why not cJSON here: it truncates strings at \u0000, accepts trailing garbage, matches keys without
 * regard to case unless asked, and builds a tree of which we want a tenth. It reads tiers.json, where
 * none of this matters. A request is read through this file, once, straight into spans.
 *
 * Bytes >= 0x80 pass unchecked: a prompt with invalid UTF-8 is still a prompt. Nesting deeper than
 * TD_JSON_DEPTH is an error. Errors are sticky: after the first one every call returns false. */
#ifndef TIERCE_JSON_H
#define TIERCE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "features/request.h"

#define TD_JSON_DEPTH 1000

typedef struct {
    const char *start, *at, *end;
    char *text;         /* where unescaped strings go; as long as the JSON suffices for all of them */
    const char *what;   /* the first error, NULL: none */
    const char *where;  /* its place */
    unsigned depth;
} td_json;

/* `text` must have room for (end - start) bytes. */
void td_json_start(td_json *json, const char *data, size_t len, char *text);

/* The value that comes next: one of { [ " 0 t f n, or 0 at the end or on an error. Numbers are '0'. */
char td_json_peek(td_json *json);

/* while (td_json_key(json, &key, &first)) { … read or skip one value … } after td_json_enter. */
bool td_json_enter(td_json *json, char open); /* '{' or '[' */
bool td_json_key(td_json *json, tierce_span *key, bool *first);
bool td_json_item(td_json *json, bool *first);

bool td_json_string(td_json *json, tierce_span *out);
bool td_json_number(td_json *json, double *out);
bool td_json_bool(td_json *json, bool *out);
bool td_json_null(td_json *json);
/* Skips one value of any kind, checking its syntax; *raw (may be NULL) is its text as it stands. */
bool td_json_skip(td_json *json, tierce_span *raw);
/* Nothing but white space left? */
bool td_json_finish(td_json *json);

/* Reports an error at the present place (keeps an earlier one); returns false. `what` constant. */
bool td_json_fail(td_json *json, const char *what);

static inline bool td_span_is(tierce_span span, const char *word)
{
    return span.len == strlen(word) && !memcmp(span.data, word, span.len);
}

#endif
