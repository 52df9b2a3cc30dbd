/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup */
/* Memory that ends: every road through data/ again and again, the Nth allocation failing, for every
 * N. Each time an error that says so, nothing leaked (the sanitizer looks), nothing half-read.
 * Opening a model is in test_model.c; whole programs, libraries included, in tests/cli/torture.sh.
 */
#define _DEFAULT_SOURCE
#include "tests/unit/unit.h"

#include <unistd.h>

#include "data/record.h"
#include "data/text_out.h"
#include "data/tiers.h"
#include "infer/router_state.h"

static size_t calls, fail_at; /* fail_at 0: never */

static bool fails(void)
{
    return fail_at && ++calls == fail_at;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
}

static char path[] = "/tmp/tierce-memory-XXXXXX.json";

/* Runs `attempt` until nothing fails; it returns true when it came through. */
static size_t every_allocation(bool (*attempt)(void))
{
    for (size_t n = 1;; n++) {
        calls = 0;
        fail_at = n;
        const bool whole = attempt();
        const bool failed = calls >= n;
        fail_at = 0;
        if (whole && failed)
            fail_msg("allocation %zu failed and nothing was said", n);
        if (!whole && !failed)
            fail_msg("failed although no allocation did");
        if (whole)
            return n - 1;
    }
}

/* ---- records ---- */

static unsigned complaints;

static void complain(void *context, const char *message)
{
    (void)context;
    (void)message;
    complaints++;
}

static bool read_records(void)
{
    const char *const paths[] = {path};
    td_record record;
    td_error error = {""};
    int got;
    unsigned n = 0;
    complaints = 0;
    td_reader *reader = td_reader_open(paths, 1, TD_WANT_RECORDS, 1000000, 0, complain, NULL);
    if (!reader)
        return false;
    while ((got = td_reader_next(reader, &record, &error)) > 0)
        n++;
    if (got < 0)
        assert_non_null(strstr(error.text, "out of memory"));
    else
        assert_int_equal(n, 3001);
    /* a line that could not be read for want of memory is no bad line */
    assert_int_equal(complaints, 0);
    assert_int_equal(td_reader_bad(reader), 0);
    td_reader_close(reader);
    return got == 0;
}

static void records(void **unused)
{
    FILE *f = fopen(path, "w");
    (void)unused;
    for (int i = 0; i < 3000; i++)
        fprintf(f, "{\"id\":\"c%d\",\"prompt\":\"x\",\"outcomes\":{\"f\":{\"score\":1}}}\n", i);
    fprintf(f, "{\"id\":\"long\",\"outcomes\":{\"f\":{\"score\":1}},\"tools\":[");
    for (int i = 0; i < 40; i++)
        fprintf(f, "%s{\"name\":\"t%d\"}", i ? "," : "", i);
    fprintf(f, "],\"messages\":[");
    for (int i = 0; i < 100; i++)
        fprintf(f, "%s{\"role\":\"user\",\"content\":\"\\n%08d\"}", i ? "," : "", i);
    fprintf(f, ",{\"role\":\"user\",\"content\":\"%0900000d\"}]}",
            7); /* longer than the line's buffer */
    fclose(f);
    assert_true(every_allocation(read_records) > 12);
}

/* Every kind of part and tool, one line; a failure may come in the middle of any of them. */
static bool read_one_line(void)
{
    static const char line[] =
        "{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":[{"
        "\"type\":\"text\",\"text\":\"a\"},\"b\","
        "{\"type\":\"image_url\"}]},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\","
        "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
        "{\"role\":\"assistant\",\"function_call\":{\"name\":\"g\"}},{\"role\":\"tool\",\"tool_"
        "call_id\":\"1\",\"content\":\"r\"}],"
        "\"tools\":[{\"name\":\"f\"}]}";
    td_request request = {0};
    td_record record;
    const char *what = "";
    size_t where;
    const bool good = td_parse_line(&request, NULL, &record, line, sizeof line - 1,
                                    TD_WANT_REQUESTS, &what, &where);
    if (!good)
        assert_string_equal(what, "out of memory");
    assert_int_equal(good, !request.no_memory);
    td_request_free(&request);
    return good;
}

static void one_line(void **unused)
{
    (void)unused;
    assert_true(every_allocation(read_one_line) >= 4);
}

/* ---- tiers ---- */

static bool load_list(void)
{
    td_tiers tiers;
    td_error error;
    if (!td_tiers_load(&tiers, "flash,pro,other", &error)) {
        assert_non_null(strstr(error.text, "out of memory"));
        return false;
    }
    td_tiers_free(&tiers);
    return true;
}

static bool load_file(void)
{
    td_tiers tiers;
    td_error error;
    if (!td_tiers_load(&tiers, path, &error)) {
        assert_non_null(strstr(error.text, "out of memory"));
        return false;
    }
    td_tiers_free(&tiers);
    return true;
}

static void tiers(void **unused)
{
    static const char text[] = "{\"tiers\": [{\"name\": \"a\", \"model\": \"m\", \"outcomes\": "
                               "[\"x\", \"y\"]}, {\"name\": \"b\"}]}";
    (void)unused;
    write_text(path, text, sizeof text - 1);
    assert_true(every_allocation(load_list) >= 9);
    assert_true(every_allocation(load_file) >= 9);
}

/* ---- output, models ---- */

static bool write_out(void)
{
    td_out out = {0};
    for (int i = 0; i < 2000; i++)
        td_put_json(&out, "some text\n", 10);
    const bool good = !out.failed;
    free(out.at);
    return good;
}

static void output(void **unused)
{
    (void)unused;
    assert_true(every_allocation(write_out) >= 4);
}

static tm_model model;

static bool encode(void)
{
    uint8_t *bytes = NULL;
    size_t len;
    tierce_error error;
    const tierce_status status = tm_model_encode(&model, NULL, &bytes, &len, &error);
    if (status != TIERCE_OK)
        assert_int_equal(status, TIERCE_NOMEM);
    free(bytes);
    return status == TIERCE_OK;
}

static bool open_file(void)
{
    tierce_router *router;
    tierce_error error;
    const tierce_status status =
        tierce_router_open_file(&router, "tests/fuzz/corpus/model/small.tierce", NULL, &error);
    if (status != TIERCE_OK) {
        assert_int_equal(status, TIERCE_NOMEM);
        assert_null(router);
    }
    tierce_router_close(router);
    return status == TIERCE_OK;
}

static void models(void **unused)
{
    static uint8_t bytes[1 << 16];
    FILE *f = fopen("tests/fuzz/corpus/model/small.tierce", "rb");
    const size_t len = fread(bytes, 1, sizeof bytes, f);
    (void)unused;
    fclose(f);
    assert_int_equal(tm_model_decode(&model, bytes, len, NULL, NULL), TIERCE_OK);
    assert_true(every_allocation(encode) >= 3);
    tm_model_free(&model);
    assert_true(every_allocation(open_file) >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records), cmocka_unit_test(one_line), cmocka_unit_test(tiers),
        cmocka_unit_test(output),  cmocka_unit_test(models),
    };
    const int fd = mkstemps(path, 5);
    if (fd < 0 || close(fd))
        return 2;
    const int status = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return status;
}
