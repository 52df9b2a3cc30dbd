/* The parts under tierce import: sorting on disk, joining, CSV, pointers, messages. Whole formats
 * are in tests/cli/import.sh, archives in tests/unit/test_import_zip.c. */
#include <math.h>
#include <zstd.h>

#include "tests/unit/import_files.h"

#include "data/import/csv_reader.h"
#include "data/import/pointer.h"
#include "data/import/request_out.h"
#include "data/import/sink_in.h"

/* ---- sorting ---- */

static uint64_t scramble(uint64_t v)
{
    v ^= v >> 31;
    v *= 0x9e3779b97f4a7c15u;
    return v ^ v >> 29;
}

/* n items in scrambled order through `memory` bytes come back in order and whole. */
static void sort_n(size_t n, size_t memory, size_t longest)
{
    td_error error = {""};
    td_sorter *s = td_sorter_open(memory, folder);
    char *bytes = malloc(longest + 1);
    assert_non_null(s);
    for (size_t i = 0; i < n; i++) {
        const td_sort_key key = {{scramble(i) % 1000, scramble(i), i}};
        const size_t len = (size_t)(scramble(i + 77) % longest);
        memset(bytes, (int)(i % 251), len);
        assert_true(td_sorter_add(s, key, bytes, len, &error));
    }
    assert_true(td_sorter_sort(s, &error));
    td_sort_key key, last = {{0, 0, 0}};
    const char *data;
    size_t len, got = 0;
    uint64_t sum = 0;
    while (td_sorter_next(s, &key, &data, &len, &error) == 1) {
        assert_true(got == 0 || last.word[0] < key.word[0] || (last.word[0] == key.word[0] && last.word[1] <= key.word[1]));
        assert_int_equal(len, scramble(key.word[2] + 77) % longest);
        for (size_t i = 0; i < len; i++)
            assert_int_equal((unsigned char)data[i], key.word[2] % 251);
        last = key;
        sum += key.word[2];
        got++;
    }
    assert_int_equal(got, n);
    assert_int_equal(sum, n ? (uint64_t)n * (n - 1) / 2 : 0);
    td_sorter_close(s);
    free(bytes);
}

static void sorter_spills(void **state)
{
    (void)state;
    sort_n(0, 1 << 20, 10);
    sort_n(1, 1 << 20, 10);
    sort_n(5000, 1 << 24, 60);  /* all in memory */
    sort_n(5000, 1 << 14, 60);  /* some runs */
    sort_n(20000, 1 << 12, 60); /* more runs than are merged at a time */
    sort_n(60, 1 << 12, 200000); /* items longer than the memory and the window */
}

/* ---- joining ---- */

typedef struct {
    td_sink sink;
    td_import_report report;
    td_import_settings settings;
} joint;

static void open_joint(joint *j, const td_import_settings *settings)
{
    td_error error;
    memset(j, 0, sizeof *j);
    j->settings = *settings;
    assert_true(td_sink_open(&j->sink, &j->settings, &j->report, 1 << 20, folder, 8, &error));
    td_sink_at(&j->sink, "file");
}

static void give(joint *j, const char *key, const char *request, const char *model, const char *trial, double score,
                 double cost, const char *missing)
{
    td_error error = {""};
    td_row row;
    td_row_start(&row);
    row.key = td_span_of(key);
    row.source = td_span_of("s");
    row.request = td_span_of(request);
    row.outcome.name = td_span_of(model);
    row.trial = td_span_of(trial);
    row.outcome.score = score;
    row.outcome.cost_usd = cost;
    row.missing = missing;
    row.line = j->report.rows + 1;
    assert_true(td_sink_row(&j->sink, &row, &error));
}

/* The records as text; NULL when the join fails, with *error. */
static char *joined(joint *j, td_error *error)
{
    td_writer *w = td_writer_open(at("joined.jsonl"), error);
    assert_non_null(w);
    const bool good = td_join(&j->sink, 1 << 20, folder, w, error);
    if (good)
        assert_true(td_writer_commit(w, error));
    else
        td_writer_abort(w);
    td_sink_close(&j->sink);
    return good ? read_text(at("joined.jsonl")) : NULL;
}

#define NONE ((double)NAN)
#define PROMPT "\"prompt\": \"p\""

