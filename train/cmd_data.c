/* tierce data: which subcommand, and what they share. */
#include "train/cmd_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/nearest.h"
#include "data/writer.h"
#include "train/commands.h"

static const struct {
    const char *name;
    int (*run)(int, char **);
    const char *help;
} subcommands[] = {
    {"stats", data_stats, "what is in them: outcomes, means, costs, lengths by source and workload"},
    {"check", data_check, "are they fit to learn from: duplicates, contradictions, unknown tiers"},
    {"sample", data_sample, "a sample that keeps the sources' shares"},
    {"split", data_split, "train and test, or folds, without a request on both sides"},
    {"merge", data_merge, "files of several models into one, joined by id"},
    {"export", data_export, "as a wide CSV or as OpenAI batch lines"},
};
#define N (sizeof subcommands / sizeof *subcommands)

static int help(FILE *out, int status)
{
    fprintf(out, "usage: tierce data SUBCOMMAND [OPTION...] RECORDS...\n\n");
    for (size_t i = 0; i < N; i++)
        fprintf(out, "  %-8s %s\n", subcommands[i].name, subcommands[i].help);
    fprintf(out, "\nRECORDS are JSONL files, plain or .gz. Lines that are only chosen keep their bytes.\n"
                 "tierce data SUBCOMMAND --help tells more.\n");
    return status;
}

int cmd_data(int argc, char **argv)
{
    const char *names[N];
    if (argc < 2)
        return help(stderr, 2);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return help(stdout, 0);
    for (size_t i = 0; i < N; i++) {
        if (!strcmp(argv[1], subcommands[i].name))
            return subcommands[i].run(argc - 1, argv + 1);
        names[i] = subcommands[i].name;
    }
    const char *near = td_nearest(argv[1], names, N);
    fprintf(stderr, "tierce data: unknown subcommand \"%.60s\"%s%s%s; see tierce data --help\n", argv[1],
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return 2;
}

static void complain(void *context, const char *message)
{
    fprintf(stderr, "tierce data %s: %s\n", (const char *)context, message);
}

int data_parse(const td_command *command, int argc, char **argv, void *into, td_files *files)
{
    const int n = td_parse_options(command, argc, argv, into);
    if (n < 0)
        return n;
    if (!n) {
        fprintf(stderr, "tierce data %s: name the files with records; see --help\n", argv[0]);
        return -1;
    }
    *files = (td_files){(const char *const *)(argv + 1), (size_t)n, 0, complain, argv[0], 0, NULL};
    return n;
}

int data_usage(int status)
{
    return status == -2 ? 0 : 2;
}

int data_done(const char *name, bool good, const td_files *files, td_out *report, const char *output,
              const td_error *error)
{
    FILE *to = output && td_writer_is_stdout(output) ? stderr : stdout;
    if (good && report->len)
        fwrite(report->at, 1, report->len, to);
    if (good && files->bad)
        fprintf(to, "%llu bad line%s left out\n", (unsigned long long)files->bad, files->bad == 1 ? " was" : "s were");
    if (!good)
        fprintf(stderr, "tierce data %s: %s\n", name, error->text);
    free(report->at);
    return good ? 0 : 1;
}
