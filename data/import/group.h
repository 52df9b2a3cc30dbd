/* The rows of one key, as they come: its texts, and what each model made of the request in each trial.
 * The inside of td_join. */
#ifndef TIERCE_IMPORT_GROUP_H
#define TIERCE_IMPORT_GROUP_H

#include "data/import/sink_in.h"
#include "data/record.h"

typedef struct {
    uint64_t name; /* hash of the trial's name */
    double sum[TD_NUMBERS], first[TD_NUMBERS], weight[TD_NUMBERS]; /* weight: of how many trials the first is the mean */
    double n[TD_NUMBERS]; /* trials of all its rows */
    bool differs; /* its rows say different things: they are runs of their own, and each counts */
    uint32_t file;
    uint64_t line;
    uint32_t same, same_file; /* rows that say what the first said; where the first of them stands */
    uint64_t same_line, same_order;
} td_trial;

/* What one model made of the request. */
typedef struct {
    char *model; /* "": rows that name none; they hold for every model */
    size_t len, room;
    const char *missing;
    uint32_t file;
    uint64_t line, order;
    bool answered, labelled; /* some run did not fail; a score was given apart, the first of them: */
    uint32_t label_file;
    uint64_t label_line, label_order;
    td_trial *trials;
    size_t n_trials, trials_room;
} td_slot;

typedef struct {
    td_sink *sink;
    td_error *error;
    td_out text[TD_TEXTS]; /* the first that is not empty of each kind */
    uint64_t first_row;
    td_stored first;
    bool any, differs;
    td_slot slots[TD_MAX_OUTCOMES + 1];
    size_t n_slots;
} td_group;

/* Adds a row; text: its texts, number: its order of arrival. False with the group's error. */
bool td_group_take(td_group *g, const td_stored *row, const char *text, uint64_t number);
/* When all rows are there: a failure is no answer, and the score that a file gives it all the same is none; told. */
void td_group_failures(td_group *g);
/* False with the group's error where a score is of a model that answered nothing at all, while one that answered this
 * request has none: the score is that one's, under a wrong name. */
bool td_group_whose(const td_group *g);
/* Tells, when all rows are there, of those that came twice. */
void td_group_tell(td_group *g);
/* Empties it and keeps its memory. */
void td_group_clear(td_group *g);
void td_group_free(td_group *g);

/* NULL where the group has no such model. */
const td_slot *td_group_slot(const td_group *g, const char *model, size_t len);
/* Means over the trials that know the number, NaN where none does; *scored trials have a score. A trial whose rows
 * are all alike counts once, one whose rows differ as often as it has rows, a row that is a mean already for as many as it says. */
void td_slot_average(const td_slot *s, double number[TD_NUMBERS], double *scored);
const char *td_group_path(const td_group *g, uint32_t file);
/* "path:17", without the line where the row is of the file as a whole. */
typedef struct {
    char text[230];
} td_place;
td_place td_group_place(const td_group *g, uint32_t file, uint64_t line);
/* The key as a message shows it. */
void td_group_key(const td_group *g, char *out, size_t room);

#endif
