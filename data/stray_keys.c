#include "data/stray_keys.h"

#include <stdio.h>
#include <string.h>

#include "data/nearest.h"
#include "data/record_keys.h"

void td_note_stray(td_line_strays *line, tierce_span key, uint32_t outcome)
{
    if (line->n < TD_LINE_STRAYS) {
        line->at[line->n].key = key;
        line->at[line->n++].outcome = outcome;
    }
}

/* What other tools call these things, too far off to be a slip of the pen. */
static const struct {
    const char *key, *meant;
    bool in_outcome;
} others[] = {
    {"output", "outcomes", false},        {"outputs", "outcomes", false},
    {"results", "outcomes", false},       {"scores", "outcomes", false},
    {"question", "prompt", false},        {"input", "prompt", false},
    {"query", "prompt", false},           {"instruction", "prompt", false},
    {"text", "prompt", false},            {"conversation", "messages", false},
    {"dataset", "source", false},         {"benchmark", "source", false},
    {"sample_id", "id", false},           {"cost", "cost_usd", true},
    {"price", "cost_usd", true},          {"usd", "cost_usd", true},
    {"total_cost", "cost_usd", true},     {"spend", "cost_usd", true},
    {"latency", "latency_s", true},       {"latency_ms", "latency_s", true},
    {"seconds", "latency_s", true},       {"duration", "latency_s", true},
    {"prompt_tokens", "input_tokens", true}, {"completion_tokens", "output_tokens", true},
    {"tokens_in", "input_tokens", true},  {"tokens_out", "output_tokens", true},
    {"thinking_tokens", "reasoning_tokens", true},
    {"correct", "score", true},           {"accuracy", "score", true},
    {"reward", "score", true},            {"success", "score", true},
};

const char *td_stray_meant(tierce_span key, bool in_outcome)
{
    static const char *const record_keys[] = {"id",          "source",     "workload", "prompt", "messages", "tools",
                                              "tool_choice", "response_format", "outcomes", "chosen", "propensity"};
    static const char *const outcome_keys[] = {"score",     "cost_usd",      "input_tokens",       "output_tokens",
                                               "latency_s", "cached_tokens", "cache_write_tokens", "reasoning_tokens"};
    char word[64];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].in_outcome == in_outcome && td_span_is(key, others[i].key))
            return others[i].meant;
    if (key.len >= sizeof word || memchr(key.data, 0, key.len))
        return NULL;
    snprintf(word, sizeof word, "%.*s", (int)key.len, key.data);
    return in_outcome ? td_near_miss(word, outcome_keys, sizeof outcome_keys / sizeof *outcome_keys)
                      : td_near_miss(word, record_keys, sizeof record_keys / sizeof *record_keys);
}

void td_strays_warn(const td_strays *s, td_out *out)
{
    char text[600];
    for (size_t i = 0; i < s->n; i++) {
        const td_stray *k = &s->at[i];
        if (!k->instead)
            continue;
        snprintf(text, sizeof text, "warning: %llu record%s: unknown key \"%s\"%s (did you mean \"%s\"?), first at %.300s:%llu\n",
                 (unsigned long long)k->instead, td_s(k->instead), k->key, k->in_outcome ? " in outcomes" : "", k->meant,
                 k->path, (unsigned long long)k->line);
        td_puts(out, text);
    }
}
