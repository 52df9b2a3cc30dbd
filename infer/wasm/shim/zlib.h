/* As much of zlib's interface as models/container.c uses to open a model, for builds that have no zlib
 * (WebAssembly, cross builds of the tests). Behind it stands infer/wasm/inflate.c. */
#ifndef TIERCE_SHIM_ZLIB_H
#define TIERCE_SHIM_ZLIB_H

#include <stddef.h>
#include <stdint.h>

typedef uint8_t Bytef;
typedef unsigned uInt;
typedef unsigned long uLong, uLongf;

enum { Z_OK = 0, Z_STREAM_END = 1, Z_DATA_ERROR = -3, Z_MEM_ERROR = -4, Z_FINISH = 4 };

typedef struct {
    const Bytef *next_in;
    uInt avail_in;
    uLong total_in;
    Bytef *next_out;
    uInt avail_out;
    void *(*zalloc)(void *, uInt, uInt); /* never called: this inflate needs no memory of its own */
    void (*zfree)(void *, void *);
    void *opaque;
} z_stream;

int inflateInit(z_stream *z);
/* The whole stream in one call, flush = Z_FINISH: all of it is there, and so is the room. */
int inflate(z_stream *z, int flush);
int inflateEnd(z_stream *z);
uLong crc32(uLong crc, const Bytef *data, uInt len);

#endif
