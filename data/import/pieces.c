#include "data/import/pieces.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/starved.h"

const td_node *td_unwrap(const td_node *n, td_node **owned)
{
    const char *text = td_string(n);
    td_error ignored;
    *owned = NULL;
    if (!text)
        return n;
    const char c = text[strspn(text, " \t\r\n")];
    if (c == '{' || c == '[' || c == '"')
        *owned = td_dom_parse(text, strlen(text), "", &ignored);
    return *owned ? *owned : n;
}

/* ---- numbers ---- */

double td_quantity(const td_node *n)
{
    const char *text = td_string(n);
    char *end;
    if (!text || !*text)
        return td_number(n, (double)NAN);
    text += strspn(text, " \t");
    if (strspn(text, "+-.0123456789eE") != strlen(text)) /* strtod reads "0x10" and "nan(1)", too */
        return (double)NAN;
    const double v = strtod(text, &end);
    return *end || !isfinite(v) ? (double)NAN : v;
}

double td_first_quantity(const td_node *object, const char *const *paths)
{
    double v = (double)NAN;
    for (; *paths && isnan(v); paths++)
        v = td_quantity(td_get_path(object, *paths));
    return v;
}

void td_row_missing(td_row *row, const char *why)
{
    const tierce_span name = row->outcome.name;
    td_row none;
    td_row_start(&none);
    row->outcome = none.outcome;
    row->outcome.name = name;
    row->missing = why;
}

double td_either(double a, double b)
{
    return isnan(a) ? b : a;
}

double td_plus(double a, double b)
{
    return isnan(a) ? b : isnan(b) ? a : a + b;
}

double td_counted(double v)
{
    return v > 0 ? v : (double)NAN;
}

static const char *const input_names[] = {"prompt_tokens", "input_tokens", "promptTokenCount",
                                          NULL};
static const char *const output_names[] = {"completion_tokens", "output_tokens",
                                           "candidatesTokenCount", NULL};
static const char *const total_names[] = {"total_tokens", "totalTokenCount", NULL};
static const char *const cached_names[] = {
    "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens",
    "cache_read_input_tokens", "cachedContentTokenCount", NULL};
static const char *const write_names[] = {
    "cache_creation_input_tokens", "prompt_tokens_details.cache_creation_tokens",
    "prompt_tokens_details.cache_write_tokens", "input_tokens_details.cache_write_tokens", NULL};
static const char *const reasoning_names[] = {"completion_tokens_details.reasoning_tokens",
                                              "output_tokens_details.reasoning_tokens",
                                              "thoughtsTokenCount", NULL};

void td_read_usage(td_outcome *o, const td_node *usage)
{
    double input = td_first_quantity(usage, input_names),
           output = td_first_quantity(usage, output_names);
    const double total = td_first_quantity(usage, total_names);
    const double cached = td_first_quantity(usage, cached_names);
    const double written = td_first_quantity(usage, write_names);
    double reasoning = td_first_quantity(usage, reasoning_names);
    /* Anthropic's input_tokens leave out what was read from the cache and written to it. */
    if (!td_get(usage, "prompt_tokens") && !td_get(usage, "input_tokens_details") &&
        (td_get(usage, "cache_read_input_tokens") || td_get(usage, "cache_creation_input_tokens")))
        input = td_plus(input, td_plus(cached, written));
    /* Others do so under OpenAI's names: what the total has more is what the cache had. */
    const double more = td_plus(cached, written);
    if (more > 0 && total - input - output == more)
        input += more;
    /* Some compatible endpoints leave the thinking out of the completion, but not out of the total.
     */
    if (total > input + output) {
        reasoning = td_either(reasoning, total - input - output);
        output = total - input;
    }
    o->input_tokens = td_either(input, o->input_tokens);
    o->output_tokens = td_either(output, o->output_tokens);
    o->cached_tokens = td_either(cached, o->cached_tokens);
    o->cache_write_tokens = td_either(written, o->cache_write_tokens);
    o->reasoning_tokens = td_either(reasoning, o->reasoning_tokens);
}

/* ---- time ---- */

