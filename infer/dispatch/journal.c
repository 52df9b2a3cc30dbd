#include "infer/dispatch/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/writer.h"
#include "infer/dispatch/journal_state.h"

ds_key_state ds_journal_expect(ds_journal *j, const char *key, size_t len, uint64_t digest, uint64_t *place)
{
    return ds_keys_expect(&j->keys, key, len, digest, place);
}

/* ---- writing ---- */

static bool write_all(int fd, const char *data, size_t len)
{
    while (len) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static const char *name_of(const ds_journal *j)
{
    return j->target ? j->target : j->stream ? j->stream : "<stdout>";
}

/* The line and its break in one write, so that a kill cuts at most the file's last line. Where the disk was full in the middle
 * of it, what got there goes: a later answer must not stand behind half a line. */
bool ds_journal_append(ds_journal *j, const char *line, size_t len, td_error *error)
{
    char *whole = malloc(len + 1);
    if (!whole)
        return td_fail(error, "out of memory");
    memcpy(whole, line, len);
    whole[len] = '\n';
    errno = EIO;
    const bool written = !j->broken && write_all(j->fd, whole, len + 1);
    const bool good = written && (j->sync != DS_SYNC_ALWAYS || !j->path || !fsync(j->fd));
    const int why = errno;
    free(whole);
    if (written)
        j->offset += len + 1;
    else if (j->path && ftruncate(j->fd, (off_t)j->offset))
        j->broken = true;
    j->dirty = true;
    if (good)
        return true;
    return j->path ? td_fail(error, "%.300s: cannot be written: %s; make room and go on with --resume", name_of(j),
                             strerror(why))
                   : td_fail(error, "%.300s: cannot be written: %s", name_of(j), strerror(why));
}

static void sift_down(ds_waiting *heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && heap[child + 1].place < heap[child].place;
        if (heap[i].place <= heap[child].place)
            return;
        const ds_waiting w = heap[i];
        heap[i] = heap[child];
        heap[child] = w;
    }
}

static bool wait_for_turn(ds_journal *j, ds_waiting w)
{
    if (j->n_heap == j->heap_room) {
        const size_t room = j->heap_room ? j->heap_room * 2 : 256;
        ds_waiting *wider = realloc(j->heap, room * sizeof *wider);
        if (!wider)
            return false;
        j->heap = wider;
        j->heap_room = room;
    }
    size_t i = j->n_heap++;
    for (; i && j->heap[(i - 1) / 2].place > w.place; i = (i - 1) / 2)
        j->heap[i] = j->heap[(i - 1) / 2];
    j->heap[i] = w;
    return true;
}

/* Prints what is due. */
static bool print_due(ds_journal *j, td_error *error)
{
    while (j->n_heap && j->heap[0].place == j->next) {
        const ds_waiting w = j->heap[0];
        j->heap[0] = j->heap[--j->n_heap];
        sift_down(j->heap, j->n_heap, 0);
        j->next++;
        const bool good = ds_journal_append(j, w.line, w.len, error);
        free(w.line);
        if (!good)
            return false;
    }
    return true;
}

bool ds_journal_write(ds_journal *j, uint64_t place, const char *line, size_t len, td_error *error)
{
    if (j->ordered && !j->path) {
        ds_waiting w = {place, malloc(len), len};
        if (!w.line || !wait_for_turn(j, w)) {
            free(w.line);
            return td_fail(error, "out of memory");
        }
        memcpy(w.line, line, len);
        return print_due(j, error);
    }
    const uint64_t offset = j->offset;
    if (!ds_journal_append(j, line, len, error))
        return false;
    j->written++;
    /* without order the book is for a file of which lines must go at the end */
    if (j->path && (j->ordered || j->kept) && !ds_keys_add(&j->keys, place, offset, len))
        return td_fail(error, "out of memory");
    return true;
}

uint64_t ds_journal_waiting(const ds_journal *j)
{
    return j->n_heap;
}

void ds_journal_tick(ds_journal *j)
{
    if (j->sync == DS_SYNC_SECOND && j->dirty && j->path)
        fsync(j->fd);
    j->dirty = false;
}

/* ---- the start ---- */

/* A pipe or a device takes answers as standard output does: nothing of them can be found again. */
static bool open_stream(ds_journal *j, const char *path, bool again, td_error *error)
{
    if (again)
        return td_fail(error, "%.300s: is no file: --resume finds no answers there; leave it out", path);
    j->stream = strdup(path);
    j->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (j->fd >= 0 && j->stream)
        return true;
    return td_fail(error, "%.300s: %s", path, strerror(errno));
}

static bool open_file(ds_journal *j, const char *path, bool again, td_error *error)
{
    struct stat st;
    j->fd = -1;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return td_fail(error, "%.300s: is a folder; name a file in it", path);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return open_stream(j, path, again, error);
    return ds_journal_open_file(j, path, again, error);
}

