/* Why the estimates are what they are: the judged records are read once more and explained by the very
 * model that judged them (of the fold that did not see them). */
#ifndef TIERCE_PAGE_WHY_H
#define TIERCE_PAGE_WHY_H

#include "train/page_figures.h"

#define TR_WHY_RECORDS 4000 /* explained at most, evenly spread */
#define TR_WHY_TOP 6

/* A feature, over the explained records. */
typedef struct {
    char *name;
    uint32_t n;                  /* records that have it */
    double *sum;                 /* per tier: of what it added to the log-odds */
} tr_effect;

typedef struct {
    char *name;
    double value;
} tr_reason;

/* Why the chosen tier and not the better one: parts of the difference of their log-odds. */
typedef struct {
    bool found;
    tr_reason top[TR_WHY_TOP]; /* largest first, either sign; name NULL behind the last */
    uint32_t others;           /* features not listed */
    double rest, sum;          /* of the others; of all: logit p(chosen) - logit p(better) */
    char *prompt;              /* head of the last user text, or NULL */
} tr_why_mistake;

typedef struct {
    uint32_t explained, stride, n_effects;
    tr_effect *effect;
    tr_why_mistake *mistake;
    uint32_t n_mistakes;
} tr_why;

/* explained 0: the records could not be read again (standard input). */
void tr_why_open(tr_why *why, const tr_page_figures *f, const tr_mistake *mistakes, uint32_t n);
void tr_why_close(tr_why *why);

#endif
