#include "data/tiers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dom.h"
#include "data/dom_twice.h"
#include "data/tier_keys.h"

#define MAX_FILE ((size_t)16 << 20)

/* Where we are in the file, for messages: "tiers.json: tiers[1].prices". */
typedef struct {
    td_error *error;
    char at[256];
} place;

static bool known_keys(const td_node *object, td_key_place kind, const place *where)
{
    const char *near, *example;
    for (const td_node *item = td_first(object); item; item = td_next(item)) {
        if (td_known_key(kind, td_key(item), &near, &example))
            continue;
        return near ? td_fail(where->error, "%s: unknown key \"%.80s\"; did you mean \"%s\"?", where->at,
                              td_key(item), near)
                    : td_fail(where->error, "%s: unknown key \"%.80s\"; known are \"%s\" and its kin",
                              where->at, td_key(item), example);
    }
    for (const td_node *a = td_first(object); a; a = td_next(a))
        for (const td_node *b = td_next(a); b; b = td_next(b))
            if (!strcmp(td_key(a), td_key(b)))
                return td_fail(where->error, "%s: \"%.80s\" stands twice; keep one", where->at, td_key(a));
    return true;
}

static bool get_number(const td_node *object, const char *key, double high, double *out,
                       const place *where)
{
    const td_node *item = td_get(object, key);
    if (!item)
        return true;
    if (!(td_number(item, -1) >= 0 && td_number(item, -1) <= high))
        return td_fail(where->error, "%s.%s: must be a number within 0..%.0f", where->at, key, high);
    *out = td_number(item, 0);
    return true;
}

/* Every key of the object that is a rate, into rates. */
static bool read_rates(const td_node *object, td_rates *rates, const place *where)
{
    for (size_t i = 0; i < td_n_rate_keys; i++)
        if (!get_number(object, td_rate_keys[i].key, TD_MAX_RATE,
                        (double *)(void *)((char *)rates + td_rate_keys[i].offset), where))
            return false;
    return true;
}

/* A member that must be an object of known keys; *inner is where it stands. */
static bool enter(const td_node *item, const char *name, td_key_place kind, const place *outer, place *inner)
{
    *inner = *outer;
    snprintf(inner->at, sizeof inner->at, "%.230s.%s", outer->at, name);
    if (!td_is_object(item))
        return td_fail(inner->error, "%s: must be an object", inner->at);
    return known_keys(item, kind, inner);
}

static bool read_long(const td_node *item, td_tariff *t, const place *outer)
{
    place where;
    if (!item)
        return true;
    if (!enter(item, "long", TD_IN_LONG, outer, &where) ||
        !get_number(item, "above_input_tokens", 4e9, &t->long_above, &where) ||
        !read_rates(item, &t->at_length, &where))
        return false;
    return t->long_above >= 1 || td_fail(where.error, "%s: lacks \"above_input_tokens\" (at least 1)", where.at);
}

static bool read_batch(const td_node *item, td_prices *p, const place *outer)
{
    place where;
    if (!item)
        return true;
    p->has_batch = true;
    return enter(item, "batch", TD_IN_BATCH, outer, &where) && read_rates(item, &p->batch.rates, &where) &&
           read_long(td_get(item, "long"), &p->batch, &where);
}

static bool read_date(const td_node *object, const char *key, char to[11], const place *where)
{
    const td_node *item = td_get(object, key);
    const char *text = td_string(item);
    if (!item)
        return true;
    if (!text || !td_is_date(text, strlen(text)))
        return td_fail(where->error, "%s.%s: must be a day of the calendar, \"2026-08-01\"", where->at, key);
    memcpy(to, text, 11);
    return true;
}

