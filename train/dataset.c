#include "train/dataset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "train/memory.h"
#include "train/tier_notes.h"

typedef struct {
    tr_dataset *d;
    tf_features *features;
    tf_state *state;
    size_t entries, room_entries;
    size_t rooms[16];
    tr_tier_notes notes;
} loader;

static void complain(void *context, const char *message)
{
    (void)context;
    fprintf(stderr, "%s\n", message);
}

static uint32_t intern(char ***names, uint32_t *n, tierce_span name, size_t *room)
{
    for (uint32_t i = *n; i-- > 0;)
        if (strlen((*names)[i]) == name.len && !memcmp((*names)[i], name.data, name.len))
            return i;
    *names = tr_grow(*names, room, *n + 1, sizeof **names);
    (*names)[*n] = tr_copy(name.len ? name.data : "", name.len);
    return (*n)++;
}

static void add_vector(loader *l, const tf_vector *v)
{
    tr_dataset *d = l->d;
    d->entry = tr_grow(d->entry, &l->room_entries, l->entries + v->n, sizeof *d->entry);
    if (v->n)
        memcpy(d->entry + l->entries, v->at, v->n * sizeof *v->at);
    memcpy(d->count[d->n], v->count, sizeof v->count);
    l->entries += v->n;
}

static void grow_records(loader *l)
{
    tr_dataset *d = l->d;
    const size_t n = (size_t)d->n + 1, cells = n * d->n_tiers;
    size_t *r = l->rooms;
    d->start = tr_grow(d->start, &r[0], n + 1, sizeof *d->start);
    d->score = tr_grow(d->score, &r[1], cells, sizeof *d->score);
    d->cost = tr_grow(d->cost, &r[2], cells, sizeof *d->cost);
    d->input_tokens = tr_grow(d->input_tokens, &r[3], cells, sizeof *d->input_tokens);
    d->output_tokens = tr_grow(d->output_tokens, &r[4], cells, sizeof *d->output_tokens);
    d->source = tr_grow(d->source, &r[5], n, sizeof *d->source);
    d->workload = tr_grow(d->workload, &r[6], n, sizeof *d->workload);
    d->id = tr_grow(d->id, &r[7], n, sizeof *d->id);
    d->crc = tr_grow(d->crc, &r[8], n, sizeof *d->crc);
    d->bytes = tr_grow(d->bytes, &r[9], n, sizeof *d->bytes);
    d->count = tr_grow(d->count, &r[11], n, sizeof *d->count);
    d->has_tools = tr_grow(d->has_tools, &r[10], n, sizeof *d->has_tools);
    d->chosen = tr_grow(d->chosen, &r[12], n, sizeof *d->chosen);
    d->propensity = tr_grow(d->propensity, &r[13], n, sizeof *d->propensity);
    d->named = tr_grow(d->named, &r[14], n, sizeof *d->named);
}

static void add_choice(tr_dataset *d, const td_record *record)
{
    d->chosen[d->n] = TR_NOT_LOGGED;
    d->propensity[d->n] = 1;
    for (uint32_t t = 0; t < d->n_tiers && record->chosen.len && !isnan(record->propensity); t++) {
        const td_outcome *o = td_tier_outcome(&d->tiers.tier[t], record);
        if (!o || o->name.len != record->chosen.len || memcmp(o->name.data, record->chosen.data, o->name.len))
            continue;
        d->chosen[d->n] = t;
        d->propensity[d->n] = (float)record->propensity;
        d->logged++;
        d->logged_to[t]++;
        return;
    }
}

static void add_named(tr_dataset *d, const tf_vector *v)
{
    for (unsigned id = 0; id < TF_N_COUNT; id++)
        d->named[d->n][id] = v->values[id] == TF_ABSENT
                                 ? TR_NO_BUCKET
                                 : (uint8_t)tf_bucket(tf_named_cut(id), v->values[id]);
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* False when the record has no outcome of any tier. */
static bool add_outcomes(tr_dataset *d, const td_record *record)
{
    bool any = false, graded = false;
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        const td_outcome *o = td_tier_outcome(&d->tiers.tier[t], record);
        const size_t cell = (size_t)d->n * d->n_tiers + t;
        d->score[cell] = o ? o->score : (double)NAN;
        d->cost[cell] = o ? o->cost_usd : (double)NAN;
        d->input_tokens[cell] = o ? o->input_tokens : (double)NAN;
        d->output_tokens[cell] = o ? o->output_tokens : (double)NAN;
        any |= o != NULL;
        graded |= o && o->score > 0 && o->score < 1;
    }
    d->graded += graded;
    return any;
}

static void add_record(loader *l, const td_record *record, size_t *room_sources,
                       size_t *room_workloads)
{
    tr_dataset *d = l->d;
    grow_records(l);
    const bool any = add_outcomes(d, record);
    tr_tier_note(&l->notes, &d->tiers, record, any);
    if (!any) {
        d->without_outcome++;
        return;
    }
    const double start = cpu_seconds();
    const tf_vector *v = tf_extract(l->features, l->state, record->request, NULL, NULL);
    d->extract_s += cpu_seconds() - start;
    d->start[d->n] = l->entries;
    add_vector(l, v);
    d->start[d->n + 1] = l->entries;
    d->source[d->n] = intern(&d->source_name, &d->n_sources, record->source, room_sources);
    d->workload[d->n] = intern(&d->workload_name, &d->n_workloads, record->workload, room_workloads);
    d->id[d->n] = tr_copy(record->id.data, record->id.len);
    d->crc[d->n] = (uint32_t)crc32(0, (const Bytef *)record->id.data, (uInt)record->id.len);
    d->bytes[d->n] = v->values[TF_N_TURNS_TOTAL_BYTES];
    d->has_tools[d->n] = record->request->n_tools > 0;
    add_choice(d, record);
    add_named(d, v);
    d->n++;
}

