#include "infer/dispatch/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t ds_fnv1a(const char *data, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)data[i]) * 0x100000001b3u;
    return h;
}

void ds_body_free(ds_body *body)
{
    td_request_free(&body->parsed);
    memset(body, 0, sizeof *body);
}

static void edit(ds_body *b, td_json *json, ds_edit e)
{
    if (b->n_edits == DS_MAX_EDITS)
        td_json_fail(json, "too many record keys around a request");
    else
        b->edits[b->n_edits++] = e;
}

static size_t at(const ds_body *b, const td_json *json)
{
    return (size_t)(json->at - b->json);
}

/* ---- keys ---- */

enum { SEEN_MODEL = 1, SEEN_STREAM = 2, SEEN_OPTIONS = 4, SEEN_MAX = 8, SEEN_MAX_OLD = 16, SEEN_N = 32 };

/* What one request may ask for. Above it no price is meant, and the ledger's arithmetic ends (MOST_USD). */
#define MOST_TOKENS 1e9
#define MOST_CHOICES 1024

typedef struct {
    ds_body *b;
    td_json *json;
    unsigned seen;
    bool line;
} reader;

static bool once(reader *r, unsigned bit, const char *what)
{
    if (r->seen & bit)
        return td_json_fail(r->json, what);
    r->seen |= bit;
    return true;
}

static void read_model(reader *r)
{
    tierce_span name;
    if (!once(r, SEEN_MODEL, "\"model\" stands twice at the top; keep one"))
        return;
    td_json_peek(r->json);
    const size_t from = at(r->b, r->json);
    if (!td_json_string(r->json, &name))
        return;
    if (name.len > 200) {
        td_json_fail(r->json, "\"model\" is longer than 200 bytes");
        return;
    }
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == 0x7f) {
            td_json_fail(r->json, "\"model\" holds a control byte");
            return;
        }
    memcpy(r->b->model, name.data, name.len);
    r->b->model[name.len] = 0;
    edit(r->b, r->json, (ds_edit){from, at(r->b, r->json), DS_EDIT_MODEL, NULL, false});
}

static void read_stream(reader *r)
{
    if (!once(r, SEEN_STREAM, "\"stream\" stands twice; keep one"))
        return;
    if (td_json_peek(r->json) == 'n')
        td_json_null(r->json);
    else
        td_json_bool(r->json, &r->b->stream);
}

/* stream_options: {} gets include_usage inside, null is replaced. */
static void read_options(reader *r)
{
    tierce_span key;
    bool first = true, there = false, empty = true;
    if (!once(r, SEEN_OPTIONS, "\"stream_options\" stands twice; keep one"))
        return;
    const char kind = td_json_peek(r->json);
    const size_t from = at(r->b, r->json);
    if (kind == 'n') {
        if (td_json_null(r->json))
            edit(r->b, r->json,
                 (ds_edit){from, at(r->b, r->json), DS_EDIT_TEXT, "{\"include_usage\":true}", true});
        return;
    }
    if (!td_json_enter(r->json, '{'))
        return;
    while (td_json_key(r->json, &key, &first)) {
        empty = false;
        if (td_span_is(key, "include_usage") && (td_json_peek(r->json) == 't' || td_json_peek(r->json) == 'f')) {
            there = true;
            td_json_bool(r->json, &r->b->wants_usage);
        } else {
            td_json_skip(r->json, NULL);
        }
    }
    if (!there && !r->json->what)
        edit(r->b, r->json,
             (ds_edit){from + 1, from + 1, DS_EDIT_TEXT,
                       empty ? "\"include_usage\":true" : "\"include_usage\":true,", true});
    else
        r->b->may_add_usage = false;
}

static void read_count(reader *r, unsigned bit, const char *twice, double most, const char *much, double *out)
{
    double v;
    if (!once(r, bit, twice))
        return;
    if (td_json_peek(r->json) == 'n') {
        td_json_null(r->json);
        return;
    }
    if (!td_json_number(r->json, &v))
        return;
    if (!(v >= 1 && v <= most))
        td_json_fail(r->json, much);
    else
        *out = v > *out ? v : *out;
}

