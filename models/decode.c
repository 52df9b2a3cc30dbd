/* A payload's sections to a checked model. Nothing in the file is trusted: every count is held against what is
 * left of the file before anything is allocated, every index against its table, every number
 * against its range. */
#include <math.h>
#include <string.h>

#include "models/bytes.h"
#include "models/format.h"
#include "models/model.h"

static bool in_range(double v, double low, double high)
{
    return v >= low && v <= high; /* false for NaN */
}

/* Room for n things of at least `each` bytes in the file? */
static bool fits(tm_reader *r, size_t n, size_t each)
{
    if (r->failed || n > (r->len - r->pos) / each)
        r->failed = true;
    return !r->failed;
}

/* A name that is shown to people: control bytes could be commands to their terminal. */
static char *read_name(tm_reader *r, tm_arena *arena)
{
    char *s = tm_read_string(r, arena);
    for (const char *c = s; c && *c; c++)
        r->failed = r->failed || (unsigned char)*c < 0x20 || *c == 0x7f;
    return s;
}

static tierce_status read_extractors(tm_reader *r, tm_arena *arena)
{
    const unsigned n = tm_read_u8(r);
    bool same = n == tf_extractor_count();
    for (unsigned i = 0; i < n; i++) {
        const char *name = tm_read_string(r, arena);
        const uint32_t version = tm_read_u32(r);
        if (r->failed)
            return TIERCE_CORRUPT;
        same = same && !strcmp(name, tf_extractor_name(i)) && version == tf_extractor_version(i);
    }
    return same ? TIERCE_OK : TIERCE_EXTRACTOR;
}

static tierce_status read_spec(tm_reader *r, tm_model *m)
{
    tf_spec *s = &m->spec;
    s->bits = tm_read_u8(r);
    s->zone_bytes = tm_read_u32(r);
    s->max_parts = tm_read_u32(r);
    s->max_tools = tm_read_u32(r);
    s->max_entries = tm_read_u32(r);
    if (tm_read_u8(r) != TF_BLOCKS)
        return r->failed ? TIERCE_CORRUPT : TIERCE_EXTRACTOR;
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        s->scale[b] = tm_read_f32(r);
    if (r->failed || tf_spec_check(s))
        return TIERCE_CORRUPT;
    return read_extractors(r, &m->arena);
}

static bool price_ok(double v)
{
    return in_range(v, 0, 1e6);
}

static tierce_status read_tier(tm_reader *r, tm_model *m, tm_tier *tier)
{
    tm_prices *p = &tier->prices;
    tier->name = read_name(r, &m->arena);
    tier->model = read_name(r, &m->arena);
    const uint8_t flags = tm_read_u8(r);
    p->known = flags & 1;
    tier->no_tools = flags >> 1 & 1;
    tier->context_window = tm_read_u32(r);
    tier->records = tm_read_u32(r);
    tier->mean_score = tm_read_f64(r);
    tier->mean_cost = tm_read_f64(r);
    if (r->failed || flags > 3 || !tier->name[0] || !in_range(tier->mean_score, 0, 1) ||
        !in_range(tier->mean_cost, -1, 1e9))
        return TIERCE_CORRUPT;
    if (!p->known)
        return TIERCE_OK;
    p->input = tm_read_f64(r);
    p->output = tm_read_f64(r);
    p->cached_input = tm_read_f64(r);
    p->long_above = tm_read_u32(r);
    p->long_input = tm_read_f64(r);
    p->long_output = tm_read_f64(r);
    p->long_cached_input = tm_read_f64(r);
    return !r->failed && price_ok(p->input) && price_ok(p->output) && price_ok(p->cached_input) &&
                   price_ok(p->long_input) && price_ok(p->long_output) &&
                   price_ok(p->long_cached_input)
               ? TIERCE_OK
               : TIERCE_CORRUPT;
}

