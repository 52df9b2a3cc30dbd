/* What a request costs: before (an upper bound to reserve), after (from its usage), and when it broke
 * off (an estimate from the bytes seen). */
#ifndef TIERCE_DISPATCH_MONEY_H
#define TIERCE_DISPATCH_MONEY_H

#include "infer/dispatch/body.h"
#include "infer/dispatch/config.h"
#include "infer/dispatch/reply.h"
#include "infer/dispatch/turns.h"

/* USD; 0 where the tier has no prices. A prompt above the long threshold pays the long rates on every
 * token. */
double ds_cost(const td_prices *prices, const ds_usage *usage);

/* More than the request can cost: a token has at least one byte, so input is the request's bytes
 * (4,096 tokens an attachment besides); output is what the request allows, or the tier's
 * max_output_tokens, times n. Where neither says, 8 times the expected cost and at least 4,096
 * tokens: then it is no bound but a guess, and the settlement may be higher. */
double ds_reserve_usd(const ds_tier *tier, const ds_body *body, double expected_usd);

/* What a provider said of an answer of so many bytes of text, where that can be: a half that it did not say, an input
 * of nothing, and an output of more than 16 bytes a token (no tokeniser has such an average) are estimated from what
 * was seen, 4 bytes a token of input and 3 of output. *guessed: something was. */
ds_usage ds_usage_made_good(const ds_usage *said, const ds_body *body, uint64_t output_bytes, bool *guessed);

/* What an attempt is booked at whose answer did not come to its end, `seen_usd` by what was seen of it. Of a stream
 * that broke off: at least what the model expects, at most what was reserved. Of an answer of which no text was seen
 * the provider may have written all that it was allowed to: what was reserved. (What was seen counts in full.) */
double ds_unfinished_usd(double seen_usd, double expected_usd, double most_usd, bool text_seen);

ds_cache_price ds_cache_prices(const td_prices *prices);

#endif
