#include "data/price_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/json.h"
#include "data/tier_keys.h"

#define MAX_FILE ((size_t)16 << 20)

typedef struct {
    td_json json;
    td_error *error;
    const char *path, *text;
    bool failed;      /* *error is filled */
    char at[64];      /* "tiers[1].prices" */
} reader;

/* Fails at the present line, once. */
static bool fault(reader *r, const char *what, const char *which)
{
    unsigned long line = 1;
    if (r->failed)
        return false;
    for (const char *c = r->text; c < r->json.at; c++)
        line += *c == '\n';
    r->failed = true;
    td_json_fail(&r->json, what);
    return td_fail(r->error, "%.200s:%lu: %s%s%s%.200s", r->path, line, r->at, *r->at ? ": " : "", what, which);
}

/* The next key of an object, known to be allowed there. */
static bool next_key(reader *r, td_key_place place, tierce_span *key, bool *first)
{
    char name[64], which[160];
    const char *near, *example;
    if (!td_json_key(&r->json, key, first))
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(key->len < 63 ? key->len : 63), key->data);
    if (key->len < 63 && td_known_key(place, name, &near, &example))
        return true;
    if (key->len >= 63)
        td_known_key(place, name, &near, &example);
    snprintf(which, sizeof which, "\"%s\"; %s \"%s\"", name, near ? "did you mean" : "known is", near ? near : example);
    return fault(r, "unknown key ", which);
}

static void read_number(reader *r, const char *key, double high, double *to)
{
    double v = -1;
    if (*to >= 0)
        fault(r, key, " stands twice; keep one");
    else if (td_json_peek(&r->json) != '0' || !td_json_number(&r->json, &v) || !(v >= 0 && v <= high))
        fault(r, key, " must be a number of at least 0 (rates: USD per million tokens)");
    else
        *to = v;
}

/* A rate into rates, when the key is one. */
static bool read_rate(reader *r, tierce_span key, td_rates *rates)
{
    const td_rate_key *row = td_find_rate(key.data, key.len);
    if (row)
        read_number(r, row->key, TD_MAX_RATE, (double *)(void *)((char *)rates + row->offset));
    return row != NULL;
}

static bool enter(reader *r)
{
    return td_json_peek(&r->json) == '{' ? td_json_enter(&r->json, '{')
                                         : fault(r, "must be an object", "");
}

static void read_long(reader *r, td_tariff *t)
{
    tierce_span key;
    bool first = true;
    t->long_above = -1;
    if (!enter(r))
        return;
    while (next_key(r, TD_IN_LONG, &key, &first))
        if (!read_rate(r, key, &t->at_length))
            read_number(r, "above_input_tokens", 4e9, &t->long_above);
    if (!r->json.what && t->long_above < 1)
        fault(r, "lacks \"above_input_tokens\" (at least 1)", "");
}

static void read_batch(reader *r, td_prices *p)
{
    tierce_span key;
    bool first = true;
    p->has_batch = true;
    if (!enter(r))
        return;
    while (next_key(r, TD_IN_BATCH, &key, &first))
        if (!read_rate(r, key, &p->batch.rates))
            read_long(r, &p->batch);
}

static void read_date(reader *r, char to[11])
{
    tierce_span date;
    if (td_json_peek(&r->json) != '"' || !td_json_string(&r->json, &date) || !td_is_date(date.data, date.len)) {
        fault(r, "effective_from and effective_to must be a day of the calendar, \"2026-08-01\"", "");
        return;
    }
    memcpy(to, date.data, 10);
    to[10] = 0;
}

static void read_prices(reader *r, td_prices *p)
{
    tierce_span key;
    bool first = true;
    const char *where = "";
    if (!enter(r))
        return;
    while (next_key(r, TD_IN_PRICES, &key, &first)) {
        if (read_rate(r, key, &p->usual.rates))
            continue;
        if (td_span_is(key, "long"))
            read_long(r, &p->usual);
        else if (td_span_is(key, "batch"))
            read_batch(r, p);
        else if (td_span_is(key, "effective_from"))
            read_date(r, p->from);
        else
            read_date(r, p->to);
    }
    const char *lacks = r->json.what ? NULL : td_prices_complete(p, &where);
    if (lacks) {
        char which[64];
        snprintf(which, sizeof which, "%s lacks \"%s\"", where, lacks);
        fault(r, "prices", which);
    }
}

static char *read_string(reader *r, const char *what)
{
    tierce_span s;
    if (td_json_peek(&r->json) != '"' || !td_json_string(&r->json, &s)) {
        fault(r, what, " must be a string");
        return NULL;
    }
    char *copy = strndup(s.data, s.len);
    if (!copy)
        fault(r, "out of memory", "");
    return copy;
}

