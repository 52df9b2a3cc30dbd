/* The second pass of a merge: each record where its id first stood, its outcomes put together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/merge_in.h"

static bool first_of_tier(const td_merger *m, const td_merge_entry *e, size_t v)
{
    for (size_t u = e->first; u != v; u = m->versions[u - 1].next)
        if (m->versions[u - 1].tier == m->versions[v - 1].tier)
            return false;
    return true;
}

/* Mean of a number over the versions of a tier that have it, each as heavy as its trials, and *trials of them all;
 * NaN: none has. */
static double mean_number(td_merger *m, size_t v, const char *key, double *trials)
{
    td_member members[TD_OUTCOME_KEYS];
    const size_t tier = m->versions[v - 1].tier;
    double sum = 0, n = 0;
    *trials = 0;
    for (; v; v = m->versions[v - 1].next) {
        char *strings = NULL;
        if (m->versions[v - 1].tier == tier) {
            const size_t k = td_merge_read(m, &m->versions[v - 1], members, &strings);
            m->line.failed = m->line.failed || k == (size_t)-1; /* the first pass read it: memory ended */
            const double x = k == (size_t)-1 ? (double)NAN : td_raw_number(td_member_of(members, k, key));
            const double weight = k == (size_t)-1 ? 1 : td_raw_trials(members, k);
            sum += isnan(x) ? 0 : weight * x;
            n += isnan(x) ? 0 : weight;
            *trials += weight;
        }
        free(strings);
    }
    return n > 0 ? sum / n : (double)NAN;
}

/* The numbers averaged and the trials summed; whatever else the first version holds as it stands. */
static void put_mean(td_merger *m, size_t v)
{
    td_member members[TD_OUTCOME_KEYS];
    char *strings;
    bool first = true;
    double trials = 0;
    const size_t n = td_merge_read(m, &m->versions[v - 1], members, &strings);
    m->line.failed = m->line.failed || n == (size_t)-1;
    td_puts(&m->line, "{");
    for (size_t i = 0; i < TD_RAW_NUMBERS; i++) {
        const double mean = mean_number(m, v, td_raw_numbers[i], &trials);
        if (isnan(mean))
            continue;
        td_puts(&m->line, first ? "\"" : ", \"");
        td_puts(&m->line, td_raw_numbers[i]);
        td_puts(&m->line, "\": ");
        td_put_exact(&m->line, mean);
        first = false;
    }
    for (size_t i = 0; n != (size_t)-1 && i < n; i++) {
        if (td_raw_is_number(members[i].key))
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

static void put_outcomes(td_merger *m, const td_merge_entry *e)
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
static void put_words(td_merger *m, const td_merge_entry *e, const td_record *r, bool *failed)
{
    td_member top[256];
    const size_t n = td_members(r->raw, m->scratch.at, top, sizeof top / sizeof *top); /* as outcomes_of made room */
    *failed = *failed || n == (size_t)-1;
    for (size_t i = 0; i < TD_MERGE_WORDS && n != (size_t)-1; i++) {
        if (!e->words[i].len || td_member_of(top, n, td_merge_word_keys[i]).len)
            continue;
        td_puts(&m->line, ", \"");
        td_puts(&m->line, td_merge_word_keys[i]);
        td_puts(&m->line, "\": ");
        td_put_json(&m->line, m->text.at + e->words[i].at, e->words[i].len);
        m->report->filled++;
    }
}

bool td_merge_write(void *context, const td_record *r, td_error *error)
{
    td_merger *m = context;
    td_member outcomes[TD_MAX_OUTCOMES];
    tierce_span whole;
    bool failed = false;
    const uint64_t *at = td_map_find(&m->ids, td_hash_bytes(1, r->id.data, r->id.len));
    td_merge_entry *e = at ? &m->entries[*at] : NULL;
    if (!e)
        return td_fail(error, "%.200s:%llu: the file changed while it was read", r->path, (unsigned long long)r->line);
    if (e->written)
        return true;
    e->written = true;
    m->report->records++;
    m->line.len = 0;
    if (e->changed && td_merge_outcomes(m, r, outcomes, TD_MAX_OUTCOMES, &whole) != (size_t)-1) {
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
