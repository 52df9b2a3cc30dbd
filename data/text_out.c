#include "data/text_out.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/starved.h"

bool td_out_grow(td_out *out, size_t more)
{
    size_t room = out->room ? out->room : 1024;
    if (out->failed)
        return false;
    while (room - out->len < more)
        room *= 2;
    char *at = realloc(out->at, room);
    if (!at) {
        out->failed = true;
        td_starve();
        out->room = out->len; /* a shorter put must not go on behind the hole */
        return false;
    }
    out->at = at;
    out->room = room;
    return true;
}

/* Length of the UTF-8 sequence at s, 0 when it is not one. */
static size_t sequence(const unsigned char *s, size_t left)
{
    const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    if (!n || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

static void put_escaped(td_out *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char code[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    switch (c) {
    case '"':
        td_put(out, "\\\"", 2);
        break;
    case '\\':
        td_put(out, "\\\\", 2);
        break;
    case '\n':
        td_put(out, "\\n", 2);
        break;
    case '\t':
        td_put(out, "\\t", 2);
        break;
    default:
        td_put(out, code, 6);
    }
}

/* Bytes that stand for themselves, from the first. */
static size_t plain_run(const unsigned char *s, size_t len)
{
    size_t n = 0;
    while (n < len && s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
        n++;
    return n;
}

void td_put_json(td_out *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    td_put(out, "\"", 1);
    for (size_t i = 0; i < len;) {
        const size_t plain = plain_run(s + i, len - i);
        td_put(out, text + i, plain);
        i += plain;
        if (i == len)
            break;
        const size_t n = sequence(s + i, len - i);
        if (!n)
            td_put(out, "\\ufffd", 6);
        else if (n == 1 && (s[i] < 0x20 || s[i] == '"' || s[i] == '\\' || s[i] == 0x7f))
            put_escaped(out, s[i]);
        else
            td_put(out, text + i, n);
        i += n ? n : 1;
    }
    td_put(out, "\"", 1);
}

/* v, to the nearest; 0 where it lies so near the middle that the rounding of a product or two may have decided. */
static uint32_t rounded(double v)
{
    const uint32_t whole = (uint32_t)v;
    const double rest = v - whole;
    return rest > 0.499999 && rest < 0.500001 ? 0 : whole + (rest >= 0.5);
}

/* The common cases, without printf; 0 where only that can tell. Six significant digits of 1e-4 .. 1, zeros trimmed. */
static size_t small_number(char *text, double v)
{
    static const double factor[] = {1e6, 1e7, 1e8, 1e9};
    const unsigned k = v >= 0.1 ? 0 : v >= 0.01 ? 1 : v >= 0.001 ? 2 : 3;
    const unsigned places = 6 + k;
    uint32_t left = rounded(v * factor[k]);
    if (!left)
        return 0;
    char digits[16];
    size_t n = 0, last = places;
    for (unsigned i = places; i > 0; left /= 10)
        digits[--i] = (char)('0' + left % 10);
    text[n++] = (char)('0' + left);
    while (last > 0 && digits[last - 1] == '0')
        last--;
    if (last)
        text[n++] = '.';
    memcpy(text + n, digits, last);
    return n + last;
}

/* And of 1e-30 .. 1e-4, with an exponent. */
static size_t tiny_number(char *text, double v)
{
    int e = 0;
    uint32_t six;
    for (; v < 1e-10; e += 10)
        v *= 1e10;
    for (; v < 1; e++)
        v *= 10;
    six = rounded(v * 1e5);
    if (!six || six == 1000000 || e < 5) /* e 4: it was next below 1e-4, and a product rounded up */
        return 0;
    size_t n = 7;
    for (size_t i = 6; i > 1; i--, six /= 10)
        text[i] = (char)('0' + six % 10);
    text[0] = (char)('0' + six);
    text[1] = '.';
    while (n > 2 && text[n - 1] == '0')
        n--;
    if (n == 2)
        n = 1;
    text[n++] = 'e';
    text[n++] = '-';
    text[n++] = (char)('0' + e / 10);
    text[n++] = (char)('0' + e % 10);
    return n;
}

void td_put_number(td_out *out, double v)
{
    char text[40];
    const size_t short_way = v >= 1e-4 && v <= 1 ? small_number(text, v) : v >= 1e-30 && v < 1e-4 ? tiny_number(text, v) : 0;
    if (short_way) {
        td_put(out, text, short_way);
        return;
    }
    const int n = snprintf(text, sizeof text, "%.6g", isfinite(v) ? v : 0.0);
    td_put(out, text, (size_t)n);
}
