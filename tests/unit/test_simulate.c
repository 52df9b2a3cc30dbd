/* The simulated sample: reproducible, true to the published rates, well formed, varied. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "train/simulate.h"

enum { MANY = 20000, MAX_BENCHMARKS = 16 };

/* The sample as one string; the caller frees. */
static char *sample(uint32_t records, uint64_t seed)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(simulate_write(out, records, seed));
    assert_int_equal(fclose(out), 0);
    return text;
}

typedef void visit(const cJSON *record, void *context);

/* Parses each line and hands it on; returns how many there were. */
static unsigned for_each(char *text, visit *see, void *context)
{
    unsigned n = 0;
    for (char *line = text, *end; *line; line = end + 1, n++) {
        cJSON *record;
        end = strchr(line, '\n');
        assert_non_null(end);
        *end = 0;
        record = cJSON_ParseWithOpts(line, NULL, 1);
        assert_non_null(record);
        see(record, context);
        cJSON_Delete(record);
    }
    return n;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    assert_non_null(s);
    return s;
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static void test_same_seed_same_bytes(void **unused)
{
    char *a = sample(300, 7), *b = sample(300, 7), *other = sample(300, 8),
         *prefix = sample(100, 7);
    (void)unused;
    assert_string_equal(a, b);
    assert_string_not_equal(a, other);
    assert_memory_equal(a, prefix, strlen(prefix));
    free(a), free(b), free(other), free(prefix);
}

static void test_intercepts_give_the_published_rates(void **unused)
{
    const simulate_benchmark *b;
    uint32_t shares = 0;
    (void)unused;
    for (size_t i = 0; (b = simulate_benchmark_at(i)) != NULL; i++) {
        assert_memory_equal(b->source, "simulated/", 10);
        shares += b->share;
        for (unsigned t = 0; t < SIMULATE_TIERS; t++)
            assert_true(labs((long)simulate_mean(i, t) - 1000L * b->published[t]) < 300);
    }
    assert_int_equal(shares, 1000);
}

typedef struct {
    unsigned n[MAX_BENCHMARKS], passed[MAX_BENCHMARKS][SIMULATE_TIERS], differ, all;
} tally;

static void count(const cJSON *record, void *context)
{
    static const char *const names[SIMULATE_TIERS] = {"flash", "pro"};
    tally *t = context;
    const cJSON *outcomes = cJSON_GetObjectItemCaseSensitive(record, "outcomes");
    const char *source = text_of(record, "source");
    size_t i = 0;
    double score[SIMULATE_TIERS];
    while (strcmp(simulate_benchmark_at(i)->source, source))
        i++;
    assert_string_equal(text_of(record, "workload"), simulate_benchmark_at(i)->workload);
    t->n[i]++, t->all++;
    for (unsigned k = 0; k < SIMULATE_TIERS; k++) {
        const cJSON *o = cJSON_GetObjectItemCaseSensitive(outcomes, names[k]);
        double in = number_of(o, "input_tokens"), out = number_of(o, "output_tokens");
        double cost = (in * (k ? 2.0 : 1.5) + out * (k ? 12.0 : 9.0)) / 1e6;
        score[k] = number_of(o, "score");
        assert_true(score[k] <= 0 || score[k] >= 1);
        t->passed[i][k] += score[k] > 0.5;
        assert_true(in > 0 && out > 0 && number_of(o, "latency_s") > 0);
        assert_true(number_of(o, "cost_usd") - cost < 1e-9 &&
                    cost - number_of(o, "cost_usd") < 1e-9);
    }
    t->differ += score[0] < score[1] || score[0] > score[1];
}

/* All benchmarks of a workload together, against their published rates. */
static void check_workload(const tally *t, const char *workload, unsigned tier)
{
    double n = 0, passed = 0, expected = 0, off;
    const simulate_benchmark *b;
    for (size_t i = 0; (b = simulate_benchmark_at(i)) != NULL; i++) {
        if (strcmp(b->workload, workload))
            continue;
        n += t->n[i];
        passed += t->passed[i][tier];
        expected += t->n[i] * (b->published[tier] / 1000.0);
    }
    assert_true(n > 1000);
    off = (passed - expected) / n;
    if (off > .015 || off < -.015)
        fail_msg("%s, tier %u: off by %.4f over %.0f records", workload, tier, off, n);
}

static void test_pass_rates(void **unused)
{
    static tally t;
    char *text = sample(MANY, 1);
    const simulate_benchmark *b;
    (void)unused;
    memset(&t, 0, sizeof t);
    assert_int_equal(for_each(text, count, &t), MANY);
    for (size_t i = 0; (b = simulate_benchmark_at(i)) != NULL; i++) {
        double share = t.n[i] / (double)MANY, off = share - b->share / 1000.0;
        assert_true(off < .012 && off > -.012);
        for (unsigned k = 0; k < SIMULATE_TIERS; k++)
            check_workload(&t, b->workload, k);
    }
    /* tiers of one family differ on some tasks, not on most */
    assert_true(t.differ > t.all / 20 && t.differ < t.all / 3);
    free(text);
}

typedef struct {
    char *ids[MANY], *prompts[MANY];
    unsigned n, with_tools, calls;
} shelf;

static void check_messages(const cJSON *messages, shelf *s)
{
    const cJSON *m, *call, *pending = NULL;
    cJSON_ArrayForEach(m, messages)
    {
        const char *role = text_of(m, "role");
        if (!strcmp(role, "tool")) /* answers the call just before it */
            assert_string_equal(text_of(m, "tool_call_id"), text_of(pending, "id"));
        cJSON_ArrayForEach(call, cJSON_GetObjectItemCaseSensitive(m, "tool_calls"))
        {
            cJSON *arguments = cJSON_Parse(
                text_of(cJSON_GetObjectItemCaseSensitive(call, "function"), "arguments"));
            assert_true(cJSON_IsObject(arguments));
            cJSON_Delete(arguments);
            pending = call;
            s->calls++;
        }
        if (!cJSON_GetObjectItemCaseSensitive(m, "tool_calls"))
            assert_true(*text_of(m, "content"));
    }
}

static void check_tools(const cJSON *tools, shelf *s)
{
    int n = cJSON_GetArraySize(tools);
    assert_in_range(n, 1, 12);
    s->with_tools++;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(
                text_of(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(tools, i), "function"),
                        "name"),
                text_of(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(tools, k), "function"),
                        "name"));
}

