/* Pieces of an HTML page. Whatever comes from outside (ids, names, prompts) goes through tr_html_text or
 * tr_html_name; everything else is our own text. */
#ifndef TIERCE_HTML_H
#define TIERCE_HTML_H

#include "data/text_out.h"

/* Escaped for element content and quoted attributes alike. Bytes that are not UTF-8 and characters that
 * HTML forbids (controls, noncharacters) become U+FFFD. */
void tr_html_text(td_out *out, const char *text, size_t len);
/* The same in a <bdi>, so that right-to-left text in a name cannot turn the line around. */
void tr_html_name(td_out *out, const char *name);
/* Our own text; nothing is escaped. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void tr_html_put(td_out *out, const char *format, ...);
/* A figure that a program can find again: <span data-f="KEY">…</span>. What is not a number says "n/a". */
void tr_html_figure(td_out *out, const char *key, const char *format, double value);
/* <td> of a figure. */
void tr_html_cell(td_out *out, const char *key, const char *format, double value);
/* [low, high] in figures KEY.low and KEY.high; nothing where they are not known. Set off by a space. */
void tr_html_interval(td_out *out, const char *key, const char *format, double low, double high);
/* A table that scrolls inside itself. `heads` are separated by '|'; a head that starts with '=' is text. */
void tr_html_table(td_out *out, const char *id, const char *heads);
void tr_html_table_end(td_out *out);

#endif