ds_journal *ds_journal_open(const char *path, bool ordered, bool again, ds_sync sync, td_error *error)
{
    ds_journal *j = calloc(1, sizeof *j);
    bool good = j != NULL || td_fail(error, "out of memory");
    if (path && td_writer_is_stdout(path))
        path = NULL;
    if (good) {
        j->fd = STDOUT_FILENO;
        j->held[0] = j->held[1] = -1;
        j->ordered = ordered;
        j->sync = DS_SYNC_NEVER; /* what is taken over is on the disk before it gets its name */
    }
    if (good && path)
        good = open_file(j, path, again, error);
    if (good) {
        j->sync = path ? sync : DS_SYNC_NEVER;
        return j;
    }
    if (j)
        ds_journal_close(j, false, NULL);
    return NULL;
}

bool ds_journal_is_file(const ds_journal *j)
{
    return j->path != NULL;
}

uint64_t ds_journal_kept(const ds_journal *j)
{
    return j->kept;
}

uint64_t ds_journal_dropped(const ds_journal *j)
{
    return j->dropped;
}

bool ds_journal_unlocked(const ds_journal *j)
{
    return j->unlocked;
}

/* ---- the end ---- */

static bool copy_sorted(ds_journal *j, FILE *to, td_error *error)
{
    char *line = NULL;
    size_t room = 0;
    bool good = true;
    ds_keys_sort(&j->keys);
    for (size_t i = 0; good && i < j->keys.n_entries; i++) {
        const ds_kept *e = &j->keys.entries[i];
        if (!e->len)
            continue;
        if (e->len + 1 > room) {
            free(line);
            line = malloc(room = (e->len + 1) * 2);
        }
        errno = ENOMEM;
        const ssize_t n = line ? pread(j->fd, line, e->len + 1, (off_t)e->offset) : -1;
        if (n >= 0 && n < (ssize_t)e->len + 1)
            good = td_fail(error, "%.300s: is shorter than what was written to it: another program changed it", j->target);
        else
            good = (n > 0 && fwrite(line, 1, e->len + 1, to) == e->len + 1) ||
                   td_fail(error, "%.300s: cannot be written: %s", j->path, strerror(errno));
    }
    free(line);
    return good;
}

/* FILE is what it was at the start, or is not there. */
static bool nobody_came(const ds_journal *j)
{
    return access(j->path, F_OK) ? errno == ENOENT : ds_is_named(j->target == j->path ? j->fd : j->held[1], j->path);
}

/* FILE in the input's order, and without answers that others took the place of. */
static bool sort_into_file(ds_journal *j, td_error *error)
{
    td_error why;
    char *sorted = ds_with_suffix(j->path, DS_SORTED);
    FILE *to = sorted ? fopen(sorted, "wb") : NULL;
    bool good = to ? copy_sorted(j, to, &why) : td_fail(&why, "%.300s: cannot be written: %s", j->path, strerror(errno));
    if (to && ((fflush(to) || fsync(fileno(to))) & good))
        good = td_fail(&why, "%.300s: cannot be written: %s", j->path, strerror(errno));
    if (to && (fclose(to) & good))
        good = td_fail(&why, "%.300s: cannot be written: %s", j->path, strerror(errno));
    if (good && !nobody_came(j))
        good = td_fail(&why, "%.300s: came while this run went on, and is not its own; move it away", j->path);
    if (good && (rename(sorted, j->path) || (j->target == j->partial && unlink(j->partial))))
        good = td_fail(&why, "%.300s: cannot be written: %s", j->path, strerror(errno));
    if (to && !good)
        unlink(sorted);
    free(sorted);
    return good || td_fail(error, "%.400s; the answers are in %.300s, --resume finishes", why.text, j->target);
}

/* Stopped before the first answer: all that FILE.partial holds is in FILE, from which it was made. */
static bool adds_nothing(const ds_journal *j)
{
    return j->target == j->partial && !j->written && j->held[0] < 0 && j->held[1] >= 0 && ds_is_named(j->held[1], j->path) &&
           ds_is_named(j->fd, j->partial);
}

bool ds_journal_close(ds_journal *j, bool complete, td_error *error)
{
    bool good = true;
    if (j->path && j->fd >= 0) {
        good = j->sync == DS_SYNC_NEVER || !error || !fsync(j->fd) ||
               td_fail(error, "%.300s: %s", j->target, strerror(errno));
        if (good && complete && (j->ordered || j->keys.replaced))
            good = sort_into_file(j, error);
        else if (adds_nothing(j))
            unlink(j->partial);
    }
    while (j->n_heap) { /* stopped: answers behind a gap are answers still */
        j->next = j->heap[0].place;
        good = print_due(j, error) && good;
    }
    if ((j->path || j->stream) && j->fd >= 0)
        close(j->fd); /* and its lock: behind the sorting */
    for (int i = 0; i < 2; i++)
        if (j->held[i] >= 0)
            close(j->held[i]);
    free(j->stream);
    free(j->heap);
    ds_keys_free(&j->keys);
    free(j->path);
    free(j->partial);
    free(j);
    return good;
}
