/* What happens after a failure, case by case; waiting times; the circuit breaker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "infer/dispatch/breaker.h"
#include "infer/dispatch/retry.h"

#define NOW 1795500000.0 /* Tue, 24 Nov 2026 06:00:00 GMT */

typedef struct {
    int status;
    const char *type, *code, *message, *should_retry;
    const char *verdict;
    bool trip, sick;
    const char *why;
} row;

static const row rows[] = {
    {200, NULL, NULL, NULL, NULL, "done", false, false, "ok"},
    {204, NULL, NULL, NULL, NULL, "done", false, false, "ok"},
    {302, NULL, NULL, NULL, NULL, "next", false, true, "redirect"},
    {400, "invalid_request_error", "", "Invalid temperature", NULL, "final", false, false, "client error"},
    {400, "invalid_request_error", "", "You said: 429 rate limit, insufficient_quota", NULL, "final", false, false, "client error"},
    {401, "invalid_request_error", "invalid_api_key", "", NULL, "next", true, false, "key refused"},
    {402, "", "402", "Insufficient credits", NULL, "next", true, false, "insufficient quota"},
    {403, NULL, NULL, NULL, NULL, "next", true, false, "access refused"},
    {404, "", "model_not_found", "", NULL, "next", true, false, "not found"},
    {408, NULL, NULL, NULL, NULL, "retry", false, true, "request timeout"},
    {409, NULL, NULL, NULL, NULL, "retry", false, false, "conflict"},
    {413, "request_too_large", "", "Request exceeds the maximum size", NULL, "next", false, false, "request too large"},
    {422, "", "", "field required", NULL, "final", false, false, "client error"},
    {418, NULL, NULL, NULL, NULL, "final", false, false, "client error"},
    {429, "rate_limit_error", "rate_limit_exceeded", "", NULL, "retry", false, true, "rate limit"},
    {429, "insufficient_quota", "insufficient_quota", "", NULL, "next", true, false, "insufficient quota"},
    {429, "", "credit_balance_exhausted", "", NULL, "next", true, false, "insufficient quota"},
    {429, "", "organization_spend_limit_exceeded", "", NULL, "next", true, false, "insufficient quota"},
    {429, "billing", "project_spend_limit_exceeded", "", NULL, "next", true, false, "insufficient quota"},
    {429, "", "organization_usage_limit_exceeded", "", NULL, "next", true, false, "insufficient quota"},
    {429, "rate_limit_error", "enforced_spend_limit_reached", "", NULL, "next", true, false, "insufficient quota"},
    {429, "RESOURCE_EXHAUSTED", "quota_exceeded", "", NULL, "next", true, false, "insufficient quota"},
    {429, "insufficient_quota", "insufficient_quota", "", "true", "next", true, false, "insufficient quota"},
    {500, NULL, NULL, NULL, NULL, "retry", false, true, "server error"},
    {501, NULL, NULL, NULL, NULL, "next", false, false, "not implemented"},
    {502, NULL, NULL, NULL, NULL, "retry", false, true, "server error"},
    {503, "UNAVAILABLE", "503", "", NULL, "retry", false, true, "server error"},
    {504, NULL, NULL, NULL, NULL, "retry", false, true, "server error"},
    {520, NULL, NULL, NULL, NULL, "retry", false, true, "server error"},
    {529, "overloaded_error", "", "Overloaded", NULL, "retry", false, true, "overloaded"},
    /* x-should-retry */
    {400, NULL, NULL, NULL, "true", "retry", false, false, "client error"},
    {500, NULL, NULL, NULL, "false", "next", false, true, "server error"},
    {401, NULL, NULL, NULL, "true", "retry", false, false, "key refused"},
    {400, NULL, NULL, NULL, "false", "final", false, false, "client error"},
    {503, NULL, NULL, NULL, "perhaps", "retry", false, true, "server error"},
    {200, NULL, NULL, NULL, "true", "done", false, false, "ok"},
    /* context overflow, as the providers say it */
    {400, "invalid_request_error", "context_length_exceeded", "", NULL, "bigger", false, false, "context overflow"},
    {400, "invalid_request_error", "context_length_exceeded", "", "true", "bigger", false, false, "context overflow"},
    {400, "BadRequestError", "400", "This model's maximum context length is 4096 tokens", NULL, "bigger", false, false, "context overflow"},
    {400, "INVALID_ARGUMENT", "400", "The input token count (9) exceeds the maximum number of tokens allowed (8).", NULL, "bigger", false, false, "context overflow"},
    {400, "invalid_request_error", "", "prompt is too long: 210000 tokens > 200000 maximum", NULL, "bigger", false, false, "context overflow"},
    {400, "invalid_request_error", "", "input length and `max_tokens` exceed context limit: 1 + 2 > 2", NULL, "bigger", false, false, "context overflow"},
    {400, "exceed_context_size_error", "400", "the request exceeds the available context size", NULL, "bigger", false, false, "context overflow"},
    {422, "", "", "`inputs` tokens + `max_new_tokens` must be <= 4096", NULL, "bigger", false, false, "context overflow"},
    {413, "", "", "Input tokens exceed the configured limit of 272000 tokens", NULL, "bigger", false, false, "context overflow"},
    {400, "", "", "Current length is 9000 while limit is 8192", NULL, "bigger", false, false, "context overflow"},
    {400, "", "", "current length is 9000 and that is that", NULL, "final", false, false, "client error"},
    {500, "", "", "prompt is too long", NULL, "retry", false, true, "server error"},
    {400, "", "string_above_max_length", "is longer than the model's context length", NULL, "final", false, false, "client error"},
    /* filters */
    {400, "invalid_request_error", "content_policy_violation", "", NULL, "final", false, false, "content filter"},
    {400, "", "content_filter", "The prompt was filtered", NULL, "final", false, false, "content filter"},
    /* errors inside a 200: by their own status, by their type, else 502 */
    {200, "", "429", "slow down", NULL, "retry", false, true, "rate limit"},
    {200, "overloaded_error", "", "Overloaded", NULL, "retry", false, true, "overloaded"},
    {200, "authentication_error", "", "", NULL, "next", true, false, "key refused"},
    {200, "invalid_request_error", "", "prompt is too long", NULL, "bigger", false, false, "context overflow"},
    {200, "strange", "", "", NULL, "retry", false, true, "server error"},
    {0, NULL, NULL, NULL, NULL, "next", false, true, "unknown status"},
    {199, NULL, NULL, NULL, NULL, "next", false, true, "unknown status"},
    {777, NULL, NULL, NULL, NULL, "next", false, true, "unknown status"},
};

