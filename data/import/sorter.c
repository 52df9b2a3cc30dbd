#include "data/import/sorter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAN 64                     /* runs merged at a time */
#define WINDOW ((size_t)1 << 15)   /* bytes read ahead of a run */

typedef struct {
    td_sort_key key;
    size_t offset, len; /* into the arena */
} item;

typedef struct {
    uint64_t start, end; /* in the file */
} run;

/* A run being read. */
typedef struct {
    uint64_t at, end; /* of the file: the window was read up to `at` */
    char *window;
    size_t next, held; /* unread bytes are window[next..held) */
    td_sort_key key;   /* of the item whose bytes come next */
    uint64_t len;
} cursor;

struct td_sorter {
    size_t memory;
    const char *folder;
    char *arena;
    size_t used, room;
    item *items;
    size_t n_items, items_room, next;
    FILE *file; /* runs, one behind the other */
    run *runs;
    size_t n_runs, runs_room;
    cursor *cursors;
    size_t *heap, n_heap; /* cursors, the smallest key first */
    char *item_bytes;
    size_t item_room;
};

td_sorter *td_sorter_open(size_t memory, const char *folder)
{
    td_sorter *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->memory = memory;
    s->folder = folder;
    s->room = memory / 4 < 4096 ? 4096 : memory / 4; /* grows up to `memory` */
    s->arena = malloc(s->room);
    if (!s->arena) {
        free(s);
        return NULL;
    }
    return s;
}

static void close_cursors(td_sorter *s)
{
    for (size_t i = 0; s->cursors && i < FAN; i++)
        free(s->cursors[i].window);
    free(s->cursors);
    free(s->heap);
    s->cursors = NULL;
    s->heap = NULL;
}

void td_sorter_close(td_sorter *s)
{
    if (!s)
        return;
    close_cursors(s);
    if (s->file)
        fclose(s->file);
    free(s->arena);
    free(s->items);
    free(s->runs);
    free(s->item_bytes);
    free(s);
}

