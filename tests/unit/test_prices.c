/* What requests cost, against sums done by hand; both readers of tiers.json; LiteLLM's table. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/litellm.h"
#include "data/price_list.h"
#include "data/prices.h"
#include "data/tiers.h"

static td_prices pro(void)
{
    td_prices p;
    const char *where;
    td_prices_clear(&p);
    p.usual.rates = (td_rates){2, 12, 0.2, 2.5, 4, -1};
    p.usual.long_above = 200000;
    p.usual.at_length = (td_rates){4, 18, 0.4, -1, -1, 30};
    p.has_batch = true;
    p.batch.rates = (td_rates){1, 6, -1, -1, -1, -1};
    assert_null(td_prices_complete(&p, &where));
    return p;
}

/* Every row was summed by hand, in millionths of a dollar. */
static void hand_computed(void **state)
{
    static const struct {
        td_usage u;
        bool batch;
        double microdollars;
    } rows[] = {
        {{1000, 0, 0, 0, 500, 0}, false, 1000 * 2 + 500 * 12},
        {{1000, 0, 0, 0, 500, 300}, false, 2000 + 6000}, /* thinking bills as output */
        {{200, 800, 0, 0, 500, 0}, false, 400 + 160 + 6000},
        {{200, 300, 400, 100, 10, 0}, false, 400 + 60 + 1000 + 400 + 120},
        {{200000, 0, 0, 0, 1, 0}, false, 400000 + 12}, /* at the threshold: not above it */
        {{200001, 0, 0, 0, 1000, 0}, false, 800004 + 18000}, /* the whole request */
        {{1, 200000, 0, 0, 1000, 400}, false, 4 + 80000 + 600 * 18 + 400 * 30},
        {{100001, 0, 50000, 50000, 0, 0}, false, 400004 + 200000 + 200000}, /* writes count to the length */
        {{1000, 0, 0, 0, 500, 0}, true, 1000 + 3000},
        {{1000, 1000, 0, 0, 500, 100}, true, 1000 + 1000 + 3000},
        {{200001, 0, 0, 0, 1000, 0}, true, 800004 + 18000}, /* no long batch rates: the usual long ones */
        {{0, 0, 0, 0, 0, 0}, false, 0},
    };
    const td_prices p = pro();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(fabs(td_cost(&p, &rows[i].u, rows[i].batch) * 1e6 - rows[i].microdollars) < 1e-6);
}

static void batch_at_length(void **state)
{
    td_prices p = pro();
    const td_usage u = {200001, 0, 0, 0, 1000, 0}, at_200k = {200000, 0, 0, 0, 1000, 0};
    const char *where;
    (void)state;
    p.batch.long_above = 200000;
    p.batch.at_length = (td_rates){2, 9, -1, -1, -1, -1};
    assert_null(td_prices_complete(&p, &where));
    assert_true(fabs(td_cost(&p, &u, true) * 1e6 - (400002 + 9000)) < 1e-6);
    assert_true(fabs(td_cost(&p, &at_200k, true) * 1e6 - (200000 + 6000)) < 1e-6);
    p.has_batch = false; /* no batch rates: the usual ones */
    assert_true(fabs(td_cost(&p, &at_200k, true) * 1e6 - (400000 + 12000)) < 1e-6);
}

static void not_known(void **state)
{
    const td_prices p = pro(), none = {.known = false};
    td_usage u = {1000, (double)NAN, (double)NAN, (double)NAN, 500, (double)NAN};
    (void)state;
    assert_true(isnan(td_cost(&none, &u, false)));
    assert_true(fabs(td_cost(&p, &u, false) * 1e6 - 8000) < 1e-6);
    u.output = (double)NAN;
    assert_true(isnan(td_cost(&p, &u, false)));
    u.output = 500;
    u.input = (double)NAN;
    assert_true(isnan(td_cost(&p, &u, false)));
    u = (td_usage){0, 0, 0, 0, 100, 900}; /* more thought than there is output: a provider's slip */
    assert_true(fabs(td_cost(&p, &u, false) * 1e6 - 1200) < 1e-6);
}

