/* tierce-dispatch: the program that sends. `tierce serve` and `tierce dispatch` exec it. */
#define _DEFAULT_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "data/options.h"
#include "infer/dispatch/commands.h"

int main(int argc, char **argv)
{
    static const struct rlimit no_core = {0, 0};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a log or ledger that reaches ulimit -f is an error, not our death */
    /* provider keys are in our memory: no core file holds them, no other process of the user reads them */
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &no_core);
    if (argc > 1 && !strcmp(argv[1], "serve"))
        return td_end_program(argv[1], cmd_serve(argc - 1, argv + 1));
    if (argc > 1 && !strcmp(argv[1], "dispatch"))
        return td_end_program(argv[1], cmd_dispatch(argc - 1, argv + 1));
    fprintf(stderr, "usage: tierce serve|dispatch [OPTION...]; --help tells more\n");
    return 2;
}
