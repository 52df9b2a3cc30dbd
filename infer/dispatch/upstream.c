#include "infer/dispatch/upstream.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/dispatch/numbers.h"
#include "infer/dispatch/silence.h"

struct ds_upstream {
    CURLM *multi;
    ds_loop *loop;
    ds_timer *timer;      /* curl's */
    ds_timer *sweep;      /* for what ended, or must end, inside a callback */
    ds_transfer *swept;   /* waiting for the sweep */
    ds_transfer *touched; /* the last one that curl opened or chose a connection for */
    size_t n_transfers;
    ds_numbers spoilt;    /* sockets that curl's table has a half-made entry for */
    CURL *spare[64];      /* easy handles to use again */
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
    ds_silence silence;
    uint64_t got;
    bool any_byte; /* of the answer, headers included */
    bool paused, in_bytes, over, fresh, too_large;
    bool starved;  /* there was no descriptor for it */
    bool waits;    /* in `swept` */
    bool well;     /* curl said that it ended, without a fault */
    bool spoilt;   /* curl may have kept an entry for `socket` */
    int socket;    /* that is being connected; -1: none */
    ds_transfer *next;
};

/* ---- life of a transfer ---- */

/* A handle is used again as it is, every option set anew: curl_easy_reset allocates, tells nobody when it could not,
 * and leaves defaults half-set (7.88: an upload buffer of 0 bytes, a buffer that is written past its end). One whose
 * transfer did not end well is not used again. */
static void give_back(ds_upstream *up, CURL *easy, bool well)
{
    if (well && up->n_spare < sizeof up->spare / sizeof *up->spare)
        up->spare[up->n_spare++] = easy;
    else
        curl_easy_cleanup(easy);
}

static void transfer_free(ds_transfer *t)
{
    curl_multi_remove_handle(t->up->multi, t->easy);
    if (t->spoilt && t->socket >= 0)
        ds_numbers_keep(&t->up->spoilt, t->socket);
    give_back(t->up, t->easy, t->well);
    curl_slist_free_all(t->headers);
    ds_silence_free(&t->silence);
    t->up->n_transfers--;
    free(t);
}

static void await_sweep(ds_transfer *t)
{
    if (t->waits)
        return;
    t->waits = true;
    t->next = t->up->swept;
    t->up->swept = t;
    ds_timer_set(t->up->sweep, 0);
}

