#include "infer/dispatch/silence.h"

/* The longest that is suffered now. */
static double limit_of(const ds_silence *s)
{
    if (s->body)
        return s->between_s;
    return s->first_byte_s + (s->connected ? 0 : s->connect_s);
}

static void arm(ds_silence *s)
{
    const double left = s->last + limit_of(s) - ds_now();
    ds_timer_set(s->timer, left > 0.001 ? left : 0.001);
}

bool ds_silence_init(ds_silence *s, ds_loop *loop, void (*fire)(void *), void *context)
{
    s->timer = ds_timer_new(loop, fire, context);
    return s->timer != NULL;
}

void ds_silence_free(ds_silence *s)
{
    ds_timer_free(s->timer);
    s->timer = NULL;
}

void ds_silence_begin(ds_silence *s)
{
    s->connected = s->body = false;
    s->last = ds_now();
    arm(s);
}

void ds_silence_connected(ds_silence *s)
{
    s->connected = true;
    s->last = ds_now();
    arm(s);
}

/* Within one limit the timer runs on from one sign of life to the next without being set at each. */
void ds_silence_heard(ds_silence *s)
{
    s->last = ds_now();
    if (s->body)
        return;
    s->body = true;
    arm(s);
}

void ds_silence_excuse(ds_silence *s)
{
    s->last = ds_now();
}

void ds_silence_stop(ds_silence *s)
{
    ds_timer_stop(s->timer);
}

bool ds_silence_is_over(ds_silence *s)
{
    if (ds_now() - s->last >= limit_of(s))
        return true;
    arm(s);
    return false;
}
