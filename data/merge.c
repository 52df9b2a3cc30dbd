#include "data/merge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/likeness.h"
#include "data/names.h"
#include "data/writer.h"
#include "data/record_raw.h"

/* One outcome as it was given; the next of its tier (another trial) or of its record follow. */
typedef struct {
    size_t raw, len; /* in the text */
    size_t tier;
    size_t next; /* index + 1; 0: the last */
} version;

/* A word of the record's own ("source", "workload"): what the first that gave it said, and, where the record's own
 * line lacks it, its text. */
typedef struct {
    uint64_t hash;   /* 0: no one has said it yet */
    size_t at, len;  /* in the text; len 0: the line says it itself */
} word;

#define N_WORDS 2
static const char *const word_keys[N_WORDS] = {"source", "workload"};

typedef struct {
    uint64_t request, line;
    size_t path;
    word words[N_WORDS];
    size_t first, last; /* versions, index + 1 */
    bool changed, written;
} entry;

typedef struct {
    td_prefer prefer;
    td_files *files;
    td_merge_report *report;
    td_names tiers;
    td_map ids; /* -> entry */
    entry *entries;
    size_t n_entries, room_entries;
    version *versions;
    size_t n_versions, room_versions;
    td_out text, scratch, line;
    td_error conflict, contrary; /* the first of each */
    td_writer *out;
} merger;

static bool grow_entries(merger *m)
{
    if (m->n_entries < m->room_entries)
        return true;
    const size_t room = m->room_entries ? m->room_entries * 2 : 1024;
    entry *wider = realloc(m->entries, room * sizeof *wider);
    if (!wider)
        return false;
    m->entries = wider;
    m->room_entries = room;
    return true;
}

/* Members of the record's "outcomes", and optionally where that value stands. */
static size_t outcomes_of(merger *m, const td_record *r, td_member *members, size_t room, tierce_span *whole)
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

static bool add_version(merger *m, entry *e, size_t tier, tierce_span raw)
{
    if (m->n_versions == m->room_versions) {
        const size_t room = m->room_versions ? m->room_versions * 2 : 4096;
        version *wider = realloc(m->versions, room * sizeof *wider);
        if (!wider)
            return false;
        m->versions = wider;
        m->room_versions = room;
    }
    m->versions[m->n_versions] = (version){m->text.len, raw.len, tier, 0};
    td_put(&m->text, raw.data, raw.len);
    m->n_versions++;
    if (e->last)
        m->versions[e->last - 1].next = m->n_versions;
    else
        e->first = m->n_versions;
    e->last = m->n_versions;
    return !m->text.failed;
}

/* ---- numbers of an outcome ---- */

static const char *const numbers[] = {"score",         "cost_usd",           "input_tokens",
                                      "output_tokens", "latency_s",          "cached_tokens",
                                      "reasoning_tokens", "cache_write_tokens"};

/* Of how many trials an outcome is the mean; an outcome that does not say is one. */
static const char trials_key[] = "trials";

static bool is_number_key(tierce_span key)
{
    if (td_span_is(key, trials_key))
        return true;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (td_span_is(key, numbers[i]))
            return true;
    return false;
}

/* NaN unless a number or a truth. */
static double number_of(tierce_span raw)
{
    td_json json;
    double v = (double)NAN;
    bool yes = false;
    char none[1];
    td_json_start(&json, raw.data, raw.len, none);
    const char c = raw.len ? td_json_peek(&json) : 0;
    if (c == 't' || c == 'f')
        v = td_json_bool(&json, &yes) ? (double)yes : (double)NAN;
    else if (c == '0')
        td_json_number(&json, &v);
    return v;
}

static double trials_of(const td_member *members, size_t n)
{
    const double trials = number_of(td_member_of(members, n, trials_key));
    return trials >= 1 && trials < 1e15 ? trials : 1;
}

#define MAX_KEYS 64

static size_t read_version(merger *m, const version *v, td_member *members, char **strings)
{
    *strings = malloc(v->len ? v->len : 1);
    return *strings ? td_members((tierce_span){m->text.at + v->raw, v->len}, *strings, members, MAX_KEYS) : (size_t)-1;
}

/* Do the two say the same? Equal bytes, or equal numbers of as many trials. */
static bool say_the_same(merger *m, const version *a, tierce_span raw)
{
    td_member x[MAX_KEYS], y[MAX_KEYS];
    if (a->len == raw.len && !memcmp(m->text.at + a->raw, raw.data, raw.len))
        return true;
    char *sx, *sy = malloc(raw.len ? raw.len : 1);
    const size_t nx = read_version(m, a, x, &sx);
    const size_t ny = sy ? td_members(raw, sy, y, MAX_KEYS) : (size_t)-1;
    bool same = nx != (size_t)-1 && ny != (size_t)-1;
    for (size_t i = 0; same && i < sizeof numbers / sizeof *numbers; i++) {
        const double p = number_of(td_member_of(x, nx, numbers[i])), q = number_of(td_member_of(y, ny, numbers[i]));
        same = isnan(p) ? isnan(q) : !(p < q) && !(p > q) && !isnan(q);
    }
    same = same && !(trials_of(x, nx) < trials_of(y, ny)) && !(trials_of(x, nx) > trials_of(y, ny));
    free(sx);
    free(sy);
    return same;
}

