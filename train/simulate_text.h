/* Requests of the simulated sample: what a client would send, composed from simulate_words'
 * grammar.
 *
 * Difficulty shows in the text, never exactly: harder requests have more constraints, longer tool
 * loops with more errors, more hops, larger grids, and take more of their phrases from the "-hard"
 * rules, but each of these is drawn, so a level leaves only a likelihood. */
#ifndef TIERCE_SIMULATE_TEXT_H
#define TIERCE_SIMULATE_TEXT_H

#include "train/simulate_words.h"

typedef enum {
    SIM_TERMINAL,  /* agent in a shell: task, often in the midst of its tool loop */
    SIM_FINANCE,   /* agent over company filings, likewise */
    SIM_TOOL_CALL, /* one turn, 1..12 tool schemas */
    SIM_BUG,       /* bug report with code and a trace or a diff */
    SIM_FUNCTION,  /* write-a-function ask */
    SIM_EXPERT,    /* multi-hop science and mathematics, proofs, options A-J */
    SIM_PUZZLE,    /* abstract grids: pairs that show a rule, one to solve */
    SIM_CHAT,      /* short asks, rewriting, translating, follow-ups; some not in English */
    SIM_FORMS
} sim_form;

/* Writes `"messages":[…]` and, where the form has them, `,"tools":[…]`. The pen's level must be
 * set; pen->bytes grows by the text's bytes, tool schemas included. */
void sim_request(sim_pen *pen, sim_form form);

#endif
