/* Answers as providers give them: usage in one meaning, ends, errors, tool calls. Data: what comes in, and
 * the summary that must come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/reply.h"

static char text[4096];

/* Everything but the calls in one line. */
static const char *summary(const ds_reply *r)
{
    int n = snprintf(text, sizeof text, "%s%s%s%s", r->readable ? "readable " : "", r->began ? "began " : "",
                     r->finished ? r->finish : "", r->done ? " done" : "");
    if (r->usage.known)
        n += snprintf(text + n, sizeof text - (size_t)n, " usage %g/%g/%g/%g/%g", r->usage.input, r->usage.cached,
                      r->usage.cache_write, r->usage.output, r->usage.reasoning);
    if (r->usage.cost_known)
        n += snprintf(text + n, sizeof text - (size_t)n, " $%g", r->usage.cost_usd);
    if (r->fault.there)
        snprintf(text + n, sizeof text - (size_t)n, " fault %d [%s] [%s] [%s]", r->fault.status, r->fault.type,
                 r->fault.code, r->fault.message);
    return text;
}

#define CHOICE "\"choices\":[{\"index\":0,\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]"
#define USAGE(u) "{" CHOICE ",\"usage\":" u "}"

static const struct {
    const char *body, *expect;
} bodies[] = {
    {"{" CHOICE "}", "readable began stop"},
    {"\xef\xbb\xbf{" CHOICE "}\n", "readable began stop"},
    {"{\"choices\":[]}", "readable "},
    {"{\"choices\":[{\"index\":0,\"message\":{\"content\":null,\"refusal\":\"no\"},\"finish_reason\":\"stop\"}]}", "readable began stop"},
    {"{\"choices\":[{\"message\":{\"reasoning_content\":\"hm\"},\"finish_reason\":null}]}", "readable began "},
    {"{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},\"finish_reason\":\"length\"}]}", "readable began length"},
    {"{\"choices\":[{\"text\":\"old\",\"finish_reason\":\"stop\"}]}", "readable began stop"},
    /* usage: OpenAI, cached within prompt */
    {USAGE("{\"prompt_tokens\":120,\"completion_tokens\":80,\"total_tokens\":200,\"prompt_tokens_details\":{\"cached_tokens\":64},"
           "\"completion_tokens_details\":{\"reasoning_tokens\":50}}"), "readable began stop usage 56/64/0/80/50"},
    {USAGE("{\"prompt_tokens\":120,\"completion_tokens\":80,\"total_tokens\":200,\"prompt_tokens_details\":null}"), "readable began stop usage 120/0/0/80/0"},
    /* Google: completion without thinking, total with it */
    {USAGE("{\"prompt_tokens\":100,\"completion_tokens\":10,\"total_tokens\":400}"), "readable began stop usage 100/0/0/300/0"},
    {USAGE("{\"prompt_tokens\":100,\"completion_tokens\":10,\"completion_tokens_details\":{\"reasoning_tokens\":90}}"), "readable began stop usage 100/0/0/100/90"},
    /* DeepSeek, LiteLLM's names for Anthropic's cache, OpenRouter's price */
    {USAGE("{\"prompt_tokens\":100,\"completion_tokens\":1,\"prompt_cache_hit_tokens\":60,\"prompt_cache_miss_tokens\":40}"), "readable began stop usage 40/60/0/1/0"},
    {USAGE("{\"prompt_tokens\":100,\"completion_tokens\":1,\"cache_read_input_tokens\":30,\"cache_creation_input_tokens\":20}"), "readable began stop usage 50/30/20/1/0"},
    {USAGE("{\"prompt_tokens\":5,\"completion_tokens\":2,\"cost\":0.0012}"), "readable began stop usage 5/0/0/2/0 $0.0012"},
    /* Anthropic's own: cache apart; the Responses API: within */
    {USAGE("{\"input_tokens\":10,\"output_tokens\":2,\"cache_read_input_tokens\":300,\"cache_creation_input_tokens\":7}"), "readable began stop usage 10/300/7/2/0"},
    {USAGE("{\"input_tokens\":100,\"output_tokens\":2,\"input_tokens_details\":{\"cached_tokens\":90}}"), "readable began stop usage 10/90/0/2/0"},
    /* more cached than prompt: nothing is given away */
    {USAGE("{\"prompt_tokens\":10,\"completion_tokens\":1,\"prompt_tokens_details\":{\"cached_tokens\":50}}"), "readable began stop usage 10/50/0/1/0"},
    /* nonsense */
    {USAGE("{\"prompt_tokens\":-4,\"completion_tokens\":1e300,\"total_tokens\":\"7\"}"), "readable began stop"},
    {USAGE("{\"prompt_tokens\":5,\"completion_tokens\":-1,\"total_tokens\":1e999}"), "readable began stop usage 5/0/0/0/0"},
    {USAGE("null"), "readable began stop"},
    {USAGE("[1,2]"), "readable began stop"},
    {USAGE("{}"), "readable began stop"},
    {"{\"choices\":{\"0\":1},\"usage\":7}", ""},
    {"{\"choices\":[7,null,\"x\",[]]}", "readable "},
    {"{\"choices\":[{\"index\":0,\"message\":[],\"finish_reason\":7}]}", "readable "},
    /* cut, empty, no JSON */
    {"", ""},
    {"<html>502 Bad Gateway</html>", ""},
    {"\x1f\x8b\x08", ""},
    {"{\"choices\":[{\"index\":0,\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,\"compl", "began "},
    {"{" CHOICE "} trailing", "began "},
    {"[{" CHOICE "}]", "began stop"},
    /* errors */
    {"{\"error\":{\"message\":\"No\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}", " fault 0 [invalid_request_error] [] [No]"},
    {"{\"error\":{\"message\":\"No\",\"type\":\"insufficient_quota\",\"param\":null,\"code\":\"insufficient_quota\"}}", " fault 0 [insufficient_quota] [insufficient_quota] [No]"},
    {"{\"object\":\"error\",\"message\":\"bad\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}", " fault 400 [BadRequestError] [400] [bad]"},
    {"[{\"error\":{\"code\":503,\"message\":\"busy\",\"status\":\"UNAVAILABLE\",\"details\":[]}}]", " fault 503 [UNAVAILABLE] [503] [busy]"},
    {"{\"error\":{\"code\":429,\"message\":\"q\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"@type\":\"QuotaFailure\",\"violations\":"
     "[{\"quotaId\":\"GenerateRequestsPerDayPerProject\"}]}]}}", " fault 429 [RESOURCE_EXHAUSTED] [quota_exceeded] [q]"},
    {"{\"error\":{\"code\":429,\"message\":\"q\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"violations\":"
     "[{\"quotaId\":\"GenerateRequestsPerMinute\"}]}]}}", " fault 429 [RESOURCE_EXHAUSTED] [429] [q]"},
    {"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"},\"request_id\":\"r\"}", " fault 0 [overloaded_error] [] [Overloaded]"},
    {"{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"m\",\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}}}",
     " fault 0 [rate_limit_error] [enforced_spend_limit_reached] [m]"},
    {"{\"error\":{\"code\":402,\"message\":\"credits\",\"metadata\":{\"a\":[1]}}}", " fault 402 [] [402] [credits]"},
    {"{\"error\":{\"code\":\"429\",\"message\":\"m\"}}", " fault 429 [] [429] [m]"},
    {"{\"error\":{\"code\":7,\"message\":\"m\"}}", " fault 0 [] [7] [m]"},
    {"{\"error\":\"model not found\"}", " fault 0 [] [] [model not found]"},
    {"{\"error\":null," CHOICE "}", "readable began stop"},
    {"{\"detail\":\"Not authenticated\"}", " fault 0 [] [] [Not authenticated]"},
    {"{\"detail\":[{\"msg\":\"field required\"}]}", " fault 0 [] [] [[{\"msg\":\"field required\"}]]"},
    {"{\"message\":\"no Route matched\"}", " fault 0 [] [] [no Route matched]"},
    {"{\"message\":\"fine\"," CHOICE "}", "readable began stop"},
    {"{\"error\":{\"message\":\"a\\nb\\u0000c\",\"type\":5}}", " fault 0 [5] [] [a b c]"},
    {"{\"error\":{\"type\":\"insufficient_quota\",\"message\":\"cut he", " fault 0 [insufficient_quota] [] []"},
    {"{\"choices\":[{\"index\":0,\"message\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}", "readable error fault 0 [] [] [finish_reason is \"error\"]"},
};