static tierce_status read_tiers(tm_reader *r, tm_model *m)
{
    m->n_tiers = tm_read_u8(r);
    if (!m->n_tiers || m->n_tiers > TM_MAX_TIERS || !fits(r, m->n_tiers, 30))
        return TIERCE_CORRUPT;
    m->tiers = tm_arena_alloc(&m->arena, m->n_tiers, sizeof *m->tiers);
    if (!m->tiers)
        return TIERCE_NOMEM;
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const tierce_status status = read_tier(r, m, &m->tiers[t]);
        if (status != TIERCE_OK)
            return status;
        for (uint32_t u = 0; u < t; u++)
            if (!strcmp(m->tiers[u].name, m->tiers[t].name))
                return TIERCE_CORRUPT;
    }
    return TIERCE_OK;
}

static tierce_status read_rows(tm_reader *r, tm_model *m)
{
    bool seen[TM_ROW_KINDS][TM_MAX_TIERS] = {{false}};
    m->n_rows = tm_read_u8(r);
    if (!m->n_rows || !fits(r, m->n_rows, 10 + 4 * TF_BLOCKS))
        return TIERCE_CORRUPT;
    m->rows = tm_arena_alloc(&m->arena, m->n_rows, sizeof *m->rows);
    if (!m->rows)
        return TIERCE_NOMEM;
    for (uint32_t i = 0; i < m->n_rows; i++) {
        tm_row *row = &m->rows[i];
        const unsigned kind = tm_read_u8(r);
        row->tier = tm_read_u8(r);
        row->bias = tm_read_f64(r);
        for (unsigned b = 0; b < TF_BLOCKS; b++)
            if (!in_range((double)(row->scale[b] = tm_read_f32(r)), 0, 1e6))
                return TIERCE_CORRUPT;
        if (r->failed || kind >= TM_ROW_KINDS || row->tier >= m->n_tiers ||
            seen[kind][row->tier] || !in_range(row->bias, -1e6, 1e6))
            return TIERCE_CORRUPT;
        row->kind = (tm_row_kind)kind;
        seen[kind][row->tier] = true;
    }
    for (uint32_t t = 0; t < m->n_tiers; t++)
        if (!seen[TM_ROW_FAMILIAR][t] || !seen[TM_ROW_GENERAL][t])
            return TIERCE_CORRUPT;
    return TIERCE_OK;
}

/* The file has the weights row by row, the model bucket by bucket. */
static void turn(tm_weights *w, const uint8_t *columns)
{
    const size_t n = w->n_slots;
    if (w->n_rows == 4) { /* two tiers without predicted costs: four bytes at a time */
        for (size_t s = 0; s < n; s++) {
            const uint8_t four[4] = {columns[s], columns[n + s], columns[2 * n + s], columns[3 * n + s]};
            memcpy(tm_weights_of(w, (uint32_t)s), four, sizeof four);
        }
        return;
    }
    for (uint32_t row = 0; row < w->n_rows; row++)
        for (size_t s = 0; s < n; s++)
            tm_weights_of(w, (uint32_t)s)[row] = (int8_t)columns[row * n + s];
}

static tierce_status read_weights(tm_reader *r, tm_model *m)
{
    tm_weights *w = &m->weights;
    const uint64_t indexes = (uint64_t)TF_BLOCKS << m->spec.bits;
    const uint32_t n_slots = tm_read_u32(r);
    if (n_slots > TM_MAX_SLOTS || !fits(r, n_slots, 1 + (size_t)m->n_rows))
        return TIERCE_CORRUPT;
    if (!tm_weights_new(m, n_slots))
        return TIERCE_NOMEM;
    uint64_t index = 0;
    for (uint32_t s = 0; s < w->n_slots; s++) {
        const uint32_t step = tm_read_varint(r);
        index += step;
        if (r->failed || index >= indexes || (s && !step))
            return TIERCE_CORRUPT;
        w->index[s] = (uint32_t)index;
    }
    const uint8_t *columns = tm_read_bytes(r, (size_t)w->n_slots * w->n_rows);
    if (!columns)
        return TIERCE_CORRUPT;
    turn(w, columns);
    return TIERCE_OK;
}

