#define _DEFAULT_SOURCE
#include "tests/dispatch/drive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

static void path_of(const drive *d, const char *name, char *to, size_t room)
{
    snprintf(to, room, "%s/%s", d->scratch, name);
}

bool drive_write(const drive *d, const char *name, const char *text)
{
    char path[600], fresh[620];
    path_of(d, name, path, sizeof path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = fopen(fresh, "wb");
    const bool good = f && fputs(text, f) >= 0;
    return f && !fclose(f) && good && !rename(fresh, path);
}

char *drive_read(const drive *d, const char *name)
{
    char path[600];
    path_of(d, name, path, sizeof path);
    FILE *f = fopen(path, "rb");
    size_t room = 1 << 16, n = 0;
    char *text = malloc(room);
    while (f && text) {
        n += fread(text + n, 1, room - n - 1, f);
        if (n + 1 < room)
            break;
        text = realloc(text, room *= 2);
    }
    if (f)
        fclose(f);
    if (text)
        text[n] = 0;
    return text;
}

static void limit(int what, unsigned long most)
{
    const struct rlimit both = {most, most};
    if (most)
        setrlimit(what, &both);
}

/* Forks and execs; standard error goes to SCRATCH/log. */
static pid_t spawn(const drive *d, const char *log, char **argv, bool limited)
{
    char path[600];
    path_of(d, log, path, sizeof path);
    const pid_t pid = fork();
    if (pid)
        return pid;
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    limit(RLIMIT_NOFILE, limited ? d->files : 0);
    limit(RLIMIT_FSIZE, limited ? d->file_bytes : 0);
    dup2(fd, STDERR_FILENO);
    dup2(fd, STDOUT_FILENO);
    execv(argv[0], argv);
    _exit(127);
}

/* Splits at blanks, in place. */
static int add_words(char *words, char **argv, int n, int most)
{
    for (char *w = strtok(words, " "); w && n < most; w = strtok(NULL, " "))
        argv[n++] = w;
    argv[n] = NULL;
    return n;
}

static bool wait_for_file(const drive *d, const char *name, pid_t pid)
{
    for (int i = 0; i < 400; i++) {
        char *text = drive_read(d, name);
        const bool there = text && strchr(text, '\n');
        free(text);
        if (there)
            return true;
        if (waitpid(pid, NULL, WNOHANG) == pid)
            return false;
        drive_sleep(0.025);
    }
    return false;
}

bool drive_start_mock(drive *d, const char *extra)
{
    char ports[600], words[800], *argv[32];
    path_of(d, "ports", ports, sizeof ports);
    unlink(ports);
    snprintf(words, sizeof words, "%s --ports %s %s", d->mock, ports, extra);
    add_words(words, argv, 0, 30);
    d->mock_pid = spawn(d, "mock.log", argv, false);
    if (!wait_for_file(d, "ports", d->mock_pid))
        return false;
    char *text = drive_read(d, "ports");
    const bool good = sscanf(text, "port=%u refuse=%u reset=%u mute=%u", &d->port, &d->refuse, &d->reset, &d->mute) == 4;
    free(text);
    return good;
}

bool drive_start_serve(drive *d, const char *extra)
{
    char port[600], tiers[600], words[3000], *argv[64];
    path_of(d, "port", port, sizeof port);
    path_of(d, "tiers.json", tiers, sizeof tiers);
    unlink(port);
    snprintf(words, sizeof words, "%s serve -m %s --tiers %s --port-file %s --listen 127.0.0.1:0 %s", d->dispatch, d->model,
             tiers, port, extra);
    add_words(words, argv, 0, 62);
    setenv("MOCK_KEY", "sk-test-0123456789abcdef", 1);
    d->serve_pid = spawn(d, "serve.log", argv, true);
    if (!wait_for_file(d, "port", d->serve_pid))
        return false;
    char *text = drive_read(d, "port");
    d->serve = (unsigned)atoi(text);
    free(text);
    return d->serve != 0;
}

static int stop(pid_t pid)
{
    int status = 0;
    if (pid <= 0)
        return 0;
    kill(pid, SIGTERM);
    for (int i = 0; i < 800; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        drive_sleep(0.025);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

int drive_stop_serve(drive *d)
{
    const int status = stop(d->serve_pid);
    d->serve_pid = 0;
    return status;
}

void drive_stop_mock(drive *d)
{
    stop(d->mock_pid);
    d->mock_pid = 0;
}

double drive_metric(const drive *d, const char *name)
{
    reply r = http_get(d->serve, "/metrics");
    const char *at = r.body;
    double v = -1;
    const size_t n = strlen(name);
    while (at && v < 0 && *at) {
        if (!strncmp(at, name, n) && at[n] == ' ')
            v = atof(at + n);
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    reply_free(&r);
    return v;
}

bool drive_reload(drive *d)
{
    const double good = drive_metric(d, "tierce_reloads_total"), bad = drive_metric(d, "tierce_bad_reloads_total");
    kill(d->serve_pid, SIGHUP);
    for (int i = 0; i < 400; i++) {
        if (drive_metric(d, "tierce_reloads_total") > good)
            return true;
        if (drive_metric(d, "tierce_bad_reloads_total") > bad)
            return false;
        drive_sleep(0.01);
    }
    return false;
}

void drive_case(drive *d, bool good, const char *name, const char *detail)
{
    if (good)
        d->passed++;
    else
        d->failed++;
    if (!good)
        printf("FAILED %s: %s\n", name, detail);
    fflush(stdout);
}

void drive_sanitizers(drive *d)
{
    char *log = drive_read(d, "serve.log");
    const bool silent = !strstr(log, "ERROR: ") && !strstr(log, "runtime error") && !strstr(log, "ThreadSanitizer");
    drive_case(d, silent, "sanitizers are silent", log);
    free(log);
}

int drive_done(drive *d)
{
    printf("%u passed, %u failed\n", d->passed, d->failed);
    return d->failed != 0;
}

/* ---- HTTP ---- */

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