static bool read_prices(const td_node *item, td_prices *p, const place *outer)
{
    place where;
    const char *lack;
    td_prices_clear(p);
    if (!enter(item, "prices", TD_IN_PRICES, outer, &where) || !read_rates(item, &p->usual.rates, &where) ||
        !read_long(td_get(item, "long"), &p->usual, &where) ||
        !read_batch(td_get(item, "batch"), p, &where) ||
        !read_date(item, "effective_from", p->from, &where) ||
        !read_date(item, "effective_to", p->to, &where))
        return false;
    if (*p->from && *p->to && strcmp(p->from, p->to) > 0)
        return td_fail(where.error, "%s: effective_from %s is after effective_to %s", where.at, p->from, p->to);
    const char *lacks = td_prices_complete(p, &lack);
    return !lacks || td_fail(where.error, "%s%s: lacks \"%s\" (USD per million tokens)", where.at, lack, lacks);
}

static bool set_string(char **to, const char *from, td_error *error)
{
    *to = strdup(from);
    return *to ? true : td_fail(error, "out of memory");
}

static bool add_outcome(td_tier *tier, const char *name, td_error *error)
{
    char **wider = realloc(tier->outcomes, (tier->n_outcomes + 1) * sizeof *wider);
    if (!wider)
        return td_fail(error, "out of memory");
    tier->outcomes = wider;
    tier->n_outcomes++;
    return set_string(&wider[tier->n_outcomes - 1], name, error);
}

static bool read_outcome_names(const td_node *item, td_tier *tier, const place *where)
{
    const td_node *name;
    if (!item)
        return add_outcome(tier, tier->name, where->error);
    if (!td_is_array(item) || !td_first(item))
        return td_fail(where->error, "%s.outcomes: must be a list of names", where->at);
    for (name = td_first(item); name; name = td_next(name))
    {
        if (!td_is_string(name) || !td_string(name)[0])
            return td_fail(where->error, "%s.outcomes: must be a list of names", where->at);
        if (!add_outcome(tier, td_string(name), where->error))
            return false;
    }
    return true;
}

#define LONGEST_NAME 200

/* Names are printed to terminals and stored in models. */
static bool is_name(const char *s)
{
    const size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return false;
    return n <= LONGEST_NAME;
}

static bool read_tier(const td_node *item, td_tier *tier, const place *where)
{
    if (!td_is_object(item))
        return td_fail(where->error, "%s: must be an object", where->at);
    if (!known_keys(item, TD_IN_TIER, where))
        return false;
    const td_node *name = td_get(item, "name");
    const td_node *model = td_get(item, "model");
    const td_node *prices = td_get(item, "prices");
    const td_node *tools = td_get(item, "tools");
    double window = 0;
    if (!td_is_string(name) || !td_string(name)[0])
        return td_fail(where->error, "%s: lacks \"name\" (a string)", where->at);
    if (model && !td_is_string(model))
        return td_fail(where->error, "%s.model: must be a string", where->at);
    if (!is_name(td_string(name)) || (model && !is_name(td_string(model))))
        return td_fail(where->error, "%s: \"name\" and \"model\" must be at most 200 bytes without control characters",
                       where->at);
    if (tools && !td_is_bool(tools))
        return td_fail(where->error, "%s.tools: must be true or false", where->at);
    tier->no_tools = tools && !td_true(tools);
    if (!get_number(item, "context_window", 4e9, &window, where))
        return false;
    tier->context_window = (uint32_t)window;
    return set_string(&tier->name, td_string(name), where->error) &&
           set_string(&tier->model, model ? td_string(model) : "", where->error) &&
           read_outcome_names(td_get(item, "outcomes"), tier, where) &&
           (!prices || read_prices(prices, &tier->prices, where));
}

static bool check_names(const td_tiers *tiers, const char *path, td_error *error)
{
    for (uint32_t t = 0; t < tiers->n; t++)
        if (!is_name(tiers->tier[t].name))
            return td_fail(error, "%.200s: the name of tier %u must be at most 200 bytes without control characters", path,
                           t + 1);
    for (uint32_t a = 0; a < tiers->n; a++)
        for (uint32_t b = 0; b < a; b++)
            if (!strcmp(tiers->tier[a].name, tiers->tier[b].name))
                return td_fail(error, "%.200s: tier \"%.80s\" stands twice; every tier needs its own name",
                               path, tiers->tier[a].name);
    return true;
}

