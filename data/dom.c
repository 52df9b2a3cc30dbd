#include "data/dom.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "data/starved.h"

/* ---- mending ---- */

static bool is_hex(const char *at, const char *end)
{
    if (end - at < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!strchr("0123456789abcdefABCDEF", at[i]) || !at[i])
            return false;
    return true;
}

static unsigned hex4(const char *at)
{
    char digits[5] = {at[0], at[1], at[2], at[3], 0};
    return (unsigned)strtoul(digits, NULL, 16);
}

/* The escape at `at` (a backslash) and what it must become: *skip bytes of it are replaced by \ufffd,
 * or, where *skip is 0, *keep bytes stay as they are; a \u without its four digits keeps two, and
 * mend() spoils it, as cJSON would take it for a NUL and cut the string short. */
static void judge_escape(const char *at, const char *end, size_t *skip, size_t *keep)
{
    *skip = 0;
    *keep = end - at >= 2 ? 2 : 1;
    if (end - at < 6 || at[1] != 'u' || !is_hex(at + 2, end))
        return;
    const unsigned v = hex4(at + 2);
    *keep = 6;
    if (v >= 0xd800 && v < 0xdc00) {
        const bool pair = end - at >= 12 && at[6] == '\\' && at[7] == 'u' && is_hex(at + 8, end) &&
                          hex4(at + 8) >= 0xdc00 && hex4(at + 8) < 0xe000;
        *keep = pair ? 12 : 6;
        *skip = pair ? 0 : 6;
    } else if (v == 0 || (v >= 0xdc00 && v < 0xe000)) {
        *skip = 6;
    }
}

static const char *const python_words[] = {"-Infinity", "Infinity", "NaN"};

/* Bytes of a bare NaN or Infinity at `at`, or 0. */
static size_t python_word(const char *at, const char *end)
{
    for (size_t i = 0; i < 3; i++) {
        const size_t n = strlen(python_words[i]);
        if ((size_t)(end - at) >= n && !memcmp(at, python_words[i], n))
            return n;
    }
    return 0;
}

/* A copy that cJSON reads as meant; every replacement is as long as what it replaces or shorter, but
 * for NaN, which has four letters' room in "null" only by one more byte. */
static char *mend(const char *text, size_t len, size_t *out_len)
{
    const char *end = text + len;
    char *copy = malloc(len + len / 3 + 8), *to = copy;
    bool in_string = false;
    if (!copy)
        return NULL;
    for (const char *at = text; at < end;) {
        size_t skip = 0, keep = 1;
        if (in_string && *at == '\\') {
            judge_escape(at, end, &skip, &keep);
        } else if (*at == '"') {
            in_string = !in_string;
        } else if (in_string && !*at) { /* a raw NUL would end the string */
            *to++ = ' ';
            at++;
            continue;
        } else if (!in_string && (skip = python_word(at, end)) > 0) {
            memcpy(to, "null", 4);
            to += 4;
            at += skip;
            continue;
        }
        if (skip) {
            memcpy(to, "\\ufffd", 6);
            to += 6;
            at += skip;
        } else {
            memcpy(to, at, keep);
            if (keep == 2 && at[1] == 'u')
                to[1] = '!';
            to += keep;
            at += keep;
        }
    }
    *to = 0;
    *out_len = (size_t)(to - copy);
    return copy;
}

/* ---- parsing ---- */

/* cJSON gives NULL for want of memory as for bad text: its allocations are watched. */
static _Thread_local bool starved;

static void *watched(size_t size)
{
    void *memory = malloc(size);
    if (!memory) {
        starved = true;
        td_starve();
    }
    return memory;
}

bool td_dom_starved(void)
{
    return starved;
}

static _Thread_local bool deep;

bool td_dom_deep(void)
{
    return deep;
}

/* cJSON does not say that this is why. */
static bool is_deep(const char *text, size_t len)
{
    long depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len && depth <= CJSON_NESTING_LIMIT; i++) {
        const char c = text[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string)
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
    return depth > CJSON_NESTING_LIMIT;
}

static cJSON *parse(const char *text, size_t len, const char **end)
{
    cJSON_Hooks hooks = {watched, free};
    starved = false;
    cJSON_InitHooks(&hooks);
    return cJSON_ParseWithLengthOpts(text, len, end, true);
}

