/* The decision log's file: appending, rotation, loss. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "infer/dispatch/decision_log.h"

struct ds_log {
    ds_log_options options;
    int fd; /* -1: could not be opened again; tried at every line */
    dev_t device;
    ino_t inode;
    bool regular;
    bool broken_tail; /* the file does not end with a line break: begin with one */
    bool losing;      /* within a run of losses, which is reported once */
    bool stuck;       /* cannot be rotated; reported once */
    bool dirty;       /* written since the last fsync */
    double synced;
    uint64_t written, lost;
};

static bool open_file(ds_log *log)
{
    struct stat st;
    char last = '\n';
    int fd = open(log->options.path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0 && (errno == EACCES || errno == EINVAL || errno == ENXIO)) /* a pipe, a write-only file */
        fd = open(log->options.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return false;
    if (fstat(fd, &st)) {
        close(fd);
        return false;
    }
    if (log->fd >= 0)
        close(log->fd);
    log->fd = fd;
    log->device = st.st_dev;
    log->inode = st.st_ino;
    log->regular = S_ISREG(st.st_mode);
    if (log->regular && st.st_size > 0)
        log->broken_tail = pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
    else
        log->broken_tail = false;
    return true;
}

/* Is the path still our file? Another writer, or logrotate, may have moved it away. */
static bool is_ours(const ds_log *log)
{
    struct stat st;
    return stat(log->options.path, &st) == 0 && st.st_dev == log->device && st.st_ino == log->inode;
}

/* PATH.keep-1 becomes PATH.keep and so on; the oldest falls away. */
static bool shift_files(const ds_log *log)
{
    const unsigned keep = log->options.keep ? log->options.keep : 5;
    const size_t room = strlen(log->options.path) + 16;
    char *from = malloc(room), *to = malloc(room);
    bool good = from && to;
    for (unsigned i = keep; good && i > 0; i--) {
        snprintf(to, room, "%s.%u", log->options.path, i);
        if (i > 1)
            snprintf(from, room, "%s.%u", log->options.path, i - 1);
        else
            snprintf(from, room, "%s", log->options.path);
        good = rename(from, to) == 0 || (i > 1 && errno == ENOENT);
    }
    free(from);
    free(to);
    return good;
}

static bool rotate(ds_log *log)
{
    const size_t room = strlen(log->options.path) + 8;
    char *name = malloc(room);
    if (!name)
        return false;
    snprintf(name, room, "%s.lock", log->options.path);
    const int lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    free(name);
    if (lock < 0)
        return false;
    while (flock(lock, LOCK_EX) && errno == EINTR)
        ;
    /* whoever came first has done it */
    const bool good = (!is_ours(log) || shift_files(log)) && open_file(log);
    close(lock);
    return good;
}

static bool too_long(const ds_log *log, size_t more)
{
    struct stat st;
    return log->options.max_bytes && log->regular && fstat(log->fd, &st) == 0 && st.st_size > 0 &&
           (uint64_t)st.st_size + more > log->options.max_bytes;
}

ds_log *ds_log_open(const ds_log_options *options, td_error *error)
{
    ds_log *log = calloc(1, sizeof *log);
    if (!log) {
        td_fail(error, "%.200s: out of memory", options->path);
        return NULL;
    }
    log->options = *options;
    log->fd = -1;
    if (!open_file(log)) {
        td_fail(error, "%.200s: the log cannot be opened (%s); check the folder and its rights", options->path,
                strerror(errno));
        free(log);
        return NULL;
    }
    return log;
}

/* Counts a line as lost; the first of a run is told. */
static bool lose(ds_log *log, const char *why, td_error *error)
{
    log->lost++;
    if (!log->losing)
        td_fail(error, "%.200s: the log loses lines (%s); requests go on", log->options.path, why);
    log->losing = true;
    return false;
}

static void sync_file(ds_log *log, double now)
{
    if (log->dirty && log->fd >= 0 && log->regular)
        fdatasync(log->fd);
    log->dirty = false;
    log->synced = now;
}

bool ds_log_write(ds_log *log, const char *line, size_t len, double now_monotonic, td_error *error)
{
    static char line_break[] = "\n";
    error->text[0] = 0;
    if ((log->fd < 0 || (log->regular && !is_ours(log))) && !open_file(log))
        return lose(log, strerror(errno), error);
    if (too_long(log, len + 1)) {
        const bool rotated = rotate(log);
        if (!rotated && !log->stuck)
            td_fail(error, "%.200s: the log cannot be rotated (%s); it grows", log->options.path, strerror(errno));
        log->stuck = !rotated;
    }
    struct iovec pieces[3] = {{line_break, log->broken_tail}, {(void *)(uintptr_t)line, len}, {line_break, 1}};
    const size_t all = (size_t)log->broken_tail + len + 1;
    ssize_t n;
    do
        n = writev(log->fd, pieces, 3);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return lose(log, strerror(errno), error);
    log->dirty = true;
    log->broken_tail = (size_t)n < all && n > 0 ? true : log->broken_tail && n <= 0;
    if ((size_t)n < all) /* a cut line: what follows begins a line of its own */
        return lose(log, "the disk is full", error);
    log->losing = false;
    log->written++;
    if (log->options.fsync == DS_FSYNC_ALWAYS)
        sync_file(log, now_monotonic);
    return true;
}

void ds_log_tick(ds_log *log, double now_monotonic)
{
    if (log->options.fsync == DS_FSYNC_SECOND && now_monotonic - log->synced >= 1)
        sync_file(log, now_monotonic);
}

uint64_t ds_log_written(const ds_log *log)
{
    return log->written;
}

uint64_t ds_log_lost(const ds_log *log)
{
    return log->lost;
}

void ds_log_close(ds_log *log)
{
    if (!log)
        return;
    if (log->options.fsync != DS_FSYNC_NEVER)
        sync_file(log, log->synced);
    if (log->fd >= 0)
        close(log->fd);
    free(log);
}
