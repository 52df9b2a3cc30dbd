/* A model as bytes. The layout is described once, in models/format.h. */
#include <string.h>
#include <zlib.h>

#include "models/bytes.h"
#include "models/format.h"
#include "models/model.h"

static void write_spec(tm_writer *w, const tm_model *m)
{
    const tf_spec *s = &m->spec;
    tm_write_u8(w, (uint8_t)s->bits);
    tm_write_u32(w, s->zone_bytes);
    tm_write_u32(w, s->max_parts);
    tm_write_u32(w, s->max_tools);
    tm_write_u32(w, s->max_entries);
    tm_write_u8(w, TF_BLOCKS);
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        tm_write_f32(w, s->scale[b]);
    tm_write_u8(w, (uint8_t)tf_extractor_count());
    for (size_t i = 0; i < tf_extractor_count(); i++) {
        tm_write_string(w, tf_extractor_name(i));
        tm_write_u32(w, tf_extractor_version(i));
    }
}

static void write_tiers(tm_writer *w, const tm_model *m)
{
    tm_write_u8(w, (uint8_t)m->n_tiers);
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const tm_tier *tier = &m->tiers[t];
        const tm_prices *p = &tier->prices;
        tm_write_string(w, tier->name);
        tm_write_string(w, tier->model);
        tm_write_u8(w, (uint8_t)(p->known | tier->no_tools << 1));
        tm_write_u32(w, tier->context_window);
        tm_write_u32(w, tier->records);
        tm_write_f64(w, tier->mean_score);
        tm_write_f64(w, tier->mean_cost);
        if (!p->known)
            continue;
        tm_write_f64(w, p->input);
        tm_write_f64(w, p->output);
        tm_write_f64(w, p->cached_input);
        tm_write_u32(w, p->long_above);
        tm_write_f64(w, p->long_input);
        tm_write_f64(w, p->long_output);
        tm_write_f64(w, p->long_cached_input);
    }
}

static void write_rows(tm_writer *w, const tm_model *m)
{
    tm_write_u8(w, (uint8_t)m->n_rows);
    for (uint32_t r = 0; r < m->n_rows; r++) {
        tm_write_u8(w, (uint8_t)m->rows[r].kind);
        tm_write_u8(w, (uint8_t)m->rows[r].tier);
        tm_write_f64(w, m->rows[r].bias);
        for (unsigned b = 0; b < TF_BLOCKS; b++)
            tm_write_f32(w, m->rows[r].scale[b]);
    }
}

/* Column by column: weights of one row resemble each other, which zlib likes. */
static void write_weights(tm_writer *w, const tm_model *m)
{
    const tm_weights *weights = &m->weights;
    const uint32_t n = m->tiny ? 0 : weights->n_slots;
    uint32_t last = 0;
    tm_write_u32(w, n);
    for (uint32_t s = 0; s < n; s++) {
        tm_write_varint(w, weights->index[s] - last);
        last = weights->index[s];
    }
    for (uint32_t r = 0; r < weights->n_rows; r++)
        for (uint32_t s = 0; s < n; s++)
            tm_write_u8(w, (uint8_t)tm_weights_of(weights, s)[r]);
}

static void write_sources(tm_writer *w, const tm_model *m)
{
    tm_write_u16(w, (uint16_t)m->n_sources);
    for (uint32_t i = 0; i < m->n_sources; i++) {
        const tm_source *s = &m->sources[i];
        tm_write_string(w, s->name);
        tm_write_u32(w, s->records);
        tm_write_f32(w, s->likely_base);
        tm_write_f32(w, s->mean);
        tm_write_f32(w, s->spread);
        tm_write_f32(w, s->prior);
        tm_write_f32(w, s->cover_mean);
        tm_write_f32(w, s->cover_spread);
        tm_write_f32(w, s->size);
        tm_write_f32(w, s->bias);
        for (uint32_t t = 0; t < m->n_tiers; t++)
            tm_write_f64(w, s->level[t]);
        const uint32_t n = m->tiny ? 0 : s->n;
        tm_write_u8(w, (uint8_t)n);
        for (uint32_t k = 0; k < n; k++) {
            tm_write_u32(w, s->index[k]);
            tm_write_f32(w, s->likely[k]);
            tm_write_f32(w, s->mark[k]);
            tm_write_f32(w, s->lack[k]);
        }
    }
    tm_write_f64(w, m->gate.base);
    tm_write_f64(w, m->gate.nearest);
    tm_write_f64(w, m->gate.nearness);
    tm_write_f64(w, m->gate.evidence);
    tm_write_f64(w, m->gate.coverage);
    tm_write_f64(w, m->gate.vocabulary);
    tm_write_f64(w, m->gate.confidence);
    tm_write_f64(w, m->gate.size);
    tm_write_f64(w, m->gate.most);
    tm_write_f64(w, m->gate.cover_mean);
    tm_write_f64(w, m->gate.cover_spread);
}

