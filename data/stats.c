#include "data/stats.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct td_length {
    uint32_t source;
    uint32_t bytes;
};

/* ---- gathering ---- */

/* Makes room for item i of an array of zeroed items; `array` is the address of the pointer to it. */
static bool grow(void *array, size_t size, size_t *room, size_t i)
{
    char *at;
    if (i < *room)
        return true;
    memcpy(&at, array, sizeof at);
    const size_t wider = (i + 1) * 2;
    char *bytes = realloc(at, wider * size);
    if (!bytes)
        return false;
    memset(bytes + *room * size, 0, (wider - *room) * size);
    memcpy(array, &bytes, sizeof bytes);
    *room = wider;
    return true;
}

static void add_known(uint64_t *n, double *sum, double v)
{
    if (isnan(v))
        return;
    ++*n;
    *sum += v;
}

static bool add_outcome(td_group_stats *g, size_t tier, const td_outcome *o)
{
    if (!grow(&g->tier, sizeof *g->tier, &g->room, tier))
        return false;
    td_tier_stats *t = &g->tier[tier];
    t->outcomes++;
    t->score += o->score;
    t->score2 += o->score * o->score;
    add_known(&t->cost, &t->cost_sum, o->cost_usd);
    add_known(&t->input, &t->input_sum, o->input_tokens);
    add_known(&t->output, &t->output_sum, o->output_tokens);
    add_known(&t->latency, &t->latency_sum, o->latency_s);
    return true;
}

