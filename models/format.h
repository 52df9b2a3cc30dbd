/* The model file (`.tierce`), format 1.
 *
 *   offset size
 *        0    8  magic "TIERCE\r\n" (a transfer that mangles line ends is noticed at once)
 *        8    2  major version: a reader refuses a newer one
 *       10    2  minor version: a reader accepts any
 *       12    4  bytes of the packed payload; the file ends with them
 *       16    4  bytes of the payload
 *       20    4  CRC-32 of the payload
 *       24    4  CRC-32 of the packed payload
 *       28    4  CRC-32 of bytes 0..27
 *       32    …  the payload, one zlib stream
 *
 * The payload is a list of sections: tag, flags (bit 0: mandatory), length, all u32, then the bytes.
 * Each known one stands once, in the order of the tags below. Integers are little-endian, strings
 * are u16 length + bytes, numbers IEEE 754. A reader refuses an unknown mandatory section and keeps
 * an unknown optional one as it is, so that write(read(file)) == file.
 *
 * Minor version 1 has two more sections, behind those of version 0: "PNT2", mandatory where it stands, the
 * charges and abstention levels of operating points, written only when one of them has any; "PORT",
 * optional, the portrait of the training records. A file without them says 0, so that old files are
 * written again as they were.
 *
 * Minor version 2 has "TINY", mandatory where it stands, the last of the known: weights, votes and signatures
 * of a small file through a coder of its own (models/tiny.c). WGHT, VOTE and SRCS are then there without them.
 *
 * CRCs find damage, not malice: the decoder bounds-checks every count, index and number, and the
 * fuzz target runs with the CRCs switched off. */
#ifndef TIERCE_FORMAT_H
#define TIERCE_FORMAT_H

#include "models/bytes.h"
#include "models/model.h"

#define TM_MAGIC "TIERCE\r\n"
#define TM_VERSION_MAJOR 1
#define TM_VERSION_MINOR 2 /* a file says the least that it needs */
#define TM_HEADER_BYTES 32
#define TM_MAX_RAW (256u << 20) /* a payload above this is refused before anything is allocated */

#define TM_MANDATORY 1u
#define TM_TAG(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define TM_TAG_SPEC TM_TAG('S', 'P', 'E', 'C')
#define TM_TAG_TIERS TM_TAG('T', 'I', 'E', 'R')
#define TM_TAG_ROWS TM_TAG('R', 'O', 'W', 'S')
#define TM_TAG_WEIGHTS TM_TAG('W', 'G', 'H', 'T')
#define TM_TAG_SOURCES TM_TAG('S', 'R', 'C', 'S')
#define TM_TAG_VOTES TM_TAG('V', 'O', 'T', 'E')
#define TM_TAG_ESTIMATE TM_TAG('E', 'S', 'T', 'M')
#define TM_TAG_POINTS TM_TAG('P', 'N', 'T', 'S')
#define TM_TAG_DIGEST TM_TAG('D', 'G', 'S', 'T')
#define TM_TAG_SELFTEST TM_TAG('S', 'E', 'L', 'F')
#define TM_TAG_POINTS2 TM_TAG('P', 'N', 'T', '2')
#define TM_TAG_PORTRAIT TM_TAG('P', 'O', 'R', 'T')
#define TM_TAG_TINY TM_TAG('T', 'I', 'N', 'Y')

/* The sections of minor version 1; models/decode_1_1.c. */
tierce_status tm_read_points2(tm_reader *r, tm_model *m);
tierce_status tm_read_portrait(tm_reader *r, tm_model *m);

/* The section of minor version 2; models/tiny.c. Numbers of signatures come in steps of 1/TM_STEPS: who makes a
 * tiny model rounds them. */
#define TM_STEPS 8
tierce_status tm_read_tiny(tm_reader *r, tm_model *m);
void tm_write_tiny(tm_writer *w, const tm_model *m);

/* The unpacked payload; models/decode.c. */
tierce_status tm_read_payload(tm_model *model, const uint8_t *raw, size_t len,
                              tierce_error *error);

/* For zlib's zalloc and zfree; context: a tierce_allocator. */
void *tm_zalloc(void *context, unsigned n, unsigned size);
void tm_zrelease(void *context, void *memory);

#endif
