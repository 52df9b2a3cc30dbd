/* The inside of the BFCL importer, shared by what reads the files (bfcl.c) and what joins them (bfcl_join.c). */
#ifndef TIERCE_BFCL_IN_H
#define TIERCE_BFCL_IN_H

#include "data/import/import.h"
#include "data/import/pieces.h"

typedef struct {
    char *id;
    double input, output, latency;
    bool broke; /* the call itself failed */
} td_bfcl_result;

/* One model's results of one category, from two files. */
typedef struct {
    char model[128], category[96];
    char *path; /* of the first of them */
    td_bfcl_result *results;
    size_t n, room;
    td_tally failed;
    size_t n_failed, correct, total;
    bool scored;
} td_bfcl_part;

typedef struct {
    td_bfcl_part *parts;
    size_t n, room;
    size_t now;     /* index of the part whose file is being read */
    td_tally asked; /* ids whose question was given */
    td_tally answered;
    bool finishing;
} td_bfcl_state;

/* Reads questions from a file or a folder of them (--prompts). */
bool td_bfcl_read_prompts(td_sink *sink, const char *path, td_error *error);
/* Gives the outcomes of all parts, when every file was read. */
bool td_bfcl_finish(td_sink *sink, td_error *error);

#endif