static void dates(void **state)
{
    static const char *const good[] = {"2026-08-01", "2024-02-29", "2000-02-29", "2026-12-31"};
    static const char *const bad[] = {"2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-04-31",
                                      "2026-1-01", "2026-08", "20260801  ", "2026-08-0x"};
    char today[11];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(td_is_date(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(td_is_date(bad[i], strlen(bad[i])));
    td_today(today);
    assert_true(td_is_date(today, strlen(today)) && strcmp(today, "2026-01-01") > 0);
}

static void no_float_dust(void **state)
{
    (void)state;
    /* every price from a thousandth of a cent to $200 per million, to the hundredth of a cent */
    for (int i = 1; i <= 200000; i++) {
        char per_token[40], want[40], got[40];
        snprintf(per_token, sizeof per_token, "%.10e", i * 1e-3 / 1e6);
        snprintf(want, sizeof want, "%.10g", i / 1000.0);
        snprintf(got, sizeof got, "%.17g", td_per_million(strtod(per_token, NULL)));
        assert_true(strtod(want, NULL) == strtod(got, NULL));
    }
    assert_true(td_per_million(1.5e-06) == 1.5);
    assert_true(td_per_million(4.17e-06) == 4.17);
    assert_true(td_per_million(5.46875e-07) == 0.546875);
}

/* ---- tiers.json, by tree and by stream ---- */

static const char full[] =
    "{\"date\": \"2026-08-01\", \"source\": \"s\", \"note\": \"n\", \"tiers\": [\n"
    " {\"name\": \"fl\\u0061sh\", \"prices\": {\"input\": 1.5, \"output\": 9}},\n"
    " {\"name\": \"pro\", \"outcomes\": [\"a\", \"b\"], \"model\": \"m\", \"context_window\": 1000, \"tools\": false,\n"
    "  \"prices\": {\"input\": 2, \"output\": 12, \"cached_input\": 0.2, \"cache_write\": 2.5, \"cache_write_1h\": 4,\n"
    "   \"reasoning\": 13, \"long\": {\"above_input_tokens\": 200000, \"input\": 4, \"output\": 18},\n"
    "   \"batch\": {\"input\": 1, \"output\": 6, \"long\": {\"above_input_tokens\": 100000, \"input\": 3, \"output\": 7}},\n"
    "   \"effective_from\": \"2026-08-01\", \"effective_to\": \"2026-12-31\"}},\n"
    " {\"name\": \"free\"}]}\n";

static char *write_file(const char *text, size_t len)
{
    static char path[64];
    strcpy(path, "/tmp/tierce_prices_XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    close(fd);
    return path;
}

static void readers_agree(void **state)
{
    td_error error;
    td_tiers tiers;
    td_price_list list;
    const char *path = write_file(full, sizeof full - 1);
    (void)state;
    assert_true(td_tiers_load_json(&tiers, path, &error));
    assert_true(td_price_list_load(&list, path, &error));
    unlink(path);
    assert_int_equal(tiers.n, 3);
    assert_int_equal(list.n, 3);
    for (uint32_t t = 0; t < 3; t++) {
        assert_string_equal(tiers.tier[t].name, list.tier[t].name);
        assert_string_equal(tiers.tier[t].model, list.tier[t].model);
        const td_prices *a = &tiers.tier[t].prices, *b = &list.tier[t].prices;
        assert_int_equal(a->known, b->known);
        assert_string_equal(a->from, b->from);
        assert_string_equal(a->to, b->to);
        const td_usage u[] = {{1000, 10, 20, 30, 50, 5}, {300000, 10, 20, 30, 50, 5}, {150000, 1, 2, 3, 4, 1}};
        for (size_t i = 0; a->known && i < 3; i++)
            for (int batch = 0; batch < 2; batch++)
                assert_true(td_cost(a, &u[i], batch) == td_cost(b, &u[i], batch));
    }
    assert_string_equal(tiers.tier[0].name, "flash");
    assert_true(tiers.tier[1].prices.usual.rates.reasoning == 13);
    assert_true(tiers.tier[1].prices.batch.at_length.output == 7);
    assert_non_null(td_price_list_find(&list, "free"));
    assert_null(td_price_list_find(&list, "fre"));
    td_tiers_free(&tiers);
    td_price_list_free(&list);
}

/* Faults: both readers refuse, and both say the words. */
static void faults(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"{\"tiers\": [{\"name\": \"a\", \"prices\": {\"input\": 1, \"ouput\": 2}}]}", "did you mean \"output\""},
        {"{\"tiers\": [{\"name\": \"a\", \"prces\": {}}]}", "did you mean \"prices\""},
        {"{\"tiers\": [{\"name\": \"a\"}], \"tires\": 1}", "did you mean \"tiers\""},
        {"{\"tiers\": [{\"name\": \"a\", \"prices\": {\"input\": 1}}]}", "lacks \"output\""},
        {"{\"tiers\": [{\"name\": \"a\", \"prices\": {\"input\": 1, \"output\": 1, \"long\": {\"input\": 1, \"output\": 1}}}]}",
         "lacks \"above_input_tokens\""},
        {"{\"tiers\": [{\"name\": \"a\", \"prices\": {\"input\": 1, \"output\": 1, \"batch\": {\"output\": 1}}}]}",
         "lacks \"input\""},
        {"{\"tiers\": [{\"name\": \"a\", \"prices\": {\"input\": -1, \"output\": 1}}]}", "input"},
        {"{\"tiers\": [{\"name\": \"a\", \"prices\": {\"input\": 1, \"output\": \"2\"}}]}", "output"},
        {"{\"tiers\": [{\"name\": \"a\", \"prices\": {\"input\": 1, \"output\": 2, \"effective_to\": \"2026-02-30\"}}]}",
         "day of the calendar"},
        {"{\"tiers\": [{\"name\": \"a\", \"prices\": 3}]}", "must be an object"},
        {"{\"tiers\": [{\"name\": \"a\"}, {\"name\": \"a\"}]}", "its own name"},
        {"{\"tiers\": [{\"prices\": {\"input\": 1, \"output\": 2}}]}", "lacks \"name\""},
        {"{\"tiers\": []}", "at least one"},
        {"{\"tiers\": [{\"name\": \"a\"}", "JSON"},
        {"[1]", "must be an object"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        td_error error = {""};
        td_tiers tiers;
        td_price_list list;
        const char *path = write_file(rows[i].text, strlen(rows[i].text));
        assert_false(td_tiers_load_json(&tiers, path, &error));
        if (!strstr(error.text, rows[i].says) || !strstr(error.text, path))
            fail_msg("row %zu, tree: %s", i, error.text);
        error.text[0] = 0;
        assert_false(td_price_list_load(&list, path, &error));
        if (!strstr(error.text, rows[i].says) || !strstr(error.text, path))
            fail_msg("row %zu, stream: %s", i, error.text);
        unlink(path);
    }
}

/* A tiers.json cut anywhere is refused by both readers. */
static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t n = 0; n + 3 < sizeof full; n++) {
        td_error error = {""};
        td_price_list list;
        char *copy = malloc(n ? n : 1); /* exact, for the sanitizer */
        memcpy(copy, full, n);
        assert_false(td_price_list_read(&list, copy, n, "t", &error));
        assert_true(error.text[0] != 0);
        free(copy);
    }
}

