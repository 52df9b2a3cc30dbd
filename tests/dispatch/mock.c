/* The mock's loop: sockets, timers, scripts being played, the bill. See mock.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/dispatch/mock.h"

double mock_latency_scale = 1;
uint64_t mock_random_state = 1;

typedef enum { FD_LISTEN, FD_LISTEN_RESET, FD_LISTEN_MUTE, FD_CLIENT } fd_kind;

typedef struct {
    fd_kind kind;
    int fd;
    char *in;
    size_t len, room, used; /* used: bytes of the request being answered */
    bool playing, closing, mute, stale, wants_out;
    mock_request r;
    char *text; /* for unescaping */
    script out;
    bill bill;
    size_t step, sent;   /* where the playing stands; sent: bytes of the present step */
    uint32_t delivered;  /* output tokens sent */
    double due;          /* of the present step */
    size_t heap;         /* place in the timers, 0: none */
} conn;

static struct {
    int epoll, billed, requests;
    conn **timers; /* a heap by due time, from 1 */
    size_t n_timers, timers_room;
    uint64_t numbers, connections, answered, abandoned, input, cached, output;
    unsigned open, most_open, playing, most_playing;
} mock = {.billed = -1, .requests = -1};

uint64_t mock_random(void)
{
    uint64_t z = mock_random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void die(const char *what)
{
    fprintf(stderr, "mock: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- timers ---- */

static void timer_put(size_t at, conn *c)
{
    mock.timers[at] = c;
    c->heap = at;
}

static void timer_sift(size_t at)
{
    conn *c = mock.timers[at];
    while (at > 1 && mock.timers[at / 2]->due > c->due) {
        timer_put(at, mock.timers[at / 2]);
        at /= 2;
    }
    for (;;) {
        size_t child = 2 * at;
        if (child > mock.n_timers)
            break;
        if (child < mock.n_timers && mock.timers[child + 1]->due < mock.timers[child]->due)
            child++;
        if (mock.timers[child]->due >= c->due)
            break;
        timer_put(at, mock.timers[child]);
        at = child;
    }
    timer_put(at, c);
}

static void timer_clear(conn *c)
{
    const size_t at = c->heap;
    if (!at)
        return;
    c->heap = 0;
    conn *last = mock.timers[mock.n_timers--];
    if (last == c)
        return;
    timer_put(at, last);
    timer_sift(at);
}

static void timer_set(conn *c, double due)
{
    timer_clear(c);
    c->due = due;
    if (mock.n_timers + 2 > mock.timers_room) {
        mock.timers_room = mock.timers_room ? 2 * mock.timers_room : 64;
        mock.timers = realloc(mock.timers, mock.timers_room * sizeof *mock.timers);
        if (!mock.timers)
            die("memory");
    }
    timer_put(++mock.n_timers, c);
    timer_sift(mock.n_timers);
}

/* ---- the bill ---- */

static void settle(conn *c, bool whole)
{
    char line[512];
    const bill *b = &c->bill;
    if (!c->playing)
        return;
    c->playing = false;
    mock.playing--;
    mock.answered += whole;
    mock.abandoned += !whole;
    if (!b->due)
        return;
    const uint32_t output = whole || b->whole ? b->output : c->delivered < b->output ? c->delivered : b->output;
    mock.input += b->input, mock.cached += b->cached, mock.output += output;
    const int n = snprintf(line, sizeof line, "%llu\t%.60s\t%.*s\t%u\t%u\t%u\t%u\t%s\t%016llx\n",
                           (unsigned long long)c->r.number, c->r.call.name,
                           (int)(c->r.model.len < 100 ? c->r.model.len : 100), c->r.model.len ? c->r.model.data : "-",
                           b->input, b->cached, output, b->reasoning, whole ? "answered" : "abandoned",
                           (unsigned long long)c->r.digest);
    if (mock.billed >= 0 && write(mock.billed, line, (size_t)n) != n)
        die("--billed");
}

/* ---- connections ---- */

static void hang_up(conn *c, bool reset)
{
    const struct linger now = {1, 0};
    settle(c, false);
    timer_clear(c);
    if (reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(c->fd);
    free(c->in), free(c->text), free(c->out.bytes.at), free(c->out.steps);
    free(c);
    mock.open--;
}

static void watch(conn *c, bool out)
{
    struct epoll_event e = {EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0), {.ptr = c}};
    if (c->wants_out != out)
        epoll_ctl(mock.epoll, EPOLL_CTL_MOD, c->fd, &e);
    c->wants_out = out;
}

static bool next_request(conn *c);

/* Sends up to n bytes of the step from c->sent on. False when the connection is gone. */
static bool push(conn *c, const step *s, size_t most, bool *blocked)
{
    size_t n = s->len - c->sent;
    n = n < most ? n : most;
    const ssize_t got = n ? send(c->fd, c->out.bytes.at + s->from + c->sent, n, MSG_NOSIGNAL) : 0;
    *blocked = got < 0 && errno == EAGAIN;
    if (got < 0 && !*blocked) {
        hang_up(c, false);
        return false;
    }
    c->sent += got > 0 ? (size_t)got : 0;
    *blocked = *blocked || (size_t)(got > 0 ? got : 0) < n;
    return true;
}

/* The step is over: on to the next, at once or later. True: go on now. */
static bool advance(conn *c)
{
    const step *s = &c->out.steps[c->step];
    c->delivered += s->tokens;
    c->sent = 0;
    if (++c->step == c->out.n)
        return false;
    const uint32_t wait = c->out.steps[c->step].wait_ms;
    if (wait)
        timer_set(c, now_ms() + wait);
    return !wait;
}

static void finish(conn *c, step_kind kind)
{
    settle(c, kind == STEP_DONE || kind == STEP_STALE);
    c->stale = kind == STEP_STALE;
    memmove(c->in, c->in + c->used, c->len - c->used);
    c->len -= c->used;
    if (!c->r.keep_alive) {
        shutdown(c->fd, SHUT_WR);
        c->closing = true;
    }
}

/* One step, as far as it goes. 1: go on, 0: wait, -1: the connection is gone. */
static int run_step(conn *c)
{
    const step *s = &c->out.steps[c->step];
    bool blocked = false;
    switch (s->kind) {
    case STEP_SEND:
    case STEP_FLOOD:
        if (!push(c, s, s->len, &blocked))
            return -1;
        watch(c, blocked);
        if (blocked)
            return 0;
        if (s->kind == STEP_FLOOD) {
            c->sent = 0;
            return 1;
        }
        return advance(c);
    case STEP_DRIP:
        if (!push(c, s, 1, &blocked))
            return -1;
        if (c->sent == s->len)
            return advance(c);
        timer_set(c, now_ms() + s->wait_ms);
        return 0;
    case STEP_HANG:
        return 0;
    case STEP_CLOSE:
    case STEP_RESET:
        hang_up(c, s->kind == STEP_RESET);
        return -1;
    default:
        finish(c, s->kind);
        return c->closing ? 0 : next_request(c) ? 1 : -1;
    }
}

static bool play_on(conn *c)
{
    int go = 1;
    for (int turns = 0; go > 0 && c->playing && c->step < c->out.n; turns++) {
        if (turns == 256) { /* others want to live too: a flood never ends by itself */
            timer_set(c, now_ms());
            return true;
        }
        go = run_step(c);
    }
    return go >= 0;
}

/* ---- what the mock itself answers ---- */

static void answer_stats(play *p)
{
    char text[600];
    if (p->r->target.len >= 11 && !memcmp(p->r->target.data, "/mock/reset", 11)) {
        mock.connections = mock.answered = mock.abandoned = mock.input = mock.cached = mock.output = 0;
        mock.most_open = mock.open;
        mock.most_playing = mock.playing;
    }
    const int n = snprintf(text, sizeof text,
                           "{\"connections\":%llu,\"open\":%u,\"most_open\":%u,\"playing\":%u,\"most_playing\":%u,"
                           "\"answered\":%llu,\"abandoned\":%llu,\"input\":%llu,\"cached\":%llu,\"output\":%llu}\n",
                           (unsigned long long)mock.connections, mock.open, mock.most_open, mock.playing - 1,
                           mock.most_playing, (unsigned long long)mock.answered, (unsigned long long)mock.abandoned,
                           (unsigned long long)mock.input, (unsigned long long)mock.cached,
                           (unsigned long long)mock.output);
    put_whole(p, 200, "application/json", "", text, (size_t)n);
    mock.answered--; /* it does not count itself */
}

static void start(conn *c)
{
    play p = {&c->out, &c->r, &c->bill, 0, false};
    script_reset(&c->out);
    memset(&c->bill, 0, sizeof c->bill);
    c->step = c->sent = 0;
    c->delivered = 0;
    c->playing = true;
    mock.playing++;
    if (mock.playing > mock.most_playing)
        mock.most_playing = mock.playing;
    if (c->r.target.len >= 6 && !memcmp(c->r.target.data, "/mock/", 6))
        answer_stats(&p);
    else
        scenario_play(&p);
    if (c->out.steps[0].wait_ms)
        timer_set(c, now_ms() + c->out.steps[0].wait_ms);
}

/* Begins the answer to the request at the head of the input, if it is there whole. */
static bool next_request(conn *c)
{
    if (c->mute || c->closing || !c->len)
        return true;
    const long n = http_parse(c->in, c->len, &c->r);
    if (n == 0)
        return true;
    if (n < 0 || c->stale) {
        hang_up(c, false);
        return false;
    }
    c->used = (size_t)n;
    c->r.number = ++mock.numbers;
    free(c->text);
    c->text = malloc(c->r.body.len + 1);
    if (!c->text)
        die("memory");
    request_read(&c->r, c->text);
    if (mock.requests >= 0 && (write(mock.requests, c->in, c->used) < 0 || write(mock.requests, "\n", 1) < 0))
        die("--requests");
    start(c);
    return true;
}

static void receive(conn *c)
{
    if (c->room - c->len < 65536) {
        c->room = c->room ? 2 * c->room : 131072;
        const char *before = c->in;
        c->in = realloc(c->in, c->room);
        if (!c->in)
            die("memory");
        if (c->playing && c->in != before) { /* a pipelined request came: the present one moved */
            mock_request moved;
            const scenario_call call = c->r.call;
            http_parse(c->in, c->used, &moved);
            moved.number = c->r.number, moved.digest = c->r.digest, moved.stream = c->r.stream;
            c->r = moved;
            c->r.call = call;
            c->r.call.name = c->r.call.text;
        }
    }
    const ssize_t n = recv(c->fd, c->in + c->len, c->room - c->len - 1, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        hang_up(c, false);
        return;
    }
    c->len += (size_t)n;
    if (!c->playing && next_request(c) && c->playing && !c->heap)
        play_on(c);
}

static void welcome(const conn *listener)
{
    const int one = 1;
    int fd;
    while ((fd = accept(listener->fd, NULL, NULL)) >= 0) {
        conn *c = calloc(1, sizeof *c);
        if (!c)
            die("memory");
        c->kind = FD_CLIENT;
        c->fd = fd;
        c->mute = listener->kind == FD_LISTEN_MUTE;
        mock.connections++;
        if (++mock.open > mock.most_open)
            mock.most_open = mock.open;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (listener->kind == FD_LISTEN_RESET) {
            hang_up(c, true);
            continue;
        }
        struct epoll_event e = {EPOLLIN, {.ptr = c}};
        if (c->mute)
            e.events = 0; /* still told of the end of it */
        epoll_ctl(mock.epoll, EPOLL_CTL_ADD, fd, &e);
    }
}

/* Binds a loopback port; listens unless kind is negative. Returns the port. */
static int open_port(int port, int kind)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t n = sizeof a;
    const int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || getsockname(fd, (struct sockaddr *)&a, &n))
        die("bind");
    if (kind >= 0) {
        conn *c = calloc(1, sizeof *c);
        struct epoll_event e = {EPOLLIN, {.ptr = c}};
        if (!c || listen(fd, 4096))
            die("listen");
        c->kind = (fd_kind)kind;
        c->fd = fd;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        epoll_ctl(mock.epoll, EPOLL_CTL_ADD, fd, &e);
    }
    return ntohs(a.sin_port);
}

static void loop(void)
{
    struct epoll_event events[256];
    for (;;) {
        const double wait = mock.n_timers ? mock.timers[1]->due - now_ms() : 1000;
        const int n = epoll_wait(mock.epoll, events, 256, wait <= 0 ? 0 : wait > 1000 ? 1000 : (int)wait + 1);
        for (int i = 0; i < n; i++) {
            conn *c = events[i].data.ptr;
            if (c->kind != FD_CLIENT)
                welcome(c);
            else if (c->wants_out && events[i].events & EPOLLOUT && !(events[i].events & (EPOLLERR | EPOLLHUP)))
                play_on(c);
            else if (events[i].events & (EPOLLERR | EPOLLHUP))
                hang_up(c, false);
            else if (events[i].events & EPOLLIN)
                receive(c);
        }
        const double now = now_ms();
        while (mock.n_timers && mock.timers[1]->due <= now) {
            conn *c = mock.timers[1];
            timer_clear(c);
            play_on(c);
            if (mock.n_timers && mock.timers[1] == c)
                break;
        }
    }
}

static int open_log(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0)
        die(path);
    return fd;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    int port = 0;
    const char *ports = NULL;
    char line[120];
    for (int i = 1; i < argc; i++) {
        const char *o = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(o, "--list")) {
            scenario_list();
            return 0;
        }
        i++;
        if (!strcmp(o, "--port"))
            port = atoi(v);
        else if (!strcmp(o, "--ports"))
            ports = v;
        else if (!strcmp(o, "--billed"))
            mock.billed = open_log(v);
        else if (!strcmp(o, "--requests"))
            mock.requests = open_log(v);
        else if (!strcmp(o, "--latency-scale"))
            mock_latency_scale = strtod(v, NULL);
        else if (!strcmp(o, "--seed"))
            mock_random_state = strtoull(v, NULL, 10);
        else if (strcmp(o, "--recorded") || !recorded_load(v)) {
            fprintf(stderr, "mock: %s %s: unknown option, or it cannot be used\n", o, v);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    mock.epoll = epoll_create1(0);
    const int main_port = open_port(port, FD_LISTEN), refuse = open_port(0, -1);
    const int reset = open_port(0, FD_LISTEN_RESET), mute = open_port(0, FD_LISTEN_MUTE);
    snprintf(line, sizeof line, "port=%d refuse=%d reset=%d mute=%d\n", main_port, refuse, reset, mute);
    fputs(line, stdout);
    fflush(stdout);
    if (ports) {
        FILE *f = fopen(ports, "w");
        if (!f || fputs(line, f) < 0 || fclose(f))
            die(ports);
    }
    loop();
}
