/* Standard output at the end of a program: what could not be written is an error and is said, whatever command wrote. */
#ifndef TIERCE_STANDARD_OUT_H
#define TIERCE_STANDARD_OUT_H

/* Flushes standard output. Returns `status` when everything that was ever written there went through; else 1, after
 * "PROGRAM COMMAND: cannot write the output: why" on standard error (command: NULL, none). Once, last thing in main(). */
int td_end_stdout(const char *program, const char *command, int status);

#endif
