#include "models/coder.h"

#define TOP (1u << 24)
#define SLOWEST 60 /* bits that an estimate is a mean of, at most */
#define SUREST 32  /* no bit is less likely than this, in 65536ths */

tm_coder tm_coder_into(tm_writer *to)
{
    const tm_coder c = {.to = to, .range = UINT32_MAX};
    return c;
}

tm_coder tm_coder_from(tm_reader *from)
{
    tm_coder c = {.from = from, .range = UINT32_MAX};
    for (int i = 0; i < 4; i++)
        c.code = c.code << 8 | tm_read_u8(from);
    return c;
}

/* The highest byte of `low` is settled once no carry can reach it. */
static void shift_low(tm_coder *c)
{
    const uint8_t carry = (uint8_t)(c->low >> 32);
    if ((uint32_t)c->low < 0xff000000u || carry) {
        if (c->started)
            tm_write_u8(c->to, (uint8_t)(c->cache + carry));
        for (; c->pending; c->pending--)
            tm_write_u8(c->to, (uint8_t)(0xff + carry));
        c->cache = (uint8_t)(c->low >> 24);
        c->started = true;
    } else {
        c->pending++;
    }
    c->low = (c->low & 0x00ffffffu) << 8;
}

void tm_coder_end(tm_coder *c)
{
    for (int i = 0; i < 5; i++)
        shift_low(c);
}

static void refill(tm_coder *c)
{
    while (c->range < TOP) {
        c->range <<= 8;
        if (c->from)
            c->code = c->code << 8 | tm_read_u8(c->from);
        else
            shift_low(c);
    }
}

static void learn(tm_odds *o, unsigned bit)
{
    const int32_t off = (bit ? 32767 : -32767) - o->lean;
    o->seen = (uint16_t)(o->seen + (o->seen < SLOWEST));
    o->lean = (int16_t)(o->lean + off * 2 / (2 * (int32_t)o->seen + 3));
}

unsigned tm_code_bit(tm_coder *c, tm_odds *o, unsigned bit)
{
    const int32_t p = 32768 + o->lean;
    const uint32_t one = (c->range >> 16) * (uint32_t)(p < SUREST ? SUREST : p > 65536 - SUREST ? 65536 - SUREST : p);
    if (c->from)
        bit = c->code < one;
    if (bit) {
        c->range = one;
    } else {
        c->range -= one;
        if (c->from)
            c->code -= one;
        else
            c->low += one;
    }
    refill(c);
    learn(o, bit);
    return bit;
}

uint32_t tm_code_even(tm_coder *c, unsigned bits, uint32_t v)
{
    uint32_t out = 0;
    while (bits--) {
        tm_odds even = {0, 0};
        out = out << 1 | tm_code_bit(c, &even, v >> bits & 1);
    }
    return out;
}

uint32_t tm_code_number(tm_coder *c, tm_number_odds *o, uint32_t v)
{
    unsigned bits = 0, n = 0;
    uint32_t out = 1;
    while (bits < TM_NUMBER_BITS && v >> bits)
        bits++;
    while (n < TM_NUMBER_BITS && tm_code_bit(c, &o->length[n], n < bits))
        n++;
    if (n < 2)
        return n;
    out = out << 1 | tm_code_bit(c, &o->first[n], v >> (n - 2) & 1);
    if (n > 2)
        out = out << 1 | tm_code_bit(c, &o->second[n][out & 1], v >> (n - 3) & 1);
    return n > 3 ? out << (n - 3) | tm_code_even(c, n - 3, v & (((uint32_t)1 << (n - 3)) - 1)) : out;
}

int tm_code_small(tm_coder *c, tm_small_odds *o, int v)
{
    const int size = v < 0 ? -v : v;
    int n = 1;
    if (!tm_code_bit(c, &o->zero, v != 0))
        return 0;
    const unsigned negative = tm_code_bit(c, &o->sign, v < 0);
    while (n < 127 + (int)negative && tm_code_bit(c, &o->more[n < TM_UNARY ? n - 1 : TM_UNARY - 1], size > n))
        n++;
    return negative ? -n : n;
}
