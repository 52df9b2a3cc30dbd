/* Every record of some files, once or twice. */
#ifndef TIERCE_EACH_H
#define TIERCE_EACH_H

#include "data/record.h"

typedef struct {
    const char *const *paths;
    size_t n_paths;
    uint64_t max_bad;
    td_complaint complain; /* of every bad line; may be NULL */
    void *context;         /* of complain */
    uint64_t bad;          /* out: bad lines of the last pass */
    td_strays *strays;     /* out: keys that nothing reads; may be NULL */
} td_files;

/* False with *error filled stops. */
typedef bool (*td_visit)(void *context, const td_record *record, td_error *error);

bool td_each_record(td_files *files, td_want want, td_visit visit, void *context, td_error *error);
/* False with *error filled where there are no records: what was asked for would be made of nothing. */
bool td_some_records(uint64_t records, td_error *error);
/* Can the files be read again? False with *error filled: one is a pipe. */
bool td_can_repeat(const td_files *files, td_error *error);

#endif
