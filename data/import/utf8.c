#include "data/import/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The length of the letter at s, 0: none. As RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t letter(const unsigned char *s, size_t len)
{
    const unsigned char c = s[0];
    const size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (!n || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) || (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

size_t td_not_utf8(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint64_t eight;
        if (len - at >= sizeof eight) {
            memcpy(&eight, text + at, sizeof eight);
            if (!(eight & 0x8080808080808080u)) {
                at += sizeof eight;
                continue;
            }
        }
        const size_t n = letter((const unsigned char *)text + at, len - at);
        if (!n)
            return at + 1;
        at += n;
    }
    return 0;
}

/* Four hex digits; -1: none. */
static long hex4(const char *s)
{
    long v = 0;
    for (int i = 0; i < 4; i++) {
        const char c = s[i] >= 'A' && s[i] <= 'F' ? (char)(s[i] + 32) : s[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return -1;
        v = 16 * v + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return v;
}

static size_t escaped_byte(const char *json, size_t len)
{
    size_t pair = 0; /* where the second half of a letter may stand */
    const char *at = json, *end = json + len;
    while (end - at >= 6 && (at = memchr(at, '\\', (size_t)(end - at) - 5)) != NULL) {
        const long v = at[1] == 'u' ? hex4(at + 2) : -1;
        if (v >= 0xdc80 && v <= 0xdcff && (size_t)(at - json) + 1 != pair)
            return (size_t)(at - json) + 1;
        at += v >= 0 ? 6 : 2;
        pair = v >= 0xd800 && v <= 0xdbff ? (size_t)(at - json) + 1 : 0;
    }
    return 0;
}

size_t td_json_not_utf8(const char *json, size_t len, const char **what)
{
    const size_t at = td_not_utf8(json, len);
    *what = at ? TD_NOT_UTF8 : TD_ESCAPED_BYTES;
    return at ? at : escaped_byte(json, len);
}

void td_not_utf8_detail(const char *text, size_t at, char *detail, size_t room)
{
    size_t from = at - 1;
    while (from && at - from < 24 && (unsigned char)text[from - 1] >= ' ' && (unsigned char)text[from - 1] < 0x80)
        from--;
    if (text[at - 1] == '\\')
        snprintf(detail, room, "%.6s behind \"%.*s\"", text + at - 1, (int)(at - 1 - from), text + from);
    else
        snprintf(detail, room, "byte 0x%02X behind \"%.*s\"", (unsigned)(unsigned char)text[at - 1], (int)(at - 1 - from), text + from);
}
