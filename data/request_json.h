/* JSON of a request -> tierce_request, in memory that is reused from line to line.
 *
 * Read are the OpenAI chat-completions shape ({"messages": […], "tools": […], …}), a bare
 * {"prompt": "…"}, and an OpenAI batch line ({"custom_id", "body": {…}}). Content may be a string, a
 * list of parts or null. Keys that do not bear on routing (temperature, metadata, …) are skipped. */
#ifndef TIERCE_REQUEST_JSON_H
#define TIERCE_REQUEST_JSON_H

#include "data/json.h"
#include "data/lines.h"
#include "data/stray_keys.h"
#include "features/request.h"

/* Zero it before first use. */
typedef struct {
    tierce_request request; /* points into the JSON text and into the memory below */
    tierce_part *parts;
    tierce_span *call_ids; /* per part: id of the tool call, empty elsewhere */
    tierce_tool *tools;
    size_t parts_room, tools_room;
    char *text;
    size_t text_room;
    bool has_prompt, has_messages;
    uint32_t messages;
    bool no_memory; /* memory ended in the middle: the line is not to blame */
    td_line_strays *strays; /* keys of a record that nothing reads go there; NULL: they are not wanted */
} td_request;

void td_request_free(td_request *r);
/* Empties it and makes room for the strings of `len` bytes of JSON; false when memory ends. */
bool td_request_reset(td_request *r, size_t len);

/* If `key` belongs to a request, reads its value into r and returns true (also when that fails:
 * look at json->what); else leaves json alone and returns false. */
bool td_request_key(td_request *r, td_json *json, tierce_span key);
/* Ties the parts together when all keys were read; NULL when fine, else what is wrong and the mend. */
const char *td_request_finish(td_request *r);

#endif
