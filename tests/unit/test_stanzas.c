/* Tests as data: input and expectation in plain files that anyone can add to (docs/testing.md says
 * how).
 *
 *     test_stanzas                 checks tests/data/features.stanza and tests/data/parsing.stanza
 *     test_stanzas --regenerate    rewrites what they expect by what the code says; read the diff
 *
 * A stanza is the lines up to an empty one; lines with # are its title and comments. In
 * features.stanza:
 *     {"prompt": "…"}              the request, on one line
 *     question.proof = 1           value of a named feature, or "absent"
 *     word: prove                  a feature that must be there, as block: name
 *     no pair: prove it            … and one that must not
 * In parsing.stanza:
 *     record {…} / request {…}     the line to read; record-bytes and request-bytes take \xHH and
 * \\ …                            what it is read as, or: error BYTE: MESSAGE */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "data/text_out.h"
#include "features/extract.h"

typedef struct {
    const char *path;
    unsigned line; /* of the stanza's first line */
    char *at[400]; /* its lines */
    size_t n;
} stanza;

static unsigned passed, failed;
static td_out now; /* the stanza as the code would have it */

static void put(const char *format, ...)
{
    char text[4096];
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    td_put(&now, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void put_line(const char *line)
{
    td_puts(&now, line);
    td_puts(&now, "\n");
}

/* ---- features ---- */

static tf_features features;
static tf_state *working;

typedef struct {
    const char *block, *name;
    bool found;
} sought;

static void seek(void *context, const tf_entry *entry, const char *name, size_t len)
{
    sought *s = context;
    s->found = s->found || (!strcmp(tf_block_name(entry->block), s->block) &&
                            strlen(s->name) == len && !memcmp(name, s->name, len));
}

static bool is_block(const char *line, size_t len)
{
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        if (strlen(tf_block_name(b)) == len && !memcmp(tf_block_name(b), line, len))
            return true;
    return false;
}

/* "block: name" or "no block: name" */
static bool expect_entry(const char *line, const tierce_request *request)
{
    const char *at = strncmp(line, "no ", 3) ? line : line + 3, *colon = strstr(at, ": ");
    char block[32];
    if (!colon || !is_block(at, (size_t)(colon - at)))
        return false;
    snprintf(block, sizeof block, "%.*s", (int)(colon - at), at);
    sought s = {block, colon + 2, false};
    tf_extract(&features, working, request, seek, &s);
    put("%s%s\n", s.found ? "" : "no ", at);
    return true;
}

/* "name = value" */
static bool expect_value(const char *line, const tf_vector *v)
{
    const char *equals = strstr(line, " = ");
    for (unsigned id = 0; equals && id < TF_N_COUNT; id++) {
        const char *name = tf_named_name(id);
        if (strlen(name) != (size_t)(equals - line) || memcmp(name, line, strlen(name)))
            continue;
        if (v->values[id] == TF_ABSENT)
            put("%s = absent\n", name);
        else
            put("%s = %u\n", name, v->values[id]);
        return true;
    }
    return false;
}

static void run_features(const stanza *s)
{
    td_request parsed = {0};
    td_record record = {0};
    const char *what = "the stanza has no request";
    size_t where = 0;
    bool read = false;
    for (size_t i = 0; i < s->n; i++) {
        const char *line = s->at[i];
        if (line[0] == '#') {
            put_line(line);
        } else if (line[0] == '{') {
            read = td_parse_line(&parsed, NULL, &record, line, strlen(line), TD_WANT_REQUESTS,
                                 &what, &where);
            put_line(line);
        } else if (!read) {
            put("cannot be read: byte %zu: %s\n", where + 1, what);
        } else if (!expect_entry(line, record.request) &&
                   !expect_value(line,
                                 tf_extract(&features, working, record.request, NULL, NULL))) {
            put("not an expectation: %s\n", line);
        }
    }
    td_request_free(&parsed);
}

/* ---- parsing ---- */

static void put_span(const char *label, tierce_span span)
{
    put(" %s\"", label);
    for (size_t i = 0; i < span.len; i++) {
        const unsigned char c = (unsigned char)span.data[i];
        if (c == '"' || c == '\\')
            put("\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            put("\\x%02x", c);
        else
            put("%c", c);
    }
    put("\"");
}

static void put_parts(const tierce_request *r)
{
    static const char *const kinds[] = {"text", "call", "result", "media"};
    static const char *const roles[] = {"user", "system", "assistant", "tool"};
    static const char *const choices[] = {"unset", "auto", "none", "required", "named"};
    static const char *const formats[] = {"unset", "text", "json", "schema"};
    for (size_t i = 0; i < r->n_parts; i++) {
        const tierce_part *p = &r->parts[i];
        put("part %u %s %s", p->message, roles[p->role], kinds[p->kind]);
        put_span("", p->text);
        if (p->name.len)
            put_span("name ", p->name);
        put("\n");
    }
    for (size_t i = 0; i < r->n_tools; i++) {
        put("tool");
        put_span("", r->tools[i].name);
        put_span("", r->tools[i].description);
        put_span("", r->tools[i].parameters);
        put("\n");
    }
    if (r->tool_choice)
        put("choice %s\n", choices[r->tool_choice]);
    if (r->response_format)
        put("format %s\n", formats[r->response_format]);
}

static void put_number(const char *name, double v)
{
    if (!isnan(v))
        put(" %s %.17g", name, v);
}

static void put_record(const td_record *record)
{
    if (record->id.len || record->source.len || record->workload.len) {
        put("names");
        put_span("id ", record->id);
        put_span("source ", record->source);
        put_span("workload ", record->workload);
        put("\n");
    }
    put_parts(record->request);
    for (size_t i = 0; i < record->n_outcomes; i++) {
        const td_outcome *o = &record->outcomes[i];
        put("outcome");
        put_span("", o->name);
        put_number("score", o->score);
        put_number("cost_usd", o->cost_usd);
        put_number("input_tokens", o->input_tokens);
        put_number("output_tokens", o->output_tokens);
        put_number("latency_s", o->latency_s);
        put("\n");
    }
}

static size_t unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at;) {
        unsigned byte;
        if (at[0] == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            at += 4;
        } else {
            at += at[0] == '\\' && at[1] == '\\';
            *to++ = *at++;
        }
    }
    return (size_t)(to - text);
}

static void run_parsing(const stanza *s)
{
    static td_outcome outcomes[TD_MAX_OUTCOMES];
    for (size_t i = 0; i < s->n; i++) {
        char *copy = strdup(s->at[i]), *space = strchr(copy, ' ');
        const bool records = !strncmp(copy, "record", 6);
        if (copy[0] == '#')
            put_line(copy);
        if (space && (records || !strncmp(copy, "request", 7))) {
            td_request parsed = {0};
            td_record record;
            const char *what;
            size_t where, len = strlen(space + 1);
            put_line(copy);
            if (!strncmp(space - 6, "-bytes", 6))
                len = unescape(space + 1);
            char *line = malloc(len + 1); /* exact, so that a sanitizer sees a read past the end */
            memcpy(line, space + 1, len);
            line = realloc(line, len ? len : 1);
            if (td_parse_line(&parsed, outcomes, &record, line, len,
                              records ? TD_WANT_RECORDS : TD_WANT_REQUESTS, &what, &where))
                put_record(&record);
            else
                put("error %zu: %s\n", where + 1, what);
            td_request_free(&parsed);
            free(line);
        }
        free(copy);
    }
}

/* ---- files of stanzas ---- */

static char *load(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(2);
    }
    fseek(f, 0, SEEK_END);
    const long size = ftell(f);
    rewind(f);
    char *text = malloc((size_t)size + 1);
    text[fread(text, 1, (size_t)size, f)] = 0;
    fclose(f);
    return text;
}

