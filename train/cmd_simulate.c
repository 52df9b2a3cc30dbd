/* tierce simulate: a sample to try things on, simulated from end to end and called so in every record. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "data/options.h"
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
     "file to write (default or -: standard output)"},
};

static const td_command command = {
    "tierce simulate [OPTION...]",
    "Writes simulated evaluation records: requests composed by a grammar, outcomes of two tiers drawn\n"
    "from published per-workload pass rates of Gemini 3.5 Flash and 3.1 Pro. For trying tierce, never for\n"
    "judging those models.",
    options, sizeof options / sizeof *options, NULL};

int cmd_simulate(int argc, char **argv)
{
    simulate_options o = {3000, 1, NULL};
    const int n = td_parse_options(&command, argc, argv, &o);
    if (n < 0)
        return n == -2 ? 0 : 2;
    if (n) {
        fprintf(stderr, "tierce simulate: takes no operands; -o FILE names the output\n");
        return 2;
    }
    if (o.output && !strcmp(o.output, "-"))
        o.output = NULL;
    FILE *out = o.output ? fopen(o.output, "wb") : stdout;
    bool good = out && simulate_write(out, (uint32_t)o.records, o.seed);
    if (out && (o.output ? fclose(out) : fflush(out)))
        good = false;
    if (!good)
        fprintf(stderr, "tierce simulate: %s: %s\n", o.output ? o.output : "standard output", strerror(errno));
    return good ? 0 : 1;
}
