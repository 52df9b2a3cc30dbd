/* The container around the payload: header, checksums, zlib. See models/format.h. */
#include <string.h>
#include <zlib.h>

#include "models/format.h"

void *tm_zalloc(void *context, unsigned n, unsigned size)
{
    const tierce_allocator *a = context;
    return size && n > SIZE_MAX / size ? NULL : a->alloc(a->context, (size_t)n * size);
}

void tm_zrelease(void *context, void *memory)
{
    const tierce_allocator *a = context;
    a->release(a->context, memory);
}

static tierce_status unpack(uint8_t *raw, uint32_t raw_len, const uint8_t *packed,
                            uint32_t packed_len, tierce_allocator *allocator, tierce_error *error)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed,
                  .avail_in = packed_len,
                  .next_out = raw,
                  .avail_out = raw_len,
                  .zalloc = tm_zalloc,
                  .zfree = tm_zrelease,
                  .opaque = allocator};
    if (inflateInit(&z) != Z_OK)
        return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
    const int end = inflate(&z, Z_FINISH);
    const bool whole = end == Z_STREAM_END && !z.avail_in && !z.avail_out;
    inflateEnd(&z);
    if (whole)
        return TIERCE_OK;
    return tierce_fail(error, end == Z_MEM_ERROR ? TIERCE_NOMEM : TIERCE_CORRUPT, NULL,
                       TM_HEADER_BYTES + z.total_in);
}

typedef struct {
    uint32_t packed_len, raw_len, raw_crc, packed_crc;
} file_header;

static tierce_status read_header(file_header *h, const uint8_t *bytes, size_t len,
                                 tierce_error *error)
{
    if (len < TM_HEADER_BYTES)
        return len >= 8 && memcmp(bytes, TM_MAGIC, 8)
                   ? tierce_fail(error, TIERCE_MAGIC, NULL, 0)
                   : tierce_fail(error, len < 8 ? TIERCE_MAGIC : TIERCE_TRUNCATED, NULL, len);
    if (memcmp(bytes, TM_MAGIC, 8))
        return tierce_fail(error, TIERCE_MAGIC, NULL, 0);
    tm_reader r = tm_reader_of(bytes + 8, TM_HEADER_BYTES - 8);
    const uint16_t major = tm_read_u16(&r);
    tm_read_u16(&r);
    h->packed_len = tm_read_u32(&r);
    h->raw_len = tm_read_u32(&r);
    h->raw_crc = tm_read_u32(&r);
    h->packed_crc = tm_read_u32(&r);
#ifndef TIERCE_FUZZING
    if (tm_read_u32(&r) != crc32(0, bytes, TM_HEADER_BYTES - 4))
        return tierce_fail(error, TIERCE_CHECKSUM, "model file's header is damaged", 28);
#endif
    if (major != TM_VERSION_MAJOR)
        return tierce_fail(error, TIERCE_VERSION, NULL, 8);
    if (h->packed_len != len - TM_HEADER_BYTES)
        return tierce_fail(error, TIERCE_TRUNCATED, NULL, len);
    /* zlib packs at most 1032 to 1 */
    if (h->raw_len > TM_MAX_RAW || h->raw_len / 1040 > h->packed_len)
        return tierce_fail(error, TIERCE_LIMIT, NULL, 16);
    return TIERCE_OK;
}

#ifndef TIERCE_FUZZING
static bool is_damaged(const uint8_t *bytes, uint32_t len, uint32_t crc, const tm_inflater *by)
{
#ifndef TIERCE_NO_HELP
    if (by)
        return by->crc(bytes, len) != crc;
#endif
    (void)by;
    return crc32(0, bytes, len) != crc;
}
#endif

static tierce_status decode(tm_model *m, const uint8_t *bytes, size_t len, const tm_inflater *by, tierce_error *error)
{
    file_header h = {0, 0, 0, 0};
    tierce_status status = read_header(&h, bytes, len, error);
    if (status != TIERCE_OK)
        return status;
    const uint8_t *packed = bytes + TM_HEADER_BYTES;
#ifndef TIERCE_FUZZING
    if (is_damaged(packed, h.packed_len, h.packed_crc, by))
        return tierce_fail(error, TIERCE_CHECKSUM, NULL, TM_HEADER_BYTES);
#endif
    tierce_allocator *a = &m->arena.allocator;
    uint8_t *raw = a->alloc(a->context, (size_t)h.raw_len + 1);
    if (!raw)
        return tierce_fail(error, TIERCE_NOMEM, NULL, 0);
#ifndef TIERCE_NO_HELP /* nor another inflater */
    if (!by || !by->unpack_all(raw, h.raw_len, packed, h.packed_len))
#endif
        status = unpack(raw, h.raw_len, packed, h.packed_len, a, error);
#ifndef TIERCE_FUZZING
    if (status == TIERCE_OK && is_damaged(raw, h.raw_len, h.raw_crc, by))
        status = tierce_fail(error, TIERCE_CHECKSUM, NULL, TM_HEADER_BYTES);
#endif
    if (status == TIERCE_OK)
        status = tm_read_payload(m, raw, h.raw_len, error);
    a->release(a->context, raw);
    m->file_bytes = len;
    m->raw_bytes = h.raw_len;
    return status;
}

void tm_model_start(tm_model *model, const tierce_allocator *allocator)
{
    memset(model, 0, sizeof *model);
    tm_arena_start(&model->arena, allocator);
}

void tm_model_free(tm_model *model)
{
    tm_arena_free(&model->arena);
    memset(model, 0, sizeof *model);
}

tierce_status tm_model_decode_by(tm_model *model, const void *bytes, size_t len, const tierce_allocator *allocator,
                                 const tm_inflater *by, tierce_error *error)
{
    tm_model_start(model, allocator);
    const tierce_status status = decode(model, bytes, len, by, error);
    if (status != TIERCE_OK)
        tm_model_free(model);
    return status;
}

tierce_status tm_model_decode(tm_model *model, const void *bytes, size_t len,
                              const tierce_allocator *allocator, tierce_error *error)
{
    return tm_model_decode_by(model, bytes, len, allocator, NULL, error);
}
