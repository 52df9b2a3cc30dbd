/* Preloaded (LD_PRELOAD) by the torture tests: the FAIL_AT-th allocation of the process, libraries
 * included, returns NULL; with FAIL_FOR=k the k-1 after it, too. FAIL_IN=libcurl counts only what a library
 * of such a name asks for, itself or by an allocator of the program's; FAIL_IN=MAIN what the program itself does. When the process ends, the number of allocations that were counted goes into
 * the file FAIL_LOG. FAIL_TRACE: the call stack of the first failure goes to stderr (addr2line reads it). glibc only. */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static atomic_long calls;
static long fail_at, fail_for = 1;
static uintptr_t from, to = UINTPTR_MAX; /* the callers that count */
static int trace;

static int look(struct dl_phdr_info *object, size_t size, void *name)
{
    (void)size;
    const char *is = object->dlpi_name ? object->dlpi_name : "";
    if (!strcmp(name, "MAIN") ? *is != 0 : !strstr(is, name)) /* the program's own name is empty, and comes first */
        return 0;
    from = UINTPTR_MAX;
    to = 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const uintptr_t at = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
        if (object->dlpi_phdr[i].p_type != PT_LOAD)
            continue;
        from = at < from ? at : from;
        to = at + object->dlpi_phdr[i].p_memsz > to ? at + object->dlpi_phdr[i].p_memsz : to;
    }
    return 1;
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("FAIL_AT"), *burst = getenv("FAIL_FOR"), *in = getenv("FAIL_IN");
    void *frame[4];
    if (in && *in && !dl_iterate_phdr(look, (void *)(uintptr_t)in))
        from = to = 0; /* no such library here: nothing fails */
    trace = getenv("FAIL_TRACE") != NULL;
    backtrace(frame, 4); /* loads what it needs */
    fail_for = burst ? atol(burst) : 1;
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

static int is_theirs(const void *caller)
{
    return (uintptr_t)caller >= from && (uintptr_t)caller < to;
}

static int counts(const void *caller)
{
    void *frame[5];
    if (is_theirs(caller))
        return 1;
    for (int n = to ? backtrace(frame, 5) : 0; n > 0;)
        if (is_theirs(frame[--n]))
            return 1;
    return 0;
}

static int fails(const void *caller)
{
    if (fail_at <= 0 || (from && !counts(caller)) || !to)
        return 0;
    const long n = atomic_fetch_add(&calls, 1) + 1;
    if (n < fail_at || n >= fail_at + fail_for)
        return 0;
    if (trace && n == fail_at) {
        void *frame[48];
        backtrace_symbols_fd(frame, backtrace(frame, 48), 2);
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}
