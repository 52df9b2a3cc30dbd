#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch_line.h"
#include "data/export.h"
#include "data/writer.h"
#include "data/record_raw.h"

#define MAX_KEYS 256

typedef struct {
    td_export_report *report;
    const char *model;
    td_out line, strings;
    td_writer *out;
} exporter;

/* Keys of a chat-completions request; "prompt" becomes a user message. */
static const char *const request_keys[] = {
    "messages",          "tools",       "tool_choice",     "functions",           "function_call",
    "response_format",   "temperature", "top_p",           "max_tokens",          "max_completion_tokens",
    "stop",              "seed",        "n",               "reasoning_effort",    "presence_penalty",
    "frequency_penalty", "logit_bias",  "logprobs",        "top_logprobs",        "parallel_tool_calls",
    "user",              "metadata",    "service_tier",    "store",               "verbosity",
    "modalities",        "audio",       "prediction",
};

static bool is_request_key(tierce_span key)
{
    for (size_t i = 0; i < sizeof request_keys / sizeof *request_keys; i++)
        if (td_span_is(key, request_keys[i]))
            return true;
    return false;
}

static bool is_label(tierce_span key)
{
    return td_span_is(key, "id") || td_span_is(key, "custom_id") || td_span_is(key, "model");
}

static void put_members(exporter *x, const td_record *r, const td_member *top, size_t n)
{
    bool first = true;
    if (x->model) {
        td_puts(&x->line, "\"model\": ");
        td_put_json(&x->line, x->model, strlen(x->model));
        first = false;
    }
    for (size_t i = 0; i < n; i++) {
        const bool prompt = td_span_is(top[i].key, "prompt");
        if (!prompt && !is_request_key(top[i].key)) {
            if (!is_label(top[i].key) && !x->report->lost++)
                snprintf(x->report->first, sizeof x->report->first, "%.100s:%llu: \"%.*s\"", r->path,
                         (unsigned long long)r->line, (int)(top[i].key.len > 40 ? 40 : top[i].key.len), top[i].key.data);
            continue;
        }
        td_puts(&x->line, first ? "" : ", ");
        first = false;
        if (prompt) {
            td_puts(&x->line, "\"messages\": [{\"role\": \"user\", \"content\": ");
            td_put(&x->line, top[i].value.data, top[i].value.len);
            td_puts(&x->line, "}]");
        } else {
            td_put_json(&x->line, top[i].key.data, top[i].key.len);
            td_puts(&x->line, ": ");
            td_put(&x->line, top[i].value.data, top[i].value.len);
        }
    }
}

static bool put_record(void *context, const td_record *r, td_error *error)
{
    exporter *x = context;
    td_member top[MAX_KEYS];
    x->strings.len = x->line.len = 0;
    td_put(&x->strings, r->raw.data, r->raw.len); /* room for strings */
    const size_t n = x->strings.failed ? (size_t)-1 : td_members(r->raw, x->strings.at, top, MAX_KEYS);
    if (n == (size_t)-1)
        return td_fail(error, "%.200s:%llu: out of memory, or more than 256 keys in a record", r->path,
                       (unsigned long long)r->line);
    td_puts(&x->line, "{\"custom_id\": ");
    td_put_json(&x->line, r->id.data, r->id.len);
    td_puts(&x->line, ", \"method\": \"POST\", \"url\": \"/v1/chat/completions\", \"body\": {");
    if (td_member_of(top, n, "body").len)
        return td_fail(error, "%.200s:%llu: is in batch shape already (it has \"body\")", r->path,
                       (unsigned long long)r->line);
    put_members(x, r, top, n);
    td_puts(&x->line, "}}\n");
    if (x->line.len > TD_BATCH_BYTES || x->line.failed)
        return td_fail(error, "%.200s:%llu: %s", r->path, (unsigned long long)r->line,
                       x->line.failed ? "out of memory" : "the request alone is longer than a batch file may be");
    x->report->records++;
    return td_writer_put(x->out, x->line.at, x->line.len, error);
}

bool td_export_batch(td_files *files, const char *model, const char *output, td_export_report *report,
                     td_error *error)
{
    exporter x = {.report = report, .model = model};
    memset(report, 0, sizeof *report);
    x.out = td_writer_open(output, error);
    bool good = x.out && td_each_record(files, TD_WANT_RECORDS, put_record, &x, error) &&
                td_some_records(report->records, error);
    good = td_writer_end(x.out, good, error) && good;
    free(x.line.at);
    free(x.strings.at);
    return good;
}
