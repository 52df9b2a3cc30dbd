/* Several workers on one port: one budget in one SQLite file, one reload, one sum of metrics; a worker
 * that is killed is replaced.
 *
 *     workers DISPATCH MOCK MODEL SCRATCH */
#define _DEFAULT_SOURCE
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/dispatch/drive.h"

enum { WORKERS = 3, CROWD = 1000 };
/* Of one request: 60 tokens in at 1.5 and 20 out at 9 a million. Its 86 bytes are reserved as tokens. */
#define COST 0.00027
#define LIMIT (CROWD / 2 * COST)

static void write_tiers(const drive *d, const char *plays)
{
    char text[1200];
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"flash\",\"prices\":{\"input\":1.5,\"output\":9},\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\","
             "\"model\":\"mock:%s\"}]},{\"name\":\"pro\",\"prices\":{\"input\":2,\"output\":12},\"endpoints\":[{\"base_url\":"
             "\"http://127.0.0.1:%u/v1\",\"model\":\"mock:ok\"}]}],\"budgets\":[{\"name\":\"half\",\"period\":\"ever\","
             "\"limit_usd\":%.9f,\"tier\":\"flash\"}],\"retry\":{\"retries\":0}}",
             d->port, plays, d->port, LIMIT);
    drive_write(d, "tiers.json", text);
}

/* Several workers need a port by name: one that nobody has just now. */
static unsigned free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || getsockname(fd, (struct sockaddr *)&a, &n))
        return 0;
    close(fd);
    return ntohs(a.sin_port);
}

static const char body[] = "{\"model\":\"flash\",\"max_tokens\":20,\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"}]}";

/* All ask before any answer is read. */
static unsigned ask_all(const drive *d, unsigned n, unsigned *refused)
{
    static int fds[CROWD];
    char request[400];
    unsigned good = 0;
    const int len = http_chat(request, sizeof request, body);
    for (unsigned i = 0; i < n; i++)
        fds[i] = http_connect(d->serve);
    for (unsigned i = 0; i < n; i++)
        http_send(fds[i], request, (size_t)len);
    for (unsigned i = 0; i < n; i++) {
        reply r = http_receive(fds[i], 60);
        good += r.status == 200;
        *refused += r.status == 429 && strstr(r.body, "budget_exceeded") != NULL;
        reply_free(&r);
        close(fds[i]);
    }
    return good;
}

static void check(drive *d, const char *name, double got, double least, double most)
{
    char text[80];
    snprintf(text, sizeof text, "%.9g, wanted %.9g to %.9g", got, least, most);
    drive_case(d, got >= least && got <= most, name, text);
}

static double billed(const drive *d)
{
    return 1.5e-6 * drive_mock_number(d, "input") + 9e-6 * drive_mock_number(d, "output");
}

static double of_worker(const drive *d, int w)
{
    char name[60];
    snprintf(name, sizeof name, "tierce_worker_connections_total{worker=\"%d\"}", w);
    return drive_metric(d, name);
}

/* A worker counts a request just after its last byte: another one's /metrics may be asked in between. */
static void wait_for(drive *d, const char *name, const char *metric, double want)
{
    double got = -1;
    for (int i = 0; i < 400 && got != want; i++) {
        got = drive_metric(d, metric);
        if (got != want)
            drive_sleep(0.025);
    }
    check(d, name, got, want, want);
}

