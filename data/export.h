/* Records as other tools take them: a wide CSV (which tierce import reads back), and OpenAI batch
 * lines. */
#ifndef TIERCE_EXPORT_H
#define TIERCE_EXPORT_H

#include "data/each.h"

typedef struct {
    uint64_t records;
    uint64_t as_json; /* CSV: requests that no single text can hold: JSON in the columns messages, tools */
    uint64_t lost;    /* members of records that the shape cannot carry, */
    char first[200];  /* the first of them, with its place */
} td_export_report;

/* RFC 4180, one row a record: id, source, workload, prompt, messages, tools, then for each tier its
 * score, TIER|total_cost and, where any record knows them, |input_tokens and so on. An empty cell is
 * "not there". */
bool td_export_csv(td_files *files, const char *output, td_export_report *report, td_error *error);

/* {"custom_id", "method", "url", "body": {"model", …}}, the request's own bytes; outcomes have no place
 * there. model NULL: no "model" (tierce score --batch puts one in). */
bool td_export_batch(td_files *files, const char *model, const char *output, td_export_report *report,
                     td_error *error);

#endif