/* Ends it from our side; inside curl's callback the handle must live a little longer. */
static void put_away(ds_transfer *t)
{
    t->over = true;
    ds_silence_stop(&t->silence);
    if (t->up->touched == t)
        t->up->touched = NULL;
    if (t->in_bytes || t->waits)
        await_sweep(t);
    else
        transfer_free(t);
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

/* Memory ended: was the request perhaps sent, and billed, before? */
static void end_lost(ds_transfer *t)
{
    end(t, t->too_large ? DS_WIRE_TOO_LARGE : t->silence.connected ? DS_WIRE_LOST : DS_WIRE_NO_MEMORY, "out of memory");
}

static void on_sweep(void *context)
{
    ds_upstream *up = context;
    while (up->swept) {
        ds_transfer *t = up->swept;
        up->swept = t->next;
        t->waits = false;
        if (t->over)
            transfer_free(t);
        else
            end_lost(t);
    }
}

/* ---- curl's wishes to the loop ---- */

static void collect(ds_upstream *up);

/* Lets curl do what the descriptor, or the time, asks for.
 *
 * Where memory ends while curl notes down the socket of a transfer that it has just opened or chosen a connection
 * for (singlesocket() in its multi.c), curl_multi_socket_action says so and stops there: that transfer has no watch
 * and will never be called again; the others' due times wait, and their timer is not set. So that transfer is ended,
 * here and now, and curl is called for the others. (Nothing else in there fails without telling the transfer.)
 * Worse, 7.88 keeps the half-made entry of a socket that was not connected yet, and divides by its zero slots when a
 * socket of that number is next looked at. So none comes by that number until the table is made anew. */
static void drive(ds_upstream *up, curl_socket_t fd, int mask)
{
    int running;
    on_sweep(up); /* what must not meet curl again */
    up->touched = NULL;
    CURLMcode code = curl_multi_socket_action(up->multi, fd, mask, &running);
    while (code != CURLM_OK && up->touched) {
        up->touched->spoilt = true;
        end_lost(up->touched);
        on_sweep(up);
        code = curl_multi_socket_action(up->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    up->touched = NULL;
    if (code != CURLM_OK)
        ds_timer_set(up->timer, 0.01);
    collect(up);
}

static void on_socket_ready(void *context, int fd, bool readable, bool writable)
{
    drive(context, fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
}

/* To answer -1 would end every transfer there is: a socket that cannot be watched ends its own. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *held)
{
    ds_upstream *up = context;
    const bool in = (what & CURL_POLL_IN) != 0, out = (what & CURL_POLL_OUT) != 0;
    ds_transfer *t = NULL;
    if (what == CURL_POLL_REMOVE) {
        ds_watch_free(held);
        curl_multi_assign(up->multi, fd, NULL);
        return 0;
    }
    if (held && ds_watch_change(held, in, out))
        return 0;
    if (!held) {
        held = ds_watch_new(up->loop, fd, in, out, on_socket_ready, up);
        curl_multi_assign(up->multi, fd, held);
        if (held)
            return 0;
    }
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t) == CURLE_OK && t && !t->over)
        await_sweep(t);
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
    drive(context, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- silence ---- */

/* Called when the connection stands, a new one or one that was kept, before the request goes out. */
static int on_connected(void *context, char *address, char *local, int port, int local_port)
{
    ds_transfer *t = context;
    (void)address, (void)local, (void)port, (void)local_port;
    t->up->touched = t;
    t->socket = -1;
    ds_silence_connected(&t->silence);
    return CURL_PREREQFUNC_OK;
}

static void on_silence(void *context)
{
    ds_transfer *t = context;
    if (t->paused)
        ds_silence_excuse(&t->silence);
    if (ds_silence_is_over(&t->silence))
        end(t, t->silence.body ? DS_WIRE_STALLED : DS_WIRE_FIRST_BYTE, "timeout");
}

/* ---- the request ---- */

static bool add_to_multi(ds_transfer *t)
{
    t->any_byte = false;
    t->socket = -1;
    if (curl_multi_add_handle(t->up->multi, t->easy) != CURLM_OK)
        return false;
    ds_silence_begin(&t->silence);
    return true;
}

/* curl tells a socket that could not be made from one that could not connect by nothing. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    ds_transfer *t = context;
    (void)purpose;
    t->up->touched = t;
    t->socket = ds_numbers_avoid(&t->up->spoilt, socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol));
    if (t->socket < 0)
        t->starved = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return t->socket < 0 ? CURL_SOCKET_BAD : t->socket;
}

/* Before a name is looked up, which makes a socket of its own. */
static int on_resolve(void *state, void *reserved, void *context)
{
    ds_transfer *t = context;
    (void)state, (void)reserved;
    t->up->touched = t;
    return 0;
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
        return t->silence.connected ? DS_WIRE_LOST : DS_WIRE_NO_MEMORY;
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
        t->well = code == CURLE_OK;
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
    t->any_byte = true;
    ds_silence_heard(&t->silence);
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

static size_t on_header(char *line, size_t one, size_t n, void *context)
{
    ds_transfer *t = context;
    (void)one;
    if (t->over)
        return 0;
    t->any_byte = true;
    ds_answer_head_line(&t->head, line, n);
    return n;
}

/* ---- starting and stopping ---- */

static CURLM *new_multi(ds_upstream *up)
{
    CURLM *multi = curl_multi_init();
    if (!multi)
        return NULL;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, up);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, up);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 512L);
    return multi;
}

/* With nothing under way: a table without spoilt entries. Its connections go with the old one. */
static void renew(ds_upstream *up)
{
    CURLM *multi = new_multi(up);
    if (!multi)
        return; /* later, then */
    curl_multi_cleanup(up->multi);
    up->multi = multi;
    ds_numbers_release(&up->spoilt);
}

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

static bool set_options(ds_transfer *t)
{
    CURLcode fault = CURLE_OK;
#define SET(option, value) fault = fault ? fault : curl_easy_setopt(t->easy, option, value)
    SET(CURLOPT_URL, t->post.url);
    SET(CURLOPT_USERAGENT, "tierce");
    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->post.body_len);
    SET(CURLOPT_POSTFIELDS, t->post.body);
    SET(CURLOPT_WRITEFUNCTION, on_bytes);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
    SET(CURLOPT_RESOLVER_START_DATA, t);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(t->post.connect_s * 1000) + 1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROGRESS, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_MAXAGE_CONN, 55L); /* below the providers' idle close */
    SET(CURLOPT_BUFFERSIZE, 16384L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_FRESH_CONNECT, t->fresh ? 1L : 0L);
#undef SET
    return fault == CURLE_OK;
}

