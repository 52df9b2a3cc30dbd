/* A question of the Berkeley Function-Calling Leaderboard as a request. */
#ifndef TIERCE_BFCL_QUESTION_H
#define TIERCE_BFCL_QUESTION_H

#include "data/dom.h"

/* Appends the request of {"question", "function"} (the first turn of several), or of a record's
 * {"messages", "tools"}. The leaderboard's Python words for types ("dict", "float", "tuple") become
 * JSON Schema's. False: no question in there. */
bool td_bfcl_put_question(td_out *out, const td_node *question);
/* "bfcl/simple" for the id "simple_13". */
void td_bfcl_source(char *source, size_t size, const char *id);

#endif
