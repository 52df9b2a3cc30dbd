#include "data/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dom_twice.h"
#include "data/hash_map.h"
#include "data/nearest.h"
#include "data/text_out.h"

typedef struct {
    uint64_t line;
    const char *path;
} place;

typedef struct {
    const td_check_options *options;
    td_findings *findings;
    td_files *files;
    td_map ids, requests, scores; /* -> ordinal, ordinal, score (of a request and tier) */
    place *places;                /* per record */
    td_signature *signatures;
    size_t n, room;
    uint64_t tier_outcomes[TD_MAX_TIERS];
    uint64_t outcomes, costed;
} checker;

static const char *path_of(const checker *c, const char *path)
{
    for (size_t i = 0; i < c->files->n_paths; i++)
        if (!strcmp(c->files->paths[i], path))
            return c->files->paths[i];
    return "<stdin>";
}

static bool make_room(checker *c)
{
    if (c->n < c->room)
        return true;
    const size_t room = c->room ? c->room * 2 : 1024;
    place *places = realloc(c->places, room * sizeof *places);
    if (places)
        c->places = places;
    td_signature *signatures = c->options->near > 0 ? realloc(c->signatures, room * sizeof *signatures) : NULL;
    if (signatures)
        c->signatures = signatures;
    if (!places || (c->options->near > 0 && !signatures))
        return false;
    c->room = room;
    return true;
}

static void found(checker *c, bool fault, const char *what, const td_record *r, const char *detail)
{
    char text[600];
    snprintf(text, sizeof text, "%.200s:%llu: %.300s", r->path, (unsigned long long)r->line, detail);
    td_find(c->findings, fault, what, text);
}

static void found_pair(checker *c, bool fault, const char *what, const td_record *r, size_t earlier)
{
    char text[400];
    snprintf(text, sizeof text, "id \"%.*s\", and %.200s:%llu", (int)(r->id.len > 80 ? 80 : r->id.len), r->id.data,
             c->places[earlier].path, (unsigned long long)c->places[earlier].line);
    found(c, fault, what, r, text);
}

/* ---- outcomes against the tiers ---- */

static uint32_t tier_of(const td_tiers *tiers, tierce_span name)
{
    for (uint32_t t = 0; t < tiers->n; t++)
        for (size_t i = 0; i < tiers->tier[t].n_outcomes; i++)
            if (td_span_is(name, tiers->tier[t].outcomes[i]))
                return t;
    return UINT32_MAX;
}

static void unknown_tier(checker *c, const td_record *r, tierce_span name)
{
    const char *names[TD_MAX_TIERS * 4];
    char wanted[100], text[300];
    size_t n = 0;
    for (uint32_t t = 0; t < c->options->tiers->n; t++)
        for (size_t i = 0; i < c->options->tiers->tier[t].n_outcomes && n < TD_MAX_TIERS * 4; i++)
            names[n++] = c->options->tiers->tier[t].outcomes[i];
    snprintf(wanted, sizeof wanted, "%.*s", (int)(name.len < 99 ? name.len : 99), name.data);
    const char *near = td_nearest(wanted, names, n);
    snprintf(text, sizeof text, "\"%.99s\"%s%.99s%s", wanted, near ? "; the nearest is \"" : "", near ? near : "",
             near ? "\"" : "");
    found(c, true, "an outcome that belongs to no tier of --tiers", r, text);
}

/* Parts that are more than the whole: a harness that counts them apart, or columns that were mixed up. Import says the
 * same of what it reads. */
static void look_at_tokens(checker *c, const td_record *r, const td_outcome *o)
{
    char text[300];
    const double read = isnan(o->cached_tokens) ? 0 : o->cached_tokens;
    const double written = isnan(o->cache_write_tokens) ? 0 : o->cache_write_tokens;
    const int name = (int)(o->name.len > 80 ? 80 : o->name.len);
    if (read + written > o->input_tokens)
        snprintf(text, sizeof text, "\"%.*s\": input %.6g, of which cached %.6g and written %.6g", name, o->name.data,
                 o->input_tokens, read, written);
    else if (o->reasoning_tokens > o->output_tokens)
        snprintf(text, sizeof text, "\"%.*s\": output %.6g, of which reasoning %.6g", name, o->name.data, o->output_tokens,
                 o->reasoning_tokens);
    else
        return;
    found(c, false, "token counts that contradict each other: cached or reasoning ones are more than all", r, text);
}