static void look_at_request(td_stats *s, const tierce_request *r, uint32_t source)
{
    uint64_t bytes = 0;
    bool system = false;
    unsigned user = 0;
    for (size_t i = 0; i < r->n_parts; i++) {
        const bool new_message = !i || r->parts[i].message != r->parts[i - 1].message;
        bytes += r->parts[i].text.len;
        system = system || r->parts[i].role == TIERCE_ROLE_SYSTEM;
        user += r->parts[i].role == TIERCE_ROLE_USER && new_message ? 1 : 0;
        s->messages += new_message ? 1 : 0;
    }
    for (size_t i = 0; i < r->n_tools; i++)
        bytes += r->tools[i].name.len + r->tools[i].description.len + r->tools[i].parameters.len;
    s->with_tools += r->n_tools > 0;
    s->with_system += system;
    s->several_turns += user > 1;
    s->lengths[s->records].source = source;
    s->lengths[s->records].bytes = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

static bool take(void *context, const td_record *record, td_error *error)
{
    td_stats *s = context;
    const size_t source = td_name_number(&s->sources, record->source);
    const size_t workload = td_name_number(&s->workloads, record->workload);
    size_t room = (size_t)s->room_lengths;
    bool good = source != TD_NO_NAME && workload != TD_NO_NAME &&
                grow(&s->by_source, sizeof *s->by_source, &s->room_source, source) &&
                grow(&s->by_workload, sizeof *s->by_workload, &s->room_workload, workload) &&
                grow(&s->lengths, sizeof *s->lengths, &room, (size_t)s->records);
    s->room_lengths = room;
    for (size_t i = 0; good && i < record->n_outcomes; i++) {
        const size_t tier = td_name_number(&s->tiers, record->outcomes[i].name);
        good = tier != TD_NO_NAME && add_outcome(&s->all, tier, &record->outcomes[i]) &&
               add_outcome(&s->by_source[source], tier, &record->outcomes[i]) &&
               add_outcome(&s->by_workload[workload], tier, &record->outcomes[i]);
    }
    if (!good)
        return td_fail(error, "%s:%llu: out of memory", record->path, (unsigned long long)record->line);
    look_at_request(s, record->request, (uint32_t)source);
    s->all.records++;
    s->by_source[source].records++;
    s->by_workload[workload].records++;
    s->records++;
    return true;
}

static int by_source(const void *a, const void *b)
{
    const struct td_length *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

bool td_stats_read(td_stats *stats, td_files *files, td_error *error)
{
    const bool good = td_each_record(files, TD_WANT_ANY_IDS, take, stats, error);
    stats->bad = files->bad;
    if (stats->records)
        qsort(stats->lengths, (size_t)stats->records, sizeof *stats->lengths, by_source);
    return good;
}

void td_stats_free(td_stats *s)
{
    for (size_t i = 0; i < s->room_source; i++)
        free(s->by_source[i].tier);
    for (size_t i = 0; i < s->room_workload; i++)
        free(s->by_workload[i].tier);
    free(s->by_source);
    free(s->by_workload);
    free(s->all.tier);
    free(s->lengths);
    td_names_free(&s->tiers);
    td_names_free(&s->sources);
    td_names_free(&s->workloads);
    memset(s, 0, sizeof *s);
}

/* ---- telling ---- */

static void put(td_out *out, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

static void put(td_out *out, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    td_puts(out, text);
}

/* 1.96 standard errors of a mean, 0 for a single one. */
static double half_width(const td_tier_stats *t)
{
    const double n = (double)t->outcomes, mean = t->score / n;
    const double variance = n > 1 ? (t->score2 - n * mean * mean) / (n - 1) : 0;
    return variance > 0 ? 1.96 * sqrt(variance / n) : 0;
}

static void put_mean(td_out *out, const char *format, uint64_t n, double sum)
{
    if (n)
        put(out, format, sum / (double)n);
    else
        put(out, " %11s", "-");
}

static void put_tiers(const td_stats *s, const td_group_stats *g, td_out *out, const char *indent)
{
    for (size_t i = 0; i < s->tiers.n; i++) {
        if (i >= g->room || !g->tier[i].outcomes) {
            put(out, "%s%-24.60s        0  %7llu\n", indent, s->tiers.name[i], (unsigned long long)g->records);
            continue;
        }
        const td_tier_stats *t = &g->tier[i];
        put(out, "%s%-24.60s %8llu  %7llu  %.4f +-%.4f", indent, s->tiers.name[i],
            (unsigned long long)t->outcomes, (unsigned long long)(g->records - t->outcomes),
            t->score / (double)t->outcomes, half_width(t));
        put(out, " %6.1f %%", 100 * (double)t->cost / (double)t->outcomes);
        put_mean(out, " %11.6f", t->cost, t->cost_sum);
        put_mean(out, " %11.0f", t->input, t->input_sum);
        put_mean(out, " %11.0f", t->output, t->output_sum);
        put_mean(out, " %11.2f", t->latency, t->latency_sum);
        td_puts(out, "\n");
    }
}

/* Bytes at a share of the sorted lengths from..to-1. */
static uint32_t quantile(const td_stats *s, size_t from, size_t to, double share)
{
    const size_t i = from + (size_t)(share * (double)(to - from - 1) + 0.5);
    return s->lengths[i].bytes;
}

static int by_bytes(const void *a, const void *b)
{
    const struct td_length *x = a, *y = b;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Where a source's lengths start; they stand in the sources' order. */
static size_t start_of(const td_stats *s, size_t source)
{
    size_t at = 0;
    for (size_t i = 0; i < source; i++)
        at += (size_t)s->by_source[i].records;
    return at;
}

static const char *name_or_none(const char *name)
{
    return *name ? name : "(none)";
}

void td_stats_text(td_stats *s, td_out *out)
{
    static const char head[] = "outcomes  missing  mean score      costed   mean cost   input tok  output tok     seconds";
    const size_t n = (size_t)s->records;
    put(out, "%zu record%s, %zu source%s, %zu workload%s, %zu tier%s; %llu bad line%s\n", n, td_s(n), s->sources.n,
        td_s(s->sources.n), s->workloads.n, td_s(s->workloads.n), s->tiers.n, td_s(s->tiers.n),
        (unsigned long long)s->bad, td_s(s->bad));
    if (!n)
        return;
    put(out, "requests: %.2f messages on average, %llu with a system message, %llu with several user turns, "
             "%llu with tools\n\n",
        s->messages / (double)n, (unsigned long long)s->with_system, (unsigned long long)s->several_turns,
        (unsigned long long)s->with_tools);
    put(out, "%-26s %s\n", "tier", head);
    put_tiers(s, &s->all, out, "  ");
    td_puts(out, "\nby source: records, bytes of a request (least, median, 90 %, most)\n");
    for (size_t i = 0, from = 0; i < s->sources.n; i++) {
        const size_t to = from + (size_t)s->by_source[i].records;
        put(out, "  %.80s: %zu; %u, %u, %u, %u\n", name_or_none(s->sources.name[i]), to - from,
            quantile(s, from, to, 0), quantile(s, from, to, .5), quantile(s, from, to, .9), quantile(s, from, to, 1));
        put_tiers(s, &s->by_source[i], out, "    ");
        from = to;
    }
    td_puts(out, "\nby workload\n");
    for (size_t i = 0; i < s->workloads.n; i++) {
        put(out, "  %.80s: %llu\n", name_or_none(s->workloads.name[i]),
            (unsigned long long)s->by_workload[i].records);
        put_tiers(s, &s->by_workload[i], out, "    ");
    }
    qsort(s->lengths, n, sizeof *s->lengths, by_bytes);
    put(out, "\nbytes of a request, all sources: %u, %u, %u, %u\n", quantile(s, 0, n, 0), quantile(s, 0, n, .5),
        quantile(s, 0, n, .9), quantile(s, 0, n, 1));
    qsort(s->lengths, n, sizeof *s->lengths, by_source);
}

static void json_name(td_out *out, const char *name)
{
    td_put_json(out, name, strlen(name));
    td_puts(out, ": ");
}

static void json_mean(td_out *out, const char *key, uint64_t n, double sum)
{
    if (n)
        put(out, ", \"%s\": %.9g", key, sum / (double)n);
}

static void json_group(const td_stats *s, const td_group_stats *g, td_out *out)
{
    bool first = true;
    put(out, "{\"records\": %llu, \"tiers\": {", (unsigned long long)g->records);
    for (size_t i = 0; i < s->tiers.n && i < g->room; i++) {
        const td_tier_stats *t = &g->tier[i];
        if (!t->outcomes)
            continue;
        td_puts(out, first ? "" : ", ");
        json_name(out, s->tiers.name[i]);
        put(out, "{\"outcomes\": %llu, \"missing\": %llu, \"with_cost\": %llu, \"mean_score\": %.9g, "
                 "\"half_width_95\": %.6g",
            (unsigned long long)t->outcomes, (unsigned long long)(g->records - t->outcomes),
            (unsigned long long)t->cost, t->score / (double)t->outcomes, half_width(t));
        json_mean(out, "mean_cost_usd", t->cost, t->cost_sum);
        json_mean(out, "mean_input_tokens", t->input, t->input_sum);
        json_mean(out, "mean_output_tokens", t->output, t->output_sum);
        json_mean(out, "mean_latency_s", t->latency, t->latency_sum);
        td_puts(out, "}");
        first = false;
    }
    td_puts(out, "}}");
}

void td_stats_json(td_stats *s, td_out *out)
{
    put(out, "{\"records\": %llu, \"bad_lines\": %llu, \"with_tools\": %llu, \"with_system\": %llu, "
             "\"several_turns\": %llu,\n \"all\": ",
        (unsigned long long)s->records, (unsigned long long)s->bad, (unsigned long long)s->with_tools,
        (unsigned long long)s->with_system, (unsigned long long)s->several_turns);
    json_group(s, &s->all, out);
    td_puts(out, ",\n \"sources\": {");
    for (size_t i = 0; i < s->sources.n; i++) {
        const size_t from = start_of(s, i), to = from + (size_t)s->by_source[i].records;
        td_puts(out, i ? ",\n  " : "\n  ");
        json_name(out, s->sources.name[i]);
        put(out, "{\"median_bytes\": %u, \"most_bytes\": %u, \"outcomes\": ", quantile(s, from, to, .5),
            quantile(s, from, to, 1));
        json_group(s, &s->by_source[i], out);
        td_puts(out, "}");
    }
    td_puts(out, "},\n \"workloads\": {");
    for (size_t i = 0; i < s->workloads.n; i++) {
        td_puts(out, i ? ",\n  " : "\n  ");
        json_name(out, s->workloads.name[i]);
        json_group(s, &s->by_workload[i], out);
    }
    td_puts(out, "}}\n");
}
