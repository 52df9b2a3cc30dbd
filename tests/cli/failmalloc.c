/* Preloaded (LD_PRELOAD) by torture.sh: the FAIL_AT-th allocation of the process, libraries
 * included, returns NULL. When the process ends, the number of allocations goes into the file
 * FAIL_LOG. glibc only. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static atomic_long calls;
static long fail_at;

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("FAIL_AT");
    fail_at = at ? atol(at) : 0;
    atomic_store(&calls, 0);
}

__attribute__((destructor)) static void finish(void)
{
    const char *path = getenv("FAIL_LOG");
    char digits[24];
    size_t n = sizeof digits;
    const int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    for (long v = atomic_load(&calls); n > 0 && (v > 0 || n == sizeof digits); v /= 10)
        digits[--n] = (char)('0' + v % 10);
    if (fd >= 0) {
        if (write(fd, digits + n, sizeof digits - n) < 0)
            _exit(125);
        close(fd);
    }
}

static int fails(void)
{
    if (fail_at <= 0 || atomic_fetch_add(&calls, 1) + 1 != fail_at)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}
