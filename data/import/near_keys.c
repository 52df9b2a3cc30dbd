#include "data/import/near_keys.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/stray_keys.h"

#define ROOM 160

/* What a record calls it, the option that points to it (NULL: none, it must stand at the top under its name), and
 * whether the row has it. */
typedef struct {
    const char *meant, *option, *unit;
    bool has;
} wish;

enum { WISHES = 11 };

static void list_wishes(const td_row *row, bool has_id, wish list[WISHES])
{
    const td_outcome *o = &row->outcome;
    const wish all[WISHES] = {
        {"score", "--score-field", "", !isnan(o->score)},
        {"cost_usd", "--cost-field", ", in USD", !isnan(o->cost_usd)},
        {"input_tokens", "--input-field", "", !isnan(o->input_tokens)},
        {"output_tokens", "--output-field", "", !isnan(o->output_tokens)},
        {"latency_s", "--latency-field", ", in seconds", !isnan(o->latency_s)},
        {"cached_tokens", NULL, "", !isnan(o->cached_tokens)},
        {"cache_write_tokens", NULL, "", !isnan(o->cache_write_tokens)},
        {"reasoning_tokens", NULL, "", !isnan(o->reasoning_tokens)},
        {"id", "--id-field", "", has_id},
        {"source", "--source-field", "", row->source.len > 0},
        {"workload", "--workload-field", "", row->workload.len > 0},
    };
    memcpy(list, all, sizeof all);
}

static const wish *wish_of(const wish list[WISHES], const char *meant)
{
    for (int i = 0; meant && i < WISHES; i++)
        if (!strcmp(list[i].meant, meant))
            return &list[i];
    return NULL;
}

static bool is_number(const wish *w)
{
    return strcmp(w->meant, "id") && strcmp(w->meant, "source") && strcmp(w->meant, "workload");
}

/* As a JSON pointer has it. False: too long to be told. */
static bool add_step(char pointer[ROOM], const char *key)
{
    size_t used = strlen(pointer);
    if (strlen(key) * 2 + used + 2 > ROOM)
        return false;
    pointer[used++] = '/';
    for (; *key; key++) {
        if (*key == '~' || *key == '/') {
            pointer[used++] = '~';
            pointer[used++] = *key == '~' ? '0' : '1';
        } else {
            pointer[used++] = *key;
        }
    }
    pointer[used] = 0;
    return true;
}

static bool is_used(const td_import_settings *s, const char *pointer)
{
    const char *const used[] = {s->id_field,    s->prompt_field, s->messages_field, s->tools_field,  s->model_field,
                                s->score_field, s->cost_field,   s->input_field,    s->output_field, s->latency_field,
                                s->source_field, s->workload_field};
    for (size_t i = 0; i < sizeof used / sizeof *used; i++)
        if (used[i] && !strcmp(used[i] + (*used[i] == '/'), pointer + 1))
            return true;
    return s->score_fields && strstr(s->score_fields, pointer) != NULL;
}

#define MOST_KEYS 4096 /* beyond them keys are names of things, and what one of them means is not looked for */

/* What the key may mean, which is found out once for each. */
static const wish *meaning(td_map *known, tierce_span key, const wish list[WISHES], bool top)
{
    bool fresh;
    const uint64_t hash = td_hash_bytes(top, key.data, key.len);
    uint64_t *which = known->n < MOST_KEYS ? td_map_at(known, hash, &fresh) : td_map_find(known, hash);
    if (which && known->n < MOST_KEYS && fresh) {
        const wish *w = wish_of(list, td_stray_meant(key, true));
        w = w || !top ? w : wish_of(list, td_stray_meant(key, false));
        *which = w ? (uint64_t)(w - list) + 1 : 0;
    }
    return which && *which ? &list[*which - 1] : NULL;
}

static void tell(td_sink *sink, td_map *known, const td_node *n, const char *pointer, const wish list[WISHES], bool top, bool wide, uint64_t line)
{
    char what[2 * ROOM + 200];
    const tierce_span key = td_span_of(td_key(n));
    if (td_is_null(n) || td_is_object(n) || td_is_array(n))
        return;
    const wish *w = meaning(known, key, list, top);
    if (!w || w->has || is_used(td_sink_settings(sink), pointer))
        return;
    if (wide && is_number(w)) {
        if (strcmp(w->meant, "score"))
            snprintf(what, sizeof what, "lines with \"%s\", which is not read: with --score-fields a line's costs, tokens and times belong to no "
                                        "model; give a line an outcome instead (--model-field, --score-field)", pointer);
        else
            return;
    } else if (!strcmp(pointer + 1, w->meant)) {
        return; /* read, and empty or no number: that is told where it is read */
    } else if (w->option) {
        snprintf(what, sizeof what, "lines with \"%s\", which is not read (%s %s would%s)", pointer, w->option, pointer, w->unit);
    } else {
        snprintf(what, sizeof what, "lines with \"%s\", which is not read (\"/%s\" would be)", pointer, w->meant);
    }
    td_sink_note(sink, line, what, NULL);
}

void td_tell_near_keys(td_sink *sink, td_map *known, const td_node *line, const td_row *row, bool has_id, bool wide)
{
    static const char *const requests[] = {"messages", "prompt", "tools", "outcomes"};
    wish list[WISHES];
    list_wishes(row, has_id, list);
    for (const td_node *n = td_is_object(line) ? td_first(line) : NULL; n; n = td_next(n)) {
        char pointer[ROOM] = "";
        bool request = false;
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
            request = request || !strcmp(td_key(n), requests[i]);
        if (request || !add_step(pointer, td_key(n)))
            continue;
        tell(sink, known, n, pointer, list, true, wide, row->line);
        for (const td_node *m = td_is_object(n) ? td_first(n) : NULL; m; m = td_next(m)) {
            char inner[ROOM];
            memcpy(inner, pointer, sizeof inner);
            if (add_step(inner, td_key(m)))
                tell(sink, known, m, inner, list, false, wide, row->line);
        }
    }
}
