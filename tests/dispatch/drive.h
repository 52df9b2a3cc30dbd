/* What the dispatcher's tests share: starting mock and server, a blocking HTTP client, counting. */
#ifndef TIERCE_TEST_DRIVE_H
#define TIERCE_TEST_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Paths of the programs, from argv: DISPATCH MOCK MODEL SCRATCH. */
typedef struct {
    const char *dispatch, *mock, *model, *scratch;
    unsigned port, refuse, reset, mute; /* of the mock */
    unsigned serve;                     /* port of the server */
    pid_t mock_pid, serve_pid;
    unsigned long files, file_bytes; /* hard limits of the server that is started next; 0: none */
    unsigned passed, failed;
} drive;

bool drive_start_mock(drive *d, const char *extra); /* extra: options, may be "" */
/* Starts `tierce-dispatch serve` with SCRATCH/tiers.json; extra options separated by blanks. */
bool drive_start_serve(drive *d, const char *extra);
/* SIGTERM, and its exit status; -1 when it was killed by a signal or did not end within 20 s. */
int drive_stop_serve(drive *d);
void drive_stop_mock(drive *d);
/* SIGHUP, and waits until it is counted; false: it was refused. */
bool drive_reload(drive *d);

bool drive_write(const drive *d, const char *name, const char *text);
char *drive_read(const drive *d, const char *name); /* malloc'ed; "" when it is not there */

/* The case "sanitizers are silent": nothing of theirs is in the server's messages. */
void drive_sanitizers(drive *d);
void drive_case(drive *d, bool good, const char *name, const char *detail);
int drive_done(drive *d); /* prints the counts; exit status */

/* ---- HTTP ---- */

typedef struct {
    int status;     /* 0: no answer */
    char *head;     /* with NULs replaced, malloc'ed */
    char *body;     /* dechunked, NUL-terminated */
    size_t len;
    bool cut;       /* the body did not come to its proper end */
    double seconds;
} reply;

int http_connect(unsigned port);
bool http_send(int fd, const char *data, size_t len);
reply http_receive(int fd, double timeout_s);
reply http_post(unsigned port, const char *path, const char *body, const char *headers);
reply http_get(unsigned port, const char *path);
/* Value of a header, "" when absent; in a static buffer. */
const char *http_value(const reply *r, const char *name);
void reply_free(reply *r);
/* A counter of /metrics, -1 when absent. */
double drive_metric(const drive *d, const char *name);
double drive_now(void);
void drive_sleep(double s);

#endif
