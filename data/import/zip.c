#include "data/import/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "data/zst.h"

#define END_MARK 0x06054b50u
#define ENTRY_MARK 0x02014b50u
#define LOCAL_MARK 0x04034b50u
#define END64_MARK 0x06064b50u
#define END_SIZE 22
#define ENTRY_SIZE 46
#define LOCAL_SIZE 30
#define MAX_MEMBERS ((uint64_t)1 << 24)
#define MAX_DIRECTORY ((uint64_t)1 << 30)

static uint32_t le(const unsigned char *at, int bytes)
{
    uint32_t v = 0;
    for (int i = bytes; i-- > 0;)
        v = v << 8 | at[i];
    return v;
}

static uint64_t le64(const unsigned char *at)
{
    return le(at, 4) | (uint64_t)le(at + 4, 4) << 32;
}

static bool read_at(const td_zip *zip, uint64_t at, void *into, size_t len, td_error *error)
{
    if (at > zip->file_size || len > zip->file_size - at)
        return td_fail(error, "%.300s: the ZIP archive points outside itself; fetch it again", zip->path);
    for (size_t got = 0; got < len;) {
        const ssize_t n = pread(zip->fd, (char *)into + got, len - got, (off_t)(at + got));
        if (n <= 0)
            return td_fail(error, "%.300s: cannot be read: %s", zip->path, n ? strerror(errno) : "cut off");
        got += (size_t)n;
    }
    return true;
}

/* ---- the directory ---- */

/* Finds the end record, which a comment of up to 64 KiB may follow. */
static bool find_end(const td_zip *zip, uint64_t *place, td_error *error)
{
    const size_t most = zip->file_size < END_SIZE + 65535 ? (size_t)zip->file_size : END_SIZE + 65535;
    unsigned char *tail = malloc(most ? most : 1);
    bool found = false;
    if (!tail)
        return td_fail(error, "%.300s: out of memory", zip->path);
    if (!read_at(zip, zip->file_size - most, tail, most, error)) {
        free(tail);
        return false;
    }
    for (size_t i = most >= END_SIZE ? most - END_SIZE + 1 : 0; !found && i-- > 0;)
        if (le(tail + i, 4) == END_MARK && i + END_SIZE + le(tail + i + 20, 2) == most) {
            *place = zip->file_size - most + i;
            found = true;
        }
    free(tail);
    return found || td_fail(error, "%.300s: not a whole ZIP archive (its directory, at the end, is missing): was the "
                                   "run killed while it wrote, or the copy cut off?",
                            zip->path);
}

/* Sizes and offset that do not fit 32 bits stand in an extra field, in this order. */
static bool take_extra(td_zip_member *m, const unsigned char *extra, size_t len)
{
    while (len >= 4) {
        const size_t n = le(extra + 2, 2);
        if (n > len - 4)
            return false;
        if (le(extra, 2) == 1) {
            uint64_t *fields[3] = {&m->size, &m->packed, &m->offset};
            size_t at = 4;
            for (int i = 0; i < 3; i++)
                if (*fields[i] == 0xffffffffu) {
                    if (at + 8 > n + 4)
                        return false;
                    *fields[i] = le64(extra + at);
                    at += 8;
                }
        }
        extra += n + 4;
        len -= n + 4;
    }
    return true;
}

/* One entry at `at`; its length in the directory, or 0. */
static size_t take_entry(td_zip_member *m, const unsigned char *at, size_t left)
{
    if (left < ENTRY_SIZE || le(at, 4) != ENTRY_MARK)
        return 0;
    const size_t name = le(at + 28, 2), extra = le(at + 30, 2), comment = le(at + 32, 2);
    if (ENTRY_SIZE + name + extra + comment > left)
        return 0;
    m->method = (uint16_t)le(at + 10, 2);
    m->crc = le(at + 16, 4);
    m->packed = le(at + 20, 4);
    m->size = le(at + 24, 4);
    m->offset = le(at + 42, 4);
    if (!take_extra(m, at + ENTRY_SIZE + name, extra) || !(m->name = malloc(name + 1)))
        return 0;
    memcpy(m->name, at + ENTRY_SIZE, name);
    m->name[name] = 0;
    return ENTRY_SIZE + name + extra + comment;
}

static bool read_directory(td_zip *zip, uint64_t at, uint64_t size, uint64_t count, td_error *error)
{
    if (size > MAX_DIRECTORY || count > MAX_MEMBERS || count * ENTRY_SIZE > size)
        return td_fail(error, "%.300s: the ZIP archive's directory is damaged; fetch it again", zip->path);
    unsigned char *bytes = malloc(size ? (size_t)size : 1);
    zip->members = calloc(count ? (size_t)count : 1, sizeof *zip->members);
    bool good = bytes && zip->members ? read_at(zip, at, bytes, (size_t)size, error)
                                      : td_fail(error, "%.300s: out of memory", zip->path);
    for (size_t used = 0; good && zip->n < count;) {
        const size_t n = take_entry(&zip->members[zip->n], bytes + used, (size_t)size - used);
        if (!n)
            good = td_fail(error, "%.300s: entry %zu of the ZIP archive's directory is damaged", zip->path, zip->n + 1);
        zip->n += n != 0;
        used += n;
    }
    free(bytes);
    return good;
}

