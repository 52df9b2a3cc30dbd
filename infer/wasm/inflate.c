/* Inflate (RFC 1951) in the zlib wrapper (RFC 1950), from memory to memory, for builds without zlib. It
 * allocates nothing and trusts nothing: every code, length and distance is checked, and reading past
 * the input is an error, not a guess. Decoding walks the code lengths bit by bit, as the canonical
 * code's definition does: a model is a few hundred kilobytes, opened once. */
#include <zlib.h>

#include <stdbool.h>
#include <string.h>

#define MAX_BITS 15
#define MAX_SYMBOLS 288
#define ADLER 65521u

typedef struct {
    const Bytef *in;
    size_t in_len, in_pos;
    Bytef *out;
    size_t out_len, out_pos;
    uint32_t bits; /* not yet used, lowest first */
    unsigned n_bits;
    bool failed;
} stream;

/* A canonical Huffman code: how many codes of each length, and the symbols in the order of their codes. */
typedef struct {
    uint16_t count[MAX_BITS + 1], symbol[MAX_SYMBOLS];
} code;

static uint32_t take(stream *s, unsigned n)
{
    while (s->n_bits < n) {
        if (s->in_pos == s->in_len) {
            s->failed = true;
            return 0;
        }
        s->bits |= (uint32_t)s->in[s->in_pos++] << s->n_bits;
        s->n_bits += 8;
    }
    const uint32_t v = s->bits & ((1u << n) - 1);
    s->bits >>= n;
    s->n_bits -= n;
    return v;
}

/* False for a set of lengths that is no code: over-subscribed, or incomplete (but for one single code). */
static bool build(code *c, const uint8_t *length, unsigned n)
{
    uint16_t at[MAX_BITS + 2] = {0};
    int left = 1;
    memset(c->count, 0, sizeof c->count);
    for (unsigned i = 0; i < n; i++)
        c->count[length[i]]++;
    const unsigned used = n - c->count[0];
    c->count[0] = 0;
    for (unsigned b = 1; b <= MAX_BITS; b++) {
        left = left * 2 - c->count[b];
        if (left < 0)
            return false;
        at[b + 1] = (uint16_t)(at[b] + c->count[b]);
    }
    for (unsigned i = 0; i < n; i++)
        if (length[i])
            c->symbol[at[length[i]]++] = (uint16_t)i;
    return left == 0 || used <= 1;
}

static unsigned symbol(stream *s, const code *c)
{
    uint32_t value = 0, first = 0, index = 0;
    for (unsigned b = 1; b <= MAX_BITS && !s->failed; b++) {
        value |= take(s, 1);
        const uint32_t count = c->count[b];
        if (value < first + count)
            return c->symbol[index + value - first];
        index += count;
        first = (first + count) << 1;
        value <<= 1;
    }
    s->failed = true;
    return 0;
}

static void stored(stream *s)
{
    s->bits = 0;
    s->n_bits = 0;
    if (s->in_len - s->in_pos < 4) {
        s->failed = true;
        return;
    }
    const Bytef *at = s->in + s->in_pos;
    const size_t n = at[0] | (size_t)at[1] << 8, not_n = at[2] | (size_t)at[3] << 8;
    s->in_pos += 4;
    if (n != (not_n ^ 0xffff) || n > s->in_len - s->in_pos || n > s->out_len - s->out_pos) {
        s->failed = true;
        return;
    }
    memcpy(s->out + s->out_pos, s->in + s->in_pos, n);
    s->in_pos += n;
    s->out_pos += n;
}

/* Lengths 3..258 and distances 1..32768: a base and extra bits. */
static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                         31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                         2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_base[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,
                                           33,  49,  65,  97,  129, 193,  257,  385,  513,  769,
                                           1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};

static void copy(stream *s, const code *distances, unsigned letter)
{
    if (letter >= 29) {
        s->failed = true;
        return;
    }
    size_t n = length_base[letter] + take(s, length_extra[letter]);
    const unsigned d = symbol(s, distances);
    if (s->failed || d >= 30) {
        s->failed = true;
        return;
    }
    const size_t back = distance_base[d] + take(s, d < 2 ? 0 : d / 2 - 1);
    if (s->failed || back > s->out_pos || n > s->out_len - s->out_pos) {
        s->failed = true;
        return;
    }
    for (; n > 0; n--, s->out_pos++)
        s->out[s->out_pos] = s->out[s->out_pos - back];
}

