/* What the model of an Inspect sample was first shown: the messages before its first answer, attachments put back. */
#ifndef TIERCE_INSPECT_REQUEST_H
#define TIERCE_INSPECT_REQUEST_H

#include "data/dom.h"
#include "data/text_out.h"

/* Appends the members of the request; false where the sample has none. */
bool td_inspect_request(const td_node *sample, td_out *out);

#endif
