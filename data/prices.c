#include "data/prices.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const td_rate_key td_rate_keys[] = {
    {"input", offsetof(td_rates, input), true},
    {"output", offsetof(td_rates, output), true},
    {"cached_input", offsetof(td_rates, cached_input), false},
    {"cache_write", offsetof(td_rates, cache_write), false},
    {"cache_write_1h", offsetof(td_rates, cache_write_1h), false},
    {"reasoning", offsetof(td_rates, reasoning), false},
};
const size_t td_n_rate_keys = sizeof td_rate_keys / sizeof *td_rate_keys;

const td_rate_key *td_find_rate(const char *key, size_t len)
{
    for (size_t i = 0; i < td_n_rate_keys; i++)
        if (strlen(td_rate_keys[i].key) == len && !memcmp(td_rate_keys[i].key, key, len))
            return &td_rate_keys[i];
    return NULL;
}

/* ---- filling in ---- */

static double *rate_at(td_rates *rates, const td_rate_key *key)
{
    return (double *)(void *)((char *)rates + key->offset);
}

static void clear_tariff(td_tariff *t)
{
    t->long_above = 0;
    for (size_t i = 0; i < td_n_rate_keys; i++)
        *rate_at(&t->rates, &td_rate_keys[i]) = *rate_at(&t->at_length, &td_rate_keys[i]) = -1;
}

void td_prices_clear(td_prices *prices)
{
    memset(prices, 0, sizeof *prices);
    clear_tariff(&prices->usual);
    clear_tariff(&prices->batch);
}

static const char *complete_rates(td_rates *r)
{
    for (size_t i = 0; i < td_n_rate_keys; i++)
        if (td_rate_keys[i].needed && *rate_at(r, &td_rate_keys[i]) < 0)
            return td_rate_keys[i].key;
    if (r->cached_input < 0)
        r->cached_input = r->input;
    if (r->cache_write < 0)
        r->cache_write = r->input;
    if (r->cache_write_1h < 0)
        r->cache_write_1h = r->cache_write;
    if (r->reasoning < 0)
        r->reasoning = r->output;
    return NULL;
}

static const char *complete_tariff(td_tariff *t, const char *outer, const char *inner, const char **where)
{
    *where = outer;
    const char *lacks = complete_rates(&t->rates);
    if (lacks || !(t->long_above > 0))
        return lacks;
    *where = inner;
    return complete_rates(&t->at_length);
}

const char *td_prices_complete(td_prices *prices, const char **where)
{
    const char *lacks = complete_tariff(&prices->usual, "", ".long", where);
    if (!lacks && prices->has_batch)
        lacks = complete_tariff(&prices->batch, ".batch", ".batch.long", where);
    prices->known = !lacks;
    return lacks;
}

/* ---- costing ---- */

static double none(double tokens)
{
    return isnan(tokens) ? 0 : tokens;
}

/* The rates that bill a prompt of this many tokens; NULL when the tariff does not say. */
static const td_rates *rates_of(const td_prices *p, double prompt, bool batch)
{
    const bool is_long = p->usual.long_above > 0 && prompt > p->usual.long_above;
    if (!batch || !p->has_batch)
        return is_long ? &p->usual.at_length : &p->usual.rates;
    if (p->batch.long_above > 0 && prompt > p->batch.long_above)
        return &p->batch.at_length;
    return is_long && !(p->batch.long_above > 0) ? &p->usual.at_length : &p->batch.rates;
}

double td_cost(const td_prices *prices, const td_usage *u, bool batch)
{
    if (!prices->known || isnan(u->input) || isnan(u->output))
        return (double)NAN;
    const double cached = none(u->cached), write = none(u->cache_write), hour = none(u->cache_write_1h);
    const td_rates *r = rates_of(prices, u->input + cached + write + hour, batch);
    const double thought = fmin(none(u->reasoning), u->output);
    return (u->input * r->input + cached * r->cached_input + write * r->cache_write +
            hour * r->cache_write_1h + (u->output - thought) * r->output + thought * r->reasoning) /
           1e6;
}

/* ---- dates and digits ---- */

static unsigned two_digits(const char *at)
{
    return (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
}

bool td_is_date(const char *text, size_t len)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (len != 10 || text[4] != '-' || text[7] != '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9'))
            return false;
    const unsigned year = two_digits(text) * 100 + two_digits(text + 2);
    const unsigned month = two_digits(text + 5), day = two_digits(text + 8);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (unsigned)(month == 2 && leap);
}

void td_today(char date[11])
{
    const time_t now = time(NULL);
    struct tm day;
    if (!gmtime_r(&now, &day) || strftime(date, 11, "%Y-%m-%d", &day) != 10)
        memcpy(date, "1970-01-01", 11);
}

/* Twelve digits are more than any price page prints and fewer than a double garbles. */
double td_per_million(double per_token)
{
    char text[40];
    snprintf(text, sizeof text, "%.12g", per_token * 1e6);
    return strtod(text, NULL);
}
