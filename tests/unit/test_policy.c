/* The policy by brute force: random estimates, tiers, requests and policies against a second
 * decision that is written from the words of infer/router.h. Values come from small sets, so that
 * ties are common. */
#include "tests/unit/unit.h"

#include <math.h>

#include "infer/router_state.h"

/* ---- the slow decision ---- */

enum { PASSES, BY_POLICY, BY_CONTEXT, BY_TOOLS, BY_PRICE, BY_FLOOR, FATES };

typedef struct {
    unsigned fate[TIERCE_MAX_TIERS];
    uint32_t order[TIERCE_MAX_TIERS], n;
    tierce_reason reason;
    double margin;
} verdict;

static double worth(const tierce_estimate *e, const tierce_policy *p, uint32_t t)
{
    const double gain = e[t].probability - p->charge[t];
    return p->value_usd > 0 ? p->value_usd * gain - (e[t].cost_known ? e[t].cost_usd : 0) : gain;
}

static bool better(const tierce_estimate *e, const tierce_policy *p, uint32_t a, uint32_t b)
{
    const double wa = worth(e, p, a), wb = worth(e, p, b);
    if (wa > wb || wa < wb)
        return wa > wb;
    if (e[a].cost_usd > e[b].cost_usd || e[a].cost_usd < e[b].cost_usd)
        return e[a].cost_usd < e[b].cost_usd;
    return a < b;
}

static unsigned fate_of(const tm_tier *tier, const tierce_estimate *e, const tierce_request *r,
                        const tierce_policy *p, uint32_t t)
{
    double bytes = 0;
    for (size_t i = 0; r && i < r->n_parts; i++)
        bytes += (double)r->parts[i].text.len;
    for (size_t i = 0; r && i < r->n_tools; i++)
        bytes += (double)(r->tools[i].name.len + r->tools[i].description.len +
                          r->tools[i].parameters.len);
    if (!(p->allowed >> t & 1))
        return BY_POLICY;
    if (tier->context_window > 0 && bytes / 4 > tier->context_window)
        return BY_CONTEXT;
    if (tier->no_tools && r && r->n_tools > 0)
        return BY_TOOLS;
    if (p->max_cost_usd > 0 && e->cost_known && e->cost_usd > p->max_cost_usd)
        return BY_PRICE;
    return e->probability < p->min_probability ? BY_FLOOR : PASSES;
}

/* The default tier, or, where it is not allowed, the allowed one with the best mean score. */
static uint32_t stand_in(const verdict *v, const tm_model *m, const tierce_policy *p)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t t = 0; t < m->n_tiers; t++)
        if (v->fate[t] != BY_POLICY &&
            (best == UINT32_MAX || m->tiers[t].mean_score > m->tiers[best].mean_score))
            best = t;
    return v->fate[p->default_tier] == BY_POLICY ? best : p->default_tier;
}

static void no_tier_passes(verdict *v, const tm_model *m, const tierce_policy *p)
{
    unsigned seen[FATES] = {0};
    for (uint32_t t = 0; t < m->n_tiers; t++)
        seen[v->fate[t]]++;
    v->order[v->n++] = stand_in(v, m, p);
    const int kinds =
        (seen[BY_CONTEXT] > 0) + (seen[BY_TOOLS] > 0) + (seen[BY_PRICE] > 0) + (seen[BY_FLOOR] > 0);
    v->reason = kinds == 1 && seen[BY_FLOOR]   ? TIERCE_REASON_DEFAULT_FLOOR
                : kinds == 1 && seen[BY_PRICE] ? TIERCE_REASON_DEFAULT_CEILING
                                               : TIERCE_REASON_DEFAULT_NONE;
}

