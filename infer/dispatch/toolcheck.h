/* Do the model's tool calls fit the tools that were offered? Checked are: the name is one of the
 * offered ones, the arguments parse as a JSON object (no text at all counts as the empty object),
 * every name in a schema's "required" is there, and the types of the named properties hold: type as a
 * string or a list, "nullable", "enum" of scalars, integer as a whole number, items of lists and
 * properties of objects to depth 8. What a schema says beyond that ($ref, oneOf, patterns) is not
 * judged: unknown is fine. A schema that does not parse, or of more than 1 MiB, judges nothing. Work is
 * bounded: what is left after two million steps is not judged either. */
#ifndef TIERCE_TOOLCHECK_H
#define TIERCE_TOOLCHECK_H

#include "data/lines.h"
#include "features/request.h"
#include "infer/dispatch/reply.h"

/* False with *error a sentence that quotes tool and property names only, never argument values:
 * 'call 1 "get_weather": lacks the required "city"'. True for no calls. */
bool ds_toolcheck(const tierce_request *request, const ds_call *calls, size_t n, td_error *error);

#endif
