#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch_line.h"
#include "data/export.h"
#include "data/record_keys.h"
#include "data/writer.h"

/* ---- a request line ---- */

static void put_members(td_out *line, const char *model, const td_member *top, size_t n)
{
    bool first = true;
    if (model) {
        td_puts(line, "\"model\": ");
        td_put_json(line, model, strlen(model));
        first = false;
    }
    for (size_t i = 0; i < n; i++) {
        const bool prompt = td_span_is(top[i].key, "prompt");
        if (td_span_is(top[i].key, "model") || !td_is_request_key(top[i].key))
            continue;
        td_puts(line, first ? "" : ", ");
        first = false;
        if (prompt) {
            td_puts(line, "\"messages\": [{\"role\": \"user\", \"content\": ");
            td_put(line, top[i].value.data, top[i].value.len);
            td_puts(line, "}]");
        } else {
            td_put_json(line, top[i].key.data, top[i].key.len);
            td_puts(line, ": ");
            td_put(line, top[i].value.data, top[i].value.len);
        }
    }
}

bool td_export_request(td_export_report *report, const td_record *r, const td_member *top, size_t n,
                       const char *model, td_out *line, td_error *error)
{
    const unsigned long long at = r->line;
    if (td_member_of(top, n, "body").len)
        return td_fail(error, "%.200s:%llu: is in batch shape already (it has \"body\")", r->path, at);
    line->len = 0;
    td_puts(line, "{\"custom_id\": ");
    td_put_json(line, r->id.data, r->id.len);
    td_puts(line, ", \"method\": \"POST\", \"url\": \"/v1/chat/completions\", \"body\": {");
    put_members(line, model, top, n);
    td_puts(line, "}}\n");
    if (line->len > TD_BATCH_BYTES || line->failed)
        return td_fail(error, "%.200s:%llu: %s", r->path, at,
                       line->failed ? "out of memory" : "the request alone is longer than a batch file may be");
    report->records++;
    return true;
}

/* ---- requests alone ---- */

typedef struct {
    td_export_report *report;
    const char *model;
    td_out line, strings;
    td_writer *out;
} exporter;

static bool put_record(void *context, const td_record *r, td_error *error)
{
    exporter *x = context;
    td_member top[TD_EXPORT_KEYS];
    const size_t n = td_export_members(r, top, &x->strings, 2, error);
    if (!n || !td_export_request(x->report, r, top, n, x->model, &x->line, error))
        return false;
    td_export_lost(x->report, r, top, n, &x->strings, td_is_request_key);
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
