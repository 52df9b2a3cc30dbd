#include "infer/dispatch/upstream.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct ds_upstream {
    CURLM *multi;
    ds_loop *loop;
    ds_timer *timer;    /* curl's */
    ds_timer *sweep;    /* frees what ended inside a callback */
    ds_transfer *ended; /* waiting for the sweep */
    CURL *spare[64];    /* easy handles to use again */
    size_t n_spare;
};

struct ds_transfer {
    ds_upstream *up;
    CURL *easy;
    struct curl_slist *headers;
    ds_post post;
    ds_transfer_calls calls;
    void *context;
    ds_answer_head head;
    ds_timer *timer; /* first byte, then between chunks */
    double last;     /* sign of life */
    uint64_t got;
    bool connected;  /* the request is being sent */
    bool any_byte;   /* of the answer, headers included */
    bool any_body;   /* of its body: models that think send the headers first */
    bool paused, in_bytes, over, fresh, too_large;
    bool starved;    /* there was no descriptor for it */
    ds_transfer *next;
};

/* ---- curl's wishes to the loop ---- */

static void collect(ds_upstream *up);

static void on_socket_ready(void *context, int fd, bool readable, bool writable)
{
    ds_upstream *up = context;
    int running;
    curl_multi_socket_action(up->multi, fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0),
                             &running);
    collect(up);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *held)
{
    ds_upstream *up = context;
    (void)easy;
    ds_watch_free(held);
    ds_watch *watch = what == CURL_POLL_REMOVE
                          ? NULL
                          : ds_watch_new(up->loop, fd, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0,
                                         on_socket_ready, up);
    curl_multi_assign(up->multi, fd, watch);
    return 0;
}

static int on_timer_wish(CURLM *multi, long ms, void *context)
{
    ds_upstream *up = context;
    (void)multi;
    if (ms < 0)
        ds_timer_stop(up->timer);
    else
        ds_timer_set(up->timer, (double)ms / 1000);
    return 0;
}