static ds_advice judge(const row *r)
{
    ds_fault fault = {.there = r->type != NULL};
    ds_failure f = {.wire = DS_WIRE_OK, .status = r->status, .should_retry = r->should_retry, .now_unix = NOW};
    if (r->type) {
        snprintf(fault.type, sizeof fault.type, "%s", r->type);
        snprintf(fault.code, sizeof fault.code, "%s", r->code);
        snprintf(fault.message, sizeof fault.message, "%s", r->message);
        sscanf(r->code, "%d", &fault.status);
        f.fault = &fault;
    }
    return ds_judge(&f);
}

static void test_table(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const ds_advice a = judge(&rows[i]);
        if (strcmp(ds_verdict_name(a.verdict), rows[i].verdict) || strcmp(a.why, rows[i].why) ||
            a.trip != rows[i].trip || a.sick != rows[i].sick)
            fail_msg("row %zu (%d %s): %s %s trip %d sick %d", i, rows[i].status, rows[i].why,
                     ds_verdict_name(a.verdict), a.why, a.trip, a.sick);
        assert_true(a.wait_s == 0);
    }
}

static void test_wire(void **unused)
{
    static const struct {
        ds_wire wire;
        const char *name, *verdict;
    } wires[] = {{DS_WIRE_CONNECT, "connect", "retry"},   {DS_WIRE_NO_ANSWER, "no_answer", "retry"},
                 {DS_WIRE_FIRST_BYTE, "first_byte", "retry"}, {DS_WIRE_STALLED, "stalled", "retry"},
                 {DS_WIRE_CUT, "cut", "retry"},           {DS_WIRE_TOO_LARGE, "too_large", "next"},
                 {DS_WIRE_GARBLED, "garbled", "retry"}};
    (void)unused;
    for (size_t i = 0; i < sizeof wires / sizeof *wires; i++) {
        const ds_failure f = {.wire = wires[i].wire, .status = 200, .should_retry = "true"};
        const ds_advice a = ds_judge(&f);
        assert_string_equal(ds_wire_name(wires[i].wire), wires[i].name);
        assert_string_equal(ds_verdict_name(a.verdict), wires[i].verdict);
        assert_true(a.sick);
        assert_false(a.trip);
    }
    /* a 200 that is no completion because it holds an error is judged by the error */
    const ds_fault fault = {.there = true, .status = 402};
    const ds_failure f = {.wire = DS_WIRE_GARBLED, .status = 200, .fault = &fault};
    assert_true(ds_judge(&f).trip);
    /* our own want is no sign of a sick provider */
    static const char *const names[] = {"no_descriptor", "no_memory", "lost"};
    for (int i = 0; i < 3; i++) {
        const ds_failure ours = {.wire = (ds_wire)(DS_WIRE_NO_DESCRIPTOR + i)};
        assert_string_equal(ds_wire_name(ours.wire), names[i]);
        assert_true(ds_wire_is_ours(ours.wire));
        assert_int_equal(ds_judge(&ours).verdict, DS_VERDICT_RETRY);
        assert_false(ds_judge(&ours).sick);
    }
    assert_false(ds_wire_is_ours(DS_WIRE_CONNECT));
}