static bool open_directory(td_zip *zip, td_error *error)
{
    unsigned char end[END_SIZE], far[56];
    uint64_t place = 0;
    if (!find_end(zip, &place, error) || !read_at(zip, place, end, END_SIZE, error))
        return false;
    uint64_t count = le(end + 10, 2), size = le(end + 12, 4), at = le(end + 16, 4);
    if (count == 0xffff || size == 0xffffffffu || at == 0xffffffffu) {
        if (place < 20 || !read_at(zip, place - 20, far, 20, error))
            return false;
        const uint64_t there = le64(far + 8);
        if (!read_at(zip, there, far, sizeof far, error))
            return false;
        if (le(far, 4) != END64_MARK)
            return td_fail(error, "%.300s: the ZIP64 directory is damaged; fetch it again", zip->path);
        count = le64(far + 32);
        size = le64(far + 40);
        at = le64(far + 48);
    }
    return read_directory(zip, at, size, count, error);
}

bool td_zip_open(td_zip *zip, const char *path, td_error *error)
{
    struct stat st;
    memset(zip, 0, sizeof *zip);
    zip->path = strdup(path);
    zip->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (!zip->path || zip->fd < 0 || fstat(zip->fd, &st))
        return td_fail(error, "%.300s: %s; check the path", path, strerror(errno));
    zip->file_size = (uint64_t)st.st_size;
    return open_directory(zip, error);
}

void td_zip_close(td_zip *zip)
{
    for (size_t i = 0; i < zip->n; i++)
        free(zip->members[i].name);
    free(zip->members);
    if (zip->path && zip->fd >= 0)
        close(zip->fd);
    free(zip->path);
    memset(zip, 0, sizeof *zip);
}

const td_zip_member *td_zip_find(const td_zip *zip, const char *name)
{
    for (size_t i = 0; i < zip->n; i++)
        if (!strcmp(zip->members[i].name, name))
            return &zip->members[i];
    return NULL;
}

/* ---- unpacking ---- */

static bool unpack_deflate(const char *packed, size_t packed_len, char *out, size_t size)
{
    z_stream z;
    memset(&z, 0, sizeof z);
    if (packed_len > UINT32_MAX || size > UINT32_MAX || inflateInit2(&z, -15) != Z_OK)
        return false;
    z.next_in = (Bytef *)(size_t)packed;
    z.avail_in = (uInt)packed_len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)size + 1; /* the byte for the final 0: using it means too much */
    const int code = inflate(&z, Z_FINISH);
    const bool good = code == Z_STREAM_END && z.total_out == size;
    inflateEnd(&z);
    return good;
}

static bool unpack_zst(const char *packed, size_t packed_len, char *out, size_t size)
{
    td_zst *z = td_zst_open();
    const char *fault = NULL;
    size_t made = 0, n = 1;
    while (z && !fault && n && made <= size) {
        n = td_zst_run(z, &packed, &packed_len, out + made, size + 1 - made, &fault);
        made += n;
    }
    const bool good = z && !fault && made == size && !packed_len && td_zst_complete(z);
    td_zst_close(z);
    return good;
}

/* A fuzzer would never guess a checksum: its build goes without. */
static bool sum_is_right(const td_zip_member *m, const char *bytes)
{
#ifdef TIERCE_FUZZING
    return m && bytes;
#else
    return crc32(crc32(0, NULL, 0), (const Bytef *)bytes, (uInt)m->size) == m->crc;
#endif
}

static bool unpack(const td_zip_member *m, const char *packed, char *out)
{
    switch (m->method) {
    case 0:
        if (m->packed != m->size)
            return false;
        memcpy(out, packed, (size_t)m->size);
        return true;
    case 8:
        return unpack_deflate(packed, (size_t)m->packed, out, (size_t)m->size);
    default:
        return unpack_zst(packed, (size_t)m->packed, out, (size_t)m->size);
    }
}

char *td_zip_load(const td_zip *zip, const td_zip_member *m, size_t max, size_t *len, td_error *error)
{
    unsigned char local[LOCAL_SIZE];
    const char *path = zip->path, *name = m->name;
    if (m->method != 0 && m->method != 8 && m->method != 93) {
        td_fail(error, "%.300s: %.100s: packed by ZIP method %u; stored, deflate and Zstandard are read", path, name,
                m->method);
        return NULL;
    }
    if (m->size > max || m->packed > max) {
        td_fail(error, "%.300s: %.100s: more than %zu MiB", path, name, max >> 20);
        return NULL;
    }
    if (!read_at(zip, m->offset, local, LOCAL_SIZE, error))
        return NULL;
    const uint64_t data = m->offset + LOCAL_SIZE + le(local + 26, 2) + le(local + 28, 2);
    if (le(local, 4) != LOCAL_MARK || data > zip->file_size || m->packed > zip->file_size - data) {
        td_fail(error, "%.300s: %.100s: damaged; fetch it again", path, name);
        return NULL;
    }
    char *packed = malloc(m->packed ? (size_t)m->packed : 1), *out = malloc((size_t)m->size + 1);
    bool good = packed && out ? read_at(zip, data, packed, (size_t)m->packed, error)
                              : td_fail(error, "%.300s: %.100s: out of memory", path, name);
    if (good && (!unpack(m, packed, out) || !sum_is_right(m, out)))
        good = td_fail(error, "%.300s: %.100s: damaged, does not unpack; fetch it again", path, name);
    free(packed);
    if (!good) {
        free(out);
        return NULL;
    }
    out[m->size] = 0;
    *len = (size_t)m->size;
    return out;
}
