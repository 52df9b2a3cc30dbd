/* Tool calls against the schemas that were offered: arguments, and the sentence that must come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/toolcheck.h"

static const char weather[] =
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},\"days\":{\"type\":\"integer\"},"
    "\"unit\":{\"type\":\"string\",\"enum\":[\"C\",\"F\"]},\"level\":{\"enum\":[1,2,null]},"
    "\"share\":{\"type\":\"number\"},\"deep\":{\"type\":\"boolean\"},\"note\":{\"type\":[\"string\",\"null\"]},"
    "\"maybe\":{\"type\":\"string\",\"nullable\":true},\"none\":{\"type\":\"null\"},"
    "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"where\":{\"type\":\"object\",\"properties\":{\"lat\":{\"type\":\"number\"},\"lon\":{\"type\":\"number\"}},"
    "\"required\":[\"lat\",\"lon\"]},\"odd\":{\"$ref\":\"#/x\"},\"new\":{\"type\":\"quaternion\"}},"
    "\"required\":[\"city\"]}";

/* NULL: fits. */
static const struct {
    const char *arguments, *fault;
} cases[] = {
    {"{\"city\":\"Ulm\"}", NULL},
    {" { \"city\" : \"Ulm\" } ", NULL},
    {"{\"city\":\"Ulm\",\"days\":3,\"unit\":\"C\",\"level\":2,\"share\":0.5,\"deep\":true,\"note\":null,\"tags\":[\"a\"],"
     "\"where\":{\"lat\":1,\"lon\":2.5},\"odd\":{\"x\":1},\"new\":[],\"extra\":1}", NULL},
    {"{\"city\":\"Ulm\",\"days\":3.0}", NULL},
    {"{\"city\":\"Ulm\",\"maybe\":null,\"none\":null}", NULL},
    {"{\"city\":\"\\u0000\"}", NULL},
    {"{}", "call 1 \"get_weather\": lacks the required \"city\""},
    {"", "call 1 \"get_weather\": lacks the required \"city\""},
    {"  ", "call 1 \"get_weather\": lacks the required \"city\""},
    {"{\"City\":\"Ulm\"}", "call 1 \"get_weather\": lacks the required \"city\""},
    {"{\"city\":7}", "call 1 \"get_weather\": \"city\" must be string, is number"},
    {"{\"city\":null}", "call 1 \"get_weather\": \"city\" must be string, is null"},
    {"{\"city\":[\"Ulm\"]}", "call 1 \"get_weather\": \"city\" must be string, is array"},
    {"{\"city\":\"Ulm\",\"days\":3.5}", "call 1 \"get_weather\": \"days\" must be integer, is number"},
    {"{\"city\":\"Ulm\",\"days\":\"3\"}", "call 1 \"get_weather\": \"days\" must be integer, is string"},
    {"{\"city\":\"Ulm\",\"days\":true}", "call 1 \"get_weather\": \"days\" must be integer, is boolean"},
    {"{\"city\":\"Ulm\",\"share\":\"1\"}", "call 1 \"get_weather\": \"share\" must be number, is string"},
    {"{\"city\":\"Ulm\",\"unit\":\"K\"}", "call 1 \"get_weather\": \"unit\" is not one of the schema's values"},
    {"{\"city\":\"Ulm\",\"level\":3}", "call 1 \"get_weather\": \"level\" is not one of the schema's values"},
    {"{\"city\":\"Ulm\",\"level\":\"1\"}", "call 1 \"get_weather\": \"level\" is not one of the schema's values"},
    {"{\"city\":\"Ulm\",\"note\":5}", "call 1 \"get_weather\": \"note\" must be one of its types, is number"},
    {"{\"city\":\"Ulm\",\"none\":0}", "call 1 \"get_weather\": \"none\" must be null, is number"},
    {"{\"city\":\"Ulm\",\"tags\":\"a\"}", "call 1 \"get_weather\": \"tags\" must be array, is string"},
    {"{\"city\":\"Ulm\",\"tags\":[\"a\",1]}", "call 1 \"get_weather\": \"tags[]\" must be string, is number"},
    {"{\"city\":\"Ulm\",\"where\":{\"lat\":1}}", "call 1 \"get_weather\": \"where\" lacks the required \"lon\""},
    {"{\"city\":\"Ulm\",\"where\":{\"lat\":\"1\",\"lon\":2}}", "call 1 \"get_weather\": \"where.lat\" must be number, is string"},
    {"[]", "call 1 \"get_weather\": has arguments that are not a JSON object"},
    {"\"Ulm\"", "call 1 \"get_weather\": has arguments that are not a JSON object"},
    {"{\"city\":\"Ulm\"", "call 1 \"get_weather\": has arguments that are not a JSON object"},
    {"{\"city\":\"Ulm\"} and more", "call 1 \"get_weather\": has arguments that are not a JSON object"},
    {"{\"city\":NaN}", "call 1 \"get_weather\": has arguments that are not a JSON object"},
    {"{'city':'Ulm'}", "call 1 \"get_weather\": has arguments that are not a JSON object"},
};