static void parts_complete_each_other(void **state)
{
    joint j;
    td_error error;
    (void)state;
    open_joint(&j, &plain);
    give(&j, "k", NULL, "a", NULL, NONE, 0.25, NULL); /* what it cost, before the request is known */
    give(&j, "k2", PROMPT, "a", NULL, 0, NONE, NULL);
    give(&j, "k", PROMPT, NULL, NULL, NONE, NONE, NULL);
    give(&j, "k", NULL, "a", NULL, 1, NONE, NULL);
    give(&j, "k", NULL, "b", NULL, NONE, NONE, NULL);
    give(&j, "k3", PROMPT, "b", NULL, NONE, NONE, NULL);
    give(&j, "k3", NULL, NULL, NULL, 0.5, NONE, NULL); /* a score that names no model */
    give(&j, "k4", NULL, "a", NULL, 1, NONE, NULL);    /* never a request */
    char *text = joined(&j, &error);
    assert_string_equal(text, "{\"id\": \"s/k\", \"source\": \"s\", \"prompt\": \"p\", \"outcomes\": {\"a\": {\"score\": 1, \"cost_usd\": 0.25}}}\n"
                              "{\"id\": \"s/k2\", \"source\": \"s\", \"prompt\": \"p\", \"outcomes\": {\"a\": {\"score\": 0}}}\n"
                              "{\"id\": \"s/k3\", \"source\": \"s\", \"prompt\": \"p\", \"outcomes\": {\"b\": {\"score\": 0.5}}}\n");
    assert_int_equal(j.report.records, 3);
    assert_int_equal(j.report.n_problems, 1);
    assert_string_equal(j.report.problems[0].what, "outcomes whose request no file gave");
    assert_string_equal(j.report.problems[0].first, "file:8: key \"k4\"");
    td_report_free(&j.report);
    free(text);
}

static void trials_average_and_failures_are_missing(void **state)
{
    joint j;
    td_error error;
    (void)state;
    open_joint(&j, &plain);
    give(&j, "k", PROMPT, "a", "1", 1, 0.1, NULL);
    give(&j, "k", PROMPT, "a", "2", 0, 0.3, NULL);
    give(&j, "k", PROMPT, "a", "3", NONE, NONE, "the container died");
    give(&j, "k", PROMPT, "b", "1", NONE, NONE, "the container died");
    char *text = joined(&j, &error);
    assert_string_equal(text, "{\"id\": \"s/k\", \"source\": \"s\", \"prompt\": \"p\", \"outcomes\": {\"a\": {\"score\": 0.5, \"cost_usd\": 0.2, \"trials\": 2}}}\n");
    assert_int_equal(j.report.models[1].missing, 1);
    assert_int_equal(j.report.models[0].missing, 0);
    assert_int_equal(j.report.models[0].trials, 2);
    td_report_free(&j.report);
    free(text);
}

static char *conflict(td_duplicates mode, bool same, td_error *error, uint64_t *counted)
{
    joint j;
    td_import_settings settings = plain;
    settings.duplicates = mode;
    open_joint(&j, &settings);
    give(&j, "k", PROMPT, "a", NULL, 1, 0.1, NULL);
    give(&j, "k", PROMPT, "a", NULL, same ? 1 : 0.5, 0.3, NULL);
    char *text = joined(&j, error);
    *counted = j.report.n_problems ? j.report.problems[0].count : 0;
    td_report_free(&j.report);
    return text;
}

static void duplicates_are_settled_and_counted(void **state)
{
    static const struct {
        td_duplicates mode;
        bool same;
        const char *score;
    } cases[] = {{TD_DUPLICATES_AVERAGE, false, "\"score\": 0.75, \"cost_usd\": 0.2, \"trials\": 2}"},
                 {TD_DUPLICATES_UNSAID, false, "\"score\": 0.75, \"cost_usd\": 0.2, \"trials\": 2}"},
                 {TD_DUPLICATES_FIRST, false, "\"score\": 1, \"cost_usd\": 0.1}"},
                 {TD_DUPLICATES_FIRST, true, "\"score\": 1, \"cost_usd\": 0.1}"},
                 {TD_DUPLICATES_AVERAGE, true, "\"score\": 1, \"cost_usd\": 0.2, \"trials\": 2}"}};
    td_error error;
    uint64_t counted;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = conflict(cases[i].mode, cases[i].same, &error, &counted);
        assert_non_null(text);
        assert_non_null(strstr(text, cases[i].score));
        assert_int_equal(counted, 1);
        free(text);
    }
    assert_null(conflict(TD_DUPLICATES_ERROR, false, &error, &counted));
    assert_non_null(strstr(error.text, "file:2: conflicting scores of one request: model \"a\": 0.5; file:1 has 1"));
    assert_null(conflict(TD_DUPLICATES_ERROR, true, &error, &counted));
    assert_non_null(strstr(error.text, "file:2: conflicting outcomes of one request: model \"a\": cost 0.3; file:1 has 0.1"));
}