static bool read_all(loader *l, td_reader *reader, td_error *error)
{
    td_record record;
    size_t room_sources = 0, room_workloads = 0;
    int got;
    while ((got = td_reader_next(reader, &record, error)) > 0) {
        if (l->d->n == UINT32_MAX - 1)
            return td_fail(error, "more than 4 billion records");
        add_record(l, &record, &room_sources, &room_workloads);
    }
    l->d->bad_lines = td_reader_bad(reader);
    if (got < 0)
        return false;
    if (!l->d->n && !l->d->without_outcome)
        return td_fail(error, "no records in the input");
    return tr_tier_notes_judge(&l->notes, &l->d->tiers, error);
}

/* A tier that no record has cannot be learned: more likely a misspelt name. */
static bool every_tier_seen(const tr_dataset *d, td_error *error)
{
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        uint32_t i = 0;
        while (i < d->n && isnan(tr_score(d, i, t)))
            i++;
        if (i == d->n)
            return td_fail(error, "tier \"%.100s\" has no outcome in any of the %u records; the names in "
                                  "\"outcomes\" are what --tiers must name (or \"outcomes\" in tiers.json)",
                           d->tiers.tier[t].name, d->n);
    }
    return true;
}

static void warn_of_strays(const td_reader *reader)
{
    td_out out = {0};
    td_strays_warn(td_reader_strays(reader), &out);
    if (out.len && !out.failed)
        fwrite(out.at, 1, out.len, stderr);
    free(out.at);
}

bool tr_dataset_load(tr_dataset *d, const char *const *paths, size_t n_paths, const char *tiers,
                     const tf_spec *spec, uint64_t max_bad, td_error *error)
{
    memset(d, 0, sizeof *d);
    d->spec = *spec;
    if (!td_tiers_load(&d->tiers, tiers, error))
        return false;
    d->n_tiers = d->tiers.n;
    loader l = {.d = d, .features = tr_new(1, sizeof *l.features)};
    void *memory = tr_new(1, tf_state_size(spec));
    l.state = tf_state_init(memory, spec);
    bool good = tf_features_open(l.features, spec);
    td_reader *reader =
        td_reader_open(paths, n_paths, TD_WANT_RECORDS, max_bad, 0, max_bad ? complain : NULL, NULL);
    good = good && reader && read_all(&l, reader, error) && every_tier_seen(d, error);
    if (good)
        warn_of_strays(reader);
    td_reader_close(reader);
    tr_tier_notes_free(&l.notes);
    free(memory);
    free(l.features);
    if (!good)
        tr_dataset_free(d);
    return good;
}

tf_vector tr_vector(const tr_dataset *d, uint32_t record)
{
    tf_vector v = {.at = d->entry + d->start[record],
                   .n = (uint32_t)(d->start[record + 1] - d->start[record])};
    memcpy(v.count, d->count[record], sizeof v.count);
    memset(v.values, 0xff, sizeof v.values);
    v.values[TF_N_TURNS_TOTAL_BYTES] = d->bytes[record];
    return v;
}

/* ---- weights ---- */

/* Do the record's outcomes depend on the choice? Not where there are several. */
static bool depends(const tr_dataset *d, uint32_t record)
{
    uint32_t outcomes = 0;
    for (uint32_t t = 0; t < d->n_tiers; t++)
        outcomes += isnan(tr_score(d, record, t)) ? 0 : 1;
    return d->chosen[record] != TR_NOT_LOGGED && outcomes < 2;
}

double tr_weight(const tr_dataset *d, uint32_t record)
{
    if (!depends(d, record))
        return 1;
    const double w = 1 / (double)d->propensity[record];
    return w < TR_CLIP ? w : TR_CLIP;
}

static double fit_weight(const tr_dataset *d, uint32_t record)
{
    const double w = tr_weight(d, record);
    const uint32_t t = d->chosen[record];
    return depends(d, record) && d->logged_to[t] ? w * d->logged_to[t] / d->logged : w;
}

#define COPIES 4 /* of a record of mean weight, where weights differ */

unsigned tr_copies(const tr_dataset *d, const uint32_t *records, uint32_t n, uint32_t tier, unsigned *copies)
{
    double sum = 0, count = 0, least = HUGE_VAL, most = 0;
    for (uint32_t i = 0; i < n; i++) {
        copies[i] = isnan(tr_score(d, records[i], tier)) ? 0u : 1u;
        if (!copies[i])
            continue;
        const double w = fit_weight(d, records[i]);
        sum += w;
        count++;
        least = w < least ? w : least;
        most = w > most ? w : most;
    }
    if (!(most > 1.01 * least))
        return 1;
    for (uint32_t i = 0; i < n; i++) {
        const double c = copies[i] ? fit_weight(d, records[i]) * count / sum * COPIES : 0;
        copies[i] = !copies[i] ? 0 : c < 1 ? 1 : (unsigned)(c + 0.5);
    }
    return COPIES;
}

static void free_names(char **names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

void tr_dataset_free(tr_dataset *d)
{
    free_names(d->source_name, d->n_sources);
    free_names(d->workload_name, d->n_workloads);
    free_names(d->id, d->n);
    free(d->start);
    free(d->entry);
    free(d->count);
    free(d->score);
    free(d->cost);
    free(d->input_tokens);
    free(d->output_tokens);
    free(d->source);
    free(d->workload);
    free(d->crc);
    free(d->bytes);
    free(d->has_tools);
    free(d->chosen);
    free(d->propensity);
    free(d->named);
    td_tiers_free(&d->tiers);
    memset(d, 0, sizeof *d);
}