static void look_at_outcomes(checker *c, const td_record *r)
{
    for (size_t i = 0; i < r->n_outcomes; i++) {
        c->outcomes++;
        c->costed += isnan(r->outcomes[i].cost_usd) ? 0 : 1;
        look_at_tokens(c, r, &r->outcomes[i]);
        if (!c->options->tiers)
            continue;
        const uint32_t t = tier_of(c->options->tiers, r->outcomes[i].name);
        if (t == UINT32_MAX)
            unknown_tier(c, r, r->outcomes[i].name);
        else
            c->tier_outcomes[t]++;
    }
}

/* ---- what came before ---- */

/* The same request again: do its scores agree? False when memory ends. */
static bool compare_scores(checker *c, const td_record *r, uint64_t request, size_t earlier, bool again)
{
    for (size_t i = 0; i < r->n_outcomes; i++) {
        bool fresh;
        uint64_t bits;
        const tierce_span name = r->outcomes[i].name;
        uint64_t *known = td_map_at(&c->scores, td_hash_bytes(request, name.data, name.len), &fresh);
        if (!known)
            return false;
        memcpy(&bits, &r->outcomes[i].score, sizeof bits);
        if (!fresh && again && *known != bits)
            found_pair(c, false, "the same request with another score for the same tier: noise that no model can learn",
                       r, earlier);
        if (fresh)
            *known = bits;
    }
    return true;
}

/* Keys that the reader of records passes over stand nowhere in its way, but other readers take the last of them. */
static void look_for_keys_twice(checker *c, const td_record *r)
{
    char pointer[200];
    td_node *root = td_dom_parse(r->raw.data, r->raw.len, r->path, NULL);
    if (root && td_dom_twice(root, pointer, sizeof pointer))
        found(c, true, TD_KEY_TWICE, r, pointer);
    td_dom_free(root);
}

static bool take(void *context, const td_record *r, td_error *error)
{
    checker *c = context;
    bool fresh_id, fresh_request;
    const uint64_t request = td_request_hash(r->request);
    uint64_t *id = td_map_at(&c->ids, td_hash_bytes(1, r->id.data, r->id.len), &fresh_id);
    uint64_t *seen = td_map_at(&c->requests, request, &fresh_request);
    if (!id || !seen || !make_room(c))
        return td_fail(error, "%s:%llu: out of memory", r->path, (unsigned long long)r->line);
    if (fresh_id)
        *id = c->n;
    else
        found_pair(c, true, "an id that stood before: give every record its own, or join them with tierce data merge", r,
                   (size_t)*id);
    if (fresh_request)
        *seen = c->n;
    else if (fresh_id)
        found_pair(c, false, "the same request under another id", r, (size_t)*seen);
    const size_t earlier = (size_t)*seen;
    if (!compare_scores(c, r, request, earlier, !fresh_request))
        return td_fail(error, "%s:%llu: out of memory", r->path, (unsigned long long)r->line);
    look_at_outcomes(c, r);
    look_for_keys_twice(c, r);
    if (td_request_is_empty(r->request))
        found(c, false, "a request without a word: an empty prompt, or messages that are all empty", r, "nothing to route by");
    c->places[c->n] = (place){r->line, path_of(c, r->path)};
    if (c->options->near > 0) {
        td_sign(&c->signatures[c->n], r->request);
        c->signatures[c->n].tag = (uint32_t)c->n; /* any other record */
        c->signatures[c->n].group = (uint32_t)earlier;
    }
    c->n++;
    return true;
}

/* A bad line's message is "file:line: byte N: what": what it is comes last. */
static void bad_line(void *context, const char *message)
{
    checker *c = context;
    const char *byte = strstr(message, ": byte "), *what = byte ? strstr(byte + 2, ": ") : NULL;
    td_find(c->findings, true, what ? what + 2 : "bad line", message);
}

