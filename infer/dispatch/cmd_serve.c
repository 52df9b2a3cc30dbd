/* tierce serve: an OpenAI-compatible server that decides and sends on. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "infer/dispatch/commands.h"
#include "infer/dispatch/server.h"

static const td_option options[] = {
    DS_ENGINE_OPTIONS(ds_serve_options, engine),
    {"listen", 'l', TD_STRING, offsetof(ds_serve_options, listen), 0, 0, "ADDRESS:PORT",
     "where to listen (default 127.0.0.1:8080; port 0: any free one)"},
    {"port-file", 0, TD_STRING, offsetof(ds_serve_options, port_file), 0, 0, "FILE", "write the port there"},
    {"workers", 'w', TD_COUNT, offsetof(ds_serve_options, workers), 1, DS_MAX_WORKERS, "N",
     "processes that share the port (default 1)"},
    {"client-keys-env", 0, TD_STRING, offsetof(ds_serve_options, client_keys_env), 0, 0, "NAME",
     "environment variable with the keys that clients must show, separated by commas"},
    {"fingerprints", 0, TD_FLAG, offsetof(ds_serve_options, fingerprints), 0, 0, NULL,
     "print the fingerprints of these keys, for budgets, and end"},
    {"max-body", 0, TD_COUNT, offsetof(ds_serve_options, max_body), 1024, 4e9, "BYTES",
     "largest request (default 33554432)"},
    {"max-held", 0, TD_COUNT, offsetof(ds_serve_options, max_held), 1024, 1e15, "BYTES",
     "of all requests under way together, per worker; further ones get a 503 (default 1073741824)"},
    {"max-connections", 0, TD_COUNT, offsetof(ds_serve_options, max_connections), 1, 1e6, "N",
     "per worker; further ones wait to be accepted (default 16384)"},
    {"head-timeout", 0, TD_NUMBER, offsetof(ds_serve_options, head_timeout), 0.05, 3600, "S",
     "for a request's head to arrive (default 10)"},
    {"body-timeout", 0, TD_NUMBER, offsetof(ds_serve_options, body_timeout), 0.05, 3600, "S",
     "for its body to arrive (default 60)"},
    {"idle-timeout", 0, TD_NUMBER, offsetof(ds_serve_options, idle_timeout), 0.05, 86400, "S",
     "for the next request on a connection (default 75)"},
    {"stall-timeout", 0, TD_NUMBER, offsetof(ds_serve_options, stall_timeout), 0.05, 86400, "S",
     "a client that takes nothing of its answer for so long is gone (default 120)"},
    {"busy-poll", 0, TD_COUNT, offsetof(ds_serve_options, busy_poll), 0, 1e6, "US",
     "microseconds to look for more before sleeping; costs up to a core a worker (default 0)"},
    {"drain", 0, TD_NUMBER, offsetof(ds_serve_options, drain), 0, 86400, "S",
     "after SIGTERM, for requests under way to end (default 30)"},
};

static const td_command command = {
    "tierce serve [OPTION...]",
    "Serves POST /v1/chat/completions (streaming and not), POST /v1/route (decide only), GET /v1/models,\n"
    "/healthz and /metrics. The request's model picks: \"tierce\" decides by the command line's policy,\n"
    "\"tierce:POINT\" by an operating point of the model, a tier's name forces that tier.\n"
    "SIGHUP reloads model and tiers, SIGTERM drains.",
    options, sizeof options / sizeof *options,
    "exit status: 0 drained, 1 cannot serve, 2 wrong usage\n"
    "example: GEMINI_API_KEY=… tierce serve -m router.tierce --tiers tiers.json --value 0.05"};

/* ---- several workers ---- */

typedef struct {
    const ds_serve_options *o;
    const char *keys;
    ds_stats *all;
    ds_shared *shared;
    sigset_t signals; /* blocked in the supervisor, which waits for them */
    pid_t pids[DS_MAX_WORKERS];
    unsigned alive;
    bool leaving;
    int worst; /* exit status */
} supervisor;

/* A supervisor that is killed tells nobody: its workers would serve on, with the old config, beside those of the next. */
static void end_with(pid_t parent)
{
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    if (getppid() != parent) /* it died before that */
        exit(1);
}

static bool start_worker(supervisor *s, unsigned i)
{
    const pid_t parent = getpid(), pid = fork();
    if (!pid) {
        end_with(parent);
        sigprocmask(SIG_UNBLOCK, &s->signals, NULL);
        atomic_store(&s->all[i].in_flight, 0); /* what a dead predecessor had under way is gone */
        atomic_store(&s->all[i].open_connections, 0);
        exit(ds_server_run(s->o, s->keys, i, s->all, s->shared));
    }
    if (pid < 0) {
        fprintf(stderr, "tierce serve: fork: %s\n", strerror(errno));
        return false;
    }
    s->pids[i] = pid;
    s->alive++;
    return true;
}

