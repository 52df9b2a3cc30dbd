#include "infer/dispatch/breaker.h"

static double first_open(const ds_breaker_rule *rule)
{
    return rule->open_s > 0 ? rule->open_s : 15;
}

static void open_for(ds_breaker *b, double seconds, double now)
{
    b->opened += b->state != DS_BREAKER_OPEN;
    b->state = DS_BREAKER_OPEN;
    b->failures = 0;
    b->until = now + seconds;
}

bool ds_breaker_would_allow(const ds_breaker *b, const ds_breaker_rule *rule, double now)
{
    switch (b->state) {
    case DS_BREAKER_CLOSED:
        return true;
    case DS_BREAKER_OPEN:
        return now >= b->until;
    default: /* a probe that never reported gives its place up */
        return now - b->probe_at >= (b->open_s > 0 ? b->open_s : first_open(rule));
    }
}

bool ds_breaker_allows(ds_breaker *b, const ds_breaker_rule *rule, double now)
{
    if (!ds_breaker_would_allow(b, rule, now))
        return false;
    if (b->state != DS_BREAKER_CLOSED) {
        b->state = DS_BREAKER_PROBING;
        b->probe_at = now;
    }
    return true;
}

/* While open, a success can only be of a request that was sent before: it proves nothing. */
void ds_breaker_success(ds_breaker *b)
{
    if (b->state == DS_BREAKER_OPEN)
        return;
    b->state = DS_BREAKER_CLOSED;
    b->failures = 0;
    b->open_s = 0;
}

void ds_breaker_failure(ds_breaker *b, const ds_breaker_rule *rule, double now)
{
    const double most = rule->max_open_s > 0 ? rule->max_open_s : 300;
    if (b->state == DS_BREAKER_OPEN)
        return;
    if (b->state == DS_BREAKER_PROBING) {
        b->open_s = b->open_s > 0 ? 2 * b->open_s : first_open(rule);
        b->open_s = b->open_s < most ? b->open_s : most;
        open_for(b, b->open_s, now);
    } else if (++b->failures >= (rule->failures ? rule->failures : 5)) {
        b->open_s = first_open(rule) < most ? first_open(rule) : most;
        open_for(b, b->open_s, now);
    }
}

void ds_breaker_trip(ds_breaker *b, const ds_breaker_rule *rule, double wait_s, double now)
{
    const double most = rule->max_open_s > 0 ? rule->max_open_s : 300;
    double seconds = b->state == DS_BREAKER_PROBING && b->open_s > 0 ? 2 * b->open_s : first_open(rule);
    seconds = seconds < most ? seconds : most;
    if (b->state == DS_BREAKER_OPEN) { /* late news never shortens it */
        b->until = b->until > now + wait_s ? b->until : now + wait_s;
        return;
    }
    b->open_s = seconds;
    open_for(b, seconds > wait_s ? seconds : wait_s, now);
}

const char *ds_breaker_name(ds_breaker_state state)
{
    static const char *const names[] = {"closed", "open", "probing"};
    return (unsigned)state < 3 ? names[state] : "unknown";
}
