/* The pieces that the importers of agents' harnesses and of traffic share: token counts of every
 * provider in one meaning, times, requests in every shape, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/bfcl_question.h"
#include "data/import/otel_attributes.h"
#include "data/import/pieces.h"
#include "data/import/rows.h"

static td_node *json(const char *text)
{
    td_error error;
    td_node *n = td_dom_parse(text, strlen(text), "test", &error);
    if (!n)
        fail_msg("%s", error.text);
    return n;
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) < 1e-9;
}

/* ---- usage ---- */

static void usage_has_one_meaning(void **unused)
{
    static const double none = (double)NAN;
    const struct {
        const char *text;
        double input, cached, written, output, reasoning;
    } cases[] = {
        /* OpenAI: the prompt holds what was cached, the completion what was thought */
        {"{\"prompt_tokens\":120,\"completion_tokens\":80,\"total_tokens\":200,\"prompt_tokens_"
         "details\":"
         "{\"cached_tokens\":64},\"completion_tokens_details\":{\"reasoning_tokens\":50}}",
         120, 64, none, 80, 50},
        /* its responses shape */
        {"{\"input_tokens\":70,\"input_tokens_details\":{\"cached_tokens\":32},\"output_tokens\":"
         "20,"
         "\"output_tokens_details\":{\"reasoning_tokens\":12},\"total_tokens\":90}",
         70, 32, none, 20, 12},
        /* Anthropic: the input leaves the cache out */
        {"{\"input_tokens\":100,\"cache_read_input_tokens\":40,\"cache_creation_input_tokens\":10,"
         "\"output_tokens\":30}",
         150, 40, 10, 30, none},
        {"{\"input_tokens\":100,\"cache_read_input_tokens\":0,\"cache_creation_input_tokens\":0,"
         "\"output_tokens\":30}",
         100, 0, 0, 30, none},
        /* Anthropic's through LiteLLM: prompt_tokens hold it all */
        {"{\"prompt_tokens\":150,\"completion_tokens\":30,\"total_tokens\":180,\"cache_read_input_"
         "tokens\":40,"
         "\"cache_creation_input_tokens\":10}",
         150, 40, 10, 30, none},
        /* Google's compatible endpoint: thinking is in the total alone */
        {"{\"prompt_tokens\":9,\"completion_tokens\":5,\"total_tokens\":114}", 9, none, none, 105,
         100},
        /* Gemini's own */
        {"{\"promptTokenCount\":10,\"cachedContentTokenCount\":4,\"candidatesTokenCount\":6,"
         "\"thoughtsTokenCount\":20,\"totalTokenCount\":36}",
         10, 4, none, 26, 20},
        /* only some; as strings; nothing */
        {"{\"prompt_tokens\":\"12\"}", 12, none, none, none, none},
        {"{\"total_tokens\":5}", none, none, none, none, none},
        {"{}", none, none, none, none, none},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        td_row row;
        td_node *n = json(cases[i].text);
        td_row_start(&row);
        td_read_usage(&row.outcome, n);
        const td_outcome *o = &row.outcome;
        if (!same(o->input_tokens, cases[i].input) || !same(o->cached_tokens, cases[i].cached) ||
            !same(o->cache_write_tokens, cases[i].written) ||
            !same(o->output_tokens, cases[i].output) ||
            !same(o->reasoning_tokens, cases[i].reasoning))
            fail_msg("%s: input %g, cached %g, written %g, output %g, reasoning %g", cases[i].text,
                     o->input_tokens, o->cached_tokens, o->cache_write_tokens, o->output_tokens,
                     o->reasoning_tokens);
        td_dom_free(n);
    }
}

static void what_is_known_stays(void **unused)
{
    td_row row;
    td_node *n = json("{\"prompt_tokens\":null}");
    (void)unused;
    td_row_start(&row);
    row.outcome.input_tokens = 7;
    td_read_usage(&row.outcome, n);
    td_read_usage(&row.outcome, NULL);
    assert_true(row.outcome.input_tokens == 7);
    row.outcome.cost_usd = 1;
    row.outcome.name = td_span_of("m");
    td_row_missing(&row, "why");
    assert_true(isnan(row.outcome.input_tokens) && isnan(row.outcome.cost_usd));
    assert_string_equal(row.missing, "why");
    assert_string_equal(row.outcome.name.data, "m");
    td_dom_free(n);
}

/* ---- time ---- */

