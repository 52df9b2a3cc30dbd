/* ZIP archives, of every method and damaged in every byte, as Inspect AI writes them. */
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/import_files.h"

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

/* Two of them would be one record with U+FFFD for the letter. */
static void members_are_utf_8(void **state)
{
    const member latin[] = {{"header.json", HEADER, 8},
                            {"samples/1_epoch_1.json", "{\"id\":1,\"epoch\":1,\n\"input\":\"caf\xe9\",\"scores\":{\"match\":{\"value\":\"C\"}}}", 8}};
    td_out zip = {0};
    td_error error;
    td_import_report report;
    (void)state;
    make_zip(&zip, latin, 2, false);
    assert_null(import_archive(zip.at, zip.len, &report, &error));
    assert_non_null(strstr(error.text, "samples/1_epoch_1.json:2: bytes that are not UTF-8"));
    assert_non_null(strstr(error.text, "byte 0xE9 behind"));
    td_report_free(&report);
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

static int remove_folder(void **state)
{
    (void)state;
    unlink(at("log.eval"));
    unlink(at("log.jsonl"));
    return rmdir(folder); /* fails when anything else was left behind */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archives_of_every_method),
        cmocka_unit_test(crashed_runs_have_a_journal),
        cmocka_unit_test(members_are_utf_8),
        cmocka_unit_test(damaged_archives_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
