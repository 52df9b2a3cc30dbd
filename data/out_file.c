#include "data/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define ROOM ((size_t)1 << 18)

struct td_out_file {
    char *path, *temporary; /* temporary NULL: nothing to rename */
    int fd;
    gzFile packed; /* NULL: plain */
    char *buffer;
    size_t held;
    int fault; /* errno of the first failure */
};

static bool make_temporary(td_out_file *out)
{
    const size_t n = strlen(out->path);
    out->temporary = malloc(n + 16);
    if (!out->temporary)
        return false;
    memcpy(out->temporary, out->path, n);
    memcpy(out->temporary + n, ".partial.XXXXXX", 16);
    out->fd = mkstemp(out->temporary);
    return out->fd >= 0;
}

static bool open_fd(td_out_file *out)
{
    struct stat st;
    if (!strcmp(out->path, "-"))
        out->fd = dup(STDOUT_FILENO);
    else if (stat(out->path, &st) == 0 && !S_ISREG(st.st_mode))
        out->fd = S_ISDIR(st.st_mode) ? (errno = EISDIR, -1) : open(out->path, O_WRONLY | O_CLOEXEC);
    else
        return make_temporary(out);
    return out->fd >= 0;
}

static void release(td_out_file *out)
{
    free(out->path);
    free(out->temporary);
    free(out->buffer);
    free(out);
}

td_out_file *td_out_open(const char *path, td_error *error)
{
    const size_t n = strlen(path);
    td_out_file *out = calloc(1, sizeof *out);
    if (!out || !(out->path = strdup(path)) || !(out->buffer = malloc(ROOM))) {
        td_fail(error, "%.200s: out of memory", path);
        if (out)
            release(out);
        return NULL;
    }
    if (!open_fd(out)) {
        td_fail(error, "%.200s: cannot be written: %s", path, strerror(errno));
        release(out);
        return NULL;
    }
    if (n > 3 && !strcmp(path + n - 3, ".gz") && !(out->packed = gzdopen(dup(out->fd), "wb6")))
        out->fault = ENOMEM;
    return out;
}

static void put(td_out_file *out, const char *bytes, size_t len)
{
    while (len && !out->fault) {
        const size_t most = len < ((size_t)1 << 30) ? len : (size_t)1 << 30;
        ssize_t n = out->packed ? gzwrite(out->packed, bytes, (unsigned)most) : write(out->fd, bytes, most);
        if (n < 0 && !out->packed && errno == EINTR)
            continue;
        if (n <= 0) {
            out->fault = errno ? errno : EIO;
            return;
        }
        bytes += n;
        len -= (size_t)n;
    }
}

static void flush(td_out_file *out)
{
    put(out, out->buffer, out->held);
    out->held = 0;
}

bool td_out_write(td_out_file *out, const char *bytes, size_t len)
{
    if (ROOM - out->held < len)
        flush(out);
    if (len > ROOM) {
        put(out, bytes, len);
    } else if (len) {
        memcpy(out->buffer + out->held, bytes, len);
        out->held += len;
    }
    return !out->fault;
}

static void finish(td_out_file *out)
{
    flush(out);
    if (out->packed && gzclose(out->packed) != Z_OK && !out->fault)
        out->fault = errno ? errno : EIO;
    if (!out->fault && out->temporary &&
        (fchmod(out->fd, 0644) < 0 || fsync(out->fd) < 0))
        out->fault = errno;
    if (close(out->fd) < 0 && !out->fault)
        out->fault = errno;
    if (!out->fault && out->temporary && rename(out->temporary, out->path) < 0)
        out->fault = errno;
}

bool td_out_close(td_out_file *out, bool keep, td_error *error)
{
    bool good = true;
    if (!out)
        return true;
    if (keep) {
        finish(out);
        good = !out->fault;
        if (!good)
            td_fail(error, "%.200s: cannot be written: %s%s", out->path, strerror(out->fault),
                    out->temporary ? "; an older file is untouched" : "");
    } else {
        if (out->packed)
            gzclose(out->packed);
        close(out->fd);
    }
    if (out->temporary && (!keep || !good))
        unlink(out->temporary);
    release(out);
    return good;
}
