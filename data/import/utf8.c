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

void td_not_utf8_detail(const char *text, size_t at, char *detail, size_t room)
{
    size_t from = at - 1;
    while (from && at - from < 24 && (unsigned char)text[from - 1] >= ' ' && (unsigned char)text[from - 1] < 0x80)
        from--;
    snprintf(detail, room, "byte 0x%02X behind \"%.*s\"", (unsigned)(unsigned char)text[at - 1], (int)(at - 1 - from), text + from);
}