static void budget_race(drive *d)
{
    unsigned refused = 0;
    unsigned good = ask_all(d, CROWD, &refused);
    check(d, "all are answered or refused", good + refused, CROWD, CROWD);
    check(d, "some are answered", good, 50, CROWD / 2);
    check(d, "the provider's bill is within the budget", billed(d), good * COST - 1e-9, LIMIT + 1e-9);
    check(d, "the ledger says what was billed", drive_metric(d, "tierce_ledger_booked_usd"), billed(d) - 1e-9, billed(d) + 1e-9);
    check(d, "nothing stays reserved", drive_metric(d, "tierce_ledger_reserved_usd"), 0, 0);
    printf("# %d workers, %d at once against a budget for %d: %u answered, %u refused, $%.6f of $%.6f billed\n", WORKERS,
           CROWD, CROWD / 2, good, refused, billed(d), LIMIT);
    /* what was reserved and given back may be spent: to the end, and no further */
    unsigned wave = 1, over = 0;
    for (int i = 0; i < 600 && wave; i++)
        good += wave = ask_all(d, 1, &over);
    check(d, "one by one the rest fits", good, CROWD / 2 - 1, CROWD / 2);
    check(d, "and the bill ends at the budget", billed(d), LIMIT - 2 * COST, LIMIT + 1e-9);
    wait_for(d, "metrics add up: answered", "tierce_answered_total", good);
    wait_for(d, "metrics add up: over budget", "tierce_over_budget_total", refused + over);
    wait_for(d, "metrics add up: the tier's answers", "tierce_tier_answers_total{tier=\"flash\"}", good);
    check(d, "metrics add up: spend", drive_metric(d, "tierce_tier_cost_usd_total{tier=\"flash\"}"), good * COST - 1e-9, good * COST + 1e-9);
    wait_for(d, "metrics add up: nothing under way", "tierce_in_flight", 0);
}

static void spread(drive *d)
{
    double sum = 0;
    const double before = drive_metric(d, "tierce_connections_total");
    for (int w = 0; w < WORKERS; w++) {
        const double n = of_worker(d, w);
        check(d, "every worker has a share of the connections", n, CROWD / 10, 1e9);
        sum += n;
    }
    /* each look at a counter is a connection, too */
    check(d, "shares add up", sum - before, 0, WORKERS);
}

/* Each worker takes a share of 60 requests, so an old one would show. */
static void expect_everywhere(drive *d, const char *name, const char *text)
{
    unsigned good = 0;
    for (int i = 0; i < 60; i++) {
        reply r = http_post(d->serve, "/v1/chat/completions",
                            "{\"model\":\"pro\",\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"}]}", "");
        good += r.status == 200 && strstr(r.body, text);
        reply_free(&r);
    }
    check(d, name, good, 60, 60);
}

static void reloads(drive *d)
{
    char text[1200];
    snprintf(text, sizeof text, "{\"tiers\":[{\"name\":\"flash\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\"}]},{\"name\":\"pro\","
             "\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\",\"model\":\"mock:ok,text=after\"}]}]}", d->port, d->port);
    drive_write(d, "tiers.json", text);
    const double before = drive_metric(d, "tierce_reloads_total");
    kill(d->serve_pid, SIGHUP);
    wait_for(d, "one SIGHUP reloads all workers", "tierce_reloads_total", before + WORKERS);
    expect_everywhere(d, "and all have the new tiers", "after");
    drive_write(d, "tiers.json", "{\"tiers\":[{\"name\":\"flash\",\"endpoint\":[]}]}");
    kill(d->serve_pid, SIGHUP);
    wait_for(d, "a bad file is refused by all", "tierce_bad_reloads_total", WORKERS);
    expect_everywhere(d, "and all keep the old tiers", "after");
    drive_write(d, "tiers.json", text);
}

#define ASK(after) "{\"model\":\"tierce\"," DRIVE_TOOLS ",\"messages\":[{\"role\":\"user\",\"content\":\"What is in the file a? Please look.\"}" after "]}"

/* One worker sees the turn escalate; whichever takes the next steps must keep the tier that answered. */
static void tool_loop(drive *d)
{
    char text[1200];
    unsigned kept = 0;
    snprintf(text, sizeof text, "{\"tiers\":[{\"name\":\"flash\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/s/tool-missing,times=1,then=tool/v1\"}]},"
             "{\"name\":\"pro\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/s/tool/v1\"}]}]}", d->port, d->port);
    drive_write(d, "tiers.json", text);
    const double before = drive_metric(d, "tierce_reloads_total");
    kill(d->serve_pid, SIGHUP);
    wait_for(d, "reloaded", "tierce_reloads_total", before + WORKERS);
    reply r = http_post(d->serve, "/v1/chat/completions", ASK(""), "");
    drive_case(d, !strcmp(http_value(&r, "x-tierce-reason"), "ESCALATION"), "a turn escalates", r.body);
    reply_free(&r);
    for (int i = 0; i < 30; i++) {
        r = http_post(d->serve, "/v1/chat/completions", ASK("," DRIVE_CALL), "");
        kept += !strcmp(http_value(&r, "x-tierce-tier"), "pro") && !strcmp(http_value(&r, "x-tierce-reason"), "TOOL_LOOP");
        reply_free(&r);
    }
    check(d, "its loop stays with the tier that answered, in every worker", kept, 30, 30);
}

