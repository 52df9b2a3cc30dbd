#include "infer/dispatch/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/json.h"

typedef struct waiting {
    uint64_t place;
    char *line;
    size_t len;
} waiting;

struct ds_journal {
    char *path, *partial; /* NULL for standard output, and for what is no file */
    char *stream;         /* its name: a pipe, a device */
    int fd;
    bool ordered, dirty;
    ds_sync sync;
    ds_keys keys;
    uint64_t offset, kept, dropped;
    waiting *heap; /* standard output in order: a heap by place */
    size_t n_heap, heap_room;
    uint64_t next; /* place to print next */
};

ds_key_state ds_journal_expect(ds_journal *j, const char *key, size_t len, uint64_t *place)
{
    return ds_keys_expect(&j->keys, key, len, place);
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
    return j->partial ? j->partial : j->stream ? j->stream : "<stdout>";
}

/* The line and its break in one write, so that a kill cuts at most the file's last line. */
static bool append(ds_journal *j, const char *line, size_t len, td_error *error)
{
    char *whole = malloc(len + 1);
    if (!whole)
        return td_fail(error, "out of memory");
    memcpy(whole, line, len);
    whole[len] = '\n';
    const bool good = write_all(j->fd, whole, len + 1) && (j->sync != DS_SYNC_ALWAYS || !j->path || !fsync(j->fd));
    free(whole);
    j->offset += len + 1;
    j->dirty = true;
    if (good)
        return true;
    return j->path ? td_fail(error, "%.300s: cannot be written: %s; make room and go on with --resume", name_of(j),
                             strerror(errno))
                   : td_fail(error, "%.300s: cannot be written: %s", name_of(j), strerror(errno));
}

static void sift_down(waiting *heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && heap[child + 1].place < heap[child].place;
        if (heap[i].place <= heap[child].place)
            return;
        const waiting w = heap[i];
        heap[i] = heap[child];
        heap[child] = w;
    }
}

static bool wait_for_turn(ds_journal *j, waiting w)
{
    if (j->n_heap == j->heap_room) {
        const size_t room = j->heap_room ? j->heap_room * 2 : 256;
        waiting *wider = realloc(j->heap, room * sizeof *wider);
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
        const waiting w = j->heap[0];
        j->heap[0] = j->heap[--j->n_heap];
        sift_down(j->heap, j->n_heap, 0);
        j->next++;
        const bool good = append(j, w.line, w.len, error);
        free(w.line);
        if (!good)
            return false;
    }
    return true;
}