static double wait_of(const char *retry_after, const char *ms)
{
    const ds_failure f = {.wire = DS_WIRE_OK, .status = 429, .retry_after = retry_after, .retry_after_ms = ms, .now_unix = NOW};
    return ds_judge(&f).wait_s;
}

static void test_retry_after(void **unused)
{
    static const struct {
        const char *retry_after, *ms;
        double wait;
    } waits[] = {
        {"7", NULL, 7},
        {" 7 ", NULL, 7},
        {"0", NULL, 0},
        {"1.5", NULL, 1.5},
        {"300", NULL, 300},
        {"301", NULL, 300},
        {"99999999999999999999999999999999999999999", NULL, 300},
        {"-5", NULL, 0},
        {"", NULL, 0},
        {"soon", NULL, 0},
        {"5 apples", NULL, 0},
        {"0x20", NULL, 0},
        {"1e9", NULL, 0},
        {"inf", NULL, 0},
        {"nan", NULL, 0},
        {NULL, "250", 0.25},
        {"9", "250", 0.25}, /* the finer one counts */
        {"9", "rubbish", 9},
        {NULL, "99999999", 300},
        {"Tue, 24 Nov 2026 06:00:42 GMT", NULL, 42},
        {"Tue, 24 Nov 2026 05:59:00 GMT", NULL, 0},  /* past */
        {"Wed, 24 Nov 2027 06:00:00 GMT", NULL, 300}, /* huge */
        {"Tuesday, 24-Nov-26 06:00:10 GMT", NULL, 10},
        {"Tue Nov 24 06:00:11 2026", NULL, 11},
        {"Tue, 24 Xyz 2026 06:00:42 GMT", NULL, 0},
        {"Tue, 24 ovD 2026 06:00:42 GMT", NULL, 0}, /* a piece of two names is no month */
        {"Tue, 44 Nov 2026 06:00:42 GMT", NULL, 0},
        {"Tue, 24 Nov 2026 99:00:42 GMT", NULL, 0},
        {"Thu, 01 Jan 1970 00:00:00 GMT", NULL, 0},
    };
    (void)unused;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        if (wait_of(waits[i].retry_after, waits[i].ms) != waits[i].wait)
            fail_msg("\"%s\" gives %g, not %g", waits[i].retry_after ? waits[i].retry_after : waits[i].ms,
                     wait_of(waits[i].retry_after, waits[i].ms), waits[i].wait);
}

static void test_backoff(void **unused)
{
    uint64_t seed = 7, again = 7;
    double sum = 0;
    (void)unused;
    for (unsigned n = 1; n <= 200; n++) {
        const double whole = n > 10 ? 8 : 0.5 * (double)(1u << (n - 1)) < 8 ? 0.5 * (double)(1u << (n - 1)) : 8;
        const double wait = ds_backoff(n, 0.5, 8, 0, &seed);
        assert_true(wait >= whole / 2 && wait <= whole);
        assert_true(wait == ds_backoff(n, 0.5, 8, 0, &again)); /* same seed, same waits */
        sum += n > 10 ? wait : 0;
    }
    assert_true(sum / 190 > 5.7 && sum / 190 < 6.3); /* spread over [4, 8] */
    assert_true(ds_backoff(1, 0.5, 8, 30, &seed) == 30);
    assert_true(ds_backoff(0, 1, 8, 0, &seed) <= 1);
    assert_true(ds_backoff(4000000000u, 1, 8, 0, &seed) <= 8);
}