static tierce_status read_source(tm_reader *r, tm_model *m, tm_source *s)
{
    const uint64_t indexes = (uint64_t)TF_BLOCKS << m->spec.bits;
    s->name = read_name(r, &m->arena);
    s->records = tm_read_u32(r);
    s->likely_base = tm_read_f32(r);
    s->mean = tm_read_f32(r);
    s->spread = tm_read_f32(r);
    s->prior = tm_read_f32(r);
    s->cover_mean = tm_read_f32(r);
    s->cover_spread = tm_read_f32(r);
    s->size = tm_read_f32(r);
    s->bias = tm_read_f32(r);
    s->level = tm_arena_alloc(&m->arena, m->n_tiers, sizeof *s->level);
    if (!s->level)
        return TIERCE_NOMEM;
    for (uint32_t t = 0; t < m->n_tiers; t++)
        if (!in_range(s->level[t] = tm_read_f64(r), -1e3, 1e3))
            return TIERCE_CORRUPT;
    s->n = tm_read_u8(r);
    if (r->failed || s->n > TM_SIGNATURE || !in_range((double)s->likely_base, -1e4, 1e4) ||
        !in_range((double)s->cover_mean, 0, 1) || !in_range((double)s->cover_spread, 1e-3, 10) ||
        !in_range((double)s->size, -100, 0) || !in_range((double)s->bias, -1e4, 1e4) || !in_range((double)s->mean, -1e4, 1e4) ||
        !in_range((double)s->spread, 1e-3, 1e4) || !in_range((double)s->prior, -100, 100))
        return TIERCE_CORRUPT;
    for (uint32_t k = 0; k < s->n; k++) {
        s->index[k] = tm_read_u32(r);
        s->likely[k] = tm_read_f32(r);
        s->mark[k] = tm_read_f32(r);
        s->lack[k] = tm_read_f32(r);
        if (r->failed || s->index[k] >= indexes || !in_range((double)s->likely[k], -100, 100) ||
            !in_range((double)s->mark[k], -100, 100) || !in_range((double)s->lack[k], -100, 100))
            return TIERCE_CORRUPT;
    }
    return TIERCE_OK;
}

static tierce_status read_gate(tm_reader *r, tm_gate *g)
{
    double *const number[] = {&g->base,       &g->nearest, &g->nearness, &g->evidence,
                              &g->coverage,   &g->vocabulary, &g->confidence, &g->size,
                              &g->most,       &g->cover_mean, &g->cover_spread};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (!in_range(*number[i] = tm_read_f64(r), -1e3, 1e3))
            return TIERCE_CORRUPT;
    return g->cover_spread >= 1e-3 && in_range(g->most, 0, 1) ? TIERCE_OK : TIERCE_CORRUPT;
}

static tierce_status read_sources(tm_reader *r, tm_model *m)
{
    m->n_sources = tm_read_u16(r);
    if (m->n_sources > TM_MAX_SOURCES || !fits(r, m->n_sources, 39 + 8 * (size_t)m->n_tiers))
        return TIERCE_CORRUPT;
    m->sources = tm_arena_alloc(&m->arena, m->n_sources, sizeof *m->sources);
    if (!m->sources)
        return TIERCE_NOMEM;
    for (uint32_t i = 0; i < m->n_sources; i++) {
        const tierce_status status = read_source(r, m, &m->sources[i]);
        if (status != TIERCE_OK)
            return status;
    }
    return read_gate(r, &m->gate);
}

