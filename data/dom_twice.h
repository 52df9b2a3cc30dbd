/* A key that stands twice in one object. RFC 8259 leaves open which of them counts: Python, Go and JavaScript take the
 * last, cJSON the first. For a label or a price, neither will do. */
#ifndef TIERCE_DOM_TWICE_H
#define TIERCE_DOM_TWICE_H

#include "data/dom.h"

/* What a message says of it. */
#define TD_KEY_TWICE "a key stands twice in its object, and readers differ in which they take; keep one"

/* Is there one, at any depth? *place becomes its JSON pointer, cut where it is longer. Linear in the document. */
bool td_dom_twice(const td_node *root, char *place, size_t room);

/* The document, or NULL with *error after freeing it where a key stands twice. NULL is allowed. */
td_node *td_dom_once(td_node *root, const char *name, td_error *error);

#endif