static verdict slow_decide(const tm_model *m, const tierce_estimate *e, const tierce_view *view,
                           const tierce_request *r, const tierce_policy *p)
{
    verdict v = {.n = 0};
    bool taken[TIERCE_MAX_TIERS] = {false};
    for (uint32_t t = 0; t < m->n_tiers; t++)
        v.fate[t] = fate_of(&m->tiers[t], &e[t], r, p, t);
    const uint32_t spare = stand_in(&v, m, p);
    if (view && view->familiarity < p->min_familiarity && v.fate[spare] != BY_CONTEXT &&
        v.fate[spare] != BY_TOOLS) {
        v.order[v.n++] = spare;
        v.reason = TIERCE_REASON_DEFAULT_UNFAMILIAR;
        return v;
    }
    for (;;) { /* the best of those that are left */
        uint32_t best = UINT32_MAX;
        for (uint32_t t = 0; t < m->n_tiers; t++)
            if (v.fate[t] == PASSES && !taken[t] && (best == UINT32_MAX || better(e, p, t, best)))
                best = t;
        if (best == UINT32_MAX)
            break;
        taken[best] = true;
        v.order[v.n++] = best;
    }
    if (!v.n) {
        no_tier_passes(&v, m, p);
        return v;
    }
    if (v.n == 1) {
        v.reason = TIERCE_REASON_ONLY_ONE;
        return v;
    }
    const tierce_estimate *a = &e[v.order[0]], *b = &e[v.order[1]];
    v.margin = worth(e, p, v.order[0]) - worth(e, p, v.order[1]);
    const bool less_likely = a->probability < b->probability;
    if (p->value_usd <= 0 || (!a->cost_known && !b->cost_known))
        v.reason = less_likely ? TIERCE_REASON_NOT_WORTH : TIERCE_REASON_MORE_LIKELY;
    else
        v.reason = less_likely                ? TIERCE_REASON_CHEAPER
                   : a->cost_usd > b->cost_usd ? TIERCE_REASON_BETTER
                                               : TIERCE_REASON_BEST_VALUE;
    return v;
}

/* ---- routers of any tiers ---- */

static tierce_router *router_of(uint64_t *state, uint32_t n)
{
    tm_model m;
    tierce_router *router;
    tm_model_start(&m, NULL);
    tf_spec_default(&m.spec);
    m.n_tiers = n;
    m.tiers = tm_arena_alloc(&m.arena, n, sizeof *m.tiers);
    for (uint32_t t = 0; t < n; t++) {
        m.tiers[t].name = tm_arena_string(&m.arena, "tier", 4);
        m.tiers[t].model = tm_arena_string(&m.arena, "", 0);
        m.tiers[t].context_window = below(state, 3) ? 0 : 1 + (uint32_t)below(state, 30);
        m.tiers[t].no_tools = !below(state, 4);
        m.tiers[t].mean_score = (double)below(state, 5) / 4;
    }
    assert_int_equal(tierce_router_adopt(&router, &m, NULL), TIERCE_OK);
    return router;
}

static double one_of(uint64_t *state, double a, double b, double c, double d)
{
    const double values[] = {a, b, c, d};
    return values[below(state, 4)];
}

static void check_masks(const tierce_decision *d, const verdict *v, uint32_t n, unsigned *hits)
{
    const uint64_t masks[FATES] = {0,
                                   d->dropped_policy,
                                   d->dropped_context,
                                   d->dropped_tools,
                                   d->dropped_price,
                                   d->dropped_floor};
    for (unsigned f = 1; f < FATES; f++) {
        uint64_t wanted = 0;
        for (uint32_t t = 0; t < n; t++)
            wanted |= (uint64_t)(v->fate[t] == f) << t;
        assert_true(masks[f] == wanted);
        hits[f] += wanted != 0;
    }
}

