/* The inside of td_sink, shared by what fills it (sink.c), what empties it (join.c) and what runs both
 * (import.c). */
#ifndef TIERCE_SINK_IN_H
#define TIERCE_SINK_IN_H

#include "data/import/offers.h"
#include "data/import/rename.h"
#include "data/import/sink.h"
#include "data/import/sorter.h"
#include "data/writer.h"

/* The numbers of an outcome, in td_outcome's order. */
enum { TD_SCORE, TD_COST, TD_INPUT, TD_OUTPUT, TD_LATENCY, TD_CACHED, TD_CACHE_WRITE, TD_REASONING, TD_NUMBERS };
/* The texts of a row. */
enum { TD_KEY, TD_ID, TD_SOURCE, TD_WORKLOAD, TD_REQUEST, TD_MODEL, TD_TRIAL, TD_TEXTS };

/* A row as it lies in the sorter: this, then its texts one behind the other. */
typedef struct {
    uint64_t line;
    const char *missing; /* constant, so the pointer may be kept */
    double number[TD_NUMBERS], trials;
    uint32_t file;
    uint32_t one_run, one_request, label;
    uint32_t len[TD_TEXTS];
} td_stored;

struct td_sink {
    const td_import_settings *settings;
    td_import_report *report;
    td_sorter *rows;
    void *state;
    td_out buffer, row;
    char **paths; /* of the files read, for messages */
    size_t n_paths, paths_room;
    uint32_t file; /* into paths */
    uint64_t n_rows;
    const char *source; /* where rows name none; NULL: none */
    td_renames renames;
    td_offers offers[TD_OFFERS];
    td_offers own_models; /* that --model stands over */
    td_scale nameless;    /* of scores whose rows name no model */
    bool nameless_failure; /* some run failed of which it is not known whose */
};

bool td_sink_open(td_sink *sink, const td_import_settings *settings, td_import_report *report,
                  size_t memory, const char *folder, size_t state_size, td_error *error);
void td_sink_close(td_sink *sink);
/* Checks that every --rename was used and that the scores are of the range; tells of models that --rename joined. */
bool td_sink_finish(td_sink *sink, td_error *error);

/* Joins the rows and writes the records, in the order in which their keys first came. */
bool td_join(td_sink *sink, size_t memory, const char *folder, td_writer *writer, td_error *error);

#endif