static bool is_gap(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

/* A member that is not the provider's is cut with the comma behind it; the last one with the comma
 * before it, over cuts that stand there already. */
static void cut(reader *r, size_t from)
{
    ds_body *b = r->b;
    size_t to = at(b, r->json);
    while (to < b->len && is_gap(b->json[to]) && b->json[to] != ',')
        to++;
    if (to < b->len && b->json[to] == ',') {
        edit(b, r->json, (ds_edit){from, to + 1, DS_EDIT_CUT, NULL, false});
        return;
    }
    for (;;) {
        ds_edit *last = b->n_edits ? &b->edits[b->n_edits - 1] : NULL;
        if (last && last->kind == DS_EDIT_CUT && last->to >= from) {
            from = last->from;
            b->n_edits--;
        } else if (from && is_gap(b->json[from - 1])) {
            from--;
        } else {
            break;
        }
    }
    edit(b, r->json, (ds_edit){from, to, DS_EDIT_CUT, NULL, false});
}

static const char *const record_keys[] = {"id",       "custom_id", "source",     "workload",
                                          "outcomes", "chosen",    "propensity"};

/* from: position of the member's key. */
static bool read_record_key(reader *r, tierce_span key, size_t from)
{
    size_t i = 0;
    while (i < sizeof record_keys / sizeof *record_keys && !td_span_is(key, record_keys[i]))
        i++;
    if (i == sizeof record_keys / sizeof *record_keys)
        return false;
    if (i < 2 && td_json_peek(r->json) == '"')
        td_json_string(r->json, &r->b->id);
    else
        td_json_skip(r->json, NULL);
    if (!r->json->what)
        cut(r, from);
    return true;
}

/* {"prompt": "…"} -> "messages":[{"role":"user","content":"…"}] around the same bytes. */
static void read_prompt(reader *r, tierce_span key, size_t from)
{
    td_json_peek(r->json);
    const size_t value = at(r->b, r->json);
    td_request_key(&r->b->parsed, r->json, key);
    edit(r->b, r->json,
         (ds_edit){from, value, DS_EDIT_TEXT, "\"messages\":[{\"role\":\"user\",\"content\":", false});
    edit(r->b, r->json, (ds_edit){at(r->b, r->json), at(r->b, r->json), DS_EDIT_TEXT, "}]", false});
}

static void read_member(reader *r, tierce_span key, size_t from)
{
    if (td_span_is(key, "model"))
        read_model(r);
    else if (td_span_is(key, "stream"))
        read_stream(r);
    else if (td_span_is(key, "stream_options"))
        read_options(r);
    else if (td_span_is(key, "max_completion_tokens"))
        read_count(r, SEEN_MAX, "\"max_completion_tokens\" stands twice; keep one", MOST_TOKENS,
                   "\"max_completion_tokens\" is a count that is not within 1..1000000000", &r->b->max_output);
    else if (td_span_is(key, "max_tokens"))
        read_count(r, SEEN_MAX_OLD, "\"max_tokens\" stands twice; keep one", MOST_TOKENS,
                   "\"max_tokens\" is a count that is not within 1..1000000000", &r->b->max_output);
    else if (td_span_is(key, "n"))
        read_count(r, SEEN_N, "\"n\" stands twice; keep one", MOST_CHOICES, "\"n\" is a count that is not within 1..1024",
                   &r->b->n);
    else if (td_span_is(key, "prompt") && r->line)
        read_prompt(r, key, from);
    else if (td_span_is(key, "prompt"))
        td_json_fail(r->json, "\"prompt\" is not of this endpoint; send \"messages\"");
    else if (!(r->line && read_record_key(r, key, from)) && !td_request_key(&r->b->parsed, r->json, key))
        td_json_skip(r->json, NULL);
}

/* Where the member begins whose predecessor (or the brace) ends at `from`. */
static size_t member_start(const ds_body *b, size_t from)
{
    while (from < b->len && is_gap(b->json[from]))
        from++;
    return from;
}

static bool read_object(ds_body *b, td_json *json, bool line)
{
    reader r = {b, json, 0, line};
    tierce_span key;
    bool first = true;
    if (td_json_peek(json) != '{')
        return td_json_fail(json, "expected an object {\"model\", \"messages\"}");
    const size_t open = at(b, json) + 1;
    b->may_add_usage = true;
    if (!td_json_enter(json, '{'))
        return false;
    for (size_t end = open; td_json_key(json, &key, &first); end = at(b, json))
        read_member(&r, key, member_start(b, end));
    if (!td_json_finish(json))
        return false;
    const char *fault = td_request_finish(&b->parsed);
    if (!fault && b->max_output * b->n > MOST_TOKENS)
        fault = "\"max_tokens\" times \"n\" is more than 1000000000 tokens; ask for fewer";
    if (fault)
        return td_json_fail(json, fault);
    /* what is absent goes in front */
    ds_edit front[2];
    size_t n = 0;
    if (!(r.seen & SEEN_MODEL))
        front[n++] = (ds_edit){open, open, DS_EDIT_MODEL, "\"model\":", false};
    if (!(r.seen & SEEN_OPTIONS))
        front[n++] = (ds_edit){open, open, DS_EDIT_TEXT, "\"stream_options\":{\"include_usage\":true},", true};
    if (b->n_edits + n > DS_MAX_EDITS)
        return td_json_fail(json, "too many record keys around a request");
    memmove(b->edits + n, b->edits, b->n_edits * sizeof *b->edits);
    memcpy(b->edits, front, n * sizeof *front);
    b->n_edits += n;
    return true;
}

/* ---- batch lines ---- */

/* {"custom_id", "body": {…}}: finds the two; false when the line is no batch line. */
static bool find_body(td_json *json, tierce_span *id, tierce_span *inner)
{
    tierce_span key;
    bool first = true, found = false;
    if (td_json_peek(json) != '{' || !td_json_enter(json, '{'))
        return false;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "custom_id") && td_json_peek(json) == '"')
            td_json_string(json, id);
        else if (td_span_is(key, "body") && td_json_peek(json) == '{')
            found = td_json_skip(json, inner);
        else
            td_json_skip(json, NULL);
    }
    return found && td_json_finish(json);
}

