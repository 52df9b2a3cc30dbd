/* Records in a canonical form, a line each, for comparing two files of them: canon FILE | sort.
 * The request as it is read (parts and tools), outcomes by name, numbers to the last digit; keys that
 * no record is read by are left out. Schemas of tools pass through cJSON, so that white space and the
 * spelling of numbers do not count. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "data/outcome_raw.h"
#include "data/record.h"

static void put_text(const char *key, tierce_span s)
{
    printf("%s=", key);
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (c < 0x20 || c == '\\' || c == '|')
            printf("\\%02x", c);
        else
            putchar(c);
    }
    putchar('|');
}

static void put_schema(tierce_span s)
{
    cJSON *tree = s.len ? cJSON_ParseWithLength(s.data, s.len) : NULL;
    char *text = tree ? cJSON_PrintUnformatted(tree) : NULL;
    put_text("schema", text ? (tierce_span){text, strlen(text)} : s);
    free(text);
    cJSON_Delete(tree);
}

static void put_request(const tierce_request *r)
{
    printf("choice=%d format=%d|", (int)r->tool_choice, (int)r->response_format);
    for (size_t i = 0; i < r->n_parts; i++) {
        const tierce_part *p = &r->parts[i];
        printf("%u.%d.%d ", p->message, (int)p->role, (int)p->kind);
        put_text("name", p->name);
        put_text("text", p->text);
    }
    for (size_t i = 0; i < r->n_tools; i++) {
        put_text("tool", r->tools[i].name);
        put_text("description", r->tools[i].description);
        put_schema(r->tools[i].parameters);
    }
}

static int by_name(const void *a, const void *b)
{
    const td_outcome *x = a, *y = b;
    const size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
    const int c = memcmp(x->name.data, y->name.data, n);
    return c ? c : (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

/* Of how many trials the outcome is the mean, from the line's own bytes. */
static double trials_of(const td_record *r, tierce_span name)
{
    static td_member top[256], inner[256], number[256];
    char *text = malloc(3 * r->raw.len + 1);
    const size_t n = text ? td_members(r->raw, text, top, 256) : 0;
    const size_t m = td_members(td_member_of(top, n, "outcomes"), text + r->raw.len, inner, 256);
    double trials = 0;
    for (size_t i = 0; i < m; i++)
        if (inner[i].key.len == name.len && !memcmp(inner[i].key.data, name.data, name.len))
            trials = td_raw_trials(number, td_members(inner[i].value, text + 2 * r->raw.len, number, 256));
    free(text);
    return trials;
}

static void put_outcomes(const td_record *r)
{
    static td_outcome sorted[TD_MAX_OUTCOMES];
    memcpy(sorted, r->outcomes, r->n_outcomes * sizeof *sorted);
    qsort(sorted, r->n_outcomes, sizeof *sorted, by_name);
    for (size_t i = 0; i < r->n_outcomes; i++) {
        const td_outcome *o = &sorted[i];
        put_text("outcome", o->name);
        printf("%.17g trials, %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g|", trials_of(r, o->name), o->score, o->cost_usd, o->input_tokens,
               o->output_tokens, o->latency_s, o->cached_tokens, o->cache_write_tokens, o->reasoning_tokens);
    }
}

static void complain(void *context, const char *message)
{
    (void)context;
    fprintf(stderr, "canon: %s\n", message);
}

int main(int argc, char **argv)
{
    const char *what = argc == 3 ? argv[2] : "all"; /* all, or request: without labels and outcomes */
    td_error error;
    td_record r;
    int status;
    if (argc < 2)
        return 2;
    td_reader *reader = td_reader_open((const char *const *)(argv + 1), 1,
                                       strcmp(what, "all") ? TD_WANT_REQUESTS : TD_WANT_RECORDS, 0, 0, complain, NULL);
    while ((status = td_reader_next(reader, &r, &error)) > 0) {
        put_text("id", r.id);
        if (!strcmp(what, "all")) {
            put_text("source", r.source);
            put_text("workload", r.workload);
            put_outcomes(&r);
        }
        put_request(r.request);
        putchar('\n');
    }
    td_reader_close(reader);
    return status ? 1 : 0;
}
