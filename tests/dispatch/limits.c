/* When the machine's limits are reached: no descriptors left, ten thousand idle clients, a full disk under
 * log and ledger. And a server that is killed so that it would leave a core: nothing that it ever wrote holds
 * a provider's key.
 *
 *     limits DISPATCH MOCK MODEL SCRATCH */
#define _DEFAULT_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/dispatch/drive.h"

enum { CROWD = 10000 };
static int fds[CROWD];

static const char body[] = "{\"model\":\"flash\",\"max_tokens\":20,\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"}]}";

static void write_tiers(const drive *d)
{
    char text[600];
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"flash\",\"prices\":{\"input\":1.5,\"output\":9},\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\"}]},"
             "{\"name\":\"pro\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/s/401/v1\",\"key_env\":\"MOCK_KEY\"}]}],\"retry\":{\"retries\":1,\"base_s\":0.01}}",
             d->port, d->port);
    drive_write(d, "tiers.json", text);
}

static bool begin(drive *d, const char *options)
{
    const bool good = drive_start_serve(d, options);
    drive_case(d, good, "it starts", options);
    return good;
}

static void end(drive *d)
{
    drive_case(d, drive_stop_serve(d) == 0, "it ends well", "another status");
    d->files = d->file_bytes = 0;
}

static int ask(const drive *d, char *text, size_t room)
{
    reply r = http_post(d->serve, "/v1/chat/completions", body, "");
    const int status = r.status;
    snprintf(text, room, "status %d, %.2f s: %.300s", r.status, r.seconds, r.body);
    reply_free(&r);
    return status;
}

static unsigned connect_many(const drive *d, unsigned n)
{
    unsigned there = 0;
    for (unsigned i = 0; i < n; i++)
        there += (fds[i] = http_connect(d->serve)) >= 0;
    return there;
}