static void write_votes(tm_writer *w, const tm_model *m)
{
    const tm_votes *v = &m->votes;
    const uint32_t n = m->tiny ? 0 : v->n_slots;
    uint32_t last = 0;
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        tm_write_f32(w, v->scale[b]);
    tm_write_u16(w, (uint16_t)n);
    for (uint32_t s = 0; s < n; s++) {
        tm_write_varint(w, v->index[s] - last);
        last = v->index[s];
    }
    for (uint32_t k = 0; k < m->n_sources; k++)
        for (uint32_t s = 0; s < n; s++)
            tm_write_u8(w, (uint8_t)v->weight[(size_t)s * m->n_sources + k]);
}

static void write_estimate(tm_writer *w, const tm_model *m)
{
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        tm_write_f64(w, m->calibration[t].offset);
        tm_write_f64(w, m->calibration[t].slope);
        tm_write_f64(w, m->cost[t].smear);
        tm_write_f64(w, m->cost[t].low);
        tm_write_f64(w, m->cost[t].high);
        tm_write_f64(w, m->cost[t].input_base);
        tm_write_f64(w, m->cost[t].input_per_byte);
    }
}

static void write_points(tm_writer *w, const tm_model *m)
{
    tm_write_u16(w, (uint16_t)m->n_points);
    for (uint32_t i = 0; i < m->n_points; i++) {
        const tm_point *p = &m->points[i];
        tm_write_string(w, p->name);
        tm_write_string(w, p->goal);
        tm_write_f64(w, p->value_usd);
        tm_write_f64(w, p->min_probability);
        tm_write_f64(w, p->max_cost_usd);
        tm_write_u64(w, p->allowed);
        tm_write_u8(w, (uint8_t)p->default_tier);
    }
}

static void write_digest(tm_writer *w, const tm_model *m)
{
    const tm_digest *d = &m->digest;
    tm_write_string(w, d->created_by);
    tm_write_u32(w, d->records);
    tm_write_u64(w, d->seed);
    tm_write_bytes(w, d->data_hash, sizeof d->data_hash);
    tm_write_u32(w, d->id_filter_words);
    for (uint32_t i = 0; i < d->id_filter_words; i++)
        tm_write_u32(w, d->id_filter[i]);
    tm_write_u32(w, d->n_sources);
    tm_write_u16(w, (uint16_t)d->n_figures);
    for (uint32_t i = 0; i < d->n_figures; i++) {
        tm_write_string(w, d->figures[i].name);
        tm_write_f64(w, d->figures[i].value);
        tm_write_f64(w, d->figures[i].low);
        tm_write_f64(w, d->figures[i].high);
    }
    for (size_t i = 0; i < sizeof d->familiar / sizeof *d->familiar; i++)
        tm_write_f64(w, d->familiar[i]);
}

static void write_selftests(tm_writer *w, const tm_model *m)
{
    tm_write_u16(w, (uint16_t)m->n_selftests);
    for (uint32_t i = 0; i < m->n_selftests; i++) {
        tm_write_string(w, m->selftests[i].prompt);
        for (uint32_t t = 0; t < m->n_tiers; t++)
            tm_write_f64(w, m->selftests[i].probability[t]);
    }
}

static bool points_need_more(const tm_model *m)
{
    for (uint32_t i = 0; i < m->n_points; i++)
        if (m->points[i].charge || m->points[i].min_familiarity > 0)
            return true;
    return false;
}

static void write_points2(tm_writer *w, const tm_model *m)
{
    for (uint32_t i = 0; i < m->n_points; i++) {
        const tm_point *p = &m->points[i];
        tm_write_f64(w, p->min_familiarity);
        tm_write_u8(w, p->charge != NULL);
        for (uint32_t t = 0; p->charge && t < m->n_tiers; t++)
            tm_write_f64(w, p->charge[t]);
    }
}

static bool has_portrait(const tm_model *m)
{
    return m->portrait.n > 0;
}

