/* How long a provider may say nothing: until its answer's body begins, then between two pieces of it. */
#ifndef TIERCE_DISPATCH_SILENCE_H
#define TIERCE_DISPATCH_SILENCE_H

#include "infer/dispatch/loop.h"

typedef struct {
    double connect_s, first_byte_s, between_s;
    double last;    /* sign of life */
    bool connected; /* the request is being sent */
    bool body;      /* models that think send the headers first: they do not count */
    ds_timer *timer;
} ds_silence;

/* The limits are the caller's to fill. fire is called when a limit may be over: ask ds_silence_is_over.
 * False when memory ends. */
bool ds_silence_init(ds_silence *s, ds_loop *loop, void (*fire)(void *context), void *context);
void ds_silence_free(ds_silence *s); /* of a zeroed one, too */

void ds_silence_begin(ds_silence *s);     /* a request is on its way, perhaps once more */
void ds_silence_connected(ds_silence *s); /* a shorter limit holds from here on */
void ds_silence_heard(ds_silence *s);     /* some of the body */
void ds_silence_excuse(ds_silence *s);    /* it is our side that does not read */
void ds_silence_stop(ds_silence *s);
bool ds_silence_is_over(ds_silence *s);   /* false: the timer runs on */

#endif
