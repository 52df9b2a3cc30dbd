/* Command lines from one table: parsing, checking and --help all come from it.
 *
 * An option is --name VALUE or --name=VALUE, a flag is --name; one-letter aliases are -m VALUE. An
 * unknown one is an error that names the nearest known one. "--" ends options; "-" is an operand. A
 * TD_MAYBE is a number that may be left out: --name, or --name=VALUE; without it the field becomes NaN. */
#ifndef TIERCE_OPTIONS_H
#define TIERCE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { TD_FLAG, TD_STRING, TD_COUNT, TD_NUMBER, TD_MAYBE } td_option_type;

typedef struct {
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    td_option_type type;
    size_t offset;     /* into the struct of options: bool, const char *, uint64_t or double */
    double low, high;  /* range of counts and numbers */
    const char *value; /* how --help calls the value; NULL for flags */
    const char *help;
} td_option;

typedef struct {
    const char *usage; /* "tierce route [OPTION…] [PROMPT]" */
    const char *about; /* a paragraph or several */
    const td_option *options;
    size_t n_options;
    const char *after; /* printed behind the options: examples, exit codes; may be NULL */
} td_command;

/* Fills *into (defaults are already there) and moves the operands to the front of argv (from 1).
 * Returns the number of operands; -1 after a complaint on stderr (exit 2); -2 after --help. */
int td_parse_options(const td_command *command, int argc, char **argv, void *into);

/* No text among the options is empty: an empty value is never a wish, but a variable that was not set. False after
 * a complaint on stderr (exit 2). */
bool td_no_empty_text(const td_command *command, const void *options);

/* The last thing in main(): flushes standard output. The exit status is `status`, or 1 with a complaint on stderr where
 * not all that was ever written there went through. `command` as typed behind "tierce"; "": none. */
int td_end_program(const char *command, int status);

#endif
