#include "data/import/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/hash_map.h"

#define MAX_DEPTH 64

typedef struct {
    dev_t device;
    ino_t inode;
} place;

typedef struct {
    td_files *files;
    place *seen; /* folders entered so far */
    size_t n_seen, room_seen;
    td_map known; /* files by device and inode -> index */
    size_t argument; /* that is walked, index + 1 */
    td_error *error;
} walk;

static void again(walk *w)
{
    if (!w->files->again++)
        w->files->first_again = w->argument;
}

void td_files_free(td_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->at[i].path);
    free(files->at);
    memset(files, 0, sizeof *files);
}

static bool stat_folder(const char *path, struct stat *st)
{
    char folder[4096] = "."; /* as long as a path may be */
    const char *slash = strrchr(path, '/');
    const size_t n = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof folder)
        return false;
    if (n) {
        memcpy(folder, path, n);
        folder[n] = 0;
    }
    return !stat(folder, st);
}

/* Of two paths to one file: another spelling? A link of another name may be what the file is known by (caches keep files
 * under a hash, and link to them). */
static bool same_path(const char *a, const char *b)
{
    struct stat x, y;
    const char *name_a = strrchr(a, '/'), *name_b = strrchr(b, '/');
    return !strcmp(name_a ? name_a + 1 : a, name_b ? name_b + 1 : b) && stat_folder(a, &x) && stat_folder(b, &y) &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Takes the path over. */
static bool add_file(walk *w, char *path, const struct stat *st, bool by_name)
{
    td_files *f = w->files;
    const uint64_t inode[2] = {(uint64_t)st->st_dev, (uint64_t)st->st_ino};
    bool fresh;
    uint64_t *known = td_map_at(&w->known, td_hash_bytes(0, inode, sizeof inode), &fresh);
    if (!known) {
        free(path);
        return td_fail(w->error, "out of memory for the list of files");
    }
    if (fresh) {
        *known = f->n;
    } else if (same_path(f->at[*known].path, path)) {
        f->at[*known].by_name = f->at[*known].by_name || by_name;
        again(w);
        free(path);
        return true;
    }
    if (f->n == f->room) {
        const size_t room = f->room ? 2 * f->room : 64;
        td_file *wider = realloc(f->at, room * sizeof *wider);
        if (!wider) {
            free(path);
            return td_fail(w->error, "out of memory for the list of files");
        }
        f->at = wider;
        f->room = room;
    }
    f->at[f->n].path = path;
    f->at[f->n++].by_name = by_name;
    return true;
}

/* Notes a folder; false when it was entered before. Memory that ends counts as entered. */
static bool enter(walk *w, const struct stat *st)
{
    for (size_t i = 0; i < w->n_seen; i++)
        if (w->seen[i].device == st->st_dev && w->seen[i].inode == st->st_ino)
            return false;
    if (w->n_seen == w->room_seen) {
        const size_t room = w->room_seen ? 2 * w->room_seen : 64;
        place *wider = realloc(w->seen, room * sizeof *wider);
        if (!wider)
            return false;
        w->seen = wider;
        w->room_seen = room;
    }
    w->seen[w->n_seen].device = st->st_dev;
    w->seen[w->n_seen++].inode = st->st_ino;
    return true;
}

static char *join(const char *folder, const char *name)
{
    const size_t a = strlen(folder), b = strlen(name);
    char *path = malloc(a + b + 2);
    if (!path)
        return NULL;
    memcpy(path, folder, a);
    size_t at = a;
    if (!a || folder[a - 1] != '/')
        path[at++] = '/';
    memcpy(path + at, name, b + 1);
    return path;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The entries of a folder as sorted paths; *n of them. */
static char **entries(const char *folder, size_t *n, td_error *error)
{
    DIR *dir = opendir(folder);
    char **list = NULL;
    size_t room = 0;
    *n = 0;
    if (!dir) {
        td_fail(error, "%.300s: %s", folder, strerror(errno));
        return NULL;
    }
    bool good = true;
    for (struct dirent *e; good && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        if (*n == room) {
            char **wider = realloc(list, (room = 2 * room + 64) * sizeof *wider);
            good = wider != NULL;
            list = good ? wider : list;
        }
        if (good)
            good = (list[*n] = join(folder, e->d_name)) != NULL;
        *n += good;
    }
    closedir(dir);
    if (!list && good && !(list = malloc(sizeof *list)))
        good = false;
    if (good) {
        qsort(list, *n, sizeof *list, by_name);
        return list;
    }
    for (size_t i = 0; i < *n; i++)
        free(list[i]);
    free(list);
    *n = 0;
    td_fail(error, "%.300s: out of memory for its names", folder);
    return NULL;
}

/* Takes the path over. Recursion is bounded by MAX_DEPTH. */
static bool visit(walk *w, char *path, unsigned depth)
{
    struct stat st;
    if (stat(path, &st)) {
        const bool dangling = depth > 0 && (errno == ENOENT || errno == ELOOP); /* a link to nowhere */
        if (!dangling)
            td_fail(w->error, "%.300s: %s; check the path", path, strerror(errno));
        free(path);
        return dangling;
    }
    if (S_ISREG(st.st_mode))
        return add_file(w, path, &st, depth == 0);
    if (!S_ISDIR(st.st_mode)) {
        if (depth == 0)
            td_fail(w->error, "%.300s: neither a file nor a folder", path);
        free(path);
        return depth > 0;
    }
    bool good = true;
    if (depth >= MAX_DEPTH) {
        good = td_fail(w->error, "%.300s: folders nest deeper than %d", path, MAX_DEPTH);
    } else if (enter(w, &st)) {
        size_t n = 0;
        char **list = entries(path, &n, w->error);
        good = list != NULL;
        for (size_t i = 0; i < n; i++) {
            if (good)
                good = visit(w, list[i], depth + 1);
            else
                free(list[i]);
        }
        free(list);
    } else {
        again(w);
    }
    free(path);
    return good;
}

bool td_walk(td_files *files, const char *const *paths, size_t n, td_error *error)
{
    walk w = {.files = files, .error = error};
    bool good = true;
    for (size_t i = 0; good && i < n; i++) {
        const size_t before = files->n, met = files->again;
        w.argument = i + 1;
        if (!strcmp(paths[i], "-")) {
            good = td_fail(error, "-: import reads a file more than once, so standard input will not "
                                  "do; write it to a file first");
            break;
        }
        char *copy = strdup(paths[i]);
        good = copy ? visit(&w, copy, 0) : td_fail(error, "out of memory");
        if (good && files->n == before && files->again == met)
            good = td_fail(error, "%.300s: no file in this folder; name the folder that the harness "
                                  "wrote its results to", paths[i]);
    }
    free(w.seen);
    td_map_free(&w.known);
    return good;
}
