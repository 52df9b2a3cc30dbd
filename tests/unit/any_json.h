/* Random JSON texts, well-formed ones and damaged ones, and a judge that shares nothing with data/.
 */
#ifndef TIERCE_ANY_JSON_H
#define TIERCE_ANY_JSON_H

#include "tests/unit/unit.h"

enum { ANY_ROOM = 1 << 14 };

typedef struct {
    char at[ANY_ROOM];
    size_t len;
} any_text;

static inline void any_put(any_text *t, const char *text, size_t len)
{
    if (t->len + len < ANY_ROOM) {
        memcpy(t->at + t->len, text, len);
        t->len += len;
    }
}

static inline void any_word(any_text *t, const char *word)
{
    any_put(t, word, strlen(word));
}

static inline void any_space(any_text *t, uint64_t *state)
{
    static const char *const some[] = {"", "", "", " ", "\t", "\n", "\r\n  "};
    any_word(t, some[below(state, 7)]);
}

static inline void any_string(any_text *t, uint64_t *state)
{
    static const char *const some[] = {"a",          "key",
                                       "\xc3\xa9",   "\xff",
                                       "\\\"",       "\\\\",
                                       "\\/",        "\\n",
                                       "\\t",        "\\b\\f\\r",
                                       "\\u0041",    "\\u00e9",
                                       "\\uFFFf",    "\\ud83d\\ude00",
                                       "\\ud800",    "\\udc00x",
                                       "\\ud800\\n", "\\ud800\\u0041",
                                       "\\u0000",    "longer text that fills more than eight bytes",
                                       "{\x7f[,:",   " "};
    any_word(t, "\"");
    for (size_t n = below(state, 6); n-- > 0;)
        any_word(t, some[below(state, sizeof some / sizeof *some)]);
    any_word(t, "\"");
}

static inline void any_number(any_text *t, uint64_t *state)
{
    static const char *const some[] = {"0",
                                       "-0",
                                       "1",
                                       "-17",
                                       "0.5",
                                       "1e3",
                                       "1E+3",
                                       "2e-3",
                                       "1234567890123456789",
                                       "0.1e1",
                                       "1e308",
                                       "4.9e-324",
                                       "-1.7976931348623157e308",
                                       "123456789.123456789"};
    any_word(t, some[below(state, sizeof some / sizeof *some)]);
}

static inline void any_value(any_text *t, uint64_t *state, unsigned depth)
{
    static const char *const words[] = {"true", "false", "null"};
    const size_t kind = below(state, depth ? 8 : 4);
    any_space(t, state);
    if (kind == 0) {
        any_word(t, words[below(state, 3)]);
    } else if (kind == 1) {
        any_number(t, state);
    } else if (kind < 4) {
        any_string(t, state);
    } else {
        const bool object = kind % 2;
        const size_t n = below(state, 5);
        any_word(t, object ? "{" : "[");
        for (size_t i = 0; i < n; i++) {
            any_word(t, i ? "," : "");
            any_space(t, state);
            if (object) {
                any_string(t, state);
                any_space(t, state);
                any_word(t, ":");
            }
            any_value(t, state, depth - 1);
        }
        any_space(t, state);
        any_word(t, object ? "}" : "]");
    }
    any_space(t, state);
}

/* One to three small injuries. */
static inline void any_damage(any_text *t, uint64_t *state)
{
    static const char some[] = "{}[]\",:\\u0123456789eE+-.tfn nullNaN\0\x01\n\x0b\xff/dDcC8";
    for (size_t n = 1 + below(state, 3); n-- > 0 && t->len > 1;) {
        const size_t at = below(state, t->len);
        const char c = some[below(state, sizeof some - 1)];
        switch (below(state, 4)) {
        case 0:
            t->at[at] = c;
            break;
        case 1:
            memmove(t->at + at, t->at + at + 1, --t->len - at);
            break;
        case 2:
            if (t->len + 1 < ANY_ROOM) {
                memmove(t->at + at + 1, t->at + at, t->len++ - at);
                t->at[at] = c;
            }
            break;
        default:
            t->len = below(state, 3) ? t->len : at; /* cut off */
        }
    }
}

