#include "infer/part_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/folder.h"

typedef struct {
    char stem[TD_STEM];
    td_writer *out; /* NULL: none open */
    uint32_t parts;
    uint64_t lines, bytes; /* of the open one */
} tier_files;

struct part_files {
    td_folder *folder;
    uint64_t max_lines, max_bytes;
    uint32_t n_tiers;
    tier_files tier[TIERCE_MAX_TIERS];
    td_writer *decisions;
};

static const char *stem_at(const void *context, size_t k)
{
    return ((const part_files *)context)->tier[k].stem;
}

part_files *parts_open(const char *dir, const tierce_router *router, uint64_t max_lines, uint64_t max_bytes,
                       td_error *error)
{
    part_files *p = calloc(1, sizeof *p);
    if (!p) {
        td_fail(error, "%s: out of memory", dir);
        return NULL;
    }
    p->max_lines = max_lines;
    p->max_bytes = max_bytes;
    p->n_tiers = tierce_tier_count(router);
    for (uint32_t t = 0; t < p->n_tiers; t++)
        td_stem_of(p->tier[t].stem, tierce_tier_name(router, t), stem_at, p, t);
    p->folder = td_folder_open(dir, error);
    p->decisions = p->folder ? td_folder_file(p->folder, "decisions.jsonl", error) : NULL;
    if (p->decisions)
        return p;
    parts_abandon(p);
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
    char name[TD_STEM + 24];
    if (f->out && (f->lines == p->max_lines || f->bytes + len > p->max_bytes) && !close_part(f, error))
        return false;
    if (!f->out) {
        snprintf(name, sizeof name, "%s-%05u.jsonl", f->stem, f->parts + 1);
        if (!(f->out = td_folder_file(p->folder, name, error)))
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
    td_writer *out = td_folder_file(p->folder, name, error);
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

bool parts_finish(part_files *p, td_error *error)
{
    bool good = true;
    for (uint32_t t = 0; t < p->n_tiers; t++)
        good = close_part(&p->tier[t], error) && good;
    good = td_writer_end(p->decisions, good, error) && good;
    p->decisions = NULL;
    if (!good) {
        parts_abandon(p);
        return false;
    }
    good = td_folder_commit(p->folder, error);
    free(p);
    return good;
}

void parts_abandon(part_files *p)
{
    if (!p)
        return;
    for (uint32_t t = 0; t < p->n_tiers; t++)
        td_writer_end(p->tier[t].out, false, NULL);
    td_writer_end(p->decisions, false, NULL);
    td_folder_abort(p->folder);
    free(p);
}