static tierce_status read_votes(tm_reader *r, tm_model *m)
{
    tm_votes *v = &m->votes;
    const uint64_t indexes = (uint64_t)TF_BLOCKS << m->spec.bits;
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        if (!in_range((double)(v->scale[b] = tm_read_f32(r)), 0, 1e6))
            return TIERCE_CORRUPT;
    v->n_slots = tm_read_u16(r);
    if (!fits(r, v->n_slots, 1 + (size_t)m->n_sources))
        return TIERCE_CORRUPT;
    v->index = tm_arena_alloc(&m->arena, v->n_slots, sizeof *v->index);
    v->weight = tm_arena_alloc(&m->arena, v->n_slots, m->n_sources);
    if (!v->index || !v->weight)
        return TIERCE_NOMEM;
    uint64_t index = 0;
    for (uint32_t s = 0; s < v->n_slots; s++) {
        const uint32_t step = tm_read_varint(r);
        index += step;
        if (r->failed || index >= indexes || (s && !step))
            return TIERCE_CORRUPT;
        v->index[s] = (uint32_t)index;
    }
    for (uint32_t k = 0; k < m->n_sources; k++) {
        const uint8_t *column = tm_read_bytes(r, v->n_slots);
        if (!column)
            return TIERCE_CORRUPT;
        for (uint32_t s = 0; s < v->n_slots; s++)
            v->weight[(size_t)s * m->n_sources + k] = (int8_t)column[s];
    }
    return TIERCE_OK;
}

static tierce_status read_estimate(tm_reader *r, tm_model *m)
{
    m->calibration = tm_arena_alloc(&m->arena, m->n_tiers, sizeof *m->calibration);
    m->cost = tm_arena_alloc(&m->arena, m->n_tiers, sizeof *m->cost);
    if (!m->calibration || !m->cost)
        return TIERCE_NOMEM;
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        tm_calibration *c = &m->calibration[t];
        tm_cost *cost = &m->cost[t];
        c->offset = tm_read_f64(r);
        c->slope = tm_read_f64(r);
        cost->smear = tm_read_f64(r);
        cost->low = tm_read_f64(r);
        cost->high = tm_read_f64(r);
        cost->input_base = tm_read_f64(r);
        cost->input_per_byte = tm_read_f64(r);
        if (r->failed || !in_range(c->offset, -1e3, 1e3) || !in_range(c->slope, -1e3, 1e3) ||
            !in_range(cost->smear, 0, 1e6) || !in_range(cost->low, 0, 1e12) ||
            !in_range(cost->high, cost->low, 1e12) || !in_range(cost->input_base, 0, 1e9) ||
            !in_range(cost->input_per_byte, 0, 1e3))
            return TIERCE_CORRUPT;
    }
    return TIERCE_OK;
}

static tierce_status read_points(tm_reader *r, tm_model *m)
{
    m->n_points = tm_read_u16(r);
    if (!fits(r, m->n_points, 37))
        return TIERCE_CORRUPT;
    m->points = tm_arena_alloc(&m->arena, m->n_points, sizeof *m->points);
    if (!m->points)
        return TIERCE_NOMEM;
    for (uint32_t i = 0; i < m->n_points; i++) {
        tm_point *p = &m->points[i];
        p->name = read_name(r, &m->arena);
        p->goal = read_name(r, &m->arena);
        p->value_usd = tm_read_f64(r);
        p->min_probability = tm_read_f64(r);
        p->max_cost_usd = tm_read_f64(r);
        p->allowed = tm_read_u64(r);
        p->default_tier = tm_read_u8(r);
        if (r->failed || !in_range(p->value_usd, 0, 1e9) || !in_range(p->min_probability, 0, 1) ||
            !in_range(p->max_cost_usd, 0, 1e9) || p->default_tier >= m->n_tiers)
            return TIERCE_CORRUPT;
    }
    return TIERCE_OK;
}

