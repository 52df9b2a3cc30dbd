#include "data/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct td_folder {
    char *dir, *temporary;
};

static char *path_of(const td_folder *f, const char *name)
{
    const size_t n = strlen(f->temporary) + strlen(name) + 2;
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s/%s", f->temporary, name);
    return path;
}

td_writer *td_folder_file(const td_folder *f, const char *name, td_error *error)
{
    char *path = path_of(f, name);
    td_writer *out = path ? td_writer_open(path, error) : NULL;
    if (!path)
        td_fail(error, "out of memory");
    free(path);
    return out;
}

/* Is DIR free to be made? */
static bool check_free(const char *dir, td_error *error)
{
    struct stat st;
    const char *slash = strrchr(dir, '/'), *last = slash ? slash + 1 : dir;
    if (!*last || !strcmp(last, ".") || !strcmp(last, ".."))
        return td_fail(error, "%s: cannot be replaced whole; name a new folder", dir);
    if (stat(dir, &st) < 0)
        return errno == ENOENT || td_fail(error, "%s: %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return td_fail(error, "%s: is not a folder; name a new one", dir);
    DIR *d = opendir(dir);
    bool empty = d != NULL;
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        empty = empty && (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."));
    if (d)
        closedir(d);
    return empty || td_fail(error, "%s: is not empty; name a new folder (nothing was written)", dir);
}

static void release(td_folder *f)
{
    if (!f)
        return;
    free(f->dir);
    free(f->temporary);
    free(f);
}

td_folder *td_folder_open(const char *dir, td_error *error)
{
    td_folder *f = calloc(1, sizeof *f);
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (!f || !(f->dir = strndup(dir, n)) || !(f->temporary = malloc(n + 24))) {
        td_fail(error, "%s: out of memory", dir);
    } else if (check_free(f->dir, error)) {
        snprintf(f->temporary, n + 24, "%s.partial-XXXXXX", f->dir);
        if (mkdtemp(f->temporary) && chmod(f->temporary, 0755) == 0)
            return f;
        td_fail(error, "%s: cannot be made: %s", f->temporary, strerror(errno));
    }
    release(f);
    return NULL;
}

static bool sync_folder(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool sync_parent(const char *dir)
{
    char *copy = strdup(dir), *slash = copy ? strrchr(copy, '/') : NULL;
    if (slash)
        slash[slash == copy] = 0;
    const bool good = copy && sync_folder(slash ? copy : ".");
    free(copy);
    return good;
}

bool td_folder_commit(td_folder *f, td_error *error)
{
    if (!sync_folder(f->temporary) || rename(f->temporary, f->dir) < 0) {
        td_fail(error, "%s: cannot be renamed to %s: %s", f->temporary, f->dir, strerror(errno));
        td_folder_abort(f);
        return false;
    }
    sync_parent(f->dir); /* some file systems cannot; the rename stands all the same */
    release(f);
    return true;
}

void td_folder_abort(td_folder *f)
{
    if (!f)
        return;
    DIR *d = opendir(f->temporary);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        char *path = strcmp(e->d_name, ".") && strcmp(e->d_name, "..") ? path_of(f, e->d_name) : NULL;
        if (path)
            unlink(path);
        free(path);
    }
    if (d)
        closedir(d);
    rmdir(f->temporary);
    release(f);
}

void td_stem_of(char stem[TD_STEM], const char *name, td_stem_at taken, const void *context, size_t n)
{
    snprintf(stem, TD_STEM / 2, "%s", name);
    for (char *c = stem; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              (*c && strchr("-_", *c)) || (*c == '.' && c > stem)))
            *c = '_';
    for (size_t k = 0; k < n;) {
        const bool again = !strcmp(taken(context, k), stem);
        if (again)
            snprintf(stem + strlen(stem), TD_STEM - strlen(stem), "_%zu", n);
        k = again ? 0 : k + 1;
    }
}
