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
    if (!s) {
        fprintf(stderr, "%s: out of memory\n", command);
        return NULL;
    }
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

static bool take_ledger(ds_engine *e, const char *where, const ds_config *c);

/* A ledger's file that somebody deleted, moved or replaced: told once, counted. */
static void look_at_ledger(ds_engine *e)
{
    const char *where = e->options->ledger;
    const ds_ledger_state state = e->ledger && where ? ds_ledger_look(e->ledger) : DS_LEDGER_HERE;
    if (state == DS_LEDGER_GONE && !e->ledger_gone)
        fprintf(stderr, "%s: ledger: %s is gone (deleted, moved away or replaced): requests are refused until it is there again, or %s is started anew\n",
                e->command, where, e->command);
    else if (state == DS_LEDGER_MOVED)
        fprintf(stderr, "%s: ledger: %s is there again\n", e->command, where);
    ds_add(&e->stats->ledger_faults, (state == DS_LEDGER_MOVED || state == DS_LEDGER_GONE) && !e->ledger_gone);
    e->ledger_gone = state == DS_LEDGER_GONE;
    if (state == DS_LEDGER_MOVED) /* for its disk */
        take_ledger(e, where, e->now->config);
}

static void on_tick(void *context)
{
    ds_engine *e = context;
    if (e->log)
        ds_log_tick(e->log, ds_now());
    look_at_ledger(e);
    ds_timer_set(e->tick, 1);
}

static int word_of(const char *text, const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(text, words[i]))
            return i;
    return -1;
}

static const char *const log_words[] = {"never", "second", "always"};

bool ds_engine_options_good(const char *command, const ds_engine_options *o)
{
    static const char *const ledger_words[] = {"always", "never"};
    const struct {
        const char *name, *needs;
        bool given, there;
    } rows[] = {{"--log-max-bytes", "--log FILE", o->log_max_bytes != 0, o->log != NULL},
                {"--log-keep", "--log FILE", o->log_keep != 0, o->log != NULL},
                {"--log-fsync", "--log FILE", o->fsync != NULL, o->log != NULL},
                {"--log-prompts", "--log FILE", o->log_prompts, o->log != NULL},
                {"--ledger-fsync", "--ledger FILE", o->ledger_fsync != NULL, o->ledger != NULL}};
    const struct {
        const char *name, *value;
    } texts[] = {{"--tiers", o->tiers}, {"--ledger", o->ledger}, {"--log", o->log}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value && !*texts[i].value) {
            fprintf(stderr, "%s: %s is empty; give it a value or leave it out\n", command, texts[i].name);
            return false;
        }
    if (o->ledger && !strcmp(o->ledger, ":memory:")) {
        fprintf(stderr, "%s: --ledger :memory: keeps nothing; name a file, or leave it out for budgets that last as long as "
                        "this process\n", command);
        return false;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].given && !rows[i].there) {
            fprintf(stderr, "%s: %s says nothing without %s; add it, or leave this out\n", command, rows[i].name,
                    rows[i].needs);
            return false;
        }
    if (o->fsync && word_of(o->fsync, log_words, 3) < 0) {
        fprintf(stderr, "%s: --log-fsync %.40s: must be never, second or always\n", command, o->fsync);
        return false;
    }
    if (o->ledger_fsync && word_of(o->ledger_fsync, ledger_words, 2) < 0) {
        fprintf(stderr, "%s: --ledger-fsync %.40s: must be always or never\n", command, o->ledger_fsync);
        return false;
    }
    return true;
}

static bool open_log(ds_engine *e)
{
    const ds_engine_options *o = e->options;
    const ds_log_options options = {o->log, o->log_max_bytes ? o->log_max_bytes : (uint64_t)256 << 20,
                                    o->log_keep ? (unsigned)o->log_keep : 5,
                                    o->fsync ? (ds_fsync)word_of(o->fsync, log_words, 3) : DS_FSYNC_SECOND};
    td_error error;
    if (!o->log)
        return true;
    e->log = ds_log_open(&options, &error);
    if (!e->log)
        fprintf(stderr, "%s: %s\n", e->command, error.text);
    return e->log != NULL;
}

/* ---- reservations on their way to the disk ---- */

/* The first in the line is told; he may ask again at once. */
static void tell_first(ds_engine *e, bool good)
{
    ds_disk_wait *w = e->waiting;
    ds_engine_forget_disk(w, e);
    w->decided(w->context, good);
}

static void on_disk(void *context, int fd, bool readable, bool writable)
{
    ds_engine *e = context;
    uint64_t broken;
    (void)fd;
    (void)readable;
    (void)writable;
    const uint64_t done = ds_disk_done(e->disk, &broken);
    while (e->waiting && e->waiting->number <= done)
        tell_first(e, e->waiting->number >= broken);
}

