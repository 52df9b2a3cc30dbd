#include "data/tiers.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/nearest.h"

/* Where we are in the file, for messages: "tiers.json: tiers[1].prices". */
typedef struct {
    td_error *error;
    char at[256];
} place;

static bool known_keys(const cJSON *object, const char *const *keys, size_t n, const place *where)
{
    for (const cJSON *item = object->child; item; item = item->next) {
        size_t i = 0;
        while (i < n && strcmp(item->string, keys[i]))
            i++;
        if (i < n)
            continue;
        const char *near = td_nearest(item->string, keys, n);
        return near ? td_fail(where->error, "%s: unknown key \"%.80s\"; did you mean \"%s\"?", where->at,
                              item->string, near)
                    : td_fail(where->error, "%s: unknown key \"%.80s\"; known are \"%s\" and its kin",
                              where->at, item->string, keys[0]);
    }
    for (const cJSON *a = object->child; a; a = a->next)
        for (const cJSON *b = a->next; b; b = b->next)
            if (!strcmp(a->string, b->string))
                return td_fail(where->error, "%s: \"%.80s\" stands twice; keep one", where->at, a->string);
    return true;
}

static bool get_number(const cJSON *object, const char *key, double high, double *out,
                       const place *where)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!item)
        return true;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= high))
        return td_fail(where->error, "%s.%s: must be a number within 0..%.0f", where->at, key, high);
    *out = item->valuedouble;
    return true;
}

static bool need_number(const cJSON *object, const char *key, double *out, const place *where)
{
    if (!cJSON_GetObjectItemCaseSensitive(object, key))
        return td_fail(where->error, "%s: lacks \"%s\" (USD per million tokens)", where->at, key);
    return get_number(object, key, 1e6, out, where);
}