static tierce_status read_id_filter(tm_reader *r, tm_model *m)
{
    tm_digest *d = &m->digest;
    d->id_filter_words = tm_read_u32(r);
    if (!fits(r, d->id_filter_words, 4))
        return TIERCE_CORRUPT;
    d->id_filter = tm_arena_alloc(&m->arena, d->id_filter_words, sizeof *d->id_filter);
    if (!d->id_filter)
        return TIERCE_NOMEM;
    for (uint32_t i = 0; i < d->id_filter_words; i++)
        d->id_filter[i] = tm_read_u32(r);
    return TIERCE_OK;
}

static tierce_status read_figures(tm_reader *r, tm_model *m)
{
    tm_digest *d = &m->digest;
    d->n_figures = tm_read_u16(r);
    if (!fits(r, d->n_figures, 26))
        return TIERCE_CORRUPT;
    d->figures = tm_arena_alloc(&m->arena, d->n_figures, sizeof *d->figures);
    if (!d->figures)
        return TIERCE_NOMEM;
    for (uint32_t i = 0; i < d->n_figures; i++) {
        d->figures[i].name = read_name(r, &m->arena);
        d->figures[i].value = tm_read_f64(r);
        d->figures[i].low = tm_read_f64(r);
        d->figures[i].high = tm_read_f64(r);
        if (!in_range(d->figures[i].value, -1e12, 1e12) || !in_range(d->figures[i].low, -1e12, 1e12) ||
            !in_range(d->figures[i].high, -1e12, 1e12))
            return TIERCE_CORRUPT;
    }
    return TIERCE_OK;
}

static tierce_status read_digest(tm_reader *r, tm_model *m)
{
    tm_digest *d = &m->digest;
    d->created_by = read_name(r, &m->arena);
    d->records = tm_read_u32(r);
    d->seed = tm_read_u64(r);
    const uint8_t *hash = tm_read_bytes(r, sizeof d->data_hash);
    if (!hash || !d->created_by)
        return TIERCE_CORRUPT;
    memcpy(d->data_hash, hash, sizeof d->data_hash);
    tierce_status status = read_id_filter(r, m);
    d->n_sources = tm_read_u32(r);
    if (status == TIERCE_OK)
        status = read_figures(r, m);
    for (size_t i = 0; status == TIERCE_OK && i < sizeof d->familiar / sizeof *d->familiar; i++)
        if (!in_range(d->familiar[i] = tm_read_f64(r), 0, 1))
            return TIERCE_CORRUPT;
    return status;
}

static tierce_status read_selftests(tm_reader *r, tm_model *m)
{
    m->n_selftests = tm_read_u16(r);
    if (!fits(r, m->n_selftests, 2 + 8 * (size_t)m->n_tiers))
        return TIERCE_CORRUPT;
    m->selftests = tm_arena_alloc(&m->arena, m->n_selftests, sizeof *m->selftests);
    if (!m->selftests)
        return TIERCE_NOMEM;
    for (uint32_t i = 0; i < m->n_selftests; i++) {
        tm_selftest *test = &m->selftests[i];
        test->prompt = tm_read_string(r, &m->arena);
        test->probability = tm_arena_alloc(&m->arena, m->n_tiers, sizeof *test->probability);
        if (!test->probability)
            return TIERCE_NOMEM;
        for (uint32_t t = 0; t < m->n_tiers; t++)
            if (!in_range(test->probability[t] = tm_read_f64(r), 0, 1))
                return TIERCE_CORRUPT;
    }
    return TIERCE_OK;
}

/* In the order in which they must stand. Flags are what the section must carry; a required one must be
 * there. */
