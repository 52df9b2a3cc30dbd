#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "infer/dispatch/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* An idle descriptor of this very number; false where another thread was quicker. */
static bool hold(int fd)
{
    const int any = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (any < 0 || any == fd)
        return any == fd;
    const int held = fcntl(any, F_DUPFD_CLOEXEC, fd);
    close(any);
    if (held >= 0 && held != fd)
        close(held);
    return held == fd;
}

void ds_numbers_keep(ds_numbers *k, int fd)
{
    const bool held = hold(fd);
    if (k->n == DS_NUMBERS) /* held for good, then */
        return;
    k->number[k->n] = fd;
    k->held[k->n++] = held;
}

int ds_numbers_avoid(ds_numbers *k, int fd)
{
    for (size_t i = 0; fd >= 0 && i < k->n; i++) {
        if (k->held[i] || k->number[i] != fd)
            continue;
        k->held[i] = true; /* by this one */
        fd = fcntl(fd, F_DUPFD_CLOEXEC, fd);
        i = (size_t)-1;
    }
    return fd;
}

void ds_numbers_release(ds_numbers *k)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->held[i])
            close(k->number[i]);
    k->n = 0;
}
