/* tierce: the small program for the edge. What learns lives in tierce-train beside it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/nearest.h"
#include "data/options.h"
#include "infer/commands.h"

#ifndef TIERCE_RELEASE
#define TIERCE_RELEASE "0.1.0"
#endif

static const struct {
    const char *name;
    int (*run)(int, char **); /* NULL: another program of ours does it */
    const char *program;
    const char *help;
} commands[] = {
    {"route", cmd_route, NULL, "decide which tier a prompt needs, and say why"},
    {"score", cmd_score, NULL, "decide for every line of a file: JSONL in, JSONL out"},
    {"inspect", cmd_inspect, NULL, "everything in a model file"},
    {"diff", cmd_diff, NULL, "what changed between two models, and in their decisions"},
    {"features", cmd_features, NULL, "a request's features, by name"},
    {"dispatch", NULL, "tierce-dispatch", "send requests where the decisions say: JSONL in, answers out"},
    {"serve", NULL, "tierce-dispatch", "an OpenAI-compatible server that decides and sends on"},
    {"train", NULL, "tierce-train", "fit a router to evaluation records"},
    {"eval", NULL, "tierce-train", "judge routing on records that the fit never saw"},
    {"shrink", NULL, "tierce-train", "the best model under a size, and what each size costs"},
    {"tune", NULL, "tierce-train", "from a goal to an operating point, on held-out records"},
    {"compare", NULL, "tierce-train", "judge two models on the same records: which to promote"},
    {"drift", NULL, "tierce-train", "compare traffic with the portrait of the training records"},
    {"import", NULL, "tierce-train", "make records of evaluation harnesses' and gateways' files"},
    {"data", NULL, "tierce-train", "statistics, check, sample, split, merge and export of records"},
    {"tiers", NULL, "tierce-train", "make a tiers.json from a kept price table, check one"},
    {"simulate", NULL, "tierce-train", "write a simulated sample of records"},
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static int help(FILE *out, int status)
{
    fprintf(out, "usage: tierce COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\ntierce COMMAND --help tells more; tierce --version.\n");
    return status;
}

/* As git does with git-foo: the program beside this one, else the one on the PATH. */
static int run_other(const char *program, char **argv)
{
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
    argv[0] = (char *)(size_t)program;
    if (n > 0) {
        path[n] = 0;
        char *slash = strrchr(path, '/');
        if (slash) {
            snprintf(slash + 1, 64, "%s", program);
            execv(path, argv);
        }
    }
    execvp(program, argv);
    fprintf(stderr, "tierce: %s: %s; install %s beside tierce\n", program, strerror(errno), program);
    return 1;
}

int main(int argc, char **argv)
{
    const char *names[N_COMMANDS];
    if (argc < 2)
        return help(stderr, 2);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return td_end_program("", help(stdout, 0));
    if (!strcmp(argv[1], "--version")) {
        printf("tierce %s\n", TIERCE_RELEASE);
        return td_end_program("", 0);
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run ? td_end_program(argv[1], commands[i].run(argc - 1, argv + 1))
                                   : run_other(commands[i].program, argv);
        names[i] = commands[i].name;
    }
    const char *near = td_nearest(argv[1], names, N_COMMANDS);
    fprintf(stderr, "tierce: unknown command \"%.60s\"%s%s%s; see tierce --help\n", argv[1],
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return 2;
}
