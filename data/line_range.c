#include "data/line_range.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 16)

struct td_line_range {
    int fd;
    char *path;
    uint64_t start, at, stop; /* start..stop are whole lines */
    bool marked;              /* the empty line before the range was given */
    uint64_t before;          /* UINT64_MAX: not counted yet */
    td_lines *lines;
};

/* Place behind the first line break at or behind x - 1, 0 for 0: where the first line that starts at
 * or behind x starts. The end of the file when there is none. */
static bool align(int fd, uint64_t x, uint64_t size, uint64_t *to)
{
    char chunk[CHUNK];
    *to = x < size ? x : size;
    if (!x || x >= size)
        return true;
    for (uint64_t at = x - 1;;) {
        const ssize_t n = pread(fd, chunk, sizeof chunk, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        const char *stop = n ? memchr(chunk, '\n', (size_t)n) : NULL;
        if (stop || !n) {
            *to = stop ? at + (uint64_t)(stop - chunk) + 1 : size;
            return true;
        }
        at += (uint64_t)n;
    }
}

/* A range that starts inside the file starts with an empty line, so that nothing there is taken for a
 * byte-order mark; numbering allows for it. */
static long read_bytes(void *context, char *into, size_t room, td_error *error)
{
    td_line_range *r = context;
    if (r->start && !r->marked) {
        r->marked = true;
        *into = '\n';
        return 1;
    }
    const uint64_t left = r->stop - r->at;
    size_t want = left < room ? (size_t)left : room;
    ssize_t n;
    want = want < ((size_t)1 << 30) ? want : (size_t)1 << 30;
    do
        n = want ? pread(r->fd, into, want, (off_t)r->at) : 0;
    while (n < 0 && errno == EINTR);
    if (n < 0)
        td_fail(error, "%s: %s", r->path, strerror(errno));
    r->at += n > 0 ? (uint64_t)n : 0;
    return n;
}

static bool open_plain(td_line_range *r, uint64_t from, uint64_t to, td_error *error)
{
    struct stat st;
    unsigned char mark[2] = {0, 0};
    r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &st) < 0)
        return td_fail(error, "%s: %s; check the path", r->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return td_fail(error, "%s: a byte range needs a regular file", r->path);
    if (pread(r->fd, mark, 2, 0) == 2 && mark[0] == 0x1f && mark[1] == 0x8b)
        return td_fail(error, "%s: is packed: a byte range needs the plain file; gunzip it first", r->path);
    if (!align(r->fd, from, (uint64_t)st.st_size, &r->start) ||
        !align(r->fd, to, (uint64_t)st.st_size, &r->stop))
        return td_fail(error, "%s: %s", r->path, strerror(errno));
    r->stop = r->stop < r->start ? r->start : r->stop;
    r->at = r->start;
    return true;
}

td_line_range *td_range_open(const char *path, uint64_t from, uint64_t to, size_t max_line,
                             td_error *error)
{
    td_line_range *r = calloc(1, sizeof *r);
    if (r)
        r->fd = -1;
    if (!r || !(r->path = strdup(path))) {
        td_fail(error, "%s: out of memory", path);
    } else if (open_plain(r, from, to, error)) {
        r->before = r->start ? UINT64_MAX : 0;
        r->lines = td_lines_from(path, read_bytes, r, max_line, error);
        if (r->lines)
            return r;
    }
    td_range_close(r);
    return NULL;
}

td_lines *td_range_lines(td_line_range *range)
{
    return range->lines;
}

uint64_t td_range_lines_before(td_line_range *r)
{
    char chunk[CHUNK];
    uint64_t count = 0;
    for (uint64_t at = 0; r->before == UINT64_MAX && at < r->start;) {
        const size_t want = r->start - at < sizeof chunk ? (size_t)(r->start - at) : sizeof chunk;
        const ssize_t n = pread(r->fd, chunk, want, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return UINT64_MAX;
        for (const char *c = chunk; (c = memchr(c, '\n', (size_t)(chunk + n - c))); c++)
            count++;
        at += (uint64_t)n;
    }
    if (r->before == UINT64_MAX)
        r->before = count - 1; /* the empty line that goes before is number 1 */
    return r->before;
}

void td_range_close(td_line_range *r)
{
    if (!r)
        return;
    td_lines_close(r->lines);
    if (r->fd >= 0)
        close(r->fd);
    free(r->path);
    free(r);
}

static bool parse_number(const char **at, uint64_t *to)
{
    uint64_t v = 0;
    const char *from = *at;
    for (; isdigit((unsigned char)**at); (*at)++) {
        if (v > (UINT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (uint64_t)(**at - '0');
    }
    *to = v;
    return *at > from;
}

bool td_parse_range(const char *text, uint64_t *from, uint64_t *to)
{
    *from = 0;
    *to = UINT64_MAX;
    if (*text != '-' && !parse_number(&text, from))
        return false;
    if (*text++ != '-')
        return false;
    return !*text ? true : parse_number(&text, to) && !*text && *to >= *from;
}
