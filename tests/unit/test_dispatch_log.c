/* The decision log: the line to the letter, rotation among many writers, and what happens when it cannot be
 * written. */
#undef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/dom.h"
#include "infer/dispatch/decision_log.h"

static char folder[] = "/tmp/tierce_log_XXXXXX";
static char path[300];
static unsigned files;
static tierce_router *router;

static int fresh(void **unused)
{
    (void)unused;
    snprintf(path, sizeof path, "%s/%u", folder, files++);
    if (mkdir(path, 0777))
        return -1;
    strcat(path, "/log.jsonl");
    return 0;
}

/* ---- the line ---- */

static const char *format(const ds_log_entry *e)
{
    static td_out out;
    td_error error;
    out.len = 0;
    ds_log_format(&out, e);
    td_put(&out, "", 1);
    assert_false(out.failed);
    assert_null(strchr(out.at, '\n'));
    td_node *parsed = td_dom_parse(out.at, out.len - 1, "line", &error);
    if (!parsed)
        fail_msg("%s: %s", error.text, out.at);
    td_dom_free(parsed);
    return out.at;
}

static void expect(const char *line, const char *want)
{
    if (strcmp(line, want))
        fail_msg("\n%s\n is not\n%s", line, want);
}

static void test_least_line(void **unused)
{
    const ds_log_entry e = {.id = "a", .time_unix = 1795500000.0625, .cost_usd = -1, .expected_usd = (double)NAN,
                            .latency_s = -1, .decide_s = -1, .propensity = 1, .status = 499, .error = "client_closed"};
    (void)unused;
    expect(format(&e), "{\"id\": \"a\", \"time\": \"2026-11-24T06:00:00.063Z\", \"propensity\": 1, \"entries\": 0, "
                       "\"digest\": \"0000000000000000\", \"status\": 499, \"error\": \"client_closed\", "
                       "\"gen_ai.operation.name\": \"chat\", \"gen_ai.request.stream\": false}");
}

static void test_full_line(void **unused)
{
    static const char prompt[] = "{\n  \"model\": \"tierce\",\r\n  \"messages\": [{\"role\":\"user\",\"content\":\"a\\nb\"}]\n}";
    const ds_log_attempt attempts[] = {{"flash", "main", "openai", "retry", "rate limit", 429, 0.25},
                                       {"flash", "spare", "spare.example", "retry", "cannot connect", 0, 0.001},
                                       {"pro", "main", "openai", "done", "ok", 200, 1.5}};
    tierce_part part;
    const tierce_request r = tierce_request_of_prompt(&part, "hi", 2);
    tierce_scratch *scratch;
    void *memory = malloc(tierce_scratch_size(router));
    const tierce_policy policy = tierce_policy_default(router);
    tierce_decision d;
    (void)unused;
    scratch = tierce_scratch_init(router, memory, NULL);
    assert_int_equal(tierce_decide(router, scratch, &r, &policy, &d, NULL), TIERCE_OK);
    free(memory);
    d.estimate[0] = (tierce_estimate){0.25, 0.001, 1}; /* our own figures: the line must not move with the model */
    d.estimate[1] = (tierce_estimate){0.75, 0.002, 0};
    d.margin = -0.5;
    d.view.familiarity = 0.125;
    const ds_log_entry e = {
        .id = "req \"7\"", .time_unix = 1795500000, .point = "frugal", .router = router, .decision = &d, .tier = "pro",
        .reason = "FALLBACK", .propensity = 0.98, .attempts = attempts, .n_attempts = 3, .status = 200, .stream = true,
        .truncated = true, .usage = {.known = true, .input = 50, .cached = 64, .cache_write = 6, .output = 80, .reasoning = 30}, .cost_usd = 0.0012, .expected_usd = 0.001,
        .latency_s = 1.751, .first_byte_s = 0.5, .decide_s = 0.000042, .request_model = "m-1", .response_model = "m-1-0514",
        .response_id = "chatcmpl-1", .finish = "stop", .key = "k-1f", .tag = "team", .session = "s\n1", .digest = 0xabcdef,
        .features = 0x17, .entries = 17, .prompt = prompt, .prompt_len = sizeof prompt - 1};
    expect(format(&e),
           "{\"id\": \"req \\\"7\\\"\", \"time\": \"2026-11-24T06:00:00.000Z\", \"point\": \"frugal\", \"tier\": \"pro\", "
           "\"reason\": \"FALLBACK\", \"propensity\": 0.98, \"p\": {\"flash\": 0.25, \"pro\": 0.75}, "
           "\"expected_cost\": {\"flash\": 0.001}, \"margin\": -0.5, \"familiarity\": 0.125, \"entries\": 17, "
           "\"truncated\": true, \"features\": \"0000000000000017\", \"digest\": \"0000000000abcdef\", \"attempts\": [{\"tier\": \"flash\", \"endpoint\": "
           "\"main\", \"status\": 429, \"verdict\": \"retry\", \"why\": \"rate limit\", \"seconds\": 0.25}, "
           "{\"tier\": \"flash\", \"endpoint\": \"spare\", \"verdict\": \"retry\", \"why\": \"cannot connect\", "
           "\"seconds\": 0.001}, {\"tier\": \"pro\", \"endpoint\": \"main\", \"status\": 200, \"verdict\": \"done\", "
           "\"why\": \"ok\", \"seconds\": 1.5}], \"status\": 200, \"cost_usd\": 0.0012, \"expected_usd\": 0.001, "
           "\"latency_s\": 1.751, \"first_byte_s\": 0.5, \"decide_s\": 4.2e-05, \"key\": \"k-1f\", \"tag\": \"team\", "
           "\"gen_ai.operation.name\": \"chat\", \"gen_ai.provider.name\": \"openai\", \"gen_ai.request.model\": \"m-1\", \"gen_ai.request.stream\": true, "
           "\"gen_ai.response.model\": \"m-1-0514\", \"gen_ai.response.id\": \"chatcmpl-1\", "
           "\"gen_ai.response.finish_reasons\": [\"stop\"], \"gen_ai.usage.input_tokens\": 120, "
           "\"gen_ai.usage.output_tokens\": 80, \"gen_ai.usage.cache_read.input_tokens\": 64, "
           "\"gen_ai.usage.cache_creation.input_tokens\": 6, \"gen_ai.usage.reasoning.output_tokens\": 30, "
           "\"gen_ai.conversation.id\": \"s\\n1\", \"request\": {   \"model\": \"tierce\",    \"messages\": "
           "[{\"role\":\"user\",\"content\":\"a\\nb\"}] }}");
}