static bool read_document(const td_node *root, td_tiers *tiers, const char *path, td_error *error)
{
    place where = {error, ""};
    snprintf(where.at, sizeof where.at, "%.200s", path);
    if (!td_is_object(root))
        return td_fail(error, "%s: must be an object {\"tiers\": […]}", where.at);
    if (!known_keys(root, TD_AT_ROOT, &where))
        return false;
    const td_node *list = td_get(root, "tiers"), *item;
    if (!td_is_array(list) || !td_first(list))
        return td_fail(error, "%s: lacks \"tiers\" (a list with at least one)", where.at);
    for (item = td_first(list); item; item = td_next(item))
    {
        if (tiers->n == TD_MAX_TIERS)
            return td_fail(error, "%.200s: more than %d tiers", path, TD_MAX_TIERS);
        snprintf(where.at, sizeof where.at, "%.200s: tiers[%u]", path, tiers->n);
        if (!read_tier(item, &tiers->tier[tiers->n++], &where))
            return false;
    }
    return check_names(tiers, path, error);
}

static bool load_json(td_tiers *tiers, const char *path, td_error *error)
{
    td_node *root = td_dom_once(td_dom_load(path, MAX_FILE, error), path, error);
    const bool good = root && read_document(root, tiers, path, error);
    td_dom_free(root);
    return good;
}

static bool load_list(td_tiers *tiers, const char *list, td_error *error)
{
    for (const char *at = list;; at++) {
        const size_t n = strcspn(at, ",");
        if (!n)
            return td_fail(error, "--tiers %.200s: an empty name; write --tiers cheap,strong", list);
        if (tiers->n == TD_MAX_TIERS)
            return td_fail(error, "--tiers: more than %d tiers", TD_MAX_TIERS);
        td_tier *tier = &tiers->tier[tiers->n++];
        tier->name = strndup(at, n);
        tier->model = strdup("");
        if (!tier->name || !tier->model || !add_outcome(tier, tier->name, error))
            return td_fail(error, "out of memory");
        at += n;
        if (!*at)
            return check_names(tiers, "--tiers", error);
    }
}

/* Either way in: empty first, and empty again when it fails. */
static bool load_with(td_tiers *tiers, const char *what, td_error *error,
                      bool (*load)(td_tiers *, const char *, td_error *))
{
    memset(tiers, 0, sizeof *tiers);
    const bool good = load(tiers, what, error);
    if (!good)
        td_tiers_free(tiers);
    return good;
}

bool td_tiers_load_json(td_tiers *tiers, const char *path, td_error *error)
{
    return load_with(tiers, path, error, load_json);
}

bool td_tiers_parse(td_tiers *tiers, const char *text, size_t len, const char *path, td_error *error)
{
    memset(tiers, 0, sizeof *tiers);
    td_node *root = td_dom_once(td_dom_parse(text, len, path, error), path, error);
    const bool good = root && read_document(root, tiers, path, error);
    td_dom_free(root);
    if (!good)
        td_tiers_free(tiers);
    return good;
}

bool td_tiers_load(td_tiers *tiers, const char *what, td_error *error)
{
    const size_t n = strlen(what);
    const bool is_file = n > 5 && !strcmp(what + n - 5, ".json");
    return load_with(tiers, what, error, is_file ? load_json : load_list);
}

void td_tiers_free(td_tiers *tiers)
{
    for (uint32_t t = 0; t < tiers->n; t++) {
        td_tier *tier = &tiers->tier[t];
        for (size_t i = 0; i < tier->n_outcomes; i++)
            free(tier->outcomes[i]);
        free(tier->outcomes);
        free(tier->name);
        free(tier->model);
    }
    memset(tiers, 0, sizeof *tiers);
}

const td_outcome *td_tier_outcome(const td_tier *tier, const td_record *record)
{
    for (size_t i = 0; i < tier->n_outcomes; i++) {
        const size_t n = strlen(tier->outcomes[i]);
        for (size_t k = 0; k < record->n_outcomes; k++)
            if (record->outcomes[k].name.len == n &&
                !memcmp(record->outcomes[k].name.data, tier->outcomes[i], n))
                return &record->outcomes[k];
    }
    return NULL;
}
