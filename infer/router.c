/* The public face of the edge library: open, estimate, explain. */
#include "infer/router.h"

#include <string.h>

#include "infer/router_state.h"
#include "models/maths.h"

/* ---- opening ---- */

/* A scratch of the router's own, for its self-test; released again. */
static tierce_status run_selftests(tierce_router *router, tierce_error *error)
{
    const tm_model *m = &router->model;
    const tierce_allocator *a = &router->model.arena.allocator;
    if (!m->n_selftests)
        return TIERCE_OK;
    void *memory = a->alloc(a->context, tierce_scratch_size(router));
    if (!memory)
        return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    tierce_scratch *scratch = tierce_scratch_init(router, memory, error);
    tierce_status status = TIERCE_OK;
    for (uint32_t i = 0; status == TIERCE_OK && i < m->n_selftests; i++) {
        tierce_estimate estimates[TIERCE_MAX_TIERS];
        tierce_part part;
        const char *prompt = m->selftests[i].prompt;
        const tierce_request request = tierce_request_of_prompt(&part, prompt, strlen(prompt));
        status = tierce_estimate_all(router, scratch, &request, estimates, NULL, error);
        for (uint32_t t = 0; status == TIERCE_OK && t < m->n_tiers; t++)
            if (estimates[t].probability != m->selftests[i].probability[t])
                status = tierce_fail(error, TIERCE_SELFTEST, NULL, i);
    }
    a->release(a->context, memory);
    return status;
}

static tierce_router *new_router(const tierce_allocator *allocator)
{
    const tierce_allocator *a = allocator ? allocator : &tm_default_allocator;
    tierce_router *router = a->alloc(a->context, sizeof *router);
    if (router)
        memset(router, 0, sizeof *router);
    return router;
}

tierce_status tierce_router_open(tierce_router **out, const void *bytes, size_t len,
                                 const tierce_allocator *allocator, tierce_error *error)
{
    return tierce_router_open_by(out, bytes, len, allocator, NULL, error);
}

tierce_status tierce_router_open_by(tierce_router **out, const void *bytes, size_t len, const tierce_allocator *allocator,
                                    const tm_inflater *by, tierce_error *error)
{
    *out = NULL;
    tierce_fail(error, TIERCE_OK, NULL, 0);
    if (!tm_maths_round())
        return tierce_fail(error, TIERCE_SELFTEST, NULL, 0);
    tierce_router *router = new_router(allocator);
    if (!router)
        return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    tierce_status status = tm_model_decode_by(&router->model, bytes, len, allocator, by, error);
    if (status != TIERCE_OK) {
        const tierce_allocator *a = allocator ? allocator : &tm_default_allocator;
        a->release(a->context, router);
        return status;
    }
    if (!tf_features_open(&router->features, &router->model.spec))
        status = tierce_fail(error, TIERCE_CORRUPT, NULL, 0);
    if (status == TIERCE_OK)
        status = run_selftests(router, error);
    if (status != TIERCE_OK) {
        tierce_router_close(router);
        return status;
    }
    *out = router;
    return TIERCE_OK;
}

tierce_status tierce_router_adopt(tierce_router **out, tm_model *model, tierce_error *error)
{
    *out = NULL;
    tierce_router *router = new_router(&model->arena.allocator);
    if (!router)
        return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    router->model = *model;
    memset(model, 0, sizeof *model);
    if (!tf_features_open(&router->features, &router->model.spec)) {
        tierce_router_close(router);
        return tierce_fail(error, TIERCE_CORRUPT, NULL, 0);
    }
    *out = router;
    return TIERCE_OK;
}

void tierce_router_close(tierce_router *router)
{
    if (!router)
        return;
    const tierce_allocator a = router->model.arena.allocator;
    tm_model_free(&router->model);
    a.release(a.context, router);
}

/* ---- asking about it ---- */

uint32_t tierce_tier_count(const tierce_router *router)
{
    return router->model.n_tiers;
}

const char *tierce_tier_name(const tierce_router *router, uint32_t tier)
{
    return tier < router->model.n_tiers ? router->model.tiers[tier].name : NULL;
}

