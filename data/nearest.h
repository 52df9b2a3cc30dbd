/* "unknown key "pries"; did you mean "prices"?" */
#ifndef TIERCE_NEAREST_H
#define TIERCE_NEAREST_H

#include <stddef.h>

/* The word of the list with the smallest edit distance to `word` (transpositions count as one), or
 * NULL when none is near (more than a third of its letters differ). */
const char *td_nearest(const char *word, const char *const *list, size_t n);

/* The same, for words that need not be one of the list: one slip of the pen, or two in eight letters. */
const char *td_near_miss(const char *word, const char *const *list, size_t n);

#endif
