#include "data/merge_in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const td_merge_word_keys[TD_MERGE_WORDS] = {"source", "workload"};

static bool grow_entries(td_merger *m)
{
    if (m->n_entries < m->room_entries)
        return true;
    const size_t room = m->room_entries ? m->room_entries * 2 : 1024;
    td_merge_entry *wider = realloc(m->entries, room * sizeof *wider);
    if (!wider)
        return false;
    m->entries = wider;
    m->room_entries = room;
    return true;
}

size_t td_merge_outcomes(td_merger *m, const td_record *r, td_member *members, size_t room, tierce_span *whole)
{
    td_member top[256];
    m->scratch.len = 0;
    td_put(&m->scratch, r->raw.data, r->raw.len); /* room for the strings, twice */
    td_put(&m->scratch, r->raw.data, r->raw.len);
    if (m->scratch.failed)
        return (size_t)-1;
    const size_t n = td_members(r->raw, m->scratch.at, top, sizeof top / sizeof *top);
    *whole = n == (size_t)-1 ? (tierce_span){NULL, 0} : td_member_of(top, n, "outcomes");
    return whole->len ? td_members(*whole, m->scratch.at + r->raw.len, members, room) : (size_t)-1;
}

size_t td_merge_read(const td_merger *m, const td_version *v, td_member *members, char **strings)
{
    *strings = malloc(v->len ? v->len : 1);
    return *strings ? td_members((tierce_span){m->text.at + v->raw, v->len}, *strings, members, TD_OUTCOME_KEYS) : (size_t)-1;
}

/* Is the outcome that was added last one that the second pass can take apart? */
static bool can_average(const td_merger *m)
{
    td_member members[TD_OUTCOME_KEYS];
    char *strings;
    const bool good = td_merge_read(m, &m->versions[m->n_versions - 1], members, &strings) != (size_t)-1;
    free(strings);
    return good;
}

static bool add_version(td_merger *m, td_merge_entry *e, size_t tier, tierce_span raw)
{
    if (m->n_versions == m->room_versions) {
        const size_t room = m->room_versions ? m->room_versions * 2 : 4096;
        td_version *wider = realloc(m->versions, room * sizeof *wider);
        if (!wider)
            return false;
        m->versions = wider;
        m->room_versions = room;
    }
    m->versions[m->n_versions] = (td_version){m->text.len, raw.len, tier, 0};
    td_put(&m->text, raw.data, raw.len);
    m->n_versions++;
    if (e->last)
        m->versions[e->last - 1].next = m->n_versions;
    else
        e->first = m->n_versions;
    e->last = m->n_versions;
    return !m->text.failed && (m->prefer != TD_MEAN || can_average(m));
}

/* Do the two say the same? Equal bytes, or equal numbers of as many trials. */
static bool say_the_same(td_merger *m, const td_version *a, tierce_span raw)
{
    td_member x[TD_OUTCOME_KEYS], y[TD_OUTCOME_KEYS];
    if (a->len == raw.len && !memcmp(m->text.at + a->raw, raw.data, raw.len))
        return true;
    char *sx, *sy = malloc(raw.len ? raw.len : 1);
    const size_t nx = td_merge_read(m, a, x, &sx);
    const size_t ny = sy ? td_members(raw, sy, y, TD_OUTCOME_KEYS) : (size_t)-1;
    bool same = nx != (size_t)-1 && ny != (size_t)-1;
    m->text.failed = m->text.failed || !sx || !sy; /* not alike would be a conflict that is none */
    for (size_t i = 0; same && i < TD_RAW_NUMBERS; i++) {
        const double p = td_raw_number(td_member_of(x, nx, td_raw_numbers[i])), q = td_raw_number(td_member_of(y, ny, td_raw_numbers[i]));
        same = isnan(p) ? isnan(q) : !(p < q) && !(p > q) && !isnan(q);
    }
    same = same && !(td_raw_trials(x, nx) < td_raw_trials(y, ny)) && !(td_raw_trials(x, nx) > td_raw_trials(y, ny));
    free(sx);
    free(sy);
    return same;
}

static size_t path_number(const td_merger *m, const char *path)
{
    size_t i = 0;
    while (i + 1 < m->files->n_paths && strcmp(m->files->paths[i], path))
        i++;
    return i;
}

static void note_conflict(td_merger *m, const td_merge_entry *e, const td_record *r, tierce_span tier)
{
    if (!m->report->conflicts++)
        td_fail(&m->conflict,
                "%.200s:%llu: id \"%.*s\" has another outcome of \"%.*s\" than at %.200s:%llu",
                r->path, (unsigned long long)r->line, (int)(r->id.len > 80 ? 80 : r->id.len), r->id.data,
                (int)(tier.len > 60 ? 60 : tier.len), tier.data, m->files->paths[e->path],
                (unsigned long long)e->line);
}

