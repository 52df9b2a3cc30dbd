/* A provider's error may repeat the key that it was asked with; the client must not read it there. */
#ifndef TIERCE_DISPATCH_SECRET_H
#define TIERCE_DISPATCH_SECRET_H

#include <stddef.h>

/* Each place of `key` in the text becomes stars, as many bytes. NULL, or a key of fewer than 8 bytes, which words could
 * hold by chance: nothing. */
void ds_blank_key(char *text, size_t len, const char *key);

#endif
