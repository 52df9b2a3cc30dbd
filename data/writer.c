#include "data/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct td_writer {
    char *path;             /* as it was named, for messages */
    char *place;            /* where that ends, links followed */
    char *temporary;        /* NULL: written in place (standard output, a device) */
    FILE *file;
    gzFile gz;
};

/* The target of a link, seen from the folder that the link stands in. */
static char *target_of(const char *link)
{
    char target[4096];
    const ssize_t n = readlink(link, target, sizeof target - 1);
    const char *slash = strrchr(link, '/');
    const size_t folder = n > 0 && *target != '/' && slash ? (size_t)(slash + 1 - link) : 0;
    char *joined = n > 0 ? malloc(folder + (size_t)n + 1) : NULL;
    if (joined) {
        memcpy(joined, link, folder);
        memcpy(joined + folder, target, (size_t)n);
        joined[folder + (size_t)n] = 0;
    }
    return joined;
}

char *td_writer_place(const char *path)
{
    struct stat st;
    char *place = strdup(path);
    for (int links = 0; place && lstat(place, &st) == 0 && S_ISLNK(st.st_mode); links++) {
        char *next = links < 40 ? target_of(place) : NULL;
        if (links == 40)
            errno = ELOOP;
        free(place);
        place = next;
    }
    return place;
}

/* A file beside its place that no one else has; -1 with errno. */
static int open_beside(td_writer *w)
{
    struct stat old;
    const mode_t mask = umask(0);
    umask(mask);
    w->place = td_writer_place(w->path);
    const size_t n = w->place ? strlen(w->place) : 0;
    w->temporary = n ? malloc(n + 16) : NULL;
    if (!w->temporary)
        return -1;
    snprintf(w->temporary, n + 16, "%s.part-XXXXXX", w->place);
    const mode_t mode = stat(w->place, &old) == 0 ? old.st_mode & 0777 : 0666 & ~mask;
    const int fd = mkstemp(w->temporary);
    if (fd >= 0 && fchmod(fd, mode)) { /* as it was, or as an ordinary open would make it */
    }
    return fd;
}

bool td_writer_is_stdout(const char *path)
{
    return !strcmp(path, "-") || !strcmp(path, "/dev/stdout") || !strcmp(path, "/dev/fd/1");
}

bool td_writer_in_place(const char *path)
{
    struct stat st;
    return td_writer_is_stdout(path) || !strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6) ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

static int open_place(td_writer *w)
{
    if (td_writer_is_stdout(w->path))
        return dup(STDOUT_FILENO);
    if (td_writer_in_place(w->path))
        return open(w->path, O_WRONLY | O_CLOEXEC);
    return open_beside(w);
}

/* A file's name promises what is in it; Zstandard is unpacked here and not packed. */
static bool is_zst(const char *path)
{
    const size_t n = strlen(path);
    return n > 4 && !strcmp(path + n - 4, ".zst");
}

static bool no_zst(const char *path, td_error *error)
{
    return td_fail(error, "%.300s: cannot be written: Zstandard is only read; name a plain file or one that ends in .gz", path);
}

bool td_writer_check(const char *path, td_error *error)
{
    struct stat st;
    char folder[4096];
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && strcmp(path, "-"))
        return td_fail(error, "%.300s: is a folder; name a file in it", path);
    if (td_writer_in_place(path))
        return true;
    if (is_zst(path))
        return no_zst(path, error);
    char *place = td_writer_place(path);
    const char *slash = place ? strrchr(place, '/') : NULL;
    if (place)
        snprintf(folder, sizeof folder, "%.*s", slash == place ? 1 : slash ? (int)(slash - place) : 1, slash ? place : ".");
    const bool good = place && access(folder, W_OK) == 0;
    if (!good)
        td_fail(error, "%.300s: cannot be written: %s", path, strerror(errno));
    free(place);
    return good;
}

bool td_writer_spares(const char *path, const char *const *inputs, size_t n_inputs, td_error *error)
{
    struct stat out, in;
    if (!path)
        return true;
    if (!td_writer_check(path, error))
        return false;
    if (!strcmp(path, "-") || stat(path, &out) < 0 || !S_ISREG(out.st_mode))
        return true;
    for (size_t i = 0; i < n_inputs; i++)
        if (inputs[i] && strcmp(inputs[i], "-") && stat(inputs[i], &in) == 0 && in.st_dev == out.st_dev &&
            in.st_ino == out.st_ino)
            return td_fail(error, "%.300s: is also an input, which would be lost; name another file to write", path);
    return true;
}

td_writer *td_writer_open(const char *path, td_error *error)
{
    td_writer *w = calloc(1, sizeof *w);
    const size_t n = strlen(path);
    if (is_zst(path) && !td_writer_in_place(path)) {
        free(w);
        no_zst(path, error);
        return NULL;
    }
    if (w && !(w->path = strdup(path))) {
        free(w);
        w = NULL;
    }
    if (!w) {
        td_fail(error, "%.300s: out of memory", path);
        return NULL;
    }
    const int fd = open_place(w);
    if (fd >= 0 && n > 3 && !strcmp(path + n - 3, ".gz"))
        w->gz = gzdopen(fd, "wb6");
    else if (fd >= 0)
        w->file = fdopen(fd, "wb");
    if (w->gz || w->file)
        return w;
    td_fail(error, "%.300s: cannot be written: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    td_writer_abort(w);
    return NULL;
}

static bool cannot(const td_writer *w, td_error *error)
{
    const char *name = strcmp(w->path, "-") ? w->path : "standard output";
    return td_fail(error, "%.300s: cannot be written: %s", name, strerror(errno ? errno : EIO));
}

bool td_writer_put(td_writer *w, const char *data, size_t len, td_error *error)
{
    errno = 0;
    while (w->gz && len) {
        const unsigned n = len > (1u << 30) ? 1u << 30 : (unsigned)len;
        if (gzwrite(w->gz, data, n) != (int)n)
            return cannot(w, error);
        data += n;
        len -= n;
    }
    return !len || fwrite(data, 1, len, w->file) == len || cannot(w, error);
}

static bool shut(td_writer *w)
{
    bool good = true;
    errno = 0;
    if (w->gz)
        good = gzclose(w->gz) == Z_OK;
    if (w->file)
        good = fclose(w->file) == 0;
    w->gz = NULL;
    w->file = NULL;
    return good;
}

/* On the disk before it gets its name: a crash must not leave a name without its bytes. */
static bool sync_file(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

bool td_writer_commit(td_writer *w, td_error *error)
{
    const bool good = (shut(w) && (!w->temporary || (sync_file(w->temporary) && !rename(w->temporary, w->place)))) ||
                      cannot(w, error);
    if (good) {
        free(w->temporary);
        w->temporary = NULL;
    }
    td_writer_abort(w);
    return good;
}

void td_writer_abort(td_writer *w)
{
    if (!w)
        return;
    shut(w);
    if (w->temporary)
        unlink(w->temporary);
    free(w->temporary);
    free(w->place);
    free(w->path);
    free(w);
}

bool td_write_file(const char *path, const char *data, size_t len, td_error *error)
{
    td_writer *w = td_writer_open(path, error);
    const bool put = w && td_writer_put(w, data, len, error);
    return td_writer_end(w, put, error) && put;
}

bool td_writer_end(td_writer *w, bool keep, td_error *error)
{
    if (w && keep)
        return td_writer_commit(w, error);
    td_writer_abort(w);
    return true;
}
