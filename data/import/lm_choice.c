#include "data/import/lm_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const td_lm_choice *td_lm_choice_of(const td_lm_choices *choices, const char *task)
{
    for (size_t i = 0; i < choices->n; i++)
        if (!strcmp(choices->at[i].task, task))
            return &choices->at[i];
    return NULL;
}

bool td_lm_choose(td_lm_choices *choices, const char *task, const char *filter, const char *metric)
{
    if (choices->n == choices->room) {
        const size_t room = choices->room ? 2 * choices->room : 16;
        td_lm_choice *wider = realloc(choices->at, room * sizeof *wider);
        if (!wider)
            return false;
        choices->at = wider;
        choices->room = room;
    }
    td_lm_choice *c = &choices->at[choices->n++];
    snprintf(c->task, sizeof c->task, "%s", task);
    snprintf(c->filter, sizeof c->filter, "%s", filter);
    snprintf(c->metric, sizeof c->metric, "%s", metric);
    return true;
}

bool td_lm_less_is_better(const char *metric)
{
    static const char *const last[] = {"perplexity", "ppl", "loss", "wer", "cer", "ter", "mse", "mae", "rmse", "nll", "error", "errors",
                                       "err", "brier", "ece", "distance", "divergence"};
    static const char *const whole[] = {"bits_per_byte", "brier_score", "word_error_rate", "character_error_rate", "error_rate",
                                        "pct_stereotype", "likelihood_diff", "edit_distance"};
    size_t at = strlen(metric);
    while (at && metric[at - 1] != '_' && metric[at - 1] != '-' && metric[at - 1] != '/' && metric[at - 1] != ' ')
        at--;
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        if (!strcmp(metric + at, last[i]))
            return true;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (!strcmp(metric, whole[i]))
            return true;
    return false;
}

void td_lm_choices_free(td_lm_choices *choices)
{
    free(choices->at);
    memset(choices, 0, sizeof *choices);
}
