/* By which filter and metric a task's samples were read, so that all models' are read by the same. */
#ifndef TIERCE_LM_CHOICE_H
#define TIERCE_LM_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char task[300], filter[120], metric[120];
} td_lm_choice;

/* Zero it first; free it in any case. */
typedef struct {
    td_lm_choice *at;
    size_t n, room;
} td_lm_choices;

/* NULL: none of the task was read so far. Valid until the next is added. */
const td_lm_choice *td_lm_choice_of(const td_lm_choices *choices, const char *task);
/* False when memory ends. */
bool td_lm_choose(td_lm_choices *choices, const char *task, const char *filter, const char *metric);
/* Does the metric's name say that less is better (perplexity, wer, a loss)? For files whose results do not say it. */
bool td_lm_less_is_better(const char *metric);

void td_lm_choices_free(td_lm_choices *choices);

#endif
