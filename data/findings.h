/* Problems found in files: kinds, counts, and the first of each with its place. */
#ifndef TIERCE_FINDINGS_H
#define TIERCE_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "data/text_out.h"

typedef struct {
    char *what;
    bool fault; /* else a warning, */
    bool note;  /* or what is only told */
    uint64_t count;
    char *first;
} td_finding;

#define TD_MAX_FINDINGS 160

/* Zero it before first use. */
typedef struct {
    td_finding at[TD_MAX_FINDINGS];
    uint32_t n;
    bool failed; /* memory ended, or more kinds than there is room for */
} td_findings;

/* Counts one more of this kind; `first` is kept from the first. */
void td_find(td_findings *f, bool fault, const char *what, const char *first);
/* Something found `count` times at once; a note is no warning. */
void td_find_many(td_findings *f, bool note, const char *what, const char *first, uint64_t count);
uint64_t td_count_faults(const td_findings *f);
uint64_t td_count_warnings(const td_findings *f);
void td_findings_text(const td_findings *f, td_out *out);
void td_findings_free(td_findings *f);

#endif
