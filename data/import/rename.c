#include "data/import/rename.h"

#include <stdlib.h>
#include <string.h>

static bool same(tierce_span a, tierce_span b)
{
    return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

static int shown(tierce_span s)
{
    return (int)(s.len < 100 ? s.len : 100);
}

static bool add(td_renames *r, const char *at, size_t n, td_error *error)
{
    const char *equals = memchr(at, '=', n);
    if (!equals || equals == at || equals + 1 == at + n)
        return td_fail(error, "--rename %.*s: must be OLD=NEW, for example google/gemini-3.5-flash=flash",
                       (int)(n < 100 ? n : 100), at);
    const td_rename new = {{at, (size_t)(equals - at)}, {equals + 1, (size_t)(at + n - equals - 1)}, false};
    for (size_t i = 0; i < r->n; i++)
        if (same(r->at[i].from, new.from))
            return td_fail(error, "--rename %.*s: \"%.*s\" is renamed twice; a model has one name",
                           (int)(n < 100 ? n : 100), at, shown(new.from), new.from.data);
    td_rename *wider = realloc(r->at, (r->n + 1) * sizeof *wider);
    if (!wider)
        return td_fail(error, "out of memory");
    r->at = wider;
    r->at[r->n++] = new;
    return true;
}

bool td_renames_read(td_renames *r, const char *text, td_error *error)
{
    while (text && *text) {
        const size_t n = strcspn(text, ",");
        if (!add(r, text, n, error))
            return false;
        text += n + (text[n] == ',');
    }
    return true;
}

void td_renames_free(td_renames *r)
{
    free(r->at);
    memset(r, 0, sizeof *r);
}

bool td_renamed(td_renames *r, tierce_span *name, const td_rename **clash)
{
    for (size_t i = 0; i < r->n; i++)
        if (same(r->at[i].from, *name)) {
            r->at[i].used = true;
            *name = r->at[i].to;
            return true;
        }
    for (size_t i = 0; i < r->n && name->len; i++)
        if (same(r->at[i].to, *name)) {
            *clash = &r->at[i];
            return false;
        }
    return true;
}

const td_rename *td_rename_unused(const td_renames *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (!r->at[i].used)
            return &r->at[i];
    return NULL;
}
