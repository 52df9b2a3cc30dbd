/* A growing buffer for output lines, with JSON strings and numbers. */
#ifndef TIERCE_TEXT_OUT_H
#define TIERCE_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Zero it before first use; free(at) when done. failed: memory ended, the text is cut there, and nothing more is
 * put: what it holds is whole puts, from the first, without a hole. */
typedef struct {
    char *at;
    size_t len, room;
    bool failed;
} td_out;

/* "%llu record%s": the ending that the count wants. */
static inline const char *td_s(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* Makes room for `more` bytes; false when memory ends. */
bool td_out_grow(td_out *out, size_t more);

/* Empty again, with the memory it has. */
static inline void td_out_reset(td_out *out)
{
    out->len = 0;
    out->failed = false;
}

/* Inline, so that the many constants of a line cost a move each. */
static inline void td_put(td_out *out, const char *text, size_t len)
{
    if (!len || (out->room - out->len < len && !td_out_grow(out, len)))
        return;
    memcpy(out->at + out->len, text, len);
    out->len += len;
}

static inline void td_puts(td_out *out, const char *text)
{
    td_put(out, text, strlen(text));
}

/* In double quotes, escaped; bytes that are not UTF-8 become U+FFFD, so that the line is valid JSON. */
void td_put_json(td_out *out, const char *text, size_t len);
/* A probability or an amount: 6 significant digits, as printf("%.6g") writes them; 0 where it is not
 * finite. */
void td_put_number(td_out *out, double v);

#endif
