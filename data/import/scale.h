/* What scores a model has, against the range that they should be of: one value outside says that the whole
 * column is of another scale, and that those inside are not what they look like (the 1 of 0..100 is no 1). */
#ifndef TIERCE_SCALE_H
#define TIERCE_SCALE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t n, outside;   /* finite numbers seen (True, False and letters are none); those outside the range */
    uint64_t infinite;     /* beside those */
    double least, most;
    double first;          /* the first outside, and where it stands */
    uint32_t file;         /* as the sink counts its files */
    uint64_t line;         /* 0: the file as a whole */
} td_scale;

/* Takes one score into account; true: it is within low..high. Zero *s first. Infinity is outside of every
 * range and says nothing about the scale. */
bool td_scale_look(td_scale *s, double score, double low, double high, uint32_t file, uint64_t line);

/* A range that the scores could be of, for advice. */
void td_scale_guess(const td_scale *s, double *low, double *high);

#endif
