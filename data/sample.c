#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/names.h"
#include "data/text_out.h"
#include "data/writer.h"
#include "data/select.h"

typedef struct {
    uint64_t *priority;
    size_t n, room, quota;
    uint64_t last; /* the greatest priority that is taken; quota 0: none */
    double remainder;
} stratum;

typedef struct {
    const td_sample_options *options;
    td_names sources;
    stratum *strata;
    size_t room;
    uint64_t records, taken;
    td_writer *out;
} sampler;

static uint64_t priority_of(const sampler *s, const td_record *r)
{
    return td_hash_bytes(s->options->seed * 0x9e3779b97f4a7c15u + 1, r->id.data, r->id.len);
}

static bool add(stratum *t, uint64_t priority)
{
    if (t->n == t->room) {
        const size_t room = t->room ? t->room * 2 : 256;
        uint64_t *wider = realloc(t->priority, room * sizeof *wider);
        if (!wider)
            return false;
        t->priority = wider;
        t->room = room;
    }
    t->priority[t->n++] = priority;
    return true;
}

static bool gather(void *context, const td_record *r, td_error *error)
{
    sampler *s = context;
    const size_t source = td_name_number(&s->sources, r->source);
    bool good = source != TD_NO_NAME;
    if (good && source >= s->room) {
        const size_t room = (source + 1) * 2;
        stratum *wider = realloc(s->strata, room * sizeof *wider);
        good = wider != NULL;
        if (good) {
            memset(wider + s->room, 0, (room - s->room) * sizeof *wider);
            s->strata = wider;
            s->room = room;
        }
    }
    if (!good || !add(&s->strata[source], priority_of(s, r)))
        return td_fail(error, "%s:%llu: out of memory", r->path, (unsigned long long)r->line);
    s->records++;
    return true;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Whole parts first; what is left over goes to the largest remainders, earlier sources first. */
static void share_out(sampler *s)
{
    const uint64_t want = s->options->n ? s->options->n : (uint64_t)(s->options->share * (double)s->records + 0.5);
    const uint64_t n = want < s->records ? want : s->records;
    uint64_t given = 0;
    for (size_t i = 0; i < s->sources.n; i++) {
        stratum *t = &s->strata[i];
        const double exact = (double)n * (double)t->n / (double)s->records;
        t->quota = (size_t)exact;
        t->remainder = exact - (double)t->quota;
        given += t->quota;
    }
    for (; given < n; given++) {
        size_t best = 0;
        for (size_t i = 1; i < s->sources.n; i++)
            if (s->strata[i].remainder > s->strata[best].remainder)
                best = i;
        s->strata[best].quota++;
        s->strata[best].remainder -= 1;
    }
    for (size_t i = 0; i < s->sources.n; i++) {
        stratum *t = &s->strata[i];
        t->quota = t->quota < t->n ? t->quota : t->n;
        qsort(t->priority, t->n, sizeof *t->priority, by_number);
        t->last = t->quota ? t->priority[t->quota - 1] : 0;
    }
}

static bool choose(void *context, const td_record *r, td_error *error)
{
    sampler *s = context;
    const stratum *t = &s->strata[td_name_number(&s->sources, r->source)];
    if (!t->quota || priority_of(s, r) > t->last)
        return true;
    s->taken++;
    return td_writer_put(s->out, r->raw.data, r->raw.len, error) && td_writer_put(s->out, "\n", 1, error);
}

static void tell(const sampler *s, td_out *report)
{
    char text[300];
    snprintf(text, sizeof text, "%llu of %llu record%s, seed %llu\n", (unsigned long long)s->taken,
             (unsigned long long)s->records, td_s(s->records), (unsigned long long)s->options->seed);
    td_puts(report, text);
    for (size_t i = 0; i < s->sources.n; i++) {
        snprintf(text, sizeof text, "  %-32.100s %8zu of %zu\n", *s->sources.name[i] ? s->sources.name[i] : "(no source)",
                 s->strata[i].quota, s->strata[i].n);
        td_puts(report, text);
    }
}

bool td_sample(td_files *files, const td_sample_options *options, const char *output, td_out *report,
               td_error *error)
{
    sampler s = {.options = options};
    bool good = td_can_repeat(files, error) && td_each_record(files, TD_WANT_RECORDS, gather, &s, error) &&
                td_some_records(s.records, error);
    if (good) {
        share_out(&s);
        files->complain = NULL; /* told in the first pass */
        s.out = td_writer_open(output, error);
        good = s.out && td_each_record(files, TD_WANT_RECORDS, choose, &s, error);
        good = td_writer_end(s.out, good, error) && good;
    }
    if (good)
        tell(&s, report);
    for (size_t i = 0; i < s.room; i++)
        free(s.strata[i].priority);
    free(s.strata);
    td_names_free(&s.sources);
    return good;
}