static void codes(stream *s, const code *letters, const code *distances)
{
    while (!s->failed) {
        const unsigned v = symbol(s, letters);
        if (s->failed || v == 256)
            return;
        if (v > 256)
            copy(s, distances, v - 257);
        else if (s->out_pos == s->out_len)
            s->failed = true;
        else
            s->out[s->out_pos++] = (Bytef)v;
    }
}

static void fixed(stream *s)
{
    uint8_t length[MAX_SYMBOLS];
    code letters, distances;
    memset(length, 8, 144);
    memset(length + 144, 9, 112);
    memset(length + 256, 7, 24);
    memset(length + 280, 8, 8);
    build(&letters, length, 288);
    memset(length, 5, 30);
    build(&distances, length, 30); /* 30 of 32 codes: the other two must not occur */
    codes(s, &letters, &distances);
}

static void dynamic(stream *s)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t length[MAX_SYMBOLS + 32] = {0};
    code letters, distances;
    const unsigned n_letters = take(s, 5) + 257, n_distances = take(s, 5) + 1, n = take(s, 4) + 4;
    for (unsigned i = 0; i < n; i++)
        length[order[i]] = (uint8_t)take(s, 3);
    if (s->failed || n_letters > 286 || n_distances > 30 || !build(&letters, length, 19)) {
        s->failed = true;
        return;
    }
    const unsigned all = n_letters + n_distances;
    memset(length, 0, 19);
    for (unsigned at = 0; at < all;) {
        const unsigned v = symbol(s, &letters);
        const unsigned times = v < 16 ? 1 : v == 16 ? 3 + take(s, 2) : v == 17 ? 3 + take(s, 3) : 11 + take(s, 7);
        if (s->failed || times > all - at || (v == 16 && !at)) {
            s->failed = true;
            return;
        }
        const uint8_t same = v < 16 ? (uint8_t)v : v == 16 ? length[at - 1] : 0;
        memset(length + at, same, times);
        at += times;
    }
    if (!length[256] || !build(&letters, length, n_letters) ||
        !build(&distances, length + n_letters, n_distances))
        s->failed = true;
    else
        codes(s, &letters, &distances);
}

static uint32_t adler(const Bytef *data, size_t len)
{
    uint32_t a = 1, b = 0;
    while (len) {
        size_t n = len < 5552 ? len : 5552; /* so many fit without an overflow */
        len -= n;
        for (; n > 0; n--) {
            a += *data++;
            b += a;
        }
        a %= ADLER;
        b %= ADLER;
    }
    return b << 16 | a;
}

static void wrapper(stream *s)
{
    if (s->in_len < 6 || (s->in[0] & 15) != 8 || s->in[0] >> 4 > 7 || (s->in[0] * 256u + s->in[1]) % 31 ||
        s->in[1] & 32) {
        s->failed = true;
        return;
    }
    s->in_pos = 2;
    uint32_t last = 0;
    while (!s->failed && !last) {
        last = take(s, 1);
        const uint32_t kind = take(s, 2);
        if (kind == 0)
            stored(s);
        else if (kind == 1)
            fixed(s);
        else if (kind == 2)
            dynamic(s);
        else
            s->failed = true;
    }
    if (s->failed || s->in_len - s->in_pos < 4) {
        s->failed = true;
        return;
    }
    uint32_t sum = 0;
    for (unsigned i = 0; i < 4; i++)
        sum = sum << 8 | s->in[s->in_pos++];
    s->failed = sum != adler(s->out, s->out_pos);
}

int inflateInit(z_stream *z)
{
    z->total_in = 0;
    return Z_OK;
}

int inflate(z_stream *z, int flush)
{
    stream s = {z->next_in, z->avail_in, 0, z->next_out, z->avail_out, 0, 0, 0, false};
    (void)flush;
    wrapper(&s);
    z->next_in += s.in_pos;
    z->avail_in -= (uInt)s.in_pos;
    z->total_in += (uLong)s.in_pos;
    z->next_out += s.out_pos;
    z->avail_out -= (uInt)s.out_pos;
    return s.failed ? Z_DATA_ERROR : Z_STREAM_END;
}

int inflateEnd(z_stream *z)
{
    (void)z;
    return Z_OK;
}

/* Four bits at a time: a table of sixteen. */
uLong crc32(uLong crc, const Bytef *data, uInt len)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t c = ~(uint32_t)crc;
    for (; len > 0; len--) {
        c ^= *data++;
        c = c >> 4 ^ table[c & 15];
        c = c >> 4 ^ table[c & 15];
    }
    return ~c & 0xffffffffu;
}
