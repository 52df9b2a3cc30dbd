/* Conversation sense, without a session: the request holds its own history.
 *
 * A decision is a pure function of request and policy. So the tier that answered an earlier turn is
 * the decision on the request as it was then: the same parts up to that turn's end. From this follow
 *   - inside an open tool loop (the last message is a tool's answer, or an assistant's call) the tier
 *     is that of the request as it stood when the last user turn ended: the loop is not broken;
 *   - a short follow-up ("yes", "commit it": a last user turn under DS_SHORT_BYTES, after an earlier
 *     longer one, without code or attachments) is judged as the turn before it was;
 *   - between turns, a switch away from the previous turn's tier is made only when the gain in value
 *     beats the price of the lost prompt cache.
 * A tier that the caller names (session id, or a forced previous tier) replaces the replayed one. */
#ifndef TIERCE_TURNS_H
#define TIERCE_TURNS_H

#include <stdbool.h>

#include <stddef.h>

#include "infer/router.h"

#define DS_SHORT_BYTES 48
/* User turns looked back at; older ones do not matter any more. */
#define DS_TURNS_BACK 4

typedef enum { DS_TURN_FRESH, DS_TURN_TOOL_LOOP, DS_TURN_FOLLOW_UP, DS_TURN_CACHE } ds_turn;

/* USD per million tokens, of every tier by number; NULL: caches are ignored. */
typedef struct {
    double input, cached_input;
} ds_cache_price;

/* Number of parts up to and including the last user turn; n_parts when there is none. */
size_t ds_turns_end_of_user(const tierce_request *request);
bool ds_turns_in_tool_loop(const tierce_request *request);
bool ds_turns_short_follow_up(const tierce_request *request);

/* What the previous tier's prompt cache saves on this request, USD: the tools and everything before its
 * last answer, at four bytes a token, times (input - cached_input). */
double ds_turns_cache_usd(const tierce_request *request, const ds_cache_price *price);

/* tierce_decide with the sense above. previous: tier of the turn before, or UINT32_MAX to replay it.
 * *turn says what moved the decision: anything but FRESH means that order[0] was put first by that
 * rule (the rest of the order as decided; the estimates are those of the whole request; reason is the
 * decision's own). A kept tier that the request's constraints drop (window, tools, price) is not kept.
 * A single-turn request decides exactly as tierce_decide. margin is by how much order[0] beats
 * order[1]: negative where a rule put it first against the estimates. The estimates charge all input as
 * fresh, so a switch is made when its gain in value beats ds_turns_cache_usd of the tier it leaves; with
 * value_usd 0 money is no matter, and neither is the cache. Replaying costs up to DS_TURNS_BACK further
 * decisions, on prefixes of the request. */
tierce_status ds_turns_decide(const tierce_router *router, tierce_scratch *scratch,
                              const tierce_request *request, const tierce_policy *policy,
                              const ds_cache_price *prices, uint32_t previous,
                              tierce_decision *decision, ds_turn *turn, tierce_error *error);

const char *ds_turn_name(ds_turn turn); /* "FRESH", "TOOL_LOOP", "FOLLOW_UP", "CACHE" */

#endif
