/* A blocking HTTP/1.1 client for the dispatcher's tests, and their clock. */
#ifndef TIERCE_TEST_HTTP_H
#define TIERCE_TEST_HTTP_H

#include <stdbool.h>
#include <stddef.h>

double drive_now(void);
void drive_sleep(double s);

typedef struct {
    int status;     /* 0: no answer */
    char *head;     /* with NULs replaced, malloc'ed */
    char *body;     /* dechunked, NUL-terminated */
    size_t len;
    bool cut;       /* the body did not come to its proper end */
    double seconds;
} reply;

int http_connect(unsigned port);
bool http_send(int fd, const char *data, size_t len);
reply http_receive(int fd, double timeout_s);
reply http_post(unsigned port, const char *path, const char *body, const char *headers);
reply http_get(unsigned port, const char *path);
/* Value of a header, "" when absent; in a static buffer. */
const char *http_value(const reply *r, const char *name);
void reply_free(reply *r);
/* The head and body of a POST to /v1/chat/completions; its length. */
int http_chat(char *to, size_t room, const char *body);

#endif
