/* What the name of a column says that its numbers are: a table's "a_cost" within 0..1 is no model's score. */
#ifndef TIERCE_CSV_NAMES_H
#define TIERCE_CSV_NAMES_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    TD_NAMED_NOTHING, /* a model, a text, anything */
    TD_NAMED_COST,
    TD_NAMED_INPUT,
    TD_NAMED_OUTPUT,
    TD_NAMED_CACHED,
    TD_NAMED_CACHE_WRITE,
    TD_NAMED_REASONING,
    TD_NAMED_TOKENS, /* of which kind it does not say */
    TD_NAMED_LATENCY,
    TD_NAMED_OTHER   /* a confidence, an error, a count of steps */
} td_named;

td_named td_column_named(const char *name);

/* Where such a number of a model would be read: "|total_cost"; NULL: nowhere. */
const char *td_named_suffix(td_named kind);

/* Is it known as something that is no model: a label, an index, a setting? */
bool td_column_is_no_model(const char *name);

/* Does it say a score, but not whose: "score", "correct"? */
bool td_column_is_any_score(const char *name);

/* What is left of the name without the words that say the kind, for guessing its model: "gpt4" of "gpt4_cost". */
void td_column_stem(const char *name, char *stem, size_t room);

/* Adds `text` to a list of at most `room` bytes; where that is full, to the count behind it. */
void td_list_add(char *list, size_t room, size_t *more, const char *text);
/* Ends it: " and 3 more". */
void td_list_end(char *list, size_t room, size_t more);

#endif
