#include "data/starved.h"

static _Thread_local bool starved;

void td_starve(void)
{
    starved = true;
}

bool td_ever_starved(bool reset)
{
    const bool was = starved;
    starved = starved && !reset;
    return was;
}
