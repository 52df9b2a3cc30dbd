#include "data/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define FIRST_ROOM ((size_t)1 << 16)

struct td_lines {
    gzFile file;         /* NULL where `read` gives the bytes */
    td_read_bytes read;
    void *context;
    char *path;
    char *buffer;
    size_t room, start, end; /* unread bytes are buffer[start..end) */
    size_t max_line;
    uint64_t number;
    bool ended;
};

bool td_fail(td_error *error, const char *format, ...)
{
    if (error) {
        va_list list;
        va_start(list, format);
        vsnprintf(error->text, sizeof error->text, format, list);
        va_end(list);
        /* what a stranger's file put into the message must not look like lines of ours */
        for (char *c = error->text; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                *c = ' ';
    }
    return false;
}

/* A descriptor that can be read, or -1 with the error filled. */
static int open_readable(const char *path, td_error *error)
{
    const bool standard = !strcmp(path, "-");
    const int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0) {
        td_fail(error, "%s: %s; check the path", standard ? "<stdin>" : path, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        td_fail(error, "%s: is a directory; name the files inside it, for example %s/*.jsonl", path,
                path);
        close(fd);
        return -1;
    }
    return fd;
}

static td_lines *new_lines(const char *name, size_t max_line)
{
    td_lines *lines = calloc(1, sizeof *lines);
    if (!lines)
        return NULL;
    lines->path = strdup(name);
    lines->buffer = malloc(FIRST_ROOM + 1);
    lines->room = FIRST_ROOM;
    lines->max_line = max_line ? max_line : TD_MAX_LINE;
    if (lines->path && lines->buffer)
        return lines;
    td_lines_close(lines);
    return NULL;
}

td_lines *td_lines_open(const char *path, size_t max_line, td_error *error)
{
    const int fd = open_readable(path, error);
    if (fd < 0)
        return NULL;
    td_lines *lines = new_lines(strcmp(path, "-") ? path : "<stdin>", max_line);
    if (lines)
        lines->file = gzdopen(fd, "rb");
    if (!lines || !lines->file) {
        td_fail(error, "%s: out of memory", path);
        close(fd);
        td_lines_close(lines);
        return NULL;
    }
    gzbuffer(lines->file, 1u << 14); /* half of what is asked for, at most: plain files are then read without a copy between */
    return lines;
}

td_lines *td_lines_from(const char *name, td_read_bytes read, void *context, size_t max_line,
                        td_error *error)
{
    td_lines *lines = new_lines(name, max_line);
    if (!lines) {
        td_fail(error, "%s: out of memory", name);
        return NULL;
    }
    lines->read = read;
    lines->context = context;
    return lines;
}

void td_lines_close(td_lines *lines)
{
    if (!lines)
        return;
    if (lines->file)
        gzclose(lines->file);
    free(lines->path);
    free(lines->buffer);
    free(lines);
}

uint64_t td_lines_number(const td_lines *lines)
{
    return lines->number;
}

const char *td_lines_path(const td_lines *lines)
{
    return lines->path;
}

/* Makes room behind the unread bytes; false when the line is over its cap or memory ends. */
static bool make_room(td_lines *lines, td_error *error)
{
    const size_t held = lines->end - lines->start;
    if (held > lines->max_line)
        return td_fail(error,
                       "%s:%llu: line of more than %zu bytes; is the file one record a line "
                       "(JSONL)? Where it is, tierce score and dispatch take longer ones by --max-line",
                       lines->path, (unsigned long long)lines->number + 1, lines->max_line);
    if (lines->start) {
        memmove(lines->buffer, lines->buffer + lines->start, held);
        lines->start = 0;
        lines->end = held;
    }
    if (lines->end < lines->room / 2)
        return true;
    char *wider = realloc(lines->buffer, lines->room * 2 + 1);
    if (!wider)
        return td_fail(error, "%s:%llu: out of memory for a line of %zu bytes", lines->path,
                       (unsigned long long)lines->number + 1, held);
    lines->buffer = wider;
    lines->room *= 2;
    return true;
}

static bool fill(td_lines *lines, td_error *error)
{
    if (!make_room(lines, error))
        return false;
    const size_t want = lines->room - lines->end;
    if (lines->read) {
        const long n = lines->read(lines->context, lines->buffer + lines->end, want, error);
        lines->end += n > 0 ? (size_t)n : 0;
        lines->ended = n == 0;
        return n >= 0;
    }
    const int got = gzread(lines->file, lines->buffer + lines->end,
                           want > (1u << 30) ? 1u << 30 : (unsigned)want);
    int code = Z_OK;
    const char *why = got <= 0 ? gzerror(lines->file, &code) : "";
    if (got < 0 || (got == 0 && code != Z_OK && code != Z_STREAM_END)) {
        if (code == Z_ERRNO)
            return td_fail(error, "%s: %s", lines->path, strerror(errno));
        if (code == Z_MEM_ERROR)
            return td_fail(error, "%s: out of memory", lines->path);
        return td_fail(error, "%s:%llu: gzip stream is damaged or cut off (%s); fetch it again",
                       lines->path, (unsigned long long)lines->number + 1, why);
    }
    lines->end += (size_t)got;
    lines->ended = got == 0;
    return true;
}

static bool skip_mark(td_lines *lines, td_error *error)
{
    const unsigned char *at = (const unsigned char *)lines->buffer + lines->start;
    const size_t n = lines->end - lines->start;
    if (n >= 2 && ((at[0] == 0xff && at[1] == 0xfe) || (at[0] == 0xfe && at[1] == 0xff)))
        return td_fail(error, "%s:1: the file is UTF-16; convert it with: iconv -f UTF-16 -t UTF-8",
                       lines->path);
    if (n >= 4 && !memcmp(at, "\x28\xb5\x2f\xfd", 4))
        return td_fail(error, "%s:1: the file is Zstandard; unpack it with: zstd -d", lines->path);
    if (n >= 3 && at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf)
        lines->start += 3;
    return true;
}

td_line_status td_lines_next(td_lines *lines, char **line, size_t *len, td_error *error)
{
    size_t searched = 0;
    for (;;) {
        char *from = lines->buffer + lines->start;
        const size_t held = lines->end - lines->start;
        char *stop = held > searched ? memchr(from + searched, '\n', held - searched) : NULL;
        if (!stop && !lines->ended) {
            searched = held;
            const bool fresh = lines->number == 0 && held == 0;
            if (!fill(lines, error) || (fresh && !skip_mark(lines, error)))
                return TD_BROKEN;
            continue;
        }
        if (!stop && !held)
            return TD_END;
        size_t n = stop ? (size_t)(stop - from) : held;
        if (n > lines->max_line) {
            make_room(lines, error);
            return TD_BROKEN;
        }
        lines->start += n + (stop != NULL);
        lines->number++;
        if (n && from[n - 1] == '\r')
            n--;
        *line = from;
        *len = n;
        return TD_LINE;
    }
}