static void test_bodies(void **unused)
{
    ds_reply reply = {0};
    (void)unused;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        ds_reply_reset(&reply);
        ds_reply_body(&reply, bodies[i].body, strlen(bodies[i].body));
        if (strcmp(summary(&reply), bodies[i].expect))
            fail_msg("%s\n gives    %s\n instead of %s", bodies[i].body, text, bodies[i].expect);
    }
    ds_reply_free(&reply);
}

/* Chunks, one a line; "!" before one: event error. */
static const struct {
    const char *chunks, *expect;
} streams[] = {
    {"{\"id\":\"a\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}", "readable "},
    {"{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":null}]}\n"
     "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n"
     "{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}\n[DONE]\n",
     "readable began stop done usage 3/0/0/1/0"},
    /* the last non-null usage */
    {"{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}\n{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9}}\n"
     "{\"choices\":[],\"usage\":null}\n", "readable  usage 3/0/0/9/0"},
    {"[DONE] \n", " done"},
    {"{\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"code\":null}}", " fault 0 [server_error] [] [m]"},
    {"{\"object\":\"error\",\"message\":\"m\",\"code\":500}", " fault 500 [] [500] [m]"},
    {"[{\"error\":{\"code\":503,\"message\":\"m\",\"status\":\"UNAVAILABLE\"}}]", " fault 503 [UNAVAILABLE] [503] [m]"},
    {"!{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}", " fault 0 [overloaded_error] [] [m]"},
    {"!it broke", " fault 0 [] [] [it broke]"},
    {"{\"id\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"m\"}}",
     "readable error fault 502 [] [502] [m]"},
    /* a chunk that is cut ends nothing */
    {"{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":null}]}\n{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usa",
     "readable began "},
    /* two choices: over when both are */
    {"{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}]}", "readable began "},
    {"{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"a\"}}]}", "readable began "},
    {"{\"choices\":[{\"index\":1e9,\"delta\":{},\"finish_reason\":\"stop\"}]}", "readable stop"},
    {"{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}\n{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}", "readable stop"},
};

