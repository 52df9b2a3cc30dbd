/* Splits without leaks: one request never stands on two sides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data/likeness.h"
#include "data/names.h"
#include "data/text_out.h"
#include "data/writer.h"
#include "data/select.h"

typedef struct {
    uint64_t size;
    size_t parent; /* union-find */
    uint32_t side;
} source_group;

typedef struct {
    const td_split_options *options;
    uint32_t total; /* of the shares */
    td_map requests; /* request -> least crc32, or its first source */
    td_names sources;
    source_group *groups;
    size_t room;
    uint64_t records, side_records[TD_MAX_SIDES], moved, joined;
    td_writer *out[TD_MAX_SIDES];
    td_signature *signatures;
    size_t room_signatures;
} splitter;

static uint32_t crc_of(tierce_span id)
{
    uLong crc = crc32(0, NULL, 0);
    const char *at = id.data;
    for (size_t left = id.len; left; ) {
        const uInt n = left > (1u << 30) ? 1u << 30 : (uInt)left;
        crc = crc32(crc, (const Bytef *)at, n);
        at += n;
        left -= n;
    }
    return (uint32_t)crc;
}

static uint32_t side_of_crc(const splitter *s, uint32_t crc)
{
    uint32_t at = crc % s->total, side = 0;
    while (at >= s->options->share[side])
        at -= s->options->share[side++];
    return side;
}

/* ---- by source ---- */

static size_t root_of(splitter *s, size_t source)
{
    while (s->groups[source].parent != source)
        source = s->groups[source].parent = s->groups[s->groups[source].parent].parent;
    return source;
}

static bool source_number(splitter *s, const td_record *r, size_t *number)
{
    *number = td_name_number(&s->sources, r->source);
    if (*number == TD_NO_NAME)
        return false;
    if (*number < s->room)
        return true;
    const size_t room = (*number + 1) * 2;
    source_group *wider = realloc(s->groups, room * sizeof *wider);
    if (!wider)
        return false;
    for (size_t i = s->room; i < room; i++)
        wider[i] = (source_group){0, i, 0};
    s->groups = wider;
    s->room = room;
    return true;
}

static void join(splitter *s, size_t a, size_t b)
{
    a = root_of(s, a);
    b = root_of(s, b);
    if (a == b)
        return;
    const size_t low = a < b ? a : b, high = a < b ? b : a;
    s->groups[high].parent = low;
    s->groups[low].size += s->groups[high].size;
    s->joined++;
}

/* The largest group first, each to the side that lacks most. */
static bool place_groups(splitter *s, td_error *error)
{
    double lacks[TD_MAX_SIDES];
    uint32_t used = 0;
    bool taken[TD_MAX_SIDES] = {false};
    bool *done = calloc(s->sources.n + 1, sizeof *done);
    if (!done)
        return td_fail(error, "out of memory");
    for (uint32_t i = 0; i < s->options->n; i++)
        lacks[i] = (double)s->records * s->options->share[i] / s->total;
    for (;;) {
        size_t best = s->sources.n;
        uint32_t side = 0;
        for (size_t i = 0; i < s->sources.n; i++)
            if (root_of(s, i) == i && !done[i] && (best == s->sources.n || s->groups[i].size > s->groups[best].size))
                best = i;
        if (best == s->sources.n)
            break;
        done[best] = true;
        for (uint32_t i = 1; i < s->options->n; i++)
            side = lacks[i] > lacks[side] ? i : side;
        lacks[side] -= (double)s->groups[best].size;
        s->groups[best].side = side;
        used += !taken[side];
        taken[side] = true;
    }
    free(done);
    return used == s->options->n ||
           td_fail(error,
                   "%zu sources in %zu groups (those that share a request go together) do not fill %u sides; "
                   "split by id instead, or ask for fewer",
                   s->sources.n, s->sources.n - (size_t)s->joined, s->options->n);
}

/* ---- the two passes ---- */