/* ---- LiteLLM's table ---- */

static const char table[] =
    "{\"sample_spec\": {\"input_cost_per_token\": 0.0, \"max_input_tokens\": \"words\", \"mode\": \"one of: chat\"},\n"
    "\"gemini-x-pro-preview\": {\"input_cost_per_token\": 2e-06, \"output_cost_per_token\": 1.2e-05, \"litellm_provider\": \"vertex\"},\n"
    "\"gemini/gemini-x-pro-preview\": {\"litellm_provider\": \"gemini\", \"mode\": \"chat\", \"max_input_tokens\": 1048576,\n"
    " \"input_cost_per_token\": 2e-06, \"output_cost_per_token\": 1.2e-05, \"cache_read_input_token_cost\": 2e-07,\n"
    " \"input_cost_per_token_above_200k_tokens\": 4e-06, \"output_cost_per_token_above_200k_tokens\": 1.8e-05,\n"
    " \"cache_read_input_token_cost_above_200k_tokens\": 4e-07, \"output_cost_per_reasoning_token\": 1.2e-05,\n"
    " \"cache_creation_input_token_cost\": 2.5e-06, \"cache_creation_input_token_cost_above_1hr\": 4e-06,\n"
    " \"cache_creation_input_token_cost_above_1hr_above_200k_tokens\": 8e-06,\n"
    " \"input_cost_per_token_batches\": 1e-06, \"output_cost_per_token_batches\": 6e-06,\n"
    " \"input_cost_per_token_priority\": 3.6e-06, \"input_cost_per_audio_token\": 1e-06,\n"
    " \"supports_function_calling\": true, \"deprecation_date\": \"2027-01-31\"},\n"
    "\"openrouter/google/gemini-x-pro-preview\": {\"input_cost_per_token\": 2e-06, \"output_cost_per_token\": 1.2e-05, \"litellm_provider\": \"openrouter\"},\n"
    "\"gemini/gemini-x-embed\": {\"input_cost_per_token\": 1e-07, \"output_cost_per_token\": 0, \"mode\": \"embedding\"},\n"
    "\"x/free-of-prices\": {\"mode\": \"chat\"},\n"
    "\"two/steps\": {\"input_cost_per_token\": 1e-06, \"output_cost_per_token\": 2e-06, \"input_cost_per_token_above_128k_tokens\": 3e-06, \"input_cost_per_token_above_512k_tokens\": 5e-06}}";

