/* From a request to the tiers to try, in order: the model's decision, within what the client asked for
 * and what the budgets leave. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/nearest.h"
#include "infer/decision_out.h"
#include "infer/dispatch/engine.h"
#include "infer/router_state.h"

static bool no_such_model(const ds_snapshot *s, const char *asked, td_error *error)
{
    const char *names[TD_MAX_TIERS + 65];
    char points[64][80];
    size_t n = 0, p = 0;
    names[n++] = "tierce";
    for (uint32_t t = 0; t < s->config->tiers.n; t++)
        names[n++] = s->config->tiers.tier[t].name;
    for (; p < tierce_point_count(s->router) && p < 64; p++) {
        snprintf(points[p], sizeof points[p], "tierce:%.70s", tierce_point_name(s->router, (uint32_t)p));
        names[n++] = points[p];
    }
    const char *near = td_nearest(asked, names, n);
    return td_fail(error,
                   "The model \"%.100s\" does not exist here%s%.100s%s Ask for \"tierce\", \"tierce:POINT\" or a tier; "
                   "GET /v1/models lists them.",
                   asked, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : ".");
}

static void force(ds_choice *c, uint32_t tier)
{
    c->order[0] = tier;
    c->n = 1;
    c->reason = "FORCED";
    c->propensity = 1;
    c->expected_usd = -1;
}

/* The factor that budgets with "pace" put on value_usd; looked up once a second. */
static double pace_of(ds_engine *e, const ds_snapshot *s, const ds_payer *payer)
{
    const double now = ds_now(), unix_now = ds_unix();
    double factor = 1;
    for (size_t i = 0; e->ledger && i < s->config->n_budgets; i++) {
        const ds_budget *b = &s->config->budgets[i];
        if (!b->pace || b->tier[0])
            continue;
        const bool apart = b->key[0] || b->tag[0]; /* another account for each payer: not kept */
        if (apart || now >= e->pace_until[i]) {
            const double spent = ds_ledger_spent(e->ledger, payer, i, unix_now);
            e->pace[i] = spent < 0 ? 1 : ds_pace(b, spent, unix_now);
            e->pace_until[i] = now + 1;
        }
        factor = fmin(factor, e->pace[i]);
    }
    return factor;
}

/* A tier as the first; the others keep their order. */
static void put_first(uint32_t *order, uint32_t i)
{
    const uint32_t tier = order[i];
    memmove(order + 1, order, i * sizeof *order);
    order[0] = tier;
}

static void explore(ds_engine *e, ds_choice *c)
{
    const double share = e->options->explore;
    c->propensity = 1;
    if (!(share > 0) || c->n < 2)
        return;
    c->propensity = 1 - share;
    if (ds_random_unit(e) >= share)
        return;
    put_first(c->order, 1 + (uint32_t)(ds_random(e) % (c->n - 1)));
    c->propensity = share / (c->n - 1);
    c->reason = "EXPLORE";
    ds_add(&e->stats->explored, 1);
}

double ds_choice_expected(const ds_snapshot *s, const ds_choice *c, uint32_t tier)
{
    for (uint32_t t = 0; c->decided && t < tierce_tier_count(s->router); t++)
        if (s->tier_of[t] == tier && c->decision.estimate[t].cost_known)
            return c->decision.estimate[t].cost_usd;
    return -1;
}

static bool policy_of(ds_engine *e, ds_snapshot *s, const char *asked, const ds_payer *payer, ds_choice *c,
                      tierce_policy *policy)
{
    const char *point = "";
    *policy = s->policy;
    if (!strncmp(asked, "tierce:", 7)) {
        point = asked + 7;
        if (tierce_point_policy(s->router, point, policy) != TIERCE_OK)
            return false;
    } else if (e->options->policy.point) {
        point = e->options->policy.point;
    }
    snprintf(c->point, sizeof c->point, "%s", point);
    policy->value_usd *= pace_of(e, s, payer);
    return true;
}

#define SESSIONS 65536
#define SESSION_AGE 3600.0 /* a prompt cache is cold long before */

/* As another worker saw it. */
static uint32_t shared_tier(ds_engine *e, const ds_snapshot *s, uint64_t key)
{
    for (uint32_t t = 0; e->shared && t < tierce_tier_count(s->router); t++)
        if (ds_shared_is(e->shared, key, s->config->tiers.tier[s->tier_of[t]].name, ds_now(), SESSION_AGE))
            return s->tier_of[t];
    return UINT32_MAX;
}

