/* OpenTelemetry spans and their events with plain attributes, from OTLP/JSON or from flat objects.
 */
#ifndef TIERCE_OTEL_ATTRIBUTES_H
#define TIERCE_OTEL_ATTRIBUTES_H

#include "data/dom.h"

/* The attributes of a span, an event or a log record as one plain object {"name": value}: of OTLP's
 * list [{"key", "value": {"stringValue": …}}], of an object "attributes", or, where there are none,
 * the members of the thing itself. Free it with td_dom_free; NULL when memory ends. */
td_node *td_otel_attributes(const td_node *thing);

#endif
