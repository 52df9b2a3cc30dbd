#include "data/zst.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

struct td_zst {
    ZSTD_DStream *stream;
    bool complete;
};

td_zst *td_zst_open(void)
{
    td_zst *z = calloc(1, sizeof *z);
    if (z && !(z->stream = ZSTD_createDStream())) {
        free(z);
        return NULL;
    }
    return z;
}

void td_zst_close(td_zst *z)
{
    if (z)
        ZSTD_freeDStream(z->stream);
    free(z);
}

size_t td_zst_run(td_zst *z, const char **in, size_t *in_len, char *out, size_t room,
                  const char **fault)
{
    ZSTD_inBuffer from = {*in, *in_len, 0};
    ZSTD_outBuffer to = {out, room, 0};
    if (!*in_len && z->complete) /* asking further would begin another frame */
        return 0;
    while (to.pos < to.size) {
        const size_t before = from.pos + to.pos;
        const size_t left = ZSTD_decompressStream(z->stream, &to, &from);
        if (ZSTD_isError(left)) {
            *fault = ZSTD_getErrorName(left);
            break;
        }
        z->complete = left == 0;
        if (from.pos + to.pos == before || (from.pos == from.size && z->complete))
            break;
    }
    *in += from.pos;
    *in_len -= from.pos;
    return to.pos;
}

bool td_zst_complete(const td_zst *z)
{
    return z->complete;
}

bool td_zst_starts(const char *bytes, size_t len)
{
    return len >= 4 && !memcmp(bytes, "\x28\xb5\x2f\xfd", 4);
}
