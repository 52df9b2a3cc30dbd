/* One POST to a provider, and its answer as it arrives. libcurl does the work, behind this door:
 * upstream.c is the only file that includes it. HTTP/1.1, http and https only, no redirects.
 *
 * Timeouts are our own (a thinking model is silent for minutes, so curl's total timeout is no use):
 * connect, first byte of the answer, between chunks. A request that finds its kept-alive connection
 * dead before a single byte came is sent once more on a fresh one, unseen from outside. Where memory ends
 * under libcurl or the loop, the transfer that it struck ends at once: it is never left waiting for a silence. */
#ifndef TIERCE_DISPATCH_UPSTREAM_H
#define TIERCE_DISPATCH_UPSTREAM_H

#include "data/lines.h"
#include "infer/dispatch/answer_head.h"
#include "infer/dispatch/loop.h"
#include "infer/dispatch/retry.h"

typedef struct ds_upstream ds_upstream;
typedef struct ds_transfer ds_transfer;

/* NULL with *error filled. ca_file NULL: the system's certificates. */
ds_upstream *ds_upstream_new(ds_loop *loop, td_error *error);
void ds_upstream_free(ds_upstream *up); /* no transfer may be under way */

typedef struct {
    const char *url;
    char *const *headers; /* "name: value" */
    size_t n_headers;
    const char *body; /* must stay until `done` or the cancel */
    size_t body_len;
    double connect_s, first_byte_s, between_s;
    uint64_t max_bytes; /* of the answer's body */
} ds_post;

typedef enum { DS_TAKE, DS_PAUSE } ds_taken;

typedef struct {
    /* Some bytes of the body. DS_PAUSE: not taken, they come again after ds_transfer_resume. */
    ds_taken (*bytes)(void *context, const ds_answer_head *head, const char *data, size_t len);
    /* The end, once; the transfer is gone after it. `what`: curl's word for a fault, else "". */
    void (*done)(void *context, ds_wire wire, const ds_answer_head *head, const char *what);
} ds_transfer_calls;

/* NULL when memory ends. Callbacks come later, from the loop. */
ds_transfer *ds_transfer_start(ds_upstream *up, const ds_post *post, const ds_transfer_calls *calls, void *context);
void ds_transfer_resume(ds_transfer *t); /* may call bytes at once */
void ds_transfer_cancel(ds_transfer *t); /* no callback comes any more; the connection is closed */

#endif