/* ---- at the end ---- */

static bool look_for_alike(checker *c, td_error *error)
{
    td_likes likes;
    char text[600], what[200];
    if (!(c->options->near > 0))
        return true;
    if (!td_find_alike(c->signatures, c->n, c->options->near, &likes))
        return td_fail(error, "out of memory while looking for near-duplicates; --near 0 does without");
    if (likes.unchecked) {
        snprintf(text, sizeof text, "%llu comparison%s", (unsigned long long)likes.unchecked, td_s(likes.unchecked));
        td_find(c->findings, false, "crowded buckets: comparisons for near-duplicates were left out, there may be more", text);
    }
    if (!likes.alike)
        return true;
    const place *a = &c->places[likes.first], *b = &c->places[likes.with];
    snprintf(what, sizeof what,
             "near-duplicates (MinHash of three-word runs, likeness of at least %g): records with a like one",
             c->options->near);
    snprintf(text, sizeof text, "%.200s:%llu and %.200s:%llu", a->path, (unsigned long long)a->line, b->path,
             (unsigned long long)b->line);
    td_find(c->findings, false, what, text);
    for (uint32_t i = 0; i < c->findings->n; i++)
        if (!strcmp(c->findings->at[i].what, what))
            c->findings->at[i].count = likes.alike;
    return true;
}

static void look_at_tiers(checker *c)
{
    char text[300];
    for (uint32_t t = 0; c->options->tiers && t < c->options->tiers->n; t++)
        if (!c->tier_outcomes[t]) {
            snprintf(text, sizeof text, "tier \"%.200s\"", c->options->tiers->tier[t].name);
            td_find(c->findings, false, "a tier of --tiers without any outcome", text);
        }
    if (c->outcomes && c->costed * 2 < c->outcomes) {
        snprintf(text, sizeof text, "%llu of %llu outcomes have a cost", (unsigned long long)c->costed,
                 (unsigned long long)c->outcomes);
        td_find(c->findings, false, "costs are known for less than half of the outcomes: a policy would go by prices and tokens alone",
                text);
    }
}

/* Keys that nothing reads: instead of one that is read, a warning; beside it, metadata that is told of. */
static void look_at_strays(checker *c, const td_strays *strays)
{
    char what[200], first[300];
    for (size_t i = 0; i < strays->n; i++) {
        const td_stray *s = &strays->at[i];
        const char *where = s->in_outcome ? " in outcomes" : "";
        snprintf(first, sizeof first, "%.200s:%llu", s->path, (unsigned long long)s->line);
        if (s->instead)
            snprintf(what, sizeof what, "unknown key \"%s\"%s; did you mean \"%s\"?", s->key, where, s->meant);
        else
            snprintf(what, sizeof what, "key \"%s\"%s, which is yours: nothing reads it", s->key, where);
        td_find_many(c->findings, !s->instead, what, first, s->instead ? s->instead : s->records);
    }
    if (strays->more)
        td_find_many(c->findings, true, "more keys that nothing reads than are listed", "see the records", 1);
}

bool td_check(td_files *files, const td_check_options *options, td_findings *findings, uint64_t *records,
              td_error *error)
{
    checker c = {.options = options, .findings = findings, .files = files};
    td_strays *strays = calloc(1, sizeof *strays);
    files->strays = strays;
    files->max_bad = UINT64_MAX;
    files->complain = bad_line;
    files->context = &c;
    bool good = strays ? true : td_fail(error, "out of memory");
    good = good && td_each_record(files, TD_WANT_ANY_IDS, take, &c, error) && look_for_alike(&c, error);
    if (good) {
        look_at_tiers(&c);
        look_at_strays(&c, strays);
    }
    files->strays = NULL;
    free(strays);
    *records = c.n;
    td_map_free(&c.ids);
    td_map_free(&c.requests);
    td_map_free(&c.scores);
    free(c.places);
    free(c.signatures);
    return good;
}
