/* When are two requests the same, or nearly?
 *
 * The same: equal hash of the normalised request: role, kind, name and text of every part, name,
 * description and parameters of every tool, each run of white space taken as one space and none at
 * the ends. {"prompt": "x"} is the same as one user message "x".
 *
 * Nearly: MinHash (Broder 1997). A request's text without system messages and tool definitions (which
 * whole corpora share) is cut into overlapping runs of three words, ASCII letters in lower case; 128
 * minima of hashes of those estimate the share of runs that two requests have in common (Jaccard),
 * with a standard error of at most .045. Pairs are found by 16 bands of 8 minima: a pair that shares
 * .8 is found with probability .95, one that shares .9 with .9999. */
#ifndef TIERCE_LIKENESS_H
#define TIERCE_LIKENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/request.h"

uint64_t td_request_hash(const tierce_request *request);

#define TD_MINIMA 128

typedef struct {
    uint16_t minimum[TD_MINIMA];
    uint32_t tag;   /* pairs of equal tags are passed over */
    uint32_t group; /* so are pairs of equal groups: the same request again */
    bool empty;     /* no word at all: like nothing */
} td_signature;

/* Leaves tag and group alone. */
void td_sign(td_signature *signature, const tierce_request *request);
double td_likeness(const td_signature *a, const td_signature *b);

typedef struct {
    uint64_t alike;     /* signatures with at least one nearly equal of another tag */
    size_t first, with; /* an example pair, when alike > 0 */
    uint64_t unchecked; /* comparisons left out: more than 500 candidates in one bucket */
} td_likes;

/* Finds them among n signatures; alike where td_likeness >= least. False when memory ends. */
bool td_find_alike(const td_signature *signatures, size_t n, double least, td_likes *likes);

#endif
