/* tierce-train: everything that learns. `tierce train` and `tierce eval` exec this program. */
#include <stdio.h>
#include <string.h>

#include "data/nearest.h"
#include "data/options.h"
#include "train/commands.h"

static const struct {
    const char *name;
    int (*run)(int, char **);
    const char *help;
} commands[] = {
    {"train", cmd_train, "fit a router to records and write its model file"},
    {"eval", cmd_eval, "judge routing on records that the fit never saw"},
    {"shrink", cmd_shrink, "the best model under a size, and what each size costs"},
    {"tune", cmd_tune, "from a goal to an operating point, on held-out records"},
    {"compare", cmd_compare, "judge two models on the same records: which to promote"},
    {"drift", cmd_drift, "compare traffic with the portrait of the training records"},
    {"import", cmd_import, "make records of evaluation harnesses' and gateways' files"},
    {"data", cmd_data, "statistics, check, sample, split, merge and export of records"},
    {"tiers", cmd_tiers, "make a tiers.json from a kept price table, check one"},
    {"simulate", cmd_simulate, "write a simulated sample of records, to try things on"},
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static int help(FILE *out, int status)
{
    fprintf(out, "usage: tierce-train COMMAND [OPTION…]\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\ntierce-train COMMAND --help tells more.\n");
    return status;
}

int main(int argc, char **argv)
{
    const char *names[N_COMMANDS];
    if (argc < 2)
        return help(stderr, 2);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
        return td_end_program("", help(stdout, 0));
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (!strcmp(argv[1], commands[i].name))
            return td_end_program(argv[1], commands[i].run(argc - 1, argv + 1));
        names[i] = commands[i].name;
    }
    const char *near = td_nearest(argv[1], names, N_COMMANDS);
    fprintf(stderr, "tierce-train: unknown command \"%.60s\"%s%s%s; see tierce-train --help\n", argv[1],
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return 2;
}
