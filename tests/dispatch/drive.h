/* What the dispatcher's tests share: starting mock and server, asking them how they are, counting. */
#ifndef TIERCE_TEST_DRIVE_H
#define TIERCE_TEST_DRIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/dispatch/http.h"

/* Paths of the programs, from argv: DISPATCH MOCK MODEL SCRATCH. */
typedef struct {
    const char *dispatch, *mock, *model, *scratch;
    unsigned port, refuse, reset, mute; /* of the mock */
    unsigned serve;                     /* port of the server */
    pid_t mock_pid, serve_pid;
    unsigned long files, file_bytes; /* hard limits of the server that is started next; 0: none */
    unsigned passed, failed;
} drive;

/* The four paths; and as many descriptors as there may be. False: wrong usage. */
bool drive_arguments(drive *d, int argc, char **argv);
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
/* Instead of it, where mock or server did not start: with what the server said. */
int drive_nothing_starts(const drive *d);

/* A counter of /metrics, -1 when absent. */
double drive_metric(const drive *d, const char *name);
double drive_mock_number(const drive *d, const char *key); /* of the mock's /mock/stats, -1 when absent */
long drive_resident_kb(pid_t pid);

/* ---- a tool loop: an offered tool, and a step of call and result ---- */

#define DRIVE_TOOLS \
    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"parameters\":{\"type\":\"object\"," \
    "\"properties\":{\"path\":{\"type\":\"string\"}},\"required\":[\"path\"]}}}]"
#define DRIVE_CALL \
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":" \
    "{\"name\":\"look\",\"arguments\":\"{\\\"path\\\":\\\"a\\\"}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"it is there\"}"

#endif