static void test_hostile_strings(void **unused)
{
    const ds_log_entry e = {.id = "\xff\x01\"}\n{\"id\": \"forged\"", .tier = "\xc3", .request_model = "a\r\nb", .cost_usd = (double)INFINITY,
                            .time_unix = 1e300, .expected_usd = -1, .latency_s = -1, .decide_s = -1, .propensity = 1};
    (void)unused;
    format(&e); /* one line, valid JSON */
}

/* ---- the file ---- */

static ds_log *open_log(uint64_t max_bytes, unsigned keep, ds_fsync sync)
{
    const ds_log_options o = {path, max_bytes, keep, sync};
    td_error error;
    ds_log *log = ds_log_open(&o, &error);
    if (!log)
        fail_msg("%s", error.text);
    return log;
}

static void put(ds_log *log, const char *line)
{
    td_error error;
    if (!ds_log_write(log, line, strlen(line), 0, &error))
        fail_msg("%s", error.text);
    assert_string_equal(error.text, "");
}

static char *contents(const char *name)
{
    static char text[65536];
    FILE *f = fopen(name, "r");
    if (!f)
        return NULL;
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

static const char *old(unsigned n)
{
    static char name[320];
    snprintf(name, sizeof name, "%s.%u", path, n);
    return name;
}

static void test_rotation(void **unused)
{
    ds_log *log = open_log(10, 2, DS_FSYNC_ALWAYS);
    (void)unused;
    put(log, "one"), put(log, "two");
    assert_string_equal(contents(path), "one\ntwo\n");
    put(log, "three");
    assert_string_equal(contents(path), "three\n");
    assert_string_equal(contents(old(1)), "one\ntwo\n");
    put(log, "longer than a whole file may be"); /* alone, but not lost */
    put(log, "four");
    put(log, "five");
    assert_string_equal(contents(path), "four\nfive\n");
    assert_string_equal(contents(old(1)), "longer than a whole file may be\n");
    assert_string_equal(contents(old(2)), "three\n");
    assert_null(contents(old(3)));
    assert_int_equal(ds_log_written(log), 6);
    assert_int_equal(ds_log_lost(log), 0);
    ds_log_close(log);
    ds_log_close(NULL);
}

static void test_goes_on_after_a_crash(void **unused)
{
    FILE *f = fopen(path, "w");
    (void)unused;
    fputs("whole\ncut he", f);
    fclose(f);
    ds_log *log = open_log(0, 0, DS_FSYNC_SECOND);
    put(log, "next");
    put(log, "more");
    ds_log_tick(log, 5);
    ds_log_close(log);
    assert_string_equal(contents(path), "whole\ncut he\nnext\nmore\n");
}

/* logrotate moves the file away, or someone deletes it: the next line begins a new one. */
static void test_moved_away(void **unused)
{
    ds_log *log = open_log(0, 0, DS_FSYNC_NEVER);
    (void)unused;
    put(log, "one");
    assert_int_equal(rename(path, old(9)), 0);
    put(log, "two");
    assert_string_equal(contents(path), "two\n");
    assert_int_equal(unlink(path), 0);
    put(log, "three");
    assert_string_equal(contents(path), "three\n");
    ds_log_close(log);
}

static void expect_lost(ds_log *log, const char *says)
{
    td_error error;
    assert_false(ds_log_write(log, "lost", 4, 0, &error));
    if (says ? !strstr(error.text, says) : error.text[0] != 0)
        fail_msg("\"%s\" should say \"%s\"", error.text, says ? says : "");
}

static void test_vanished_folder(void **unused)
{
    char moved[310];
    ds_log *log = open_log(0, 0, DS_FSYNC_NEVER);
    (void)unused;
    put(log, "one");
    *strrchr(path, '/') = 0;
    snprintf(moved, sizeof moved, "%s-away", path);
    assert_int_equal(rename(path, moved), 0);
    path[strlen(path)] = '/';
    expect_lost(log, "No such file");
    expect_lost(log, NULL); /* told once */
    *strrchr(path, '/') = 0;
    assert_int_equal(rename(moved, path), 0);
    path[strlen(path)] = '/';
    put(log, "two");
    assert_string_equal(contents(path), "one\ntwo\n");
    assert_int_equal(ds_log_lost(log), 2);
    assert_int_equal(ds_log_written(log), 2);
    ds_log_close(log);
}

/* No room: a line is cut, told once, and the next whole line stands on its own. The limit of a file's size stands
 * in for the disk: it cuts a write in the same way. */
static void test_full_disk(void **unused)
{
    struct rlimit limit, small;
    ds_log *log = open_log(0, 0, DS_FSYNC_NEVER);
    (void)unused;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 6;
    put(log, "one");
    setrlimit(RLIMIT_FSIZE, &small);
    expect_lost(log, "full");
    expect_lost(log, NULL);
    setrlimit(RLIMIT_FSIZE, &limit);
    put(log, "two");
    assert_string_equal(contents(path), "one\nlo\ntwo\n");
    assert_int_equal(ds_log_lost(log), 2);
    setrlimit(RLIMIT_FSIZE, &small);
    expect_lost(log, "File too large"); /* a new run is told again */
    setrlimit(RLIMIT_FSIZE, &limit);
    ds_log_close(log);
}

static void test_cannot_be_opened(void **unused)
{
    const ds_log_options o = {"/no/such/folder/log", 0, 0, DS_FSYNC_NEVER};
    td_error error;
    (void)unused;
    assert_null(ds_log_open(&o, &error));
    assert_non_null(strstr(error.text, "/no/such/folder/log"));
}

/* Six processes write 300 lines each, through dozens of rotations: every line is there once, whole. */
static void test_many_writers(void **unused)
{
    enum { WRITERS = 6, LINES = 300 };
    static char seen[WRITERS][LINES];
    unsigned n = 0, logs = 0;
    char dir[300], name[600], line[200];
    (void)unused;
    for (int w = 0; w < WRITERS; w++)
        if (!fork()) {
            td_error error;
            ds_log *log = open_log(4000, 200, DS_FSYNC_NEVER);
            for (int i = 0; i < LINES; i++) {
                const int len = snprintf(line, sizeof line, "%d %d %.*s", w, i, i % 60 + 1,
                                         "............................................................");
                if (!ds_log_write(log, line, (size_t)len, 0, &error))
                    _exit(1);
            }
            _exit(ds_log_written(log) != LINES);
        }
    for (int w = 0; w < WRITERS; w++) {
        int status;
        wait(&status);
        assert_int_equal(status, 0);
    }
    snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.' || strstr(e->d_name, ".lock"))
            continue;
        snprintf(name, sizeof name, "%s/%s", dir, e->d_name);
        FILE *f = fopen(name, "r");
        logs++;
        while (fgets(line, sizeof line, f)) {
            int w, i, end = 0;
            assert_int_equal(sscanf(line, "%d %d %n", &w, &i, &end), 2);
            assert_int_equal(strlen(line + end), i % 60 + 2);
            assert_false(seen[w][i]);
            seen[w][i] = 1;
            n++;
        }
        fclose(f);
    }
    closedir(d);
    assert_int_equal(n, WRITERS * LINES);
    assert_true(logs > 12);
}

static int begin_all(void **unused)
{
    (void)unused;
    return mkdtemp(folder) && tierce_router_open_file(&router, "models/flash-pro.tierce", NULL, NULL) == TIERCE_OK ? 0 : -1;
}

static int end_all(void **unused)
{
    char sweep[400];
    (void)unused;
    tierce_router_close(router);
    snprintf(sweep, sizeof sweep, "rm -rf %s", folder);
    return system(sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_line),
        cmocka_unit_test(test_full_line),
        cmocka_unit_test(test_hostile_strings),
        cmocka_unit_test_setup(test_rotation, fresh),
        cmocka_unit_test_setup(test_goes_on_after_a_crash, fresh),
        cmocka_unit_test_setup(test_moved_away, fresh),
        cmocka_unit_test_setup(test_vanished_folder, fresh),
        cmocka_unit_test_setup(test_full_disk, fresh),
        cmocka_unit_test(test_cannot_be_opened),
        cmocka_unit_test_setup(test_many_writers, fresh),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
