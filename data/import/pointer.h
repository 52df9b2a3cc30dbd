/* JSON pointers (RFC 6901) into a tree: "/messages/0/content". */
#ifndef TIERCE_POINTER_H
#define TIERCE_POINTER_H

#include "data/dom.h"

/* NULL where nothing is there. "" is the root. A pointer without its leading slash is taken as one
 * member's name. */
const td_node *td_pointer(const td_node *root, const char *pointer, size_t len);

#endif
