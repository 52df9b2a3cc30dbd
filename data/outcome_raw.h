/* The numbers of an outcome as they stand in a record's line: what merge averages and exporters carry. */
#ifndef TIERCE_OUTCOME_RAW_H
#define TIERCE_OUTCOME_RAW_H

#include "data/record_raw.h"

#define TD_OUTCOME_KEYS 256 /* of an outcome, at most */

/* Keys of td_outcome's numbers. */
#define TD_RAW_NUMBERS 8
extern const char *const td_raw_numbers[TD_RAW_NUMBERS];

/* Is it the key of one of those, or "trials"? */
bool td_raw_is_number(tierce_span key);
/* NaN unless the value is a number or a truth. */
double td_raw_number(tierce_span value);
/* Is it a number of trials that an outcome can be the mean of? From 1 on, below 1e15. */
bool td_is_trials(double trials);
/* Of how many trials an outcome is the mean; one that does not say is one. */
double td_raw_trials(const td_member *members, size_t n);

#endif