static void shelve(const cJSON *record, void *context)
{
    shelf *s = context;
    const cJSON *messages = cJSON_GetObjectItemCaseSensitive(record, "messages");
    const cJSON *tools = cJSON_GetObjectItemCaseSensitive(record, "tools");
    const char *workload = text_of(record, "workload");
    assert_true(cJSON_GetArraySize(messages) >= 1);
    check_messages(messages, s);
    if (tools)
        check_tools(tools, s);
    assert_int_equal(tools != NULL, !strcmp(workload, "agentic") || !strcmp(workload, "tool_call"));
    s->ids[s->n] = strdup(text_of(record, "id"));
    s->prompts[s->n++] = cJSON_PrintUnformatted(messages);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static unsigned repeats(char **strings, unsigned n)
{
    unsigned same = 0;
    qsort(strings, n, sizeof *strings, by_text);
    for (unsigned i = 1; i < n; i++)
        same += !strcmp(strings[i], strings[i - 1]);
    return same;
}

static void check_variety(uint32_t records, uint64_t seed)
{
    static shelf s;
    char *text = sample(records, seed);
    memset(&s, 0, sizeof s);
    assert_int_equal(for_each(text, shelve, &s), records);
    assert_int_equal(repeats(s.ids, s.n), 0);
    assert_true(repeats(s.prompts, s.n) * 50 < s.n);
    assert_true(s.with_tools * 10 > s.n && s.calls > 0);
    for (unsigned i = 0; i < s.n; i++) {
        free(s.ids[i]);
        cJSON_free(s.prompts[i]);
    }
    free(text);
}

static void test_well_formed_and_varied(void **unused)
{
    (void)unused;
    check_variety(3000, 1);
    check_variety(MANY, 2);
}

static void test_full_disk(void **unused)
{
    FILE *full = fopen("/dev/full", "w");
    (void)unused;
    if (!full)
        skip();
    assert_false(simulate_write(full, 100, 1));
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_intercepts_give_the_published_rates),
        cmocka_unit_test(test_pass_rates),
        cmocka_unit_test(test_well_formed_and_varied),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
