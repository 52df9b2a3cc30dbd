#define _DEFAULT_SOURCE
#include "tests/dispatch/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

double drive_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void drive_sleep(double s)
{
    struct timespec t = {(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};
    nanosleep(&t, NULL);
}

int http_connect(unsigned port)
{
    struct sockaddr_in to;
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    to.sin_port = htons((unsigned short)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool http_send(int fd, const char *data, size_t len)
{
    while (len) {
        const ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

void reply_free(reply *r)
{
    free(r->head);
    free(r->body);
    memset(r, 0, sizeof *r);
}

const char *http_value(const reply *r, const char *name)
{
    static char value[600];
    const size_t n = strlen(name);
    value[0] = 0;
    for (const char *at = r->head; at && *at;) {
        const char *end = strstr(at, "\r\n");
        if (!strncasecmp(at, name, n) && at[n] == ':' && end)
            snprintf(value, sizeof value, "%.*s", (int)(end - at - (long)n - 2), at + n + 2);
        at = end ? end + 2 : NULL;
    }
    return value;
}

/* Bytes until `done` says so, the peer closes, or the time is over. */
typedef struct {
    char *at;
    size_t len, room;
    bool closed, late;
} input;

static bool more(int fd, input *in, double until)
{
    struct pollfd p = {fd, POLLIN, 0};
    const double left = until - drive_now();
    if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) <= 0) {
        in->late = true;
        return false;
    }
    if (in->len + (1 << 16) > in->room)
        in->at = realloc(in->at, in->room = in->room * 2 + (1 << 17));
    const ssize_t n = recv(fd, in->at + in->len, (1 << 16) - 1, 0);
    if (n <= 0) {
        in->closed = true;
        return false;
    }
    in->len += (size_t)n;
    in->at[in->len] = 0;
    return true;
}

static void receive_chunks(int fd, input *in, size_t from, double until, reply *r)
{
    size_t at = from;
    r->cut = true;
    for (;;) {
        char *line;
        while (!(line = in->len > at ? strstr(in->at + at, "\r\n") : NULL))
            if (!more(fd, in, until))
                return;
        const size_t n = (size_t)strtoul(in->at + at, NULL, 16), data = (size_t)(line - in->at) + 2;
        while (in->len < data + n + 2)
            if (!more(fd, in, until))
                return;
        if (!n) {
            r->cut = false;
            return;
        }
        r->body = realloc(r->body, r->len + n + 1);
        memcpy(r->body + r->len, in->at + data, n);
        r->len += n;
        r->body[r->len] = 0;
        at = data + n + 2;
    }
}

reply http_receive(int fd, double timeout_s)
{
    reply r = {0};
    input in = {0};
    const double from = drive_now(), until = from + timeout_s;
    char *end = NULL;
    r.body = calloc(1, 1);
    for (size_t skip = 0; fd >= 0 && !end;) {
        while (!(end = in.len > skip ? strstr(in.at + skip, "\r\n\r\n") : NULL) && more(fd, &in, until))
            ;
        if (end && !strncmp(in.at + skip, "HTTP/1.1 100", 12)) {
            skip = (size_t)(end - in.at) + 4;
            end = NULL;
            continue;
        }
        if (!end)
            break;
        const size_t body = (size_t)(end - in.at) + 4;
        r.status = atoi(in.at + skip + 9);
        r.head = strndup(in.at + skip, body - skip);
        const char *length = http_value(&r, "content-length");
        const bool has_length = *length != 0;
        const size_t n = (size_t)strtoul(length, NULL, 10);
        if (!strcasecmp(http_value(&r, "transfer-encoding"), "chunked")) {
            receive_chunks(fd, &in, body, until, &r);
            break;
        }
        while ((!has_length || in.len < body + n) && more(fd, &in, until))
            ;
        r.cut = has_length ? in.len < body + n : in.late;
        r.len = in.len - body;
        r.len = has_length && r.len > n ? n : r.len;
        r.body = realloc(r.body, r.len + 1);
        memcpy(r.body, in.at + body, r.len);
        r.body[r.len] = 0;
    }
    free(in.at);
    r.seconds = drive_now() - from;
    return r;
}

reply http_post(unsigned port, const char *path, const char *body, const char *headers)
{
    char head[2000];
    const int fd = http_connect(port);
    const int n = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n%s\r\n", path, strlen(body),
                           headers);
    if (fd >= 0 && http_send(fd, head, (size_t)n))
        http_send(fd, body, strlen(body));
    reply r = http_receive(fd, 30);
    if (fd >= 0)
        close(fd);
    return r;
}

reply http_get(unsigned port, const char *path)
{
    char head[300];
    const int fd = http_connect(port);
    const int n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: t\r\n\r\n", path);
    if (fd >= 0)
        http_send(fd, head, (size_t)n);
    reply r = http_receive(fd, 10);
    if (fd >= 0)
        close(fd);
    return r;
}

int http_chat(char *to, size_t room, const char *body)
{
    return snprintf(to, room, "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
}
