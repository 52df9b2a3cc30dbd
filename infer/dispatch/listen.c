#define _GNU_SOURCE /* accept4, SO_REUSEPORT */
#include "infer/dispatch/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct ds_listener {
    ds_loop *loop;
    int fd;
    ds_watch *watch;
    ds_timer *pause;
    void (*accepted)(void *, ds_conn *);
    void *context;
    unsigned port;
    bool on, pausing;
    uint64_t refused;
};

static void pause_accepting(ds_listener *l)
{
    l->pausing = true;
    ds_watch_change(l->watch, false, false);
    ds_timer_set(l->pause, 0.1);
}

static void on_pause_over(void *context)
{
    ds_listener *l = context;
    l->pausing = false;
    if (l->on && !ds_watch_change(l->watch, true, false))
        pause_accepting(l);
}

static void on_client(void *context, int fd, bool readable, bool writable)
{
    ds_listener *l = context;
    (void)readable, (void)writable;
    while (l->on && !l->pausing) {
        const int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED)
                return;
            l->refused++;
            pause_accepting(l);
            return;
        }
        ds_conn *c = ds_conn_open(l->loop, client);
        if (c) {
            l->accepted(l->context, c);
        } else {
            close(client);
            l->refused++;
        }
    }
}

/* ADDRESS:PORT, [ADDRESS]:PORT, :PORT. NULL: no such. */
static struct addrinfo *read_address(const char *text)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(text, ':');
    struct addrinfo *at = NULL;
    char host[100] = "0.0.0.0";
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!colon || len >= sizeof host || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strtoul(colon + 1, NULL, 10) > 65535)
        return NULL;
    const bool quoted = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (memchr(text, ':', len) && !quoted)
        return NULL;
    if (len)
        snprintf(host, sizeof host, "%.*s", (int)(quoted ? len - 2 : len), text + quoted);
    return getaddrinfo(host, colon + 1, &hints, &at) ? NULL : at;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len))
        return 0;
    return at.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&at)->sin6_port)
                                    : ntohs(((struct sockaddr_in *)&at)->sin_port);
}

static int listen_at(const struct addrinfo *at, bool reuse_port)
{
    const int yes = 1;
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes) ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
        (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes)) ||
        bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, 1024)) {
        const int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

ds_listener *ds_listen(ds_loop *loop, const char *address, bool reuse_port,
                       void (*accepted)(void *, ds_conn *), void *context, td_error *error)
{
    struct addrinfo *at = read_address(address);
    if (!at) {
        td_fail(error, "--listen %.100s: must be ADDRESS:PORT, as 127.0.0.1:8080 or [::1]:8080", address);
        return NULL;
    }
    ds_listener *l = calloc(1, sizeof *l);
    if (l) {
        *l = (ds_listener){.loop = loop, .accepted = accepted, .context = context, .on = true};
        l->pause = ds_timer_new(loop, on_pause_over, l);
        l->fd = listen_at(at, reuse_port);
        l->watch = l->fd >= 0 ? ds_watch_new(loop, l->fd, true, false, on_client, l) : NULL;
    }
    const int why = errno;
    freeaddrinfo(at);
    if (!l || !l->watch || !l->pause) {
        td_fail(error, "--listen %.100s: %s%s", address, strerror(why),
                why == EADDRINUSE ? "; is another program there already?" : "");
        ds_listener_free(l);
        return NULL;
    }
    l->port = port_of(l->fd);
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
    if (!l->watch)
        return;
    l->on = on;
    if (l->pausing)
        return;
    if (!ds_watch_change(l->watch, on, false))
        pause_accepting(l);
}

void ds_listener_close(ds_listener *l)
{
    ds_timer_stop(l->pause);
    ds_watch_free(l->watch);
    close(l->fd);
    l->on = false;
    l->watch = NULL;
    l->fd = -1;
}

void ds_listener_free(ds_listener *l)
{
    if (!l)
        return;
    ds_watch_free(l->watch);
    if (l->fd >= 0)
        close(l->fd);
    ds_timer_free(l->pause);
    free(l);
}
