/* infer/router.h: what comes out.
 *
 *     tierce_error error;
 *     tierce_router *router;
 *     if (tierce_router_open_file(&router, "flash-pro.tierce", NULL, &error) != TIERCE_OK)
 *         return complain(error.message);
 *     tierce_scratch *scratch = tierce_scratch_init(router, malloc(tierce_scratch_size(router)), NULL);
 *
 *     tierce_part part;
 *     tierce_request request = tierce_request_of_prompt(&part, prompt, strlen(prompt));
 *     tierce_policy policy = tierce_policy_default(router);
 *     policy.value_usd = 0.05;                       // a good answer is worth five cents
 *     tierce_decision decision;
 *     tierce_decide(router, scratch, &request, &policy, &decision, NULL);
 *     send_to(tierce_tier_name(router, decision.order[0]));
 *
 * Two nouns. The router is the loaded model: const after open, shared by any number of threads.
 * The scratch is the working memory: one per thread, in memory the caller owns. After open, nothing
 * here allocates, locks, prints, reads the environment or touches a file; a decision takes time
 * linear in the request's bytes.
 *
 * Functions return TIERCE_OK or a status from features/status.h; `error` may always be NULL.
 * Linking: libtierce.a or .so, libz, libm. The header parses as C11 and C++11. */
#ifndef TIERCE_ROUTER_H
#define TIERCE_ROUTER_H

#include "features/request.h"
#include "features/status.h"
#include "models/allocator.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TIERCE_MAX_TIERS 64

/* ---- nouns ---- */

typedef struct tierce_router tierce_router;
typedef struct tierce_scratch tierce_scratch;

/* What the model expects of one tier for one request. */
typedef struct {
    double probability; /* of success, calibrated on held-out records: 0..1 */
    double cost_usd;    /* expected price of the request, USD; 0 where cost_known is 0: a tier of unknown
                           cost ranks as if it were free and passes every ceiling */
    int cost_known;
} tierce_estimate;

/* How familiar the request looks, and what was cut. */
typedef struct {
    double familiarity; /* 0..1: how much the request resembles the training records */
    int truncated;      /* 1: longer than the model's caps; head and tail were read */
    uint32_t entries;   /* features of the request */
} tierce_view;

/* Which tier for which estimates. Start from tierce_policy_default() or an operating point. */
typedef struct {
    double value_usd;       /* what a success is worth, USD, >= 0; tiers are ranked by
                               value_usd * probability - cost_usd. 0 stands for "cost is no matter":
                               then they are ranked by probability alone */
    double min_probability; /* tiers below it are passed over, 0..1 */
    double max_cost_usd;    /* tiers above it are passed over, USD; 0: no ceiling */
    uint64_t allowed;       /* bit t: tier t may be chosen */
    uint32_t default_tier;  /* chosen when nothing else passes; where it is not allowed, the allowed
                               tier with the best mean score is */
    double min_familiarity; /* requests that resemble the training records less go to the default tier,
                               0..1; 0: off. tierce_abstain_level() is the level learned in training */
    double charge[TIERCE_MAX_TIERS]; /* what a tier is charged in probability, -1..1, besides its cost:
                               tiers are ranked by value_usd * (probability - charge) - cost_usd, and
                               by probability - charge where value_usd is 0. With two tiers and no
                               costs, the charge of the stronger one is the threshold on its gain */
} tierce_policy;

/* X(name, text) */
#define TIERCE_REASON_LIST(X)                                                            \
    X(BEST_VALUE, "best value: its chance of success is worth its price")                \
    X(CHEAPER, "the dearer tiers' gain in success is not worth their price")             \
    X(BETTER, "the cheaper tiers' lower chance of success costs more than they save")    \
    X(MORE_LIKELY, "most likely to succeed; the policy puts no price on it")             \
    X(ONLY_ONE, "the only tier that satisfies the policy's constraints")                 \
    X(DEFAULT_FLOOR, "no tier reaches the minimum probability: the default tier")        \
    X(DEFAULT_CEILING, "every tier is above the maximum cost: the default tier")         \
    X(DEFAULT_NONE, "no tier satisfies the constraints together: the default tier")       \
    X(NOT_WORTH, "more likely to succeed tiers do not gain as much as the policy charges") \
    X(DEFAULT_UNFAMILIAR, "too unlike the training records to judge: the default tier")

typedef enum {
#define TIERCE_REASON_ENUM(name, text) TIERCE_REASON_##name,
    TIERCE_REASON_LIST(TIERCE_REASON_ENUM)
#undef TIERCE_REASON_ENUM
        TIERCE_REASON_COUNT
} tierce_reason;

typedef struct {
    uint32_t order[TIERCE_MAX_TIERS]; /* chosen tier first, then the runners-up, best first */
    uint32_t n_order;                 /* tiers that satisfy the constraints (at least 1) */
    tierce_reason reason;
    double margin;  /* by how much the first beats the second: USD, or probability (less charges) where
                       value_usd is 0; 0 with a single tier */
    tierce_estimate estimate[TIERCE_MAX_TIERS]; /* of every tier of the model, by tier number */
    uint64_t dropped_context, dropped_tools, dropped_price, dropped_floor, dropped_policy;
                    /* bit t: why tier t is not in the order (the first reason that held) */
    tierce_view view;
} tierce_decision;

