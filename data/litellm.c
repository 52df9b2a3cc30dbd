#include "data/litellm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dom_twice.h"
#include "data/nearest.h"
#include "data/prices.h"

/* ---- which entry ---- */

static bool is_entry(const td_node *node)
{
    return td_is_object(node) && strcmp(td_key(node), "sample_spec") != 0;
}

static const char *base_name(const char *key)
{
    const char *slash = strrchr(key, '/');
    return slash ? slash + 1 : key;
}

/* Lower is nearer; a key that does not begin as wanted is as far as its letters are. */
static size_t farness(const char *wanted, const char *key)
{
    const char *want = base_name(wanted), *base = base_name(key);
    size_t far = strlen(key) - strlen(base);
    if (!strncmp(want, base, strlen(want)))
        far += 100 * (strlen(base) - strlen(want));
    else if (strstr(base, want))
        far += 100 * strlen(base);
    else if (td_nearest(want, &base, 1))
        far += 20000;
    else
        return (size_t)-1;
    /* a bare key leaves open whose price it is: the one that says its provider comes first */
    return far + (strchr(key, '/') ? 0 : 50);
}

static bool no_such_key(const td_node *table, const char *wanted, const char *path, td_error *error)
{
    const char *best[3] = {NULL, NULL, NULL};
    size_t far[3] = {(size_t)-1, (size_t)-1, (size_t)-1};
    for (const td_node *e = td_first(table); e; e = td_next(e)) {
        size_t f = is_entry(e) ? farness(wanted, td_key(e)) : (size_t)-1;
        const char *key = td_key(e);
        for (size_t i = 0; i < 3; i++) {
            if (f >= far[i])
                continue;
            const size_t f2 = far[i];
            const char *key2 = best[i];
            far[i] = f;
            best[i] = key;
            f = f2;
            key = key2;
        }
    }
    if (!best[0])
        return td_fail(error, "%.200s: has no key \"%.100s\", and none like it", path, wanted);
    return td_fail(error, "%.200s: has no key \"%.100s\"; did you mean \"%.100s\"?%s%.100s%s%.100s%s", path,
                   wanted, best[0], best[1] ? " (others: \"" : "", best[1] ? best[1] : "",
                   best[2] ? "\", \"" : "", best[2] ? best[2] : "", best[1] ? "\")" : "");
}

/* ---- rates ---- */

static const struct {
    const char *field, *rate;
} fields[] = {
    {"input_cost_per_token", "input"},
    {"output_cost_per_token", "output"},
    {"cache_read_input_token_cost", "cached_input"},
    {"cache_creation_input_token_cost_above_1hr", "cache_write_1h"}, /* before its own beginning */
    {"cache_creation_input_token_cost", "cache_write"},
    {"output_cost_per_reasoning_token", "reasoning"},
};

typedef struct {
    const char *rate; /* of td_rate_keys */
    unsigned long above; /* tokens, 0: at any length */
    bool batch;
} meaning;

/* What a field prices; false when it is none of ours. */
static bool read_field(const char *key, meaning *m)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const size_t n = strlen(fields[i].field);
        if (strncmp(key, fields[i].field, n))
            continue;
        const char *rest = key + n;
        char *end;
        *m = (meaning){fields[i].rate, 0, false};
        if (!strncmp(rest, "_above_", 7)) {
            m->above = strtoul(rest + 7, &end, 10) * 1000;
            rest = end;
            if (!m->above || m->above > 4000000000ul || strncmp(rest, "k_tokens", 8))
                return false;
            rest += 8;
        }
        m->batch = !strcmp(rest, "_batches");
        return m->batch || !*rest;
    }
    return false;
}

static double *rate_of(td_rates *rates, const char *name)
{
    const td_rate_key *key = td_find_rate(name, strlen(name));
    return (double *)(void *)((char *)rates + key->offset);
}

/* A rate that the table gives only once holds everywhere, as LiteLLM bills; but thinking goes with the
 * output's price unless it has one of its own. */
static void inherit(td_rates *to, const td_rates *from)
{
    for (size_t i = 0; i < td_n_rate_keys; i++) {
        const char *name = td_rate_keys[i].key;
        const double have = *rate_of((td_rates *)(size_t)from, name);
        double *rate = rate_of(to, name);
        if (*rate < 0 && have >= 0 && (strcmp(name, "reasoning") || fabs(have - from->output) > 0))
            *rate = have;
    }
}

static bool any(const td_rates *rates)
{
    for (size_t i = 0; i < td_n_rate_keys; i++)
        if (*rate_of((td_rates *)(size_t)rates, td_rate_keys[i].key) >= 0)
            return true;
    return false;
}

/* Lowest threshold of the entry; *more when it has others too. */
static unsigned long threshold(const td_node *entry, bool *more)
{
    unsigned long least = 0;
    meaning m;
    *more = false;
    for (const td_node *f = td_first(entry); f; f = td_next(f)) {
        if (!read_field(td_key(f), &m) || !m.above)
            continue;
        *more = *more || (least && m.above != least);
        least = !least || m.above < least ? m.above : least;
    }
    return least;
}