static void brute_force(void **unused)
{
    static const uint32_t sizes[] = {1, 2, 2, 3, 4, 7, 63, 64};
    static char bytes[200];
    static const tierce_tool tool = {{"abc", 3}, {"defg", 4}, {"{}", 2}};
    unsigned reasons[TIERCE_REASON_COUNT] = {0}, hits[FATES] = {0}, ties = 0, stand_ins = 0;
    uint64_t state = 7;
    (void)unused;
    tierce_router *router = NULL;
    uint32_t n = 0;
    for (int round = 0; round < 40000; round++) {
        if (round % 20 == 0) {
            tierce_router_close(router);
            n = sizes[below(&state, 8)];
            router = router_of(&state, n);
        }
        tierce_estimate e[TIERCE_MAX_TIERS];
        const bool random = below(&state, 2);
        for (uint32_t t = 0; t < n; t++) {
            e[t].probability = random ? share(&state) : one_of(&state, 0, 0.25, 0.5, 1);
            e[t].cost_known = below(&state, 5) > 0;
            e[t].cost_usd = !e[t].cost_known ? 0
                            : random         ? share(&state)
                                             : one_of(&state, 0, 0.125, 0.25, 0.5);
        }
        tierce_part parts[2] = {
            {TIERCE_PART_TEXT, TIERCE_ROLE_USER, 0, {bytes, below(&state, 120)}, {NULL, 0}},
            {TIERCE_PART_TEXT,
             TIERCE_ROLE_USER,
             1,
             {bytes, below(&state, 80)},
             {"name is not counted", 19}}};
        const tierce_request r = {.parts = parts,
                                  .n_parts = below(&state, 3),
                                  .tools = &tool,
                                  .n_tools = below(&state, 2)};
        const tierce_request *request = below(&state, 3) ? &r : NULL;
        tierce_policy p = tierce_policy_default(router);
        p.value_usd = one_of(&state, 0, 0.25, 1, share(&state));
        p.min_probability = one_of(&state, 0, 0, 0.5, share(&state));
        p.max_cost_usd = one_of(&state, 0, 0, 0.25, share(&state) / 4);
        if (!below(&state, 3))
            p.allowed &= any(&state) | (uint64_t)1 << below(&state, n);
        p.default_tier = (uint32_t)below(&state, n);
        tierce_decision d;
        tierce_error error;
        if (!below(&state, 3))
            for (uint32_t t = 0; t < n; t++)
                p.charge[t] = one_of(&state, 0, 0.25, -0.25, between(&state, -1, 1));
        p.min_familiarity = one_of(&state, 0, 0, 0.25, 0.5);
        const tierce_view seen = {.familiarity = share(&state)};
        const tierce_view *view = below(&state, 2) ? &seen : NULL;
        if (view)
            assert_int_equal(
                tierce_decide_viewed(router, e, view, request, &p, &d, &error), TIERCE_OK);
        else
            assert_int_equal(tierce_decide_estimates(router, e, request, &p, &d, &error),
                             TIERCE_OK);
        const verdict v = slow_decide(tierce_router_model(router), e, view, request, &p);
        assert_int_equal(d.n_order, v.n);
        for (uint32_t i = 0; i < v.n; i++)
            assert_int_equal(d.order[i], v.order[i]);
        assert_int_equal(d.reason, v.reason);
        assert_true(d.margin == v.margin);
        assert_true(d.margin >= 0);
        for (uint32_t t = 0; t < n; t++)
            assert_true(d.estimate[t].probability == e[t].probability &&
                        d.estimate[t].cost_usd == e[t].cost_usd);
        check_masks(&d, &v, n, hits);
        assert_true(p.allowed >> d.order[0] & 1); /* never a tier that is not allowed */
        stand_ins += v.fate[p.default_tier] == BY_POLICY && v.reason >= TIERCE_REASON_DEFAULT_FLOOR;
        reasons[d.reason]++;
        ties += v.n > 1 && !(v.margin > 0);
    }
    tierce_router_close(router);
    for (unsigned k = 0; k < TIERCE_REASON_COUNT; k++)
        if (reasons[k] < 50)
            fail_msg("reason %s was seen %u times", tierce_reason_name((tierce_reason)k),
                     reasons[k]);
    for (unsigned f = 1; f < FATES; f++)
        assert_true(hits[f] > 1000);
    assert_true(ties > 1000 && stand_ins > 20);
}

/* ---- policies that are none ---- */

static void policies_out_of_range(void **unused)
{
    uint64_t state = 8;
    tierce_router *router = router_of(&state, 3);
    const tierce_policy good = tierce_policy_default(router);
    const double nan = (double)NAN, inf = (double)INFINITY;
    const struct {
        double value, floor, ceiling;
        uint64_t allowed;
        uint32_t tier;
    } rows[] = {{-0.1, 0, 0, 7, 0},      {nan, 0, 0, 7, 0}, {inf, 0, 0, 7, 0}, {0, -0.1, 0, 7, 0},
                {0, 1.1, 0, 7, 0},       {0, nan, 0, 7, 0}, {0, 0, -1, 7, 0},  {0, 0, nan, 7, 0},
                {0, 0, inf, 7, 0},       {0, 0, 0, 0, 0},   {0, 0, 0, 8, 0},   {0, 0, 0, 7, 3},
                {0, 0, 0, 7, UINT32_MAX}};
    tierce_estimate e[3] = {{0.5, 0, 0}, {0.5, 0, 0}, {0.5, 0, 0}};
    tierce_decision d;
    tierce_error error;
    (void)unused;
    assert_int_equal(good.allowed, 7);
    assert_int_equal(tierce_decide_estimates(router, e, NULL, &good, &d, NULL), TIERCE_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tierce_policy p = good;
        p.value_usd = rows[i].value;
        p.min_probability = rows[i].floor;
        p.max_cost_usd = rows[i].ceiling;
        p.allowed = rows[i].allowed;
        p.default_tier = rows[i].tier;
        assert_int_equal(tierce_decide_estimates(router, e, NULL, &p, &d, &error), TIERCE_POLICY);
        assert_int_equal(error.status, TIERCE_POLICY);
        assert_non_null(strstr(error.message, "policy: "));
        assert_int_equal(tierce_decide_estimates(router, e, NULL, &p, &d, NULL), TIERCE_POLICY);
    }
    const double odd[] = {-1.01, 1.01, nan, inf};
    for (size_t i = 0; i < 8; i++) {
        tierce_policy p = good;
        if (i < 4)
            p.charge[2] = odd[i];
        else
            p.min_familiarity = odd[i - 4];
        assert_int_equal(tierce_decide_estimates(router, e, NULL, &p, &d, &error), TIERCE_POLICY);
    }
    tierce_router_close(router);
}