static void times(void **unused)
{
    static const struct {
        const char *text;
        double seconds;
    } cases[] = {
        {"\"1970-01-01T00:00:00Z\"", 0},
        {"\"2026-08-01T10:00:00+02:00\"", 1785571200},
        {"\"2026-08-01 08:00:00\"", 1785571200},
        {"\"2026-08-01T08:00:00.250000\"", 1785571200.25},
        {"\"2024-02-29T12:00:00-01:30\"", 1709213400},
        {"\"2000-03-01T00:00:00Z\"", 951868800},
        {"1785000000.25", 1785000000.25},
        {"\"1785000000.25\"", 1785000000.25},
        {"\"yesterday\"", (double)NAN},
        {"\"2026-13-01T10:00:00Z\"", (double)NAN},
        {"\"2026-08-01T10:00:\"", (double)NAN},
        {"null", (double)NAN},
        {"true", (double)NAN},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        td_node *n = json(cases[i].text);
        if (!same(td_seconds(n), cases[i].seconds))
            fail_msg("%s: %.9g, not %.9g", cases[i].text, td_seconds(n), cases[i].seconds);
        td_dom_free(n);
    }
    td_node *n = json("[\"2026-08-01T10:00:00Z\", \"2026-08-01T10:00:00.8Z\"]");
    assert_true(td_elapsed(td_at(n, 0), td_at(n, 1)) == 0.8);
    assert_true(isnan(td_elapsed(td_at(n, 1), td_at(n, 0))));
    assert_true(isnan(td_elapsed(td_at(n, 0), NULL)));
    td_dom_free(n);
}

/* ---- requests ---- */

static void becomes(const char *input, const char *want)
{
    td_out out = {0};
    td_node *n = json(input);
    const bool put = td_put_body(&out, n);
    td_put(&out, "", 1);
    if (put != (want != NULL) || (want && strcmp(out.at, want)) || (!want && out.len != 1))
        fail_msg("%s\n became %s\n   not  %s", input, put ? out.at : "nothing",
                 want ? want : "nothing");
    td_dom_free(n);
    free(out.at);
}

#define USER(text) "\"messages\": [{\"role\": \"user\", \"content\": \"" text "\"}]"

static void requests_of_every_shape(void **unused)
{
    (void)unused;
    becomes("{\"prompt\":\"hi\"}", USER("hi"));
    becomes("{\"messages\":\"hi\"}", USER("hi"));
    becomes("{\"messages\":\"[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"hi\\\"}]\"}",
            USER("hi"));
    becomes("{\"messages\":{\"role\":\"user\",\"content\":\"hi\"}}", USER("hi"));
    becomes("{\"messages\":[{\"role\":\"human\",\"content\":\"hi\"}]}", USER("hi"));
    becomes("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]}", USER("hi"));
    becomes(
        "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"hi\"}]}]}",
        USER("hi"));
    becomes("{\"system\":\"s\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
            "\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", "
            "\"content\": \"hi\"}]");
    becomes("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tool_choice\":\"auto\"}",
            USER("hi") ", \"tool_choice\": \"auto\"");
    /* what a call answers stands in a message of its own */
    becomes("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_"
            "id\":\"u\","
            "\"content\":\"4\"},{\"type\":\"text\",\"text\":\"and?\"}]}]}",
            "\"messages\": [{\"role\": \"tool\", \"tool_call_id\": \"u\", \"content\": \"4\"}, "
            "{\"role\": \"user\", \"content\": \"and?\"}]");
    /* pictures keep their place, not their bytes */
    becomes("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{"
            "\"url\":\"data:x\"}},"
            "{\"type\":\"text\",\"text\":\"hi\"}]}]}",
            "\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}, "
            "{\"type\": \"text\", \"text\": \"hi\"}]}]");
    /* no request */
    becomes("{}", NULL);
    becomes("{\"messages\":{}}", NULL);
    becomes("{\"messages\":[]}", NULL);
    becomes("{\"messages\":\"\"}", NULL);
    becomes("{\"messages\":null,\"system\":\"s\"}", NULL);
    becomes("{\"messages\":[1,null,{\"content\":\"no role\"}]}", NULL);
}