const char *tierce_tier_model(const tierce_router *router, uint32_t tier)
{
    if (tier >= router->model.n_tiers)
        return NULL;
    const tm_tier *t = &router->model.tiers[tier];
    return t->model[0] ? t->model : t->name;
}

uint32_t tierce_tier_find(const tierce_router *router, const char *name)
{
    for (uint32_t t = 0; t < router->model.n_tiers; t++)
        if (!strcmp(router->model.tiers[t].name, name))
            return t;
    return UINT32_MAX;
}

uint32_t tierce_point_count(const tierce_router *router)
{
    return router->model.n_points;
}

const char *tierce_point_name(const tierce_router *router, uint32_t point)
{
    return point < router->model.n_points ? router->model.points[point].name : NULL;
}

tierce_status tierce_point_policy(const tierce_router *router, const char *name,
                                  tierce_policy *policy)
{
    for (uint32_t i = 0; i < router->model.n_points; i++) {
        const tm_point *p = &router->model.points[i];
        if (strcmp(p->name, name))
            continue;
        policy->value_usd = p->value_usd;
        policy->min_probability = p->min_probability;
        policy->max_cost_usd = p->max_cost_usd;
        policy->allowed = p->allowed;
        policy->default_tier = p->default_tier;
        policy->min_familiarity = p->min_familiarity;
        memset(policy->charge, 0, sizeof policy->charge);
        for (uint32_t t = 0; p->charge && t < router->model.n_tiers; t++)
            policy->charge[t] = p->charge[t];
        return TIERCE_OK;
    }
    return TIERCE_ARGUMENT;
}

double tierce_abstain_level(const tierce_router *router)
{
    const tm_portrait *p = &router->model.portrait;
    return p->n ? p->abstain_below : -1;
}

const tm_model *tierce_router_model(const tierce_router *router)
{
    return &router->model;
}

/* ---- scratch ---- */

static size_t round_up(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static size_t acc_bytes(const tm_model *m)
{
    return round_up(tm_acc_len(m) * sizeof(int32_t));
}

size_t tierce_scratch_size(const tierce_router *router)
{
    const tm_model *m = &router->model;
    return round_up(sizeof(tierce_scratch)) + round_up(tf_state_size(&m->spec)) + acc_bytes(m) +
           round_up((size_t)m->n_rows * sizeof(double));
}

tierce_scratch *tierce_scratch_init(const tierce_router *router, void *memory, tierce_error *error)
{
    const tm_model *m = &router->model;
    char *at = memory;
    if (!memory) {
        tierce_fail(error, TIERCE_NOMEM, NULL, 0);
        return NULL;
    }
    tierce_scratch *scratch = memory;
    scratch->router = router;
    at += round_up(sizeof *scratch);
    scratch->state = tf_state_init(at, &m->spec);
    at += round_up(tf_state_size(&m->spec));
    scratch->acc = (int32_t *)(void *)at;
    scratch->margin = (double *)(void *)(at + acc_bytes(m));
    scratch->seen = NULL;
    return scratch;
}

/* ---- estimating ---- */

/* Vector, margins and kinship of a request, in the scratch. */
static const tf_vector *look(const tierce_router *router, tierce_scratch *scratch,
                             const tierce_request *request, tm_kinship *kinship)
{
    const tm_model *m = &router->model;
    const tf_vector *v = tf_extract(&router->features, scratch->state, request, NULL, NULL);
    scratch->seen = v;
    const double covered = tm_weights_dot(m, v, scratch->acc, scratch->margin);
    tm_recognise(m, v, tf_seen(scratch->state), scratch->acc, covered, kinship);
    return v;
}

uint64_t tierce_scratch_digest(const tierce_scratch *scratch)
{
    const tf_vector *v = scratch->seen;
    uint64_t h = 14695981039346656037u;
    for (uint32_t i = 0; v && i < v->n; i++)
        for (unsigned byte = 0; byte < 6; byte++) {
            const uint32_t part = byte < 4 ? v->at[i].index >> 8 * byte : (uint32_t)v->at[i].level >> 8 * (byte - 4);
            h = (h ^ (part & 0xff)) * 1099511628211u;
        }
    return v ? h : 0;
}

tierce_status tierce_estimate_all(const tierce_router *router, tierce_scratch *scratch,
                                  const tierce_request *request, tierce_estimate *estimates,
                                  tierce_view *view, tierce_error *error)
{
    const tm_model *m = &router->model;
    tm_kinship kinship;
    if (!scratch || scratch->router != router)
        return tierce_fail(error, TIERCE_SCRATCH, NULL, 0);
    const tf_vector *v = look(router, scratch, request, &kinship);
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const double cost = tm_expected_cost(m, scratch->margin, v, t);
        estimates[t].probability =
            tm_sigmoid(tm_log_odds(m, scratch->margin, &kinship, t));
        estimates[t].cost_known = cost >= 0;
        estimates[t].cost_usd = cost >= 0 ? cost : 0;
    }
    if (view) {
        view->familiarity = kinship.known;
        view->truncated = v->truncated;
        view->entries = v->n;
    }
    return TIERCE_OK;
}