/* ---- first pass ---- */

static size_t path_number(const merger *m, const char *path)
{
    size_t i = 0;
    while (i + 1 < m->files->n_paths && strcmp(m->files->paths[i], path))
        i++;
    return i;
}

static void note_conflict(merger *m, const entry *e, const td_record *r, tierce_span tier)
{
    if (!m->report->conflicts++)
        td_fail(&m->conflict,
                "%.200s:%llu: id \"%.*s\" has another outcome of \"%.*s\" than at %.200s:%llu",
                r->path, (unsigned long long)r->line, (int)(r->id.len > 80 ? 80 : r->id.len), r->id.data,
                (int)(tier.len > 60 ? 60 : tier.len), tier.data, m->files->paths[e->path],
                (unsigned long long)e->line);
}

static bool add_outcome(merger *m, entry *e, const td_record *r, const td_member *o)
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
        version *first = NULL;
        for (size_t v = e->first; v && !first; v = m->versions[v - 1].next)
            first = m->versions[v - 1].tier == tier ? &m->versions[v - 1] : NULL;
        if (first && say_the_same(m, first, o->value))
            m->report->same++;
        else
            note_conflict(m, e, r, o->key);
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
static bool gather_words(merger *m, entry *e, const td_record *r, bool fresh)
{
    const tierce_span said[N_WORDS] = {r->source, r->workload};
    for (size_t i = 0; i < N_WORDS; i++) {
        word *w = &e->words[i];
        const uint64_t hash = said[i].len ? td_hash_bytes(1, said[i].data, said[i].len) | 1 : 0;
        if (!hash || hash == w->hash)
            continue;
        if (w->hash) {
            if (!m->report->contrary++)
                td_fail(&m->contrary, "%.200s:%llu: \"%s\" is \"%.*s\", another than at %.200s:%llu", r->path,
                        (unsigned long long)r->line, word_keys[i], (int)(said[i].len > 80 ? 80 : said[i].len),
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
    merger *m = context;
    td_member outcomes[TD_MAX_OUTCOMES];
    tierce_span whole;
    bool fresh;
    const uint64_t request = td_request_hash(r->request);
    uint64_t *at = td_map_at(&m->ids, td_hash_bytes(1, r->id.data, r->id.len), &fresh);
    const size_t n = outcomes_of(m, r, outcomes, TD_MAX_OUTCOMES, &whole);
    if (!at || !grow_entries(m) || n == (size_t)-1)
        return td_fail(error, "%.200s:%llu: out of memory, or more than 256 keys in a record", r->path,
                       (unsigned long long)r->line);
    m->report->lines++;
    if (fresh) {
        *at = m->n_entries;
        m->entries[m->n_entries++] = (entry){request, r->line, path_number(m, r->path), {{0, 0, 0}}, 0, 0, false, false};
    }
    entry *e = &m->entries[*at];
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
    return good || td_fail(error, "%.200s:%llu: out of memory", r->path, (unsigned long long)r->line);
}

/* ---- second pass ---- */

static bool first_of_tier(const merger *m, const entry *e, size_t v)
{
    for (size_t u = e->first; u != v; u = m->versions[u - 1].next)
        if (m->versions[u - 1].tier == m->versions[v - 1].tier)
            return false;
    return true;
}

/* Mean of a number over the versions of a tier that have it, each as heavy as its trials, and *trials of them all;
 * NaN: none has. */
static double mean_number(merger *m, size_t v, const char *key, double *trials)
{
    td_member members[MAX_KEYS];
    const size_t tier = m->versions[v - 1].tier;
    double sum = 0, n = 0;
    *trials = 0;
    for (; v; v = m->versions[v - 1].next) {
        char *strings = NULL;
        if (m->versions[v - 1].tier == tier) {
            const size_t k = read_version(m, &m->versions[v - 1], members, &strings);
            const double x = k == (size_t)-1 ? (double)NAN : number_of(td_member_of(members, k, key));
            const double weight = k == (size_t)-1 ? 1 : trials_of(members, k);
            sum += isnan(x) ? 0 : weight * x;
            n += isnan(x) ? 0 : weight;
            *trials += weight;
        }
        free(strings);
    }
    return n > 0 ? sum / n : (double)NAN;
}

/* The numbers averaged and the trials summed; whatever else the first version holds as it stands. */
static void put_mean(merger *m, size_t v)
{
    td_member members[MAX_KEYS];
    char *strings;
    bool first = true;
    double trials = 0;
    const size_t n = read_version(m, &m->versions[v - 1], members, &strings);
    td_puts(&m->line, "{");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const double mean = mean_number(m, v, numbers[i], &trials);
        if (isnan(mean))
            continue;
        td_puts(&m->line, first ? "\"" : ", \"");
        td_puts(&m->line, numbers[i]);
        td_puts(&m->line, "\": ");
        td_put_exact(&m->line, mean);
        first = false;
    }
    for (size_t i = 0; n != (size_t)-1 && i < n; i++) {
        if (is_number_key(members[i].key))
            continue;
        td_puts(&m->line, ", ");
        td_put_json(&m->line, members[i].key.data, members[i].key.len);
        td_puts(&m->line, ": ");
        td_put(&m->line, members[i].value.data, members[i].value.len);
    }
    td_puts(&m->line, ", \"trials\": ");
    td_put_exact(&m->line, trials);
    td_puts(&m->line, "}");
    free(strings);
}

static void put_outcomes(merger *m, const entry *e)
{
    bool first = true;
    td_puts(&m->line, "{");
    for (size_t v = e->first; v; v = m->versions[v - 1].next) {
        if (!first_of_tier(m, e, v))
            continue;
        const char *name = m->tiers.name[m->versions[v - 1].tier];
        size_t last = v, count = 0;
        for (size_t u = v; u; u = m->versions[u - 1].next)
            if (m->versions[u - 1].tier == m->versions[v - 1].tier) {
                last = u;
                count++;
            }
        td_puts(&m->line, first ? "" : ", ");
        td_put_json(&m->line, name, strlen(name));
        td_puts(&m->line, ": ");
        if (m->prefer == TD_MEAN && count > 1)
            put_mean(m, v);
        else
            td_put(&m->line, m->text.at + m->versions[last - 1].raw, m->versions[last - 1].len);
        first = false;
    }
    td_puts(&m->line, "}");
}

/* Behind the outcomes: what other lines knew of the record and its own lacks. */
static void put_words(merger *m, const entry *e, const td_record *r, bool *failed)
{
    td_member top[256];
    const size_t n = td_members(r->raw, m->scratch.at, top, sizeof top / sizeof *top); /* as outcomes_of made room */
    *failed = *failed || n == (size_t)-1;
    for (size_t i = 0; i < N_WORDS && n != (size_t)-1; i++) {
        if (!e->words[i].len || td_member_of(top, n, word_keys[i]).len)
            continue;
        td_puts(&m->line, ", \"");
        td_puts(&m->line, word_keys[i]);
        td_puts(&m->line, "\": ");
        td_put_json(&m->line, m->text.at + e->words[i].at, e->words[i].len);
        m->report->filled++;
    }
}

static bool put_record(void *context, const td_record *r, td_error *error)
{
    merger *m = context;
    td_member outcomes[TD_MAX_OUTCOMES];
    tierce_span whole;
    bool failed = false;
    const uint64_t *at = td_map_find(&m->ids, td_hash_bytes(1, r->id.data, r->id.len));
    entry *e = at ? &m->entries[*at] : NULL;
    if (!e)
        return td_fail(error, "%.200s:%llu: the file changed while it was read", r->path, (unsigned long long)r->line);
    if (e->written)
        return true;
    e->written = true;
    m->report->records++;
    m->line.len = 0;
    if (e->changed && outcomes_of(m, r, outcomes, TD_MAX_OUTCOMES, &whole) != (size_t)-1) {
        td_put(&m->line, r->raw.data, (size_t)(whole.data - r->raw.data));
        put_outcomes(m, e);
        put_words(m, e, r, &failed);
        td_put(&m->line, whole.data + whole.len, r->raw.len - (size_t)(whole.data + whole.len - r->raw.data));
    } else {
        td_put(&m->line, r->raw.data, r->raw.len);
    }
    td_puts(&m->line, "\n");
    return m->line.failed || failed ? td_fail(error, "out of memory")
                          : td_writer_put(m->out, m->line.at, m->line.len, error);
}

bool td_merge(td_files *files, td_prefer prefer, const char *output, td_merge_report *report,
              td_error *error)
{
    merger m = {.prefer = prefer, .files = files, .report = report};
    memset(report, 0, sizeof *report);
    bool good = td_can_repeat(files, error) && td_each_record(files, TD_WANT_ANY_IDS, gather, &m, error) &&
                td_some_records(report->lines, error);
    if (good && prefer == TD_REFUSE && report->conflicts)
        good = td_fail(error, "%.500s (%llu such conflicts); --prefer first, last or mean settles them",
                       m.conflict.text, (unsigned long long)report->conflicts);
    files->complain = NULL; /* told in the first pass */
    if (good) {
        m.out = td_writer_open(output, error);
        good = m.out && td_each_record(files, TD_WANT_ANY_IDS, put_record, &m, error);
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
