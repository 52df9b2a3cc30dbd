#include "data/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/json_run.h"
#include "data/json_run_512.h"

void td_json_start(td_json *json, const char *data, size_t len, char *text)
{
    json->start = json->at = data;
    json->end = len ? data + len : data;
    json->text = text;
    json->what = json->where = NULL;
    json->depth = 0;
}

bool td_json_fail(td_json *json, const char *what)
{
    if (!json->what) {
        json->what = what;
        json->where = json->at;
    }
    return false;
}

static inline void skip_space(td_json *json)
{
    const char *at = json->at;
    while (at < json->end && (unsigned char)*at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    json->at = at;
}

static inline char peek(td_json *json)
{
    if (json->what)
        return 0;
    skip_space(json);
    if (json->at == json->end)
        return 0;
    const char c = *json->at;
    return c == '-' || (unsigned char)(c - '0') < 10 ? '0' : c;
}

char td_json_peek(td_json *json)
{
    return peek(json);
}

bool td_json_enter(td_json *json, char open)
{
    if (peek(json) != open)
        return td_json_fail(json, open == '{' ? "expected an object { … }" : "expected a list [ … ]");
    if (++json->depth > TD_JSON_DEPTH)
        return td_json_fail(json, "nested deeper than 1000 levels");
    json->at++;
    return true;
}

/* Steps over the comma or the closing bracket; true when another element follows. */
static bool more(td_json *json, char close, bool *first)
{
    char c = peek(json);
    if (json->what)
        return false;
    if (c == close) {
        json->at++;
        json->depth--;
        return false;
    }
    if (!*first) {
        if (c != ',')
            return td_json_fail(json, c ? "expected a comma or a closing bracket"
                                        : "the JSON ends in the middle; is the line cut off?");
        json->at++;
        c = peek(json);
        if (c == close)
            return td_json_fail(json, "a comma before a closing bracket");
    }
    *first = false;
    return c ? true : td_json_fail(json, "the JSON ends in the middle; is the line cut off?");
}

bool td_json_item(td_json *json, bool *first)
{
    return more(json, ']', first);
}

bool td_json_key(td_json *json, tierce_span *key, bool *first)
{
    if (!more(json, '}', first))
        return false;
    if (peek(json) != '"')
        return td_json_fail(json, "expected a key in double quotes");
    if (!td_json_string(json, key))
        return false;
    if (peek(json) != ':')
        return td_json_fail(json, "expected a colon after the key");
    json->at++;
    return true;
}

/* ---- strings ---- */

static int hex4(const char *at)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        const char c = at[i];
        const int d = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* \uXXXX at json->at (behind the u); a lone surrogate becomes U+FFFD. */
static char *unescape_u(td_json *json, char *to)
{
    const int first = json->end - json->at >= 4 ? hex4(json->at) : -1;
    if (first < 0) {
        td_json_fail(json, "\\u needs four hexadecimal digits");
        return to;
    }
    json->at += 4;
    if (first < 0xd800 || first > 0xdfff)
        return put_utf8(to, (uint32_t)first);
    if (first < 0xdc00 && json->end - json->at >= 6 && json->at[0] == '\\' && json->at[1] == 'u') {
        const int second = hex4(json->at + 2);
        if (second >= 0xdc00 && second <= 0xdfff) {
            json->at += 6;
            return put_utf8(to, 0x10000u + ((uint32_t)(first - 0xd800) << 10) +
                                    (uint32_t)(second - 0xdc00));
        }
    }
    return put_utf8(to, 0xfffd);
}

static char *unescape(td_json *json, char *to)
{
    static const char into[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                   ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (++json->at == json->end) {
        td_json_fail(json, "the JSON ends inside a string; is the line cut off?");
        return to;
    }
    const unsigned char c = (unsigned char)*json->at;
    if (c == 'u') {
        json->at++;
        return unescape_u(json, to);
    }
    if (!into[c]) {
        td_json_fail(json, "unknown escape after a backslash");
        return to;
    }
    json->at++;
    *to++ = into[c];
    return to;
}

/* Plain bytes, and perhaps escapes with them, up to what must be looked at. */
static inline char *copy_run(td_json *json, char *to)
{
#ifdef TF_AVX512
    if (json->end - json->at >= 64 && tf_has_avx512())
        to = td_copy_512(&json->at, json->end, to);
#endif
    return td_copy_run(&json->at, json->end, to);
}

/* The rest of a string that has escapes; json->at at the first backslash, plain bytes before. */
static bool escaped_string(td_json *json, const char *start, tierce_span *out)
{
    char *const text = json->text;
    const size_t plain = (size_t)(json->at - start);
    char *to = text + plain;
    memcpy(text, start, plain);
    to = copy_run(json, to);
    for (;;) {
        if (json->at == json->end)
            return td_json_fail(json, "the JSON ends inside a string; is the line cut off?");
        if (*json->at == '"')
            break;
        if (*json->at != '\\')
            return td_json_fail(json, "raw control character in a string; it must be escaped");
        to = unescape(json, to);
        if (json->what)
            return false;
        to = copy_run(json, to);
    }
    json->at++;
    out->data = text;
    out->len = (size_t)(to - text);
    json->text = to;
    return true;
}

bool td_json_string(td_json *json, tierce_span *out)
{
    if (peek(json) != '"')
        return td_json_fail(json, "expected a string");
    const char *start = ++json->at;
    json->at = td_plain_run(start, json->end);
    if (json->at < json->end && *json->at == '"') {
        out->data = start;
        out->len = (size_t)(json->at - start);
        json->at++;
        return true;
    }
    return escaped_string(json, start, out);
}

/* ---- numbers, words ---- */

/* End of the number at `at`, or NULL when it is not one. */
static const char *number_end(const char *at, const char *end)
{
    const char *from;
    at += *at == '-';
    from = at;
    at = td_digits(at, end);
    if (at == from || (*from == '0' && at - from > 1))
        return NULL;
    if (at < end && *at == '.') {
        from = ++at;
        at = td_digits(at, end);
        if (at == from)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        from = at;
        at = td_digits(at, end);
        if (at == from)
            return NULL;
    }
    return at;
}

static const char no_number[] = "not a JSON number (NaN and Infinity are not JSON: write null)";

bool td_json_number(td_json *json, double *out)
{
    char copy[64];
    const char c = peek(json);
    if (c != '0')
        return td_json_fail(json, c && strchr("\"{[tfn", c) ? "expected a number" : no_number);
    const char *end = number_end(json->at, json->end);
    if (!end)
        return td_json_fail(json, no_number);
    const size_t n = (size_t)(end - json->at);
    if (n >= sizeof copy)
        return td_json_fail(json, "a number of more than 63 characters");
    memcpy(copy, json->at, n);
    copy[n] = 0;
    *out = strtod(copy, NULL);
    if (!isfinite(*out))
        return td_json_fail(json, "a number too large for a double");
    json->at = end;
    return true;
}

static const char no_value[] =
    "not a JSON value (NaN, Infinity, None and True are Python: write null, true)";

static bool word(td_json *json, const char *w)
{
    const size_t n = strlen(w);
    if ((size_t)(json->end - json->at) < n || memcmp(json->at, w, n))
        return td_json_fail(json, no_value);
    json->at += n;
    return true;
}

bool td_json_bool(td_json *json, bool *out)
{
    const char c = peek(json);
    *out = c == 't';
    return c == 't' || c == 'f' ? word(json, c == 't' ? "true" : "false")
                                : td_json_fail(json, "expected true or false");
}

bool td_json_null(td_json *json)
{
    return peek(json) == 'n' ? word(json, "null") : td_json_fail(json, "expected null");
}

/* ---- skipping ---- */

static bool skip_string(td_json *json)
{
    json->at++;
    for (;;) {
        json->at = td_plain_run(json->at, json->end);
        if (json->at == json->end)
            return td_json_fail(json, "the JSON ends inside a string; is the line cut off?");
        if (*json->at == '"') {
            json->at++;
            return true;
        }
        if (*json->at != '\\')
            return td_json_fail(json, "raw control character in a string; it must be escaped");
        char scratch[8];
        unescape(json, scratch);
        if (json->what)
            return false;
    }
}

static bool skip_scalar(td_json *json, char c)
{
    switch (c) {
    case '"':
        return skip_string(json);
    case '0': {
        const char *end = number_end(json->at, json->end);
        if (!end)
            return td_json_fail(json, no_number);
        json->at = end;
        return true;
    }
    case 't':
        return word(json, "true");
    case 'f':
        return word(json, "false");
    case 'n':
        return word(json, "null");
    case 0:
        return td_json_fail(json, "the JSON ends in the middle; is the line cut off?");
    default:
        return td_json_fail(json, no_value);
    }
}

/* From behind a value to the next of its object, where it is written as most programs do: a comma, a short key
 * without escapes, a colon, with or without a space behind them. False, and nothing done, where it is not. */
static inline bool next_of_object(td_json *json)
{
#ifdef TIERCE_NO_HELP /* nor room for a second way */
    return (void)json, false;
#else
    const char *at = json->at;
    if (json->end - at < TD_RUN + 5 || *at != ',')
        return false;
    at += 1 + (at[1] == ' ');
    if (*at != '"')
        return false;
    at++;
    const unsigned n = td_plain_bytes(at);
    if (n == TD_RUN || at[n] != '"' || at[n + 1] != ':')
        return false;
    json->at = at + n + 2;
    return true;
#endif
}

bool td_json_skip(td_json *json, tierce_span *raw)
{
    /* a bit per open level: 1 object, 0 list */
    uint64_t kinds[(TD_JSON_DEPTH + 64) / 64] = {0};
    bool first = true;
    tierce_span key;
    char c = peek(json);
    const char *start = json->at;
    const unsigned base = json->depth;
    for (;;) {
        if (c == '{' || c == '[') {
            if (!td_json_enter(json, c))
                return false;
            const unsigned level = json->depth - base;
            const uint64_t bit = (uint64_t)1 << (level % 64);
            kinds[level / 64] = c == '{' ? kinds[level / 64] | bit : kinds[level / 64] & ~bit;
            first = true;
        } else if (!skip_scalar(json, c)) {
            return false;
        }
        /* close what ends here; then stand before the next value */
        for (;;) {
            const unsigned level = json->depth - base;
            if (!level) {
                if (raw) {
                    raw->data = start;
                    raw->len = (size_t)(json->at - start);
                }
                return true;
            }
            char *const text = json->text;
            const bool object = kinds[level / 64] >> (level % 64) & 1;
            if (object && !first && next_of_object(json))
                break;
            const bool next = object ? td_json_key(json, &key, &first) : td_json_item(json, &first);
            json->text = text;
            if (json->what)
                return false;
            if (next)
                break;
            first = false;
        }
        c = peek(json);
    }
}

bool td_json_finish(td_json *json)
{
    if (json->what)
        return false;
    skip_space(json);
    return json->at == json->end ||
           td_json_fail(json, "something stands after the JSON value; one value a line");
}