static void any_key_becomes_an_id(void **state)
{
    joint j;
    td_error error;
    char key[1000];
    (void)state;
    open_joint(&j, &plain);
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = 0;
    give(&j, key, PROMPT, "a", NULL, 1, NONE, NULL);
    give(&j, "quote\" \x01", PROMPT, "a", NULL, 1, NONE, NULL);
    td_row row; /* two keys of such bytes would be one id */
    td_row_start(&row);
    row.key = td_span_of("caf\xe9");
    row.outcome.name = td_span_of("a");
    row.outcome.score = 1;
    assert_false(td_sink_row(&j.sink, &row, &error));
    assert_non_null(strstr(error.text, "not UTF-8"));
    char *text = joined(&j, &error), hex[33];
    td_key_of(hex, key, sizeof key - 1);
    assert_non_null(strstr(text, hex));
    assert_null(strstr(text, "kkkkk"));
    assert_non_null(strstr(text, "\"s/quote\\\" \\u0001\""));
    td_report_free(&j.report);
    free(text);
}

/* ---- CSV ---- */

static void csv_as_rfc_4180(void **state)
{
    static const struct {
        const char *text, *expected; /* cells by |, rows by / , bad rows as ! */
    } cases[] = {
        {"a,b\n1,2\n", "a|b/1|2/"},
        {"a,b\r\n\r\n1,2", "a|b/1|2/"},
        {"\xef\xbb\xbf" "a\n\"x,\"\"y\"\"\nz\"\n", "a/x,\"y\"\nz/"},
        {"a;b;c,d\n1;2;3\n", "a|b|c,d/1|2|3/"},
        {"a\tb\n\t\n", "a|b/|/"},
        {"a,b\n\"\",\n", "a|b/|/"},
        {"a\n\"x\"y\nz\n", "a/!z/"},
        {"a\n\"x\n", "a/!"},
        {"a\nx\ry\n", "a/x\ry/"},
        {"a,b\nmid\"quote,2\n", "a|b/mid\"quote|2/"},
        {"", ""},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        td_error error = {""};
        write_bytes(at("t.csv"), cases[c].text, strlen(cases[c].text));
        td_csv *csv = td_csv_open(at("t.csv"), 0, &error);
        td_out got = {0};
        tierce_span *cells;
        size_t n;
        const char *what;
        td_csv_status status;
        assert_non_null(csv);
        while ((status = td_csv_next(csv, &cells, &n, &what, &error)) != TD_CSV_END) {
            assert_int_not_equal(status, TD_CSV_BROKEN);
            for (size_t i = 0; status == TD_CSV_ROW && i < n; i++) {
                td_puts(&got, i ? "|" : "");
                td_put(&got, cells[i].data, cells[i].len);
            }
            td_puts(&got, status == TD_CSV_ROW ? "/" : "!");
        }
        td_put(&got, "", 1);
        assert_string_equal(got.at, cases[c].expected);
        td_csv_close(csv);
        free(got.at);
    }
}

/* ---- small parts ---- */

static td_node *parse(const char *text)
{
    td_error error;
    td_node *root = td_dom_parse(text, strlen(text), "test", &error);
    assert_non_null(root);
    return root;
}

static void pointers(void **state)
{
    static const struct {
        const char *pointer;
        double value; /* -1: nothing there */
    } cases[] = {{"/a/b/1", 2}, {"/a/b/2", -1}, {"/a/b/x", -1}, {"/c~1d", 3}, {"/e~0f", 4}, {"g", 5}, {"/a/b/1/z", -1}, {"/", 6}};
    td_node *root = parse("{\"a\":{\"b\":[1,2]},\"c/d\":3,\"e~f\":4,\"g\":5,\"\":6}");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(td_number(td_pointer(root, cases[i].pointer, strlen(cases[i].pointer)), -1) == cases[i].value);
    assert_ptr_equal(td_pointer(root, "", 0), root);
    td_dom_free(root);
}