static int compare_keys(const td_sort_key *a, const td_sort_key *b)
{
    for (int i = 0; i < 3; i++)
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

static int compare_items(const void *a, const void *b)
{
    return compare_keys(&((const item *)a)->key, &((const item *)b)->key);
}

static FILE *temporary(const char *folder, td_error *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tierce-import-XXXXXX", folder);
    const int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w+b");
    if (fd >= 0)
        unlink(path);
    if (!f) {
        td_fail(error, "%.300s: no temporary file can be made here: %s", folder, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return f;
}

/* ---- writing runs ---- */

static bool put_item(FILE *f, const td_sort_key *key, const char *data, uint64_t len)
{
    return fwrite(key, sizeof *key, 1, f) == 1 && fwrite(&len, sizeof len, 1, f) == 1 &&
           (!len || fwrite(data, 1, len, f) == len);
}

static bool note_run(td_sorter *s, uint64_t start, td_error *error)
{
    if (s->n_runs == s->runs_room) {
        const size_t room = s->runs_room ? 2 * s->runs_room : 64;
        run *wider = realloc(s->runs, room * sizeof *wider);
        if (!wider)
            return td_fail(error, "out of memory while sorting");
        s->runs = wider;
        s->runs_room = room;
    }
    s->runs[s->n_runs].start = start;
    s->runs[s->n_runs++].end = (uint64_t)ftello(s->file);
    return true;
}

static bool cannot_write(const td_sorter *s, td_error *error)
{
    return td_fail(error, "%.300s: cannot write the temporary file: %s", s->folder, strerror(errno));
}

/* Sorts what is in memory and writes it as a run. */
static bool spill(td_sorter *s, td_error *error)
{
    if (!s->file && !(s->file = temporary(s->folder, error)))
        return false;
    const uint64_t start = (uint64_t)ftello(s->file);
    qsort(s->items, s->n_items, sizeof *s->items, compare_items);
    for (size_t i = 0; i < s->n_items; i++)
        if (!put_item(s->file, &s->items[i].key, s->arena + s->items[i].offset, s->items[i].len))
            return cannot_write(s, error);
    s->n_items = s->used = 0;
    return note_run(s, start, error);
}

/* Room for one more item of `len` bytes, by growth up to the limit, else by spilling. */
static bool make_room(td_sorter *s, size_t len, td_error *error)
{
    const size_t limit = s->memory / (sizeof(item) + 64); /* items may take as much again at most */
    if (s->n_items && (s->n_items >= limit || s->used + len > s->memory) && !spill(s, error))
        return false;
    if (s->used + len > s->room) {
        size_t room = 2 * s->room > s->memory ? s->memory : 2 * s->room;
        room = room < s->used + len ? s->used + len : room;
        char *wider = realloc(s->arena, room);
        if (!wider)
            return td_fail(error, "out of memory while sorting");
        s->arena = wider;
        s->room = room;
    }
    if (s->n_items == s->items_room) {
        const size_t room = s->items_room ? 2 * s->items_room : 256;
        item *wider = realloc(s->items, room * sizeof *wider);
        if (!wider)
            return td_fail(error, "out of memory while sorting");
        s->items = wider;
        s->items_room = room;
    }
    return true;
}

bool td_sorter_add(td_sorter *s, td_sort_key key, const void *data, size_t len, td_error *error)
{
    if (!make_room(s, len, error))
        return false;
    item *it = &s->items[s->n_items++];
    it->key = key;
    it->offset = s->used;
    it->len = len;
    if (len)
        memcpy(s->arena + s->used, data, len);
    s->used += len;
    return true;
}

/* ---- merging ---- */

static bool read_at(const td_sorter *s, uint64_t at, char *into, size_t len, td_error *error)
{
    while (len) {
        const ssize_t n = pread(fileno(s->file), into, len, (off_t)at);
        if (n <= 0)
            return td_fail(error, "%.300s: cannot read the temporary file back: %s", s->folder,
                           n < 0 ? strerror(errno) : "it is shorter than it was");
        at += (uint64_t)n;
        into += n;
        len -= (size_t)n;
    }
    return true;
}

static bool take_bytes(const td_sorter *s, cursor *c, char *into, size_t len, td_error *error)
{
    while (len) {
        if (c->next == c->held) {
            const uint64_t left = c->end - c->at;
            if (len >= WINDOW) { /* long: straight to its place */
                c->at += len;
                return read_at(s, c->at - len, into, len, error);
            }
            c->held = left < WINDOW ? (size_t)left : WINDOW;
            c->next = 0;
            if (!read_at(s, c->at, c->window, c->held, error))
                return false;
            c->at += c->held;
        }
        const size_t n = len < c->held - c->next ? len : c->held - c->next;
        memcpy(into, c->window + c->next, n);
        c->next += n;
        into += n;
        len -= n;
    }
    return true;
}

static bool at_end(const cursor *c)
{
    return c->next == c->held && c->at == c->end;
}

static bool take_head(const td_sorter *s, cursor *c, td_error *error)
{
    return take_bytes(s, c, (char *)&c->key, sizeof c->key, error) &&
           take_bytes(s, c, (char *)&c->len, sizeof c->len, error);
}

/* Lets heap[i] sink to its place. */
static void sink(td_sorter *s, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < s->n_heap; child++)
            if (compare_keys(&s->cursors[s->heap[child]].key, &s->cursors[s->heap[least]].key) < 0)
                least = child;
        if (least == i)
            return;
        const size_t other = s->heap[i];
        s->heap[i] = s->heap[least];
        s->heap[least] = other;
        i = least;
    }
}

static bool start_merge(td_sorter *s, const run *runs, size_t n, td_error *error)
{
    if (!s->cursors) {
        s->cursors = calloc(FAN, sizeof *s->cursors);
        s->heap = calloc(FAN, sizeof *s->heap);
        if (!s->cursors || !s->heap)
            return td_fail(error, "out of memory while sorting");
    }
    if (fflush(s->file))
        return cannot_write(s, error);
    s->n_heap = 0;
    for (size_t i = 0; i < n; i++) {
        cursor *c = &s->cursors[i];
        c->at = runs[i].start;
        c->end = runs[i].end;
        c->next = c->held = 0;
        if (!c->window && !(c->window = malloc(WINDOW)))
            return td_fail(error, "out of memory while sorting");
        if (at_end(c))
            continue;
        if (!take_head(s, c, error))
            return false;
        s->heap[s->n_heap++] = i;
    }
    for (size_t i = s->n_heap; i-- > 0;)
        sink(s, i);
    return true;
}

static int next_merged(td_sorter *s, td_sort_key *key, const char **data, size_t *len, td_error *error)
{
    if (!s->n_heap)
        return 0;
    cursor *c = &s->cursors[s->heap[0]];
    *key = c->key;
    *len = (size_t)c->len;
    if (*len > s->item_room) {
        char *wider = realloc(s->item_bytes, *len);
        if (!wider) {
            td_fail(error, "out of memory while sorting");
            return -1;
        }
        s->item_bytes = wider;
        s->item_room = *len;
    }
    if (!take_bytes(s, c, s->item_bytes, *len, error))
        return -1;
    *data = s->item_bytes;
    if (at_end(c))
        s->heap[0] = s->heap[--s->n_heap];
    else if (!take_head(s, c, error))
        return -1;
    sink(s, 0);
    return 1;
}

/* Merges runs, FAN at a time, into a new file until FAN are left. */
static bool merge_pass(td_sorter *s, td_error *error)
{
    FILE *old = s->file, *fresh = temporary(s->folder, error);
    run *runs = s->runs;
    const size_t n_runs = s->n_runs;
    bool good = fresh != NULL;
    s->runs = NULL;
    s->n_runs = s->runs_room = 0;
    for (size_t from = 0; good && from < n_runs; from += FAN) {
        td_sort_key key;
        const char *data;
        size_t len;
        int status = 1;
        good = start_merge(s, runs + from, n_runs - from < FAN ? n_runs - from : FAN, error);
        const uint64_t start = (uint64_t)ftello(fresh);
        while (good && (status = next_merged(s, &key, &data, &len, error)) > 0)
            if (!put_item(fresh, &key, data, len))
                good = cannot_write(s, error);
        good = good && status == 0;
        s->file = fresh;
        good = good && note_run(s, start, error);
        s->file = old;
    }
    free(runs);
    if (fresh) {
        fclose(old);
        s->file = fresh;
    }
    return good;
}

bool td_sorter_sort(td_sorter *s, td_error *error)
{
    if (!s->n_runs && !s->n_items)
        return true;
    if (!s->n_runs) {
        if (s->n_items)
            qsort(s->items, s->n_items, sizeof *s->items, compare_items);
        return true;
    }
    if (s->n_items && !spill(s, error))
        return false;
    free(s->arena);
    free(s->items);
    s->arena = NULL;
    s->items = NULL;
    while (s->n_runs > FAN)
        if (!merge_pass(s, error))
            return false;
    return start_merge(s, s->runs, s->n_runs, error);
}

int td_sorter_next(td_sorter *s, td_sort_key *key, const char **data, size_t *len, td_error *error)
{
    if (s->n_runs)
        return next_merged(s, key, data, len, error);
    if (s->next == s->n_items)
        return 0;
    const item *it = &s->items[s->next++];
    *key = it->key;
    *data = s->arena + it->offset;
    *len = it->len;
    return 1;
}
