/* Records: a request, what each tier made of it, and where it came from, one JSON object a line.
 *
 *     {"id": "case-17", "source": "swe-bench", "workload": "coding",
 *      "messages": [{"role": "user", "content": "…"}], "tools": […],
 *      "outcomes": {"flash": {"score": 1, "cost_usd": 0.002, "input_tokens": 812,
 *                             "output_tokens": 344, "latency_s": 1.9},
 *                   "pro":   {"score": 0.5}}}
 *
 * A line of a log, where a policy chose one tier, says which and with what probability that policy
 * chose it: {…, "chosen": "flash", "propensity": 0.8, "outcomes": {"flash": {"score": 1}}}.
 *
 * A line is read whole or not at all: a bad one is reported with file, line, what is wrong and how to
 * mend it, counted, and skipped while the budget (--max-bad) lasts. */
#ifndef TIERCE_RECORD_H
#define TIERCE_RECORD_H

#include "data/lines.h"
#include "data/request_json.h"

#define TD_MAX_OUTCOMES 256

/* Numbers that were not recorded are NaN. Token counts mean one thing, whatever a harness or provider
 * calls them: input_tokens is all input that was billed, of which cached_tokens were read from a prompt
 * cache and cache_write_tokens written to one (fresh input is what is left); output_tokens is all
 * output that was billed, of which reasoning_tokens were never shown. */
typedef struct {
    tierce_span name; /* tier or model, as the record calls it */
    double score;     /* 0..1 */
    double cost_usd, input_tokens, output_tokens, latency_s;
    double cached_tokens, cache_write_tokens, reasoning_tokens;
} td_outcome;

/* Everything points into the line and the reader's memory: valid until the next record. */
typedef struct {
    tierce_span id, source, workload; /* empty where not given */
    tierce_span chosen;               /* tier that a logging policy chose; empty where not given */
    double propensity;                /* probability with which it did, above 0; NaN where not given */
    const tierce_request *request;
    const td_outcome *outcomes;
    size_t n_outcomes;
    tierce_span raw;  /* the line's own bytes, without its line break */
    const char *path; /* of the file, and the line */
    uint64_t line;
} td_record;

typedef enum {
    TD_WANT_RECORDS, /* id and outcomes are required; ids must differ */
    TD_WANT_ANY_IDS, /* the same, but an id may come again */
    TD_WANT_REQUESTS /* id is optional, outcomes are skipped */
} td_want;

typedef struct td_reader td_reader;

/* Told of every bad line: "file:line: what; the mend". Where none is allowed (max_bad 0) the error says it instead. */
typedef void (*td_complaint)(void *context, const char *message);

/* Reads the files one after the other. paths must outlive the reader. NULL when memory ends. */
td_reader *td_reader_open(const char *const *paths, size_t n_paths, td_want want, uint64_t max_bad,
                          size_t max_line, td_complaint complain, void *context);
/* 1: a record; 0: the end; -1: stopped, *error says why (more bad lines than allowed, a file that
 * cannot be read). */
int td_reader_next(td_reader *reader, td_record *record, td_error *error);
uint64_t td_reader_bad(const td_reader *reader);
/* Keys so far that nothing reads (of TD_WANT_REQUESTS none are kept). */
const td_strays *td_reader_strays(const td_reader *reader);
void td_reader_close(td_reader *reader);

/* One JSON text (a record, a request or a batch line) on its own. `r` owns the memory; data must stay.
 * On failure *what names the fault and the mend (constant) and *where its byte. */
bool td_parse_line(td_request *r, td_outcome *outcomes, td_record *record, const char *data,
                   size_t len, td_want want, const char **what, size_t *where);

/* Nothing to route by: no tools, no media, no call, and in all texts no word. */
bool td_request_is_empty(const tierce_request *request);

/* Fold of a record: crc32(id) mod k, as ../peers and the issue define it. */
uint32_t td_fold(const char *id, size_t len, uint32_t k);

#endif