/* False with *dear where a rate is above what a tiers.json may hold: a slip of the pen, to mend in the table. */
static bool take_rates(const td_node *entry, td_prices *p, unsigned long above, unsigned *left, const char **dear)
{
    meaning m;
    for (const td_node *f = td_first(entry); f; f = td_next(f)) {
        const char *key = td_key(f);
        const double v = td_number(f, -1);
        if (!read_field(key, &m) || (m.above && m.above != above)) {
            *left += v > 0 && strstr(key, "cost") ? 1 : 0;
            continue;
        }
        td_tariff *t = m.batch ? &p->batch : &p->usual;
        *dear = key;
        if (td_per_million(v) > TD_MAX_RATE)
            return false;
        if (v >= 0)
            *rate_of(m.above ? &t->at_length : &t->rates, m.rate) = td_per_million(v);
    }
    p->has_batch = any(&p->batch.rates);
    if (p->has_batch)
        inherit(&p->batch.rates, &p->usual.rates);
    if (any(&p->usual.at_length)) {
        p->usual.long_above = (double)above;
        inherit(&p->usual.at_length, &p->usual.rates);
    }
    if (p->has_batch && any(&p->batch.at_length)) {
        p->batch.long_above = (double)above;
        inherit(&p->batch.at_length, &p->usual.at_length);
    }
    return true;
}

/* ---- writing ---- */

static void put_string(td_out *out, const char *text)
{
    td_put_json(out, text, strlen(text));
}

static void put_double(td_out *out, double v)
{
    char text[40];
    snprintf(text, sizeof text, "%.12g", v);
    td_puts(out, text);
}

static void put_rates(td_out *out, const td_rates *rates)
{
    bool first = true;
    for (size_t i = 0; i < td_n_rate_keys; i++) {
        const double v = *rate_of((td_rates *)(size_t)rates, td_rate_keys[i].key);
        if (v < 0)
            continue;
        td_puts(out, first ? "" : ", ");
        put_string(out, td_rate_keys[i].key);
        td_puts(out, ": ");
        put_double(out, v);
        first = false;
    }
}

static void put_tariff(td_out *out, const td_tariff *t, const char *indent)
{
    put_rates(out, &t->rates);
    if (!(t->long_above > 0))
        return;
    td_puts(out, ",\n");
    td_puts(out, indent);
    td_puts(out, "\"long\": {\"above_input_tokens\": ");
    put_double(out, t->long_above);
    td_puts(out, ", ");
    put_rates(out, &t->at_length);
    td_puts(out, "}");
}

static void put_prices(td_out *out, const td_prices *p)
{
    td_puts(out, "      \"prices\": {\n        ");
    put_tariff(out, &p->usual, "        ");
    if (p->has_batch) {
        td_puts(out, ",\n        \"batch\": {");
        put_tariff(out, &p->batch, "          ");
        td_puts(out, "}");
    }
    td_puts(out, ",\n        \"effective_from\": ");
    put_string(out, p->from);
    if (*p->to) {
        td_puts(out, ", \"effective_to\": ");
        put_string(out, p->to);
    }
    td_puts(out, "\n      }");
}

/* The id to ask the provider for: the key without the provider's name in front. */
static const char *model_id(const td_node *entry, const char *key)
{
    const char *provider = td_string(td_get(entry, "litellm_provider"));
    const size_t n = provider ? strlen(provider) : 0;
    return n && !strncmp(key, provider, n) && key[n] == '/' ? key + n + 1 : key;
}

static void put_names(td_out *out, const char *name, const char *key)
{
    const char *const names[] = {name, key, base_name(key)};
    td_puts(out, "      \"outcomes\": [");
    for (size_t i = 0; i < 3; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || !strcmp(names[k], names[i]);
        if (again)
            continue;
        td_puts(out, i ? ", " : "");
        put_string(out, names[i]);
    }
    td_puts(out, "],\n");
}

static void put_tier(td_out *out, const td_node *entry, const char *name, const td_prices *p)
{
    const char *key = td_key(entry);
    const td_node *tools = td_get(entry, "supports_function_calling");
    const double window = td_number(td_get(entry, "max_input_tokens"), 0);
    td_puts(out, "    {\n      \"name\": ");
    put_string(out, name);
    td_puts(out, ",\n");
    put_names(out, name, key);
    td_puts(out, "      \"model\": ");
    put_string(out, model_id(entry, key));
    td_puts(out, ",\n");
    put_prices(out, p);
    if (window >= 1 && window <= 4e9) {
        td_puts(out, ",\n      \"context_window\": ");
        put_double(out, floor(window));
    }
    if (td_is_bool(tools))
        td_puts(out, td_true(tools) ? ",\n      \"tools\": true" : ",\n      \"tools\": false");
    td_puts(out, "\n    }");
}

