/* Lines for the loop: a thread reads files (or standard input), the loop takes what is there and never
 * waits for a slow pipe. */
#ifndef TIERCE_DISPATCH_FEED_H
#define TIERCE_DISPATCH_FEED_H

#include "data/lines.h"
#include "infer/dispatch/loop.h"

typedef struct ds_feed ds_feed;

typedef struct ds_line {
    struct ds_line *next;
    const char *path;
    uint64_t number; /* in its file */
    char *text;      /* malloc'ed, the taker's */
    size_t len;
} ds_line;

/* `more` is called from the loop when there is something to take again, or the end. paths must
 * outlive the feed. NULL when memory or threads end. */
ds_feed *ds_feed_open(ds_loop *loop, const char *const *paths, size_t n_paths, size_t max_line,
                      void (*more)(void *context), void *context);
/* 1: *line is the taker's; 0: nothing just now; 2: the end; -1: reading failed (*error). */
int ds_feed_take(ds_feed *feed, ds_line **line, td_error *error);
uint64_t ds_feed_bytes(const ds_feed *feed); /* read so far, unpacked */
void ds_feed_close(ds_feed *feed);

#endif
