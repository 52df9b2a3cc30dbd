/* tierce simulate: a sample to try things on, simulated from end to end and called so in every record. */
#include <stdio.h>
#include <string.h>

#include "data/options.h"
#include "data/writer.h"
#include "train/commands.h"
#include "train/simulate.h"

typedef struct {
    uint64_t records, seed;
    const char *output;
} simulate_options;

static const td_option options[] = {
    {"records", 'n', TD_COUNT, offsetof(simulate_options, records), 1, 1e7, "N", "records (default 3000)"},
    {"seed", 0, TD_COUNT, offsetof(simulate_options, seed), 0, 4294967295.0, "N", "seed (default 1)"},
    {"output", 'o', TD_STRING, offsetof(simulate_options, output), 0, 0, "FILE",
     "file to write, packed where it ends in .gz (default or -: standard output)"},
};

static const td_command command = {
    "tierce simulate [OPTION...]",
    "Writes simulated evaluation records: requests composed by a grammar, outcomes of two tiers drawn\n"
    "from published per-workload pass rates of Gemini 3.5 Flash and 3.1 Pro. For trying tierce, never for\n"
    "judging those models.",
    options, sizeof options / sizeof *options, NULL};

typedef struct {
    td_writer *out;
    td_error *error;
} sink;

static bool put(void *context, const char *line, size_t len)
{
    const sink *s = context;
    return td_writer_put(s->out, line, len, s->error);
}

int cmd_simulate(int argc, char **argv)
{
    simulate_options o = {3000, 1, "-"};
    td_error error = {"out of memory"};
    const int n = td_parse_options(&command, argc, argv, &o);
    if (n < 0)
        return n == -2 ? 0 : 2;
    if (n) {
        fprintf(stderr, "tierce simulate: takes no operands; -o FILE names the output\n");
        return 2;
    }
    sink s = {td_writer_open(o.output, &error), &error};
    bool good = s.out && simulate_each((uint32_t)o.records, o.seed, put, &s);
    good = td_writer_end(s.out, good, &error) && good;
    if (!good)
        fprintf(stderr, "tierce simulate: %s\n", error.text);
    return good ? 0 : 1;
}
