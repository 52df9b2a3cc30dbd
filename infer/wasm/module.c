/* The WebAssembly module: the edge library behind a dozen functions that a loader in JavaScript can call
 * (infer/wasm/tierce.js, which is also their only user). Nothing is imported, nothing is static.
 *
 * A session is one model with its working memory. Requests arrive as the structs of features/request.h,
 * written by the loader into the session's input: parts, then tools, then the bytes that their spans
 * point to. Numbers leave in one array of doubles. */
#include <stdlib.h>
#include <string.h>

#include "data/request_json.h"
#include "infer/router.h"

#define EXPORT(name) __attribute__((export_name(#name), visibility("default"))) name

/* The loader writes these layouts; wasm32 has no padding in them. */
_Static_assert(sizeof(tierce_part) == 28 && sizeof(tierce_tool) == 24, "the loader's layout of a request");

/* Places in the result. */
enum { R_CHOSEN, R_N_ORDER, R_REASON, R_MARGIN, R_FAMILIARITY, R_TRUNCATED, R_ENTRIES, R_ORDER };

typedef struct {
    tierce_router *router;
    tierce_scratch *scratch;
    void *memory;
    char *input;
    size_t input_room;
    td_request json;
    tierce_error error;
    tierce_policy policy;
    tierce_decision decision;
    double result[R_ORDER + TIERCE_MAX_TIERS * 4]; /* order, probabilities, costs (-1: not known), reasons for dropping */
} session;

/* To be called once, first. (Without it the linker would have every export begin and end a program.) */
void __wasm_call_ctors(void);
void EXPORT(_initialize)(void);
void EXPORT(_initialize)(void)
{
    __wasm_call_ctors();
}

session *EXPORT(tw_new)(void);
session *EXPORT(tw_new)(void)
{
    return calloc(1, sizeof(session));
}

void EXPORT(tw_free)(session *s);
void EXPORT(tw_free)(session *s)
{
    if (!s)
        return;
    tierce_router_close(s->router);
    td_request_free(&s->json);
    free(s->memory);
    free(s->input);
    free(s);
}

/* Room for n bytes of input, aligned for a request; 0 when memory ends. What stood there is gone. */
void *EXPORT(tw_input)(session *s, size_t n);
void *EXPORT(tw_input)(session *s, size_t n)
{
    if (n > s->input_room || !s->input) {
        free(s->input);
        s->input_room = n < 16384 ? 16384 : n + n / 2;
        s->input = malloc(s->input_room);
        if (!s->input)
            s->input_room = 0;
    }
    return s->input;
}

/* Opens the model that stands in the input, and releases the input. A status. */
int EXPORT(tw_open)(session *s, size_t len);
int EXPORT(tw_open)(session *s, size_t len)
{
    const tierce_status status = tierce_router_open(&s->router, s->input, len, NULL, &s->error);
    free(s->input);
    s->input = NULL;
    s->input_room = 0;
    if (status != TIERCE_OK)
        return (int)status;
    s->memory = malloc(tierce_scratch_size(s->router));
    s->scratch = tierce_scratch_init(s->router, s->memory, &s->error);
    if (!s->scratch)
        return TIERCE_NOMEM;
    s->policy = tierce_policy_default(s->router);
    return TIERCE_OK;
}

const char *EXPORT(tw_message)(const session *s);
const char *EXPORT(tw_message)(const session *s)
{
    return s->error.message ? s->error.message : "";
}

const char *EXPORT(tw_status)(int status);
const char *EXPORT(tw_status)(int status)
{
    return tierce_status_name((tierce_status)status);
}

/* Names, one by one; NULL behind the last. kind: 0 tier, 1 its model id, 2 operating point, 3 reason,
 * 4 what a reason means. */
const char *EXPORT(tw_name)(const session *s, int kind, uint32_t i);
const char *EXPORT(tw_name)(const session *s, int kind, uint32_t i)
{
    switch (kind) {
    case 0: return tierce_tier_name(s->router, i);
    case 1: return tierce_tier_model(s->router, i);
    case 2: return tierce_point_name(s->router, i);
    case 3: return i < TIERCE_REASON_COUNT ? tierce_reason_name((tierce_reason)i) : NULL;
    case 4: return i < TIERCE_REASON_COUNT ? tierce_reason_text((tierce_reason)i) : NULL;
    default: return NULL;
    }
}

/* The policy of the decisions to come: the default one or an operating point, changed where a number is
 * not negative. allowed: bits of tiers, in two halves; both 0: as the point says. */
