#include "infer/dispatch/endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* explicit_bzero is not POSIX; a volatile walk is. */
static void wipe(char *secret)
{
    for (volatile char *at = secret; at && *at; at++)
        *at = 0;
    free(secret);
}

void ds_endpoint_free(ds_endpoint *e)
{
    for (size_t i = 0; i < e->n_headers; i++)
        wipe(e->headers[i]);
    free(e->headers);
    free(e->name);
    free(e->provider);
    free(e->url);
    free(e->model);
    memset(e, 0, sizeof *e);
}

/* "name: value" behind the others; name and value were checked. */
static bool add_header(ds_endpoint *e, const char *name, const char *prefix, const char *value,
                       td_error *error)
{
    const size_t room = strlen(name) + strlen(prefix) + strlen(value) + 3;
    char **wider = realloc(e->headers, (e->n_headers + 1) * sizeof *wider);
    char *line = malloc(room);
    if (wider)
        e->headers = wider;
    if (!wider || !line) {
        free(line);
        return td_fail(error, "out of memory");
    }
    snprintf(line, room, "%s: %s%s", name, prefix, value);
    e->headers[e->n_headers++] = line;
    return true;
}

/* ---- the URL ---- */

static bool read_url(const td_node *item, const char **base, const ds_place *where)
{
    if (!ds_conf_string(item, "base_url", 1000, base, where))
        return false;
    if (!*base)
        return td_fail(where->error, "%s: lacks \"base_url\" (to which /chat/completions is appended)",
                       where->at);
    const size_t scheme = !strncmp(*base, "https://", 8) ? 8 : !strncmp(*base, "http://", 7) ? 7 : 0;
    if (!scheme || !(*base)[scheme])
        return td_fail(where->error, "%s.base_url: must begin with https:// or http:// and name a host",
                       where->at);
    const char *host = *base + scheme;
    const size_t host_len = strcspn(host, "/?#");
    if (memchr(host, '@', host_len))
        return td_fail(where->error, "%s.base_url: holds a user name or key; use \"key_env\"", where->at);
    const char *colon = memchr(host, ':', host_len);
    const char *quoted = host[0] == '[' ? memchr(host, ']', host_len) : NULL;
    if (quoted)
        colon = quoted + 1 < host + host_len ? quoted + 1 : NULL;
    const size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (colon && (*colon != ':' || !digits || digits > 5 || colon + 1 + digits != host + host_len || strtol(colon + 1, NULL, 10) > 65535 ||
                  !strtol(colon + 1, NULL, 10)))
        return td_fail(where->error, "%s.base_url: the port must be a number within 1..65535", where->at);
    size_t len = strlen(*base);
    while (len && (*base)[len - 1] == '/')
        len--;
    if (len >= 17 && !strncmp(*base + len - 17, "/chat/completions", 17))
        return td_fail(where->error, "%s.base_url: ends in /chat/completions, which is appended; leave it out", where->at);
    if (strchr(*base, '?') || strchr(*base, '#') || strchr(*base, ' '))
        return td_fail(where->error, "%s.base_url: no query, fragment or space; use \"query\"", where->at);
    return true;
}

static void put_percent(td_out *out, const char *text)
{
    char code[4];
    for (; *text; text++)
        if (strchr("-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", *text)) {
            td_put(out, text, 1);
        } else {
            snprintf(code, sizeof code, "%%%02X", (unsigned char)*text);
            td_puts(out, code);
        }
}

static bool make_url(const td_node *item, const char *base, ds_endpoint *e, const ds_place *where)
{
    const td_node *query = td_get(item, "query");
    td_out url = {0};
    size_t n = strlen(base);
    while (n && base[n - 1] == '/')
        n--;
    td_put(&url, base, n);
    td_puts(&url, "/chat/completions");
    if (query && !td_is_object(query)) {
        free(url.at);
        return td_fail(where->error, "%s.query: must be an object of strings", where->at);
    }
    for (const td_node *q = td_first(query); q; q = td_next(q)) {
        if (!td_is_string(q)) {
            free(url.at);
            return td_fail(where->error, "%s.query.%.60s: must be a string", where->at, td_key(q));
        }
        td_puts(&url, q == td_first(query) ? "?" : "&");
        put_percent(&url, td_key(q));
        td_puts(&url, "=");
        put_percent(&url, td_string(q));
    }
    td_put(&url, "", 1);
    e->url = url.at;
    return !url.failed || td_fail(where->error, "out of memory");
}

/* ---- headers and key ---- */

static bool read_headers(const td_node *item, ds_endpoint *e, const ds_place *where)
{
    static const char *const ours[] = {"host",       "content-length",    "transfer-encoding", "connection",
                                       "content-type", "expect", "te", "trailer", "upgrade"};
    static const char *const keys[] = {"authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key"};
    const td_node *headers = td_get(item, "headers");
    if (headers && !td_is_object(headers))
        return td_fail(where->error, "%s.headers: must be an object of strings", where->at);
    for (const td_node *h = td_first(headers); h; h = td_next(h)) {
        if (!ds_is_token(td_key(h)))
            return td_fail(where->error, "%s.headers: \"%.60s\" is not a header name", where->at, td_key(h));
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
            if (!strcasecmp(td_key(h), ours[i]))
                return td_fail(where->error, "%s.headers: \"%.60s\" is set by tierce itself", where->at,
                               td_key(h));
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (!strcasecmp(td_key(h), keys[i]))
                return td_fail(where->error, "%s.headers: \"%.60s\" carries a key, and keys stand in no file; name the environment "
                               "variable that holds it with \"key_env\" (\"auth_header\" says the header)", where->at, td_key(h));
        if (!td_is_string(h) || ds_has_control(td_string(h)))
            return td_fail(where->error, "%s.headers.%.60s: must be a string on one line", where->at,
                           td_key(h));
        if (!add_header(e, td_key(h), "", td_string(h), where->error))
            return false;
    }
    return true;
}