td_node *td_dom_parse(const char *text, size_t len, const char *name, td_error *error)
{
    size_t n;
    char *copy = mend(text, len, &n);
    const char *end = NULL;
    cJSON *root = copy ? parse(copy, n + 1, &end) : NULL;
    if (!copy) {
        starved = true;
        td_starve();
    }
    deep = !root && !starved && is_deep(text, len);
    if (!root && starved) {
        td_fail(error, "%.200s: out of memory", name);
    } else if (deep) {
        td_fail(error, "%.200s: nested deeper than %d levels", name, CJSON_NESTING_LIMIT);
    } else if (!root) {
        unsigned long line = 1;
        for (const char *at = copy; end && at < end && *at; at++)
            line += *at == '\n';
        td_fail(error, "%.200s:%lu: not valid JSON; look just before this place", name, line);
    }
    free(copy);
    return root;
}

/* The file's bytes, unpacked; NULL with *error filled. */
static char *load(const char *path, size_t most, size_t *len, td_error *error)
{
    const bool standard = !strcmp(path, "-");
    gzFile f = standard ? gzdopen(0, "rb") : gzopen(path, "rb");
    char *text = NULL;
    size_t room = 0;
    int n = f ? 1 : -1;
    *len = 0;
    while (n > 0) {
        if (*len + (1 << 16) > room) {
            char *wider = realloc(text, (room = 2 * room + (1 << 17)));
            if (!wider)
                break;
            text = wider;
        }
        n = gzread(f, text + *len, 1 << 16);
        *len += n > 0 ? (size_t)n : 0;
        if (*len > most)
            break;
    }
    int fault = Z_OK;
    if (f) {
        gzerror(f, &fault);
        const int closed = gzclose_r(f);
        fault = fault == Z_OK ? closed : fault;
    }
    if (n == 0 && fault == Z_OK)
        return text;
    if (!f)
        td_fail(error, "%.200s: cannot be read; check the path", path);
    else if (*len > most)
        td_fail(error, "%.200s: more than %zu MiB", path, most >> 20);
    else if (n > 0)
        td_fail(error, "%.200s: out of memory", path);
    else
        td_fail(error, "%.200s: cannot be read to its end; is it a file, and whole?", path);
    free(text);
    return NULL;
}

td_node *td_dom_load(const char *path, size_t max_bytes, td_error *error)
{
    size_t len;
    char *text = load(path, max_bytes ? max_bytes : (size_t)1 << 30, &len, error);
    if (!text)
        return NULL;
    td_node *root = td_dom_parse(text, len, path, error);
    free(text);
    return root;
}

void td_dom_free(td_node *root)
{
    cJSON_Delete(root);
}

/* ---- looking ---- */

bool td_is_object(const td_node *n)
{
    return cJSON_IsObject(n);
}

bool td_is_array(const td_node *n)
{
    return cJSON_IsArray(n);
}

bool td_is_string(const td_node *n)
{
    return cJSON_IsString(n);
}

bool td_is_number(const td_node *n)
{
    return cJSON_IsNumber(n) && isfinite(n->valuedouble);
}

bool td_is_bool(const td_node *n)
{
    return cJSON_IsBool(n);
}

bool td_is_null(const td_node *n)
{
    return cJSON_IsNull(n);
}

const td_node *td_get(const td_node *object, const char *key)
{
    return td_is_object(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const td_node *td_get_path(const td_node *object, const char *path)
{
    char key[128];
    for (;;) {
        const size_t n = strcspn(path, ".");
        if (n >= sizeof key)
            return NULL;
        memcpy(key, path, n);
        key[n] = 0;
        object = td_get(object, key);
        if (!object || !path[n])
            return object;
        path += n + 1;
    }
}

const td_node *td_at(const td_node *array, size_t i)
{
    const td_node *n = td_is_array(array) ? td_first(array) : NULL;
    while (n && i--)
        n = td_next(n);
    return n;
}

size_t td_count(const td_node *n)
{
    size_t count = 0;
    for (const td_node *c = td_first(n); c; c = td_next(c))
        count++;
    return count;
}

const td_node *td_first(const td_node *n)
{
    return td_is_object(n) || td_is_array(n) ? n->child : NULL;
}

const td_node *td_next(const td_node *n)
{
    return n ? n->next : NULL;
}

const char *td_key(const td_node *n)
{
    return n ? n->string : NULL;
}

const char *td_string(const td_node *n)
{
    return cJSON_IsString(n) ? n->valuestring : NULL;
}

double td_number(const td_node *n, double otherwise)
{
    return td_is_number(n) ? n->valuedouble : otherwise;
}

bool td_true(const td_node *n)
{
    return cJSON_IsTrue(n);
}

void td_dom_print(td_out *out, const td_node *n)
{
    char *text = cJSON_PrintUnformatted(n);
    if (text)
        td_puts(out, text);
    else
        out->failed = true;
    cJSON_free(text);
}