static void write_portrait(tm_writer *w, const tm_model *m)
{
    const tm_portrait *p = &m->portrait;
    tm_write_u32(w, p->records);
    tm_write_f64(w, p->abstain_below);
    tm_write_u16(w, (uint16_t)p->n);
    for (uint32_t i = 0; i < p->n; i++) {
        const tm_histogram *h = &p->histogram[i];
        tm_write_u8(w, (uint8_t)h->kind);
        tm_write_u8(w, (uint8_t)h->number);
        tm_write_u8(w, (uint8_t)h->n_cuts);
        for (uint32_t k = 0; k < h->n_cuts; k++)
            tm_write_f32(w, h->cut[k]);
        for (uint32_t k = 0; k <= h->n_cuts; k++)
            tm_write_u16(w, h->share[k]);
    }
}

static bool is_tiny(const tm_model *m)
{
    return m->tiny;
}

static void write_section(tm_writer *w, uint32_t tag, uint32_t flags, const tm_model *m,
                          void (*body)(tm_writer *, const tm_model *))
{
    tm_write_u32(w, tag);
    tm_write_u32(w, flags);
    const size_t at = w->len;
    tm_write_u32(w, 0);
    body(w, m);
    if (w->failed)
        return;
    const size_t len = w->len - at - 4;
    if (len > TM_MAX_RAW)
        w->failed = true;
    for (unsigned i = 0; i < 4; i++)
        w->at[at + i] = (uint8_t)(len >> 8 * i);
}

/* In the order in which they stand; one whose `present` says no is left out (NULL: always there). */
static const struct {
    uint32_t tag, flags;
    void (*body)(tm_writer *, const tm_model *);
    bool (*present)(const tm_model *);
} sections[] = {
    {TM_TAG_SPEC, TM_MANDATORY, write_spec, NULL},
    {TM_TAG_TIERS, TM_MANDATORY, write_tiers, NULL},
    {TM_TAG_ROWS, TM_MANDATORY, write_rows, NULL},
    {TM_TAG_WEIGHTS, TM_MANDATORY, write_weights, NULL},
    {TM_TAG_SOURCES, TM_MANDATORY, write_sources, NULL},
    {TM_TAG_VOTES, TM_MANDATORY, write_votes, NULL},
    {TM_TAG_ESTIMATE, TM_MANDATORY, write_estimate, NULL},
    {TM_TAG_POINTS, TM_MANDATORY, write_points, NULL},
    {TM_TAG_DIGEST, 0, write_digest, NULL},
    {TM_TAG_SELFTEST, 0, write_selftests, NULL},
    {TM_TAG_POINTS2, TM_MANDATORY, write_points2, points_need_more},
    {TM_TAG_PORTRAIT, 0, write_portrait, has_portrait},
    {TM_TAG_TINY, TM_MANDATORY, tm_write_tiny, is_tiny},
};
#define N_SECTIONS (sizeof sections / sizeof *sections)

static void write_unknown(tm_writer *w, const tm_unknown *u)
{
    tm_write_u32(w, u->tag);
    tm_write_u32(w, u->flags);
    tm_write_u32(w, u->len);
    tm_write_bytes(w, u->data, u->len);
}

static void write_payload(tm_writer *w, const tm_model *m)
{
    for (size_t i = 0; i < N_SECTIONS; i++)
        if (!sections[i].present || sections[i].present(m))
            write_section(w, sections[i].tag, sections[i].flags, m, sections[i].body);
    for (uint32_t i = 0; i < m->n_unknown; i++)
        write_unknown(w, &m->unknown[i]);
}

/* Packed by zlib into memory of the allocator, NULL when memory ends. */
static uint8_t *pack_as(const tierce_allocator *a, const uint8_t *from, size_t len, int memory, int strategy, size_t *packed_len)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)from,
                  .avail_in = (uInt)len,
                  .zalloc = tm_zalloc,
                  .zfree = tm_zrelease,
                  .opaque = (void *)(uintptr_t)a};
    if (deflateInit2(&z, 9, Z_DEFLATED, 15, memory, strategy) != Z_OK)
        return NULL;
    const uLong bound = deflateBound(&z, (uLong)len);
    uint8_t *packed = a->alloc(a->context, bound);
    z.next_out = packed;
    z.avail_out = (uInt)bound;
    const bool good = packed && deflate(&z, Z_FINISH) == Z_STREAM_END;
    *packed_len = z.total_out;
    deflateEnd(&z);
    if (good)
        return packed;
    if (packed)
        a->release(a->context, packed);
    return NULL;
}