/* ---- the judge: RFC 8259, recursively, or what cJSON takes on top of it ---- */

typedef struct {
    const unsigned char *at, *end;
    bool lenient; /* as data/dom.h reads: control bytes, odd numbers and Python's words too */
    unsigned depth;
} judge;

static inline bool judge_value(judge *j);

static inline void judge_space(judge *j)
{
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r' ||
                              (j->lenient && *j->at < ' ')))
        j->at++;
}

static inline bool judge_word(judge *j, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(j->end - j->at) < n || memcmp(j->at, word, n))
        return false;
    j->at += n;
    return true;
}

static inline bool judge_string(judge *j)
{
    if (!judge_word(j, "\""))
        return false;
    while (j->at < j->end && *j->at != '"') {
        if (*j->at < 0x20 && !j->lenient)
            return false;
        if (*j->at++ != '\\')
            continue;
        if (j->at == j->end)
            return false;
        const char c = (char)*j->at++;
        if (c == 'u') {
            for (int i = 0; i < 4; i++)
                if (j->at == j->end || !*j->at || !strchr("0123456789abcdefABCDEF", *j->at++))
                    return false;
        } else if (!c || !strchr("\"\\/bfnrt", c)) {
            return false;
        }
    }
    return judge_word(j, "\"");
}

static inline size_t judge_digits(judge *j)
{
    size_t n = 0;
    for (; j->at < j->end && *j->at >= '0' && *j->at <= '9'; j->at++)
        n++;
    return n;
}

static inline bool judge_number(judge *j)
{
    if (j->lenient) { /* what strtod takes of the bytes that numbers are made of */
        char copy[64], *stop;
        size_t n = 0;
        while (n < 63 && j->at + n < j->end && j->at[n] && strchr("0123456789+-eE.", j->at[n])) {
            copy[n] = (char)j->at[n];
            n++;
        }
        copy[n] = 0;
        strtod(copy, &stop);
        j->at += stop - copy;
        return stop != copy;
    }
    judge_word(j, "-");
    const bool zero = j->at < j->end && *j->at == '0';
    const size_t whole = judge_digits(j);
    if (!whole || (zero && whole > 1))
        return false;
    if (judge_word(j, ".") && !judge_digits(j))
        return false;
    if (judge_word(j, "e") || judge_word(j, "E")) {
        if (!judge_word(j, "+"))
            judge_word(j, "-");
        return judge_digits(j) > 0;
    }
    return true;
}

static inline bool judge_members(judge *j, const char *close, bool object)
{
    judge_space(j);
    if (judge_word(j, close))
        return true;
    for (;;) {
        judge_space(j);
        if (object) {
            if (!judge_string(j))
                return false;
            judge_space(j);
            if (!judge_word(j, ":"))
                return false;
        }
        if (!judge_value(j))
            return false;
        if (judge_word(j, close))
            return true;
        if (!judge_word(j, ","))
            return false;
    }
}

static inline bool judge_value(judge *j)
{
    bool good;
    judge_space(j);
    if (j->at == j->end)
        return false;
    const char c = (char)*j->at;
    if (c == '{' || c == '[') {
        j->at++;
        good = ++j->depth <= 1000 && judge_members(j, c == '{' ? "}" : "]", c == '{');
        j->depth--;
    } else if (c == '"') {
        good = judge_string(j);
    } else if (j->lenient &&
               (judge_word(j, "NaN") || judge_word(j, "Infinity") || judge_word(j, "-Infinity"))) {
        good = true;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        good = judge_number(j);
    } else {
        good = judge_word(j, "true") || judge_word(j, "false") || judge_word(j, "null");
    }
    judge_space(j);
    return good;
}

static inline bool is_json(const char *text, size_t len, bool lenient)
{
    judge j = {(const unsigned char *)text, (const unsigned char *)text + len, lenient, 0};
    return judge_value(&j) && j.at == j.end;
}

#endif
