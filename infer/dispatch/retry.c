#include "infer/dispatch/retry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the tables ---- */

typedef struct {
    int first, last; /* statuses */
    ds_verdict verdict;
    bool trip, sick;
    const char *why;
} status_row;

/* First match wins. */
static const status_row statuses[] = {
    {300, 399, DS_VERDICT_NEXT, false, true, "redirect"},
    {401, 401, DS_VERDICT_NEXT, true, false, "key refused"},
    {402, 402, DS_VERDICT_NEXT, true, false, "insufficient quota"},
    {403, 403, DS_VERDICT_NEXT, true, false, "access refused"},
    {404, 404, DS_VERDICT_NEXT, true, false, "not found"},
    {405, 405, DS_VERDICT_NEXT, true, false, "method refused"},
    {408, 408, DS_VERDICT_RETRY, false, true, "request timeout"},
    {409, 409, DS_VERDICT_RETRY, false, false, "conflict"},
    {413, 413, DS_VERDICT_NEXT, false, false, "request too large"},
    {425, 425, DS_VERDICT_RETRY, false, false, "too early"},
    {429, 429, DS_VERDICT_RETRY, false, true, "rate limit"},
    {400, 499, DS_VERDICT_FINAL, false, false, "client error"},
    {501, 501, DS_VERDICT_NEXT, false, false, "not implemented"},
    {505, 505, DS_VERDICT_NEXT, false, false, "version refused"},
    {529, 529, DS_VERDICT_RETRY, false, true, "overloaded"},
    {500, 599, DS_VERDICT_RETRY, false, true, "server error"},
};

/* By ds_wire; DS_WIRE_OK never looks here. */
static const status_row wires[] = {
    {0, 0, DS_VERDICT_RETRY, false, true, "no answer"},
    {0, 0, DS_VERDICT_RETRY, false, true, "cannot connect"},
    {0, 0, DS_VERDICT_RETRY, false, true, "closed before an answer"},
    {0, 0, DS_VERDICT_RETRY, false, true, "no first byte in time"},
    {0, 0, DS_VERDICT_RETRY, false, true, "stalled"},
    {0, 0, DS_VERDICT_RETRY, false, true, "answer cut short"},
    {0, 0, DS_VERDICT_NEXT, false, true, "answer too large"},
    {0, 0, DS_VERDICT_RETRY, false, true, "not a chat completion"},
    {0, 0, DS_VERDICT_RETRY, false, false, "no descriptor left here"}, /* not the provider's sickness */
    {0, 0, DS_VERDICT_RETRY, false, false, "out of memory here"},
    {0, 0, DS_VERDICT_RETRY, false, false, "lost here, out of memory"},
};

/* Looked for in type and code, whole words. */
static const char *const quota_codes[] = {
    "insufficient_quota",           "credit_balance_exhausted",     "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "enforced_spend_limit_reached", "organization_usage_limit_exceeded",
    "quota_exceeded",               "billing_hard_limit_reached"};
static const char *const key_codes[] = {"API_KEY_INVALID"};
static const char *const filter_codes[] = {"content_policy_violation", "content_filter",
                                           "ResponsibleAIPolicyViolation"};
static const char *const overflow_codes[] = {"context_length_exceeded", "exceed_context_size_error"};

/* Looked for in the message of a 400, 413 or 422, without regard to case; "…" stands for anything. */
static const char *const overflow_texts[] = {
    "this model's maximum context length is",
    "exceed context limit",
    "model's maximum context limit",
    "is longer than the model's context length",
    "input tokens exceed the configured limit",
    "`inputs` tokens + `max_new_tokens` must be",
    "exceeds the available context size",
    "exceeds the maximum number of tokens allowed",
    "current length is \xe2\x80\xa6 while limit is",
    "prompt is too long",
    "input length and `max_tokens` exceed context limit",
};