/* The key is read from the environment and goes nowhere but into the header. */
static bool read_key(const td_node *item, ds_endpoint *e, const ds_place *where)
{
    const char *variable = NULL, *header = "Authorization", *prefix = NULL;
    if (!ds_conf_string(item, "key_env", 200, &variable, where) ||
        !ds_conf_string(item, "auth_header", 100, &header, where) ||
        !ds_conf_string(item, "auth_prefix", 100, &prefix, where))
        return false;
    if (!ds_is_token(header))
        return td_fail(where->error, "%s.auth_header: \"%.60s\" is not a header name", where->at, header);
    if (!prefix)
        prefix = strcasecmp(header, "Authorization") ? "" : "Bearer ";
    if (!variable)
        return !td_get(item, "auth_header") && !td_get(item, "auth_prefix")
                   ? true
                   : td_fail(where->error, "%s: auth_header or auth_prefix without \"key_env\"", where->at);
    const char *key = getenv(variable);
    if (!key || !*key)
        return td_fail(where->error, "%s.key_env: the environment variable %.100s is not set; export it",
                       where->at, variable);
    if (ds_has_control(key) || strlen(key) > 8192)
        return td_fail(where->error,
                       "%s.key_env: the value of %.100s has a line break or control byte; export it clean",
                       where->at, variable);
    if (!add_header(e, header, prefix, key, where->error))
        return false;
    const char *line = e->headers[e->n_headers - 1];
    e->key = line + strlen(line) - strlen(key);
    return true;
}

/* OpenTelemetry's names of providers, by the end of the host's name. */
static char *provider_of(const char *host)
{
    static const struct {
        const char *host, *name;
    } known[] = {{"api.openai.com", "openai"},
                 {"api.anthropic.com", "anthropic"},
                 {"generativelanguage.googleapis.com", "gcp.gemini"},
                 {"aiplatform.googleapis.com", "gcp.vertex_ai"},
                 {"openai.azure.com", "azure.ai.openai"},
                 {"api.deepseek.com", "deepseek"},
                 {"api.groq.com", "groq"},
                 {"api.mistral.ai", "mistral_ai"},
                 {"api.cohere.com", "cohere"},
                 {"api.perplexity.ai", "perplexity"},
                 {"api.x.ai", "x_ai"}};
    const size_t n = strcspn(host, ":/");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t len = strlen(known[i].host);
        if (n >= len && !strncasecmp(host + n - len, known[i].host, len) && (n == len || strchr(".-", host[n - len - 1])))
            return strdup(known[i].name);
    }
    return strndup(host, n);
}

/* ---- the whole ---- */

static bool read_timeouts(const td_node *item, ds_endpoint *e, const ds_place *outer)
{
    static const char *const keys[] = {"connect_s", "first_byte_s", "between_chunks_s"};
    const td_node *t = td_get(item, "timeouts");
    ds_place where;
    e->connect_s = 10;
    e->first_byte_s = 300; /* a thinking model says nothing for minutes */
    e->between_s = 120;
    if (!t)
        return true;
    ds_place_in(&where, outer, "timeouts", -1);
    return ds_conf_object(t, keys, 3, &where) &&
           ds_conf_number(t, "connect_s", 0.001, 3600, &e->connect_s, &where) &&
           ds_conf_number(t, "first_byte_s", 0.001, 86400, &e->first_byte_s, &where) &&
           ds_conf_number(t, "between_chunks_s", 0.001, 86400, &e->between_s, &where);
}

bool ds_endpoint_read(const td_node *item, const char *model, ds_endpoint *e, const ds_place *where)
{
    static const char *const keys[] = {"base_url", "name",    "key_env",  "auth_header", "auth_prefix",
                                       "headers",  "query",   "timeouts", "weight",      "model", "provider"};
    const char *base = NULL, *name = NULL, *provider = NULL;
    memset(e, 0, sizeof *e);
    e->weight = 1;
    if (!ds_conf_object(item, keys, sizeof keys / sizeof *keys, where) || !read_url(item, &base, where) ||
        !ds_conf_string(item, "name", 60, &name, where) ||
        !ds_conf_string(item, "model", 200, &model, where) ||
        !ds_conf_string(item, "provider", 60, &provider, where) ||
        !ds_conf_number(item, "weight", 0, 1e6, &e->weight, where) || !make_url(item, base, e, where) ||
        !read_headers(item, e, where) || !read_key(item, e, where) || !read_timeouts(item, e, where))
        return false;
    const char *host = strstr(base, "://") + 3;
    e->name = name ? strdup(name) : strndup(host, strcspn(host, "/"));
    e->provider = provider ? strdup(provider) : provider_of(host);
    e->model = strdup(model);
    return (e->name && e->provider && e->model) || td_fail(where->error, "out of memory");
}
