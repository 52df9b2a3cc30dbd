/* A request's bytes: read once for what the engine must know, then spliced, never printed anew.
 *
 * Only the value of the top-level "model" is replaced and, where the answer streams and the client did
 * not say, stream_options.include_usage is added. Everything else goes out byte for byte. A line of a
 * file may also carry what is not the provider's business ("id", "outcomes", …): those members are cut
 * out, and {"prompt": "…"} becomes one user message around the same bytes. */
#ifndef TIERCE_DISPATCH_BODY_H
#define TIERCE_DISPATCH_BODY_H

#include "data/request_json.h"
#include "data/text_out.h"

#define DS_MAX_EDITS 24

/* What changes between two positions of the original. */
typedef struct {
    size_t from, to;
    enum { DS_EDIT_CUT, DS_EDIT_MODEL, DS_EDIT_TEXT } kind;
    const char *text; /* DS_EDIT_TEXT: constant */
    bool usage;       /* only where include_usage is added */
} ds_edit;

/* Zero it before first use; points into the JSON it was read from. */
typedef struct {
    td_request parsed; /* parsed.request is the request */
    const char *json;
    size_t len;
    char model[201];   /* asked for; "" when absent */
    tierce_span id;    /* of a file's line: "custom_id" or "id" */
    bool stream, wants_usage, may_add_usage;
    double max_output; /* max_completion_tokens or max_tokens; -1 when absent */
    double n;          /* choices asked for, at least 1 */
    uint64_t digest;   /* FNV-1a 64 of the bytes */
    ds_edit edits[DS_MAX_EDITS];
    size_t n_edits;
} ds_body;

/* A chat request as clients send it ("line" false), or a line of a file ("line" true: chat shape with
 * record keys, {"prompt"}, or a batch line {"custom_id", "body"}). On failure *what names the fault and
 * the mend (constant), *where its byte. `json` must outlive the body. */
bool ds_body_read(ds_body *body, const char *json, size_t len, bool line, const char **what, size_t *where);
void ds_body_free(ds_body *body);

/* The bytes to send, behind what `out` holds: with this model id, and include_usage where add_usage. */
void ds_body_splice(const ds_body *body, const char *model, bool add_usage, td_out *out);

uint64_t ds_fnv1a(const char *data, size_t len);
/* A name of a stranger's into a field: one that is too long keeps its beginning and the FNV-1a 64 of the whole, so that two
 * with the same beginning stay two. room: more than 20. */
void ds_put_name(char *to, size_t room, const char *from, size_t len);
#define DS_ID_ROOM 256 /* of a request's id, with its end */

#endif
