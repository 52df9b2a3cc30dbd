#include "data/outcome_raw.h"

#include <math.h>

#include "data/record_keys.h"

const char *const td_raw_numbers[TD_RAW_NUMBERS] = {"score",     "cost_usd",      "input_tokens",     "output_tokens",
                                                    "latency_s", "cached_tokens", "reasoning_tokens", "cache_write_tokens"};

bool td_raw_is_number(tierce_span key)
{
    return td_is_outcome_number(key) || td_span_is(key, "trials");
}

double td_raw_number(tierce_span value)
{
    td_json json;
    double v = (double)NAN;
    bool yes = false;
    char none[1];
    td_json_start(&json, value.data, value.len, none);
    const char c = value.len ? td_json_peek(&json) : 0;
    if (c == 't' || c == 'f')
        v = td_json_bool(&json, &yes) ? (double)yes : (double)NAN;
    else if (c == '0')
        td_json_number(&json, &v);
    return v;
}

bool td_is_trials(double trials)
{
    return trials >= 1 && trials < 1e15;
}

double td_raw_trials(const td_member *members, size_t n)
{
    const double trials = td_raw_number(td_member_of(members, n, "trials"));
    return td_is_trials(trials) ? trials : 1;
}
