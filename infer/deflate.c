/* Models unpacked by libdeflate, where tierce was built with it: a model's file is most of a cold start, and zlib takes
 * three times as long for it. */
#include "infer/deflate.h"

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>

static bool unpack(uint8_t *to, size_t to_len, const uint8_t *from, size_t from_len)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    size_t read = 0, written = 0;
    if (!d)
        return false;
    const enum libdeflate_result result = libdeflate_zlib_decompress_ex(d, from, from_len, to, to_len, &read, &written);
    libdeflate_free_decompressor(d);
    return result == LIBDEFLATE_SUCCESS && read == from_len && written == to_len;
}

static uint32_t crc(const uint8_t *from, size_t len)
{
    return libdeflate_crc32(0, from, len);
}

const tm_inflater *fast_inflater(void)
{
    static const tm_inflater by = {unpack, crc};
    return &by;
}
#else
const tm_inflater *fast_inflater(void)
{
    return NULL;
}
#endif
