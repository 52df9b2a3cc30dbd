#include "infer/dispatch/answer_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"

/* JSON on one line: a raw line break in valid JSON is only white space. Else, as a string. */
static void put_one_line(td_out *out, const td_out *body)
{
    td_json json;
    char *text = malloc(body->len ? body->len : 1);
    bool good = text != NULL;
    if (good) {
        td_json_start(&json, body->at, body->len, text);
        good = body->len && td_json_skip(&json, NULL) && td_json_finish(&json);
    } else {
        out->failed = true; /* or a good answer would be told as a string */
    }
    free(text);
    if (!good) {
        td_put_json(out, body->len ? body->at : "", body->len);
        return;
    }
    const size_t from = out->len;
    td_put(out, body->at, body->len);
    for (size_t i = from; i < out->len; i++)
        if (out->at[i] == '\n' || out->at[i] == '\r')
            out->at[i] = ' ';
}

static void put_usd(td_out *out, const char *key, double v)
{
    char text[80];
    if (v < 0)
        return;
    snprintf(text, sizeof text, ",\"%s\":%.9g", key, v);
    td_puts(out, text);
}

void ds_put_answer_line(td_out *out, const char *key, size_t key_len, int status, const td_out *body,
                        const ds_job_result *r)
{
    char text[80];
    td_puts(out, "{\"id\":");
    td_put_json(out, r->id, strlen(r->id));
    td_puts(out, ",\"custom_id\":");
    td_put_json(out, key, key_len);
    snprintf(text, sizeof text, ",\"response\":{\"status_code\":%d,\"request_id\":", status);
    td_puts(out, text);
    td_put_json(out, r->id, strlen(r->id));
    td_puts(out, ",\"body\":");
    put_one_line(out, body);
    td_puts(out, "},\"error\":null,\"tierce\":{\"tier\":");
    td_put_json(out, r->tier, strlen(r->tier));
    td_puts(out, ",\"reason\":");
    td_put_json(out, r->reason, strlen(r->reason));
    put_usd(out, "cost_usd", r->cost_usd);
    put_usd(out, "expected_usd", r->expected_usd);
    snprintf(text, sizeof text, ",\"attempts\":%u}}", r->attempts);
    td_puts(out, text);
}