/* ---- the job ---- */

static void note(const td_litellm_job *job, const char *key, const char *what, unsigned n)
{
    char text[300];
    if (!job->note)
        return;
    if (n)
        snprintf(text, sizeof text, "%.150s: %u %s", key, n, what);
    else
        snprintf(text, sizeof text, "%.150s: %s", key, what);
    job->note(job->context, text);
}

/* The table's entry of that key. One that stands twice, or a rate in it that does, has two prices: LiteLLM takes the last. */
static const td_node *only_entry(const td_node *table, const char *key, const char *path, td_error *error)
{
    const td_node *entry = td_get(table, key);
    size_t times = 0;
    char place[100];
    for (const td_node *n = td_first(table); n; n = td_next(n))
        times += !strcmp(td_key(n), key);
    if (!is_entry(entry))
        no_such_key(table, key, path, error);
    else if (times > 1)
        td_fail(error, "%.200s: \"%.100s\" stands there %zu times; keep the one whose prices hold", path, key, times);
    else if (td_dom_twice(entry, place, sizeof place))
        td_fail(error, "%.200s: \"%.100s\" has \"%s\" twice; keep the one that holds", path, key, place + 1);
    else
        return entry;
    return NULL;
}

static bool one_tier(const td_node *table, const td_litellm_job *job, const char *name, const char *key,
                     td_out *out, td_error *error)
{
    const td_node *entry = only_entry(table, key, job->path, error);
    const char *where, *dear, *mode = td_string(td_get(entry, "mode")), *ends;
    td_prices p;
    bool more;
    unsigned left = 0;
    if (!entry)
        return false;
    td_prices_clear(&p);
    if (!take_rates(entry, &p, threshold(entry, &more), &left, &dear))
        return td_fail(error, "%.200s: \"%.100s\": \"%.80s\" is %g: more than $1 per token; correct it in the table", job->path,
                       key, dear, td_number(td_get(entry, dear), 0));
    if (mode && strcmp(mode, "chat") && strcmp(mode, "completion") && strcmp(mode, "responses"))
        return td_fail(error, "%.200s: \"%.100s\" is for %.60s, not for chat", job->path, key, mode);
    td_prices copy = p;
    if (td_prices_complete(&copy, &where))
        return td_fail(error, "%.200s: \"%.100s\" has no prices per input and output token", job->path, key);
    memcpy(p.from, job->date, 11);
    ends = td_string(td_get(entry, "deprecation_date"));
    if (ends && td_is_date(ends, strlen(ends)) && strcmp(ends, job->date) >= 0)
        memcpy(p.to, ends, 11);
    else if (ends && td_is_date(ends, strlen(ends)))
        note(job, key, "its deprecation date has passed", 0);
    if (more || td_get(entry, "tiered_pricing"))
        note(job, key, "has more than one prompt-length threshold; only the lowest of its above_…_tokens was kept", 0);
    if (left)
        note(job, key, "other rates were left out (priority, flex, audio, images, search and their kin)", left);
    if (!td_get(entry, "supports_function_calling"))
        note(job, key, "the table does not say whether it takes tools: set \"tools\" yourself", 0);
    put_tier(out, entry, name, &p);
    return true;
}

/* "NAME=KEY" or "KEY"; NAME goes into `room`. */
static const char *split_name(const char *wanted, char *room, size_t size)
{
    const char *equals = strchr(wanted, '='), *key = equals ? equals + 1 : wanted;
    snprintf(room, size, "%.*s", (int)(equals ? equals - wanted : 150), equals ? wanted : base_name(key));
    return key;
}

bool td_litellm_tiers(const td_node *table, const td_litellm_job *job, td_out *out, td_error *error)
{
    char name[160], other[160];
    if (!td_is_object(table))
        return td_fail(error, "%.200s: must be an object {\"provider/model\": {…}}", job->path);
    td_puts(out, "{\n  \"date\": ");
    put_string(out, job->date);
    td_puts(out, ",\n  \"source\": ");
    snprintf(name, sizeof name, "LiteLLM's price table (%.100s)", base_name(job->path));
    put_string(out, name);
    td_puts(out, ",\n  \"tiers\": [\n");
    for (size_t i = 0; i < job->n; i++) {
        const char *key = split_name(job->wanted[i], name, sizeof name);
        if (!*name || !*key)
            return td_fail(error, "\"%.100s\": give KEY or NAME=KEY", job->wanted[i]);
        for (size_t k = 0; k < i; k++) {
            split_name(job->wanted[k], other, sizeof other);
            if (!strcmp(name, other))
                return td_fail(error, "two tiers are called \"%.100s\"; name them: NAME=%.100s", name, key);
        }
        td_puts(out, i ? ",\n" : "");
        if (!one_tier(table, job, name, key, out, error))
            return false;
    }
    td_puts(out, "\n  ]\n}\n");
    return out->failed ? td_fail(error, "out of memory") : true;
}
