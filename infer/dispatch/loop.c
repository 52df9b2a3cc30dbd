#include "infer/dispatch/loop.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

struct ds_loop {
    struct event_base *base;
    struct event *signals[8];
    size_t n_signals;
    ds_conn *conns; /* all that are open, lingering ones too */
    bool stop_when_idle;
};

struct ds_watch {
    struct event *event;
    ds_ready ready;
    void *context;
};

struct ds_timer {
    struct event *event;
    void (*fire)(void *);
    void *context;
};

static double clock_of(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double ds_now(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

double ds_unix(void)
{
    return clock_of(CLOCK_REALTIME);
}

static struct timeval span_of(double seconds)
{
    struct timeval t = {0, 0};
    if (seconds > 0) {
        t.tv_sec = (time_t)(seconds < 1e8 ? seconds : 1e8);
        t.tv_usec = (suseconds_t)((seconds < 1e8 ? seconds - (double)t.tv_sec : 0) * 1e6);
    }
    return t;
}

/* ---- loop ---- */

ds_loop *ds_loop_new(void)
{
    ds_loop *loop = calloc(1, sizeof *loop);
    struct event_config *config = event_config_new();
    if (loop && config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        loop->base = event_base_new_with_config(config);
    }
    if (config)
        event_config_free(config);
    if (loop && !loop->base) {
        free(loop);
        loop = NULL;
    }
    return loop;
}

void ds_loop_run(ds_loop *loop)
{
    event_base_dispatch(loop->base);
}

void ds_loop_stop(ds_loop *loop)
{
    event_base_loopbreak(loop->base);
}

void ds_loop_stop_when_idle(ds_loop *loop)
{
    loop->stop_when_idle = true;
    if (!loop->conns)
        ds_loop_stop(loop);
}

static void conn_free(ds_conn *c);

void ds_loop_free(ds_loop *loop)
{
    if (!loop)
        return;
    for (size_t i = 0; i < loop->n_signals; i++)
        event_free(loop->signals[i]);
    while (loop->conns)
        conn_free(loop->conns);
    /* a connection with a deferred callback lives until its turn */
    event_base_loop(loop->base, EVLOOP_NONBLOCK);
    event_base_free(loop->base);
    free(loop);
}

/* ---- watches, timers, signals ---- */

static void on_ready(evutil_socket_t fd, short what, void *context)
{
    ds_watch *w = context;
    w->ready(w->context, fd, (what & EV_READ) != 0, (what & EV_WRITE) != 0);
}

ds_watch *ds_watch_new(ds_loop *loop, int fd, bool read, bool write, ds_ready ready, void *context)
{
    ds_watch *w = malloc(sizeof *w);
    if (!w)
        return NULL;
    w->ready = ready;
    w->context = context;
    w->event = event_new(loop->base, fd, (short)(EV_PERSIST | (read ? EV_READ : 0) | (write ? EV_WRITE : 0)),
                         on_ready, w);
    if (!w->event || event_add(w->event, NULL)) {
        ds_watch_free(w);
        return NULL;
    }
    return w;
}

void ds_watch_free(ds_watch *w)
{
    if (w && w->event)
        event_free(w->event);
    free(w);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    ds_timer *t = context;
    (void)fd;
    (void)what;
    t->fire(t->context);
}

ds_timer *ds_timer_new(ds_loop *loop, void (*fire)(void *), void *context)
{
    ds_timer *t = malloc(sizeof *t);
    if (!t)
        return NULL;
    t->fire = fire;
    t->context = context;
    t->event = evtimer_new(loop->base, on_timer, t);
    if (!t->event) {
        free(t);
        return NULL;
    }
    return t;
}

void ds_timer_set(ds_timer *t, double seconds)
{
    const struct timeval span = span_of(seconds);
    evtimer_add(t->event, &span);
}

void ds_timer_stop(ds_timer *t)
{
    evtimer_del(t->event);
}

void ds_timer_free(ds_timer *t)
{
    if (t)
        event_free(t->event);
    free(t);
}

/* A signal's event holds its ds_timer-like pair for the loop's life. */
typedef struct {
    void (*fire)(void *);
    void *context;
} signal_pair;

static signal_pair signal_pairs[65]; /* by number: signals are the process's */

static void on_signal(evutil_socket_t number, short what, void *context)
{
    (void)what;
    (void)context;
    signal_pairs[number].fire(signal_pairs[number].context);
}

bool ds_loop_signal(ds_loop *loop, int number, void (*fire)(void *), void *context)
{
    struct event *e;
    if (number < 1 || number > 64 || loop->n_signals == sizeof loop->signals / sizeof *loop->signals)
        return false;
    signal_pairs[number] = (signal_pair){fire, context};
    /* libevent puts back what it finds: a second signal while we clear up must not kill us half-way */
    signal(number, SIG_IGN);
    e = evsignal_new(loop->base, number, on_signal, NULL);
    if (!e || event_add(e, NULL)) {
        if (e)
            event_free(e);
        return false;
    }
    loop->signals[loop->n_signals++] = e;
    return true;
}

/* ---- listener ---- */

struct ds_listener {
    struct evconnlistener *listener;
    ds_loop *loop;
    ds_timer *pause;
    void (*accepted)(void *, ds_conn *);
    void *context;
    unsigned port;
    bool on;
    uint64_t refused;
};

#define DS_CONN_RUNS 4 /* that one call takes */

struct ds_conn {
    struct bufferevent *bev;
    ds_conn_calls calls;
    void *context;
    bool closing, in_read, dead, half_closed;
    size_t drained; /* thrown away while closing */
    ds_loop *loop;
    ds_conn *next, **link;
};

static void on_conn_event(struct bufferevent *bev, short what, void *context);
static void on_conn_read(struct bufferevent *bev, void *context);
static void on_conn_write(struct bufferevent *bev, void *context);

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int len, void *context)
{
    ds_listener *listener = context;
    const int yes = 1;
    (void)l;
    (void)from;
    (void)len;
    ds_conn *c = calloc(1, sizeof *c);
    struct bufferevent *bev =
        c ? bufferevent_socket_new(listener->loop->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS) : NULL;
    if (!bev) {
        free(c);
        evutil_closesocket(fd);
        listener->refused++;
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->bev = bev;
    c->loop = listener->loop;
    c->next = c->loop->conns;
    c->link = &c->loop->conns;
    if (c->next)
        c->next->link = &c->next;
    c->loop->conns = c;
    /* reading stops at this many unread bytes: a peer that sends ahead is bounded */
    bufferevent_setwatermark(bev, EV_READ, 0, (size_t)64 << 10);
    bufferevent_setwatermark(bev, EV_WRITE, DS_CONN_HIGH / 4, 0);
    bufferevent_setcb(bev, on_conn_read, on_conn_write, on_conn_event, c);
    listener->accepted(listener->context, c);
}

static void on_pause_over(void *context)
{
    ds_listener *l = context;
    if (l->on)
        evconnlistener_enable(l->listener);
}

static void on_accept_error(struct evconnlistener *listener, void *context)
{
    ds_listener *l = context;
    l->refused++;
    evconnlistener_disable(listener);
    ds_timer_set(l->pause, 0.1);
}

/* libevent's reader knows every form of address, but no port 0. */
static bool read_address(const char *text, struct sockaddr_storage *to, int *len, td_error *error)
{
    char copy[120];
    const size_t n = (size_t)snprintf(copy, sizeof copy, "%s%.100s", text[0] == ':' ? "0.0.0.0" : "", text);
    const bool any = n > 2 && !strcmp(copy + n - 2, ":0");
    if (any)
        copy[n - 1] = '1';
    *len = sizeof *to;
    memset(to, 0, sizeof *to);
    if (!strrchr(text, ':') || evutil_parse_sockaddr_port(copy, (struct sockaddr *)to, len))
        return td_fail(error, "--listen %.100s: must be ADDRESS:PORT, as 127.0.0.1:8080 or [::1]:8080", text);
    if (any && to->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)to)->sin6_port = 0;
    else if (any)
        ((struct sockaddr_in *)to)->sin_port = 0;
    return true;
}

static unsigned port_of(evutil_socket_t fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len))
        return 0;
    return at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
                                    : ntohs(((struct sockaddr_in *)&at)->sin_port);
}

