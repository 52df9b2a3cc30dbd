/* The head of a provider's answer, line by line: the few header values that matter. */
#ifndef TIERCE_DISPATCH_ANSWER_HEAD_H
#define TIERCE_DISPATCH_ANSWER_HEAD_H

#include <stddef.h>

/* "" where absent; cut to the room there is, control characters are blanks. */
typedef struct {
    int status; /* 0: none yet */
    char content_type[128], content_encoding[32];
    char retry_after[64], retry_after_ms[32], should_retry[16], request_id[128];
} ds_answer_head;

/* One line, its end included. A status line starts a new head: after 100 Continue, too. */
void ds_answer_head_line(ds_answer_head *head, const char *line, size_t n);

#endif
