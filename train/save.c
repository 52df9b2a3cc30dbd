#include "train/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/writer.h"
#include "infer/router.h"

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len) {
        const ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Pipes and devices are written straight: there is nothing to replace. */
static bool write_special(const char *path, const uint8_t *bytes, size_t len, td_error *error)
{
    const int fd = td_writer_is_stdout(path) ? STDOUT_FILENO : open(path, O_WRONLY | O_CLOEXEC);
    const bool good = fd >= 0 && write_all(fd, bytes, len);
    if (!good)
        td_fail(error, "%s: %s; the model was not saved", path, strerror(errno));
    if (fd > STDOUT_FILENO)
        close(fd);
    return good;
}

/* place: the path, links followed. */
static bool replace(const char *path, const char *place, const uint8_t *bytes, size_t len, td_error *error)
{
    const size_t n = strlen(place);
    struct stat old; /* whoever could not read it before shall not now */
    const mode_t mode = stat(place, &old) == 0 ? old.st_mode & 0777 : 0644;
    char *temporary = malloc(n + 16);
    if (!temporary)
        return td_fail(error, "%s: out of memory", path);
    memcpy(temporary, place, n);
    memcpy(temporary + n, ".XXXXXX", 8);
    const int fd = mkstemp(temporary);
    bool good = fd >= 0 && write_all(fd, bytes, len) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    if (fd >= 0 && close(fd) < 0)
        good = false;
    if (good && rename(temporary, place) < 0)
        good = false;
    if (!good) {
        td_fail(error, "%s: %s; the model was not saved, an older file is untouched", path,
                strerror(errno));
        if (fd >= 0)
            unlink(temporary);
    }
    free(temporary);
    return good;
}

/* A file that cannot be opened is worth nothing, and would replace one that can. */
static bool opens(const uint8_t *bytes, size_t len, const char *path, td_error *error)
{
    tierce_router *router;
    tierce_error fault;
    const bool good = tierce_router_open(&router, bytes, len, NULL, &fault) == TIERCE_OK;
    if (good)
        tierce_router_close(router);
    return good || td_fail(error, "%s: the model that these records give would not open: %s (at byte %llu); it was not saved",
                           path, fault.message, (unsigned long long)fault.position);
}

bool tr_save(const tm_model *model, const char *path, uint64_t *size, td_error *error)
{
    uint8_t *bytes;
    size_t len;
    tierce_error fault;
    if (tm_model_encode(model, NULL, &bytes, &len, &fault) != TIERCE_OK)
        return td_fail(error, "%s: %s", path, fault.message);
    char *place = td_writer_place(path);
    const bool good = !opens(bytes, len, path, error)   ? false
                      : td_writer_in_place(path)        ? write_special(path, bytes, len, error)
                      : !place ? td_fail(error, "%s: %s; the model was not saved", path, strerror(errno))
                               : replace(path, place, bytes, len, error);
    free(place);
    free(bytes);
    if (size)
        *size = len;
    return good;
}
