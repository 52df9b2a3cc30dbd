#include "infer/dispatch/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/body.h"
#include "infer/dispatch/endpoints.h"

#define MAX_FILE ((size_t)16 << 20)
#define MAX_ENDPOINTS 64

ds_config *ds_config_hold(ds_config *config)
{
    config->refs++;
    return config;
}

void ds_config_drop(ds_config *config)
{
    if (!config || --config->refs)
        return;
    for (uint32_t t = 0; config->tier && t < config->tiers.n; t++) {
        for (size_t i = 0; i < config->tier[t].n_endpoints; i++)
            ds_endpoint_free(&config->tier[t].endpoints[i]);
        free(config->tier[t].endpoints);
    }
    free(config->tier);
    td_tiers_free(&config->tiers);
    free(config);
}

uint32_t ds_config_find(const ds_config *config, const char *name, size_t len)
{
    for (uint32_t t = 0; t < config->tiers.n; t++)
        if (strlen(config->tiers.tier[t].name) == len && !memcmp(config->tiers.tier[t].name, name, len))
            return t;
    return UINT32_MAX;
}

/* ---- tiers ---- */

static bool read_limits(const td_node *item, ds_limits *limits, const ds_place *outer)
{
    static const char *const keys[] = {"max_output_tokens", "max_response_bytes", "max_parallel",
                                       "escalate_on_length"};
    const td_node *l = td_get(item, "limits");
    double output = 0, bytes = 64 << 20, parallel = 0;
    ds_place where;
    ds_place_in(&where, outer, "limits", -1);
    if (l && !(ds_conf_object(l, keys, 4, &where) &&
               ds_conf_count(l, "max_output_tokens", 1, 1e9, &output, &where) &&
               ds_conf_count(l, "max_response_bytes", 1024, 1e10, &bytes, &where) &&
               ds_conf_count(l, "max_parallel", 1, 1e6, &parallel, &where) &&
               ds_conf_bool(l, "escalate_on_length", &limits->escalate_on_length, &where)))
        return false;
    limits->max_output_tokens = (uint64_t)output;
    limits->max_response_bytes = (uint64_t)bytes;
    limits->max_parallel = (unsigned)parallel;
    return true;
}

static bool read_tier(const td_node *item, ds_tier *tier, const ds_place *where)
{
    const td_node *list = td_get(item, "endpoints");
    const char *model = tier->tier->model[0] ? tier->tier->model : tier->tier->name;
    if (ds_has_control(tier->tier->name) || ds_has_control(model))
        return td_fail(where->error, "%s: a name or model with a control byte", where->at);
    if (!strcmp(tier->tier->name, "tierce") || !strncmp(tier->tier->name, "tierce:", 7))
        return td_fail(where->error, "%s: \"tierce\" is what clients call the router; name the tier otherwise",
                       where->at);
    if (!read_limits(item, &tier->limits, where))
        return false;
    if (!td_is_array(list) || !td_first(list))
        return td_fail(where->error, "%s: lacks \"endpoints\" (a list with at least one {\"base_url\"})",
                       where->at);
    if (td_count(list) > MAX_ENDPOINTS)
        return td_fail(where->error, "%s: more than %d endpoints", where->at, MAX_ENDPOINTS);
    tier->endpoints = calloc(td_count(list), sizeof *tier->endpoints);
    if (!tier->endpoints)
        return td_fail(where->error, "out of memory");
    for (const td_node *e = td_first(list); e; e = td_next(e)) {
        ds_place inner;
        ds_place_in(&inner, where, "endpoints", (int)tier->n_endpoints);
        if (!ds_endpoint_read(e, model, &tier->endpoints[tier->n_endpoints++], &inner))
            return false;
    }
    return true;
}

/* ---- budgets ---- */

void ds_fingerprint(ds_fingerprint_text to, const char *key, size_t len)
{
    snprintf(to, sizeof(ds_fingerprint_text), "k%016llx", (unsigned long long)ds_fnv1a(key, len));
}

