#include "infer/dispatch/clock.h"

#include <time.h>

static double clock_of(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double ds_now(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

double ds_unix(void)
{
    return clock_of(CLOCK_REALTIME);
}
