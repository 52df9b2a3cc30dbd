#include "data/record_keys.h"

#include <stddef.h>

static bool among(tierce_span key, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (td_span_is(key, names[i]))
            return true;
    return false;
}

bool td_is_request_key(tierce_span key)
{
    static const char *const names[] = {
        "prompt",            "messages",    "tools",           "tool_choice",         "functions",
        "function_call",     "model",       "response_format", "temperature",         "top_p",
        "max_tokens",        "stop",        "seed",            "n",                   "max_completion_tokens",
        "reasoning_effort",  "stream",      "stream_options",  "presence_penalty",    "frequency_penalty",
        "logit_bias",        "logprobs",    "top_logprobs",    "parallel_tool_calls", "user",
        "metadata",          "service_tier", "store",          "verbosity",           "modalities",
        "audio",             "prediction"};
    return among(key, names, sizeof names / sizeof *names);
}

bool td_is_outcome_number(tierce_span key)
{
    static const char *const names[] = {"score",     "cost_usd",      "input_tokens",       "output_tokens",
                                        "latency_s", "cached_tokens", "cache_write_tokens", "reasoning_tokens"};
    return among(key, names, sizeof names / sizeof *names);
}

bool td_is_passed_over(tierce_span key, bool in_outcome)
{
    static const char *const of_records[] = {"usage", "method", "url"}, *const of_outcomes[] = {"trials", "model"};
    return in_outcome ? among(key, of_outcomes, sizeof of_outcomes / sizeof *of_outcomes)
                      : td_is_request_key(key) || among(key, of_records, sizeof of_records / sizeof *of_records);
}