/* "key" is a fingerprint, "key_env" names a variable that holds the key: keys stand in no file. */
static bool read_payer_key(const td_node *item, ds_budget *b, const ds_place *where)
{
    const char *print = NULL, *variable = NULL;
    ds_fingerprint_text of;
    if (!ds_conf_string(item, "key", 8192, &print, where) || !ds_conf_string(item, "key_env", 200, &variable, where))
        return false;
    if (print && variable)
        return td_fail(where->error, "%s: \"key\" beside \"key_env\"; keep one", where->at);
    if (variable) {
        const char *key = getenv(variable);
        if (!key || !*key)
            return td_fail(where->error, "%s.key_env: the environment variable %.100s is not set; export it (it holds the "
                           "client's key)", where->at, variable);
        ds_fingerprint(of, key, strlen(key));
        print = of;
    }
    if (!print || !*print)
        return true;
    const bool looks_so = print[0] == 'k' && strlen(print) == sizeof of - 1 &&
                          strspn(print + 1, "0123456789abcdef") == sizeof of - 2;
    if (!looks_so && strcmp(print, "*")) { /* it may be the key itself: never print it */
        ds_fingerprint(of, print, strlen(print));
        return td_fail(where->error, "%s.key: is no fingerprint of a client's key (k and 16 hex digits; that of what stands "
                       "here is %s); write the fingerprint, or \"key_env\": the environment variable that holds the key",
                       where->at, of);
    }
    snprintf(b->key, sizeof b->key, "%s", print);
    return true;
}

/* Index of the item's word in the list, or -1 after a complaint; `otherwise` when absent. */
static int read_word(const td_node *item, const char *key, const char *const *words, int n, int otherwise,
                     const ds_place *where)
{
    const char *text = NULL;
    if (!ds_conf_string(item, key, 40, &text, where))
        return -1;
    for (int i = 0; text && i < n; i++)
        if (!strcmp(text, words[i]))
            return i;
    if (!text && otherwise >= 0)
        return otherwise;
    td_fail(where->error, "%s.%s: must be one of \"%s\", \"%s\" …", where->at, key, words[0], words[1]);
    return -1;
}

static bool copy_name(const td_node *item, const char *key, char *to, const ds_place *where)
{
    const char *text = "";
    if (!ds_conf_string(item, key, DS_NAME_ROOM - 1, &text, where))
        return false;
    snprintf(to, DS_NAME_ROOM, "%s", text);
    return true;
}

static bool read_budget(const td_node *item, ds_config *c, const ds_place *where)
{
    static const char *const keys[] = {"name", "period", "limit_usd", "tier", "key", "tag", "at_end", "pace",
                                       "key_env"};
    static const char *const periods[] = {"hour", "day", "month", "ever"};
    static const char *const ends[] = {"stop", "degrade"};
    ds_budget *b = &c->budgets[c->n_budgets];
    if (!ds_conf_object(item, keys, sizeof keys / sizeof *keys, where))
        return false;
    b->limit_usd = -1;
    const int period = read_word(item, "period", periods, 4, -1, where);
    const int end = period < 0 ? -1 : read_word(item, "at_end", ends, 2, DS_END_STOP, where);
    if (end < 0 || !copy_name(item, "name", b->name, where) || !copy_name(item, "tier", b->tier, where) ||
        !read_payer_key(item, b, where) || !copy_name(item, "tag", b->tag, where) ||
        !ds_conf_number(item, "limit_usd", 0, 1e9, &b->limit_usd, where) ||
        !ds_conf_bool(item, "pace", &b->pace, where))
        return false;
    b->period = (ds_period)period;
    b->at_end = (ds_budget_end)end;
    if (!b->name[0])
        return td_fail(where->error, "%s: lacks \"name\"", where->at);
    if (b->limit_usd < 0)
        return td_fail(where->error, "%s: lacks \"limit_usd\"", where->at);
    if (b->tier[0] && ds_config_find(c, b->tier, strlen(b->tier)) == UINT32_MAX)
        return td_fail(where->error, "%s.tier: no tier is called \"%s\"", where->at, b->tier);
    for (size_t i = 0; i < c->n_budgets; i++)
        if (!strcmp(c->budgets[i].name, b->name))
            return td_fail(where->error, "%s: budget \"%s\" stands twice", where->at, b->name);
    c->n_budgets++;
    return true;
}

