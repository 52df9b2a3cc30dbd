/* Any bytes as a batch line: refused with a place inside it; or given another model, which is then
 * the one that is read, and every byte before and behind it is the old one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/batch_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void change(const char *line, size_t len, const td_batch_line *first)
{
    static const char model[] = "a\"b";
    td_out out = {0};
    td_batch_line again;
    const char *what;
    size_t where;
    td_batch_line_put(&out, first, line, len, model);
    char *text = malloc(out.len);
    const size_t head = (size_t)(first->cut - line), tail = (size_t)(line + len - first->resume);
    if (!text || out.failed || memcmp(out.at, line, head) ||
        memcmp(out.at + out.len - 1 - tail, first->resume, tail) ||
        !td_batch_line_read(&again, out.at, out.len, text, &what, &where) || !again.has_model ||
        (size_t)(again.resume - again.cut) != 6 || memcmp(again.cut, "\"a\\\"b\"", 6))
        abort();
    free(text);
    free(out.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_batch_line line;
    const char *what = NULL;
    size_t where = 0;
    char *text = malloc(size ? size : 1);
    if (td_batch_line_read(&line, (const char *)data, size, text, &what, &where))
        change((const char *)data, size, &line);
    else if (!what || where > size)
        abort();
    free(text);
    return 0;
}
