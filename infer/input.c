/* A prompt from the arguments, a request from a file or standard input: whole, in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/commands.h"

#define MAX_INPUT ((size_t)1 << 30)

static char *read_stream(FILE *f, size_t *len)
{
    size_t room = 1u << 16, n = 0;
    char *at = malloc(room);
    while (at) {
        n += fread(at + n, 1, room - n, f);
        if (n < room)
            break;
        char *wider = room < MAX_INPUT ? realloc(at, room *= 2) : NULL;
        if (!wider)
            free(at);
        at = wider;
    }
    if (at && ferror(f)) {
        free(at);
        at = NULL;
    }
    *len = n;
    return at;
}

char *read_input(const char *path, size_t *len)
{
    if (!strcmp(path, "-"))
        return read_stream(stdin, len);
    FILE *f = fopen(path, "rb");
    char *text = f ? read_stream(f, len) : NULL;
    if (f)
        fclose(f);
    return text;
}

char *join_words(char **words, int n, size_t *len)
{
    size_t total = 0;
    for (int i = 0; i < n; i++)
        total += strlen(words[i]) + 1;
    char *text = malloc(total + 1), *to = text;
    for (int i = 0; text && i < n; i++) {
        const size_t size = strlen(words[i]);
        memcpy(to, words[i], size);
        to += size;
        *to++ = ' ';
    }
    *len = total ? total - 1 : 0;
    return text;
}
