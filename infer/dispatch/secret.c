#define _GNU_SOURCE /* memmem */
#include "infer/dispatch/secret.h"

#include <string.h>

void ds_blank_key(char *text, size_t len, const char *key)
{
    const size_t n = key ? strlen(key) : 0;
    char *at = text;
    while (n >= 8 && len && (at = memmem(at, len - (size_t)(at - text), key, n)) != NULL) {
        memset(at, '*', n);
        at += n;
    }
}
