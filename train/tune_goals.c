#include "train/tune_goals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/nearest.h"
#include "train/memory.h"

static uint32_t find_tier(const tm_model *m, const char *name)
{
    const char *names[TM_MAX_TIERS];
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        names[t] = m->tiers[t].name;
        if (!strcmp(name, names[t]))
            return t;
    }
    const char *near = td_nearest(name, names, m->n_tiers);
    fprintf(stderr, "tierce tune: the model has no tier \"%.100s\"; did you mean \"%s\"?\n", name,
            near ? near : names[0]);
    return UINT32_MAX;
}

/* "0.98" or "0.98:pro". */
static bool read_keep(const char *text, const tm_model *m, tr_goal *g)
{
    char *end;
    g->kind = TR_GOAL_KEEP;
    g->amount = strtod(text, &end);
    if (end == text || !(g->amount > 0 && g->amount <= 10) || (*end && *end != ':')) {
        fprintf(stderr, "tierce tune: --keep-quality %.60s: must be PART or PART:TIER, as 0.98 or 0.98:%s\n", text,
                m->tiers[m->n_tiers - 1].name);
        return false;
    }
    if (*end)
        g->tier = find_tier(m, end + 1);
    return !*end || g->tier != UINT32_MAX;
}

/* "pro=0.2"; the last = counts, names may hold one. */
static bool read_share(const char *text, const tm_model *m, tr_goal *g)
{
    const char *equals = strrchr(text, '=');
    char *end = NULL, *name;
    g->kind = TR_GOAL_SHARE;
    g->amount = equals ? strtod(equals + 1, &end) : -1;
    if (!equals || end == equals + 1 || *end || !(g->amount >= 0 && g->amount <= 1)) {
        fprintf(stderr, "tierce tune: --max-share %.60s: must be TIER=PART, as %s=0.2\n", text,
                m->tiers[m->n_tiers - 1].name);
        return false;
    }
    name = tr_copy(text, (size_t)(equals - text));
    g->tier = find_tier(m, name);
    free(name);
    return g->tier != UINT32_MAX;
}

static uint32_t list_all(tr_job *jobs)
{
    static const struct {
        const char *name;
        double keep;
    } family[TR_MAX_GOALS] = {{"frugal", 0.95}, {"balanced", 0.98}, {"quality", 1.0}};
    for (uint32_t i = 0; i < TR_MAX_GOALS; i++) {
        jobs[i].name = family[i].name;
        jobs[i].goal = (tr_goal){TR_GOAL_KEEP, family[i].keep, 0, true};
    }
    return TR_MAX_GOALS;
}

uint32_t tr_list_goals(const tr_tune_options *o, const tm_model *m, tr_job *jobs)
{
    tr_job *j = &jobs[0];
    if (o->all)
        return list_all(jobs);
    j->goal.best = !o->share && !(o->keep && strchr(o->keep, ':'));
    if (o->keep && !read_keep(o->keep, m, &j->goal))
        return 0;
    if (o->share && !read_share(o->share, m, &j->goal))
        return 0;
    if (o->cost > 0) {
        j->goal.kind = TR_GOAL_COST;
        j->goal.amount = o->cost / 1000;
    }
    if (o->value > 0 && !o->share) {
        j->goal.kind = TR_GOAL_VALUE;
        j->goal.amount = o->value;
        j->base.value_usd = o->value;
    }
    if (o->value > 0 && o->share)
        j->base.value_usd = o->value;
    static const char *const names[] = {"keep", "budget", "share", "value"};
    j->name = o->name ? o->name : names[j->goal.kind];
    return 1;
}