static void judge(const stanza *s, const td_out *all, size_t from)
{
    td_out wanted = {0};
    for (size_t i = 0; i < s->n; i++) {
        td_puts(&wanted, s->at[i]);
        td_puts(&wanted, "\n");
    }
    if (wanted.len == all->len - from && !memcmp(wanted.at, all->at + from, wanted.len)) {
        passed++;
    } else {
        failed++;
        printf("FAILED %s:%u\n  expected\n%.*s  got\n%.*s", s->path, s->line, (int)wanted.len,
               wanted.at, (int)(all->len - from), all->at + from);
    }
    free(wanted.at);
}

static bool run_file(const char *path, void (*run)(const stanza *), unsigned at_least,
                     bool regenerate)
{
    char *text = load(path);
    stanza s = {.path = path};
    unsigned line = 1, n = 0;
    now.len = 0;
    for (char *at = text; *at; line++) {
        char *end = at + strcspn(at, "\n");
        const bool last = !*end;
        *end = 0;
        if (*at) {
            if (!s.n)
                s.line = line;
            if (s.n < 400)
                s.at[s.n++] = at;
        }
        at = end + !last;
        if (s.n && (end == at || !*at || *at == '\n')) { /* an empty line, or the end, follows */
            const size_t from = now.len;
            const bool comment = s.at[s.n - 1][0] == '#';
            run(&s);
            if (!regenerate && !comment)
                judge(&s, &now, from);
            s.n = 0;
            n += !comment;
            td_puts(&now, "\n");
        }
    }
    free(text);
    if (n < at_least) {
        printf("FAILED %s: %u stanzas, at least %u were there once\n", path, n, at_least);
        failed++;
    }
    if (!regenerate)
        return true;
    FILE *f = fopen(path, "wb");
    const bool good =
        f && fwrite(now.at, 1, now.len - 1, f) == now.len - 1; /* one line break at the end */
    return f && !fclose(f) && good;
}

int main(int argc, char **argv)
{
    const bool regenerate = argc == 2 && !strcmp(argv[1], "--regenerate");
    tf_spec spec;
    tf_spec_default(&spec);
    if (!tf_features_open(&features, &spec))
        return 2;
    void *memory = malloc(tf_state_size(&spec));
    working = tf_state_init(memory, &spec);
    const bool good = run_file("tests/data/features.stanza", run_features, 60, regenerate) &&
                      run_file("tests/data/parsing.stanza", run_parsing, 80, regenerate);
    free(memory);
    free(now.at);
    printf("%u passed, %u failed\n", passed, failed);
    return good && !failed ? 0 : 1;
}
