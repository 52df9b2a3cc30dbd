/* Splicing: what goes out is what came in, but for the model and include_usage. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/body.h"

static void expect(const char *in, bool line, const char *out, const char *fault)
{
    ds_body body = {0};
    td_out text = {0};
    const char *what;
    size_t where;
    char *copy = malloc(strlen(in) ? strlen(in) : 1); /* exact, so that ASan sees one byte too far */
    memcpy(copy, in, strlen(in));
    const bool good = ds_body_read(&body, copy, strlen(in), line, &what, &where);
    if (fault) {
        if (good || !strstr(what, fault))
            fail_msg("%s: %s", in, good ? "accepted" : what);
    } else if (!good) {
        fail_msg("%s: %s at %zu", in, what, where);
    } else {
        ds_body_splice(&body, "M", body.stream && body.may_add_usage, &text);
        td_put(&text, "", 1);
        assert_string_equal(text.at, out);
    }
    free(text.at);
    free(copy);
    ds_body_free(&body);
}

#define MSG "\"messages\":[{\"role\":\"user\",\"content\":\"hi \\u00e9\"}]"

static void model_is_replaced(void **state)
{
    (void)state;
    expect("{\"model\" : \"tierce\" ," MSG "}", false, "{\"model\" : \"M\" ," MSG "}", NULL);
    expect("{" MSG ",\"model\":\"a\\\"b\"}", false, "{" MSG ",\"model\":\"M\"}", NULL);
    expect("{" MSG "}", false, "{\"model\":\"M\"," MSG "}", NULL);
    expect(" {\n" MSG "\n}\n", false, " {\"model\":\"M\",\n" MSG "\n}\n", NULL);
    expect("{\"Model\":\"keep\",\"model\":\"x\"," MSG "}", false, "{\"Model\":\"keep\",\"model\":\"M\"," MSG "}", NULL);
    expect("{\"metadata\":{\"model\":\"in\"},\"model\":\"x\"," MSG ",\"seed\":9007199254740993,\"t\":1e-0}", false,
           "{\"metadata\":{\"model\":\"in\"},\"model\":\"M\"," MSG ",\"seed\":9007199254740993,\"t\":1e-0}", NULL);
}

static void usage_is_added(void **state)
{
    (void)state;
    expect("{\"model\":\"x\",\"stream\":true," MSG "}", false,
           "{\"stream_options\":{\"include_usage\":true},\"model\":\"M\",\"stream\":true," MSG "}", NULL);
    expect("{\"stream\":true,\"stream_options\":{},\"model\":\"x\"," MSG "}", false,
           "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"M\"," MSG "}", NULL);
    expect("{\"stream\":true,\"stream_options\":{\"a\":1},\"model\":\"x\"," MSG "}", false,
           "{\"stream\":true,\"stream_options\":{\"include_usage\":true,\"a\":1},\"model\":\"M\"," MSG "}", NULL);
    expect("{\"stream\":true,\"stream_options\":null,\"model\":\"x\"," MSG "}", false,
           "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\":\"M\"," MSG "}", NULL);
    expect("{\"stream\":true,\"stream_options\":{\"include_usage\":false},\"model\":\"x\"," MSG "}", false,
           "{\"stream\":true,\"stream_options\":{\"include_usage\":false},\"model\":\"M\"," MSG "}", NULL);
    expect("{\"stream\":false,\"model\":\"x\"," MSG "}", false, "{\"stream\":false,\"model\":\"M\"," MSG "}", NULL);
}

static void lines_lose_their_record(void **state)
{
    (void)state;
    expect("{\"id\":\"7\",\"source\":\"s\"," MSG ",\"temperature\":0}", true, "{\"model\":\"M\"," MSG ",\"temperature\":0}", NULL);
    expect("{" MSG ",\"id\":\"7\", \"source\":\"s\",\"outcomes\":{\"a\":{\"score\":1}}}", true, "{\"model\":\"M\"," MSG "}", NULL);
    expect("{\"id\":\"7\"," MSG ",\"outcomes\":{}}", true, "{\"model\":\"M\"," MSG "}", NULL);
    expect("{\"id\":\"7\",\"prompt\":\"a\\n\"}", true, "{\"model\":\"M\",\"messages\":[{\"role\":\"user\",\"content\":\"a\\n\"}]}", NULL);
    expect("{\"prompt\" : \"a\", \"id\":3}", true, "{\"model\":\"M\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", NULL);
    expect("{\"custom_id\":\"c\",\"method\":\"POST\",\"body\":{\"model\":\"q\"," MSG ",\"id\":1}}", true, "{\"model\":\"M\"," MSG ",\"id\":1}", NULL);
}

static void bad_bodies_are_refused(void **state)
{
    (void)state;
    expect("{\"model\":\"a\",\"model\":\"b\"," MSG "}", false, NULL, "stands twice");
    expect("{\"model\":\"a\",\"\\u006dodel\":\"b\"," MSG "}", false, NULL, "stands twice");
    expect("{\"model\":\"a\\u000d\\u000ax: y\"," MSG "}", false, NULL, "control byte");
    expect("{\"model\":7," MSG "}", false, NULL, "expected a string");
    expect("{\"model\":\"a\"}", false, NULL, "no request");
    expect("{\"prompt\":\"a\"}", false, NULL, "not of this endpoint");
    expect("[]", false, NULL, "expected an object");
    expect("", false, NULL, "expected an object");
    expect("{" MSG, false, NULL, "");
    expect("{" MSG "} x", false, NULL, "after the JSON");
    expect("{" MSG ",\"max_tokens\":-1}", false, NULL, "\"max_tokens\" is a count");
    expect("{" MSG ",\"n\":1000000000}", false, NULL, "\"n\" is a count");
    expect("{" MSG ",\"max_tokens\":1e9,\"n\":2}", false, NULL, "times \"n\"");
    expect("{" MSG ",\"stream\":\"yes\"}", false, NULL, "true or false");
}

static void every_cut_of_a_body_is_refused(void **state)
{
    static const char whole[] = "{\"model\":\"x\",\"stream\":true,\"stream_options\":{\"a\":[1]}," MSG "}";
    (void)state;
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char text[sizeof whole];
        memcpy(text, whole, n);
        text[n] = 0;
        expect(text, false, NULL, "");
    }
}

static void long_names_stay_apart(void **state)
{
    char a[30], b[30], text[60];
    (void)state;
    memset(text, 'x', sizeof text);
    ds_put_name(a, sizeof a, text, 29);
    assert_int_equal(strlen(a), 29);
    text[40] = 'y';
    ds_put_name(a, sizeof a, text, 60);
    text[40] = 'z';
    ds_put_name(b, sizeof b, text, 60);
    assert_int_equal(strlen(a), 29);
    assert_memory_equal(a, b, 13);
    assert_string_not_equal(a, b);
    ds_put_name(a, sizeof a, NULL, 0);
    assert_string_equal(a, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_is_replaced),       cmocka_unit_test(usage_is_added),
        cmocka_unit_test(lines_lose_their_record), cmocka_unit_test(bad_bodies_are_refused),
        cmocka_unit_test(every_cut_of_a_body_is_refused), cmocka_unit_test(long_names_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
