#include "data/batch_line.h"

#include <string.h>

static void read_model(td_batch_line *line, td_json *json)
{
    tierce_span raw;
    if (line->has_model) {
        td_json_fail(json, "\"model\" stands twice in \"body\"; keep one");
        return;
    }
    if (!td_json_skip(json, &raw))
        return;
    line->has_model = true;
    line->cut = raw.data;
    line->resume = raw.data + raw.len;
}

static void read_body(td_batch_line *line, td_json *json)
{
    tierce_span key;
    bool first = true;
    if (line->cut) {
        td_json_fail(json, "\"body\" stands twice; keep one");
        return;
    }
    if (td_json_peek(json) != '{') {
        td_json_fail(json, "\"body\" must be the request, an object");
        return;
    }
    td_json_enter(json, '{');
    line->cut = line->resume = json->at;
    while (td_json_key(json, &key, &first)) {
        if (td_span_is(key, "model"))
            read_model(line, json);
        else
            td_json_skip(json, NULL);
    }
    line->empty_body = first;
}

static void read_id(td_batch_line *line, td_json *json)
{
    if (line->custom_id.data)
        td_json_fail(json, "\"custom_id\" stands twice; keep one");
    else if (td_json_peek(json) != '"')
        td_json_fail(json, "\"custom_id\" must be a string");
    else
        td_json_string(json, &line->custom_id);
}

/* An answer has nothing to be sent. */
static const char *lacking(const td_batch_line *line, bool answer)
{
    if (!line->cut && answer)
        return "this is a batch's answer, not a request: give the file that was sent";
    if (!line->cut)
        return "no \"body\": a batch line is {\"custom_id\", \"method\", \"url\", \"body\": {…}} "
               "(tierce data export --batch makes them from records)";
    if (!line->custom_id.len)
        return "no \"custom_id\": the answer could not be told from the others";
    return NULL;
}

bool td_batch_line_read(td_batch_line *line, const char *data, size_t len, char *text, const char **what,
                        size_t *where)
{
    td_json json;
    tierce_span key;
    bool first = true, answer = false;
    memset(line, 0, sizeof *line);
    *where = 0;
    td_json_start(&json, data, len, text);
    if (td_json_peek(&json) != '{')
        td_json_fail(&json, "expected a JSON object, one a line");
    else
        td_json_enter(&json, '{');
    while (td_json_key(&json, &key, &first)) {
        answer = answer || td_span_is(key, "response");
        if (td_span_is(key, "custom_id"))
            read_id(line, &json);
        else if (td_span_is(key, "body"))
            read_body(line, &json);
        else
            td_json_skip(&json, NULL);
    }
    td_json_finish(&json);
    *what = json.what ? json.what : lacking(line, answer);
    if (json.what)
        *where = (size_t)(json.where - data);
    return !*what;
}

void td_batch_line_put(td_out *out, const td_batch_line *line, const char *data, size_t len,
                       const char *model)
{
    td_put(out, data, (size_t)(line->cut - data));
    if (!line->has_model)
        td_puts(out, "\"model\": ");
    td_put_json(out, model, strlen(model));
    if (!line->has_model && !line->empty_body)
        td_puts(out, ", ");
    td_put(out, line->resume, (size_t)(data + len - line->resume));
    td_puts(out, "\n");
}