static void functions_become_tools(void **unused)
{
    td_out out = {0};
    td_node *n = json(
        "{\"id\":\"simple_3\",\"question\":[[{\"role\":\"user\",\"content\":\"q\"}],[{\"role\":"
        "\"user\",\"content\":\"later\"}]],"
        "\"function\":[{\"name\":\"f\",\"parameters\":{\"type\":\"dict\",\"properties\":{\"type\":"
        "{\"type\":\"tuple\",\"items\":{\"type\":\"float\"}}}}}]}");
    char source[64];
    (void)unused;
    assert_true(td_bfcl_put_question(&out, n));
    td_put(&out, "", 1);
    assert_string_equal(out.at,
                        USER("q") ", \"tools\": [{\"type\": \"function\", \"function\": {\"name\": "
                                  "\"f\", \"parameters\": "
                                  "{\"type\": \"object\", \"properties\": {\"type\": {\"type\": "
                                  "\"array\", \"items\": {\"type\": \"number\"}}}}}}]");
    td_bfcl_source(source, sizeof source, "live_simple_4-2-0");
    assert_string_equal(source, "bfcl/live_simple");
    td_bfcl_source(source, sizeof source, "123");
    assert_string_equal(source, "bfcl/unnamed");
    td_dom_free(n);
    free(out.at);
}

static void attributes_of_both_shapes(void **unused)
{
    td_node *nested = json("{\"attributes\":[{\"key\":\"a.b\",\"value\":{\"intValue\":\"12\"}},{"
                           "\"key\":\"c\",\"value\":"
                           "{\"arrayValue\":{\"values\":[{\"stringValue\":\"x\"},{\"kvlistValue\":{"
                           "\"values\":[{\"key\":\"d\","
                           "\"value\":{\"boolValue\":true}}]}}]}}},{\"key\":\"e\",\"value\":{"
                           "\"intValue\":\"twelve\"}}]}");
    td_node *flat = json("{\"name\":\"n\",\"a.b\":12}"),
            *inner = json("{\"attributes\":\"{\\\"a.b\\\":12}\"}");
    td_node *p = td_otel_attributes(nested), *q = td_otel_attributes(flat),
            *r = td_otel_attributes(inner);
    (void)unused;
    assert_true(td_number(td_get(p, "a.b"), 0) == 12);
    assert_string_equal(td_string(td_at(td_get(p, "c"), 0)), "x");
    assert_true(td_true(td_get(td_at(td_get(p, "c"), 1), "d")));
    assert_true(td_is_null(td_get(p, "e")));
    assert_true(td_number(td_get(q, "a.b"), 0) == 12);
    assert_true(td_number(td_get(r, "a.b"), 0) == 12);
    td_node *const all[] = {nested, flat, inner, p, q, r};
    for (size_t i = 0; i < 6; i++)
        td_dom_free(all[i]);
}

/* ---- names ---- */

static void folders(void **unused)
{
    static const struct {
        const char *path;
        unsigned up;
        const char *folder;
    } cases[] = {
        {"a/b/c.json", 0, "c.json"}, {"a/b/c.json", 1, "b"},
        {"a/b/c.json", 2, "a"},      {"a/b/c.json", 3, ""},
        {"c.json", 1, ""},           {"/c.json", 1, ""},
        {"a//c.json", 1, "a"},       {"", 1, ""},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tierce_span s = td_folder(cases[i].path, cases[i].up);
        if (s.len != strlen(cases[i].folder) || memcmp(s.data, cases[i].folder, s.len))
            fail_msg("%s, %u up: \"%.*s\"", cases[i].path, cases[i].up, (int)s.len, s.data);
    }
}

static void tallies(void **unused)
{
    td_tally t = {0};
    char name[16];
    (void)unused;
    assert_int_equal(td_tally_of(&t, td_span_of("x")), 0);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "n%d", i % 1000);
        assert_int_equal(td_tally_add(&t, td_span_of(name)), 1 + i / 1000);
    }
    assert_int_equal(t.n, 1000);
    assert_int_equal(td_tally_of(&t, td_span_of("n7")), 2);
    assert_int_equal(td_tally_of(&t, td_span_of("n1000")), 0);
    td_tally_free(&t);
}

static void one_kind_of_score_counts(void **unused)
{
    char first[96] = "";
    (void)unused;
    assert_true(td_score_wanted(first, NULL, "helpful"));
    assert_false(td_score_wanted(first, NULL, "tone"));
    assert_true(td_score_wanted(first, NULL, "helpful"));
    assert_true(td_score_wanted(first, "tone", "tone"));
    assert_false(td_score_wanted(first, "tone", "helpful"));
    assert_false(td_score_wanted(first, "tone", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_has_one_meaning),
        cmocka_unit_test(what_is_known_stays),
        cmocka_unit_test(times),
        cmocka_unit_test(requests_of_every_shape),
        cmocka_unit_test(functions_become_tools),
        cmocka_unit_test(attributes_of_both_shapes),
        cmocka_unit_test(folders),
        cmocka_unit_test(tallies),
        cmocka_unit_test(one_kind_of_score_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
