/* The parts under tierce import: sorting on disk, joining, CSV, ZIP, pointers, messages. Whole formats
 * are in tests/cli/import.sh; Inspect's archives are here, where they can be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "data/import/csv_reader.h"
#include "data/import/import.h"
#include "data/import/input.h"
#include "data/import/pointer.h"
#include "data/import/request_out.h"
#include "data/import/sink_in.h"
#include "data/import/zip.h"

static char folder[] = "/tmp/tierce-test-import-XXXXXX";

static const char *at(const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, 200, "%s/%s", folder, name);
    return path;
}

static void write_bytes(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static char *read_text(const char *path)
{
    td_error error;
    size_t len;
    char *text = td_input_load(path, 0, &len, &error);
    assert_non_null(text);
    return text;
}

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

static const td_import_settings plain = {.score_high = 1};

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
#include <math.h>

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
    } cases[] = {{TD_DUPLICATES_AVERAGE, false, "\"score\": 0.75, \"cost_usd\": 0.2}"},
                 {TD_DUPLICATES_UNSAID, false, "\"score\": 0.75, \"cost_usd\": 0.2}"},
                 {TD_DUPLICATES_FIRST, false, "\"score\": 1, \"cost_usd\": 0.1}"},
                 {TD_DUPLICATES_ERROR, true, "\"score\": 1, \"cost_usd\": 0.2}"}};
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
    give(&j, "quote\" \xff", PROMPT, "a", NULL, 1, NONE, NULL);
    char *text = joined(&j, &error), hex[33];
    td_key_of(hex, key, sizeof key - 1);
    assert_non_null(strstr(text, hex));
    assert_null(strstr(text, "kkkkk"));
    assert_non_null(strstr(text, "\"s/quote\\\" \\ufffd\""));
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

/* ---- ZIP ---- */

typedef struct {
    const char *name, *text;
    unsigned method;
} member;

static void put_le(td_out *out, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++, v >>= 8) {
        const char c = (char)(v & 255);
        td_put(out, &c, 1);
    }
}

static size_t pack(const member *m, char *out, size_t room)
{
    const size_t n = strlen(m->text);
    if (m->method == 93) {
        const size_t half = n / 2, first = ZSTD_compress(out, room, m->text, half, 3); /* two frames, as Inspect's */
        return first + ZSTD_compress(out + first, room - first, m->text + half, n - half, 3);
    }
    if (m->method == 8) {
        z_stream z = {0};
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        z.next_in = (Bytef *)(size_t)m->text;
        z.avail_in = (uInt)n;
        z.next_out = (Bytef *)out;
        z.avail_out = (uInt)room;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        deflateEnd(&z);
        return z.total_out;
    }
    memcpy(out, m->text, n);
    return n;
}

static void make_zip(td_out *out, const member *members, size_t n, bool zip64)
{
    td_out directory = {0};
    char packed[8192];
    out->len = 0;
    for (size_t i = 0; i < n; i++) {
        const member *m = &members[i];
        const size_t len = strlen(m->text), name = strlen(m->name), p = pack(m, packed, sizeof packed), offset = out->len;
        const unsigned long crc = crc32(0, (const Bytef *)m->text, (uInt)len);
        put_le(out, 0x04034b50, 4), put_le(out, 20, 2), put_le(out, 0, 2), put_le(out, m->method, 2), put_le(out, 0, 4);
        put_le(out, crc, 4), put_le(out, p, 4), put_le(out, len, 4), put_le(out, name, 2), put_le(out, 0, 2);
        td_puts(out, m->name), td_put(out, packed, p);
        put_le(&directory, 0x02014b50, 4), put_le(&directory, 20, 2), put_le(&directory, 20, 2), put_le(&directory, 0, 2);
        put_le(&directory, m->method, 2), put_le(&directory, 0, 4), put_le(&directory, crc, 4);
        put_le(&directory, zip64 ? 0xffffffff : p, 4), put_le(&directory, zip64 ? 0xffffffff : len, 4);
        put_le(&directory, name, 2), put_le(&directory, zip64 ? 28 : 0, 2), put_le(&directory, 0, 2);
        put_le(&directory, 0, 8), put_le(&directory, zip64 ? 0xffffffff : offset, 4), td_puts(&directory, m->name);
        if (zip64)
            put_le(&directory, 1, 2), put_le(&directory, 24, 2), put_le(&directory, len, 8), put_le(&directory, p, 8),
                put_le(&directory, offset, 8);
    }
    const size_t place = out->len;
    td_put(out, directory.at, directory.len);
    if (zip64) {
        const size_t end = out->len;
        put_le(out, 0x06064b50, 4), put_le(out, 44, 8), put_le(out, 45, 2), put_le(out, 45, 2), put_le(out, 0, 8);
        put_le(out, n, 8), put_le(out, n, 8), put_le(out, directory.len, 8), put_le(out, place, 8);
        put_le(out, 0x07064b50, 4), put_le(out, 0, 4), put_le(out, end, 8), put_le(out, 1, 4);
    }
    put_le(out, 0x06054b50, 4), put_le(out, 0, 4), put_le(out, zip64 ? 0xffff : n, 2), put_le(out, zip64 ? 0xffff : n, 2);
    put_le(out, zip64 ? 0xffffffff : directory.len, 4), put_le(out, zip64 ? 0xffffffff : place, 4);
    put_le(out, 3, 2), td_puts(out, "end");
    free(directory.at);
}