/* ---- explaining ---- */

typedef struct {
    const tm_model *model;
    const tf_vector *vector;
    const tm_kinship *kinship;
    void (*each)(void *, const tierce_contribution *);
    void *context;
    double unit[TF_BLOCKS];
} explainer;

/* What one entry adds to a tier's log-odds. */
static double entry_adds(const explainer *x, const tf_entry *entry, const int8_t *weight, uint32_t t)
{
    const tm_model *m = x->model;
    const uint32_t f = m->row_of[TM_ROW_FAMILIAR][t], g = m->row_of[TM_ROW_GENERAL][t];
    const unsigned b = entry->block;
    const double familiar = (double)m->rows[f].scale[b] * weight[f];
    const double general = (double)m->rows[g].scale[b] * weight[g];
    const tm_calibration *c = &m->calibration[t];
    return entry->level * x->unit[b] *
           (x->kinship->trust * c->slope * familiar +
            (1 - x->kinship->trust) * general);
}

static void explain_entry(void *context, const tf_entry *entry, const char *name, size_t len)
{
    const explainer *x = context;
    const tm_weights *w = &x->model->weights;
    const uint32_t slot = tm_weights_slot(w, entry->index);
    tierce_contribution c = {.name = name, .name_len = len, .block = tf_block_name(entry->block)};
    if (slot == UINT32_MAX)
        return;
    for (uint32_t t = 0; t < x->model->n_tiers; t++)
        c.value[t] = entry_adds(x, entry, tm_weights_of(w, slot), t);
    x->each(x->context, &c);
}

static void explain_rest(const explainer *x)
{
    const tm_model *m = x->model;
    const double k = x->kinship->trust;
    tierce_contribution base = {.name = "base", .name_len = 4, .block = "base"};
    const char *name = x->kinship->source == UINT32_MAX ? "" : m->sources[x->kinship->source].name;
    tierce_contribution source = {.name = name, .name_len = strlen(name), .block = "source"};
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const double familiar = m->rows[m->row_of[TM_ROW_FAMILIAR][t]].bias;
        const double general = m->rows[m->row_of[TM_ROW_GENERAL][t]].bias;
        const tm_calibration *c = &m->calibration[t];
        base.value[t] = k * (c->offset + c->slope * familiar) +
                        (1 - k) * general;
        source.value[t] = c->slope * k * x->kinship->level[t];
    }
    x->each(x->context, &base);
    x->each(x->context, &source);
}

tierce_status tierce_explain(const tierce_router *router, tierce_scratch *scratch,
                             const tierce_request *request,
                             void (*each)(void *, const tierce_contribution *), void *context,
                             tierce_error *error)
{
    const tm_model *m = &router->model;
    tm_kinship kinship;
    if (!scratch || scratch->router != router)
        return tierce_fail(error, TIERCE_SCRATCH, NULL, 0);
    const tf_vector *v = look(router, scratch, request, &kinship);
    explainer x = {m, v, &kinship, each, context, {0}};
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        x.unit[b] = v->count[b] ? tf_unit(&m->spec, v, b) : 0;
    explain_rest(&x);
    tf_extract(&router->features, scratch->state, request, explain_entry, &x);
    return TIERCE_OK;
}
