/* Did memory end anywhere in this thread? Where reading goes on without what it could not hold, and would take it for what
 * is not there, one question at the end keeps a wrong result from being written. */
#ifndef TIERCE_STARVED_H
#define TIERCE_STARVED_H

#include <stdbool.h>

/* An allocation failed. Called by what allocates for readers: buffers (text_out.c), trees (dom.c), sets of names. */
void td_starve(void);
/* Since the last reset. */
bool td_ever_starved(bool reset);

#endif