static tierce_span span(const char *text)
{
    return (tierce_span){text, strlen(text)};
}

static bool check(const char *name, const char *schema, const char *arguments, td_error *error)
{
    const tierce_tool tools[] = {{span("other"), span(""), span("{\"type\":\"object\",\"required\":[\"z\"]}")},
                                 {span("get_weather"), span(""), span(schema)}};
    const tierce_request request = {.tools = tools, .n_tools = 2};
    char *n = strdup(name), *a = strdup(arguments);
    const ds_call call = {.name = n, .arguments = a, .arguments_len = strlen(a)};
    error->text[0] = 0;
    const bool good = ds_toolcheck(&request, &call, 1, error);
    free(n), free(a);
    return good;
}

static void test_cases(void **unused)
{
    td_error error;
    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool good = check("get_weather", weather, cases[i].arguments, &error);
        if (good != !cases[i].fault || strcmp(error.text, cases[i].fault ? cases[i].fault : ""))
            fail_msg("%s: \"%s\"", cases[i].arguments, error.text);
    }
}

static void test_names_and_schemas(void **unused)
{
    td_error error;
    (void)unused;
    assert_false(check("get_whether", weather, "{}", &error));
    assert_string_equal(error.text, "call 1 \"get_whether\": is not one of the offered tools");
    assert_false(check("", weather, "{}", &error));
    assert_false(check("evil\r\nX-Header: 1", weather, "{}", &error));
    assert_null(strpbrk(error.text, "\r\n"));
    /* schemas that say nothing we know, or nothing at all */
    static const char *const silent[] = {"", "null", "7", "{", "{}", "{\"type\":7}", "{\"required\":\"city\"}",
                                         "{\"type\":\"object\",\"required\":[7,null]}", "{\"properties\":[]}",
                                         "{\"oneOf\":[{\"type\":\"string\"}]}", "{\"type\":[]}"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        assert_true(check("get_weather", silent[i], "{\"a\":[{\"b\":1}]}", &error));
    /* values never stand in a message */
    assert_false(check("get_weather", weather, "{\"city\":\"Ulm\",\"unit\":\"s3cret\"}", &error));
    assert_null(strstr(error.text, "s3cret"));
    assert_true(ds_toolcheck(&(tierce_request){0}, NULL, 0, &error));
}

/* The second of parallel calls is named as such. */
static void test_parallel(void **unused)
{
    const tierce_tool tools[] = {{span("f"), span(""), span("{\"required\":[\"a\"]}")}, {span("g"), span(""), span("{}")}};
    const tierce_request request = {.tools = tools, .n_tools = 2};
    char f[] = "f", g[] = "g", good[] = "{\"a\":1}", none[] = "{}";
    const ds_call calls[] = {{.name = f, .arguments = good, .arguments_len = 7},
                             {.name = g, .arguments = none, .arguments_len = 2},
                             {.name = f, .arguments = none, .arguments_len = 2}};
    td_error error;
    (void)unused;
    assert_true(ds_toolcheck(&request, calls, 2, &error));
    assert_false(ds_toolcheck(&request, calls, 3, &error));
    assert_string_equal(error.text, "call 3 \"f\": lacks the required \"a\"");
}

/* Depth, breadth and size: bounded work, no verdict beyond the bounds. */
static void test_bounds(void **unused)
{
    enum { N = 3000 };
    char *schema = malloc(1 << 20), *arguments = malloc(1 << 20), *s = schema, *a = arguments;
    td_error error;
    (void)unused;
    s += sprintf(s, "{\"type\":\"object\",\"properties\":{");
    a += sprintf(a, "{");
    for (int i = 0; i < N; i++) { /* the worst order: each look-up walks to the end */
        s += sprintf(s, "%s\"p%d\":{\"type\":\"integer\"}", i ? "," : "", N - 1 - i);
        a += sprintf(a, "%s\"p%d\":%d", i ? "," : "", i, i);
    }
    sprintf(s, "}}");
    sprintf(a, "}");
    assert_true(check("get_weather", schema, arguments, &error));
    for (int i = 0; i < 20; i++) { /* below depth 8 nothing is judged */
        sprintf(i ? schema + strlen(schema) : schema, "{\"properties\":{\"x\":");
        sprintf(i ? arguments + strlen(arguments) : arguments, "{\"x\":");
    }
    strcat(schema, "{\"type\":\"string\"}");
    strcat(arguments, "1");
    for (int i = 0; i < 20; i++) {
        strcat(schema, "}}");
        strcat(arguments, "}");
    }
    assert_true(check("get_weather", schema, arguments, &error));
    free(schema), free(arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_names_and_schemas),
        cmocka_unit_test(test_parallel),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