typedef struct {
    unsigned n;
    char all[2000];
} notes;

static void take_note(void *context, const char *text)
{
    notes *into = context;
    into->n++;
    strncat(into->all, text, sizeof into->all - strlen(into->all) - 1);
}

static bool make(const char *const *wanted, size_t n, td_out *out, notes *into, td_error *error)
{
    td_node *root = td_dom_parse(table, sizeof table - 1, "table.json", error);
    memset(into, 0, sizeof *into);
    assert_non_null(root);
    const td_litellm_job job = {wanted, n, "2026-08-01", "table.json", take_note, into};
    const bool good = td_litellm_tiers(root, &job, out, error);
    td_dom_free(root);
    return good;
}

static void from_litellm(void **state)
{
    static const char *const wanted[] = {"pro=gemini/gemini-x-pro-preview", "two/steps"};
    td_out out = {0};
    notes n;
    td_error error;
    td_tiers tiers;
    (void)state;
    assert_true(make(wanted, 2, &out, &n, &error));
    const char *path = write_file(out.at, out.len);
    assert_true(td_tiers_load_json(&tiers, path, &error));
    unlink(path);
    const td_tier *t = &tiers.tier[0];
    const td_tariff *u = &t->prices.usual, *b = &t->prices.batch;
    assert_string_equal(t->name, "pro");
    assert_string_equal(t->model, "gemini-x-pro-preview");
    assert_int_equal(t->n_outcomes, 3);
    assert_int_equal(t->context_window, 1048576);
    assert_false(t->no_tools);
    assert_true(u->rates.input == 2 && u->rates.output == 12 && u->rates.cached_input == 0.2);
    assert_true(u->rates.cache_write == 2.5 && u->rates.cache_write_1h == 4 && u->rates.reasoning == 12);
    assert_true(u->long_above == 200000 && u->at_length.input == 4 && u->at_length.output == 18);
    assert_true(u->at_length.cached_input == 0.4 && u->at_length.cache_write_1h == 8);
    assert_true(u->at_length.cache_write == 2.5);  /* the table has it once: it holds at length too */
    assert_true(u->at_length.reasoning == 18);     /* thinking goes with the output's price */
    assert_true(b->rates.input == 1 && b->rates.output == 6 && b->rates.reasoning == 6);
    assert_true(b->rates.cached_input == 0.2);
    assert_string_equal(t->prices.from, "2026-08-01");
    assert_string_equal(t->prices.to, "2027-01-31");
    assert_true(strstr(n.all, "gemini/gemini-x-pro-preview: 2 other rates") != NULL);
    assert_true(strstr(n.all, "two/steps: has more than one prompt-length threshold") != NULL);
    assert_true(tiers.tier[1].prices.usual.long_above == 128000);
    assert_true(tiers.tier[1].prices.usual.at_length.input == 3);
    assert_true(tiers.tier[1].prices.usual.at_length.output == 2);
    assert_non_null(strstr(out.at, "\"input\": 2, \"output\": 12,"));
    td_tiers_free(&tiers);
    free(out.at);
}

static void litellm_refusals(void **state)
{
    static const struct {
        const char *wanted, *says;
    } rows[] = {
        {"gemini-x-pro", "did you mean \"gemini/gemini-x-pro-preview\""},
        {"gemini/gemini-x-pro-previw", "did you mean \"gemini/gemini-x-pro-preview\""},
        {"sample_spec", "has no key \"sample_spec\""},
        {"qqqqqqqqqqqqqqqqqqqqqqqqqqq", "none like it"},
        {"gemini/gemini-x-embed", "is for embedding"},
        {"x/free-of-prices", "no prices per input and output token"},
        {"=two/steps", "NAME=KEY"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        td_out out = {0};
        notes n;
        td_error error = {""};
        assert_false(make(&rows[i].wanted, 1, &out, &n, &error));
        if (!strstr(error.text, rows[i].says))
            fail_msg("row %zu: %s", i, error.text);
        free(out.at);
    }
    static const char *const twice[] = {"two/steps", "steps=two/steps"};
    td_out out = {0};
    notes n;
    td_error error = {""};
    assert_false(make(twice, 2, &out, &n, &error));
    assert_non_null(strstr(error.text, "two tiers are called \"steps\""));
    free(out.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hand_computed), cmocka_unit_test(batch_at_length), cmocka_unit_test(not_known),
        cmocka_unit_test(dates),         cmocka_unit_test(no_float_dust),   cmocka_unit_test(readers_agree),
        cmocka_unit_test(faults),        cmocka_unit_test(cut_anywhere),    cmocka_unit_test(from_litellm),
        cmocka_unit_test(litellm_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
