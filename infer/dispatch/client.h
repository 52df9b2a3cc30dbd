/* One client connection of tierce serve: reads requests within limits and deadlines, hands them to
 * routes.c, writes what comes back. */
#ifndef TIERCE_DISPATCH_CLIENT_H
#define TIERCE_DISPATCH_CLIENT_H

#include "infer/dispatch/http1.h"
#include "infer/dispatch/listen.h"
#include "infer/dispatch/job.h"
#include "infer/dispatch/server.h"

typedef struct ds_server ds_server;
typedef struct ds_client ds_client;

/* X(name, path, method) */
#define DS_ROUTE_LIST(X)                       \
    X(CHAT, "/v1/chat/completions", "POST")    \
    X(CHAT_BARE, "/chat/completions", "POST")  \
    X(ROUTE, "/v1/route", "POST")              \
    X(MODELS, "/v1/models", "GET")             \
    X(HEALTH, "/healthz", "GET")               \
    X(METRICS, "/metrics", "GET")

typedef enum {
#define DS_ROUTE_ENUM(name, path, method) DS_ROUTE_##name,
    DS_ROUTE_LIST(DS_ROUTE_ENUM)
#undef DS_ROUTE_ENUM
        DS_ROUTE_NONE
} ds_route;

struct ds_server {
    const ds_serve_options *options;
    const char *keys;
    ds_engine engine;
    ds_loop *loop;
    ds_listener *listener;
    ds_stats *all;
    unsigned worker;
    ds_client *clients; /* a list */
    uint64_t n_clients, held; /* held: bytes of the requests under way */
    bool draining;
    ds_timer *drain_over;
};

struct ds_client {
    ds_server *server;
    ds_conn *conn;
    ds_timer *timer;
    ds_client *next, **link;
    enum { DS_CLIENT_HEAD, DS_CLIENT_BODY, DS_CLIENT_BUSY } state;
    ds_route route;
    bool begun;                /* bytes of a head are there: its deadline runs */
    bool keep_alive, old_http; /* of the request */
    bool head_only;            /* a HEAD: the answer's body is not sent */
    bool chunked_in, chunked_out, head_sent;
    char *body;
    size_t len, room, expected;
    size_t held; /* of server->held: the body's room, until it is answered */
    ds_http_chunks chunks;
    char id[DS_ID_ROOM], tag[72], session[136];
    ds_fingerprint_text key;   /* "" where it shows none */
    td_out head;               /* of an answer whose length is not known yet */
    ds_job *job;
};

void ds_client_accept(ds_server *server, ds_conn *conn);
/* Ends it at once; its job is cancelled. */
void ds_client_drop(ds_client *client);

/* For routes.c: a whole answer; `extra` is "Name: value\r\n…" or "". After it the client may be gone. */
void ds_client_answer(ds_client *client, int status, const char *type, const char *extra, const char *body, size_t len);
/* The same with a body that was put together: frees it. Where memory ended in it, the answer is 503. */
void ds_client_tell(ds_client *client, int status, const char *type, const char *extra, td_out *body);
/* The same as an error object. */
void ds_client_error(ds_client *client, int status, const char *message, const char *code);
extern const ds_sink ds_client_sink;

/* routes.c: a request is there, whole (client->body, len). */
void ds_route_handle(ds_client *client);

#endif
