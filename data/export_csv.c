#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/export.h"
#include "data/names.h"
#include "data/writer.h"
#include "data/record_raw.h"

static const struct {
    const char *key, *suffix; /* in a record; of a column */
    size_t offset;
} columns[] = {
    {"score", "", offsetof(td_outcome, score)},
    {"cost_usd", "|total_cost", offsetof(td_outcome, cost_usd)},
    {"input_tokens", "|input_tokens", offsetof(td_outcome, input_tokens)},
    {"output_tokens", "|output_tokens", offsetof(td_outcome, output_tokens)},
    {"latency_s", "|latency_s", offsetof(td_outcome, latency_s)},
    {"cached_tokens", "|cached_tokens", offsetof(td_outcome, cached_tokens)},
    {"cache_write_tokens", "|cache_write_tokens", offsetof(td_outcome, cache_write_tokens)},
    {"reasoning_tokens", "|reasoning_tokens", offsetof(td_outcome, reasoning_tokens)},
};
#define N_COLUMNS (sizeof columns / sizeof *columns)
#define LONGEST_NAME 350 /* of a tier, in bytes */
#define TRIALS N_COLUMNS /* one more, which td_outcome has not */

typedef struct {
    td_export_report *report;
    td_names tiers;
    unsigned *has; /* per tier: which columns anyone knows */
    size_t room;
    td_out line, strings;
    td_writer *out;
} exporter;

static double value_of(const td_outcome *o, size_t column)
{
    double v;
    memcpy(&v, (const char *)o + columns[column].offset, sizeof v);
    return v;
}

static bool gather(void *context, const td_record *r, td_error *error)
{
    exporter *x = context;
    td_member top[TD_EXPORT_KEYS];
    double trials[TD_MAX_OUTCOMES];
    const size_t n = td_export_members(r, top, &x->strings, 2, error);
    if (!n)
        return false;
    td_export_trials(r, top, n, &x->strings, trials);
    for (size_t i = 0; i < r->n_outcomes; i++) {
        const size_t tier = td_name_number(&x->tiers, r->outcomes[i].name);
        if (tier != TD_NO_NAME && tier >= x->room) {
            const size_t room = (tier + 1) * 2;
            unsigned *wider = realloc(x->has, room * sizeof *wider);
            if (wider) {
                memset(wider + x->room, 0, (room - x->room) * sizeof *wider);
                x->has = wider;
                x->room = room;
            }
        }
        if (tier == TD_NO_NAME || tier >= x->room)
            return td_fail(error, "%.200s:%llu: out of memory", r->path, (unsigned long long)r->line);
        for (size_t c = 0; c < N_COLUMNS; c++)
            x->has[tier] |= isnan(value_of(&r->outcomes[i], c)) ? 0 : 1u << c;
        x->has[tier] |= trials[i] > 1 ? 1u << TRIALS : 0;
    }
    return true;
}

static void put_cell(exporter *x, tierce_span text)
{
    bool quote = false;
    for (size_t i = 0; i < text.len && !quote; i++)
        quote = strchr(",\"\r\n", text.data[i]) != NULL; /* a NUL, too: strchr finds it */
    if (text.len && (text.data[0] == ' ' || text.data[text.len - 1] == ' '))
        quote = true;
    if (!quote) {
        td_put(&x->line, text.data, text.len);
        return;
    }
    td_puts(&x->line, "\"");
    for (size_t from = 0; from < text.len;) {
        const char *hit = memchr(text.data + from, '"', text.len - from);
        const size_t to = hit ? (size_t)(hit - text.data) + 1 : text.len;
        td_put(&x->line, text.data + from, to - from);
        if (hit)
            td_puts(&x->line, "\"");
        from = to;
    }
    td_puts(&x->line, "\"");
}

static void put_name(exporter *x, const char *name, const char *suffix)
{
    char text[LONGEST_NAME + 50];
    const int n = snprintf(text, sizeof text, "%.*s%s", LONGEST_NAME, name, suffix);
    td_puts(&x->line, ",");
    put_cell(x, (tierce_span){text, (size_t)n});
}

static bool put_line(exporter *x, td_error *error)
{
    td_puts(&x->line, "\r\n");
    const bool good = x->line.failed ? td_fail(error, "out of memory")
                                     : td_writer_put(x->out, x->line.at, x->line.len, error);
    x->line.len = 0;
    return good;
}

/* A score column can be told from any other number by the cost column beside it: so every tier has one,
 * known or not. */
static bool has_column(const exporter *x, size_t tier, size_t column)
{
    return column <= 1 || (x->has[tier] >> column & 1);
}

static bool put_header(exporter *x, td_error *error)
{
    td_puts(&x->line, "id,source,workload,prompt,messages,tools");
    for (size_t t = 0; t < x->tiers.n; t++) {
        for (size_t c = 0; c < N_COLUMNS; c++)
            if (has_column(x, t, c))
                put_name(x, x->tiers.name[t], columns[c].suffix);
        if (has_column(x, t, TRIALS))
            put_name(x, x->tiers.name[t], "|trials");
    }
    return put_line(x, error);
}