static const struct {
    uint32_t tag;
    bool required;
    uint32_t flags;
    tierce_status (*read)(tm_reader *, tm_model *);
} sections[] = {
    {TM_TAG_SPEC, true, TM_MANDATORY, read_spec},
    {TM_TAG_TIERS, true, TM_MANDATORY, read_tiers},
    {TM_TAG_ROWS, true, TM_MANDATORY, read_rows},
    {TM_TAG_WEIGHTS, true, TM_MANDATORY, read_weights},
    {TM_TAG_SOURCES, true, TM_MANDATORY, read_sources},
    {TM_TAG_VOTES, true, TM_MANDATORY, read_votes},
    {TM_TAG_ESTIMATE, true, TM_MANDATORY, read_estimate},
    {TM_TAG_POINTS, true, TM_MANDATORY, read_points},
    {TM_TAG_DIGEST, false, 0, read_digest},
    {TM_TAG_SELFTEST, false, 0, read_selftests},
    {TM_TAG_POINTS2, false, TM_MANDATORY, tm_read_points2},
    {TM_TAG_PORTRAIT, false, 0, tm_read_portrait},
    {TM_TAG_TINY, false, TM_MANDATORY, tm_read_tiny},
};
#define N_SECTIONS (sizeof sections / sizeof *sections)

static tierce_status keep_unknown(tm_model *m, uint32_t tag, uint32_t flags, const uint8_t *data,
                                  uint32_t len)
{
    if (flags & TM_MANDATORY)
        return TIERCE_SECTION;
    tm_unknown *list = tm_arena_alloc(&m->arena, (size_t)m->n_unknown + 1, sizeof *list);
    uint8_t *copy = tm_arena_alloc(&m->arena, len, 1);
    if (!list || !copy)
        return TIERCE_NOMEM;
    if (m->n_unknown)
        memcpy(list, m->unknown, m->n_unknown * sizeof *list);
    if (len)
        memcpy(copy, data, len);
    list[m->n_unknown].tag = tag;
    list[m->n_unknown].flags = flags;
    list[m->n_unknown].len = len;
    list[m->n_unknown].data = copy;
    m->unknown = list;
    m->n_unknown++;
    return m->n_unknown <= 64 ? TIERCE_OK : TIERCE_LIMIT;
}

/* The section at the reader's position; *next: the first known section that may still come. */
static tierce_status read_section(tm_reader *r, tm_model *m, size_t *next)
{
    const uint32_t tag = tm_read_u32(r), flags = tm_read_u32(r), len = tm_read_u32(r);
    const uint8_t *data = tm_read_bytes(r, len);
    size_t i = 0;
    if (!data)
        return TIERCE_CORRUPT;
    while (i < N_SECTIONS && sections[i].tag != tag)
        i++;
    if (i == N_SECTIONS) /* unknown ones stand behind the known, so that their order is kept */
        return *next <= 7 ? TIERCE_CORRUPT : keep_unknown(m, tag, flags, data, len);
    if (i < *next || m->n_unknown || flags != sections[i].flags)
        return TIERCE_CORRUPT;
    for (size_t k = *next; k < i; k++)
        if (sections[k].required)
            return TIERCE_CORRUPT;
    *next = i + 1;
    tm_reader body = tm_reader_of(data, len);
    const tierce_status status = sections[i].read(&body, m);
    if (body.no_memory)
        return TIERCE_NOMEM;
    if (status != TIERCE_OK)
        return status;
    return body.failed || body.pos != body.len ? TIERCE_CORRUPT : TIERCE_OK;
}

tierce_status tm_read_payload(tm_model *m, const uint8_t *raw, size_t len, tierce_error *error)
{
    tm_reader r = tm_reader_of(raw, len);
    size_t next = 0;
    while (r.pos < r.len) {
        const size_t at = r.pos;
        const tierce_status status = read_section(&r, m, &next);
        if (status != TIERCE_OK)
            return tierce_fail(error, status, NULL, at);
    }
    for (; next < N_SECTIONS; next++)
        if (sections[next].required)
            return tierce_fail(error, TIERCE_CORRUPT, "model file lacks a mandatory section", r.pos);
    return tm_weights_prepare(m) && tm_signatures_prepare(m) ? TIERCE_OK : tierce_fail(error, TIERCE_NOMEM, NULL, 0);
}
