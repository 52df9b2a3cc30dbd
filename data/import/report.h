/* What an import did, for a person to judge: counts, means, and the first example of each kind of
 * problem with its place. */
#ifndef TIERCE_IMPORT_REPORT_H
#define TIERCE_IMPORT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "data/import/scale.h"
#include "data/text_out.h"

typedef struct {
    char *name;
    uint64_t outcomes, trials, missing; /* trials: scores that the outcomes are means of */
    double score_sum;
    uint64_t costed, tokened; /* outcomes with a cost; with input and output tokens */
    double cost_sum;
    bool answered;         /* rows of answers name it, or of failures: not scores alone */
    uint64_t labels;       /* scores given apart that name it, */
    uint32_t label_file;   /* the first of them, as the sink counts its files, */
    uint64_t label_line;   /* and its line, from 1 */
    bool labelled;
    td_scale scale; /* of its scores, as the files have them */
} td_model_report;

/* Their order is that of the report. */
typedef enum { TD_BAD, TD_DROPPED, TD_MISSING, TD_DUPLICATE, TD_NOTE } td_problem_kind;

typedef struct {
    td_problem_kind kind;
    char *what;
    uint64_t count, order; /* order: of the first, among all rows */
    char *first;           /* "file:line: detail" */
} td_problem;

#define TD_MAX_PROBLEMS 96
#define TD_MAX_SOURCES 4096

typedef struct {
    const char *format; /* as it was taken for */
    uint64_t files, passed_over; /* read; in folders, of no known kind */
    uint64_t rows, records, bad; /* rows: of the files, whatever number of outcomes each has */
    uint64_t complete; /* records with an outcome of every model */
    uint64_t unscored; /* records written without outcomes, as nothing at all had a score; else 0 */
    bool takes_scores; /* the format has --scores */
    td_model_report *models;
    size_t n_models, models_room;
    td_problem problems[TD_MAX_PROBLEMS];
    size_t n_problems;
    bool failed; /* memory ended while counting */
} td_import_report;

td_model_report *td_report_model(td_import_report *r, const char *name, size_t len);
/* order: the row's number. The example that is kept is that of the smallest. */
void td_report_problem(td_import_report *r, td_problem_kind kind, const char *what, uint64_t order,
                       const char *path, uint64_t line, const char *detail);
/* The problem turned out to be none. */
void td_report_forget(td_import_report *r, td_problem_kind kind, const char *what);
void td_report_free(td_import_report *r);

void td_report_text(const td_import_report *r, td_out *out);
/* The last line of that: what must be heard even where no report is wanted; nothing where all is well. */
void td_report_warning(const td_import_report *r, td_out *out);
void td_report_json(const td_import_report *r, td_out *out);

#endif