ds_listener *ds_listen(ds_loop *loop, const char *address, bool reuse_port,
                       void (*accepted)(void *, ds_conn *), void *context, td_error *error)
{
    struct sockaddr_storage at;
    int len;
    if (!read_address(address, &at, &len, error))
        return NULL;
    ds_listener *l = calloc(1, sizeof *l);
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE |
                           (reuse_port ? LEV_OPT_REUSEABLE_PORT : 0);
    if (l) {
        *l = (ds_listener){.loop = loop, .accepted = accepted, .context = context, .on = true};
        l->pause = ds_timer_new(loop, on_pause_over, l);
        l->listener = evconnlistener_new_bind(loop->base, on_accept, l, flags, 1024, (struct sockaddr *)&at, len);
    }
    if (!l || !l->listener || !l->pause) {
        td_fail(error, "--listen %.100s: %s; is another program there already?", address, strerror(errno));
        ds_listener_free(l);
        return NULL;
    }
    l->port = port_of(evconnlistener_get_fd(l->listener));
    evconnlistener_set_error_cb(l->listener, on_accept_error);
    return l;
}

unsigned ds_listener_port(const ds_listener *l)
{
    return l->port;
}

uint64_t ds_listener_refused(const ds_listener *l)
{
    return l->refused;
}

void ds_listener_accept(ds_listener *l, bool on)
{
    l->on = on;
    if (on)
        evconnlistener_enable(l->listener);
    else
        evconnlistener_disable(l->listener);
}

void ds_listener_free(ds_listener *l)
{
    if (!l)
        return;
    if (l->listener)
        evconnlistener_free(l->listener);
    ds_timer_free(l->pause);
    free(l);
}

/* ---- connections ---- */

