/* ATIF trajectories: what coding agents (Claude Code, Codex, Gemini CLI, OpenHands, …) leave
 * behind. */
#ifndef TIERCE_ATIF_H
#define TIERCE_ATIF_H

#include "data/dom.h"
#include "data/record.h"

/* Appends the request of the first user step; with_system: behind the system steps before it.
 * False: there is no user step. */
bool td_atif_request(td_out *out, const td_node *trajectory, bool with_system);
/* Tokens, cost and time of the whole trajectory, where *o does not know them yet. */
void td_atif_numbers(td_outcome *o, const td_node *trajectory);

#endif
