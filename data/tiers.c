#include "data/tiers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dom.h"
#include "data/nearest.h"

#define MAX_FILE ((size_t)16 << 20)

/* Where we are in the file, for messages: "tiers.json: tiers[1].prices". */
typedef struct {
    td_error *error;
    char at[256];
} place;

static bool known_keys(const td_node *object, const char *const *keys, size_t n, const place *where)
{
    for (const td_node *item = td_first(object); item; item = td_next(item)) {
        size_t i = 0;
        while (i < n && strcmp(td_key(item), keys[i]))
            i++;
        if (i < n)
            continue;
        const char *near = td_nearest(td_key(item), keys, n);
        return near ? td_fail(where->error, "%s: unknown key \"%.80s\"; did you mean \"%s\"?", where->at,
                              td_key(item), near)
                    : td_fail(where->error, "%s: unknown key \"%.80s\"; known are \"%s\" and its kin",
                              where->at, td_key(item), keys[0]);
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

static bool need_number(const td_node *object, const char *key, double *out, const place *where)
{
    if (!td_get(object, key))
        return td_fail(where->error, "%s: lacks \"%s\" (USD per million tokens)", where->at, key);
    return get_number(object, key, 1e6, out, where);
}

static bool read_long(const td_node *item, td_prices *p, const place *outer)
{
    static const char *const keys[] = {"above_input_tokens", "input", "output", "cached_input"};
    place where = *outer;
    double above = 0;
    snprintf(where.at, sizeof where.at, "%.240s.long", outer->at);
    if (!td_is_object(item))
        return td_fail(where.error, "%s: must be an object", where.at);
    if (!known_keys(item, keys, 4, &where) ||
        !get_number(item, "above_input_tokens", 4e9, &above, &where) ||
        !need_number(item, "input", &p->long_input, &where) ||
        !need_number(item, "output", &p->long_output, &where))
        return false;
    if (above < 1)
        return td_fail(where.error, "%s: lacks \"above_input_tokens\" (at least 1)", where.at);
    p->long_above = (uint32_t)above;
    p->long_cached_input = p->long_input;
    return get_number(item, "cached_input", 1e6, &p->long_cached_input, &where);
}

static bool read_prices(const td_node *item, td_prices *p, const place *outer)
{
    static const char *const keys[] = {"input", "output", "cached_input", "long"};
    place where = *outer;
    snprintf(where.at, sizeof where.at, "%.240s.prices", outer->at);
    if (!td_is_object(item))
        return td_fail(where.error, "%s: must be an object", where.at);
    if (!known_keys(item, keys, 4, &where) || !need_number(item, "input", &p->input, &where) ||
        !need_number(item, "output", &p->output, &where))
        return false;
    p->known = true;
    p->cached_input = p->input;
    if (!get_number(item, "cached_input", 1e6, &p->cached_input, &where))
        return false;
    const td_node *more = td_get(item, "long");
    return !more || read_long(more, p, &where);
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
    static const char *const keys[] = {"name",   "outcomes",       "model", "prices",
                                       "context_window", "tools"};
    if (!td_is_object(item))
        return td_fail(where->error, "%s: must be an object", where->at);
    if (!known_keys(item, keys, sizeof keys / sizeof *keys, where))
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
    static const char *const keys[] = {"tiers", "date", "source", "note"};
    place where = {error, ""};
    snprintf(where.at, sizeof where.at, "%.200s", path);
    if (!td_is_object(root))
        return td_fail(error, "%s: must be an object {\"tiers\": […]}", where.at);
    if (!known_keys(root, keys, 4, &where))
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
    td_node *root = td_dom_load(path, MAX_FILE, error);
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

bool td_tiers_load(td_tiers *tiers, const char *what, td_error *error)
{
    const size_t n = strlen(what);
    memset(tiers, 0, sizeof *tiers);
    const bool good = n > 5 && !strcmp(what + n - 5, ".json") ? load_json(tiers, what, error)
                                                              : load_list(tiers, what, error);
    if (!good)
        td_tiers_free(tiers);
    return good;
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