static void tell(const supervisor *s, int number)
{
    for (unsigned i = 0; i < s->o->workers; i++)
        if (s->pids[i] > 0)
            kill(s->pids[i], number);
}

static void leave(supervisor *s)
{
    s->leaving = true;
    tell(s, SIGTERM);
}

/* A worker that died while serving is replaced; one that could not start ends them all. */
static void worker_ended(supervisor *s, unsigned i, int status)
{
    static const struct timespec pause = {1, 0};
    s->pids[i] = 0;
    s->alive--;
    if (WIFEXITED(status) && WEXITSTATUS(status))
        s->worst = WEXITSTATUS(status);
    if (s->leaving)
        return;
    if (WIFEXITED(status)) {
        leave(s);
        return;
    }
    fprintf(stderr, "tierce serve: worker %u died of signal %d; starting it anew\n", i, WTERMSIG(status));
    nanosleep(&pause, NULL);
    if (!start_worker(s, i))
        leave(s);
}

static int run_workers(supervisor *s)
{
    sigemptyset(&s->signals);
    sigaddset(&s->signals, SIGTERM);
    sigaddset(&s->signals, SIGINT);
    sigaddset(&s->signals, SIGHUP);
    sigaddset(&s->signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &s->signals, NULL);
    for (unsigned i = 0; i < s->o->workers; i++)
        if (!start_worker(s, i)) {
            leave(s);
            s->worst = 1;
            break;
        }
    while (s->alive) {
        int number = 0, status;
        pid_t pid;
        sigwait(&s->signals, &number);
        if (number == SIGHUP)
            tell(s, SIGHUP);
        else if (number != SIGCHLD)
            leave(s);
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            for (unsigned i = 0; i < s->o->workers; i++)
                if (s->pids[i] == pid)
                    worker_ended(s, i, status);
    }
    return s->worst;
}

static void raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void *shared_memory(size_t n)
{
    void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* One a line, in the order in which the variable holds them. */
static int print_fingerprints(const char *keys)
{
    ds_fingerprint_text of;
    if (!keys) {
        fprintf(stderr, "tierce serve: --fingerprints says nothing without --client-keys-env NAME; add it\n");
        return 2;
    }
    for (size_t n; *(keys += strspn(keys, ", \t\n")); keys += n) {
        n = strcspn(keys, ", \t\n");
        ds_fingerprint(of, keys, n);
        puts(of);
    }
    return 0;
}

int cmd_serve(int argc, char **argv)
{
    ds_serve_options o = {.engine = DS_ENGINE_DEFAULTS, .listen = "127.0.0.1:8080", .workers = 1,
                          .max_body = (uint64_t)32 << 20, .max_held = (uint64_t)1 << 30,
                          .max_connections = 16384, .head_timeout = 10,
                          .body_timeout = 60, .idle_timeout = 75, .stall_timeout = 120, .drain = 30};
    const int operands = td_parse_options(&command, argc, argv, &o);
    const char *keys = NULL;
    if (operands < 0)
        return operands == -2 ? 0 : 2;
    if (operands) {
        fprintf(stderr, "tierce serve: takes no operand: %s; see --help\n", argv[1]);
        return 2;
    }
    if (!td_no_empty_text(&command, &o) || !ds_engine_options_good("tierce serve", &o.engine))
        return 2;
    if (o.client_keys_env && (!(keys = getenv(o.client_keys_env)) || !keys[strspn(keys, ", \t\n")])) {
        fprintf(stderr, "tierce serve: --client-keys-env: the environment variable %s is not set; export it\n",
                o.client_keys_env);
        return 2;
    }
    if (o.fingerprints)
        return print_fingerprints(keys);
    const char *port = strrchr(o.listen, ':');
    if (o.workers > 1 && port && port[1] && !port[1 + strspn(port + 1, "0")]) {
        fprintf(stderr, "tierce serve: --listen %s: several workers share one port; name it\n", o.listen);
        return 2;
    }
    raise_files();
    const bool several = o.workers > 1;
    ds_stats *all = shared_memory(o.workers * sizeof *all);
    ds_shared *shared = several ? shared_memory(sizeof *shared) : NULL;
    if (!all || (several && !shared)) {
        fprintf(stderr, "tierce serve: out of memory\n");
        return 1;
    }
    supervisor s = {.o = &o, .keys = keys, .all = all, .shared = shared};
    const int status = several ? run_workers(&s) : ds_server_run(&o, keys, 0, all, NULL);
    munmap(all, o.workers * sizeof *all);
    if (shared)
        munmap(shared, sizeof *shared);
    return status;
}
