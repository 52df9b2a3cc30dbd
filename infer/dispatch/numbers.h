/* Numbers of closed descriptors that must not come back: what kept them in a table has not forgotten them. */
#ifndef TIERCE_DISPATCH_NUMBERS_H
#define TIERCE_DISPATCH_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#define DS_NUMBERS 64

/* Zeroed: none. */
typedef struct {
    int number[DS_NUMBERS];
    bool held[DS_NUMBERS]; /* by an idle descriptor of ours: the kernel gives it to nobody */
    size_t n;
} ds_numbers;

void ds_numbers_keep(ds_numbers *numbers, int fd); /* closed just now */
/* A fresh descriptor: itself, or a copy under a number that is not kept. -1 with errno when there is none. */
int ds_numbers_avoid(ds_numbers *numbers, int fd);
void ds_numbers_release(ds_numbers *numbers); /* all may come back */

#endif
