/* The sections that minor version 1 of the format added. As in decode.c, nothing is trusted. */
#include "models/format.h"

static bool in_range(double v, double low, double high)
{
    return v >= low && v <= high; /* false for NaN */
}

tierce_status tm_read_points2(tm_reader *r, tm_model *m)
{
    for (uint32_t i = 0; i < m->n_points; i++) {
        tm_point *p = &m->points[i];
        p->min_familiarity = tm_read_f64(r);
        const uint8_t charged = tm_read_u8(r);
        if (r->failed || charged > 1 || !in_range(p->min_familiarity, 0, 1))
            return TIERCE_CORRUPT;
        if (!charged)
            continue;
        p->charge = tm_arena_alloc(&m->arena, m->n_tiers, sizeof *p->charge);
        if (!p->charge)
            return TIERCE_NOMEM;
        for (uint32_t t = 0; t < m->n_tiers; t++)
            if (!in_range(p->charge[t] = tm_read_f64(r), -1, 1))
                return TIERCE_CORRUPT;
    }
    return TIERCE_OK;
}

static tierce_status read_histogram(tm_reader *r, const tm_model *m, tm_histogram *h)
{
    const unsigned kind = tm_read_u8(r);
    h->number = tm_read_u8(r);
    h->n_cuts = tm_read_u8(r);
    if (r->failed || kind >= TM_H_KINDS || h->n_cuts > TM_MAX_CUTS)
        return TIERCE_CORRUPT;
    h->kind = (tm_histogram_kind)kind;
    if ((h->kind == TM_H_NAMED && h->number >= TF_N_COUNT) ||
        (h->kind == TM_H_PROBABILITY && h->number >= m->n_tiers))
        return TIERCE_CORRUPT;
    for (uint32_t k = 0; k < h->n_cuts; k++)
        if (!in_range((double)(h->cut[k] = tm_read_f32(r)), -1, 1e9) ||
            (k && h->cut[k] <= h->cut[k - 1]))
            return TIERCE_CORRUPT;
    for (uint32_t k = 0; k <= h->n_cuts; k++)
        h->share[k] = tm_read_u16(r);
    return r->failed ? TIERCE_CORRUPT : TIERCE_OK;
}

tierce_status tm_read_portrait(tm_reader *r, tm_model *m)
{
    tm_portrait *p = &m->portrait;
    p->records = tm_read_u32(r);
    p->abstain_below = tm_read_f64(r);
    p->n = tm_read_u16(r);
    if (r->failed || !p->n || p->n > (r->len - r->pos) / 5 || !in_range(p->abstain_below, 0, 1))
        return TIERCE_CORRUPT;
    p->histogram = tm_arena_alloc(&m->arena, p->n, sizeof *p->histogram);
    if (!p->histogram)
        return TIERCE_NOMEM;
    for (uint32_t i = 0; i < p->n; i++) {
        const tierce_status status = read_histogram(r, m, &p->histogram[i]);
        if (status != TIERCE_OK)
            return status;
    }
    return TIERCE_OK;
}
