/* What exporters share: the members of a record's line, and which of them a shape cannot carry. */
#include <stdio.h>
#include <string.h>

#include "data/export.h"
#include "data/outcome_raw.h"
#include "data/record_keys.h"

size_t td_export_members(const td_record *r, td_member *top, td_out *strings, unsigned more, td_error *error)
{
    strings->len = 0;
    for (unsigned i = 0; i <= more; i++)
        td_put(strings, r->raw.data, r->raw.len);
    const size_t n = strings->failed ? (size_t)-1 : td_members(r->raw, strings->at, top, TD_EXPORT_KEYS);
    if (n != (size_t)-1 && n)
        return n;
    td_fail(error, "%.200s:%llu: out of memory, or more than 256 keys in a record", r->path, (unsigned long long)r->line);
    return 0;
}

static void lose(td_export_report *report, const td_record *r, const char *what, tierce_span key)
{
    if (!report->lost++)
        snprintf(report->first, sizeof report->first, "%.100s:%llu: %s\"%.*s\"", r->path,
                 (unsigned long long)r->line, what, (int)(key.len > 40 ? 40 : key.len), key.data);
}

static void lose_of_outcomes(td_export_report *report, const td_record *r, tierce_span outcomes, td_out *strings)
{
    td_member inner[TD_EXPORT_KEYS], number[TD_EXPORT_KEYS];
    const size_t m = td_members(outcomes, strings->at + r->raw.len, inner, TD_EXPORT_KEYS);
    for (size_t k = 0; m != (size_t)-1 && k < m; k++) {
        const size_t p = td_members(inner[k].value, strings->at + 2 * r->raw.len, number, TD_EXPORT_KEYS);
        for (size_t j = 0; p != (size_t)-1 && j < p; j++)
            if (!td_is_outcome_number(number[j].key) && !(td_span_is(number[j].key, "trials") && td_is_trials(td_raw_number(number[j].value))))
                lose(report, r, "of an outcome ", number[j].key);
    }
}

void td_export_trials(const td_record *r, const td_member *top, size_t n, td_out *strings, double trials[TD_MAX_OUTCOMES])
{
    td_member inner[TD_EXPORT_KEYS], number[TD_OUTCOME_KEYS];
    const size_t m = td_members(td_member_of(top, n, "outcomes"), strings->at + r->raw.len, inner, TD_EXPORT_KEYS);
    for (size_t i = 0; i < r->n_outcomes; i++) {
        trials[i] = 1;
        for (size_t k = 0; m != (size_t)-1 && k < m; k++) {
            if (inner[k].key.len != r->outcomes[i].name.len || memcmp(inner[k].key.data, r->outcomes[i].name.data, inner[k].key.len))
                continue;
            const size_t p = td_members(inner[k].value, strings->at + 2 * r->raw.len, number, TD_OUTCOME_KEYS);
            trials[i] = p == (size_t)-1 ? 1 : td_raw_trials(number, p);
        }
    }
}

void td_export_lost(td_export_report *report, const td_record *r, const td_member *top, size_t n,
                    td_out *strings, bool (*carries)(tierce_span key))
{
    for (size_t i = 0; i < n; i++) {
        if (td_span_is(top[i].key, "id") || td_span_is(top[i].key, "custom_id"))
            continue;
        if (!carries(top[i].key))
            lose(report, r, "", top[i].key);
        else if (td_span_is(top[i].key, "outcomes"))
            lose_of_outcomes(report, r, top[i].value, strings);
    }
}