static void feed_lines(ds_reply *reply, const char *chunks)
{
    for (const char *at = chunks; *at;) {
        const size_t n = strcspn(at, "\n");
        const bool error = *at == '!';
        ds_reply_chunk(reply, error ? "error" : "", at + error, n - error);
        at += n + (at[n] == '\n');
    }
}

static void test_streams(void **unused)
{
    ds_reply reply = {0};
    (void)unused;
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        ds_reply_reset(&reply);
        feed_lines(&reply, streams[i].chunks);
        if (strcmp(summary(&reply), streams[i].expect))
            fail_msg("%s\n gives    %s\n instead of %s", streams[i].chunks, text, streams[i].expect);
    }
    ds_reply_free(&reply);
}

static void expect_call(const ds_reply *r, size_t i, const char *name, const char *arguments)
{
    assert_true(i < r->n_calls);
    assert_string_equal(r->calls[i].name, name);
    assert_string_equal(r->calls[i].arguments, arguments);
    assert_int_equal(r->calls[i].arguments_len, strlen(arguments));
}

#define DELTA(calls) "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[" calls "]}}]}\n"

static void test_tool_calls(void **unused)
{
    static const char body[] = "{\"choices\":[{\"index\":0,\"message\":{\"content\":null,\"tool_calls\":["
                               "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},"
                               "{\"id\":\"c1\",\"function\":{\"name\":\"g\",\"arguments\":{\"b\": 2}}}]},\"finish_reason\":\"tool_calls\"},"
                               "{\"index\":1,\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"other\",\"arguments\":\"{}\"}}]}}]}";
    ds_reply r = {0};
    (void)unused;
    ds_reply_body(&r, body, sizeof body - 1);
    assert_int_equal(r.n_calls, 2); /* of the first choice */
    expect_call(&r, 0, "f", "{\"a\":1}");
    expect_call(&r, 1, "g", "{\"b\": 2}");
    ds_reply_reset(&r);
    /* pieces by index, two calls interleaved */
    feed_lines(&r, DELTA("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}")
                       DELTA("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\\\"y\\\"\"}}")
                       DELTA("{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\":1}\"}},{\"index\":1,\"function\":{\"arguments\":\":2}\"}}"));
    assert_int_equal(r.n_calls, 2);
    expect_call(&r, 0, "f", "{\"x\":1}");
    expect_call(&r, 1, "g", "{\"y\":2}");
    ds_reply_reset(&r);
    /* all numbered 0, told apart by id; and neither number nor id */
    feed_lines(&r, DELTA("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}")
                       DELTA("{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\"}}")
                       DELTA("{\"function\":{\"arguments\":\"}\"}}"));
    assert_int_equal(r.n_calls, 2);
    expect_call(&r, 0, "f", "{}");
    expect_call(&r, 1, "g", "{}");
    ds_reply_reset(&r);
    feed_lines(&r, "{\"choices\":[{\"index\":0,\"delta\":{\"function_call\":{\"name\":\"old\",\"arguments\":\"{\\\"q\\\"\"}}}]}\n"
                   "{\"choices\":[{\"index\":0,\"delta\":{\"function_call\":{\"arguments\":\":1}\"}}}]}\n");
    assert_int_equal(r.n_calls, 1);
    expect_call(&r, 0, "old", "{\"q\":1}");
    ds_reply_free(&r);
}