#define HEADER "{\"version\":2,\"status\":\"success\",\"eval\":{\"task\":\"qa\",\"model\":\"g/m\",\"eval_id\":\"e\"}}"
#define SAMPLE "{\"id\":1,\"epoch\":1,\"input\":\"2+2?\",\"target\":\"gold\",\"scores\":{\"match\":{\"value\":\"C\"}},\"output\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}"
#define SAMPLE_RECORD "{\"id\": \"qa/1\", \"source\": \"qa\", \"prompt\": \"2+2?\", \"outcomes\": {\"g/m\": {\"score\": 1, \"input_tokens\": 9, \"output_tokens\": 1}}}\n"

/* Imports bytes as log.eval: the records, or NULL with *error. */
static char *import_archive(const void *bytes, size_t len, td_import_report *report, td_error *error)
{
    const char *paths[1] = {at("log.eval")};
    const td_import_job job = {.paths = paths, .n_paths = 1, .output = at("log.jsonl"), .settings = plain};
    write_bytes(paths[0], bytes, len);
    memset(report, 0, sizeof *report);
    return td_import(&job, report, error) ? read_text(at("log.jsonl")) : NULL;
}

static void archives_of_every_method(void **state)
{
    static const unsigned methods[] = {0, 8, 93};
    td_out zip = {0};
    td_error error = {""};
    td_import_report report;
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const member members[] = {{"header.json", HEADER, methods[i % 3]}, {"samples/1_epoch_1.json", SAMPLE, methods[i % 3]},
                                  {"summaries.json", "[]", 0}};
        make_zip(&zip, members, 3, i >= 3);
        char *text = import_archive(zip.at, zip.len, &report, &error);
        assert_string_equal(error.text, "");
        assert_string_equal(text, SAMPLE_RECORD);
        td_report_free(&report);
        free(text);
    }
    free(zip.at);
}

static void crashed_runs_have_a_journal(void **state)
{
    const member with_samples[] = {{"_journal/start.json", HEADER, 8}, {"samples/1_epoch_1.json", SAMPLE, 8}};
    const member summaries[] = {{"_journal/start.json", HEADER, 8}, {"_journal/summaries/1.json", "[" SAMPLE "]", 8}};
    td_out zip = {0};
    td_error error = {""};
    td_import_report report;
    (void)state;
    make_zip(&zip, with_samples, 2, false);
    char *text = import_archive(zip.at, zip.len, &report, &error);
    assert_string_equal(text, SAMPLE_RECORD);
    assert_int_equal(report.n_problems, 1);
    td_report_free(&report);
    free(text);
    make_zip(&zip, summaries, 2, false);
    text = import_archive(zip.at, zip.len, &report, &error);
    assert_non_null(strstr(text, "\"2+2?\""));
    assert_int_equal(report.n_problems, 2);
    assert_non_null(strstr(report.problems[1].what, "may be shortened"));
    td_report_free(&report);
    free(text);
    free(zip.at);
}

static void damaged_archives_are_refused(void **state)
{
    const member members[] = {{"header.json", HEADER, 8}, {"samples/1_epoch_1.json", SAMPLE, 8}};
    const member lzma[] = {{"header.json", HEADER, 14}, {"samples/1.json", SAMPLE, 14}};
    td_out zip = {0};
    td_error error;
    td_import_report report;
    size_t refused = 0;
    (void)state;
    make_zip(&zip, members, 2, false);
    assert_null(import_archive(zip.at, zip.len - 30, &report, &error));
    assert_non_null(strstr(error.text, "not a whole ZIP archive"));
    td_report_free(&report);
    for (size_t i = 0; i < zip.len; i++) { /* every byte, one bit of it: the same record or an error, never a crash */
        zip.at[i] ^= 0x10;
        char *text = import_archive(zip.at, zip.len, &report, &error);
        refused += text == NULL;
        assert_true(!text || !strcmp(text, SAMPLE_RECORD));
        td_report_free(&report);
        free(text);
        zip.at[i] ^= 0x10;
    }
    assert_true(refused > zip.len / 3);
    make_zip(&zip, lzma, 2, false);
    assert_null(import_archive(zip.at, zip.len, &report, &error));
    assert_non_null(strstr(error.text, "method 14"));
    td_report_free(&report);
    free(zip.at);
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
    for (size_t cut = 5; cut < n; cut++) {
        if (cut == first) /* a whole frame is a whole file */
            continue;
        write_bytes(at("y.jsonl.zst"), packed, cut);
        assert_null(td_input_load(at("y.jsonl.zst"), 0, &len, &error));
        assert_non_null(strstr(error.text, "damaged or cut off"));
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"t.csv", "log.eval", "log.jsonl", "joined.jsonl", "out.jsonl", "x.jsonl.zst", "y.jsonl.zst"};
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
        cmocka_unit_test(archives_of_every_method),
        cmocka_unit_test(crashed_runs_have_a_journal),
        cmocka_unit_test(damaged_archives_are_refused),
        cmocka_unit_test(pointers),
        cmocka_unit_test(prompts_chats_and_python_lists),
        cmocka_unit_test(heads_are_read_where_they_are_cut),
        cmocka_unit_test(writers_leave_nothing_half),
        cmocka_unit_test(zstandard_input),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