/* The pid of a child of the supervisor. */
static pid_t child_of(pid_t parent)
{
    char path[80];
    int child = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%d", &child) != 1)
        child = 0;
    if (f)
        fclose(f);
    return child;
}

static void death(drive *d)
{
    const pid_t victim = child_of(d->serve_pid);
    char *log = NULL;
    drive_case(d, victim > 0, "a worker is found", "it is not");
    if (victim <= 0)
        return;
    kill(victim, SIGKILL);
    for (int i = 0; i < 200; i++) {
        free(log);
        log = drive_read(d, "serve.log");
        if (strstr(log, "starting it anew"))
            break;
        drive_sleep(0.025);
    }
    drive_case(d, strstr(log, "died of signal 9") != NULL, "a dead worker is noticed", log);
    free(log);
    drive_sleep(2.5); /* a second's pause, and its start */
    drive_case(d, child_of(d->serve_pid) > 0 && child_of(d->serve_pid) != victim, "and replaced", "it is not");
    expect_everywhere(d, "all answer, the new one too", "after");
}

static bool is_alive(pid_t pid)
{
    char path[60], text[300] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    const size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    const char *state = n ? strrchr(text, ')') : NULL;
    return state && state[2] != 'Z';
}

/* The supervisor is killed: its workers finish what is under way, and go. */
static void orphans(drive *d, const char *options)
{
    char path[80], request[700];
    int pids[WORKERS] = {0}, n = 0, left = 0;
    write_tiers(d, "ok,in=60,out=20,first=20");
    drive_case(d, drive_start_serve(d, options), "they start again", options);
    drive_sleep(1);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)d->serve_pid, (int)d->serve_pid);
    FILE *f = fopen(path, "r");
    while (f && n < WORKERS && fscanf(f, "%d", &pids[n]) == 1)
        n++;
    if (f)
        fclose(f);
    drive_case(d, n == WORKERS, "workers are found", "they are not");
    const int fd = http_connect(d->serve);
    snprintf(request, sizeof request, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    http_send(fd, request, strlen(request));
    drive_sleep(0.2);
    kill(d->serve_pid, SIGKILL);
    drive_sleep(0.2);
    http_send(fd, body, strlen(body));
    reply r = http_receive(fd, 5);
    drive_case(d, r.status == 200 || r.status == 429, "a request under way is answered", r.body ? r.body : "");
    reply_free(&r);
    close(fd);
    for (int i = 0; i < 200; i++) {
        left = 0;
        for (int w = 0; w < n; w++)
            left += is_alive(pids[w]);
        if (!left)
            break;
        drive_sleep(0.025);
    }
    check(d, "and the workers end with their supervisor", left, 0, 0);
    for (int w = 0; left && w < n; w++)
        kill(pids[w], SIGKILL);
    drive_stop_serve(d);
}

int main(int argc, char **argv)
{
    drive d = {0};
    char options[800];
    if (!drive_arguments(&d, argc, argv))
        return 2;
    bool good = drive_start_mock(&d, "");
    write_tiers(&d, "ok,in=60,out=20,first=20");
    snprintf(options, sizeof options, "--workers %d --listen 127.0.0.1:%u --ledger %s/ledger.db", WORKERS, free_port(), d.scratch);
    if (!good || !drive_start_serve(&d, options))
        return drive_nothing_starts(&d);
    drive_sleep(1.5); /* until all of them listen */
    budget_race(&d);
    spread(&d);
    tool_loop(&d);
    reloads(&d);
    death(&d);
    drive_case(&d, drive_stop_serve(&d) == 0, "SIGTERM drains all workers", "another status");
    orphans(&d, options);
    drive_sanitizers(&d);
    drive_stop_mock(&d);
    return drive_done(&d);
}
