/* The everyday work on records, one function a subcommand of `tierce data`. */
#ifndef TIERCE_CMD_DATA_H
#define TIERCE_CMD_DATA_H

#include "data/each.h"
#include "data/options.h"
#include "data/text_out.h"

int data_stats(int argc, char **argv);
int data_check(int argc, char **argv);
int data_sample(int argc, char **argv);
int data_split(int argc, char **argv);
int data_merge(int argc, char **argv);
int data_export(int argc, char **argv);

/* ---- what they share ---- */

/* Options into *into, files into *files (complaints go to stderr); how many files. Negative: the
 * command is over, with exit status data_usage(status). */
int data_parse(const td_command *command, int argc, char **argv, void *into, td_files *files);
int data_usage(int status);
/* Prints the report (to stderr when the records went to stdout) or the error; the exit status. */
int data_done(const char *name, bool good, const td_files *files, td_out *report, const char *output,
              const td_error *error);

#define DATA_MAX_BAD(type)                                                                         \
    {"max-bad", 0, TD_COUNT, offsetof(type, max_bad), 0, 1e12, "N",                                \
     "skip up to N bad lines, each reported on stderr (default 0: stop)"}
#define DATA_OUTPUT(type)                                                                          \
    {"output", 'o', TD_STRING, offsetof(type, output), 0, 0, "FILE",                               \
     "file to write, packed when it ends in .gz (default or -: standard output)"}

#endif