ds_transfer *ds_transfer_start(ds_upstream *up, const ds_post *post, const ds_transfer_calls *calls, void *context)
{
    if (up->spoilt.n && !up->n_transfers)
        renew(up);
    ds_transfer *t = up->spoilt.n < DS_NUMBERS ? calloc(1, sizeof *t) : NULL;
    if (!t)
        return NULL;
    *t = (ds_transfer){.up = up, .post = *post, .calls = *calls, .context = context,
                       .silence = {post->connect_s, post->first_byte_s, post->between_s, 0, false, false, NULL}};
    t->easy = up->n_spare ? up->spare[--up->n_spare] : curl_easy_init();
    if (t->easy && ds_silence_init(&t->silence, up->loop, on_silence, t) && set_headers(t) && set_options(t) &&
        add_to_multi(t)) {
        up->n_transfers++;
        return t;
    }
    if (t->easy)
        curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    ds_silence_free(&t->silence);
    free(t);
    return NULL;
}

void ds_transfer_resume(ds_transfer *t)
{
    if (!t->paused || t->over)
        return;
    t->paused = false;
    ds_silence_excuse(&t->silence);
    /* a fault here (no memory; what was held back is too much) is told to nobody else */
    if (curl_easy_pause(t->easy, CURLPAUSE_CONT) != CURLE_OK && !t->over)
        await_sweep(t);
}

void ds_transfer_cancel(ds_transfer *t)
{
    put_away(t);
}

ds_upstream *ds_upstream_new(ds_loop *loop, td_error *error)
{
    ds_upstream *up = calloc(1, sizeof *up);
    const bool begun = up && curl_global_init(CURL_GLOBAL_DEFAULT) == 0;
    if (begun) {
        up->loop = loop;
        up->multi = new_multi(up);
        up->timer = ds_timer_new(loop, on_timer, up);
        up->sweep = ds_timer_new(loop, on_sweep, up);
    }
    if (begun && up->multi && up->timer && up->sweep)
        return up;
    td_fail(error, "out of memory for libcurl");
    if (begun)
        ds_upstream_free(up);
    else
        free(up);
    return NULL;
}

void ds_upstream_free(ds_upstream *up)
{
    if (!up)
        return;
    on_sweep(up);
    while (up->n_spare)
        curl_easy_cleanup(up->spare[--up->n_spare]);
    curl_multi_cleanup(up->multi);
    ds_numbers_release(&up->spoilt);
    ds_timer_free(up->timer);
    ds_timer_free(up->sweep);
    free(up);
    curl_global_cleanup();
}
