/* A tiny route daemon on the loopback address: POST a chat request (or a prompt as text/plain), get the tier in
 * the header x-tierce-tier, as `tierce serve`'s /v1/route gives it. What nginx.conf and haproxy.cfg beside
 * this file ask. One request a connection, one after the other: a decision takes microseconds.
 *   routed MODEL PORT
 * Built from the repository: cc -D_GNU_SOURCE -I. docs/embed/routed.c data/json.c data/request_json.c build/libtierce.a -lz -lm */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "data/request_json.h"
#include "infer/swap.h"

#define MOST (1 << 20) /* bytes of a request, head and body */

static volatile sig_atomic_t reload;

static void on_hangup(int signal)
{
    (void)signal;
    reload = 1;
}

/* Value of a header, 0 where it is missing. */
static long number_of(const char *head, const char *name)
{
    for (const char *at = head; (at = strstr(at, "\r\n")) != NULL;) {
        at += 2;
        if (!strncasecmp(at, name, strlen(name)))
            return strtol(at + strlen(name), NULL, 10);
    }
    return 0;
}

/* Reads head and body; bytes of the body, or -1. */
static long read_all(int fd, char *room, char **body)
{
    size_t n = 0;
    char *end = NULL;
    long length = 0;
    for (;;) {
        if (end && (long)(n - (size_t)(*body - room)) >= length)
            return length;
        const ssize_t got = n < MOST ? read(fd, room + n, MOST - n) : 0;
        if (got <= 0)
            return -1;
        n += (size_t)got;
        room[n] = 0;
        if (!end && (end = strstr(room, "\r\n\r\n")) != NULL) {
            end[2] = 0; /* the head is a string of its own */
            *body = end + 4;
            length = number_of(room, "content-length:");
            if (length < 0 || length > MOST || strcasestr(room, "transfer-encoding:"))
                return -1; /* chunks are for larger servers */
            if (strstr(room, "100-continue") && write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25) < 0)
                return -1;
        }
    }
}

/* JSON of a chat request, else the bytes as a prompt. */
static tierce_request request_of(td_request *r, tierce_part *part, const char *body, size_t len)
{
    td_json json;
    tierce_span key;
    bool first = true;
    if (len && body[0] == '{' && td_request_reset(r, len)) {
        td_json_start(&json, body, len, r->text);
        td_json_enter(&json, '{');
        while (td_json_key(&json, &key, &first))
            if (!td_request_key(r, &json, key))
                td_json_skip(&json, NULL);
        if (td_json_finish(&json) && !td_request_finish(r))
            return r->request;
    }
    return tierce_request_of_prompt(part, body, len);
}

static void serve(int fd, tierce_swap *swap, td_request *r, char *room)
{
    char answer[600], *body = room;
    tierce_part part;
    tierce_turn turn;
    tierce_decision d;
    const long len = read_all(fd, room, &body);
    int n = snprintf(answer, sizeof answer, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    if (len >= 0 && tierce_swap_enter(swap, 0, &turn, NULL) == TIERCE_OK) {
        const tierce_request request = request_of(r, &part, body, (size_t)len);
        const tierce_policy policy = tierce_policy_default(turn.router);
        if (tierce_decide(turn.router, turn.scratch, &request, &policy, &d, NULL) == TIERCE_OK) {
            const char *tier = tierce_tier_name(turn.router, d.order[0]);
            n = snprintf(answer, sizeof answer,
                         "HTTP/1.1 200 OK\r\nx-tierce-tier: %.100s\r\nx-tierce-reason: %s\r\nx-accel-redirect: @%.100s\r\n"
                         "content-length: 0\r\nconnection: close\r\n\r\n",
                         tier, tierce_reason_name(d.reason), tier);
        }
        tierce_swap_leave(swap, 0);
    }
    if (write(fd, answer, (size_t)n) != n)
        perror("routed");
}

int main(int argc, char **argv)
{
    tierce_error error;
    tierce_swap *swap;
    td_request request = {0};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 2};
    const int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    char *room = malloc(MOST + 1);
    if (argc != 3 || !room || tierce_swap_open(&swap, argv[1], 1, NULL, &error) != TIERCE_OK) {
        fprintf(stderr, "routed: %s\n", argc == 3 ? error.message : "usage: routed MODEL PORT");
        return 1;
    }
    at.sin_port = htons((uint16_t)atoi(argv[2]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 64)) {
        perror("routed");
        return 1;
    }
    struct sigaction hangup = {.sa_handler = on_hangup};
    sigaction(SIGHUP, &hangup, NULL); /* rename a new model over the old one, then kill -HUP */
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        const int fd = accept(listener, NULL, NULL);
        if (reload) {
            reload = 0;
            if (tierce_swap_load(swap, argv[1], &error) != TIERCE_OK)
                fprintf(stderr, "routed: %s: %s; the old model goes on\n", argv[1], error.message);
        }
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        serve(fd, swap, &request, room);
        close(fd);
    }
}
