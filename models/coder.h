/* An adaptive binary range coder: the entropy coder of small files (models/tiny.c). Integers only, so that the
 * same bytes come out and go in on every machine.
 *
 * After G. N. N. Martin, "Range encoding" (1979), with the carry handling of LZMA. Each context is one
 * tm_odds: how likely its next bit is 1, learned from the bits that went before; it moves fast at first and
 * slower as it has seen more. One function codes both ways: encoding, tm_code_bit writes its bit and returns it;
 * decoding, it ignores its bit and returns the one read. So a layout is written down once, and the two
 * directions cannot part. */
#ifndef TIERCE_CODER_H
#define TIERCE_CODER_H

#include "models/bytes.h"

/* All zero is a good start: even odds, nothing seen. */
typedef struct {
    int16_t lean;  /* P(1) - 1/2, in 65536ths */
    uint16_t seen;
} tm_odds;

typedef struct {
    tm_reader *from; /* decoding: where bytes come from; NULL: encoding */
    tm_writer *to;
    uint64_t low;
    uint32_t range, code;
    uint32_t pending; /* encoding: bytes that a carry may still change */
    uint8_t cache;
    bool started;
} tm_coder;

tm_coder tm_coder_into(tm_writer *to);
tm_coder tm_coder_from(tm_reader *from);
/* Encoding: writes what is left. */
void tm_coder_end(tm_coder *c);

unsigned tm_code_bit(tm_coder *c, tm_odds *odds, unsigned bit);
/* A value of so many bits, all as likely. */
uint32_t tm_code_even(tm_coder *c, unsigned bits, uint32_t v);

/* A whole number from 0 up: how many bits it has in unary, then the bits below the highest, of which the first
 * two are learned. */
#define TM_NUMBER_BITS 24
typedef struct {
    tm_odds length[TM_NUMBER_BITS + 1], first[TM_NUMBER_BITS + 1], second[TM_NUMBER_BITS + 1][2];
} tm_number_odds;
uint32_t tm_code_number(tm_coder *c, tm_number_odds *odds, uint32_t v);

/* A small number of either sign, -128..127: zero or not, sign, magnitude in unary. */
#define TM_UNARY 7
typedef struct {
    tm_odds zero, sign, more[TM_UNARY];
} tm_small_odds;
int tm_code_small(tm_coder *c, tm_small_odds *odds, int v);

#endif
