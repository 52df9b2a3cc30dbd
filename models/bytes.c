#include "models/bytes.h"

#include <string.h>

tm_reader tm_reader_of(const void *data, size_t len)
{
    tm_reader r = {data, len, 0, false, false};
    return r;
}

const uint8_t *tm_read_bytes(tm_reader *r, size_t n)
{
    if (r->failed || n > r->len - r->pos) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->at + r->pos;
    r->pos += n;
    return at;
}

static uint64_t read_le(tm_reader *r, size_t n)
{
    const uint8_t *at = tm_read_bytes(r, n);
    uint64_t v = 0;
    for (size_t i = n; at && i-- > 0;)
        v = v << 8 | at[i];
    return v;
}

uint8_t tm_read_u8(tm_reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint16_t tm_read_u16(tm_reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t tm_read_u32(tm_reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t tm_read_u64(tm_reader *r)
{
    return read_le(r, 8);
}

float tm_read_f32(tm_reader *r)
{
    const uint32_t bits = tm_read_u32(r);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

double tm_read_f64(tm_reader *r)
{
    const uint64_t bits = tm_read_u64(r);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

uint32_t tm_read_varint(tm_reader *r)
{
    uint32_t v = 0;
    if (!r->failed && r->pos < r->len && r->at[r->pos] < 0x80) /* nearly all are one byte */
        return r->at[r->pos++];
    for (unsigned shift = 0; shift < 35; shift += 7) {
        const uint8_t byte = tm_read_u8(r);
        if (shift == 28 && byte > 0x0f)
            break;
        v |= (uint32_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    r->failed = true;
    return 0;
}

char *tm_read_string(tm_reader *r, tm_arena *arena)
{
    const size_t n = tm_read_u16(r);
    const uint8_t *at = tm_read_bytes(r, n);
    if (!at || memchr(at, 0, n)) {
        r->failed = true;
        return NULL;
    }
    char *s = tm_arena_string(arena, (const char *)at, n);
    r->no_memory = r->no_memory || !s;
    r->failed = r->failed || !s;
    return s;
}

void tm_write_bytes(tm_writer *w, const void *data, size_t n)
{
    if (w->failed || !n)
        return;
    if (n > w->room - w->len) {
        size_t room = w->room ? w->room : 4096;
        while (room - w->len < n && room <= SIZE_MAX / 2)
            room *= 2;
        uint8_t *at = room - w->len < n ? NULL : w->allocator->alloc(w->allocator->context, room);
        if (!at) {
            w->failed = true;
            return;
        }
        if (w->len)
            memcpy(at, w->at, w->len);
        w->allocator->release(w->allocator->context, w->at);
        w->at = at;
        w->room = room;
    }
    memcpy(w->at + w->len, data, n);
    w->len += n;
}

static void write_le(tm_writer *w, uint64_t v, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++, v >>= 8)
        bytes[i] = (uint8_t)v;
    tm_write_bytes(w, bytes, n);
}

void tm_write_u8(tm_writer *w, uint8_t v)
{
    write_le(w, v, 1);
}

void tm_write_u16(tm_writer *w, uint16_t v)
{
    write_le(w, v, 2);
}

void tm_write_u32(tm_writer *w, uint32_t v)
{
    write_le(w, v, 4);
}

void tm_write_u64(tm_writer *w, uint64_t v)
{
    write_le(w, v, 8);
}

void tm_write_f32(tm_writer *w, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    tm_write_u32(w, bits);
}

void tm_write_f64(tm_writer *w, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    tm_write_u64(w, bits);
}

void tm_write_varint(tm_writer *w, uint32_t v)
{
    for (; v >= 0x80; v >>= 7)
        tm_write_u8(w, (uint8_t)(v | 0x80));
    tm_write_u8(w, (uint8_t)v);
}

void tm_write_string(tm_writer *w, const char *s)
{
    const size_t n = s ? strlen(s) : 0;
    if (n > UINT16_MAX) {
        w->failed = true;
        return;
    }
    tm_write_u16(w, (uint16_t)n);
    tm_write_bytes(w, s, n);
}

void tm_writer_free(tm_writer *w)
{
    if (w->at)
        w->allocator->release(w->allocator->context, w->at);
    w->at = NULL;
    w->len = w->room = 0;
}
