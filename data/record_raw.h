/* Where the parts of a record's line stand, as bytes: what merge and export splice. Top-level keys
 * only; a record in batch shape has its request inside "body". */
#ifndef TIERCE_RECORD_RAW_H
#define TIERCE_RECORD_RAW_H

#include "data/json.h"
#include "data/record.h"
#include "data/text_out.h"

typedef struct {
    tierce_span key;   /* unescaped */
    tierce_span value; /* raw JSON */
} td_member;

/* Members of an object's raw text, in their order. `text`: room for raw.len bytes. Returns how many,
 * at most `room`; (size_t)-1 when it is not a valid object or has more. */
size_t td_members(tierce_span raw, char *text, td_member *members, size_t room);

/* The value of a member, or an empty span. */
tierce_span td_member_of(const td_member *members, size_t n, const char *key);

/* A number with as few digits as read back to the same double. */
void td_put_exact(td_out *out, double v);

#endif
