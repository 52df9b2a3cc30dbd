/* Any bytes as an HTTP request's head and as a chunked body: the same whatever the cuts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long dechunk(const char *data, size_t size, size_t piece, size_t *body)
{
    ds_http_chunks c = {0};
    bool end = false;
    size_t at = 0;
    *body = 0;
    while (at < size && !end) {
        const char *part;
        size_t n;
        const size_t some = piece < size - at ? piece : size - at;
        const long used = ds_http_dechunk(&c, data + at, some, &part, &n, &end);
        if (used < 0)
            return -1;
        if (n > some || part < data + at || part + n > data + at + some || (!used && !end))
            abort();
        *body += n;
        at += (size_t)used;
    }
    return end ? (long)at : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ds_http_head head;
    const char *text = (const char *)data;
    size_t whole, split;
    const long n = ds_http_read(&head, text, size);
    if (n > (long)size || (n < 0 && (!head.what || head.status < 400)))
        abort();
    for (size_t i = 0; n > 0 && i < head.n_headers; i++)
        if (head.header[i].value.data < text || head.header[i].value.data + head.header[i].value.len > text + n)
            abort();
    if (n > 0 && ds_http_read(&head, text, (size_t)n - 1) != 0)
        abort();
    const long a = dechunk(text, size, size ? size : 1, &whole), b = dechunk(text, size, 1, &split);
    if (a != b || (a > 0 && whole != split))
        abort();
    return 0;
}
