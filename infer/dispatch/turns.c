#include "infer/dispatch/turns.h"

#include <string.h>

/* ---- looking at the history ---- */

static bool is_user(const tierce_part *part)
{
    return part->role == TIERCE_ROLE_USER && part->kind != TIERCE_PART_CALL && part->kind != TIERCE_PART_RESULT;
}

/* End (one behind) of the last run of user parts before `end`; 0 when there is none. */
static size_t user_end(const tierce_request *request, size_t end)
{
    while (end && !is_user(&request->parts[end - 1]))
        end--;
    return end;
}

/* First part of the run of user parts that ends at `end`. */
static size_t user_start(const tierce_request *request, size_t end)
{
    while (end && is_user(&request->parts[end - 1]))
        end--;
    return end;
}

size_t ds_turns_end_of_user(const tierce_request *request)
{
    const size_t end = user_end(request, request->n_parts);
    return end ? end : request->n_parts;
}

bool ds_turns_in_tool_loop(const tierce_request *request)
{
    for (size_t i = request->n_parts; i-- > 0;) {
        const tierce_part *part = &request->parts[i];
        if (part->message != request->parts[request->n_parts - 1].message)
            return false;
        if (part->role == TIERCE_ROLE_TOOL || part->kind == TIERCE_PART_CALL || part->kind == TIERCE_PART_RESULT)
            return true;
    }
    return false;
}

/* Bytes of the user's text in [from, to); SIZE_MAX with attachments or what looks like code. */
static size_t plain_bytes(const tierce_request *request, size_t from, size_t to)
{
    size_t bytes = 0;
    for (size_t i = from; i < to; i++) {
        const tierce_part *part = &request->parts[i];
        if (part->kind != TIERCE_PART_TEXT)
            return SIZE_MAX;
        bytes += part->text.len;
        for (size_t b = 0; bytes < DS_SHORT_BYTES && b < part->text.len; b++)
            if (part->text.data[b] && strchr("`{}<>=;\\", part->text.data[b]))
                return SIZE_MAX;
    }
    return bytes;
}

bool ds_turns_short_follow_up(const tierce_request *request)
{
    const size_t end = request->n_parts, start = user_start(request, end);
    const size_t bytes = plain_bytes(request, start, end);
    if (start == end || bytes >= DS_SHORT_BYTES)
        return false;
    /* something was said in between, or it is no follow-up */
    size_t before = start;
    while ((before = user_end(request, before)) > 0) {
        const size_t first = user_start(request, before);
        size_t earlier = 0;
        for (size_t i = first; i < before; i++)
            earlier += request->parts[i].kind == TIERCE_PART_TEXT ? request->parts[i].text.len : DS_SHORT_BYTES;
        if (earlier > bytes)
            return true;
        before = first;
    }
    return false;
}

/* ---- deciding ---- */

static uint32_t place_of(const tierce_decision *d, uint32_t tier)
{
    for (uint32_t i = 0; i < d->n_order; i++)
        if (d->order[i] == tier)
            return i;
    return UINT32_MAX;
}

/* What the ranking compares: USD, or the probability where the policy puts no price on it. */
static double worth(const tierce_decision *d, const tierce_policy *policy, uint32_t tier)
{
    const tierce_estimate *e = &d->estimate[tier];
    return policy->value_usd > 0 ? policy->value_usd * e->probability - (e->cost_known ? e->cost_usd : 0)
                                 : e->probability;
}

static void put_first(tierce_decision *d, const tierce_policy *policy, uint32_t place)
{
    const uint32_t tier = d->order[place];
    memmove(d->order + 1, d->order, place * sizeof *d->order);
    d->order[0] = tier;
    d->margin = d->n_order > 1 ? worth(d, policy, tier) - worth(d, policy, d->order[1]) : 0;
}

/* Tokens that the tier of the turn before has in its cache: the tools and all parts up to the answer that
 * it gave, at four bytes a token. */
static double cached_tokens(const tierce_request *request)
{
    size_t end = user_start(request, request->n_parts), bytes = 0;
    while (end && request->parts[end - 1].role == TIERCE_ROLE_ASSISTANT)
        end--;
    for (size_t i = 0; i < end; i++)
        bytes += request->parts[i].text.len + request->parts[i].name.len;
    for (size_t i = 0; end && i < request->n_tools; i++)
        bytes += request->tools[i].name.len + request->tools[i].description.len + request->tools[i].parameters.len;
    return (double)bytes / 4;
}