static void on_timer(void *context)
{
    ds_upstream *up = context;
    int running;
    curl_multi_socket_action(up->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(up);
}

/* ---- life of a transfer ---- */

static void give_back(ds_upstream *up, CURL *easy)
{
    if (up->n_spare < sizeof up->spare / sizeof *up->spare) {
        curl_easy_reset(easy);
        up->spare[up->n_spare++] = easy;
    } else {
        curl_easy_cleanup(easy);
    }
}

static void transfer_free(ds_transfer *t)
{
    curl_multi_remove_handle(t->up->multi, t->easy);
    give_back(t->up, t->easy);
    curl_slist_free_all(t->headers);
    ds_timer_free(t->timer);
    free(t);
}

static void on_sweep(void *context)
{
    ds_upstream *up = context;
    while (up->ended) {
        ds_transfer *t = up->ended;
        up->ended = t->next;
        transfer_free(t);
    }
}

/* Ends it from our side; inside curl's callback the handle must live a little longer. */
static void put_away(ds_transfer *t)
{
    t->over = true;
    ds_timer_stop(t->timer);
    if (!t->in_bytes) {
        transfer_free(t);
        return;
    }
    t->next = t->up->ended;
    t->up->ended = t;
    ds_timer_set(t->up->sweep, 0);
}

static void end(ds_transfer *t, ds_wire wire, const char *what)
{
    const ds_transfer_calls calls = t->calls;
    const ds_answer_head head = t->head;
    void *context = t->context;
    char text[CURL_ERROR_SIZE];
    snprintf(text, sizeof text, "%s", what);
    put_away(t);
    calls.done(context, wire, &head, text);
}

/* The longest silence that is suffered now. */
static double limit_of(const ds_transfer *t)
{
    if (t->any_body)
        return t->post.between_s;
    return t->post.first_byte_s + (t->connected ? 0 : t->post.connect_s);
}

static void arm(ds_transfer *t)
{
    const double limit = limit_of(t);
    const double left = t->last + limit - ds_now();
    ds_timer_set(t->timer, left > 0.001 ? left : 0.001);
}

#if LIBCURL_VERSION_NUM >= 0x075000
/* Called when the connection stands, a new one or one that was kept, before the request goes out. */
static int on_connected(void *context, char *address, char *local, int port, int local_port)
{
    ds_transfer *t = context;
    (void)address, (void)local, (void)port, (void)local_port;
    t->connected = true;
    t->last = ds_now();
    arm(t); /* a shorter limit holds from here on */
    return CURL_PREREQFUNC_OK;
}
#endif

static void note_body(ds_transfer *t)
{
    t->any_byte = true;
    t->last = ds_now();
    if (t->any_body)
        return;
    t->any_body = true;
    arm(t);
}

/* Within one limit the timer runs on from one sign of life to the next without being set at each. */
static void on_silence(void *context)
{
    ds_transfer *t = context;
    const double limit = limit_of(t);
    if (t->paused)
        t->last = ds_now(); /* it is our side that does not read */
    if (ds_now() - t->last < limit)
        arm(t);
    else
        end(t, t->any_body ? DS_WIRE_STALLED : DS_WIRE_FIRST_BYTE, "timeout");
}

static bool add_to_multi(ds_transfer *t)
{
    t->last = ds_now();
    t->any_byte = t->any_body = t->connected = false;
    if (curl_multi_add_handle(t->up->multi, t->easy) != CURLM_OK)
        return false;
    arm(t);
    return true;
}

/* curl tells a socket that could not be made from one that could not connect by nothing. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    ds_transfer *t = context;
    (void)purpose;
    const int fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd < 0)
        t->starved = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static ds_wire wire_of(const ds_transfer *t, CURLcode code)
{
    if (code != CURLE_OK && t->starved && !t->any_byte)
        return DS_WIRE_NO_DESCRIPTOR;
    switch (code) {
    case CURLE_OK:
        return DS_WIRE_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        return DS_WIRE_CONNECT;
    case CURLE_OPERATION_TIMEDOUT: /* only the connect timeout is curl's */
        return t->any_byte ? DS_WIRE_STALLED : DS_WIRE_CONNECT;
    case CURLE_OUT_OF_MEMORY: /* perhaps in the answer: it was billed then */
        return DS_WIRE_CUT;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
        return DS_WIRE_GARBLED;
    default:
        return t->any_byte ? DS_WIRE_CUT : DS_WIRE_NO_ANSWER;
    }
}

/* A kept-alive connection that was closed while it idled: nothing came, so nothing was answered. */
static bool try_fresh(ds_transfer *t, CURLcode code)
{
    long opened = 1;
    if (t->fresh || t->any_byte || (code != CURLE_SEND_ERROR && code != CURLE_RECV_ERROR && code != CURLE_GOT_NOTHING))
        return false;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &opened);
    if (opened)
        return false; /* it was a new connection: a real fault */
    curl_multi_remove_handle(t->up->multi, t->easy);
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
    t->fresh = true;
    return add_to_multi(t);
}

static void collect(ds_upstream *up)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(up->multi, &left)) != NULL) {
        ds_transfer *t = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        const CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        if (t->over || try_fresh(t, code))
            continue;
        end(t, t->too_large ? DS_WIRE_TOO_LARGE : wire_of(t, code), code == CURLE_OK ? "" : curl_easy_strerror(code));
    }
}

/* ---- bytes ---- */

