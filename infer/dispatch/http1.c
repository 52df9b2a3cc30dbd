#include "infer/dispatch/http1.h"

#include <string.h>
#include <strings.h>

static long refuse(ds_http_head *h, int status, const char *what)
{
    h->status = status;
    h->what = what;
    return -1;
}

static bool is_token_byte(char c)
{
    return c && strchr("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", c);
}

static bool named(tierce_span span, const char *name)
{
    return span.len == strlen(name) && !strncasecmp(span.data, name, span.len);
}

static tierce_span until(const char *from, const char *to)
{
    return (tierce_span){from, (size_t)(to - from)};
}

/* METHOD SP target SP HTTP/1.x */
static long read_first_line(ds_http_head *h, const char *at, const char *end)
{
    const char *from = at;
    while (at < end && is_token_byte(*at))
        at++;
    h->method = until(from, at);
    if (at == from || at == end || *at != ' ')
        return refuse(h, 400, "the request line has no method");
    from = ++at;
    while (at < end && *at > ' ' && *at < 0x7f)
        at++;
    h->target = until(from, at);
    if (at == from || at == end || *at != ' ' || *from != '/')
        return refuse(h, 400, "the request line needs a path that begins with /");
    at++;
    if (end - at != 8 || memcmp(at, "HTTP/", 5))
        return refuse(h, 400, "the request line must end with HTTP/1.1");
    if (at[5] != '1' || at[6] != '.' || (at[7] != '0' && at[7] != '1'))
        return refuse(h, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    h->minor = at[7] - '0';
    return 0;
}

static long read_length(ds_http_head *h, tierce_span v)
{
    if (h->has_length)
        return refuse(h, 400, "two Content-Length headers");
    if (!v.len || v.len > 18)
        return refuse(h, 400, "Content-Length is not a length");
    for (size_t i = 0; i < v.len; i++) {
        if (v.data[i] < '0' || v.data[i] > '9')
            return refuse(h, 400, "Content-Length is not a length");
        h->length = h->length * 10 + (uint64_t)(v.data[i] - '0');
    }
    h->has_length = true;
    return 0;
}

static void read_connection(ds_http_head *h, tierce_span v)
{
    for (size_t i = 0; i < v.len;) {
        size_t n = 0;
        while (i + n < v.len && v.data[i + n] != ',' && v.data[i + n] != ' ' && v.data[i + n] != '\t')
            n++;
        const tierce_span word = {v.data + i, n};
        if (named(word, "close"))
            h->keep_alive = false;
        else if (named(word, "keep-alive") && h->minor == 0)
            h->keep_alive = true;
        i += n + 1;
    }
}

static long judge_header(ds_http_head *h, const ds_http_header *one)
{
    if (named(one->name, "content-length"))
        return read_length(h, one->value);
    if (named(one->name, "transfer-encoding")) {
        if (h->chunked || !named(one->value, "chunked"))
            return refuse(h, 501, "Transfer-Encoding must be chunked, once");
        h->chunked = true;
    } else if (named(one->name, "connection")) {
        read_connection(h, one->value);
    } else if (named(one->name, "expect")) {
        if (!named(one->value, "100-continue"))
            return refuse(h, 417, "Expect must be 100-continue");
        h->expects_continue = h->minor == 1;
    } else if (named(one->name, "upgrade") && named(one->value, "h2c")) {
        return 0; /* an offer: not taken */
    }
    return 0;
}

static long read_header(ds_http_head *h, const char *at, const char *end)
{
    const char *from = at;
    if (h->n_headers == DS_HTTP_MAX_HEADERS)
        return refuse(h, 431, "too many headers");
    while (at < end && is_token_byte(*at))
        at++;
    if (at == from || at == end || *at != ':')
        return refuse(h, 400, "a header line is not name: value");
    ds_http_header *one = &h->header[h->n_headers++];
    one->name = until(from, at++);
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    one->value = until(at, end);
    for (; at < end; at++)
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
            return refuse(h, 400, "a header value holds a control byte");
    return judge_header(h, one);
}

static long judge_head(ds_http_head *h)
{
    size_t hosts = 0;
    for (size_t i = 0; i < h->n_headers; i++)
        hosts += named(h->header[i].name, "host");
    if (hosts > 1 || (h->minor == 1 && !hosts))
        return refuse(h, 400, "exactly one Host header is needed");
    if (h->chunked && (h->has_length || h->minor == 0))
        return refuse(h, 400, "Transfer-Encoding beside Content-Length, or in HTTP/1.0");
    return 0;
}

long ds_http_read(ds_http_head *h, const char *data, size_t len)
{
    const size_t seen = len < DS_HTTP_MAX_HEAD ? len : DS_HTTP_MAX_HEAD;
    size_t start = 0;
    memset(h, 0, offsetof(ds_http_head, header));
    h->method = h->target = (tierce_span){"", 0};
    h->n_headers = 0;
    h->length = 0;
    h->has_length = h->chunked = h->expects_continue = false;
    h->status = 0;
    h->what = NULL;
    while (start + 1 < seen && start < 4 && data[start] == '\r' && data[start + 1] == '\n')
        start += 2; /* blank lines before a request, as RFC 9112 advises */
    for (size_t at = start;;) {
        const char *stop = memchr(data + at, '\n', seen - at);
        if (!stop)
            return seen == DS_HTTP_MAX_HEAD ? refuse(h, at == start ? 414 : 431, "the request's head is too long") : 0;
        const size_t line = (size_t)(stop - data);
        if (line == at || data[line - 1] != '\r')
            return refuse(h, 400, "lines must end with CR LF");
        if (line - 1 == at && at != start)
            return judge_head(h) ? -1 : (long)line + 1;
        if (at == start) {
            if (read_first_line(h, data + at, data + line - 1))
                return -1;
            h->keep_alive = h->minor == 1;
        } else if (read_header(h, data + at, data + line - 1)) {
            return -1;
        }
        at = line + 1;
    }
}

tierce_span ds_http_find(const ds_http_head *h, const char *name)
{
    for (size_t i = 0; i < h->n_headers; i++)
        if (named(h->header[i].name, name))
            return h->header[i].value;
    return (tierce_span){"", 0};
}

bool ds_http_method_is(const ds_http_head *h, const char *method)
{
    return h->method.len == strlen(method) && !memcmp(h->method.data, method, h->method.len);
}

bool ds_http_path_is(const ds_http_head *h, const char *path)
{
    const char *query = memchr(h->target.data, '?', h->target.len);
    const size_t n = query ? (size_t)(query - h->target.data) : h->target.len;
    return n == strlen(path) && !memcmp(h->target.data, path, n);
}

/* ---- chunks ---- */

enum { SIZE, SIZE_EXT, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LINE, TRAILER_LF, LAST_LF, OVER };

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte of framing; false when it is wrong. */
static bool step(ds_http_chunks *c, char b)
{
    switch (c->state) {
    case SIZE:
        if (hex(b) >= 0) {
            c->left = c->left * 16 + (uint64_t)hex(b);
            return ++c->digits <= 15;
        }
        c->state = b == '\r' ? SIZE_LF : SIZE_EXT;
        return c->digits > 0 && (b == '\r' || b == ';' || b == ' ');
    case SIZE_EXT:
        c->state = b == '\r' ? SIZE_LF : SIZE_EXT;
        return ((unsigned char)b >= 0x20 || b == '\r' || b == '\t') && ++c->trailer < 4096;
    case SIZE_LF:
        c->state = c->left ? DATA : TRAILER;
        c->digits = 0;
        return b == '\n';
    case DATA_CR:
        c->state = DATA_LF;
        return b == '\r';
    case DATA_LF:
        c->state = SIZE;
        return b == '\n';
    case TRAILER:
        c->state = b == '\r' ? LAST_LF : TRAILER_LINE;
        return b != '\n' && ++c->trailer < 8192;
    case TRAILER_LINE:
        c->state = b == '\r' ? TRAILER_LF : TRAILER_LINE;
        return ((unsigned char)b >= 0x20 || b == '\r' || b == '\t') && ++c->trailer < 8192;
    case TRAILER_LF:
        c->state = TRAILER;
        return b == '\n';
    default:
        c->state = OVER;
        return b == '\n';
    }
}

long ds_http_dechunk(ds_http_chunks *c, const char *data, size_t len, const char **body, size_t *n, bool *end)
{
    size_t i = 0;
    *n = 0;
    *body = data;
    *end = false;
    while (i < len && c->state != DATA && c->state != OVER)
        if (!step(c, data[i++]))
            return -1;
    if (c->state == DATA) {
        *body = data + i;
        *n = c->left < len - i ? (size_t)c->left : len - i;
        c->left -= *n;
        i += *n;
        if (!c->left)
            c->state = DATA_CR;
    }
    *end = c->state == OVER;
    return (long)i;
}

/* ---- answering ---- */

const char *ds_http_phrase(int status)
{
    static const struct {
        int status;
        const char *text;
    } known[] = {{200, "OK"}, {400, "Bad Request"}, {401, "Unauthorized"}, {404, "Not Found"},
                 {405, "Method Not Allowed"}, {408, "Request Timeout"}, {411, "Length Required"},
                 {413, "Content Too Large"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
                 {504, "Gateway Timeout"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status)
            return known[i].text;
    return "Status";
}

void ds_http_put_header(td_out *out, const char *name, const char *value)
{
    td_puts(out, name);
    td_puts(out, ": ");
    for (; *value; value++)
        td_put(out, (unsigned char)*value < 0x20 || (unsigned char)*value > 0x7e ? "_" : value, 1);
    td_puts(out, "\r\n");
}
