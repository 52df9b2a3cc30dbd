/* Little-endian bytes, written and read explicitly: never a struct written whole.
 *
 * Both sides keep a sticky failure, so that a codec is straight-line code with one check at its
 * end. The reader never reads past its end: a failed read returns zero and remembers where. */
#ifndef TIERCE_BYTES_H
#define TIERCE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/arena.h"

typedef struct {
    const uint8_t *at;
    size_t len, pos;
    bool failed;    /* read past the end, a malformed value, or no_memory */
    bool no_memory; /* a string found no room */
} tm_reader;

tm_reader tm_reader_of(const void *data, size_t len);
uint8_t tm_read_u8(tm_reader *r);
uint16_t tm_read_u16(tm_reader *r);
uint32_t tm_read_u32(tm_reader *r);
uint64_t tm_read_u64(tm_reader *r);
float tm_read_f32(tm_reader *r);
double tm_read_f64(tm_reader *r);
uint32_t tm_read_varint(tm_reader *r);
/* n bytes in place, NULL past the end. */
const uint8_t *tm_read_bytes(tm_reader *r, size_t n);
/* A string of u16 length, copied into the arena with a NUL behind it. NULL on failure or when it
 * holds a NUL of its own. */
char *tm_read_string(tm_reader *r, tm_arena *arena);

typedef struct {
    const tierce_allocator *allocator;
    uint8_t *at;
    size_t len, room;
    bool failed; /* out of memory, or a value that does not fit its field */
} tm_writer;

void tm_write_u8(tm_writer *w, uint8_t v);
void tm_write_u16(tm_writer *w, uint16_t v);
void tm_write_u32(tm_writer *w, uint32_t v);
void tm_write_u64(tm_writer *w, uint64_t v);
void tm_write_f32(tm_writer *w, float v);
void tm_write_f64(tm_writer *w, double v);
void tm_write_varint(tm_writer *w, uint32_t v);
void tm_write_bytes(tm_writer *w, const void *data, size_t n);
void tm_write_string(tm_writer *w, const char *s);
void tm_writer_free(tm_writer *w);

#endif
