/* What the user may say about an import. NULL and 0: not said. One struct for all formats: an option
 * that the chosen format does not know is refused by the command, by the list in td_importer. */
#ifndef TIERCE_IMPORT_SETTINGS_H
#define TIERCE_IMPORT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { TD_DUPLICATES_UNSAID, TD_DUPLICATES_AVERAGE, TD_DUPLICATES_FIRST, TD_DUPLICATES_ERROR } td_duplicates;

typedef struct {
    /* the frame's own */
    const char *source, *workload; /* instead of what the format says */
    const char *rename;            /* "old=new,old=new": models */
    td_duplicates duplicates;
    double score_low, score_high;  /* scores are mapped from this range to 0..1 */
    bool score_said;               /* the user gave the range: a score outside of it is a damaged row */
    uint64_t max_bad;
    bool keep_unscored;
    /* the formats' */
    const char *metric, *filter, *scorer, *model, *delimiter;
    const char *id_field, *prompt_field, *messages_field, *tools_field, *model_field, *score_field;
    const char *score_fields, *cost_field, *input_field, *output_field, *latency_field;
    const char *source_field, *workload_field;
    const char *prompts; /* a file or folder that holds what the results lack */
    const char *scores;  /* a file of scores by id (data/import/scores.h) */
} td_import_settings;

#endif
