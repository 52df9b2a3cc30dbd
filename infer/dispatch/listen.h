/* The socket where clients come in. */
#ifndef TIERCE_DISPATCH_LISTEN_H
#define TIERCE_DISPATCH_LISTEN_H

#include "data/lines.h"
#include "infer/dispatch/loop.h"

typedef struct ds_listener ds_listener;

/* address "127.0.0.1:8080", "[::1]:8080", ":8080" (all of IPv4). reuse_port: several processes. The
 * port may be 0: ds_listener_port says which it became. */
ds_listener *ds_listen(ds_loop *loop, const char *address, bool reuse_port,
                       void (*accepted)(void *context, ds_conn *conn), void *context, td_error *error);
unsigned ds_listener_port(const ds_listener *listener);
/* No further connections for now (too many, draining); true: again. Without descriptors left (EMFILE)
 * accepting pauses for a tenth of a second by itself. */
void ds_listener_accept(ds_listener *listener, bool on);
uint64_t ds_listener_refused(const ds_listener *listener); /* pauses for want of descriptors */
/* For good: who comes now is refused by the kernel. Not from within `accepted`. */
void ds_listener_close(ds_listener *listener);
void ds_listener_free(ds_listener *listener);

#endif
