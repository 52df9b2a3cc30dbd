#include "infer/dispatch/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/client.h"

static void on_accept(void *context, ds_conn *conn)
{
    ds_client_accept(context, conn);
}

static void on_reload(void *context)
{
    ds_server *s = context;
    if (ds_engine_reload(&s->engine))
        fprintf(stderr, "tierce serve: model and tiers reloaded\n");
}

static void on_drain_over(void *context)
{
    ds_server *s = context;
    fprintf(stderr, "tierce serve: %llu connections cut off after --drain seconds\n", (unsigned long long)s->n_clients);
    while (s->clients)
        ds_client_drop(s->clients);
    ds_loop_stop(s->loop);
}

/* No new connections; idle ones are closed; requests under way get their answers. */
static void on_terminate(void *context)
{
    ds_server *s = context;
    if (s->draining) { /* told twice: at once */
        on_drain_over(s);
        return;
    }
    s->draining = true;
    ds_listener_close(s->listener);
    for (ds_client *c = s->clients, *next; c; c = next) {
        next = c->next;
        if (c->state == DS_CLIENT_HEAD && !c->begun)
            ds_client_drop(c);
    }
    ds_timer_set(s->drain_over, s->options->drain);
    ds_loop_stop_when_idle(s->loop);
}

static bool write_port(const ds_server *s)
{
    const char *path = s->options->port_file;
    FILE *f = path ? fopen(path, "w") : NULL;
    if (!path)
        return true;
    const bool good = f && fprintf(f, "%u\n", ds_listener_port(s->listener)) > 0;
    if ((f && fclose(f)) || !good) {
        fprintf(stderr, "tierce serve: --port-file %s cannot be written\n", path);
        return false;
    }
    return true;
}

static bool open_server(ds_server *s)
{
    td_error error;
    if (!ds_engine_open(&s->engine, "tierce serve", &s->options->engine, s->loop, &s->all[s->worker]))
        return false;
    s->drain_over = ds_timer_new(s->loop, on_drain_over, s);
    s->listener = ds_listen(s->loop, s->options->listen, s->options->workers > 1, on_accept, s, &error);
    if (!s->listener) {
        fprintf(stderr, "tierce serve: %s\n", error.text);
        return false;
    }
    if (!s->drain_over || !ds_loop_signal(s->loop, SIGTERM, on_terminate, s) ||
        !ds_loop_signal(s->loop, SIGINT, on_terminate, s) || !ds_loop_signal(s->loop, SIGHUP, on_reload, s)) {
        fprintf(stderr, "tierce serve: out of memory\n");
        return false;
    }
    return write_port(s);
}

int ds_server_run(const ds_serve_options *options, const char *keys, unsigned worker, ds_stats *all,
                  ds_shared *shared)
{
    ds_server s = {.options = options, .keys = keys, .worker = worker, .all = all};
    int status = 1;
    s.loop = ds_loop_new();
    if (!s.loop)
        fprintf(stderr, "tierce serve: out of memory\n");
    if (s.loop && open_server(&s)) {
        s.engine.shared = shared;
        if (!worker)
            fprintf(stderr, "tierce serve: listening on port %u, %llu worker%s\n", ds_listener_port(s.listener),
                    (unsigned long long)options->workers, options->workers == 1 ? "" : "s");
        ds_loop_look_for(s.loop, (double)options->busy_poll / 1e6);
        ds_loop_run(s.loop);
        status = 0;
    }
    while (s.clients)
        ds_client_drop(s.clients);
    ds_listener_free(s.listener);
    ds_engine_close(&s.engine);
    ds_timer_free(s.drain_over);
    ds_loop_free(s.loop);
    return status;
}
