/* Standard output at the end of a program: what could not be written is an error, whatever command wrote. */
#ifndef TIERCE_STANDARD_OUT_H
#define TIERCE_STANDARD_OUT_H

/* Flushes standard output. NULL when everything that was ever written there went through, else why not. Once, last thing
 * in main(). */
const char *td_stdout_fault(void);

#endif
