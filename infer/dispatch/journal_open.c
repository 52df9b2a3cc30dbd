/* The journal's start: which files there are, whether another run has them, and what is taken over.
 *
 * Who starts holds, in this order, the locks of FILE.resuming (made for it), FILE.partial and FILE, where they are there. It
 * writes FILE.resuming and renames it to the target, whose lock it then has to its end. The end of an ordered run puts FILE in
 * place before FILE.partial goes: who asks for FILE.partial first misses neither. flock(2) ends with the process, however
 * that ends, and is of the file itself, so a name that leads elsewhere by now is looked up again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/writer.h"
#include "infer/dispatch/journal_state.h"

char *ds_with_suffix(const char *path, const char *suffix)
{
    const size_t room = strlen(path) + strlen(suffix) + 1;
    char *s = malloc(room);
    if (s)
        snprintf(s, room, "%s%s", path, suffix);
    return s;
}

bool ds_is_named(int fd, const char *path)
{
    struct stat mine, there;
    return !fstat(fd, &mine) && !stat(path, &there) && mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

/* *fd -1: there is no such file. */
static bool lock(ds_journal *j, const char *path, int flags, int *fd, td_error *error)
{
    for (int i = 0; i < 1000; i++) {
        *fd = open(path, flags | O_CLOEXEC, 0600);
        if (*fd < 0 && (errno == EACCES || errno == EROFS) && !(flags & O_CREAT)) /* it is replaced, not written */
            *fd = open(path, O_RDONLY | O_CLOEXEC);
        if (*fd < 0)
            return (errno == ENOENT && !(flags & O_CREAT)) ||
                   td_fail(error, "%.300s: %s; check the path", path, strerror(errno));
        const bool have = !flock(*fd, LOCK_EX | LOCK_NB);
        const bool taken = !have && (errno == EWOULDBLOCK || errno == EINTR);
        j->unlocked = j->unlocked || (!have && !taken); /* a file system without locks */
        if (!taken && ds_is_named(*fd, path))
            return true;
        close(*fd);
        *fd = -1;
        if (taken)
            break;
    }
    return td_fail(error, "%.300s: another tierce dispatch is writing it; wait for its end or stop it, then go on with --resume",
                   j->path);
}

/* A file of ours that a killed run left half made: it may be overwritten, another's may not. */
static bool check_left(ds_journal *j, const char *path, td_error *error)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool good = fd < 0 || ds_journal_read_old(j, path, fd, true, error);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool begin(ds_journal *j, td_error *error)
{
    if (j->held[0] < 0 && j->held[1] < 0)
        return true;
    return td_fail(error, "%.300s is there already; go on with --resume, or remove it%s", j->path,
                   j->held[1] < 0 ? " (its .partial file)" : "");
}

/* FILE.partial last: it has what is in FILE, and newer answers. */
static bool go_on(ds_journal *j, td_error *error)
{
    return (j->held[1] < 0 || ds_journal_read_old(j, j->path, j->held[1], false, error)) &&
           (j->held[0] < 0 || ds_journal_read_old(j, j->partial, j->held[0], false, error));
}

static bool make(ds_journal *j, const char *fresh, const char *sorted, bool again, td_error *error)
{
    if (!lock(j, j->partial, O_RDWR, &j->held[0], error) || !lock(j, j->path, O_RDWR, &j->held[1], error) ||
        !check_left(j, sorted, error))
        return false;
    if (ftruncate(j->fd, 0))
        return td_fail(error, "%.300s: cannot be written: %s", fresh, strerror(errno));
    if (!(again ? go_on(j, error) : begin(j, error)))
        return false;
    if (fsync(j->fd) || rename(fresh, j->target) || (j->target == j->path && j->held[0] >= 0 && unlink(j->partial)))
        return td_fail(error, "%.300s: cannot be written: %s", j->target, strerror(errno));
    unlink(sorted); /* of a run that was killed at its end: its answers are in the others */
    return true;
}

bool ds_journal_open_file(ds_journal *j, const char *path, bool again, td_error *error)
{
    j->path = td_writer_place(path); /* what a link leads to is replaced, never the link */
    if (!j->path)
        return td_fail(error, "%.300s: %s", path, strerror(errno));
    j->partial = ds_with_suffix(j->path, ".partial");
    char *fresh = ds_with_suffix(j->path, ".resuming"), *sorted = ds_with_suffix(j->path, DS_SORTED);
    bool good = (j->partial && fresh && sorted) || td_fail(error, "out of memory");
    j->target = j->ordered ? j->partial : j->path;
    good = good && lock(j, fresh, O_RDWR | O_CREAT | O_APPEND, &j->fd, error);
    if (good && ds_journal_read_old(j, fresh, j->fd, true, error)) {
        good = make(j, fresh, sorted, again, error);
        if (!good && ds_is_named(j->fd, fresh))
            unlink(fresh);
    } else {
        good = false;
    }
    free(fresh);
    free(sorted);
    return good;
}
