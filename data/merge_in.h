/* What the two passes of a merge share: the first gathers outcomes by id (merge.c), the second writes the records
 * (merge_write.c). The inside of td_merge. */
#ifndef TIERCE_MERGE_IN_H
#define TIERCE_MERGE_IN_H

#include "data/likeness.h"
#include "data/merge.h"
#include "data/names.h"
#include "data/outcome_raw.h"
#include "data/writer.h"

/* One outcome as it was given; the next of its tier (another trial) or of its record follow. */
typedef struct {
    size_t raw, len; /* in the text */
    size_t tier;
    size_t next; /* index + 1; 0: the last */
} td_version;

/* A word of the record's own ("source", "workload"): what the first that gave it said, and, where the record's own
 * line lacks it, its text. */
typedef struct {
    uint64_t hash;   /* 0: no one has said it yet */
    size_t at, len;  /* in the text; len 0: the line says it itself */
} td_merge_word;

#define TD_MERGE_WORDS 2 /* "source", "workload" */

typedef struct {
    uint64_t request, line;
    size_t path;
    td_merge_word words[TD_MERGE_WORDS];
    size_t first, last; /* versions, index + 1 */
    bool changed, written;
} td_merge_entry;

typedef struct {
    td_prefer prefer;
    td_files *files;
    td_merge_report *report;
    td_names tiers;
    td_map ids; /* -> entry */
    td_merge_entry *entries;
    size_t n_entries, room_entries;
    td_version *versions;
    size_t n_versions, room_versions;
    td_out text, scratch, line;
    td_error conflict, contrary; /* the first of each */
    td_writer *out;
} td_merger;

extern const char *const td_merge_word_keys[TD_MERGE_WORDS];

/* Members of the record's "outcomes", and where that value stands; (size_t)-1: memory ended, or too many keys. */
size_t td_merge_outcomes(td_merger *m, const td_record *r, td_member *members, size_t room, tierce_span *whole);

/* The members of an outcome; *strings is to be freed in any case. */
size_t td_merge_read(const td_merger *m, const td_version *v, td_member *members, char **strings);

/* The second pass: a td_each_record callback. */
bool td_merge_write(void *context, const td_record *r, td_error *error);

#endif