/* One additive reason. Contributions of a tier sum to its log-odds. */
typedef struct {
    const char *name;    /* "word:prove", "named:tools.offered>=7", "base" …; valid during the call */
    size_t name_len;
    const char *block;   /* "word", "pair", "named", … constant */
    double value[TIERCE_MAX_TIERS]; /* per tier: what it adds to the log-odds */
} tierce_contribution;

/* ---- the router ---- */

/* Opens a model from memory. The bytes may be released afterwards. Checks everything, runs the
 * model's self-test vectors, and on failure leaves nothing behind. allocator NULL: malloc and free.
 * Allocations: a few dozen, all released by tierce_router_close. Not thread-safe per allocator. */
tierce_status tierce_router_open(tierce_router **router, const void *bytes, size_t len,
                                 const tierce_allocator *allocator, tierce_error *error);
/* The same from a regular file of at most 256 MiB. */
tierce_status tierce_router_open_file(tierce_router **router, const char *path,
                                      const tierce_allocator *allocator, tierce_error *error);
/* NULL is allowed. No scratch of the router may be used afterwards. */
void tierce_router_close(tierce_router *router);

uint32_t tierce_tier_count(const tierce_router *router);
/* NULL when out of range. Owned by the router. */
const char *tierce_tier_name(const tierce_router *router, uint32_t tier);
/* The model id to ask an endpoint for; the name where none was given. */
const char *tierce_tier_model(const tierce_router *router, uint32_t tier);
/* Number of the tier with this name, or UINT32_MAX. */
uint32_t tierce_tier_find(const tierce_router *router, const char *name);

/* ---- the scratch ---- */

/* Bytes of working memory (about 1.5 MiB with 2^18 buckets; only what a request touches is used). */
size_t tierce_scratch_size(const tierce_router *router);
/* Lays a scratch out in `memory` (aligned as malloc aligns, tierce_scratch_size bytes). NULL when
 * memory is NULL. The memory stays the caller's; nothing needs to be undone before it is freed. */
tierce_scratch *tierce_scratch_init(const tierce_router *router, void *memory, tierce_error *error);

/* ---- estimate and decide: linear time, no allocation, thread-safe with a scratch each ---- */

/* estimates: room for tierce_tier_count() of them. view may be NULL. */
tierce_status tierce_estimate_all(const tierce_router *router, tierce_scratch *scratch,
                                  const tierce_request *request, tierce_estimate *estimates,
                                  tierce_view *view, tierce_error *error);

/* Every tier allowed, no floor, no ceiling, value 0, default tier: the one with the best mean score. */
tierce_policy tierce_policy_default(const tierce_router *router);

/* TIERCE_POLICY when the policy is out of range or names tiers that are not there. A request that
 * no tier can take (context window, tools) still gets the default tier, with its reason. */
tierce_status tierce_decide(const tierce_router *router, tierce_scratch *scratch,
                            const tierce_request *request, const tierce_policy *policy,
                            tierce_decision *decision, tierce_error *error);

/* The decision on estimates that are already there; `request` may be NULL (no context or tool
 * constraints then). Decides exactly as tierce_decide does, but never abstains: it has no view. */
tierce_status tierce_decide_estimates(const tierce_router *router, const tierce_estimate *estimates,
                                      const tierce_request *request, const tierce_policy *policy,
                                      tierce_decision *decision, tierce_error *error);
/* The same with the view that came with the estimates, so that policy->min_familiarity holds. */
tierce_status tierce_decide_viewed(const tierce_router *router, const tierce_estimate *estimates,
                                   const tierce_view *view, const tierce_request *request,
                                   const tierce_policy *policy, tierce_decision *decision,
                                   tierce_error *error);

/* Constant strings. */
const char *tierce_reason_name(tierce_reason reason);
const char *tierce_reason_text(tierce_reason reason);

/* ---- operating points: named policies stored in the model ---- */

uint32_t tierce_point_count(const tierce_router *router);
const char *tierce_point_name(const tierce_router *router, uint32_t point);
/* The familiarity below which the model's own training records, folded out, fell in one case in a
 * hundred: for policy.min_familiarity. Negative when the model file holds none. */
double tierce_abstain_level(const tierce_router *router);
/* TIERCE_ARGUMENT when there is no such point. */
tierce_status tierce_point_policy(const tierce_router *router, const char *name,
                                  tierce_policy *policy);

/* ---- explain ---- */

/* Calls `each` for every feature of the request that has a weight, and once for "base". For every
 * tier, the values sum to the log-odds of its probability, up to rounding of the sum. */
tierce_status tierce_explain(const tierce_router *router, tierce_scratch *scratch,
                             const tierce_request *request,
                             void (*each)(void *context, const tierce_contribution *contribution),
                             void *context, tierce_error *error);

#ifdef __cplusplus
}
#endif
#endif
