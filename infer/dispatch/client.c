#include "infer/dispatch/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void client_free(ds_client *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->server->held -= c->held;
    c->server->n_clients--;
    ds_sub(&c->server->engine.stats->open_connections, 1);
    if (c->server->n_clients + 1 == c->server->options->max_connections && !c->server->draining)
        ds_listener_accept(c->server->listener, true);
    ds_timer_free(c->timer);
    free(c->body);
    free(c->head.at);
    free(c);
}

void ds_client_drop(ds_client *c)
{
    if (c->job)
        ds_job_cancel(c->job);
    ds_conn_close(c->conn, true);
    client_free(c);
}

/* ---- writing ---- */

static void put_status(ds_client *c, td_out *out, int status, const char *type)
{
    char line[80];
    snprintf(line, sizeof line, "HTTP/1.1 %d %s\r\n", status, ds_http_phrase(status));
    td_puts(out, line);
    ds_http_put_header(out, "Content-Type", type);
    td_puts(out, c->keep_alive && !c->server->draining ? c->old_http ? "Connection: keep-alive\r\n" : ""
                                                       : "Connection: close\r\n");
}

/* The answer is written: wait for the next request, or part. */
static void answered(ds_client *c)
{
    c->job = NULL;
    c->server->held -= c->held;
    c->held = 0;
    free(c->body);
    c->body = NULL;
    c->len = c->room = 0;
    if (!c->keep_alive || c->server->draining) {
        ds_conn_close(c->conn, false);
        client_free(c);
        return;
    }
    c->state = DS_CLIENT_HEAD;
    c->begun = false;
    ds_timer_set(c->timer, c->server->options->idle_timeout);
    ds_conn_poke(c->conn);
}

void ds_client_answer(ds_client *c, int status, const char *type, const char *extra, const char *body, size_t len)
{
    td_out out = {0};
    char line[60];
    put_status(c, &out, status, type);
    td_puts(&out, extra);
    snprintf(line, sizeof line, "Content-Length: %zu\r\n\r\n", len);
    td_puts(&out, line);
    const tierce_span runs[] = {{out.at, out.len}, {body, len}};
    if (out.failed)
        ds_conn_break(c->conn);
    else
        ds_conn_write_runs(c->conn, runs, c->head_only ? 1 : 2);
    free(out.at);
    answered(c);
}

void ds_client_error(ds_client *c, int status, const char *message, const char *code)
{
    td_out out = {0};
    if (status >= 400 && status < 500)
        ds_add(&c->server->engine.stats->client_errors, 1);
    ds_put_error(&out, message, status >= 500 ? "server_error" : "invalid_request_error", code);
    ds_client_tell(c, status, "application/json", status == 405 ? "Allow: GET, POST\r\n" : "", &out);
}

void ds_client_tell(ds_client *c, int status, const char *type, const char *extra, td_out *body)
{
    if (body->failed)
        ds_client_answer(c, 503, "application/json", "", ds_no_memory, strlen(ds_no_memory));
    else
        ds_client_answer(c, status, type, extra, body->at, body->len);
    free(body->at);
}

/* Before the body is read: what follows on the connection is not to be trusted. */
static void refuse(ds_client *c, int status, const char *message, const char *code)
{
    ds_add(&c->server->engine.stats->http_refused, 1);
    c->keep_alive = false;
    ds_client_error(c, status, message, code);
}

/* ---- the job's sink ---- */

static void put_number(td_out *out, const char *name, double v)
{
    char text[40];
    if (v < 0)
        return;
    snprintf(text, sizeof text, "%.9g", v);
    ds_http_put_header(out, name, text);
}

