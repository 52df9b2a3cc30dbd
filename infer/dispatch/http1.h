/* The head of an HTTP/1.1 request and its body's framing, strictly: what two parsers could read in two
 * ways (smuggling) is refused, not interpreted. And lines of an answer's head. No library; reading allocates nothing.
 *
 * Why not evhttp, whose loop we use: it reads a body before anyone can object to its head, has no
 * deadline for a request that trickles in, and takes Content-Length beside Transfer-Encoding. */
#ifndef TIERCE_DISPATCH_HTTP1_H
#define TIERCE_DISPATCH_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/text_out.h"
#include "features/request.h"

#define DS_HTTP_MAX_HEAD ((size_t)32 << 10)
#define DS_HTTP_MAX_HEADERS 96

typedef struct {
    tierce_span name, value; /* value without outer blanks */
} ds_http_header;

typedef struct {
    tierce_span method, target; /* target: path?query, of visible ASCII */
    int minor;                  /* HTTP/1.minor */
    ds_http_header header[DS_HTTP_MAX_HEADERS];
    size_t n_headers;
    uint64_t length;            /* Content-Length; 0 when absent */
    bool has_length, chunked, keep_alive, expects_continue;
    int status;                 /* when refused: 400, 414, 417, 431, 501, 505 */
    const char *what;           /* and why: constant */
} ds_http_head;

/* Length of the head with its blank line; 0: more bytes are needed; -1: refused (status, what). Spans
 * point into data. */
long ds_http_read(ds_http_head *head, const char *data, size_t len);
/* First header of this name (any case), or an empty span. */
tierce_span ds_http_find(const ds_http_head *head, const char *name);
bool ds_http_method_is(const ds_http_head *head, const char *method);
/* Is the target's path this one (a query may follow)? */
bool ds_http_path_is(const ds_http_head *head, const char *path);

/* Chunked bodies. Zero it before the first chunk. */
typedef struct {
    uint64_t left;   /* bytes of the present chunk */
    unsigned state, digits;
    size_t trailer;  /* bytes of trailers seen, bounded */
} ds_http_chunks;

/* Takes bytes; *body, *n is the next run of body bytes inside them (n may be 0). Returns how many bytes
 * were used, -1 when the framing is wrong; *end when the body is over. Call again with the rest. */
long ds_http_dechunk(ds_http_chunks *c, const char *data, size_t len, const char **body, size_t *n, bool *end);

const char *ds_http_phrase(int status); /* "OK", "Not Found", … */
/* A header line of an answer whose value is not ours: what could end the line or is not ASCII becomes an
 * underscore. */
void ds_http_put_header(td_out *out, const char *name, const char *value);

#endif