static long days_since_1970(int year, int month, int day)
{
    year -= month <= 2;
    const long era = (year >= 0 ? year : year - 399) / 400;
    const long of_era = year - era * 400;
    const long of_year = (153L * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static double seconds_of(const char *text)
{
    int y, mo, d, h, mi, n = 0, zone_h = 0, zone_m = 0;
    double s;
    char *end;
    if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%n", &y, &mo, &d, &h, &mi, &n) != 5 || !n ||
        mo < 1 || mo > 12 || text[n] < '0' || text[n] > '9')
        return (double)NAN;
    s = strtod(text + n, &end);
    const int sign = *end == '+' ? 1 : *end == '-' ? -1 : 0;
    if (sign && sscanf(end + 1, "%2d:%2d", &zone_h, &zone_m) < 1)
        return (double)NAN;
    return (double)days_since_1970(y, mo, d) * 86400.0 + h * 3600.0 + mi * 60.0 + s -
           sign * (zone_h * 3600.0 + zone_m * 60.0);
}

double td_seconds(const td_node *n)
{
    const char *text = td_string(n);
    return text && strchr(text, ':') ? seconds_of(text) : td_quantity(n);
}

double td_elapsed(const td_node *from, const td_node *to)
{
    const double s = td_seconds(to) - td_seconds(from);
    return s >= 0 ? round(s * 1e6) / 1e6 : (double)NAN; /* seconds since 1970 are not finer */
}

/* ---- names ---- */

tierce_span td_name_of(const td_node *n, char room[32])
{
    const char *text = td_string(n);
    tierce_span span = {"", 0};
    if (text) {
        span.data = text;
        span.len = strlen(text);
    } else if (td_is_number(n) && fabs(td_number(n, 0)) < 9007199254740992.0) {
        span.len = (size_t)snprintf(room, 32, "%.17g", td_number(n, 0));
        span.data = room;
    }
    return span;
}

tierce_span td_folder(const char *path, unsigned up)
{
    const char *end = path + strlen(path);
    const char *start = end;
    for (;; up--) {
        while (start > path && start[-1] != '/')
            start--;
        if (!up)
            break;
        end = start;
        while (end > path && end[-1] == '/')
            end--;
        start = end;
        if (end == path)
            break;
    }
    const tierce_span span = {start, (size_t)(end - start)};
    return span;
}

char *td_beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    const size_t n = slash ? (size_t)(slash + 1 - path) : 0;
    char *joined = malloc(n + strlen(name) + 1);
    if (joined) {
        memcpy(joined, path, n);
        strcpy(joined + n, name);
    } else {
        td_starve();
    }
    return joined;
}

/* ---- tallies ---- */

uint64_t td_name_hash(const char *name, size_t len)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static size_t place(const td_tally *t, uint64_t hash)
{
    size_t s = hash & (t->room - 1);
    while (t->times[s] && t->hash[s] != hash)
        s = (s + 1) & (t->room - 1);
    return s;
}

static bool grow(td_tally *t)
{
    td_tally wider = {NULL, NULL, t->n, t->room ? 2 * t->room : 256};
    wider.hash = calloc(wider.room, sizeof *wider.hash);
    wider.times = calloc(wider.room, sizeof *wider.times);
    if (!wider.hash || !wider.times) {
        td_tally_free(&wider);
        td_starve();
        return false;
    }
    for (size_t i = 0; i < t->room; i++) {
        if (!t->times[i])
            continue;
        const size_t s = place(&wider, t->hash[i]);
        wider.hash[s] = t->hash[i];
        wider.times[s] = t->times[i];
    }
    td_tally_free(t);
    *t = wider;
    return true;
}

uint32_t td_tally_add(td_tally *t, tierce_span name)
{
    if (2 * t->n >= t->room && !grow(t))
        return 0;
    const uint64_t hash = td_name_hash(name.data, name.len);
    const size_t s = place(t, hash);
    t->hash[s] = hash;
    t->n += !t->times[s];
    t->times[s] += t->times[s] < UINT32_MAX;
    return t->times[s];
}

uint32_t td_tally_of(const td_tally *t, tierce_span name)
{
    return t->room ? t->times[place(t, td_name_hash(name.data, name.len))] : 0;
}

void td_tally_free(td_tally *t)
{
    free(t->hash);
    free(t->times);
    memset(t, 0, sizeof *t);
}