bool ds_engine_await_disk(ds_engine *e, ds_disk_wait *w, void (*decided)(void *, bool), void *context)
{
    if (!e->disk)
        return false;
    *w = (ds_disk_wait){NULL, e->last, ds_disk_ask(e->disk), decided, context};
    *e->last = w;
    e->last = &w->next;
    return true;
}

void ds_engine_forget_disk(ds_disk_wait *w, ds_engine *e)
{
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    else
        e->last = w->link;
    w->link = NULL;
}

/* Another ledger, or none, takes its place. Nobody is left waiting for the old one's disk. */
static void swap_ledger(ds_engine *e, ds_ledger *ledger, ds_disk *disk, ds_watch *watch)
{
    const bool good = !e->disk || ds_disk_now(e->disk);
    ds_disk_wait *old = e->waiting;
    if (old)
        old->link = &old;
    ds_watch_free(e->disk_watch);
    ds_ledger *before = e->ledger;
    e->ledger = ledger;
    e->disk = disk;
    e->disk_watch = watch;
    e->waiting = NULL;
    e->last = &e->waiting;
    while (old) {
        ds_disk_wait *w = old;
        old = w->next;
        if (old)
            old->link = &old;
        w->link = NULL;
        w->decided(w->context, good);
    }
    ds_ledger_close(before);
}

static bool take_ledger(ds_engine *e, const char *where, const ds_config *c)
{
    td_error error;
    bool good = true;
    ds_disk *disk = NULL;
    ds_watch *watch = NULL;
    if (e->ledger && ds_ledger_look(e->ledger) == DS_LEDGER_GONE) { /* another file is for a new process (ledger.c, find) */
        fprintf(stderr, "%s: ledger: %s is gone (deleted, moved away or replaced); put it back, or start anew\n", e->command, where);
        return false;
    }
    ds_ledger *ledger = ds_ledger_open(where, c->budgets, c->n_budgets, 2000, &error);
    if (ledger && e->ledger && !ds_ledger_same(ledger, e->ledger)) /* it went while it was opened */
        good = td_fail(&error, "ledger: %.200s is another file now; put the old one back, or start anew", where);
    if (ledger && good && (!e->options->ledger_fsync || strcmp(e->options->ledger_fsync, "never")))
        disk = ds_ledger_disk(ledger, &good, &error);
    if (disk && !(watch = ds_watch_new(e->loop, ds_disk_fd(disk), true, false, on_disk, e)))
        good = td_fail(&error, "%.200s: out of memory", where);
    if (ledger && good) {
        swap_ledger(e, ledger, disk, watch);
        return true;
    }
    fprintf(stderr, "%s: %s\n", e->command, error.text);
    ds_ledger_close(ledger);
    return false;
}

static bool open_ledger(ds_engine *e)
{
    const ds_config *c = e->now->config;
    if (!e->options->ledger && !c->n_budgets)
        return true; /* nothing to keep */
    if (!e->options->ledger)
        fprintf(stderr, "%s: %s has budgets and no --ledger FILE: they last as long as this process\n", e->command,
                e->options->tiers);
    return take_ledger(e, e->options->ledger ? e->options->ledger : ":memory:", c);
}

bool ds_engine_open(ds_engine *e, const char *command, const ds_engine_options *options, ds_loop *loop,
                    ds_stats *stats)
{
    td_error error;
    *e = (ds_engine){.loop = loop, .options = options, .command = command, .stats = stats};
    e->last = &e->waiting;
    e->random = options->seed ? options->seed : (uint64_t)(ds_unix() * 1e6) * 2654435761u;
    if (!options->tiers) {
        fprintf(stderr, "%s: --tiers FILE is needed: tiers.json with the endpoints of every tier\n", command);
        return false;
    }
    e->now = snapshot_open(command, options);
    if (e->now)
        ds_stats_take_tiers(stats, e->now->config);
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
    ds_watch_free(e->disk_watch);
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
    ds_snapshot *fresh = snapshot_open(e->command, e->options);
    const bool other = fresh && !same_budgets(fresh->config, e->now->config);
    bool good = fresh != NULL;
    if (other && e->options->ledger) {
        good = take_ledger(e, e->options->ledger, fresh->config);
    } else if (other) {
        fprintf(stderr, "%s: other budgets need --ledger FILE to be taken over while running\n", e->command);
        good = false;
    }
    if (!good) {
        ds_snapshot_drop(fresh);
        fprintf(stderr, "%s: not reloaded: the old model and tiers stay\n", e->command);
        ds_add(&e->stats->bad_reloads, 1);
        return false;
    }
    ds_stats_take_tiers(e->stats, fresh->config);
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
