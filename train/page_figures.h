/* What the page shows beyond the tables of `tierce eval`: computed here, put into words elsewhere. */
#ifndef TIERCE_PAGE_FIGURES_H
#define TIERCE_PAGE_FIGURES_H

#include "train/page.h"
#include "train/points.h"

typedef struct {
    const tr_page *page;
    const tr_bench *on;  /* with costs where they are known, else all judged records */
    bool costed;
    tr_family family;    /* the settings of the knob, as the recommendation tried them */
    tr_point *curve;     /* spend and score of each */
    tr_interval gain;    /* of the score above the best mix at the same spend */
    double saving;       /* at the best fixed tier's score, cheapest setting that has it; NaN: none has. With costs
                            of train/sweep.h's settings, without of the family's */
    tr_interval saving_i;
    uint32_t best;       /* fixed tier */
    /* the decisions that tables of groups, confusion and mistakes are about */
    const char *shown;   /* name of an operating point, or NULL: by probability alone */
    tierce_policy policy;
    tr_judged judged;
    uint8_t *choice;     /* per record of the bench */
} tr_page_figures;

void tr_page_figures_open(tr_page_figures *f, const tr_page *page);
void tr_page_figures_close(tr_page_figures *f);

/* Some of the records, the router against the best fixed tier: paired, with a normal 95 % interval. */
typedef struct {
    uint32_t n;
    double best, router, low, high; /* mean scores; interval of router - best */
    double share[TM_MAX_TIERS];
    double spend, best_spend, lift; /* spend NaN without costs; lift first -> last, points */
} tr_group;

/* group NULL: all of them. */
tr_group tr_page_group(const tr_page_figures *f, const uint32_t *group, uint32_t which);

/* Which tier was best (the cheapest of the best; the first where costs are not known) and which was chosen. */
typedef struct {
    uint32_t count[TM_MAX_TIERS + 1][TM_MAX_TIERS]; /* row n_tiers: all tiers scored the same */
} tr_confusion;

void tr_page_confusion(const tr_page_figures *f, tr_confusion *c);
/* The cheapest of the best tiers of a record, n_tiers where all scored the same. */
uint32_t tr_page_best_tier(const tr_page_figures *f, uint32_t i);

/* The surest of the decisions that cost most score, worst first; returns how many. */
typedef struct {
    uint32_t i, chosen, better; /* place in the bench; better: the best tier of the record */
    double lost, sureness;      /* score; p(chosen) - p(better) */
} tr_mistake;

uint32_t tr_page_mistakes(const tr_page_figures *f, tr_mistake *list, uint32_t room);

#endif
