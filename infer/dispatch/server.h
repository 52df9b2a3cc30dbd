/* tierce serve, one worker: HTTP in, jobs out. */
#ifndef TIERCE_DISPATCH_SERVER_H
#define TIERCE_DISPATCH_SERVER_H

#include "infer/dispatch/engine.h"
#include "infer/dispatch/http1.h"

typedef struct {
    ds_engine_options engine;
    const char *listen, *port_file, *client_keys_env;
    uint64_t workers, max_body, max_held, max_connections, busy_poll; /* busy_poll: microseconds */
    bool fingerprints; /* print those of the keys, and end */
    double head_timeout, body_timeout, idle_timeout, stall_timeout, drain;
} ds_serve_options;

/* Runs until it is drained. keys: accepted client keys, separated by blanks or commas, or NULL. all: counters,
 * shared: conversations (NULL: of this worker alone). Returns the exit status. */
int ds_server_run(const ds_serve_options *options, const char *keys, unsigned worker, ds_stats *all,
                  ds_shared *shared);

#endif
