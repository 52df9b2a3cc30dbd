/* Records as other tools take them: a wide CSV (which tierce import reads back), and OpenAI batch
 * lines. */
#ifndef TIERCE_EXPORT_H
#define TIERCE_EXPORT_H

#include "data/each.h"
#include "data/record_raw.h"

typedef struct {
    uint64_t records;
    uint64_t as_json; /* CSV: requests that no single text can hold: JSON in the columns messages, tools */
    uint64_t files;   /* of the folder: tiers with answers */
    uint64_t lost;    /* members of records that the shape cannot carry, */
    char first[200];  /* the first of them, with its place */
} td_export_report;

/* RFC 4180, one row a record: id, source, workload, prompt, messages, tools, then for each tier its
 * score, TIER|total_cost and, where any record knows them, |input_tokens and so on, |trials where any is the
 * mean of several. An empty cell is "not there". */
bool td_export_csv(td_files *files, const char *output, td_export_report *report, td_error *error);

/* {"custom_id", "method", "url", "body": {"model", …}}, the request's own bytes; outcomes have no place
 * there. model NULL: no "model" (tierce score --batch puts one in). */
bool td_export_batch(td_files *files, const char *model, const char *output, td_export_report *report,
                     td_error *error);

/* All of a record in batch shape, as a folder that one import reads back: in.jsonl (those lines), for each
 * tier out-TIER.jsonl (answers, with the tokens as "usage") and scores.jsonl (what answers have no place
 * for: score, cost, latency, trials, source, workload). The folder must be new or empty. */
bool td_export_batch_folder(td_files *files, const char *model, const char *dir, td_export_report *report,
                            td_error *error);

/* ---- for the exporters ---- */

#define TD_EXPORT_KEYS 256 /* of a record, at most */

/* Members of the record; 0 with *error filled. strings: room that is made for their keys, and `more` times
 * the line behind it. */
size_t td_export_members(const td_record *r, td_member *top, td_out *strings, unsigned more, td_error *error);
/* Counts the members that the shape does not carry, and where it carries outcomes, theirs that are neither
 * numbers of td_outcome nor trials. strings: as filled by td_export_members with more = 2. */
void td_export_lost(td_export_report *report, const td_record *r, const td_member *top, size_t n,
                    td_out *strings, bool (*carries)(tierce_span key));
/* Of how many trials each of the record's outcomes is the mean (1: it does not say), in the order of r->outcomes.
 * top, n, strings: as filled by td_export_members with more = 2. */
void td_export_trials(const td_record *r, const td_member *top, size_t n, td_out *strings, double trials[TD_MAX_OUTCOMES]);
/* The batch request line of a record. */
bool td_export_request(td_export_report *report, const td_record *r, const td_member *top, size_t n,
                       const char *model, td_out *line, td_error *error);

#endif
