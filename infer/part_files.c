#include "infer/part_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/writer.h"

#define STEM 80

typedef struct {
    char stem[STEM];
    td_writer *out; /* NULL: none open */
    uint32_t parts;
    uint64_t lines, bytes; /* of the open one */
} tier_files;

struct part_files {
    char *dir, *temporary;
    uint64_t max_lines, max_bytes;
    uint32_t n_tiers;
    tier_files tier[TIERCE_MAX_TIERS];
    td_writer *decisions;
};

/* A tier's name as a file's: "gemini/x" is gemini_x; two that fall together get their numbers. */
static void make_stems(part_files *p, const tierce_router *router)
{
    p->n_tiers = tierce_tier_count(router);
    for (uint32_t t = 0; t < p->n_tiers; t++) {
        char *stem = p->tier[t].stem;
        snprintf(stem, STEM / 2, "%s", tierce_tier_name(router, t));
        for (char *c = stem; *c; c++)
            if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                  (*c && strchr("-_", *c)) || (*c == '.' && c > stem)))
                *c = '_';
        for (uint32_t k = 0; k < t;) {
            const bool again = !strcmp(p->tier[k].stem, stem);
            if (again)
                snprintf(stem + strlen(stem), STEM - strlen(stem), "_%u", t);
            k = again ? 0 : k + 1;
        }
    }
}

static char *path_of(const part_files *p, const char *name)
{
    const size_t n = strlen(p->temporary) + strlen(name) + 2;
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s/%s", p->temporary, name);
    return path;
}

static td_writer *open_inside(const part_files *p, const char *name, td_error *error)
{
    char *path = path_of(p, name);
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

part_files *parts_open(const char *dir, const tierce_router *router, uint64_t max_lines, uint64_t max_bytes,
                       td_error *error)
{
    part_files *p = calloc(1, sizeof *p);
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (!p || !(p->dir = strndup(dir, n)) || !(p->temporary = malloc(n + 24))) {
        td_fail(error, "%s: out of memory", dir);
    } else if (check_free(p->dir, error)) {
        snprintf(p->temporary, n + 24, "%s.partial-XXXXXX", p->dir);
        make_stems(p, router);
        p->max_lines = max_lines;
        p->max_bytes = max_bytes;
        if (mkdtemp(p->temporary) && chmod(p->temporary, 0755) == 0) {
            p->decisions = open_inside(p, "decisions.jsonl", error);
            if (p->decisions)
                return p;
            parts_abandon(p);
            return NULL;
        }
        td_fail(error, "%s: cannot be made: %s", p->temporary, strerror(errno));
    }
    if (p) {
        free(p->dir);
        free(p->temporary);
    }
    free(p);
    return NULL;
}

static bool close_part(tier_files *f, td_error *error)
{
    td_writer *out = f->out;
    f->out = NULL;
    return td_writer_end(out, true, error);
}

bool parts_put(part_files *p, uint32_t tier, const char *line, size_t len, td_error *error)
{
    tier_files *f = &p->tier[tier];
    char name[STEM + 24];
    if (f->out && (f->lines == p->max_lines || f->bytes + len > p->max_bytes) && !close_part(f, error))
        return false;
    if (!f->out) {
        snprintf(name, sizeof name, "%s-%05u.jsonl", f->stem, f->parts + 1);
        if (!(f->out = open_inside(p, name, error)))
            return false;
        f->parts++;
        f->lines = f->bytes = 0;
    }
    f->lines++;
    f->bytes += len;
    return td_writer_put(f->out, line, len, error);
}

bool parts_extra(part_files *p, const char *name, const char *text, size_t len, td_error *error)
{
    td_writer *out = open_inside(p, name, error);
    const bool good = out && td_writer_put(out, text, len, error);
    return td_writer_end(out, good, error) && good;
}

bool parts_decision(part_files *p, const char *line, size_t len, td_error *error)
{
    return td_writer_put(p->decisions, line, len, error);
}

uint32_t parts_count(const part_files *p, uint32_t tier)
{
    return p->tier[tier].parts;
}

const char *parts_stem(const part_files *p, uint32_t tier)
{
    return p->tier[tier].stem;
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

static void release(part_files *p)
{
    free(p->dir);
    free(p->temporary);
    free(p);
}

bool parts_finish(part_files *p, td_error *error)
{
    bool good = true;
    for (uint32_t t = 0; t < p->n_tiers; t++)
        good = close_part(&p->tier[t], error) && good;
    good = td_writer_end(p->decisions, good, error) && good;
    p->decisions = NULL;
    if (good && (!sync_folder(p->temporary) || rename(p->temporary, p->dir) < 0))
        good = td_fail(error, "%s: cannot be renamed to %s: %s", p->temporary, p->dir, strerror(errno));
    if (!good) {
        parts_abandon(p);
        return false;
    }
    sync_parent(p->dir); /* some file systems cannot; the rename stands all the same */
    release(p);
    return true;
}

void parts_abandon(part_files *p)
{
    if (!p)
        return;
    for (uint32_t t = 0; t < p->n_tiers; t++)
        td_writer_end(p->tier[t].out, false, NULL);
    td_writer_end(p->decisions, false, NULL);
    DIR *d = opendir(p->temporary);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        char *path = strcmp(e->d_name, ".") && strcmp(e->d_name, "..") ? path_of(p, e->d_name) : NULL;
        if (path)
            unlink(path);
        free(path);
    }
    if (d)
        closedir(d);
    rmdir(p->temporary);
    release(p);
}
