#include "infer/dispatch/loop.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "infer/dispatch/spare.h"

struct ds_loop {
    struct event_base *base;
    struct event *signals[8];
    size_t n_signals;
    ds_conn *conns;      /* all that are open, lingering ones too */
    size_t timers, room; /* how many there may be, and how many libevent's heap holds at least */
    bool stop_when_idle;
    double look_for; /* seconds, 0: not at all */
    bool busy;       /* something was called since ds_loop_run looked */
};

struct ds_watch {
    ds_loop *loop;
    struct event *event;
    ds_ready ready;
    void *context;
};

struct ds_timer {
    ds_loop *loop;
    struct event *event;
    void (*fire)(void *);
    void *context;
    bool firing;
    bool *gone; /* set when it is freed while it fires */
};

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
    event_set_mem_functions(ds_spare_malloc, realloc, free);
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

void ds_loop_look_for(ds_loop *loop, double seconds)
{
    loop->look_for = seconds;
}

/* Descriptors are what is looked for: a timer's moment is known, and does not keep the loop from sleeping. */
void ds_loop_run(ds_loop *loop)
{
    if (loop->look_for <= 0) {
        event_base_dispatch(loop->base);
        return;
    }
    double since = ds_now();
    for (int flags = EVLOOP_NONBLOCK;; flags = since + loop->look_for > ds_now() ? EVLOOP_NONBLOCK : EVLOOP_ONCE) {
        loop->busy = false;
        if (event_base_loop(loop->base, flags) || event_base_got_break(loop->base))
            return;
        if (loop->busy)
            since = ds_now();
    }
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
    ds_spare_clear();
    free(loop);
}

/* ---- watches ---- */

static void on_ready(evutil_socket_t fd, short what, void *context)
{
    ds_watch *w = context;
    w->loop->busy = true;
    w->ready(w->context, fd, (what & EV_READ) != 0, (what & EV_WRITE) != 0);
}