static bool no_memory(const td_record *r, td_error *error)
{
    return td_fail(error, "%s:%llu: out of memory", r->path, (unsigned long long)r->line);
}

static bool gather(void *context, const td_record *r, td_error *error)
{
    splitter *s = context;
    bool fresh;
    size_t source = 0;
    const uint32_t crc = crc_of(r->id);
    uint64_t *known = td_map_at(&s->requests, td_request_hash(r->request), &fresh);
    if (!known || (s->options->by_source && !source_number(s, r, &source)))
        return no_memory(r, error);
    s->records++;
    if (s->options->by_source) {
        s->groups[root_of(s, source)].size++;
        if (fresh)
            *known = source;
        else
            join(s, source, (size_t)*known);
    } else if (fresh || crc < *known) {
        *known = crc;
    }
    return true;
}

static bool keep_signature(splitter *s, const td_record *r, uint64_t at, uint32_t side)
{
    if (at >= s->room_signatures) {
        const size_t room = s->room_signatures ? s->room_signatures * 2 : 1024;
        td_signature *wider = realloc(s->signatures, room * sizeof *wider);
        if (!wider)
            return false;
        s->signatures = wider;
        s->room_signatures = room;
    }
    td_signature *g = &s->signatures[at];
    td_sign(g, r->request);
    g->tag = side;
    g->group = (uint32_t)at;
    return true;
}

static bool put_record(void *context, const td_record *r, td_error *error)
{
    splitter *s = context;
    const uint64_t *known = td_map_find(&s->requests, td_request_hash(r->request));
    uint32_t side;
    size_t source;
    if (!known)
        return td_fail(error, "%s:%llu: the file changed while it was read", r->path, (unsigned long long)r->line);
    if (s->options->by_source) {
        if (!source_number(s, r, &source))
            return no_memory(r, error);
        side = s->groups[root_of(s, source)].side;
    } else {
        side = side_of_crc(s, (uint32_t)*known);
        s->moved += side != side_of_crc(s, crc_of(r->id));
    }
    uint64_t at = 0;
    for (uint32_t i = 0; i < s->options->n; i++)
        at += s->side_records[i];
    if (s->options->near > 0 && !keep_signature(s, r, at, side))
        return no_memory(r, error);
    s->side_records[side]++;
    return td_writer_put(s->out[side], r->raw.data, r->raw.len, error) && td_writer_put(s->out[side], "\n", 1, error);
}

/* ---- files and report ---- */

static void side_name(const td_split_options *o, uint32_t side, char *text, size_t room)
{
    if (o->folds)
        snprintf(text, room, "fold%u", side);
    else if (o->n <= 3)
        snprintf(text, room, "%s", side == 0 ? "train" : side + 1 == o->n ? "test" : "dev");
    else
        snprintf(text, room, "part%u", side);
}

/* "x.jsonl.gz", train -> "x-train.jsonl.gz" */
static char *side_path(const char *name, const char *side)
{
    const size_t n = strlen(name), room = n + strlen(side) + 16;
    const char *ending = ".jsonl";
    size_t stem = n;
    if (n > 6 && !strcmp(name + n - 6, ".jsonl"))
        stem = n - 6;
    if (n > 9 && !strcmp(name + n - 9, ".jsonl.gz")) {
        stem = n - 9;
        ending = ".jsonl.gz";
    }
    char *path = malloc(room);
    if (path)
        snprintf(path, room, "%.*s-%s%s", (int)stem, name, side, ending);
    return path;
}

static bool open_sides(splitter *s, const td_files *files, const char *name, td_error *error)
{
    for (uint32_t i = 0; i < s->options->n; i++) {
        char side[24];
        side_name(s->options, i, side, sizeof side);
        char *path = side_path(name, side);
        if (path && td_writer_spares(path, files->paths, files->n_paths, error))
            s->out[i] = td_writer_open(path, error);
        if (!path)
            td_fail(error, "out of memory");
        free(path);
        if (!s->out[i])
            return false;
    }
    return true;
}