static size_t on_bytes(char *data, size_t one, size_t n, void *context)
{
    ds_transfer *t = context;
    ds_taken taken;
    (void)one;
    if (t->over)
        return 0;
    note_body(t);
    if (t->got + n > t->post.max_bytes) {
        t->too_large = true;
        return 0; /* ends with CURLE_WRITE_ERROR */
    }
    t->in_bytes = true;
    taken = t->calls.bytes(t->context, &t->head, data, n);
    t->in_bytes = false;
    if (t->over)
        return 0;
    if (taken == DS_PAUSE) {
        t->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    t->got += n;
    return n;
}

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

static size_t on_header(char *line, size_t one, size_t n, void *context)
{
    ds_transfer *t = context;
    ds_answer_head *h = &t->head;
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
    (void)one;
    if (t->over)
        return 0;
    t->any_byte = true;
    if (n > 5 && !strncasecmp(line, "HTTP/", 5)) { /* a new head: after 100 Continue, too */
        const char *space = memchr(line, ' ', n);
        memset(h, 0, sizeof *h);
        h->status = space && (size_t)(space - line) + 4 <= n ? atoi(space + 1) : 0;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const size_t len = strlen(wanted[i].name);
        if (n > len && !strncasecmp(line, wanted[i].name, len))
            keep(wanted[i].to, wanted[i].room, line + len, n - len);
    }
    return n;
}

/* ---- starting and stopping ---- */

static bool set_headers(ds_transfer *t)
{
    static const char *const ours[] = {"Content-Type: application/json", "Expect:"};
    for (size_t i = 0; i < t->post.n_headers + 2; i++) {
        struct curl_slist *more = curl_slist_append(t->headers, i < 2 ? ours[i] : t->post.headers[i - 2]);
        if (!more)
            return false;
        t->headers = more;
    }
    return true;
}

static void set_options(ds_transfer *t)
{
    CURL *e = t->easy;
    curl_easy_setopt(e, CURLOPT_URL, t->post.url);
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(e, CURLOPT_POST, 1L);
    curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->post.body_len);
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->post.body);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
#if LIBCURL_VERSION_NUM >= 0x075000
    curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected);
    curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
#endif
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(t->post.connect_s * 1000) + 1);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, 55L); /* below the providers' idle close */
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 16384L);
    curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(e, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "tierce");
    if (t->fresh)
        curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
}

ds_transfer *ds_transfer_start(ds_upstream *up, const ds_post *post, const ds_transfer_calls *calls, void *context)
{
    ds_transfer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    *t = (ds_transfer){.up = up, .post = *post, .calls = *calls, .context = context};
    t->easy = up->n_spare ? up->spare[--up->n_spare] : curl_easy_init();
    t->timer = ds_timer_new(up->loop, on_silence, t);
    bool good = t->easy && t->timer && set_headers(t);
    if (good) {
        set_options(t);
        good = add_to_multi(t);
    }
    if (good)
        return t;
    if (t->easy)
        curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    ds_timer_free(t->timer);
    free(t);
    return NULL;
}

void ds_transfer_resume(ds_transfer *t)
{
    if (!t->paused || t->over)
        return;
    t->paused = false;
    t->last = ds_now();
    curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

void ds_transfer_cancel(ds_transfer *t)
{
    put_away(t);
}

ds_upstream *ds_upstream_new(ds_loop *loop, td_error *error)
{
    ds_upstream *up = calloc(1, sizeof *up);
    if (up && curl_global_init(CURL_GLOBAL_DEFAULT) == 0) {
        up->loop = loop;
        up->multi = curl_multi_init();
        up->timer = ds_timer_new(loop, on_timer, up);
        up->sweep = ds_timer_new(loop, on_sweep, up);
    }
    if (!up || !up->multi || !up->timer || !up->sweep) {
        td_fail(error, "out of memory for libcurl");
        free(up);
        return NULL;
    }
    curl_multi_setopt(up->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(up->multi, CURLMOPT_SOCKETDATA, up);
    curl_multi_setopt(up->multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(up->multi, CURLMOPT_TIMERDATA, up);
    curl_multi_setopt(up->multi, CURLMOPT_MAXCONNECTS, 512L);
    return up;
}

void ds_upstream_free(ds_upstream *up)
{
    if (!up)
        return;
    on_sweep(up);
    while (up->n_spare)
        curl_easy_cleanup(up->spare[--up->n_spare]);
    curl_multi_cleanup(up->multi);
    ds_timer_free(up->timer);
    ds_timer_free(up->sweep);
    free(up);
    curl_global_cleanup();
}