/* Names that the importer would take for something else. */
static bool check_names(const exporter *x, td_error *error)
{
    static const char *const taken[] = {"id", "source", "workload", "prompt", "messages", "tools"};
    for (size_t t = 0; t < x->tiers.n; t++) {
        for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
            if (!strcmp(x->tiers.name[t], taken[i]))
                return td_fail(error, "a tier is called \"%s\", which is a column of its own; rename it first", taken[i]);
        const char *name = x->tiers.name[t];
        const size_t n = strlen(name);
        if (!n || strchr(" \t", name[0]) || strchr(" \t", name[n - 1]))
            return td_fail(error, "the tier \"%.100s\" is called by nothing or has a blank at an end, which no column keeps; rename it first", name);
        if (n > LONGEST_NAME)
            return td_fail(error, "the tier \"%.60s…\" has a name of more than %d bytes; rename it first", x->tiers.name[t], LONGEST_NAME);
        if (strchr(x->tiers.name[t], '|'))
            return td_fail(error, "the tier \"%.100s\" has a \"|\", which parts columns from their kind; rename it first",
                           x->tiers.name[t]);
    }
    return true;
}

/* ---- a row ---- */

static bool carries(tierce_span key)
{
    static const char *const carried[] = {"source", "workload", "prompt", "messages", "tools", "outcomes"};
    for (size_t k = 0; k < sizeof carried / sizeof *carried; k++)
        if (td_span_is(key, carried[k]))
            return true;
    return false;
}

/* Is it a text that no reader takes for JSON? */
static bool is_text(tierce_span s)
{
    size_t i = 0;
    while (i < s.len && strchr(" \t\r\n", s.data[i]) && s.data[i])
        i++;
    return i < s.len && s.data[i] != '[' && s.data[i] != '{';
}

/* Is the request nothing but one text of the user? */
static bool is_plain(const tierce_request *q)
{
    return q->n_parts == 1 && !q->n_tools && q->parts[0].kind == TIERCE_PART_TEXT &&
           q->parts[0].role == TIERCE_ROLE_USER && is_text(q->parts[0].text) &&
           q->tool_choice == TIERCE_CHOICE_UNSET && q->response_format == TIERCE_FORMAT_UNSET;
}

static void put_request(exporter *x, const td_record *r, const td_member *top, size_t n)
{
    if (is_plain(r->request)) {
        td_puts(&x->line, ",");
        put_cell(x, r->request->parts[0].text);
        td_puts(&x->line, ",,");
        return;
    }
    x->report->as_json++;
    td_puts(&x->line, ",");
    const tierce_span prompt = td_member_of(top, n, "prompt"), messages = td_member_of(top, n, "messages");
    td_puts(&x->line, ",");
    if (prompt.len) { /* as a message */
        td_out one = {0};
        td_puts(&one, "[{\"role\": \"user\", \"content\": ");
        td_put(&one, prompt.data, prompt.len);
        td_puts(&one, "}]");
        put_cell(x, (tierce_span){one.at, one.len});
        x->line.failed = x->line.failed || one.failed;
        free(one.at);
    } else {
        put_cell(x, messages);
    }
    td_puts(&x->line, ",");
    put_cell(x, td_member_of(top, n, "tools"));
}

static void put_outcome(exporter *x, const td_record *r, size_t tier, const double *trials)
{
    const td_outcome *o = NULL;
    for (size_t i = 0; i < r->n_outcomes && !o; i++)
        o = td_span_is(r->outcomes[i].name, x->tiers.name[tier]) ? &r->outcomes[i] : NULL;
    for (size_t c = 0; c < N_COLUMNS; c++) {
        if (!has_column(x, tier, c))
            continue;
        td_puts(&x->line, ",");
        if (o && !isnan(value_of(o, c)))
            td_put_exact(&x->line, value_of(o, c));
    }
    if (!has_column(x, tier, TRIALS))
        return;
    td_puts(&x->line, ",");
    if (o)
        td_put_exact(&x->line, trials[o - r->outcomes]);
}

static bool put_record(void *context, const td_record *r, td_error *error)
{
    exporter *x = context;
    td_member top[TD_EXPORT_KEYS];
    double trials[TD_MAX_OUTCOMES];
    const size_t n = td_export_members(r, top, &x->strings, 2, error);
    if (!n)
        return false;
    if (td_member_of(top, n, "body").len)
        return td_fail(error, "%.200s:%llu: a record in batch shape (\"body\") has no columns; import it first", r->path,
                       (unsigned long long)r->line);
    td_export_lost(x->report, r, top, n, &x->strings, carries);
    td_export_trials(r, top, n, &x->strings, trials);
    put_cell(x, r->id);
    td_puts(&x->line, ",");
    put_cell(x, r->source);
    td_puts(&x->line, ",");
    put_cell(x, r->workload);
    put_request(x, r, top, n);
    for (size_t t = 0; t < x->tiers.n; t++)
        put_outcome(x, r, t, trials);
    x->report->records++;
    return put_line(x, error);
}

bool td_export_csv(td_files *files, const char *output, td_export_report *report, td_error *error)
{
    exporter x = {.report = report};
    memset(report, 0, sizeof *report);
    bool good = td_can_repeat(files, error) && td_each_record(files, TD_WANT_RECORDS, gather, &x, error) &&
                td_some_records(x.tiers.n, error) && check_names(&x, error);
    files->complain = NULL; /* told in the first pass */
    if (good) {
        x.out = td_writer_open(output, error);
        good = x.out && put_header(&x, error) && td_each_record(files, TD_WANT_RECORDS, put_record, &x, error);
        good = td_writer_end(x.out, good, error) && good;
    }
    td_names_free(&x.tiers);
    free(x.has);
    free(x.line.at);
    free(x.strings.at);
    return good;
}
