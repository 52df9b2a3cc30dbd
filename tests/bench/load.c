/* A load driver: one thread, epoll, keep-alive connections.
 *
 *     load PORT RATE SECONDS CONNECTIONS [MODEL [stream]]
 *
 * RATE 0 is a closed loop (every connection asks as soon as it is answered). Else requests are due at a
 * constant rate whatever the answers do (open loop), and latency counts from the moment a request was
 * due, so that queueing shows: in the server, in the kernel and in this driver alike. A request for which
 * no connection is free waits for one, on its own clock. Between events the driver sleeps, to the
 * nanosecond: one that spins would take its core from the mock that shares it. Prints requests per
 * second and latency at p50, p90, p99, p99.9, max. */
#define _GNU_SOURCE /* epoll_pwait2 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    int fd;
    char in[65536];
    size_t len, need; /* need: bytes of the whole answer, 0: head not read */
    int chunked;
    double due;
    int busy;
} conn;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static char request[4096];
static size_t request_len;
static double *latency;
static size_t n_latency, room, errors;

static void ask(conn *c, double due)
{
    c->busy = 1;
    c->due = due;
    c->len = c->need = 0;
    c->chunked = 0;
    if (send(c->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len)
        errors++;
}

/* 1 when the answer is whole. */
static int take(conn *c)
{
    const ssize_t n = recv(c->fd, c->in + c->len, sizeof c->in - 1 - c->len, 0);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            fprintf(stderr, "a connection broke\n");
            exit(1);
        }
        return 0;
    }
    c->len += (size_t)n;
    c->in[c->len] = 0;
    if (!c->need) {
        char *end = strstr(c->in, "\r\n\r\n"), *length = strstr(c->in, "ontent-Length: ");
        if (!end)
            return 0;
        c->need = (size_t)(end - c->in) + 4 + (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
        c->chunked = !(length && length < end);
        errors += strncmp(c->in + 9, "200", 3) != 0;
    }
    if (!c->chunked)
        return c->len >= c->need;
    if (c->len >= 5 && !memcmp(c->in + c->len - 5, "0\r\n\r\n", 5))
        return 1;
    if (c->len > sizeof c->in / 2) { /* keep the tail only */
        memmove(c->in, c->in + c->len - 8, 8);
        c->len = 8;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    const double rate = atof(argv[2]), seconds = atof(argv[3]);
    const int n = atoi(argv[4]);
    char body[2048];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(body, sizeof body,
             "{\"model\":\"%s\",%s\"max_tokens\":50,\"messages\":[{\"role\":\"system\",\"content\":\"You are a careful assistant. "
             "Answer in one sentence. %0600d\"},{\"role\":\"user\",\"content\":\"Write a function that merges two sorted lists and "
             "explain its running time.\"}]}",
             argc > 5 ? argv[5] : "tierce", argc > 6 ? "\"stream\":true," : "", 7);
    request_len = (size_t)snprintf(request, sizeof request,
                                   "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                   "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* the usual 50 us would be in every latency */
    conn *conns = calloc((size_t)n, sizeof *conns);
    room = 1 << 20;
    latency = malloc(room * sizeof *latency);
    const int ep = epoll_create1(0);
    for (int i = 0; i < n; i++) {
        const int yes = 1;
        conns[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(conns[i].fd, (struct sockaddr *)&to, sizeof to)) {
            perror("connect");
            return 1;
        }
        setsockopt(conns[i].fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        fcntl(conns[i].fd, F_SETFL, O_NONBLOCK);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &conns[i]};
        epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &e);
    }
    int *idle = malloc((size_t)n * sizeof *idle), n_idle = n;
    for (int i = 0; i < n; i++)
        idle[i] = i;
    const double from = now();
    double next = from, until = from + seconds;
    size_t late = 0;
    while (now() < until || n_idle < n) {
        const double t = now();
        if (t > until + 10)
            break;
        while (t < until && n_idle && (rate == 0 || next <= t)) {
            conn *c = &conns[idle[--n_idle]];
            late += rate > 0 && t - next > 0.001;
            ask(c, rate > 0 ? next : t);
            next += rate > 0 ? 1 / rate : 0;
        }
        struct epoll_event events[256];
        const double until_due = next - now();
        const double wait = rate > 0 && n_idle && t < until ? (until_due > 0 ? until_due : 0) : 0.01;
        const struct timespec span = {0, (long)((wait < 0.5 ? wait : 0.5) * 1e9)};
        const int got = epoll_pwait2(ep, events, 256, &span, NULL);
        for (int i = 0; i < got; i++) {
            conn *c = events[i].data.ptr;
            if (!take(c) || !c->busy)
                continue;
            c->busy = 0;
            if (n_latency == room)
                latency = realloc(latency, (room *= 2) * sizeof *latency);
            latency[n_latency++] = now() - c->due;
            idle[n_idle++] = (int)(c - conns);
        }
    }
    const double took = now() - from;
    qsort(latency, n_latency, sizeof *latency, by_value);
#define AT(q) (n_latency ? 1e3 * latency[(size_t)((double)(n_latency - 1) * (q))] : 0)
    printf("%.0f/s, %zu answers, %zu errors, %zu sent late, ms: p50 %.3f p90 %.3f p99 %.3f p99.9 %.3f max %.3f\n",
           (double)n_latency / took, n_latency, errors, late, AT(.5), AT(.9), AT(.99), AT(.999), AT(1));
    return errors != 0;
}