bool ds_body_read(ds_body *b, const char *data, size_t len, bool line, const char **what, size_t *where)
{
    td_json json;
    tierce_span id = {NULL, 0}, inner = {NULL, 0};
    b->json = data;
    b->len = len;
    b->model[0] = 0;
    b->id = id;
    b->stream = b->wants_usage = false;
    b->max_output = -1;
    b->n = 1;
    b->n_edits = 0;
    *where = 0;
    *what = "out of memory";
    if (!td_request_reset(&b->parsed, 2 * len))
        return false;
    td_json_start(&json, data, len, b->parsed.text);
    if (line && find_body(&json, &id, &inner)) {
        char *text = json.text;
        b->json = inner.data;
        b->len = inner.len;
        td_json_start(&json, inner.data, inner.len, text);
        line = false;
    } else {
        td_json_start(&json, data, len, b->parsed.text);
        id.data = NULL;
        id.len = 0;
    }
    b->digest = ds_fnv1a(b->json, b->len);
    const bool good = read_object(b, &json, line);
    if (id.len)
        b->id = id;
    *what = json.what;
    *where = json.what ? (size_t)(json.where - data) : 0;
    return good && !json.what;
}

void ds_body_splice(const ds_body *b, const char *model, bool add_usage, td_out *out)
{
    size_t from = 0;
    for (size_t i = 0; i < b->n_edits; i++) {
        const ds_edit *e = &b->edits[i];
        if (e->usage && !add_usage)
            continue;
        td_put(out, b->json + from, e->from - from);
        from = e->to;
        if (e->text)
            td_puts(out, e->text);
        if (e->kind == DS_EDIT_MODEL) {
            td_put_json(out, model, strlen(model));
            if (e->text) /* put in front of the first member */
                td_puts(out, ",");
        }
    }
    td_put(out, b->json + from, b->len - from);
}

void ds_put_name(char *to, size_t room, const char *from, size_t len)
{
    if (len < room)
        snprintf(to, room, "%.*s", (int)len, len ? from : "");
    else
        snprintf(to, room, "%.*s-%016llx", (int)(room - 18), from, (unsigned long long)ds_fnv1a(from, len));
}