static void read_tools(reader *r, signed char *to)
{
    bool yes = false;
    if (*to >= 0)
        fault(r, "tools", " stands twice; keep one");
    else if (!strchr("tf", td_json_peek(&r->json)) || !td_json_bool(&r->json, &yes))
        fault(r, "tools", " must be true or false");
    else
        *to = yes;
}

static void read_tier(reader *r, td_priced *t)
{
    tierce_span key;
    bool first = true;
    td_prices_clear(&t->prices);
    t->context_window = t->tools = -1;
    if (!enter(r))
        return;
    while (next_key(r, TD_IN_TIER, &key, &first)) {
        if (td_span_is(key, "name") && !t->name)
            t->name = read_string(r, "name");
        else if (td_span_is(key, "model") && !t->model)
            t->model = read_string(r, "model");
        else if (td_span_is(key, "prices") && !t->prices.known)
            read_prices(r, &t->prices);
        else if (td_span_is(key, "context_window"))
            read_number(r, "context_window", 4e9, &t->context_window);
        else if (td_span_is(key, "tools"))
            read_tools(r, &t->tools);
        else if (td_span_is(key, "name") || td_span_is(key, "model") || td_span_is(key, "prices"))
            fault(r, "name, model or prices stands twice; keep one", "");
        else
            td_json_skip(&r->json, NULL);
    }
    if (!r->json.what && (!t->name || !*t->name))
        fault(r, "lacks \"name\" (a string)", "");
    if (!r->json.what && !t->model && !(t->model = strdup("")))
        fault(r, "out of memory", "");
}

static void read_tiers(reader *r, td_price_list *list)
{
    bool first = true;
    if (td_json_peek(&r->json) != '[') {
        fault(r, "\"tiers\" must be a list with at least one", "");
        return;
    }
    td_json_enter(&r->json, '[');
    while (td_json_item(&r->json, &first)) {
        if (list->n == TD_MAX_PRICED) {
            fault(r, "more than 64 tiers", "");
            return;
        }
        snprintf(r->at, sizeof r->at, "tiers[%u]", list->n);
        td_priced *t = &list->tier[list->n++];
        read_tier(r, t);
        for (uint32_t i = 0; !r->json.what && i + 1 < list->n; i++)
            if (!strcmp(list->tier[i].name, t->name))
                fault(r, "every tier needs its own name; twice stands ", t->name);
    }
    *r->at = 0;
}

static void read_document(reader *r, td_price_list *list)
{
    tierce_span key;
    bool first = true;
    if (!enter(r))
        return;
    while (next_key(r, TD_AT_ROOT, &key, &first)) {
        if (!td_span_is(key, "tiers"))
            td_json_skip(&r->json, NULL);
        else if (list->n)
            fault(r, "\"tiers\" stands twice", "");
        else
            read_tiers(r, list);
    }
    if (!r->json.what && !list->n)
        fault(r, "lacks \"tiers\" (a list with at least one)", "");
    td_json_finish(&r->json);
}

bool td_price_list_read(td_price_list *list, const char *text, size_t len, const char *path,
                        td_error *error)
{
    if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a byte-order mark */
        text += 3;
        len -= 3;
    }
    reader r = {.error = error, .path = path, .text = text};
    memset(list, 0, sizeof *list);
    char *strings = malloc(len + 1);
    if (!strings)
        return td_fail(error, "%.200s: out of memory", path);
    td_json_start(&r.json, text, len, strings);
    read_document(&r, list);
    if (r.json.what && !r.failed) {
        r.json.at = r.json.where;
        fault(&r, r.json.what, "");
    }
    free(strings);
    if (r.failed)
        td_price_list_free(list);
    return !r.failed;
}

static char *load(const char *path, size_t *len, td_error *error)
{
    FILE *f = fopen(path, "rb");
    char *text = f ? malloc(MAX_FILE + 1) : NULL;
    if (!text)
        td_fail(error, "%.200s: %s", path, f ? "out of memory" : strerror(errno));
    *len = text ? fread(text, 1, MAX_FILE + 1, f) : 0;
    if (text && (ferror(f) || *len > MAX_FILE)) {
        td_fail(error, "%.200s: %s", path, ferror(f) ? "cannot be read; is it a file?" : "more than 16 MiB");
        free(text);
        text = NULL;
    }
    if (f)
        fclose(f);
    return text;
}

bool td_price_list_load(td_price_list *list, const char *path, td_error *error)
{
    size_t len;
    memset(list, 0, sizeof *list);
    char *text = load(path, &len, error);
    const bool good = text && td_price_list_read(list, text, len, path, error);
    free(text);
    return good;
}

void td_price_list_free(td_price_list *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        free(list->tier[i].name);
        free(list->tier[i].model);
    }
    memset(list, 0, sizeof *list);
}

const td_priced *td_price_list_find(const td_price_list *list, const char *name)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (!strcmp(list->tier[i].name, name))
            return &list->tier[i];
    return NULL;
}
