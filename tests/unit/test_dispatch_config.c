/* tiers.json as the engine reads it: what is refused, where, and with which mend; whose budget a key is. */
#define _DEFAULT_SOURCE /* mkstemps */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "infer/dispatch/config.h"

static char path[] = "/tmp/tierce_config_XXXXXX.json";

/* One tier; %s: members of its endpoint, of its limits, and of the document. */
static ds_config *load(const char *endpoint, const char *limits, const char *top, td_error *error)
{
    FILE *f = fopen(path, "w");
    fprintf(f, "{\"tiers\":[{\"name\":\"flash\",\"prices\":{\"input\":1,\"output\":2},\"endpoints\":[{%s}],\"limits\":{%s}}]%s}", endpoint,
            limits, top);
    fclose(f);
    error->text[0] = 0;
    return ds_config_load(path, error);
}

#define URL "\"base_url\":\"http://127.0.0.1:8080/v1\""

static void refused(const char *endpoint, const char *limits, const char *top, const char *where, const char *what)
{
    td_error error;
    ds_config *c = load(endpoint, limits, top, &error);
    const bool taken = c != NULL;
    ds_config_drop(c);
    if (taken)
        fail_msg("%s %s %s: taken", endpoint, limits, top);
    if (!strstr(error.text, where) || !strstr(error.text, what))
        fail_msg("%s: lacks \"%s\" or \"%s\"", error.text, where, what);
}

static void taken(const char *endpoint, const char *limits, const char *top)
{
    td_error error;
    ds_config *c = load(endpoint, limits, top, &error);
    if (!c)
        fail_msg("%s", error.text);
    ds_config_drop(c);
}

static void addresses(void **state)
{
    static const char *const bad[] = {"h:99999", "h:0", "h:", "h:80a", "[::1]:70000", "[::1]x", "h:99999999999999999999"};
    char text[200];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "\"base_url\":\"http://%s/v1\"", bad[i]);
        refused(text, "", "", "tiers[0].endpoints[0].base_url", "1..65535");
    }
    refused("\"base_url\":\"http://h/v1/chat/completions\"", "", "", "endpoints[0].base_url", "leave it out");
    refused("\"base_url\":\"http://h/v1/chat/completions/\"", "", "", "endpoints[0].base_url", "leave it out");
    taken("\"base_url\":\"http://h:65535\"", "", "");
    taken("\"base_url\":\"http://[::1]:80/v1/\"", "", "");
    taken("\"base_url\":\"http://[::1]/chat\"", "", "");
}

static void whole_counts(void **state)
{
    (void)state;
    refused(URL, "\"max_parallel\":1.5", "", "tiers[0].limits.max_parallel", "whole number");
    refused(URL, "\"max_output_tokens\":1.5", "", "limits.max_output_tokens", "whole number");
    refused(URL, "\"max_response_bytes\":4096.5", "", "limits.max_response_bytes", "whole number");
    refused(URL, "", ",\"retry\":{\"retries\":1.5}", "retry.retries", "whole number");
    refused(URL, "", ",\"retry\":{\"breaker_failures\":2.5}", "retry.breaker_failures", "whole number");
    refused(URL, "", ",\"retry\":{\"retries\":21}", "retry.retries", "0..20");
    taken(URL, "\"max_parallel\":2", ",\"retry\":{\"retries\":0,\"base_s\":0.25}");
}

static void keys_stand_in_no_file(void **state)
{
    (void)state;
    refused(URL ",\"headers\":{\"Authorization\":\"Bearer sk-1\"}", "", "", "endpoints[0].headers", "\"key_env\"");
    refused(URL ",\"headers\":{\"API-Key\":\"sk-1\"}", "", "", "endpoints[0].headers", "\"key_env\"");
    taken(URL ",\"headers\":{\"X-Title\":\"a\"}", "", "");
}

#define BUDGET(key) ",\"budgets\":[{\"name\":\"a\",\"period\":\"day\",\"limit_usd\":0," key "}]"

static void keys_of_budgets(void **state)
{
    td_error error;
    (void)state;
    setenv("TEST_ALPHA", "alpha", 1);
    unsetenv("TEST_NOBODY");
    /* the key itself is no fingerprint, and is not printed; its fingerprint is */
    refused(URL, "", BUDGET("\"key\":\"alpha\""), "budgets[0].key", "k8ac625bb85ed202b");
    refused(URL, "", BUDGET("\"key\":\"alpha\""), "budgets[0].key", "\"key_env\"");
    load(URL, "", BUDGET("\"key\":\"alpha\""), &error);
    assert_null(strstr(error.text, "alpha"));
    refused(URL, "", BUDGET("\"key\":\"k8ac625bb85ed202\""), "budgets[0].key", "16 hex digits");
    refused(URL, "", BUDGET("\"key\":\"k8AC625BB85ED202B\""), "budgets[0].key", "16 hex digits");
    refused(URL, "", BUDGET("\"key_env\":\"TEST_NOBODY\""), "budgets[0].key_env", "TEST_NOBODY is not set");
    refused(URL, "", BUDGET("\"key_env\":\"TEST_ALPHA\",\"key\":\"*\""), "budgets[0]", "keep one");
    static const char *const good[] = {BUDGET("\"key_env\":\"TEST_ALPHA\""), BUDGET("\"key\":\"k8ac625bb85ed202b\"")};
    for (size_t i = 0; i < 2; i++) {
        ds_config *c = load(URL, "", good[i], &error);
        if (!c)
            fail_msg("%s", error.text);
        assert_string_equal(c->budgets[0].key, "k8ac625bb85ed202b");
        ds_config_drop(c);
    }
    taken(URL, "", BUDGET("\"key\":\"*\""));
    taken(URL, "", BUDGET("\"key\":\"\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(whole_counts),
                                       cmocka_unit_test(keys_stand_in_no_file), cmocka_unit_test(keys_of_budgets)};
    const int fd = mkstemps(path, 5);
    if (fd < 0)
        return 1;
    close(fd);
    const int status = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return status;
}