/* ---- breaker ---- */

static const ds_breaker_rule rule = {3, 10, 35};

static void test_breaker_opens_probes_and_closes(void **unused)
{
    ds_breaker b = {0};
    (void)unused;
    for (int i = 0; i < 2; i++) {
        assert_true(ds_breaker_allows(&b, &rule, 0));
        ds_breaker_failure(&b, &rule, 0);
    }
    ds_breaker_success(&b); /* in a row, not in all */
    for (int i = 0; i < 3; i++) {
        assert_true(ds_breaker_allows(&b, &rule, 1));
        ds_breaker_failure(&b, &rule, 1);
    }
    assert_string_equal(ds_breaker_name(b.state), "open");
    assert_int_equal(b.opened, 1);
    assert_false(ds_breaker_allows(&b, &rule, 10.9));
    ds_breaker_success(&b); /* of a request sent before: proves nothing */
    ds_breaker_failure(&b, &rule, 5);
    assert_false(ds_breaker_would_allow(&b, &rule, 10.9));
    assert_true(ds_breaker_would_allow(&b, &rule, 11));
    assert_string_equal(ds_breaker_name(b.state), "open"); /* looking changes nothing */
    assert_true(ds_breaker_allows(&b, &rule, 11));
    assert_string_equal(ds_breaker_name(b.state), "probing");
    assert_false(ds_breaker_allows(&b, &rule, 11)); /* one probe */
    ds_breaker_success(&b);
    assert_string_equal(ds_breaker_name(b.state), "closed");
    assert_true(ds_breaker_allows(&b, &rule, 11));
}

static void test_breaker_doubles_and_forgets_lost_probes(void **unused)
{
    ds_breaker b = {0};
    double now = 0;
    static const double openings[] = {10, 20, 35, 35};
    (void)unused;
    for (int i = 0; i < 3; i++)
        ds_breaker_failure(&b, &rule, now);
    for (int i = 0; i < 4; i++) {
        assert_false(ds_breaker_allows(&b, &rule, now + openings[i] - 0.1));
        now += openings[i];
        assert_true(ds_breaker_allows(&b, &rule, now));
        if (i == 1) { /* this probe never reports: its place is free after as long again */
            assert_false(ds_breaker_allows(&b, &rule, now + 19));
            now += 20;
            assert_true(ds_breaker_allows(&b, &rule, now));
        }
        ds_breaker_failure(&b, &rule, now);
    }
    assert_int_equal(b.opened, 5);
    now += 35;
    assert_true(ds_breaker_allows(&b, &rule, now));
    ds_breaker_success(&b);
    for (int i = 0; i < 3; i++)
        ds_breaker_failure(&b, &rule, now);
    assert_true(ds_breaker_would_allow(&b, &rule, now + 10)); /* short again */
}

static void test_breaker_trips(void **unused)
{
    ds_breaker b = {0}, c = {0};
    const ds_breaker_rule unset = {0, 0, 0};
    (void)unused;
    ds_breaker_trip(&b, &rule, 0, 100);
    assert_false(ds_breaker_would_allow(&b, &rule, 109));
    assert_true(ds_breaker_would_allow(&b, &rule, 110));
    ds_breaker_trip(&b, &rule, 60, 100); /* open already: made longer, not counted twice */
    assert_int_equal(b.opened, 1);
    assert_false(ds_breaker_would_allow(&b, &rule, 159));
    ds_breaker_trip(&b, &rule, 1, 100);
    assert_false(ds_breaker_would_allow(&b, &rule, 159));
    for (int i = 0; i < 5; i++) {
        assert_true(ds_breaker_allows(&c, &unset, 0));
        ds_breaker_failure(&c, &unset, 0);
    }
    assert_false(ds_breaker_allows(&c, &unset, 14));
    assert_true(ds_breaker_allows(&c, &unset, 15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_breaker_opens_probes_and_closes),
        cmocka_unit_test(test_breaker_doubles_and_forgets_lost_probes),
        cmocka_unit_test(test_breaker_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
