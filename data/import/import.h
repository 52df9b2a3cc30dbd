/* Evaluation harnesses' files and production logs become records.
 *
 *     td_import_job job = {.format = NULL, .paths = paths, .n_paths = 2, .output = "r.jsonl.gz"};
 *     if (!td_import(&job, &report, &error)) …
 *
 * How to add a format:
 *  1. data/import/x.c: a probe that says whether a file is one of its own, by content, and a reader that
 *     gives a td_row (data/import/sink.h) per model and request. Remember: the gold answer never enters
 *     the request; an infrastructure failure is `missing`, never 0; the model comes from td_sink_model, so that
 *     --model cannot make one of two; a right or wrong is_share; input_tokens is all input, cached
 *     included (data/record.h).
 *  2. Its td_importer in the list below and in the table of data/import/importers.c.
 *  3. A fixture of your own in tests/cli/import.sh or import_agents.sh (what could go wrong in silence: import_labels.sh),
 *     small seeds in tests/fuzz/corpus/import_agents (NAME-1: that target covers every row of the
 *     table) and a line in docs/import.md. */
#ifndef TIERCE_IMPORT_H
#define TIERCE_IMPORT_H

#include "data/import/head.h"
#include "data/import/sink.h"

typedef enum {
    TD_NOT_MINE,
    TD_COMPANION, /* belongs to the format; read together with another file */
    TD_PERHAPS,   /* would read it, but so might others: taken only where no format is surer */
    TD_MINE
} td_claim;

typedef struct {
    const char *name;    /* on the command line */
    const char *title;   /* "lm-evaluation-harness samples" */
    const char *options; /* of td_import_settings' formats' part, space-separated, as on the command line */
    td_claim (*probe)(const td_head *head);
    bool (*read)(td_sink *sink, const td_head *file, td_error *error);
    bool (*finish)(td_sink *sink, td_error *error); /* behind the last file; may be NULL */
    size_t state_size;
    void (*close)(void *state); /* frees what the state points to; may be NULL */
    /* what a file has to choose from ("its columns are …"), for messages; may be NULL */
    void (*offers)(const td_head *head, char *text, size_t room);
} td_importer;

extern const td_importer *const td_importers[];
extern const size_t td_n_importers;
/* NULL with the nearest known one named. */
const td_importer *td_importer_named(const char *name, td_error *error);

extern const td_importer td_import_csv, td_import_lm_eval, td_import_inspect, td_import_promptfoo, td_import_generic;
extern const td_importer td_import_harbor, td_import_atif, td_import_terminal_bench, td_import_tau2,
    td_import_swebench, td_import_helm, td_import_openai_evals, td_import_bfcl,
    td_import_openai_batch, td_import_litellm, td_import_langfuse, td_import_otel,
    td_import_helicone, td_import_tierce_log;

typedef struct {
    const char *format; /* NULL: recognised */
    const char *const *paths;
    size_t n_paths;
    const char *output; /* "-": standard output; ".gz": packed */
    const char *report;    /* where the caller will write the report, so that it is no input either; NULL: nowhere */
    const char *temporary; /* folder for spilled rows; NULL: the output's, or /tmp */
    size_t memory;         /* bytes held before rows are spilled; 0: 12 MiB */
    td_import_settings settings;
} td_import_job;

/* Zero *report first; free it with td_report_free. False with *error filled: nothing was written. */
bool td_import(const td_import_job *job, td_import_report *report, td_error *error);

#endif
