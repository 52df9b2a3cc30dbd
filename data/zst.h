/* Zstandard, unpacked piece by piece. data/zst.c is the only file that includes zstd.h. */
#ifndef TIERCE_ZST_H
#define TIERCE_ZST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct td_zst td_zst;

td_zst *td_zst_open(void); /* NULL when memory ends */
void td_zst_close(td_zst *z);

/* Unpacks from *in (moved on, *in_len lessened) into `out`; returns the bytes written. Frames may
 * follow each other. *fault is set to a constant text when the stream is damaged. */
size_t td_zst_run(td_zst *z, const char **in, size_t *in_len, char *out, size_t room,
                  const char **fault);
/* Does the input so far end at the end of a frame? If not when no more comes, it was cut off. */
bool td_zst_complete(const td_zst *z);

/* Does a file that starts so hold Zstandard? */
bool td_zst_starts(const char *bytes, size_t len);

#endif
