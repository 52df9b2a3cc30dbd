#define _DEFAULT_SOURCE
#include "tests/dispatch/drive.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* *pid becomes 0 when it ended instead. */
static bool wait_for_file(const drive *d, const char *name, pid_t *pid)
{
    for (int i = 0; i < 400; i++) {
        char *text = drive_read(d, name);
        const bool there = text && strchr(text, '\n');
        free(text);
        if (there)
            return true;
        if (waitpid(*pid, NULL, WNOHANG) == *pid) {
            *pid = 0;
            return false;
        }
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
    if (!wait_for_file(d, "ports", &d->mock_pid))
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
    if (!wait_for_file(d, "port", &d->serve_pid))
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

bool drive_arguments(drive *d, int argc, char **argv)
{
    struct rlimit files;
    if (argc < 5)
        return false;
    d->dispatch = argv[1];
    d->mock = argv[2];
    d->model = argv[3];
    d->scratch = argv[4];
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    return true;
}

double drive_mock_number(const drive *d, const char *key)
{
    char quoted[60];
    reply r = http_get(d->port, "/mock/stats");
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(r.body, quoted);
    const double v = at ? atof(at + strlen(quoted)) : -1;
    reply_free(&r);
    return v;
}

long drive_resident_kb(pid_t pid)
{
    char path[60], line[200];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "VmRSS:", 6))
            kb = atol(line + 6);
    if (f)
        fclose(f);
    return kb;
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

int drive_nothing_starts(const drive *d)
{
    char *log = drive_read(d, "serve.log");
    printf("FAILED nothing starts: %s\n0 passed, 1 failed\n", log);
    free(log);
    return 1;
}

int drive_done(drive *d)
{
    printf("%u passed, %u failed\n", d->passed, d->failed);
    return d->failed != 0;
}
