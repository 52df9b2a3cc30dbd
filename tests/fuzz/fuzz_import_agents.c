/* Any bytes as the files of an import: records come out that can be read back, or an error that
 * says something. The input is a format's name on a line (or nothing, and the format is
 * recognised), then each file behind a line "@@ path". Files called "scores" and "prompts" are what
 * --scores and
 * --prompts name. TIERCE_FUZZ_FORMAT forces one format, whatever the first line says. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/import/import.h"

#define MAX_FILES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char root[64];

typedef struct {
    char path[MAX_FILES][256], folder[MAX_FILES][256];
    size_t n;
    const char *scores, *prompts;
} tree;

static void remove_root(void)
{
    rmdir(root);
}

static void open_root(void)
{
    if (*root)
        return;
    snprintf(root, sizeof root, "%s/tierce-fuzz-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(root) || atexit(remove_root))
        abort();
}

/* Writes a file below `root`, with its folders; false for names that lead elsewhere. */
static bool put_file(tree *t, const char *name, size_t name_len, const char *data, size_t len)
{
    char path[256];
    if (!name_len || name_len > 120 || name[0] == '/' || memchr(name, 0, name_len))
        return false;
    snprintf(path, sizeof path, "%s/%.*s", root, (int)name_len, name);
    if (strstr(path, "..") || strstr(path, "//") || path[strlen(path) - 1] == '/')
        return false;
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL;
         *slash++ = '/') {
        *slash = 0;
        mkdir(path, 0700);
    }
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    fwrite(data, 1, len, f);
    fclose(f);
    snprintf(t->path[t->n++], sizeof t->path[0], "%s", path);
    return true;
}

static void take_tree(tree *t, const char *at, const char *end)
{
    while (t->n < MAX_FILES && end - at > 3 && !memcmp(at, "@@ ", 3)) {
        const char *stop = memchr(at, '\n', (size_t)(end - at)), *name = at + 3, *next = stop;
        if (!stop)
            return;
        while (next && next < end && !(end - next > 4 && !memcmp(next, "\n@@ ", 4)))
            next = memchr(next + 1, '\n', (size_t)(end - next - 1));
        next = next ? next : end;
        if (put_file(t, name, (size_t)(stop - name), stop + (stop < next),
                     (size_t)(next - stop - (stop < next)))) {
            const char *path = t->path[t->n - 1];
            const size_t n = strlen(root) + 1;
            t->scores = strcmp(path + n, "scores") ? t->scores : path;
            t->prompts = strcmp(path + n, "prompts") ? t->prompts : path;
        }
        at = next + (next < end);
    }
}

static void read_back(const char *path)
{
    const char *const paths[] = {path};
    td_record record;
    td_error error;
    td_reader *reader = td_reader_open(paths, 1, TD_WANT_REQUESTS, 0, 0, NULL, NULL);
    int status = 1;
    while (reader && (status = td_reader_next(reader, &record, &error)) > 0) {
    }
    if (status)
        abort();
    td_reader_close(reader);
}

static void clean(tree *t, const char *output)
{
    unlink(output);
    for (size_t i = t->n; i-- > 0;) {
        unlink(t->path[i]);
        for (char *slash;
             (slash = strrchr(t->path[i], '/')) && (size_t)(slash - t->path[i]) > strlen(root);) {
            *slash = 0;
            rmdir(t->path[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tree t = {.n = 0};
    char format[24] = "", output[128];
    const char *text = (const char *)data, *end = text + size,
               *forced = getenv("TIERCE_FUZZ_FORMAT");
    const char *line = size ? memchr(text, '\n', size) : NULL;
    const char *inputs[MAX_FILES];
    size_t n = 0;
    if (!line || line - text >= (long)sizeof format)
        return 0;
    open_root();
    memcpy(format, text, (size_t)(line - text));
    take_tree(&t, line + 1, end);
    for (size_t i = 0; i < t.n; i++)
        if (t.path[i] != t.scores && t.path[i] != t.prompts)
            inputs[n++] = t.path[i];
    snprintf(output, sizeof output, "%s/out.jsonl", root);
    td_import_job job = {.format = forced    ? forced
                                   : *format ? format
                                             : NULL,
                         .paths = inputs,
                         .n_paths = n,
                         .output = output};
    job.memory = 1 << 16; /* small, so that rows are spilled */
    job.settings.score_high = 1;
    job.settings.max_bad = 5;
    job.settings.keep_unscored = size & 1;
    const td_importer *importer = job.format ? td_importer_named(job.format, NULL) : NULL;
    job.settings.scores = importer && strstr(importer->options, "scores") ? t.scores : NULL;
    job.settings.prompts = importer && strstr(importer->options, "prompts") ? t.prompts : NULL;
    td_import_report report = {0};
    td_error error = {""};
    if (n && (importer || !job.format)) {
        if (td_import(&job, &report, &error))
            read_back(output);
        else if (!*error.text)
            abort();
        td_report_free(&report);
    }
    clean(&t, output);
    return 0;
}