/* The config's tier that answered the conversation of this key. */
static uint32_t tier_of_key(ds_engine *e, const ds_snapshot *s, uint64_t key)
{
    const uint32_t tier = shared_tier(e, s, key); /* the last word of any worker */
    return tier != UINT32_MAX || !e->sessions ? tier : ds_sessions_get(e->sessions, key, ds_now());
}

/* The model's tier that answered last: in an open tool loop what answered its turn (a replay would not know
 * of an escalation, of exploring, of a budget's pace), else the session's. UINT32_MAX: not known, the turns
 * are replayed. */
static uint32_t previous_tier(ds_engine *e, const ds_snapshot *s, const char *session, uint64_t turn,
                              const tierce_request *request)
{
    uint32_t tier = UINT32_MAX;
    if (turn && ds_turns_in_tool_loop(request))
        tier = tier_of_key(e, s, turn);
    if (tier == UINT32_MAX && *session)
        tier = tier_of_key(e, s, ds_session_key(session, strlen(session)));
    for (uint32_t t = 0; t < tierce_tier_count(s->router); t++)
        if (s->tier_of[t] == tier)
            return t;
    return UINT32_MAX;
}

static void remember(ds_engine *e, const ds_snapshot *s, uint64_t key, uint32_t tier)
{
    if (e->sessions)
        ds_sessions_put(e->sessions, key, tier, ds_now());
    if (e->shared)
        ds_shared_put(e->shared, key, s->config->tiers.tier[tier].name, ds_now());
}

void ds_engine_answered(ds_engine *e, const ds_snapshot *s, const char *session, uint64_t turn, uint32_t tier)
{
    if ((!*session && !turn) || s != e->now) /* after a reload the numbers may mean other tiers */
        return;
    if (!e->sessions)
        e->sessions = ds_sessions_open(SESSIONS, SESSION_AGE);
    if (*session)
        remember(e, s, ds_session_key(session, strlen(session)), tier);
    if (turn)
        remember(e, s, turn, tier);
}

bool ds_engine_choose(ds_engine *e, ds_snapshot *s, const ds_body *body, const ds_payer *payer,
                      const char *session, ds_choice *c, bool *unknown, td_error *error)
{
    tierce_policy policy;
    tierce_error fault;
    ds_turn turn = DS_TURN_FRESH;
    const tierce_request *request = &body->parsed.request;
    const char *asked = body->model;
    memset(c, 0, offsetof(ds_choice, decision));
    c->point[0] = 0;
    c->decide_s = 0;
    c->features = 0;
    c->turn = request->n_tools && !e->options->no_turns ? ds_session_turn(request) : 0;
    *unknown = false;
    const uint32_t forced = ds_config_find(s->config, asked, strlen(asked));
    if (forced != UINT32_MAX) {
        force(c, forced);
        return true;
    }
    if ((asked[0] && strcmp(asked, "tierce") && strncmp(asked, "tierce:", 7)) ||
        !policy_of(e, s, asked, payer, c, &policy)) {
        *unknown = true;
        return no_such_model(s, asked, error);
    }
    const double from = ds_now();
    const tierce_status status =
        e->options->no_turns
            ? tierce_decide(s->router, s->scratch, request, &policy, &c->decision, &fault)
            : ds_turns_decide(s->router, s->scratch, request, &policy, s->cache,
                              previous_tier(e, s, session, c->turn, request), &c->decision, &turn, &fault);
    c->decide_s = ds_now() - from;
    ds_add(&e->stats->decisions, 1);
    ds_add(&e->stats->decide_ns, (uint64_t)(c->decide_s * 1e9));
    if (status != TIERCE_OK)
        return td_fail(error, "The request cannot be judged: %s.", fault.message);
    c->decided = true;
    if (e->log) /* the request itself is decided last, behind its earlier turns */
        c->features = tierce_scratch_digest(s->scratch);
    c->no_cost = tiers_without_cost(&c->decision, &policy);
    c->n = c->decision.n_order;
    for (uint32_t i = 0; i < c->n; i++)
        c->order[i] = s->tier_of[c->decision.order[i]];
    c->reason = turn == DS_TURN_FRESH ? tierce_reason_name(c->decision.reason) : ds_turn_name(turn);
    if (turn == DS_TURN_FRESH)
        explore(e, c);
    else
        c->propensity = 1;
    c->expected_usd = ds_choice_expected(s, c, c->order[0]);
    return true;
}