static bool add_outcome(td_merger *m, td_merge_entry *e, const td_record *r, const td_member *o)
{
    const size_t tier = td_name_number(&m->tiers, o->key);
    if (tier == TD_NO_NAME)
        return false;
    bool known = false;
    for (size_t v = e->first; v; v = m->versions[v - 1].next) {
        if (m->versions[v - 1].tier != tier)
            continue;
        known = true;
        if (m->prefer != TD_MEAN && say_the_same(m, &m->versions[v - 1], o->value)) {
            m->report->same++;
            return true;
        }
    }
    if (known) {
        td_version *first = NULL;
        for (size_t v = e->first; v && !first; v = m->versions[v - 1].next)
            first = m->versions[v - 1].tier == tier ? &m->versions[v - 1] : NULL;
        if (first && say_the_same(m, first, o->value))
            m->report->same++;
        else if (!m->text.failed)
            note_conflict(m, e, r, o->key);
        if (m->text.failed)
            return false;
        if (m->prefer == TD_FIRST || m->prefer == TD_REFUSE)
            return true;
    } else {
        m->report->added++;
    }
    e->changed = true;
    return add_version(m, e, tier, o->value);
}

/* What another line says of the record itself: taken where no line before has said it, counted where it is another.
 * An empty word that a line gives ("source": "") is its own and stays. */
static bool gather_words(td_merger *m, td_merge_entry *e, const td_record *r, bool fresh)
{
    const tierce_span said[TD_MERGE_WORDS] = {r->source, r->workload};
    for (size_t i = 0; i < TD_MERGE_WORDS; i++) {
        td_merge_word *w = &e->words[i];
        const uint64_t hash = said[i].len ? td_hash_bytes(1, said[i].data, said[i].len) | 1 : 0;
        if (!hash || hash == w->hash)
            continue;
        if (w->hash) {
            if (!m->report->contrary++)
                td_fail(&m->contrary, "%.200s:%llu: \"%s\" is \"%.*s\", another than at %.200s:%llu", r->path,
                        (unsigned long long)r->line, td_merge_word_keys[i], (int)(said[i].len > 80 ? 80 : said[i].len),
                        said[i].data, m->files->paths[e->path], (unsigned long long)e->line);
            continue;
        }
        w->hash = hash;
        if (fresh)
            continue;
        w->at = m->text.len;
        w->len = said[i].len;
        td_put(&m->text, said[i].data, said[i].len);
        e->changed = true;
    }
    return !m->text.failed;
}

static bool gather(void *context, const td_record *r, td_error *error)
{
    td_merger *m = context;
    td_member outcomes[TD_MAX_OUTCOMES];
    tierce_span whole;
    bool fresh;
    const uint64_t request = td_request_hash(r->request);
    uint64_t *at = td_map_at(&m->ids, td_hash_bytes(1, r->id.data, r->id.len), &fresh);
    const size_t n = td_merge_outcomes(m, r, outcomes, TD_MAX_OUTCOMES, &whole);
    if (!at || !grow_entries(m) || n == (size_t)-1)
        return td_fail(error, "%.200s:%llu: out of memory, or more than 256 keys in a record", r->path,
                       (unsigned long long)r->line);
    m->report->lines++;
    if (fresh) {
        *at = m->n_entries;
        m->entries[m->n_entries++] = (td_merge_entry){request, r->line, path_number(m, r->path), {{0, 0, 0}}, 0, 0, false, false};
    }
    td_merge_entry *e = &m->entries[*at];
    if (e->request != request)
        return td_fail(error, "%.200s:%llu: id \"%.*s\" stands for another request than at %.200s:%llu; rename one",
                       r->path, (unsigned long long)r->line, (int)(r->id.len > 80 ? 80 : r->id.len), r->id.data,
                       m->files->paths[e->path], (unsigned long long)e->line);
    bool good = gather_words(m, e, r, fresh);
    for (size_t i = 0; good && i < n; i++) {
        if (fresh) {
            const size_t tier = td_name_number(&m->tiers, outcomes[i].key);
            good = tier != TD_NO_NAME && add_version(m, e, tier, outcomes[i].value);
        } else {
            good = add_outcome(m, e, r, &outcomes[i]);
        }
    }
    return good || td_fail(error, m->text.failed ? "%.200s:%llu: out of memory"
                                                 : "%.200s:%llu: out of memory, or more than 256 keys in an outcome", r->path,
                           (unsigned long long)r->line);
}

bool td_merge(td_files *files, td_prefer prefer, const char *output, td_merge_report *report,
              td_error *error)
{
    td_merger m = {.prefer = prefer, .files = files, .report = report};
    memset(report, 0, sizeof *report);
    bool good = td_can_repeat(files, error) && td_each_record(files, TD_WANT_ANY_IDS, gather, &m, error) &&
                td_some_records(report->lines, error);
    if (good && prefer == TD_REFUSE && report->conflicts)
        good = td_fail(error, "%.500s (%llu such conflicts); --prefer first, last or mean settles them",
                       m.conflict.text, (unsigned long long)report->conflicts);
    files->complain = NULL; /* told in the first pass */
    if (good) {
        m.out = td_writer_open(output, error);
        good = m.out && td_each_record(files, TD_WANT_ANY_IDS, td_merge_write, &m, error);
        good = td_writer_end(m.out, good, error) && good;
    }
    if (report->contrary)
        snprintf(report->first_contrary, sizeof report->first_contrary, "%.*s",
                 (int)sizeof report->first_contrary - 1, m.contrary.text);
    td_names_free(&m.tiers);
    td_map_free(&m.ids);
    free(m.entries);
    free(m.versions);
    free(m.text.at);
    free(m.scratch.at);
    free(m.line.at);
    return good;
}
