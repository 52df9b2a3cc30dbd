/* Text that is not UTF-8 is written as U+FFFD, and two prompts that differ in such letters alone would be one: importers
 * refuse it where it stands. */
#ifndef TIERCE_UTF8_H
#define TIERCE_UTF8_H

#include <stddef.h>

#define TD_NOT_UTF8 "bytes that are not UTF-8 (is it Latin-1? iconv -f ISO-8859-1 -t UTF-8 FILE > NEW converts it)"

/* What Python makes of such bytes where it is told to go on (errors="surrogateescape") and json.dumps writes: half a
 * letter, which JSON's readers take for U+FFFD, too. */
#define TD_ESCAPED_BYTES "a \\udc80..\\udcff of its own: bytes that were not UTF-8 when this was written (read them as what they are, and write it again)"

/* 0: it is UTF-8; else 1 + where the first byte stands that is of no letter. */
size_t td_not_utf8(const char *text, size_t len);
/* The same of JSON text, whose escapes are looked at, too; *what becomes TD_NOT_UTF8 or TD_ESCAPED_BYTES. */
size_t td_json_not_utf8(const char *json, size_t len, const char **what);
/* "byte 0xE9 behind "caf"" for messages; at: what either of them said. */
void td_not_utf8_detail(const char *text, size_t at, char *detail, size_t room);

#endif
