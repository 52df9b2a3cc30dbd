/* Several files of records into one: outcomes of equal ids come together. */
#ifndef TIERCE_MERGE_H
#define TIERCE_MERGE_H

#include "data/each.h"

typedef enum { TD_REFUSE, TD_FIRST, TD_LAST, TD_MEAN } td_prefer;

typedef struct {
    uint64_t lines, records, added, same, conflicts; /* outcomes added to a first line; given again alike; unlike */
    uint64_t filled, contrary; /* sources and workloads from other lines than the first; others than the first's */
    char first_contrary[600];  /* where, and which; set where contrary is not 0 */
} td_merge_report;

/* A record stands where its id first stood, with that line's bytes; only "outcomes" is written anew,
 * and only where something came to it; a "source" or "workload" that only another line has follows it
 * (of two different ones the first stays, and they are counted). Two unlike outcomes of one id and tier
 * are a conflict: refused, or the first, the last, or the mean of their numbers: each as heavy as the
 * "trials" that it is a mean of (1 where it does not say), and "trials" their sum, as if all had been
 * imported together. One id with two different requests is refused
 * always. Memory: the outcomes' text. False with *error filled: nothing is written. */
bool td_merge(td_files *files, td_prefer prefer, const char *output, td_merge_report *report,
              td_error *error);

#endif