int EXPORT(tw_policy)(session *s, int point, double value, double least, double most, uint32_t allowed_low,
                      uint32_t allowed_high, int default_tier);
int EXPORT(tw_policy)(session *s, int point, double value, double least, double most, uint32_t allowed_low,
                      uint32_t allowed_high, int default_tier)
{
    tierce_policy *p = &s->policy;
    *p = tierce_policy_default(s->router);
    if (point >= 0) {
        const char *name = tierce_point_name(s->router, (uint32_t)point);
        if (!name || tierce_point_policy(s->router, name, p) != TIERCE_OK)
            return TIERCE_ARGUMENT;
    }
    if (value >= 0)
        p->value_usd = value;
    if (least >= 0)
        p->min_probability = least;
    if (most >= 0)
        p->max_cost_usd = most;
    if (allowed_low || allowed_high)
        p->allowed = (uint64_t)allowed_high << 32 | allowed_low;
    if (default_tier >= 0)
        p->default_tier = (uint32_t)default_tier;
    return TIERCE_OK;
}

static int decide(session *s, const tierce_request *request)
{
    tierce_decision *d = &s->decision;
    const tierce_status status = tierce_decide(s->router, s->scratch, request, &s->policy, d, &s->error);
    if (status != TIERCE_OK)
        return (int)status;
    const uint32_t n = tierce_tier_count(s->router);
    double *r = s->result, *p = r + R_ORDER + n, *cost = p + n, *dropped = cost + n;
    r[R_CHOSEN] = d->order[0];
    r[R_N_ORDER] = d->n_order;
    r[R_REASON] = d->reason;
    r[R_MARGIN] = d->margin;
    r[R_FAMILIARITY] = d->view.familiarity;
    r[R_TRUNCATED] = d->view.truncated;
    r[R_ENTRIES] = d->view.entries;
    for (uint32_t i = 0; i < n; i++) {
        r[R_ORDER + i] = i < d->n_order ? (double)d->order[i] : -1;
        p[i] = d->estimate[i].probability;
        cost[i] = d->estimate[i].cost_known ? d->estimate[i].cost_usd : -1;
        dropped[i] = (d->dropped_context >> i & 1)  ? 1
                     : (d->dropped_tools >> i & 1)  ? 2
                     : (d->dropped_price >> i & 1)  ? 3
                     : (d->dropped_floor >> i & 1)  ? 4
                     : (d->dropped_policy >> i & 1) ? 5
                                                    : 0;
    }
    return TIERCE_OK;
}

/* Decides about the request in the input. */
int EXPORT(tw_decide)(session *s, size_t n_parts, size_t n_tools, int choice, int format);
int EXPORT(tw_decide)(session *s, size_t n_parts, size_t n_tools, int choice, int format)
{
    tierce_request request;
    memset(&request, 0, sizeof request);
    request.parts = (const tierce_part *)(const void *)s->input;
    request.n_parts = n_parts;
    request.tools = (const tierce_tool *)(const void *)(s->input + n_parts * sizeof(tierce_part));
    request.n_tools = n_tools;
    request.tool_choice = (tierce_tool_choice)choice;
    request.response_format = (tierce_response_format)format;
    return decide(s, &request);
}

/* Decides about the request whose JSON text is in the input. */
int EXPORT(tw_decide_json)(session *s, size_t len);
int EXPORT(tw_decide_json)(session *s, size_t len)
{
    td_json json;
    tierce_span key;
    bool first = true;
    const char *what;
    if (!td_request_reset(&s->json, len))
        return (int)tierce_fail(&s->error, TIERCE_NOMEM, NULL, 0);
    td_json_start(&json, s->input, len, s->json.text);
    if (td_json_enter(&json, '{'))
        while (td_json_key(&json, &key, &first))
            if (!td_request_key(&s->json, &json, key))
                td_json_skip(&json, NULL);
    td_json_finish(&json);
    if (json.what)
        return (int)tierce_fail(&s->error, TIERCE_ARGUMENT, json.what, (uint64_t)(json.where - json.start));
    if ((what = td_request_finish(&s->json)) != NULL)
        return (int)tierce_fail(&s->error, TIERCE_ARGUMENT, what, 0);
    return decide(s, &s->json.request);
}

const double *EXPORT(tw_result)(const session *s);
const double *EXPORT(tw_result)(const session *s)
{
    return s->result;
}
