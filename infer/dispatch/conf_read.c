#include "infer/dispatch/conf_read.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/nearest.h"

void ds_place_in(ds_place *inner, const ds_place *outer, const char *key, int index)
{
    inner->error = outer->error;
    if (index < 0)
        snprintf(inner->at, sizeof inner->at, "%.250s.%.60s", outer->at, key);
    else
        snprintf(inner->at, sizeof inner->at, "%.250s.%.50s[%d]", outer->at, key, index);
}

bool ds_conf_object(const td_node *object, const char *const *keys, size_t n, const ds_place *where)
{
    if (!td_is_object(object))
        return td_fail(where->error, "%s: must be an object {…}", where->at);
    for (const td_node *item = td_first(object); item; item = td_next(item)) {
        size_t i = 0;
        while (i < n && strcmp(td_key(item), keys[i]))
            i++;
        if (i == n) {
            const char *near = td_nearest(td_key(item), keys, n);
            return near ? td_fail(where->error, "%s: unknown key \"%.80s\"; did you mean \"%s\"?",
                                  where->at, td_key(item), near)
                        : td_fail(where->error, "%s: unknown key \"%.80s\"; known are \"%s\" and its kin",
                                  where->at, td_key(item), keys[0]);
        }
        for (const td_node *other = td_next(item); other; other = td_next(other))
            if (!strcmp(td_key(item), td_key(other)))
                return td_fail(where->error, "%s: \"%.80s\" stands twice; keep one", where->at,
                               td_key(item));
    }
    return true;
}

bool ds_conf_number(const td_node *object, const char *key, double low, double high, double *out,
                    const ds_place *where)
{
    const td_node *item = td_get(object, key);
    if (!item)
        return true;
    const double v = td_number(item, low - 1);
    if (!(v >= low && v <= high))
        return td_fail(where->error, "%s.%s: must be a number within %.10g..%.10g", where->at, key, low,
                       high);
    *out = v;
    return true;
}

bool ds_conf_count(const td_node *object, const char *key, double low, double high, double *out,
                   const ds_place *where)
{
    double v = low;
    if (!ds_conf_number(object, key, low, high, &v, where))
        return false;
    if (v != floor(v))
        return td_fail(where->error, "%s.%s: must be a whole number within %.10g..%.10g", where->at, key, low, high);
    *out = td_get(object, key) ? v : *out;
    return true;
}

bool ds_conf_bool(const td_node *object, const char *key, bool *out, const ds_place *where)
{
    const td_node *item = td_get(object, key);
    if (!item)
        return true;
    if (!td_is_bool(item))
        return td_fail(where->error, "%s.%s: must be true or false", where->at, key);
    *out = td_true(item);
    return true;
}

bool ds_has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

bool ds_conf_string(const td_node *object, const char *key, size_t most, const char **out,
                    const ds_place *where)
{
    const td_node *item = td_get(object, key);
    if (!item)
        return true;
    const char *text = td_string(item);
    if (!text)
        return td_fail(where->error, "%s.%s: must be a string", where->at, key);
    if (strlen(text) > most)
        return td_fail(where->error, "%s.%s: longer than %zu bytes", where->at, key, most);
    if (ds_has_control(text))
        return td_fail(where->error, "%s.%s: contains a control byte; keep it on one line", where->at, key);
    *out = text;
    return true;
}

bool ds_is_token(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++)
        if (!strchr("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", *name))
            return false;
    return true;
}
