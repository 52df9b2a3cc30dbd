#include "data/standard_out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int td_end_stdout(const char *program, const char *command, int status)
{
    errno = 0;
    const int flushed = fflush(stdout);
    const int why = flushed ? errno : 0;
    /* a write that failed earlier leaves only the mark: the buffer may be empty and flush without complaint */
    if (!flushed && !ferror(stdout))
        return status;
    fprintf(stderr, "%s%s%.60s: cannot write the output%s%s\n", program, command ? " " : "", command ? command : "",
            why ? ": " : "", why ? strerror(why) : "");
    return 1;
}
