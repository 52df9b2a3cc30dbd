/* Any bytes as schema, NUL, arguments: a verdict, and where it is "no" a sentence in one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/toolcheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size ? memchr(data, 0, size) : NULL;
    const size_t schema = cut ? (size_t)(cut - data) : size, rest = cut ? size - schema - 1 : 0;
    const tierce_tool tool = {{"f", 1}, {NULL, 0}, {(const char *)data, schema}};
    const tierce_request request = {.tools = &tool, .n_tools = 1};
    char name[] = "f", *arguments = malloc(rest + 1);
    td_error error;
    if (rest)
        memcpy(arguments, cut + 1, rest);
    arguments[rest] = 0;
    const ds_call call = {.name = name, .arguments = arguments, .arguments_len = rest};
    memset(&error, 0, sizeof error);
    if (!ds_toolcheck(&request, &call, 1, &error) && (strncmp(error.text, "call 1 \"f\": ", 12) || strpbrk(error.text, "\r\n")))
        abort();
    free(arguments);
    return 0;
}