static bool read_long(const cJSON *item, td_prices *p, const place *outer)
{
    static const char *const keys[] = {"above_input_tokens", "input", "output", "cached_input"};
    place where = *outer;
    double above = 0;
    snprintf(where.at, sizeof where.at, "%.240s.long", outer->at);
    if (!cJSON_IsObject(item))
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

static bool read_prices(const cJSON *item, td_prices *p, const place *outer)
{
    static const char *const keys[] = {"input", "output", "cached_input", "long"};
    place where = *outer;
    snprintf(where.at, sizeof where.at, "%.240s.prices", outer->at);
    if (!cJSON_IsObject(item))
        return td_fail(where.error, "%s: must be an object", where.at);
    if (!known_keys(item, keys, 4, &where) || !need_number(item, "input", &p->input, &where) ||
        !need_number(item, "output", &p->output, &where))
        return false;
    p->known = true;
    p->cached_input = p->input;
    if (!get_number(item, "cached_input", 1e6, &p->cached_input, &where))
        return false;
    const cJSON *more = cJSON_GetObjectItemCaseSensitive(item, "long");
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

static bool read_outcome_names(const cJSON *item, td_tier *tier, const place *where)
{
    const cJSON *name;
    if (!item)
        return add_outcome(tier, tier->name, where->error);
    if (!cJSON_IsArray(item) || !item->child)
        return td_fail(where->error, "%s.outcomes: must be a list of names", where->at);
    cJSON_ArrayForEach(name, item)
    {
        if (!cJSON_IsString(name) || !name->valuestring[0])
            return td_fail(where->error, "%s.outcomes: must be a list of names", where->at);
        if (!add_outcome(tier, name->valuestring, where->error))
            return false;
    }
    return true;
}

static bool read_tier(const cJSON *item, td_tier *tier, const place *where)
{
    static const char *const keys[] = {"name",   "outcomes",       "model", "prices",
                                       "context_window", "tools"};
    if (!cJSON_IsObject(item))
        return td_fail(where->error, "%s: must be an object", where->at);
    if (!known_keys(item, keys, sizeof keys / sizeof *keys, where))
        return false;
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(item, "model");
    const cJSON *prices = cJSON_GetObjectItemCaseSensitive(item, "prices");
    const cJSON *tools = cJSON_GetObjectItemCaseSensitive(item, "tools");
    double window = 0;
    if (!cJSON_IsString(name) || !name->valuestring[0])
        return td_fail(where->error, "%s: lacks \"name\" (a string)", where->at);
    if (model && !cJSON_IsString(model))
        return td_fail(where->error, "%s.model: must be a string", where->at);
    if (tools && !cJSON_IsBool(tools))
        return td_fail(where->error, "%s.tools: must be true or false", where->at);
    tier->no_tools = tools && cJSON_IsFalse(tools);
    if (!get_number(item, "context_window", 4e9, &window, where))
        return false;
    tier->context_window = (uint32_t)window;
    return set_string(&tier->name, name->valuestring, where->error) &&
           set_string(&tier->model, model ? model->valuestring : "", where->error) &&
           read_outcome_names(cJSON_GetObjectItemCaseSensitive(item, "outcomes"), tier, where) &&
           (!prices || read_prices(prices, &tier->prices, where));
}

static bool check_names(const td_tiers *tiers, const char *path, td_error *error)
{
    for (uint32_t a = 0; a < tiers->n; a++)
        for (uint32_t b = 0; b < a; b++)
            if (!strcmp(tiers->tier[a].name, tiers->tier[b].name))
                return td_fail(error, "%.200s: tier \"%.80s\" stands twice; every tier needs its own name",
                               path, tiers->tier[a].name);
    return true;
}

static bool read_document(const cJSON *root, td_tiers *tiers, const char *path, td_error *error)
{
    static const char *const keys[] = {"tiers", "date", "source", "note"};
    place where = {error, ""};
    snprintf(where.at, sizeof where.at, "%.200s", path);
    if (!cJSON_IsObject(root))
        return td_fail(error, "%s: must be an object {\"tiers\": […]}", where.at);
    if (!known_keys(root, keys, 4, &where))
        return false;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "tiers"), *item;
    if (!cJSON_IsArray(list) || !list->child)
        return td_fail(error, "%s: lacks \"tiers\" (a list with at least one)", where.at);
    cJSON_ArrayForEach(item, list)
    {
        if (tiers->n == TD_MAX_TIERS)
            return td_fail(error, "%.200s: more than %d tiers", path, TD_MAX_TIERS);
        snprintf(where.at, sizeof where.at, "%.200s: tiers[%u]", path, tiers->n);
        if (!read_tier(item, &tiers->tier[tiers->n++], &where))
            return false;
    }
    return check_names(tiers, path, error);
}

#define MAX_FILE ((size_t)16 << 20)

static char *read_file(const char *path, size_t *len, td_error *error)
{
    FILE *f = fopen(path, "rb");
    char *text = f ? malloc(MAX_FILE + 1) : NULL;
    if (!text) {
        td_fail(error, "%.200s: cannot be read; check the path", path);
        if (f)
            fclose(f);
        return NULL;
    }
    *len = fread(text, 1, MAX_FILE + 1, f);
    const bool failed = ferror(f);
    fclose(f);
    if (failed || *len > MAX_FILE) {
        td_fail(error, "%.200s: %s", path,
                failed ? "cannot be read; is it a file?" : "more than 16 MiB; is it a tiers file?");
        free(text);
        return NULL;
    }
    text[*len] = 0;
    return text;
}

static bool load_json(td_tiers *tiers, const char *path, td_error *error)
{
    size_t len;
    char *text = read_file(path, &len, error);
    if (!text)
        return false;
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, len + 1, &end, true);
    bool good;
    if (root) {
        good = read_document(root, tiers, path, error);
    } else {
        unsigned long line = 1;
        for (const char *at = text; end && at < end && *at; at++)
            line += *at == '\n';
        good = td_fail(error, "%.200s:%lu: not valid JSON; look just before this place", path, line);
    }
    cJSON_Delete(root);
    free(text);
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