/* What an error without a number inside a 200 stands for. */
static const struct {
    const char *type;
    int status;
} types[] = {{"overloaded_error", 529},      {"rate_limit_error", 429},  {"api_error", 500},
             {"server_error", 500},          {"authentication_error", 401}, {"permission_error", 403},
             {"not_found_error", 404},       {"request_too_large", 413}, {"invalid_request_error", 400},
             {"UNAVAILABLE", 503},           {"RESOURCE_EXHAUSTED", 429}, {"INTERNAL", 500},
             {"DEADLINE_EXCEEDED", 504},     {"INVALID_ARGUMENT", 400}};

/* ---- looking ---- */

static bool is_one_of(const ds_fault *fault, const char *const *codes, size_t n)
{
    for (size_t i = 0; fault && fault->there && i < n; i++)
        if (!strcmp(fault->code, codes[i]) || !strcmp(fault->type, codes[i]))
            return true;
    return false;
}

/* Where the first n bytes of `what` stand in text, without regard to case; NULL: nowhere. */
static const char *find(const char *text, const char *what, size_t n)
{
    for (; *text; text++)
        if (!strncasecmp(text, what, n))
            return text;
    return NULL;
}

static bool has_text(const char *message, const char *what)
{
    const char *gap = strstr(what, "\xe2\x80\xa6");
    const char *at = find(message, what, gap ? (size_t)(gap - what) : strlen(what));
    return at && (!gap || find(at, gap + 3, strlen(gap + 3)));
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool is_overflow(const ds_fault *fault, int status)
{
    if (!fault || !fault->there || !strcmp(fault->code, "string_above_max_length"))
        return false;
    if (is_one_of(fault, overflow_codes, COUNT(overflow_codes)))
        return true;
    if (status != 400 && status != 413 && status != 422)
        return false;
    for (size_t i = 0; i < COUNT(overflow_texts); i++)
        if (has_text(fault->message, overflow_texts[i]))
            return true;
    return false;
}

static int own_status(const ds_failure *f)
{
    if (!f->fault || !f->fault->there || f->status < 200 || f->status >= 300)
        return f->status;
    if (f->fault->status)
        return f->fault->status;
    for (size_t i = 0; i < COUNT(types); i++)
        if (!strcmp(f->fault->type, types[i].type))
            return types[i].status;
    return 502;
}

/* ---- Retry-After ---- */

/* Days from 1970-01-01 of a date of the Gregorian calendar. */
static double days_of(int year, int month, int day)
{
    const int y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
    const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097.0 + of_era * 365.0 + of_era / 4 - of_era / 100 + of_year - 719468.0;
}

/* The three forms of an HTTP date; negative when it is none. */
static double date_of(const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char name[4] = "";
    int day = 0, year = 0, hour = 0, minute = 0, second = 0;
    if (sscanf(text, "%*[A-Za-z], %2d %3s %4d %2d:%2d:%2d", &day, name, &year, &hour, &minute, &second) != 6 &&
        sscanf(text, "%*[A-Za-z], %2d-%3[A-Za-z]-%4d %2d:%2d:%2d", &day, name, &year, &hour, &minute, &second) != 6 &&
        sscanf(text, "%*[A-Za-z] %3s %2d %2d:%2d:%2d %4d", name, &day, &hour, &minute, &second, &year) != 6)
        return -1;
    const char *month = strlen(name) == 3 ? strstr(months, name) : NULL;
    if (year >= 0 && year < 100) /* two digits: RFC 850 */
        year += year < 70 ? 2000 : 1900;
    if (!month || (month - months) % 3 || year < 1970 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    return days_of(year, (int)(month - months) / 3 + 1, day) * 86400 + hour * 3600.0 + minute * 60.0 + second;
}

/* A plain decimal number, nothing else around it; negative when it is none. */
static double plain_number(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    size_t n = strspn(text, "0123456789");
    if (n && text[n] == '.')
        n += 1 + strspn(text + n + 1, "0123456789");
    const size_t end = n + strspn(text + n, " \t\r\n");
    return n && !text[end] ? strtod(text, NULL) : -1;
}

static double capped(double seconds)
{
    return seconds > DS_RETRY_AFTER_CAP ? DS_RETRY_AFTER_CAP : seconds > 0 ? seconds : 0;
}

static double wait_of(const ds_failure *f)
{
    if (f->retry_after_ms) {
        const double ms = plain_number(f->retry_after_ms);
        if (ms >= 0)
            return capped(ms / 1000);
    }
    if (!f->retry_after)
        return 0;
    const double seconds = plain_number(f->retry_after);
    if (seconds >= 0)
        return capped(seconds);
    const double date = date_of(f->retry_after);
    return date >= 0 ? capped(date - f->now_unix) : 0;
}

/* ---- judging ---- */

static bool says(const char *value, const char *word)
{
    return value && !strcasecmp(value, word);
}

static ds_advice advice_of(const status_row *row, double wait_s)
{
    return (ds_advice){row->verdict, wait_s, row->trip, row->sick, row->why};
}

ds_advice ds_judge(const ds_failure *f)
{
    static const status_row done = {0, 0, DS_VERDICT_DONE, false, false, "ok"};
    static const status_row quota = {0, 0, DS_VERDICT_NEXT, true, false, "insufficient quota"};
    static const status_row refused = {0, 0, DS_VERDICT_NEXT, true, false, "key refused"};
    static const status_row filter = {0, 0, DS_VERDICT_FINAL, false, false, "content filter"};
    static const status_row bigger = {0, 0, DS_VERDICT_BIGGER, false, false, "context overflow"};
    static const status_row odd = {0, 0, DS_VERDICT_NEXT, false, true, "unknown status"};
    const bool fault = f->fault && f->fault->there;
    const status_row *row = &odd;
    if (f->wire != DS_WIRE_OK && !(f->wire == DS_WIRE_GARBLED && fault))
        return advice_of(&wires[(unsigned)f->wire < COUNT(wires) ? f->wire : 0], 0);
    const int status = own_status(f);
    const double wait_s = wait_of(f);
    if (status >= 200 && status < 300)
        return advice_of(&done, 0);
    if (is_one_of(f->fault, quota_codes, COUNT(quota_codes)) || status == 402)
        return advice_of(&quota, wait_s);
    if (is_one_of(f->fault, key_codes, COUNT(key_codes)))
        return advice_of(&refused, 0);
    if (is_one_of(f->fault, filter_codes, COUNT(filter_codes)) ||
        (fault && status == 403 && has_text(f->fault->message, "input was flagged"))) /* OpenRouter's moderation */
        return advice_of(&filter, 0);
    if (is_overflow(f->fault, status))
        return advice_of(&bigger, 0);
    for (size_t i = 0; i < COUNT(statuses); i++)
        if (status >= statuses[i].first && status <= statuses[i].last) {
            row = &statuses[i];
            break;
        }
    ds_advice advice = advice_of(row, wait_s);
    if (says(f->should_retry, "true") && status >= 400) {
        advice.verdict = DS_VERDICT_RETRY;
        advice.trip = false;
    } else if (says(f->should_retry, "false") && advice.verdict == DS_VERDICT_RETRY) {
        advice.verdict = DS_VERDICT_NEXT;
    }
    return advice;
}

double ds_backoff(unsigned n, double base_s, double cap_s, double min_s, uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    const double share = (double)((z ^ z >> 31) >> 11) * 0x1p-53;
    double whole = ldexp(base_s, (int)(n < 1 ? 0 : n > 64 ? 63 : n - 1));
    whole = whole < cap_s ? whole : cap_s;
    const double wait = whole * (0.5 + 0.5 * share);
    return wait > min_s ? wait : min_s;
}

const char *ds_verdict_name(ds_verdict verdict)
{
    static const char *const names[] = {"done", "retry", "next", "bigger", "final"};
    return (unsigned)verdict < COUNT(names) ? names[verdict] : "unknown";
}

const char *ds_wire_name(ds_wire wire)
{
    static const char *const names[] = {"ok",  "connect",   "no_answer", "first_byte", "stalled",
                                        "cut", "too_large", "garbled",    "no_descriptor",
                                        "no_memory", "lost"};
    return (unsigned)wire < COUNT(names) ? names[wire] : "unknown";
}