/* The default policy names the tier with the best mean score, the first of equals. */
static void default_policy(void **unused)
{
    uint64_t state = 9;
    (void)unused;
    for (int round = 0; round < 200; round++) {
        const uint32_t n = 1 + (uint32_t)below(&state, 64);
        tierce_router *router = router_of(&state, n);
        const tm_model *m = tierce_router_model(router);
        const tierce_policy p = tierce_policy_default(router);
        assert_true(p.value_usd == 0 && p.min_probability == 0 && p.max_cost_usd == 0);
        assert_true(p.allowed == (n == 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1));
        for (uint32_t t = 0; t < n; t++)
            assert_true(m->tiers[t].mean_score < m->tiers[p.default_tier].mean_score ||
                        (m->tiers[t].mean_score <= m->tiers[p.default_tier].mean_score &&
                         t >= p.default_tier));
        tierce_router_close(router);
    }
}

/* ---- operating points, and the whole road ---- */

static void points_and_names(void **unused)
{
    tierce_router *router;
    tierce_policy p;
    (void)unused;
    assert_int_equal(
        tierce_router_open_file(&router, "tests/fuzz/corpus/model/small.tierce", NULL, NULL),
        TIERCE_OK);
    assert_int_equal(tierce_point_count(router), 1);
    assert_string_equal(tierce_point_name(router, 0), "frugal");
    assert_null(tierce_point_name(router, 1));
    assert_int_equal(tierce_point_policy(router, "frugal", &p), TIERCE_OK);
    assert_true(p.value_usd == 0.5 && p.min_probability == 0 && p.max_cost_usd == 0 &&
                p.allowed == 3 && p.default_tier == 0);
    assert_int_equal(tierce_point_policy(router, "Frugal", &p), TIERCE_ARGUMENT);
    assert_int_equal(tierce_tier_count(router), 2);
    assert_string_equal(tierce_tier_model(router, 0),
                        tierce_tier_name(router, 0)); /* no model id: the name */
    assert_null(tierce_tier_name(router, 2));
    assert_null(tierce_tier_model(router, 2));
    assert_int_equal(tierce_tier_find(router, "strong"), 1);
    assert_int_equal(tierce_tier_find(router, "STRONG"), UINT32_MAX);
    void *memory = malloc(tierce_scratch_size(router));
    tierce_scratch *scratch = tierce_scratch_init(router, memory, NULL);
    tierce_part part;
    const tierce_request r = tierce_request_of_prompt(&part, "prove hello", 11);
    tierce_estimate e[2];
    tierce_decision a, b;
    assert_int_equal(tierce_estimate_all(router, scratch, &r, e, NULL, NULL), TIERCE_OK);
    assert_int_equal(tierce_decide(router, scratch, &r, &p, &a, NULL), TIERCE_OK);
    assert_int_equal(tierce_decide_estimates(router, e, &r, &p, &b, NULL), TIERCE_OK);
    assert_int_equal(a.order[0], b.order[0]);
    for (int t = 0; t < 2; t++)
        assert_true(a.estimate[t].probability == b.estimate[t].probability &&
                    a.estimate[t].probability == e[t].probability);
    assert_true(a.view.entries > 0 && a.view.familiarity > 0 && !a.view.truncated);
    free(memory);
    tierce_error error;
    assert_null(tierce_scratch_init(router, NULL, &error));
    assert_int_equal(error.status, TIERCE_NOMEM);
    tierce_router_close(router);
    tierce_router_close(NULL);
}

static void texts(void **unused)
{
    (void)unused;
    for (int k = 0; k < TIERCE_REASON_COUNT; k++)
        assert_true(strlen(tierce_reason_text((tierce_reason)k)) > 10 &&
                    tierce_reason_name((tierce_reason)k)[0] >= 'A');
    assert_string_equal(tierce_reason_name((tierce_reason)TIERCE_REASON_COUNT), "UNKNOWN");
    assert_string_equal(tierce_reason_text((tierce_reason)-1), "unknown reason");
    for (int k = 0; k < TIERCE_STATUS_COUNT; k++)
        assert_true(tierce_status_text((tierce_status)k)[0] &&
                    tierce_status_name((tierce_status)k)[0]);
    assert_string_equal(tierce_status_name((tierce_status)TIERCE_STATUS_COUNT), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brute_force),    cmocka_unit_test(policies_out_of_range),
        cmocka_unit_test(default_policy), cmocka_unit_test(points_and_names),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