static void on_head(void *context, const ds_job_head *h)
{
    ds_client *c = context;
    td_out *out = &c->head;
    char number[24];
    td_out_reset(out);
    put_status(c, out, h->status, h->content_type);
    ds_http_put_header(out, "x-tierce-id", h->id);
    if (h->tier[0])
        ds_http_put_header(out, "x-tierce-tier", h->tier);
    if (h->reason[0])
        ds_http_put_header(out, "x-tierce-reason", h->reason);
    snprintf(number, sizeof number, "%u", h->attempts);
    ds_http_put_header(out, "x-tierce-attempts", number);
    put_number(out, "x-tierce-expected-cost-usd", h->expected_usd);
    put_number(out, "x-tierce-cost-usd", h->cost_usd);
    if (h->warning)
        ds_http_put_header(out, "x-tierce-warning", h->warning);
    if (h->retry_after[0])
        ds_http_put_header(out, "Retry-After", h->retry_after);
    if (h->no_retry)
        ds_http_put_header(out, "x-should-retry", "false");
    c->chunked_out = h->stream && !c->old_http;
    c->head_sent = h->stream;
    if (h->stream) {
        c->keep_alive = c->keep_alive && !c->old_http;
        td_puts(out, "Cache-Control: no-cache\r\n");
        td_puts(out, c->chunked_out ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
        if (out->failed)
            ds_conn_break(c->conn);
        ds_conn_write(c->conn, out->at, out->len);
    }
}

static void on_body(void *context, const char *data, size_t len)
{
    ds_client *c = context;
    char line[60];
    if (!c->head_sent) {
        snprintf(line, sizeof line, "Content-Length: %zu\r\n\r\n", len);
        td_puts(&c->head, line);
        if (c->head.failed)
            ds_conn_break(c->conn);
        const tierce_span runs[] = {{c->head.at, c->head.len}, {data, len}};
        ds_conn_write_runs(c->conn, runs, 2);
        c->head_sent = true;
    } else if (len && c->chunked_out) {
        snprintf(line, sizeof line, "%zx\r\n", len);
        const tierce_span runs[] = {{line, strlen(line)}, {data, len}, {"\r\n", 2}};
        ds_conn_write_runs(c->conn, runs, 3);
    } else if (len) {
        ds_conn_write(c->conn, data, len);
    }
}

static bool is_full(void *context)
{
    ds_client *c = context;
    return ds_conn_waiting(c->conn) >= DS_CONN_HIGH;
}

static void on_end(void *context, const ds_job_result *result)
{
    ds_client *c = context;
    (void)result;
    if (c->chunked_out)
        ds_conn_write(c->conn, "0\r\n\r\n", 5);
    answered(c);
}

const ds_sink ds_client_sink = {on_head, on_body, is_full, on_end};

/* ---- reading ---- */

static void copy(char *to, size_t room, tierce_span from)
{
    ds_put_name(to, room, from.data, from.len);
}

/* One of the accepted keys? Takes the same time whatever they share. */
static bool key_is_known(const char *keys, tierce_span given)
{
    bool found = false;
    while (*keys) {
        const size_t n = strcspn(keys, ", \t\n");
        unsigned char differs = n != given.len;
        for (size_t i = 0; i < n; i++)
            differs |= (unsigned char)(keys[i] ^ (given.len ? given.data[i % given.len] : 0));
        found |= n && !differs;
        keys += n + (keys[n] != 0);
    }
    return found;
}

static tierce_span bearer(const ds_http_head *h)
{
    tierce_span v = ds_http_find(h, "authorization");
    if (v.len > 7 && (v.data[0] == 'B' || v.data[0] == 'b') && !memcmp(v.data + 1, "earer ", 6)) {
        v.data += 7;
        v.len -= 7;
    }
    return v;
}

/* What of the head outlives its bytes. */
static void keep_headers(ds_client *c, const ds_http_head *h)
{
    const tierce_span key = bearer(h);
    copy(c->id, sizeof c->id, ds_http_find(h, "x-request-id"));
    copy(c->tag, sizeof c->tag, ds_http_find(h, "x-tierce-tag"));
    copy(c->session, sizeof c->session, ds_http_find(h, "x-tierce-session"));
    c->key[0] = 0;
    if (key.len)
        ds_fingerprint(c->key, key.data, key.len);
    c->keep_alive = h->keep_alive;
    c->old_http = h->minor == 0;
    c->chunked_in = h->chunked;
    c->head_only = ds_http_method_is(h, "HEAD");
}

static ds_route route_of(const ds_http_head *h, bool *wrong_method)
{
    static const struct {
        const char *path, *method;
    } routes[] = {
#define DS_ROUTE_ROW(name, path, method) {path, method},
        DS_ROUTE_LIST(DS_ROUTE_ROW)
#undef DS_ROUTE_ROW
    };
    *wrong_method = false;
    for (size_t i = 0; i < DS_ROUTE_NONE; i++)
        if (ds_http_path_is(h, routes[i].path)) {
            *wrong_method = !ds_http_method_is(h, routes[i].method);
            return (ds_route)i;
        }
    return DS_ROUTE_NONE;
}

static const char too_much[] = "The requests under way take all the memory that they may (--max-held).";

/* False when memory, or what this server holds at most, ends. */
static bool make_room(ds_client *c, size_t need)
{
    if (need <= c->room)
        return true;
    size_t room = c->room ? c->room * 2 : 4096;
    room = room < need ? need : room;
    const bool fits = c->server->held - c->held + room <= c->server->options->max_held;
    char *wider = fits ? realloc(c->body, room) : NULL;
    if (!wider)
        return false;
    c->server->held += room - c->held;
    c->held = room;
    c->body = wider;
    c->room = room;
    return true;
}

/* The head is whole and sound. False when the request ended here (the client may be gone). */
static bool begin(ds_client *c, const ds_http_head *h)
{
    bool wrong;
    const ds_serve_options *o = c->server->options;
    keep_headers(c, h);
    c->route = route_of(h, &wrong);
    if (c->route == DS_ROUTE_NONE)
        refuse(c, 404, "There is nothing at this path; see GET /v1/models, POST /v1/chat/completions.", "not_found");
    else if (wrong)
        refuse(c, 405, "This path does not take this method.", "method_not_allowed");
    else if (c->server->keys && c->route != DS_ROUTE_HEALTH && c->route != DS_ROUTE_METRICS &&
             !key_is_known(c->server->keys, bearer(h)))
        refuse(c, 401, "This server wants a key: Authorization: Bearer …", "invalid_api_key");
    else if (h->length > o->max_body)
        refuse(c, 413, "The request is larger than this server's --max-body.", "request_too_large");
    else if (!h->chunked && h->length && !make_room(c, h->length < 65536 ? (size_t)h->length : 65536))
        refuse(c, 503, too_much, "overloaded");
    else {
        c->state = DS_CLIENT_BODY;
        c->expected = (size_t)h->length;
        memset(&c->chunks, 0, sizeof c->chunks);
        if (h->expects_continue && (h->chunked || h->length))
            ds_conn_write(c->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        ds_timer_set(c->timer, o->body_timeout);
        return true;
    }
    return false;
}

static void handle(ds_client *c)
{
    c->state = DS_CLIENT_BUSY;
    ds_timer_stop(c->timer);
    ds_route_handle(c);
}

/* Returns bytes used of a body, or -1 when the request ended here. */
static long take_body(ds_client *c, const char *data, size_t len, bool *whole)
{
    const char *part = data;
    size_t n = len;
    long used;
    *whole = false;
    if (c->chunked_in) {
        used = ds_http_dechunk(&c->chunks, data, len, &part, &n, whole);
        if (used < 0) {
            refuse(c, 400, "The chunked body is malformed.", "bad_request");
            return -1;
        }
    } else {
        n = len < c->expected - c->len ? len : c->expected - c->len;
        used = (long)n;
    }
    if (c->len + n > c->server->options->max_body) {
        refuse(c, 413, "The request is larger than this server's --max-body.", "request_too_large");
        return -1;
    }
    if (!make_room(c, c->len + n)) {
        refuse(c, 503, too_much, "overloaded");
        return -1;
    }
    if (n) /* a chunk's size alone: there may be no body to copy to yet */
        memcpy(c->body + c->len, part, n);
    c->len += n;
    *whole = c->chunked_in ? *whole : c->len == c->expected;
    return used;
}

static size_t on_request_bytes(void *context, const char *data, size_t len)
{
    ds_client *c = context;
    bool whole;
    if (c->state == DS_CLIENT_BUSY)
        return 0;
    if (c->state == DS_CLIENT_HEAD) {
        ds_http_head h;
        const long n = ds_http_read(&h, data, len);
        if (n < 0) {
            c->head_only = ds_http_method_is(&h, "HEAD");
            refuse(c, h.status, h.what, "bad_request");
            return len;
        }
        if (n == 0) {
            if (!c->begun)
                ds_timer_set(c->timer, c->server->options->head_timeout);
            c->begun = true;
            return 0;
        }
        if (begin(c, &h) && !c->chunked_in && !c->expected)
            handle(c);
        return (size_t)n;
    }
    const long used = take_body(c, data, len, &whole);
    if (used >= 0 && whole)
        handle(c);
    return used < 0 ? len : (size_t)used;
}

static void on_drained(void *context)
{
    ds_client *c = context;
    if (c->job)
        ds_job_drained(c->job);
}

static void on_closed(void *context)
{
    ds_client *c = context;
    if (c->job)
        ds_job_cancel(c->job);
    client_free(c);
}

static void on_late(void *context)
{
    ds_client *c = context;
    if (c->state == DS_CLIENT_HEAD && !c->begun) { /* idle: nothing to say */
        ds_conn_close(c->conn, true);
        client_free(c);
        return;
    }
    ds_add(&c->server->engine.stats->timeouts, 1);
    c->keep_alive = false;
    c->head_only = c->head_only && c->state != DS_CLIENT_HEAD; /* the last request's, when no head is there */
    ds_client_error(c, 408, "The request did not arrive in time.", "timeout");
}

void ds_client_accept(ds_server *server, ds_conn *conn)
{
    static const ds_conn_calls calls = {on_request_bytes, on_drained, on_closed};
    ds_client *c = calloc(1, sizeof *c);
    ds_timer *timer = c ? ds_timer_new(server->loop, on_late, c) : NULL;
    if (!timer) {
        free(c);
        ds_conn_close(conn, true);
        return;
    }
    c->server = server;
    c->conn = conn;
    c->timer = timer;
    c->next = server->clients;
    c->link = &server->clients;
    if (c->next)
        c->next->link = &c->next;
    server->clients = c;
    ds_add(&server->engine.stats->connections, 1);
    ds_add(&server->engine.stats->open_connections, 1);
    if (++server->n_clients == server->options->max_connections)
        ds_listener_accept(server->listener, false);
    ds_timer_set(timer, server->options->idle_timeout);
    if (!ds_conn_serve(conn, &calls, c, server->options->stall_timeout))
        ds_client_drop(c);
}