static void close_many(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* 64 descriptors, 100 clients: accepting pauses, those that are in are served as far as a descriptor for the
 * upstream is left, and all is well when they go. */
static void no_descriptors(drive *d)
{
    char text[400], request[400];
    d->files = 64;
    if (!begin(d, "--idle-timeout 60"))
        return;
    connect_many(d, 100);
    drive_sleep(0.5);
    const int n = http_chat(request, sizeof request, body);
    unsigned answered = 0, clean = 0;
    for (int i = 0; i < 20; i++) /* the first ones are in */
        http_send(fds[i], request, (size_t)n);
    for (int i = 0; i < 20; i++) {
        reply r = http_receive(fds[i], 10);
        answered += r.status != 0;
        clean += r.status == 200 || (r.status >= 500 && strstr(r.body, "\"error\""));
        reply_free(&r);
    }
    snprintf(text, sizeof text, "%u answered, %u in good form, of 20", answered, clean);
    drive_case(d, answered == 20 && clean == 20, "without descriptors for the upstream: an answer or a clear error", text);
    printf("# 64 descriptors, 100 clients: %s\n", text);
    close_many(100);
    drive_sleep(0.5);
    drive_case(d, ask(d, text, sizeof text) == 200, "when the others are gone it serves", text);
    drive_case(d, drive_metric(d, "tierce_in_flight") == 0, "nothing stays under way", "it does");
    end(d);
}

static void many_idle(drive *d)
{
    char text[400];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    const unsigned n = files.rlim_cur > CROWD + 100 ? CROWD : (unsigned)files.rlim_cur - 100;
    if (!begin(d, "--idle-timeout 120"))
        return;
    const long before = drive_resident_kb(d->serve_pid);
    const unsigned there = connect_many(d, n);
    double open = 0;
    for (int i = 0; i < 100 && open < n; i++) {
        drive_sleep(0.05);
        open = drive_metric(d, "tierce_open_connections");
    }
    const long kb = drive_resident_kb(d->serve_pid) - before;
    snprintf(text, sizeof text, "%u connected, %.0f open, %ld kB more", there, open, kb);
    drive_case(d, there == n && open >= n, "ten thousand idle clients are let in", text);
    const long most = strstr(d->dispatch, "san/") ? 24 : 6; /* sanitizers keep books of their own */
    drive_case(d, kb < most * n, "each takes less than 6 kB", text);
    printf("# idle keep-alives: %s\n", text);
    reply r = http_post(d->serve, "/v1/chat/completions", body, "");
    snprintf(text, sizeof text, "status %d after %.3f s", r.status, r.seconds);
    drive_case(d, r.status == 200 && r.seconds < 1, "and others are served", text);
    reply_free(&r);
    close_many(n);
    end(d);
}

static void full_log(drive *d)
{
    char text[400];
    if (!begin(d, "--log /dev/full"))
        return;
    for (int i = 0; i < 5; i++)
        drive_case(d, ask(d, text, sizeof text) == 200, "the log's disk is full: requests go on", text);
    drive_case(d, drive_metric(d, "tierce_log_lines_lost_total") == 5, "lost lines are counted", "they are not");
    end(d);
    char *log = drive_read(d, "serve.log"), *first = strstr(log, "the log loses lines");
    drive_case(d, first && !strstr(first + 1, "the log loses lines"), "and told once", log);
    free(log);
}

/* ulimit -f stands for the disk's end: SQLite cannot lengthen the WAL. */
static void full_ledger(drive *d)
{
    char text[400], options[700];
    d->file_bytes = 192 << 10;
    snprintf(options, sizeof options, "--ledger %s/full.db", d->scratch);
    if (!begin(d, options))
        return;
    int status = 200, good = 0;
    while (good < 5000 && (status = ask(d, text, sizeof text)) == 200)
        good++;
    drive_case(d, status == 503 && strstr(text, "ledger_unavailable"), "a ledger that cannot be written: 503", text);
    const double sent = drive_metric(d, "tierce_tier_attempts_total{tier=\"flash\"}");
    drive_case(d, ask(d, text, sizeof text) == 503 && drive_metric(d, "tierce_tier_attempts_total{tier=\"flash\"}") == sent,
               "and nothing is sent unbooked", text);
    drive_case(d, drive_metric(d, "tierce_ledger_faults_total") > 0, "faults are counted", "they are not");
    printf("# a ledger of at most 192 KiB: %d requests, then 503\n", good);
    end(d);
}

/* MOCK_KEY's value is in what it sends, and nowhere else. */
static void secrets(drive *d)
{
    static const char key[] = "0123456789abcdef";
    static const char *const paths[] = {"/metrics", "/v1/models", "/healthz"};
    const struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
    char options[800], core[600];
    int status = 0;
    setrlimit(RLIMIT_CORE, &any);
    snprintf(options, sizeof options, "--log %s/secrets.jsonl --log-prompts --ledger %s/secrets.db", d->scratch, d->scratch);
    if (!begin(d, options))
        return;
    reply r = http_post(d->serve, "/v1/chat/completions", "{\"model\":\"pro\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "");
    drive_case(d, r.status == 502 && !strstr(r.body, key) && !strstr(r.head, key), "no key in the error about a refused key", r.body);
    reply_free(&r);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        r = http_get(d->serve, paths[i]);
        drive_case(d, r.status == 200 && !strstr(r.body, key) && !strstr(r.head, key), "no key in what it says of itself", paths[i]);
        reply_free(&r);
    }
    kill(d->serve_pid, SIGABRT);
    waitpid(d->serve_pid, &status, 0);
    d->serve_pid = 0;
    snprintf(core, sizeof core, "%s/secrets.jsonl", d->scratch);
    drive_case(d, WIFSIGNALED(status) && !WCOREDUMP(status), "killed, it leaves no core", "it does");
    snprintf(options, sizeof options, "grep -rqa %s %s", key, d->scratch);
    drive_case(d, access(core, F_OK) == 0 && system(options) != 0, "no key in logs, messages, ledger", "it is in one");
}

int main(int argc, char **argv)
{
    drive d = {0};
    if (!drive_arguments(&d, argc, argv))
        return 2;
    if (!drive_start_mock(&d, ""))
        return drive_nothing_starts(&d);
    write_tiers(&d);
    no_descriptors(&d);
    many_idle(&d);
    full_log(&d);
    full_ledger(&d);
    drive_sanitizers(&d);
    secrets(&d);
    drive_stop_mock(&d);
    return drive_done(&d);
}
