/* The sections of the page, in its order. */
#ifndef TIERCE_PAGE_SECTIONS_H
#define TIERCE_PAGE_SECTIONS_H

#include "data/text_out.h"
#include "train/page_figures.h"
#include "train/page_why.h"

extern const char tr_page_style[];

void tr_page_verdict(td_out *out, const tr_page_figures *f);
void tr_page_curve(td_out *out, const tr_page_figures *f);
void tr_page_calibration(td_out *out, const tr_page_figures *f);
void tr_page_groups(td_out *out, const tr_page_figures *f);
void tr_page_best(td_out *out, const tr_page_figures *f); /* confusion, rescues */
void tr_page_features(td_out *out, const tr_page_figures *f, const tr_why *why);
void tr_page_wrong(td_out *out, const tr_page_figures *f, const tr_mistake *m, const tr_why *why);
void tr_page_parts(td_out *out, const tr_page_figures *f);
void tr_page_method(td_out *out, const tr_page_figures *f, const tr_why *why);

/* ---- what they share ---- */

#define TR_PAGE_LETTERS 12 /* more than two tiers, but no more than these, are called A, B, … in the picture */

const char *tr_page_tier(const tr_page_figures *f, uint32_t t);
/* "by estimated probability alone" or the operating point. */
void tr_page_shown(td_out *out, const tr_page_figures *f);
/* The pictures; false where there is no gnuplot. */
bool tr_page_plot_curve(td_out *out, const tr_page_figures *f);
bool tr_page_plot_bins(td_out *out, const tr_page_figures *f);

#endif