ds_watch *ds_watch_new(ds_loop *loop, int fd, bool read, bool write, ds_ready ready, void *context)
{
    ds_watch *w = malloc(sizeof *w);
    if (!w)
        return NULL;
    w->loop = loop;
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

bool ds_watch_change(ds_watch *w, bool read, bool write)
{
    const short events = (short)(EV_PERSIST | (read ? EV_READ : 0) | (write ? EV_WRITE : 0));
    if (events == event_get_events(w->event))
        return true;
    struct event_base *base = event_get_base(w->event);
    const evutil_socket_t fd = event_get_fd(w->event);
    event_del(w->event);
    return !event_assign(w->event, base, fd, events, on_ready, w) && !event_add(w->event, NULL);
}

void ds_watch_free(ds_watch *w)
{
    if (w && w->event)
        event_free(w->event);
    free(w);
}

/* ---- timers ---- */

static void on_nothing(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context;
}

/* libevent's heap grows, and can fail to, when a timer is set; it never shrinks. So there is made room for
 * all timers at once when one is made, by setting idle ones: setting a real one cannot fail. */
static bool reserve(ds_loop *loop, size_t more)
{
    static const struct timeval far = {100000000, 0};
    const size_t size = event_get_struct_event_size();
    if (loop->timers + more <= loop->room)
        return true;
    const size_t room = loop->room ? 2 * loop->room : 64;
    char *idle = calloc(room, size);
    size_t n = 0;
    while (idle && n < room) {
        struct event *e = (struct event *)(void *)(idle + n * size);
        if (evtimer_assign(e, loop->base, on_nothing, NULL) || evtimer_add(e, &far))
            break;
        n++;
    }
    if (n == room)
        loop->room = room;
    while (n)
        event_del((struct event *)(void *)(idle + --n * size));
    free(idle);
    return loop->timers + more <= loop->room;
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    ds_timer *t = context;
    bool gone = false;
    (void)fd;
    (void)what;
    t->firing = true;
    t->gone = &gone;
    t->fire(t->context);
    if (!gone)
        t->firing = false;
}

ds_timer *ds_timer_new(ds_loop *loop, void (*fire)(void *), void *context)
{
    ds_timer *t = reserve(loop, 1) ? malloc(sizeof *t) : NULL;
    if (!t)
        return NULL;
    *t = (ds_timer){loop, evtimer_new(loop->base, on_timer, t), fire, context, false, NULL};
    if (!t->event) {
        free(t);
        return NULL;
    }
    loop->timers++;
    return t;
}

/* "At once" is this turn of the loop, behind what is ready already: no call of the kernel in between. Not where the
 * timer sets itself: descriptors have their turn then. */
void ds_timer_set(ds_timer *t, double seconds)
{
    const struct timeval span = span_of(seconds);
    if (seconds > 0 || t->firing) {
        evtimer_add(t->event, &span);
    } else {
        evtimer_del(t->event);
        event_active(t->event, EV_TIMEOUT, 0);
    }
}

void ds_timer_stop(ds_timer *t)
{
    evtimer_del(t->event);
}

void ds_timer_free(ds_timer *t)
{
    if (t) {
        if (t->firing)
            *t->gone = true;
        event_free(t->event);
        t->loop->timers--;
    }
    free(t);
}

/* ---- signals ---- */

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

/* ---- connections ---- */

#define DS_CONN_RUNS 4   /* that one call takes */
#define DS_CONN_TIMERS 2 /* of its buffers */

struct ds_conn {
    struct bufferevent *bev;
    ds_conn_calls calls;
    void *context;
    bool closing, in_read, dead, half_closed, broken;
    size_t drained; /* thrown away while closing */
    ds_loop *loop;
    ds_conn *next, **link;
};

static void on_conn_event(struct bufferevent *bev, short what, void *context);
static void on_conn_read(struct bufferevent *bev, void *context);
static void on_conn_write(struct bufferevent *bev, void *context);

/* libevent does not look whether the small notes that tie a connection's buffers together could be made: without
 * one, its writes never begin (bufferevent_socket_new), or the program dies (bufferevent_setwatermark). Hence the
 * stock. */
ds_conn *ds_conn_open(ds_loop *loop, int fd)
{
    const int yes = 1;
    ds_conn *c = ds_spare_stock() && reserve(loop, DS_CONN_TIMERS) ? calloc(1, sizeof *c) : NULL;
    struct bufferevent *bev =
        c ? bufferevent_socket_new(loop->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS) : NULL;
    if (!bev) {
        free(c);
        return NULL;
    }
    loop->timers += DS_CONN_TIMERS;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->bev = bev;
    c->loop = loop;
    c->next = loop->conns;
    c->link = &loop->conns;
    if (c->next)
        c->next->link = &c->next;
    loop->conns = c;
    /* reading stops at this many unread bytes: a peer that sends ahead is bounded */
    bufferevent_setwatermark(bev, EV_READ, 0, (size_t)64 << 10);
    bufferevent_setwatermark(bev, EV_WRITE, DS_CONN_HIGH / 4, 0);
    bufferevent_setcb(bev, on_conn_read, on_conn_write, on_conn_event, c);
    return c;
}

static void conn_free(ds_conn *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    if (c->loop->stop_when_idle && !c->loop->conns)
        ds_loop_stop(c->loop);
    c->loop->timers -= DS_CONN_TIMERS;
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
    c->loop->busy = true;
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

bool ds_conn_serve(ds_conn *c, const ds_conn_calls *calls, void *context, double stall_s)
{
    const struct timeval stall = span_of(stall_s);
    bufferevent_set_timeouts(c->bev, NULL, &stall);
    c->calls = *calls;
    c->context = context;
    return !bufferevent_enable(c->bev, EV_READ | EV_WRITE);
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

void ds_conn_break(ds_conn *c)
{
    c->broken = true; /* nothing more is written; libevent finds the end */
    shutdown(bufferevent_getfd(c->bev), SHUT_RDWR);
}

void ds_conn_write_runs(ds_conn *c, const tierce_span *runs, size_t n)
{
    const bool idle = n <= DS_CONN_RUNS && !c->dead && !c->broken && !ds_conn_waiting(c);
    size_t gone = idle ? send_now(c, runs, n) : 0;
    for (size_t i = 0; i < n && !c->broken; i++) {
        const size_t skip = gone < runs[i].len ? gone : runs[i].len;
        gone -= skip;
        if (runs[i].len > skip && bufferevent_write(c->bev, runs[i].data + skip, runs[i].len - skip))
            ds_conn_break(c); /* no memory for it: an answer with a hole would be worse than none */
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