static void prompts_chats_and_python_lists(void **state)
{
    static const char *const cases[][2] = {
        {"plain", "\"prompt\": \"plain\""},
        {"[not a list", "\"prompt\": \"[not a list\""},
        {"[1, 2]", "\"prompt\": \"[1, 2]\""},
        {"['one']", "\"prompt\": \"one\""},
        {"['it\\'s', \"x\\n\\x41\\u00e9\"]", "\"messages\": [{\"role\": \"user\", \"content\": \"it's\"}, {\"role\": \"user\", \"content\": \"x\\nA\xc3\xa9\"}]"},
        {"['a'] tail", "\"prompt\": \"['a'] tail\""},
        {"[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"t\"},{\"type\":\"input_audio\",\"input_audio\":{}}]}]",
         "\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"t\"}, {\"type\": \"input_audio\"}]}]"},
        {"[{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"function\":\"f\",\"arguments\":{\"x\":1}}]},{\"role\":\"tool\",\"content\":\"r\",\"tool_call_id\":\"c\",\"function\":\"f\"}]",
         "\"messages\": [{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"id\": \"c\", \"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": \"{\\\"x\\\":1}\"}}]}, {\"role\": \"tool\", \"content\": \"r\", \"tool_call_id\": \"c\", \"name\": \"f\"}]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        td_out out = {0};
        td_put_prompt_or_chat(&out, cases[i][0], strlen(cases[i][0]));
        td_put(&out, "", 1);
        assert_string_equal(out.at, cases[i][1]);
        free(out.at);
    }
}

static void heads_are_read_where_they_are_cut(void **state)
{
    static const char text[] = " {\"a\": NaN, \"b\": {\"c\": [{\"d\": \"}\\\"\"}]}, \"e\": [1], \"long\": \"xxxx";
    const td_head head = {.text = text, .len = sizeof text - 1};
    const td_head lines = {.text = "{\"a\":1}\n{\"a\"", .len = 12}, list = {.text = "[{\"a\":{\"b\":1}}", .len = 14};
    (void)state;
    assert_true(td_head_has_all(&head, "a b b.c b.c.0.d e long"));
    assert_false(td_head_has(&head, "d"));
    assert_false(td_head_has(&head, "b.d"));
    assert_false(td_head_has(&head, "f"));
    assert_true(td_head_says(&head, "xxxx"));
    assert_false(td_head_says(&head, "xxxxx"));
    assert_false(td_head_is_jsonl(&head));
    assert_true(td_head_is_jsonl(&lines));
    assert_true(td_head_has(&list, "a.b"));
}

static void writers_leave_nothing_half(void **state)
{
    td_error error;
    (void)state;
    write_bytes(at("out.jsonl"), "old", 3);
    td_writer *w = td_writer_open(at("out.jsonl"), &error);
    assert_true(td_writer_put(w, "new", 3, &error));
    char *text = read_text(at("out.jsonl"));
    assert_string_equal(text, "old");
    free(text);
    td_writer_abort(w);
    text = read_text(at("out.jsonl"));
    assert_string_equal(text, "old");
    free(text);
    w = td_writer_open(at("out.jsonl"), &error);
    assert_true(td_writer_put(w, "new", 3, &error) && td_writer_commit(w, &error));
    text = read_text(at("out.jsonl"));
    assert_string_equal(text, "new");
    free(text);
    assert_null(td_writer_open(at("none/out.jsonl"), &error));
    assert_non_null(strstr(error.text, "No such file"));
    if (access("/dev/full", W_OK) == 0) {
        w = td_writer_open("/dev/full", &error);
        assert_false(td_writer_put(w, "x", 1, &error) && td_writer_commit(w, &error));
    }
}

static void zstandard_input(void **state)
{
    static const char text[] = "{\"prompt\":\"p\",\"model\":\"m\",\"score\":1}\n";
    char packed[400];
    const size_t first = ZSTD_compress(packed, sizeof packed, text, 9, 3);
    const size_t n = first + ZSTD_compress(packed + first, sizeof packed - first, text + 9, sizeof text - 10, 3);
    td_error error = {""};
    size_t len;
    (void)state;
    write_bytes(at("x.jsonl.zst"), packed, n);
    char *back = td_input_load(at("x.jsonl.zst"), 0, &len, &error);
    assert_string_equal(back, text);
    free(back);
    td_lines *lines = td_lines_open(at("x.jsonl.zst"), 0, &error); /* the small program does not unpack it */
    assert_int_equal(td_lines_next(lines, &back, &len, &error), TD_BROKEN);
    assert_non_null(strstr(error.text, "zstd -d"));
    td_lines_close(lines);
    for (size_t cut = 5; cut < n; cut++) {
        if (cut == first) /* a whole frame is a whole file */
            continue;
        write_bytes(at("y.jsonl.zst"), packed, cut);
        assert_null(td_input_load(at("y.jsonl.zst"), 0, &len, &error));
        assert_non_null(strstr(error.text, "damaged or cut off"));
    }
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"t.csv", "joined.jsonl", "out.jsonl", "x.jsonl.zst", "y.jsonl.zst"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(at(names[i]));
    return rmdir(folder); /* fails when anything else was left behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorter_spills),
        cmocka_unit_test(parts_complete_each_other),
        cmocka_unit_test(trials_average_and_failures_are_missing),
        cmocka_unit_test(duplicates_are_settled_and_counted),
        cmocka_unit_test(any_key_becomes_an_id),
        cmocka_unit_test(csv_as_rfc_4180),
        cmocka_unit_test(pointers),
        cmocka_unit_test(prompts_chats_and_python_lists),
        cmocka_unit_test(heads_are_read_where_they_are_cut),
        cmocka_unit_test(writers_leave_nothing_half),
        cmocka_unit_test(zstandard_input),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
