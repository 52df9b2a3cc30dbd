#include "data/gunzip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define ROOM ((size_t)1 << 17)

struct td_gunzip {
    int fd;
    bool looked, packed, between, ended; /* between: behind the end of a member */
    z_stream z;
    const char *fault; /* kept until what came before it is read */
    size_t at, have;   /* unread bytes are in[at..have) */
    unsigned char in[ROOM];
};

td_gunzip *td_gunzip_open(int fd)
{
    td_gunzip *g = calloc(1, sizeof *g);
    if (g)
        g->fd = fd;
    return g;
}

void td_gunzip_close(td_gunzip *g)
{
    if (!g)
        return;
    if (g->packed)
        inflateEnd(&g->z);
    close(g->fd);
    free(g);
}

static ssize_t read_some(int fd, void *into, size_t room)
{
    ssize_t n;
    do
        n = read(fd, into, room > (1u << 30) ? 1u << 30 : room);
    while (n < 0 && errno == EINTR);
    return n;
}

/* At least `least` (1 or 2) unread bytes, if the file has them; false with errno when it cannot be read. */
static bool want(td_gunzip *g, size_t least)
{
    while (g->have - g->at < least && !g->ended) {
        if (g->at == g->have)
            g->at = g->have = 0;
        else if (g->at) { /* one byte is left, of a magic that the read cut in two */
            g->in[0] = g->in[g->at];
            g->at = 0;
            g->have = 1;
        }
        const ssize_t n = read_some(g->fd, g->in + g->have, ROOM - g->have);
        if (n < 0)
            return false;
        g->ended = n == 0;
        g->have += (size_t)n;
    }
    return true;
}

static bool is_gzip(const td_gunzip *g)
{
    return g->have - g->at >= 2 && g->in[g->at] == 0x1f && g->in[g->at + 1] == 0x8b;
}

/* What follows a member: another, the end, zeros to the end, or a fault. False with errno or g->fault. */
static bool next_member(td_gunzip *g)
{
    if (!want(g, 2))
        return false;
    if (is_gzip(g)) {
        g->between = false;
        return inflateReset(&g->z) == Z_OK;
    }
    while (g->at < g->have) {
        if (g->in[g->at++])
            g->fault = "other bytes follow its end";
        if (g->fault || !want(g, 1))
            return false;
    }
    return true;
}

static bool start(td_gunzip *g)
{
    g->looked = true;
    if (!want(g, 2))
        return false;
    g->packed = is_gzip(g) && inflateInit2(&g->z, 15 + 16) == Z_OK;
    errno = ENOMEM; /* of what else could be wrong */
    return g->packed || !is_gzip(g);
}

static long plain(td_gunzip *g, char *into, size_t room)
{
    size_t n = 0;
    for (; n < room && g->at < g->have; n++)
        into[n] = (char)g->in[g->at++];
    return n ? (long)n : g->ended ? 0 : (long)read_some(g->fd, into, room);
}

static void inflate_some(td_gunzip *g)
{
    g->z.next_in = g->in + g->at;
    g->z.avail_in = (uInt)(g->have - g->at);
    const int code = inflate(&g->z, Z_NO_FLUSH);
    g->at = g->have - g->z.avail_in;
    g->between = code == Z_STREAM_END;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        g->fault = g->z.msg ? g->z.msg : code == Z_MEM_ERROR ? "out of memory" : "not what a gzip stream holds";
}

long td_gunzip_read(td_gunzip *g, char *into, size_t room, const char **fault)
{
    bool failed = g->looked ? false : !start(g);
    const size_t most = room > (1u << 30) ? 1u << 30 : room;
    *fault = NULL;
    if (failed)
        return -1;
    if (!g->packed)
        return plain(g, into, room);
    g->z.next_out = (Bytef *)into;
    g->z.avail_out = (uInt)most;
    while (!failed && !g->fault && g->z.avail_out) {
        if (g->between) {
            failed = !next_member(g);
            if (g->between)
                break;
        } else if (!want(g, 1)) {
            failed = true;
        } else if (g->at == g->have) {
            g->fault = "unexpected end of file";
        } else {
            inflate_some(g);
        }
    }
    if (g->z.avail_out < most) /* the fault comes with the next call, when these are read */
        return (long)(most - g->z.avail_out);
    *fault = g->fault;
    return failed || g->fault ? -1 : 0;
}