double ds_turns_cache_usd(const tierce_request *request, const ds_cache_price *price)
{
    const double saved = price->input - price->cached_input;
    return saved > 0 ? cached_tokens(request) * saved / 1e6 : 0;
}

/* Which rule holds the previous tier for this request, if any. `place`: of that tier in the order. */
static ds_turn rule_for(const tierce_request *request, const tierce_policy *policy,
                        const ds_cache_price *prices, const tierce_decision *d, uint32_t place)
{
    const uint32_t previous = d->order[place];
    if (ds_turns_in_tool_loop(request))
        return DS_TURN_TOOL_LOOP;
    if (ds_turns_short_follow_up(request))
        return DS_TURN_FOLLOW_UP;
    /* the estimates charge the whole input as fresh: staying is cheaper than they say by the discount
     * on what is cached; only money can be weighed against it */
    if (place && prices && policy->value_usd > 0 &&
        worth(d, policy, d->order[0]) - worth(d, policy, previous) <= ds_turns_cache_usd(request, &prices[previous]))
        return DS_TURN_CACHE;
    return DS_TURN_FRESH;
}

/* One step: the decision on `request` when `previous` answered the turn before. */
static tierce_status step(const tierce_router *router, tierce_scratch *scratch, const tierce_request *request,
                          const tierce_policy *policy, const ds_cache_price *prices, uint32_t previous,
                          tierce_decision *d, ds_turn *turn, tierce_error *error)
{
    const tierce_status status = tierce_decide(router, scratch, request, policy, d, error);
    *turn = DS_TURN_FRESH;
    if (status != TIERCE_OK || previous == UINT32_MAX)
        return status;
    const uint32_t place = place_of(d, previous);
    if (place == UINT32_MAX)
        return status;
    *turn = rule_for(request, policy, prices, d, place);
    if (*turn != DS_TURN_FRESH && place)
        put_first(d, policy, place);
    return status;
}

/* The tier that answered before: the turns of the past are decided again, from DS_TURNS_BACK turns ago
 * on. UINT32_MAX when there was none. */
static tierce_status replay(const tierce_router *router, tierce_scratch *scratch, const tierce_request *request,
                            const tierce_policy *policy, const ds_cache_price *prices, uint32_t *previous,
                            tierce_decision *d, tierce_error *error)
{
    size_t ends[DS_TURNS_BACK];
    unsigned n = 0;
    tierce_status status = TIERCE_OK;
    ds_turn ignored;
    /* the present turn is not past, unless it is in a tool loop: then its question was answered already */
    size_t end = ds_turns_in_tool_loop(request) ? request->n_parts : user_start(request, request->n_parts);
    while (n < DS_TURNS_BACK && (end = user_end(request, end)) > 0) {
        ends[n++] = end;
        end = user_start(request, end);
    }
    *previous = UINT32_MAX;
    while (n-- > 0 && status == TIERCE_OK) {
        tierce_request then = *request;
        then.n_parts = ends[n];
        status = step(router, scratch, &then, policy, prices, *previous, d, &ignored, error);
        *previous = d->order[0];
    }
    return status;
}

tierce_status ds_turns_decide(const tierce_router *router, tierce_scratch *scratch,
                              const tierce_request *request, const tierce_policy *policy,
                              const ds_cache_price *prices, uint32_t previous,
                              tierce_decision *decision, ds_turn *turn, tierce_error *error)
{
    if (previous == UINT32_MAX) {
        const tierce_status status =
            replay(router, scratch, request, policy, prices, &previous, decision, error);
        if (status != TIERCE_OK)
            return status;
    }
    return step(router, scratch, request, policy, prices, previous, decision, turn, error);
}

const char *ds_turn_name(ds_turn turn)
{
    static const char *const names[] = {"FRESH", "TOOL_LOOP", "FOLLOW_UP", "CACHE"};
    return (unsigned)turn < 4 ? names[turn] : "UNKNOWN";
}