/* The shorter of two ways. A large model is numbers, whose short repetitions are chance, and Z_FILTERED leaves them
 * alone: that of flash_pro is a twentieth smaller so, and unpacks, which is half of what a cold start costs, in
 * four fifths of the time. Small ones repeat themselves. */
static uint8_t *pack(const tierce_allocator *a, const uint8_t *from, size_t len, size_t *packed_len)
{
    size_t other_len = 0;
    uint8_t *packed = pack_as(a, from, len, 8, Z_DEFAULT_STRATEGY, packed_len);
    uint8_t *other = packed ? pack_as(a, from, len, 9, Z_FILTERED, &other_len) : NULL;
    if (!other) {
        if (packed)
            a->release(a->context, packed);
        return NULL;
    }
    const bool shorter = other_len < *packed_len;
    a->release(a->context, shorter ? packed : other);
    *packed_len = shorter ? other_len : *packed_len;
    return shorter ? other : packed;
}

tierce_status tm_model_section(const tm_model *m, uint32_t i, char tag[5], size_t *plain, size_t *packed)
{
    tm_writer w = {.allocator = &m->arena.allocator};
    if (i >= N_SECTIONS + m->n_unknown)
        return TIERCE_ARGUMENT;
    const uint32_t t = i < N_SECTIONS ? sections[i].tag : m->unknown[i - N_SECTIONS].tag;
    *plain = *packed = 0;
    if (i < N_SECTIONS && sections[i].present && !sections[i].present(m))
        return TIERCE_OK;
    if (i < N_SECTIONS)
        write_section(&w, t, sections[i].flags, m, sections[i].body);
    else
        write_unknown(&w, &m->unknown[i - N_SECTIONS]);
    for (unsigned k = 0; k < 4; k++)
        tag[k] = (char)(t >> 8 * k);
    tag[4] = 0;
    uint8_t *room = w.failed ? NULL : pack(w.allocator, w.at, w.len, packed);
    *plain = w.len;
    if (room)
        w.allocator->release(w.allocator->context, room);
    tm_writer_free(&w);
    return room ? TIERCE_OK : TIERCE_NOMEM;
}

/* An old file is written again as it was: only what is new in it asks for the new number. */
static uint16_t minor_of(const tm_model *m)
{
    return m->tiny ? 2 : m->portrait.n || points_need_more(m) ? 1 : 0;
}

static tierce_status finish(tm_writer *file, const tm_writer *payload, uint16_t minor, const uint8_t *packed,
                            size_t packed_len, tierce_error *error)
{
    tm_write_bytes(file, TM_MAGIC, 8);
    tm_write_u16(file, TM_VERSION_MAJOR);
    tm_write_u16(file, minor);
    tm_write_u32(file, (uint32_t)packed_len);
    tm_write_u32(file, (uint32_t)payload->len);
    tm_write_u32(file, (uint32_t)crc32(0, payload->at, (uInt)payload->len));
    tm_write_u32(file, (uint32_t)crc32(0, packed, (uInt)packed_len));
    tm_write_u32(file, file->failed ? 0 : (uint32_t)crc32(0, file->at, (uInt)file->len));
    tm_write_bytes(file, packed, packed_len);
    return file->failed ? tierce_fail(error, TIERCE_NOMEM, NULL, 0) : TIERCE_OK;
}

tierce_status tm_model_encode(const tm_model *model, const tierce_allocator *allocator,
                              uint8_t **bytes, size_t *len, tierce_error *error)
{
    const tierce_allocator *a = allocator ? allocator : &tm_default_allocator;
    tm_writer payload = {.allocator = a}, file = {.allocator = a};
    tierce_status status = TIERCE_OK;
    uint8_t *packed = NULL;
    write_payload(&payload, model);
    if (payload.failed || payload.len > TM_MAX_RAW) {
        status = tierce_fail(error, payload.failed ? TIERCE_NOMEM : TIERCE_LIMIT, NULL, payload.len);
    } else {
        size_t packed_len = 0;
        packed = pack(a, payload.at, payload.len, &packed_len);
        status = packed ? finish(&file, &payload, minor_of(model), packed, packed_len, error)
                        : tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    }
    if (packed)
        a->release(a->context, packed);
    tm_writer_free(&payload);
    if (status != TIERCE_OK) {
        tm_writer_free(&file);
        return status;
    }
    *bytes = file.at;
    *len = file.len;
    return TIERCE_OK;
}
