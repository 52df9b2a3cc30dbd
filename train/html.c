#include "train/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the character at s (n left), its code in *code; 0: not UTF-8 (Unicode 15, table 3-7). */
static size_t character(const unsigned char *s, size_t n, uint32_t *code)
{
    const size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                       : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    if (!len || len > n)
        return 0;
    uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10ffff)) || (c >= 0xd800 && c < 0xe000))
        return 0;
    *code = c;
    return len;
}

static bool forbidden(uint32_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0) || (c >= 0xfdd0 && c < 0xfdf0) ||
           (c & 0xfffe) == 0xfffe;
}

static const char *entity(char c)
{
    return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : c == '\'' ? "&#39;" : NULL;
}

void tr_html_text(td_out *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t code = 0;
        const size_t n = character((const unsigned char *)text + i, len - i, &code);
        const char *e = n == 1 ? entity(text[i]) : NULL;
        if (!n || forbidden(code))
            td_puts(out, "\xef\xbf\xbd");
        else if (e)
            td_puts(out, e);
        else
            td_put(out, text + i, n);
        i += n ? n : 1;
    }
}

void tr_html_name(td_out *out, const char *name)
{
    td_puts(out, "<bdi>");
    tr_html_text(out, name, strlen(name));
    td_puts(out, "</bdi>");
}

void tr_html_put(td_out *out, const char *format, ...)
{
    char text[2000];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text)
        out->failed = true;
    else
        td_put(out, text, (size_t)n);
}

/* Formats are constants of this folder, each for one double. */
static void put_number(td_out *out, const char *format, double value)
{
    char text[400];
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#endif
    snprintf(text, sizeof text, format, value);
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
    td_puts(out, !isfinite(value) ? "n/a" : text);
}

void tr_html_figure(td_out *out, const char *key, const char *format, double value)
{
    tr_html_put(out, "<span data-f=\"%s\">", key);
    put_number(out, format, value);
    td_puts(out, "</span>");
}

void tr_html_cell(td_out *out, const char *key, const char *format, double value)
{
    tr_html_put(out, "<td data-f=\"%s\">", key);
    put_number(out, format, value);
    td_puts(out, "</td>");
}

void tr_html_interval(td_out *out, const char *key, const char *format, double low, double high)
{
    char name[120];
    if (isnan(low) || isnan(high))
        return;
    td_puts(out, " <span class=\"ci\">[");
    snprintf(name, sizeof name, "%s.low", key);
    tr_html_figure(out, name, format, low);
    td_puts(out, ", ");
    snprintf(name, sizeof name, "%s.high", key);
    tr_html_figure(out, name, format, high);
    td_puts(out, "]</span>");
}

void tr_html_table(td_out *out, const char *id, const char *heads)
{
    tr_html_put(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table id=\"%s\"><thead><tr>", id, id);
    for (const char *at = heads; at;) {
        const char *end = strchr(at, '|');
        const bool words = *at == '=';
        const size_t len = end ? (size_t)(end - at) : strlen(at);
        td_puts(out, words ? "<th class=\"t\" scope=\"col\">" : "<th scope=\"col\">");
        td_put(out, at + words, len - words);
        td_puts(out, "</th>");
        at = end ? end + 1 : NULL;
    }
    td_puts(out, "</tr></thead><tbody>\n");
}

void tr_html_table_end(td_out *out)
{
    td_puts(out, "</tbody></table></div>\n");
}
