/* Any bytes as a file of one importer: an error, or records that hold together. A target is
 *
 *     #define TARGET td_import_csv
 *     #include "tests/fuzz/import_target.h"
 *
 * The bytes lie in a memory file, whose path in /proc the importer opens as any other. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/import/import.h"
#include "data/import/sink_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const td_import_report *report)
{
    for (size_t i = 0; i < report->n_models; i++) {
        const td_model_report *m = &report->models[i];
        if (!(m->score_sum >= 0 && m->score_sum <= (double)m->outcomes) || !(m->cost_sum >= 0) || m->outcomes > report->records)
            abort();
    }
    td_out out = {0};
    td_report_text(report, &out);
    td_report_json(report, &out);
    free(out.at);
}

static void import(const char *path, const td_head *head)
{
    const td_import_settings settings = {.score_high = 1, .max_bad = 1000};
    td_import_report report = {0};
    td_error error;
    td_sink sink;
    if (!td_sink_open(&sink, &settings, &report, 1 << 16, "/tmp", TARGET.state_size, &error))
        abort();
    td_sink_at(&sink, path);
    bool good = TARGET.read(&sink, head, &error) && (!TARGET.finish || TARGET.finish(&sink, &error));
    td_writer *writer = good ? td_writer_open("/dev/null", &error) : NULL;
    good = writer && td_join(&sink, 1 << 16, "/tmp", writer, &error);
    td_writer_abort(writer);
    if (good)
        judge(&report);
    if (TARGET.close)
        TARGET.close(sink.state);
    td_sink_close(&sink);
    td_report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char room[TD_HEAD_BYTES];
    static int fd = -1;
    char path[64];
    td_head head = {.by_name = true};
    td_error error;
    if (fd < 0 && (fd = memfd_create("seed", MFD_CLOEXEC)) < 0)
        abort();
    if (ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (td_head_read(&head, path, room, &error) != TD_HEAD_OK)
        return 0;
    for (size_t i = 0; i < td_n_importers; i++)
        td_importers[i]->probe(&head);
    import(path, &head);
    return 0;
}