static bool read_budgets(const td_node *root, ds_config *c, const ds_place *where)
{
    const td_node *list = td_get(root, "budgets");
    if (list && !td_is_array(list))
        return td_fail(where->error, "%s.budgets: must be a list", where->at);
    for (const td_node *b = td_first(list); b; b = td_next(b)) {
        ds_place inner;
        if (c->n_budgets == DS_MAX_BUDGETS)
            return td_fail(where->error, "%s: more than %d budgets", where->at, DS_MAX_BUDGETS);
        ds_place_in(&inner, where, "budgets", (int)c->n_budgets);
        if (!read_budget(b, c, &inner))
            return false;
    }
    /* a budget can only hold what has a price */
    for (uint32_t t = 0; c->n_budgets && t < c->tiers.n; t++)
        if (!c->tiers.tier[t].prices.known)
            return td_fail(where->error, "%s: budgets need prices, and tier \"%.60s\" has none", where->at,
                           c->tiers.tier[t].name);
    return true;
}

/* ---- retries, breakers ---- */

static bool read_retry(const td_node *root, ds_config *c, const ds_place *outer)
{
    static const char *const keys[] = {"retries",          "base_s",         "cap_s",
                                       "max_wait_s",       "breaker_failures", "breaker_open_s"};
    const td_node *r = td_get(root, "retry");
    double retries = 2, failures = 5;
    ds_place where;
    c->retry = (ds_retry_rule){2, 0.5, 8, 20};
    c->breaker = (ds_breaker_rule){5, 15, 300};
    if (!r)
        return true;
    ds_place_in(&where, outer, "retry", -1);
    if (!ds_conf_object(r, keys, 6, &where) || !ds_conf_count(r, "retries", 0, 20, &retries, &where) ||
        !ds_conf_number(r, "base_s", 0, 60, &c->retry.base_s, &where) ||
        !ds_conf_number(r, "cap_s", 0, 600, &c->retry.cap_s, &where) ||
        !ds_conf_number(r, "max_wait_s", 0, 300, &c->retry.max_wait_s, &where) ||
        !ds_conf_count(r, "breaker_failures", 1, 1e6, &failures, &where) ||
        !ds_conf_number(r, "breaker_open_s", 0.001, 3600, &c->breaker.open_s, &where))
        return false;
    c->retry.retries = (unsigned)retries;
    c->breaker.failures = (unsigned)failures;
    if (c->breaker.max_open_s < c->breaker.open_s)
        c->breaker.max_open_s = c->breaker.open_s;
    return true;
}

/* ---- the document ---- */

static bool read_document(const td_node *root, ds_config *c, const ds_place *where)
{
    uint32_t t = 0;
    for (const td_node *item = td_first(td_get(root, "tiers")); item && t < c->tiers.n;
         item = td_next(item), t++) {
        ds_place inner;
        c->tier[t].tier = &c->tiers.tier[t];
        ds_place_in(&inner, where, "tiers", (int)t);
        if (!read_tier(item, &c->tier[t], &inner))
            return false;
    }
    return read_retry(root, c, where) && read_budgets(root, c, where);
}

ds_config *ds_config_load(const char *path, td_error *error)
{
    ds_config *c = calloc(1, sizeof *c);
    ds_place where = {error, ""};
    const size_t n = strlen(path);
    if (!c) {
        td_fail(error, "out of memory");
        return NULL;
    }
    c->refs = 1;
    snprintf(where.at, sizeof where.at, "%.200s", path);
    td_node *root = NULL;
    bool good = n > 5 && !strcmp(path + n - 5, ".json");
    if (!good)
        td_fail(error, "--tiers %.200s: must be a .json file with \"endpoints\" for every tier", path);
    good = good && td_tiers_load(&c->tiers, path, error) && (root = td_dom_load(path, MAX_FILE, error)) != NULL;
    if (good) {
        c->tier = calloc(c->tiers.n, sizeof *c->tier);
        good = c->tier ? read_document(root, c, &where) : td_fail(error, "out of memory");
    }
    td_dom_free(root);
    if (good)
        return c;
    ds_config_drop(c);
    return NULL;
}
