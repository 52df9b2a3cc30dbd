#include "data/standard_out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *td_stdout_fault(void)
{
    errno = 0;
    if (fflush(stdout))
        return strerror(errno);
    /* a write that failed earlier leaves only the mark: the buffer may be empty and flush without complaint */
    return ferror(stdout) ? "a write failed" : NULL;
}
