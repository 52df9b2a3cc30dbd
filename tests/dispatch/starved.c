/* A server whose allocations fail: the Nth that a library, or the program itself, asks for, alone or with some after it.
 * Each client gets an answer, an error or the end of its connection, at once and never a hole in its answer; the server
 * ends when it is told to, in good form.
 *
 *     starved DISPATCH MOCK MODEL SCRATCH FAILMALLOC.so LIBRARY ROW FIRST STEP
 *
 * ROW allocations in a row fail, from each STEPth on (starve says what FIRST is). */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/dispatch/drive.h"

#define ASK "\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]"

static unsigned runs, refused, whole;

static void number(const char *name, long v)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", v);
    setenv(name, text, 1);
}

/* One request, read after `wait` seconds; says what is wrong. True when it was answered in full. */
static bool ask(const drive *d, const char *body, double wait, bool big, char *wrong, size_t room)
{
    const size_t most = strlen(body) + 400;
    char *head = malloc(most);
    const int fd = head ? http_connect(d->serve) : -1, little = 65536;
    const int n = head ? http_chat(head, most, body) : 0;
    if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little)) /* the rest waits with the server */
        http_send(fd, head, (size_t)n);
    free(head);
    drive_sleep(wait);
    reply r = http_receive(fd, 6);
    const bool broken_off = strstr(r.body, "{\"error\":") != NULL;
    if (r.seconds > 5)
        snprintf(wrong, room, "no end within %.1f s (status %d, %zu bytes)", r.seconds, r.status, r.len);
    else if (!r.cut && r.len && (r.status < 200 || (r.status >= 400 && r.status < 500)))
        snprintf(wrong, room, "status %d: %.80s", r.status, r.body);
    else if (r.status == 200 && !r.cut && !broken_off && big &&
             ((strstr(body, "\"stream\":true") && !strstr(r.body, "[DONE]")) || r.len < (size_t)5 << 20))
        snprintf(wrong, room, "a hole: %zu bytes", r.len);
    const bool good = r.status == 200 && !r.cut && !broken_off;
    reply_free(&r);
    if (fd >= 0)
        close(fd);
    return good;
}

/* More than goes to the upstream in one piece: a handle whose buffer could not be made would never be done with it. */
static const char *long_body(void)
{
    static char body[100200];
    if (!*body)
        snprintf(body, sizeof body, "{\"model\":\"flash\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"%0100000d\"}]}", 7);
    return body;
}

static long calls_of(drive *d)
{
    char *text = drive_read(d, "calls");
    const long calls = atol(text);
    free(text);
    return calls;
}

static void judge(drive *d, const char *library, long n, long burst, const char *wrong)
{
    char name[120];
    snprintf(name, sizeof name, "allocation %ld of %s, %ld in a row", n, library, burst);
    if (*wrong)
        drive_case(d, false, name, wrong);
}

static void one(drive *d, const char *library, long n, long burst)
{
    char wrong[300] = "";
    unsigned good = 0;
    number("FAIL_AT", n);
    runs++;
    if (drive_start_serve(d, "--seed 3")) {
        good += ask(d, "{\"model\":\"flash\"," ASK "}", 0, false, wrong, sizeof wrong);
        good += ask(d, "{\"model\":\"big\",\"stream\":true," ASK "}", 0.15, true, wrong, sizeof wrong);
        good += ask(d, long_body(), 0, false, wrong, sizeof wrong);
        good += ask(d, "{\"model\":\"big\"," ASK "}", 0, true, wrong, sizeof wrong);
        const double from = drive_now();
        const int status = drive_stop_serve(d);
        if (status || drive_now() - from > 5)
            snprintf(wrong, sizeof wrong, "status %d after %.1f s", status, drive_now() - from);
    } else if (d->serve_pid) {
        snprintf(wrong, sizeof wrong, "it neither starts nor ends");
        drive_stop_serve(d);
    }
    whole += good == 4;
    refused += good < 4;
    judge(d, library, n, burst, wrong);
}

/* Every `step`th of a library's allocations from the `first` on; 0: from those on that a server without clients makes
 * (of the program's own, torture.sh has the starting). */
static void starve(drive *d, const char *library, long burst, long first, long step)
{
    char path[600];
    setenv("FAIL_IN", library, 1);
    number("FAIL_FOR", burst);
    number("FAIL_AT", 1000000000);
    snprintf(path, sizeof path, "%s/calls", d->scratch);
    setenv("FAIL_LOG", path, 1);
    if (!first && drive_start_serve(d, "--seed 3") && !drive_stop_serve(d))
        first = calls_of(d) + 1;
    runs = refused = whole = 0;
    one(d, library, 1000000000, burst);
    unsetenv("FAIL_LOG");
    const long calls = calls_of(d);
    drive_case(d, whole == 1 && calls > 20, "a run without failures is whole", library);
    const unsigned before = d->failed;
    runs = refused = whole = 0;
    for (long n = first; n <= calls; n += step)
        one(d, library, n, burst);
    drive_case(d, d->failed == before && refused >= 5, "each ends well, and some failures are noticed", library);
    printf("# serve, allocations of %s: %ld in a run, %ld failed in a row in %u runs: %u whole, %u not\n", library, calls, burst,
           runs, whole, refused);
}

int main(int argc, char **argv)
{
    drive d = {0};
    char text[1200];
    if (argc < 10 || !drive_arguments(&d, argc, argv) || !drive_start_mock(&d, ""))
        return 2;
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"flash\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\",\"model\":\"mock:ok\"}]},"
             "{\"name\":\"pro\",\"endpoints\":[{\"base_url\":\"http://localhost:%u/v1\",\"model\":\"mock:ok\"}]},"
             "{\"name\":\"big\",\"endpoints\":[{\"base_url\":\"http://localhost:%u/v1\",\"model\":\"mock:big,mb=5\"}]}],"
             "\"retry\":{\"base_s\":0.001}}", d.port, d.port, d.port);
    drive_write(&d, "tiers.json", text);
    setenv("LD_PRELOAD", argv[5], 1);
    starve(&d, argv[6], atol(argv[7]), atol(argv[8]), atol(argv[9]));
    unsetenv("LD_PRELOAD");
    drive_stop_mock(&d);
    return drive_done(&d);
}
