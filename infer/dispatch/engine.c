#include "infer/dispatch/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/money.h"

/* ---- snapshots ---- */

ds_snapshot *ds_snapshot_hold(ds_snapshot *s)
{
    s->refs++;
    return s;
}

void ds_snapshot_drop(ds_snapshot *s)
{
    if (!s || --s->refs)
        return;
    tierce_router_close(s->router);
    ds_config_drop(s->config);
    free(s->memory);
    free(s);
}

/* Every tier of the model must have somewhere to go. */
static bool join_tiers(ds_snapshot *s, const char *path, td_error *error)
{
    for (uint32_t t = 0; t < tierce_tier_count(s->router); t++) {
        const char *name = tierce_tier_name(s->router, t);
        const uint32_t c = ds_config_find(s->config, name, strlen(name));
        if (c == UINT32_MAX)
            return td_fail(error, "%.200s: the model decides on tier \"%.80s\", which is not here; add it with its "
                           "endpoints, or train the model on these tiers", path, name);
        s->tier_of[t] = c;
        s->cache[t] = ds_cache_prices(&s->config->tiers.tier[c].prices);
    }
    return true;
}

static ds_snapshot *snapshot_open(const char *command, const ds_engine_options *o)
{
    td_error error;
    ds_snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->refs = 1;
    s->router = open_router(command, &o->policy, &s->policy);
    if (!s->router) { /* it has complained */
        free(s);
        return NULL;
    }
    td_fail(&error, "out of memory");
    s->memory = calloc(1, tierce_scratch_size(s->router));
    s->scratch = tierce_scratch_init(s->router, s->memory, NULL);
    s->config = s->scratch ? ds_config_load(o->tiers, &error) : NULL;
    if (s->config && join_tiers(s, o->tiers, &error))
        return s;
    fprintf(stderr, "%s: %s\n", command, error.text);
    ds_snapshot_drop(s);
    return NULL;
}

/* ---- opening ---- */

static void on_tick(void *context)
{
    ds_engine *e = context;
    if (e->log)
        ds_log_tick(e->log, ds_now());
    ds_timer_set(e->tick, 1);
}

static bool open_log(ds_engine *e)
{
    static const char *const words[] = {"never", "second", "always"};
    const ds_engine_options *o = e->options;
    ds_log_options options = {o->log, o->log_max_bytes, (unsigned)o->log_keep, DS_FSYNC_NEVER};
    td_error error;
    int i = 0;
    while (i < 3 && strcmp(o->fsync, words[i]))
        i++;
    if (i == 3) {
        fprintf(stderr, "%s: --log-fsync %.40s: must be never, second or always\n", e->command, o->fsync);
        return false;
    }
    options.fsync = (ds_fsync)i;
    if (!o->log)
        return true;
    e->log = ds_log_open(&options, &error);
    if (!e->log)
        fprintf(stderr, "%s: %s\n", e->command, error.text);
    return e->log != NULL;
}

static bool open_ledger(ds_engine *e)
{
    td_error error;
    const ds_config *c = e->now->config;
    if (!e->options->ledger && !c->n_budgets)
        return true; /* nothing to keep */
    if (!e->options->ledger)
        fprintf(stderr, "%s: %s has budgets and no --ledger FILE: they last as long as this process\n", e->command,
                e->options->tiers);
    e->ledger = ds_ledger_open(e->options->ledger ? e->options->ledger : ":memory:", c->budgets, c->n_budgets, 2000,
                               &error);
    if (!e->ledger)
        fprintf(stderr, "%s: %s\n", e->command, error.text);
    return e->ledger != NULL;
}

bool ds_engine_open(ds_engine *e, const char *command, const ds_engine_options *options, ds_loop *loop,
                    ds_stats *stats)
{
    td_error error;
    *e = (ds_engine){.loop = loop, .options = options, .command = command, .stats = stats};
    e->random = options->seed ? options->seed : (uint64_t)(ds_unix() * 1e6) * 2654435761u;
    if (!options->tiers) {
        fprintf(stderr, "%s: --tiers FILE is needed: tiers.json with the endpoints of every tier\n", command);
        return false;
    }
    e->now = snapshot_open(command, options);
    if (!e->now || !open_log(e) || !open_ledger(e)) {
        ds_engine_close(e);
        return false;
    }
    e->up = ds_upstream_new(loop, &error);
    e->tick = ds_timer_new(loop, on_tick, e);
    if (!e->up || !e->tick) {
        fprintf(stderr, "%s: out of memory\n", command);
        ds_engine_close(e);
        return false;
    }
    ds_timer_set(e->tick, 1);
    return true;
}

void ds_engine_close(ds_engine *e)
{
    ds_upstream_free(e->up);
    if (e->ledger)
        ds_ledger_close(e->ledger);
    if (e->log)
        ds_log_close(e->log);
    if (e->sessions)
        ds_sessions_close(e->sessions);
    ds_snapshot_drop(e->now);
    ds_timer_free(e->tick);
    memset(e, 0, sizeof *e);
}

static bool same_budgets(const ds_config *a, const ds_config *b)
{
    return a->n_budgets == b->n_budgets && !memcmp(a->budgets, b->budgets, sizeof a->budgets);
}

bool ds_engine_reload(ds_engine *e)
{
    td_error error;
    ds_snapshot *fresh = snapshot_open(e->command, e->options);
    if (fresh && !same_budgets(fresh->config, e->now->config) && e->options->ledger) {
        ds_ledger *ledger = ds_ledger_open(e->options->ledger, fresh->config->budgets, fresh->config->n_budgets, 2000,
                                           &error);
        if (ledger) {
            ds_ledger_close(e->ledger);
            e->ledger = ledger;
        } else {
            fprintf(stderr, "%s: %s\n", e->command, error.text);
            ds_snapshot_drop(fresh);
            fresh = NULL;
        }
    } else if (fresh && !same_budgets(fresh->config, e->now->config)) {
        fprintf(stderr, "%s: other budgets need --ledger FILE to be taken over while running\n", e->command);
        ds_snapshot_drop(fresh);
        fresh = NULL;
    }
    if (!fresh) {
        fprintf(stderr, "%s: not reloaded: the old model and tiers stay\n", e->command);
        ds_add(&e->stats->bad_reloads, 1);
        return false;
    }
    ds_snapshot_drop(e->now);
    if (e->sessions)
        ds_sessions_close(e->sessions); /* tiers have other numbers now */
    e->sessions = NULL;
    e->now = fresh;
    ds_add(&e->stats->reloads, 1);
    return true;
}

uint64_t ds_random(ds_engine *e)
{
    uint64_t z = e->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

double ds_random_unit(ds_engine *e)
{
    return (double)(ds_random(e) >> 11) * 0x1p-53;
}
