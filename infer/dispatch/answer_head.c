#include "infer/dispatch/answer_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void keep(char *to, size_t room, const char *value, size_t len)
{
    while (len && (*value == ' ' || *value == '\t')) {
        value++;
        len--;
    }
    while (len && (unsigned char)value[len - 1] <= ' ')
        len--;
    snprintf(to, room, "%.*s", (int)(len < room ? len : room - 1), value);
    for (; *to; to++)
        if ((unsigned char)*to < 0x20 || *to == 0x7f)
            *to = ' ';
}

void ds_answer_head_line(ds_answer_head *h, const char *line, size_t n)
{
    const struct {
        const char *name;
        char *to;
        size_t room;
    } wanted[] = {{"content-type:", h->content_type, sizeof h->content_type},
                  {"content-encoding:", h->content_encoding, sizeof h->content_encoding},
                  {"retry-after:", h->retry_after, sizeof h->retry_after},
                  {"retry-after-ms:", h->retry_after_ms, sizeof h->retry_after_ms},
                  {"x-should-retry:", h->should_retry, sizeof h->should_retry},
                  {"x-request-id:", h->request_id, sizeof h->request_id},
                  {"request-id:", h->request_id, sizeof h->request_id}};
    if (n > 5 && !strncasecmp(line, "HTTP/", 5)) {
        const char *space = memchr(line, ' ', n);
        memset(h, 0, sizeof *h);
        h->status = space && (size_t)(space - line) + 4 <= n ? atoi(space + 1) : 0;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const size_t len = strlen(wanted[i].name);
        if (n > len && !strncasecmp(line, wanted[i].name, len))
            keep(wanted[i].to, wanted[i].room, line + len, n - len);
    }
}
