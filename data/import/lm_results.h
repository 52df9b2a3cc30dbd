/* What stands beside an lm-eval samples file: the results files of its folder, which name the model and
 * say which way a metric is better. */
#ifndef TIERCE_LM_RESULTS_H
#define TIERCE_LM_RESULTS_H

#include "data/dom.h"
#include "data/import/head.h"

#define TD_LM_MAX_RESULTS 512 /* of one folder */

typedef struct {
    char *folder; /* NULL: none loaded */
    struct {
        char *name;
        td_node *root;
    } at[TD_LM_MAX_RESULTS];
    size_t n;
} td_lm_results;

/* samples_<task>_<date>.jsonl: its parts; date is empty where there is none. */
void td_lm_name(const char *name, char *task, size_t task_room, char *date, size_t date_room);

/* Loads those of the file's folder, unless they are there already. */
bool td_lm_load(td_lm_results *r, const td_head *file, td_error *error);
void td_lm_free(td_lm_results *r);

/* The document that says most about a samples file: of its date, else one that knows its task; or NULL. */
const td_node *td_lm_find(const td_lm_results *r, const char *date, const char *task);
/* How sure the name of a model is; what is not as it should be. */
typedef struct {
    bool folder;       /* by the folder alone: no results file names one */
    bool other_date;   /* by results of another date */
    bool other_tasks;  /* by results of its date that do not know its task */
    bool other_folder; /* the folder has the name of something else */
} td_lm_named;

/* The model of a samples file: by the results of its date, by all results if they agree, by the folder's
 * name. False with the error, also where the results beside it name several, or the folder another one. */
bool td_lm_model(const td_lm_results *r, const td_head *file, const char *date, const char *task, char *model, size_t room, td_lm_named *by,
                 td_error *error);
/* The document that must be of a samples file: of its date, or the only one; NULL. */
const td_node *td_lm_own(const td_lm_results *r, const char *date);

/* Is this the head of a results file? */
bool td_lm_is_results(const td_head *head);

#endif
