#include "train/tuning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/nearest.h"
#include "train/narrow.h"

void tr_tuning_default(tr_tuning *t)
{
    tr_options o;
    tr_options_default(&o);
    memset(t, 0, sizeof *t);
    t->bits = TF_DEFAULT_BITS;
    t->seed = o.seed;
    t->slots = o.max_slots;
    t->min_df = o.min_df;
    t->inner_folds = o.inner_folds;
    t->c_general = o.c_general;
}

static bool read_grid(const char *list, tr_options *o)
{
    const char *at = list;
    o->n_grid = 0;
    for (;;) {
        char *end;
        const double c = strtod(at, &end);
        if (end == at || !(c >= 1e-6 && c <= 1e6) || o->n_grid == TR_MAX_GRID) {
            fprintf(stderr, "tierce-train: --c %.60s: must be 1 to %d numbers within 1e-6..1e6, as 0.5,1,2\n",
                    list, TR_MAX_GRID);
            return false;
        }
        o->c_grid[o->n_grid++] = c;
        if (!*end)
            return true;
        at = end + (*end == ',');
    }
}

static bool set_scale(tr_options *o, const char *name, size_t len, double value)
{
    static const struct {
        const char *prefix;
        size_t offset;
    } kinds[] = {{"general.", offsetof(tr_options, general)}, {"cost.", offsetof(tr_options, cost)}};
    float *scales = o->familiar;
    const char *names[TF_BLOCKS];
    char word[64];
    for (size_t k = 0; k < 2; k++) {
        const size_t n = strlen(kinds[k].prefix);
        if (len > n && !memcmp(name, kinds[k].prefix, n)) {
            scales = (float *)(void *)((char *)o + kinds[k].offset);
            name += n;
            len -= n;
        }
    }
    snprintf(word, sizeof word, "%.*s", (int)(len < 60 ? len : 60), name);
    for (unsigned b = 0; b < TF_BLOCKS; b++) {
        names[b] = tf_block_name(b);
        if (!strcmp(word, names[b])) {
            scales[b] = (float)value;
            return true;
        }
    }
    const char *near = td_nearest(word, names, TF_BLOCKS);
    fprintf(stderr, "tierce-train: --scale: unknown block \"%s\"%s%s%s\n", word, near ? "; did you mean \"" : "",
            near ? near : "", near ? "\"?" : "");
    return false;
}

static bool read_scales(const char *list, tr_options *o)
{
    for (const char *at = list;;) {
        const size_t n = strcspn(at, "=,");
        char *end = NULL;
        const double v = at[n] == '=' ? strtod(at + n + 1, &end) : -1;
        if (!(v >= 0 && v <= 100) || end == at + n + 1 || (*end && *end != ',')) {
            fprintf(stderr, "tierce-train: --scale %.60s: must be BLOCK=NUMBER,… with numbers within 0..100\n", list);
            return false;
        }
        if (!set_scale(o, at, n, v))
            return false;
        if (!*end)
            return true;
        at = end + 1;
    }
}

uint64_t tr_read_size(const char *text)
{
    char *end;
    double v = strtod(text, &end);
    if (*end == 'k' || *end == 'K')
        v *= 1024;
    else if (*end == 'M')
        v *= 1048576;
    end += *end != 0;
    if (end == text || *end || !(v >= TR_MIN_BYTES && v <= TM_MAX_SLOTS * 16.0))
        return 0;
    return (uint64_t)v;
}

static bool read_plan(const char *list, tr_options *o)
{
    const struct {
        const char *name;
        uint32_t *to, low, high;
    } parts[] = {{"levels", &o->weight_levels, 1, 127},
                 {"votes", &o->vote_features, 1, 65535},
                 {"vote-levels", &o->vote_levels, 1, 127},
                 {"signature", &o->signature, 1, TM_SIGNATURE}};
    const char *names[sizeof parts / sizeof *parts];
    for (const char *at = list; *at;) {
        const size_t n = strcspn(at, "=,");
        char *end = NULL, word[64];
        size_t k = 0;
        snprintf(word, sizeof word, "%.*s", (int)(n < 60 ? n : 60), at);
        for (; k < sizeof parts / sizeof *parts && strcmp(word, names[k] = parts[k].name); k++)
            ;
        if (k == sizeof parts / sizeof *parts) {
            const char *near = td_nearest(word, names, k);
            fprintf(stderr, "tierce-train: --plan: unknown part \"%s\"%s%s%s\n", word, near ? "; did you mean \"" : "",
                    near ? near : "", near ? "\"?" : "");
            return false;
        }
        const long v = at[n] == '=' ? strtol(at + n + 1, &end, 10) : -1;
        if (!end || end == at + n + 1 || (*end && *end != ',') || v < (long)parts[k].low || v > (long)parts[k].high) {
            fprintf(stderr, "tierce-train: --plan: %s must be a whole number within %u..%u\n", word, parts[k].low,
                    parts[k].high);
            return false;
        }
        *parts[k].to = (uint32_t)v;
        o->planned = true;
        at = end + (*end == ',');
    }
    return true;
}

static bool read_size(const tr_tuning *t, tr_options *o)
{
    if (t->plan && !t->size) {
        fprintf(stderr, "tierce-train: --plan says what --size buys: give both\n");
        return false;
    }
    if (!t->size)
        return true;
    o->max_bytes = tr_read_size(t->size);
    if (!o->max_bytes) {
        fprintf(stderr, "tierce-train: --size %.60s: must be bytes, as 64K or 1M, at least %d\n", t->size, TR_MIN_BYTES);
        return false;
    }
    if (!t->plan)
        return true;
    tr_plan_size(o, 32); /* what the list leaves out */
    return read_plan(t->plan, o);
}

bool tr_tuning_apply(const tr_tuning *t, tr_options *o, tf_spec *spec)
{
    tr_options_default(o);
    tf_spec_default(spec);
    spec->bits = (uint32_t)t->bits;
    o->seed = t->seed;
    o->max_slots = (uint32_t)t->slots;
    o->min_df = (uint32_t)t->min_df;
    o->inner_folds = (uint32_t)t->inner_folds;
    o->c_general = t->c_general;
    if (t->inner_folds == 1) {
        fprintf(stderr, "tierce-train: --inner-folds 1 would calibrate on nothing; give 2 to 20, or 0\n");
        return false;
    }
    if (!read_size(t, o))
        return false;
    if ((t->c && !read_grid(t->c, o)) || (t->scale && !read_scales(t->scale, o)))
        return false;
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        if (!(o->familiar[b] > 0) && !(o->general[b] > 0) && !(o->cost[b] > 0))
            spec->scale[b] = 0;
    return true;
}