static void tell_alike(splitter *s, td_out *report, char *text, size_t room)
{
    td_likes likes;
    if (!(s->options->near > 0))
        return;
    if (!td_find_alike(s->signatures, (size_t)s->records, s->options->near, &likes)) {
        td_puts(report, "near-duplicates were not counted: out of memory\n");
        return;
    }
    snprintf(text, room,
             "%llu record%s %s a near-duplicate on another side (MinHash of three-word runs, likeness of at least %g)\n",
             (unsigned long long)likes.alike, td_s(likes.alike), likes.alike == 1 ? "has" : "have", s->options->near);
    td_puts(report, text);
    if (likes.unchecked) {
        snprintf(text, room, "  comparisons left out in crowded buckets: %llu; there may be more\n",
                 (unsigned long long)likes.unchecked);
        td_puts(report, text);
    }
}

static void tell(splitter *s, td_out *report)
{
    char text[400], side[24];
    unsigned empty = 0;
    for (uint32_t i = 0; i < s->options->n; i++) {
        side_name(s->options, i, side, sizeof side);
        snprintf(text, sizeof text, "%-8s %8llu record%s, %.1f %%\n", side, (unsigned long long)s->side_records[i],
                 td_s(s->side_records[i]), 100 * (double)s->side_records[i] / (double)(s->records ? s->records : 1));
        td_puts(report, text);
        if (!s->side_records[i])
            empty++;
    }
    if (empty) {
        snprintf(text, sizeof text, "warning: %u side%s empty: too few records for these shares\n", empty,
                 empty == 1 ? " is" : "s are");
        td_puts(report, text);
    }
    if (s->options->by_source)
        snprintf(text, sizeof text, "%zu source%s; %llu joined to another because they share a request\n",
                 s->sources.n, td_s(s->sources.n), (unsigned long long)s->joined);
    else
        snprintf(text, sizeof text, "%zu different request%s; %llu record%s went to the side of an equal request\n",
                 s->requests.n, td_s(s->requests.n), (unsigned long long)s->moved, td_s(s->moved));
    td_puts(report, text);
    tell_alike(s, report, text, sizeof text);
}

bool td_split(td_files *files, const td_split_options *options, const char *name, td_out *report,
              td_error *error)
{
    splitter *s = calloc(1, sizeof *s);
    if (!s)
        return td_fail(error, "out of memory");
    s->options = options;
    for (uint32_t i = 0; i < options->n; i++)
        s->total += options->share[i];
    bool good = td_can_repeat(files, error) && td_each_record(files, TD_WANT_RECORDS, gather, s, error) &&
                td_some_records(s->records, error) &&
                (!options->by_source || place_groups(s, error)) && open_sides(s, files, name, error);
    files->complain = NULL; /* told in the first pass */
    good = good && td_each_record(files, TD_WANT_RECORDS, put_record, s, error);
    for (uint32_t i = 0; i < options->n; i++)
        good = td_writer_end(s->out[i], good, error) && good;
    if (good)
        tell(s, report);
    td_map_free(&s->requests);
    td_names_free(&s->sources);
    free(s->groups);
    free(s->signatures);
    free(s);
    return good;
}

static uint32_t divisor(uint32_t a, uint32_t b)
{
    return b ? divisor(b, a % b) : a;
}

bool td_parse_shares(const char *text, td_split_options *o)
{
    uint32_t common = 0;
    o->n = 0;
    for (;;) {
        char *end;
        const unsigned long v = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
        if (v < 1 || v > 1000000 || o->n == TD_MAX_SIDES)
            return false;
        o->share[o->n++] = (uint32_t)v;
        common = divisor((uint32_t)v, common);
        if (!*end)
            break;
        if (*end != '/')
            return false;
        text = end + 1;
    }
    for (uint32_t i = 0; i < o->n; i++)
        o->share[i] /= common;
    return o->n > 1;
}