bool ds_journal_write(ds_journal *j, uint64_t place, const char *line, size_t len, td_error *error)
{
    if (j->ordered && !j->path) {
        waiting w = {place, malloc(len), len};
        if (!w.line || !wait_for_turn(j, w)) {
            free(w.line);
            return td_fail(error, "out of memory");
        }
        memcpy(w.line, line, len);
        return print_due(j, error);
    }
    if (j->ordered && !ds_keys_add(&j->keys, place, j->offset, len))
        return td_fail(error, "out of memory");
    return append(j, line, len, error);
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

/* ---- what earlier runs left ---- */

/* custom_id and response.status_code of an answer; false when the line is not whole. */
static bool read_answer(const char *line, size_t len, char *text, tierce_span *key, double *status)
{
    td_json json;
    tierce_span name;
    bool first = true;
    td_json_start(&json, line, len, text);
    key->len = 0;
    *status = 0;
    if (td_json_peek(&json) != '{' || !td_json_enter(&json, '{'))
        return false;
    while (td_json_key(&json, &name, &first)) {
        if (td_span_is(name, "custom_id") && td_json_peek(&json) == '"') {
            td_json_string(&json, key);
        } else if (td_span_is(name, "response") && td_json_peek(&json) == '{') {
            bool inner = true;
            td_json_enter(&json, '{');
            while (td_json_key(&json, &name, &inner))
                if (td_span_is(name, "status_code") && td_json_peek(&json) == '0')
                    td_json_number(&json, status);
                else
                    td_json_skip(&json, NULL);
        } else {
            td_json_skip(&json, NULL);
        }
    }
    return td_json_finish(&json) && key->len;
}

/* Failures that another attempt may mend are asked again; a 400 stays a 400. */
static bool is_final(double status)
{
    return (status >= 200 && status < 300) ||
           (status >= 400 && status < 500 && status != 408 && status != 429 && status != 499);
}

/* Copies the good lines of an old file behind the new one. */
static bool take_over(ds_journal *j, const char *path, td_error *error)
{
    struct stat st;
    if (stat(path, &st) && errno == ENOENT)
        return true;
    td_lines *lines = td_lines_open(path, 0, error);
    td_line_status status = lines ? TD_LINE : TD_BROKEN;
    char *line, *text = NULL;
    size_t len, room = 0;
    bool good = true;
    while (good && status == TD_LINE && (status = td_lines_next(lines, &line, &len, error)) == TD_LINE) {
        tierce_span key;
        double code;
        if (len > room) {
            free(text);
            text = malloc(room = len * 2);
        }
        if (!text || !read_answer(line, len, text, &key, &code) || !is_final(code)) {
            j->dropped++;
            continue;
        }
        const ds_key_state state = ds_keys_take_over(&j->keys, key.data, key.len, j->offset, len);
        if (state == DS_KEY_ANSWERED)
            continue; /* in both files */
        good = state == DS_KEY_NEW ? append(j, line, len, error) : td_fail(error, "out of memory");
        j->kept += good;
    }
    free(text);
    if (lines)
        td_lines_close(lines);
    return good && status != TD_BROKEN;
}

static char *with_suffix(const char *path, const char *suffix)
{
    const size_t room = strlen(path) + strlen(suffix) + 1;
    char *s = malloc(room);
    if (s)
        snprintf(s, room, "%s%s", path, suffix);
    return s;
}

static bool resume(ds_journal *j, td_error *error)
{
    char *fresh = with_suffix(j->path, ".resuming");
    bool good = fresh != NULL || td_fail(error, "out of memory");
    if (good) {
        j->fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        good = j->fd >= 0 || td_fail(error, "%.300s: %s", fresh, strerror(errno));
    }
    good = good && take_over(j, j->path, error) &&
           (!strcmp(j->path, j->partial) || take_over(j, j->partial, error));
    if (good && (fsync(j->fd) || rename(fresh, j->partial)))
        good = td_fail(error, "%.300s: %s", j->partial, strerror(errno));
    free(fresh);
    return good;
}

static bool begin(ds_journal *j, td_error *error)
{
    if (access(j->path, F_OK) == 0 || access(j->partial, F_OK) == 0)
        return td_fail(error, "%.300s is there already; go on with --resume, or remove it%s", j->path,
                       access(j->path, F_OK) ? " (its .partial file)" : "");
    j->fd = open(j->partial, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    return j->fd >= 0 || td_fail(error, "%.300s: %s; check the path", j->partial, strerror(errno));
}

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
    j->path = strdup(path);
    j->partial = with_suffix(path, j->ordered ? ".partial" : "");
    if (!j->path || !j->partial)
        return td_fail(error, "out of memory");
    return again ? resume(j, error) : begin(j, error);
}

ds_journal *ds_journal_open(const char *path, bool ordered, bool again, ds_sync sync, td_error *error)
{
    ds_journal *j = calloc(1, sizeof *j);
    bool good = j != NULL || td_fail(error, "out of memory");
    if (good) {
        j->fd = STDOUT_FILENO;
        j->ordered = ordered;
        j->sync = path ? sync : DS_SYNC_NEVER;
    }
    if (good && path)
        good = open_file(j, path, again, error);
    if (good)
        return j;
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

/* ---- the end ---- */

static bool copy_sorted(ds_journal *j, int from, FILE *to)
{
    char *line = NULL;
    size_t room = 0;
    bool good = true;
    ds_keys_sort(&j->keys);
    for (size_t i = 0; good && i < j->keys.n_entries; i++) {
        const ds_kept *e = &j->keys.entries[i];
        if (e->len + 1 > room) {
            free(line);
            line = malloc(room = (e->len + 1) * 2);
        }
        good = line && pread(from, line, e->len + 1, (off_t)e->offset) == (ssize_t)e->len + 1 &&
               fwrite(line, 1, e->len + 1, to) == e->len + 1;
    }
    free(line);
    return good;
}

static bool sort_into_file(ds_journal *j, td_error *error)
{
    char *sorted = with_suffix(j->path, ".sorted");
    const int from = open(j->partial, O_RDONLY | O_CLOEXEC);
    FILE *to = sorted ? fopen(sorted, "wb") : NULL;
    bool good = from >= 0 && to && copy_sorted(j, from, to);
    good = to && !fflush(to) && !fsync(fileno(to)) && good;
    good = to && !fclose(to) && good;
    good = good && !rename(sorted, j->path) && !unlink(j->partial);
    if (from >= 0)
        close(from);
    free(sorted);
    return good || td_fail(error, "%.300s: cannot be written: %s; the answers are in %.300s, --resume finishes", j->path,
                           strerror(errno), j->partial);
}

bool ds_journal_close(ds_journal *j, bool complete, td_error *error)
{
    bool good = true;
    if (j->path && j->fd >= 0) {
        good = j->sync == DS_SYNC_NEVER || !fsync(j->fd) || td_fail(error, "%.300s: %s", j->partial, strerror(errno));
        close(j->fd);
        if (good && complete && j->ordered)
            good = sort_into_file(j, error);
    }
    while (j->n_heap) { /* stopped: answers behind a gap are answers still */
        j->next = j->heap[0].place;
        good = print_due(j, error) && good;
    }
    if (j->stream && j->fd >= 0)
        close(j->fd);
    free(j->stream);
    free(j->heap);
    ds_keys_free(&j->keys);
    free(j->path);
    free(j->partial);
    free(j);
    return good;
}