/* No more calls and bytes of arguments than declared, whatever comes. */
static void test_limits(void **unused)
{
    ds_reply r = {0};
    char *piece = malloc(70000);
    char names[200];
    (void)unused;
    for (int i = 0; i < 300; i++) {
        snprintf(names, sizeof names, DELTA("{\"index\":%d,\"function\":{\"name\":\"f%d\",\"arguments\":\"{}\"}}"), i, i);
        feed_lines(&r, names);
    }
    assert_int_equal(r.n_calls, DS_MAX_CALLS);
    expect_call(&r, 127, "f127", "{}");
    ds_reply_reset(&r);
    const int head = snprintf(piece, 70000, "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"");
    memset(piece + head, 'a', 65536);
    memcpy(piece + head + 65536, "\"}}]}}]}", 9);
    for (int i = 0; i < 100; i++)
        ds_reply_chunk(&r, "", piece, strlen(piece));
    assert_int_equal(r.n_calls, 1);
    assert_int_equal(r.calls[0].arguments_len, DS_MAX_ARGUMENTS);
    assert_int_equal(r.text_bytes, 100 * 65536);
    ds_reply_free(&r);
    free(piece);
}

static void test_names_are_cut_whole(void **unused)
{
    char body[2000] = "{\"id\":\"i-1\",\"model\":\"", *to = body + strlen(body);
    ds_reply r = {0};
    (void)unused;
    for (int i = 0; i < 300; i++, to += 2)
        memcpy(to, "\xc3\xa4", 3);
    strcpy(to, "\"," CHOICE "}");
    ds_reply_body(&r, body, strlen(body));
    assert_true(r.readable);
    assert_int_equal(strlen(r.model), 126); /* whole letters only */
    assert_string_equal(r.id, "i-1");
    assert_int_equal(r.text_bytes, 2);
    ds_reply_free(&r);
}

/* Truncated at every byte: never readable before the end, and never over its edge (the sanitizer sees). */
static void test_every_truncation(void **unused)
{
    static const char whole[] = USAGE("{\"prompt_tokens\":120,\"completion_tokens\":80,\"prompt_tokens_details\":{\"cached_tokens\":64}}");
    ds_reply r = {0};
    (void)unused;
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *exact = malloc(n ? n : 1);
        memcpy(exact, whole, n);
        ds_reply_reset(&r);
        ds_reply_body(&r, exact, n);
        assert_false(r.readable || r.finished || r.usage.known);
        free(exact);
    }
    ds_reply_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),       cmocka_unit_test(test_streams),
        cmocka_unit_test(test_tool_calls),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_names_are_cut_whole), cmocka_unit_test(test_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
