/* The bytes of a file, unpacked where its first two say gzip. As zlib's own gzread, but that whatever follows the last
 * member is an error and not passed over in silence (zeros are padding, as gzip has it). */
#ifndef TIERCE_GUNZIP_H
#define TIERCE_GUNZIP_H

#include <stddef.h>

typedef struct td_gunzip td_gunzip;

/* Takes the descriptor, which td_gunzip_close closes. NULL when memory ends: it stays the caller's. */
td_gunzip *td_gunzip_open(int fd);
/* Up to `room` bytes; 0: the end. -1: *fault says what is wrong with the stream; NULL there: errno does. */
long td_gunzip_read(td_gunzip *g, char *into, size_t room, const char **fault);
void td_gunzip_close(td_gunzip *g); /* NULL is allowed */

#endif
