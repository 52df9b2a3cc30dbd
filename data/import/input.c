#include "data/import/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "data/dom_twice.h"
#include "data/import/utf8.h"
#include "data/zst.h"

#define CHUNK ((size_t)1 << 16)

struct td_input {
    char *path;
    int fd;     /* -1 where `gz` owns it */
    gzFile gz;  /* plain and gzip */
    td_zst *zst;
    char *packed; /* CHUNK bytes of Zstandard, of which [at, at + held) are not used yet */
    const char *at;
    size_t held;
    bool ended;
};

void td_input_close(td_input *in)
{
    if (!in)
        return;
    if (in->gz)
        gzclose(in->gz);
    if (in->fd >= 0)
        close(in->fd);
    td_zst_close(in->zst);
    free(in->packed);
    free(in->path);
    free(in);
}

static bool start(td_input *in)
{
    char magic[4];
    const ssize_t n = pread(in->fd, magic, sizeof magic, 0);
    if (n == 4 && td_zst_starts(magic, 4)) {
        in->zst = td_zst_open();
        in->packed = malloc(CHUNK);
        return in->zst && in->packed;
    }
    in->gz = gzdopen(in->fd, "rb");
    if (in->gz)
        in->fd = -1;
    return in->gz != NULL;
}

td_input *td_input_open(const char *path, td_error *error)
{
    struct stat st;
    td_input *in = calloc(1, sizeof *in);
    if (!in) {
        td_fail(error, "%.300s: out of memory", path);
        return NULL;
    }
    in->fd = open(path, O_RDONLY | O_CLOEXEC);
    in->path = strdup(path);
    if (in->fd < 0)
        td_fail(error, "%.300s: %s; check the path", path, strerror(errno));
    else if (fstat(in->fd, &st) == 0 && S_ISDIR(st.st_mode))
        td_fail(error, "%.300s: is a directory", path);
    else if (!in->path || !start(in))
        td_fail(error, "%.300s: out of memory", path);
    else
        return in;
    td_input_close(in);
    return NULL;
}

static long read_zst(td_input *in, char *into, size_t room, td_error *error)
{
    for (;;) {
        if (!in->held && !in->ended) {
            const ssize_t n = read(in->fd, in->packed, CHUNK);
            if (n < 0) {
                td_fail(error, "%.300s: %s", in->path, strerror(errno));
                return -1;
            }
            in->at = in->packed;
            in->held = (size_t)n;
            in->ended = n == 0;
        }
        const char *fault = NULL;
        const size_t made = td_zst_run(in->zst, &in->at, &in->held, into, room, &fault);
        if (!fault && !made && in->ended && !td_zst_complete(in->zst))
            fault = "cut off";
        if (fault) {
            td_fail(error, "%.300s: Zstandard stream is damaged or cut off (%s); fetch it again",
                    in->path, fault);
            return -1;
        }
        if (made || in->ended)
            return (long)made;
    }
}

long td_input_read(td_input *in, char *into, size_t room, td_error *error)
{
    int code = Z_OK;
    if (in->zst)
        return read_zst(in, into, room, error);
    const int got = gzread(in->gz, into, room > (1u << 30) ? 1u << 30 : (unsigned)room);
    if (got > 0)
        return got;
    const char *why = gzerror(in->gz, &code);
    if (got == 0 && (code == Z_OK || code == Z_STREAM_END))
        return 0;
    if (code == Z_ERRNO)
        td_fail(error, "%.300s: %s", in->path, strerror(errno));
    else
        td_fail(error, "%.300s: gzip stream is damaged or cut off (%.100s); fetch it again", in->path,
                why);
    return -1;
}

char *td_input_load(const char *path, size_t max, size_t *len, td_error *error)
{
    td_input *in = td_input_open(path, error);
    char *text = NULL;
    size_t room = 0;
    long n = 1;
    *len = 0;
    max = max ? max : (size_t)1 << 30;
    while (in && n > 0) {
        if (room - *len < CHUNK + 1) {
            char *wider = realloc(text, room = 2 * room + 4 * CHUNK);
            if (!wider) {
                td_fail(error, "%.300s: out of memory", path);
                n = -1;
                break;
            }
            text = wider;
        }
        n = td_input_read(in, text + *len, CHUNK, error);
        *len += n > 0 ? (size_t)n : 0;
        if (*len > max) {
            td_fail(error, "%.300s: more than %zu MiB in one document; JSONL has no such limit", path,
                    max >> 20);
            n = -1;
        }
    }
    td_input_close(in);
    if (!in || n < 0) {
        free(text);
        return NULL;
    }
    text[*len] = 0;
    return text;
}

td_node *td_bytes_dom(const char *text, size_t len, const char *name, td_error *error)
{
    const char *what;
    const size_t odd = td_json_not_utf8(text, len, &what);
    if (odd) {
        char detail[80];
        size_t line = 1;
        for (size_t i = 0; i < odd; i++)
            line += text[i] == '\n';
        td_not_utf8_detail(text, odd, detail, sizeof detail);
        td_fail(error, "%.300s:%zu: %s: %s", name, line, what, detail);
        return NULL;
    }
    return td_dom_once(td_dom_parse(text, len, name, error), name, error);
}

td_node *td_input_dom(const char *path, td_error *error)
{
    size_t len;
    char *text = td_input_load(path, 0, &len, error);
    td_node *root = text ? td_bytes_dom(text, len, path, error) : NULL;
    free(text);
    return root;
}

static long read_on(void *context, char *into, size_t room, td_error *error)
{
    return td_input_read(context, into, room, error);
}

td_lines *td_input_lines(td_input *in, const char *path, td_error *error)
{
    return td_lines_from(path, read_on, in, 0, error);
}
