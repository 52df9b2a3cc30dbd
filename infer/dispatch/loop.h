/* The event loop: descriptors, timers, signals, connections. libevent does the
 * work, behind this door: loop.c is the only file that includes it. One loop a thread.
 *
 * Connections: bytes are handed up as they come; what is written is kept until the peer takes it.
 * ds_conn_waiting says how much that is, and `drained` when it fell to a quarter of DS_CONN_HIGH: who
 * relays stops reading its source in between, so a slow reader costs no memory. */
#ifndef TIERCE_DISPATCH_LOOP_H
#define TIERCE_DISPATCH_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/request.h"
#include "infer/dispatch/clock.h"

typedef struct ds_loop ds_loop;
typedef struct ds_conn ds_conn;

ds_loop *ds_loop_new(void);
/* After something happened, look again and again for so many seconds before sleeping (0, the default: sleep at
 * once). A sleeping processor takes its time to wake up, a virtual one most of all; a looking one costs its power. */
void ds_loop_look_for(ds_loop *loop, double seconds);
void ds_loop_run(ds_loop *loop); /* until ds_loop_stop */
void ds_loop_stop(ds_loop *loop);
void ds_loop_stop_when_idle(ds_loop *loop); /* when the last connection is closed, its last bytes taken */
void ds_loop_free(ds_loop *loop);

/* ---- descriptors ---- */

typedef struct ds_watch ds_watch;
typedef void (*ds_ready)(void *context, int fd, bool readable, bool writable);

ds_watch *ds_watch_new(ds_loop *loop, int fd, bool read, bool write, ds_ready ready, void *context);
/* False: it does not watch any more. Does not allocate. */
bool ds_watch_change(ds_watch *watch, bool read, bool write);
void ds_watch_free(ds_watch *watch); /* leaves the descriptor open */

/* ---- timers, signals ---- */

typedef struct ds_timer ds_timer;

/* Does not run before ds_timer_set, which needs no memory and cannot fail. */
ds_timer *ds_timer_new(ds_loop *loop, void (*fire)(void *context), void *context);
void ds_timer_set(ds_timer *timer, double seconds); /* once; again replaces */
void ds_timer_stop(ds_timer *timer);
void ds_timer_free(ds_timer *timer);

bool ds_loop_signal(ds_loop *loop, int number, void (*fire)(void *context), void *context);

/* ---- connections ---- */

#define DS_CONN_HIGH ((size_t)256 << 10)

typedef struct {
    /* Some bytes, contiguous; returns how many it took. With 0 it is asked again when more came. */
    size_t (*bytes)(void *context, const char *data, size_t len);
    void (*drained)(void *context);
    /* The peer is gone or broke off. The connection is freed after the call. Not called after
     * ds_conn_close. */
    void (*closed)(void *context);
} ds_conn_calls;

/* Over a connected, non-blocking socket, which it closes in the end. NULL when memory ends: fd is the caller's still. */
ds_conn *ds_conn_open(ds_loop *loop, int fd);
/* At once after opening. A peer that takes nothing of what waits for it for stall_s seconds is gone. False when
 * memory ends: nothing will be called, close it. */
bool ds_conn_serve(ds_conn *conn, const ds_conn_calls *calls, void *context, double stall_s);
void ds_conn_write(ds_conn *conn, const void *data, size_t len);
/* Some runs of bytes as one. Where nothing waits they go to the kernel at once, in one call: an answer
 * does not wait for another turn of the loop, and a chunk is not three packets. */
void ds_conn_write_runs(ds_conn *conn, const tierce_span *runs, size_t n);
/* What should have been written is not there (memory ended): the peer must not take what is for the whole. It sees
 * the connection break off; `closed` comes. */
void ds_conn_break(ds_conn *conn);
size_t ds_conn_waiting(const ds_conn *conn); /* bytes the peer has not taken */
/* Reads again what `bytes` left (after it returned less than all). */
void ds_conn_poke(ds_conn *conn);
/* Closes when all is written (at most 30 s), or at once. No callback comes any more. */
void ds_conn_close(ds_conn *conn, bool at_once);

#endif