static void conn_free(ds_conn *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    if (c->loop->stop_when_idle && !c->loop->conns)
        ds_loop_stop(c->loop);
    bufferevent_free(c->bev);
    free(c);
}

/* What a peer still sends after our last word is thrown away, so that it can read that word (closing
 * with unread bytes would reset the connection); within bounds. */
static void drain(ds_conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    c->drained += evbuffer_get_length(in);
    evbuffer_drain(in, evbuffer_get_length(in));
    if (c->drained > (size_t)16 << 20)
        conn_free(c);
}

static void half_close(ds_conn *c)
{
    static const struct timeval linger = {2, 0};
    if (c->half_closed)
        return;
    c->half_closed = true;
    shutdown(bufferevent_getfd(c->bev), SHUT_WR);
    bufferevent_set_timeouts(c->bev, &linger, NULL);
}

/* Hands up what lies there, a contiguous run at a time; a run of which nothing is taken is joined with
 * the next one, for heads that were cut. The connection may be closed inside a call. */
static void on_conn_read(struct bufferevent *bev, void *context)
{
    ds_conn *c = context;
    struct evbuffer *in = bufferevent_get_input(bev);
    if (c->closing) {
        drain(c);
        return;
    }
    if (c->in_read)
        return;
    c->in_read = true;
    bool whole = false;
    for (size_t total; !c->dead && !c->closing && (total = evbuffer_get_length(in)) > 0;) {
        const size_t run = whole ? total : evbuffer_get_contiguous_space(in);
        const char *data = (const char *)evbuffer_pullup(in, (ev_ssize_t)run);
        const size_t taken = data ? c->calls.bytes(c->context, data, run) : 0;
        if (c->dead || c->closing)
            break;
        evbuffer_drain(in, taken);
        if (!taken && run == total)
            break;
        whole = !taken;
    }
    c->in_read = false;
    if (c->dead)
        conn_free(c);
}

static void on_conn_write(struct bufferevent *bev, void *context)
{
    ds_conn *c = context;
    if (!c->closing)
        c->calls.drained(c->context);
    else if (!evbuffer_get_length(bufferevent_get_output(bev)))
        half_close(c);
}

static void on_conn_event(struct bufferevent *bev, short what, void *context)
{
    ds_conn *c = context;
    (void)bev;
    (void)what;
    if (!c->closing)
        c->calls.closed(c->context);
    conn_free(c);
}

void ds_conn_serve(ds_conn *c, const ds_conn_calls *calls, void *context, double stall_s)
{
    const struct timeval stall = span_of(stall_s);
    bufferevent_set_timeouts(c->bev, NULL, &stall);
    c->calls = *calls;
    c->context = context;
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

void ds_conn_write(ds_conn *c, const void *data, size_t len)
{
    const tierce_span one = {data, len};
    ds_conn_write_runs(c, &one, 1);
}

/* Bytes that the kernel took. 0 also where it did not want any or the peer is gone: libevent will find
 * out the same and tell. */
static size_t send_now(const ds_conn *c, const tierce_span *runs, size_t n)
{
    struct iovec pieces[DS_CONN_RUNS];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 0};
    for (size_t i = 0; i < n; i++)
        if (runs[i].len)
            pieces[message.msg_iovlen++] = (struct iovec){(void *)(uintptr_t)runs[i].data, runs[i].len};
    const ssize_t sent = message.msg_iovlen ? sendmsg(bufferevent_getfd(c->bev), &message, MSG_NOSIGNAL) : 0;
    return sent > 0 ? (size_t)sent : 0;
}

void ds_conn_write_runs(ds_conn *c, const tierce_span *runs, size_t n)
{
    const bool idle = n <= DS_CONN_RUNS && !c->dead && !ds_conn_waiting(c);
    size_t gone = idle ? send_now(c, runs, n) : 0;
    for (size_t i = 0; i < n; i++) {
        const size_t skip = gone < runs[i].len ? gone : runs[i].len;
        gone -= skip;
        if (runs[i].len > skip)
            bufferevent_write(c->bev, runs[i].data + skip, runs[i].len - skip);
    }
}

size_t ds_conn_waiting(const ds_conn *c)
{
    return evbuffer_get_length(bufferevent_get_output(c->bev));
}

void ds_conn_poke(ds_conn *c)
{
    if (evbuffer_get_length(bufferevent_get_input(c->bev)))
        on_conn_read(c->bev, c);
}

void ds_conn_close(ds_conn *c, bool at_once)
{
    static const struct timeval linger = {30, 0};
    c->closing = true;
    if (at_once && c->in_read) {
        c->dead = true; /* on_conn_read frees it on its way out */
        bufferevent_disable(c->bev, EV_READ | EV_WRITE);
    } else if (at_once) {
        conn_free(c);
    } else if (evbuffer_get_length(bufferevent_get_output(c->bev))) {
        bufferevent_setwatermark(c->bev, EV_WRITE, 0, 0);
        bufferevent_set_timeouts(c->bev, &linger, &linger);
    } else {
        half_close(c);
    }
}
