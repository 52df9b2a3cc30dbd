#include "data/import/csv_names.h"

#include <stdio.h>
#include <string.h>

#define MAX_WORDS 24

typedef struct {
    char at[MAX_WORDS][24]; /* in lower case; longer ones are cut, as none that is known is so long */
    size_t n;
} words;

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* "flashCost_usd" is flash, cost, usd. */
static void split(const char *name, words *w)
{
    size_t used = 0;
    w->n = 0;
    for (size_t i = 0; name[i] && w->n < MAX_WORDS; i++) {
        const char c = name[i];
        const bool letter = is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') || (c & 0x80);
        if (used && (!letter || (is_upper(c) && is_lower(name[i - 1])))) {
            w->at[w->n++][used] = 0;
            used = 0;
        }
        if (letter && w->n < MAX_WORDS && used < sizeof w->at[0] - 1)
            w->at[w->n][used++] = is_upper(c) ? (char)(c + 32) : c;
    }
    if (used)
        w->at[w->n++][used] = 0;
}

static bool among(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(word, *list))
            return true;
    return false;
}

static bool any(const words *w, const char *const *list)
{
    for (size_t i = 0; i < w->n; i++)
        if (among(w->at[i], list))
            return true;
    return false;
}

static const char *const money[] = {"cost", "costs", "price", "prices", "usd", "dollars", "spend", "spent", "cents", "eur", "euro", "euros", "gbp", "fee", "fees",
                                    "bill", "billed", "billing", "charge", "charges", "charged", "expense", "expenses", "money", "amount", "budget", NULL};
static const char *const tokens[] = {"token", "tokens", "toks", "tok", NULL};
static const char *const inputs[] = {"in", "input", "prompt", NULL};
static const char *const outputs[] = {"out", "output", "completion", "generated", NULL};
static const char *const caches[] = {"cached", "cache", NULL};
static const char *const writes[] = {"write", "creation", "written", NULL};
static const char *const thoughts[] = {"reasoning", "thinking", "thoughts", NULL};
static const char *const times[] = {"latency", "duration", "elapsed", "runtime", "seconds", "secs", "millis", "ttft", "wallclock", NULL};
static const char *const last_times[] = {"time", "ms", "sec", NULL};
static const char *const other_numbers[] = {
    "confidence", "probability", "prob", "logprob", "logprobs", "entropy", "perplexity", "error",
    "errors", "failed", "failure", "timeout", "refused", "refusal", "cached", "rank",
    "length", "chars", "bytes", "retries", "attempts", "turns", "steps", "trials", "tps", "throughput", "clock", "reason", "truncated",
    "contaminated", "contamination", "hit", "similarity", "toxicity", "agreement", "margin", "usage", NULL};

/* "is_hard": a yes or no about the prompt. */
static const char *const first_words[] = {"is", "has", "num", "contains", "needs", NULL};

static td_named tokens_of(const words *w)
{
    return any(w, caches)     ? any(w, writes) ? TD_NAMED_CACHE_WRITE : TD_NAMED_CACHED
           : any(w, thoughts) ? TD_NAMED_REASONING
           : any(w, inputs)   ? TD_NAMED_INPUT
           : any(w, outputs)  ? TD_NAMED_OUTPUT
                              : TD_NAMED_TOKENS;
}

/* "totalcost", "inputtokens": words without a seam. */
static td_named glued(const char *word)
{
    static const struct {
        const char *end;
        td_named kind;
    } ends[] = {{"cost", TD_NAMED_COST},          {"inputtokens", TD_NAMED_INPUT}, {"outputtokens", TD_NAMED_OUTPUT},
                {"prompttokens", TD_NAMED_INPUT}, {"tokens", TD_NAMED_TOKENS},     {"latency", TD_NAMED_LATENCY},
                {"seconds", TD_NAMED_LATENCY}};
    const size_t n = strlen(word);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        const size_t e = strlen(ends[i].end);
        if (n >= e && !strcmp(word + n - e, ends[i].end))
            return ends[i].kind;
    }
    return TD_NAMED_NOTHING;
}

td_named td_column_named(const char *name)
{
    words w;
    split(name, &w);
    if (w.n && !strcmp(w.at[w.n - 1], "s")) /* a unit */
        w.n--;
    if (!w.n)
        return TD_NAMED_NOTHING;
    const char *last = w.at[w.n - 1];
    if (any(&w, money) || strchr(name, '$') || strstr(name, "\xe2\x82\xac") || strstr(name, "\xc2\xa3")) /* euro, pound */
        return TD_NAMED_COST;
    if (any(&w, tokens))
        return tokens_of(&w);
    if (any(&w, times) || among(last, last_times))
        return TD_NAMED_LATENCY;
    const td_named kind = glued(last);
    if (kind != TD_NAMED_NOTHING)
        return kind;
    const bool other = among(last, other_numbers) || (w.n > 1 && among(w.at[0], first_words));
    return other ? TD_NAMED_OTHER : TD_NAMED_NOTHING;
}

bool td_column_is_no_model(const char *name)
{
    static const char *const whole[] = {
        "", "unnamed-0", "answer", "answers", "target", "targets", "level", "split", "fold", "oracle-model-to-route-to", "epoch",
        "difficulty", "difficulty-level", "correct-answer", "length", "len", "turns", "weight", "temperature", "confidence", "run", "trial",
        "attempt", "rep", "repeat", "repeats", "repetition", "iteration", "round", "turn", "step", "gold", "ground-truth", "groundtruth",
        "truth", "gt", "expected", "reference", "ref", "human", "winner", "row", "rows", "line", "n", "num", "no", "nr", "number", "count",
        "age", "gender", "sex", "top-p", "top-k", "max-tokens", "presence-penalty", "frequency-penalty", "shots", "n-shots", "num-fewshot",
        "category", "topic", "subject", "domain", "language", "lang", "date", "time", "timestamp", "year", "month", "day", "hour", "user",
        "session", "annotator", "rater", "judge", "version", "batch", "group", "cluster", "class", "preferred", "preference", "tie",
        "votes", "sample", "position", "order", "offset", "page", "hard", "easy", "train", "test", "holdout", NULL};
    static const char *const last[] = {"id", "ids", "idx", "index", "label", "labels", "seed", NULL};
    static const char *const first[] = {"gold", "golden", "expected", "human", NULL};
    words w;
    char joined[sizeof w.at + MAX_WORDS] = "";
    split(name, &w);
    for (size_t i = 0, used = 0; i < w.n; i++)
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", i ? "-" : "", w.at[i]);
    return among(joined, whole) || among(w.n ? w.at[w.n - 1] : "", last) || (w.n > 1 && among(w.at[0], first));
}

bool td_column_is_any_score(const char *name)
{
    static const char *const scores[] = {"score", "scores", "correct", "accuracy", "acc", "result", "grade", "reward", "pass", "passed", "success",
                                         "outcome", "quality", "rating", "value", "metric", "exact", "match", NULL};
    words w;
    split(name, &w);
    for (size_t i = 0; i < w.n; i++)
        if (!among(w.at[i], scores))
            return false;
    return w.n > 0;
}

const char *td_named_suffix(td_named kind)
{
    static const char *const suffixes[] = {
        NULL, "|total_cost", "|input_tokens", "|output_tokens", "|cached_tokens", "|cache_write_tokens", "|reasoning_tokens",
        "|input_tokens", "|latency_s", NULL};
    return suffixes[kind];
}

void td_column_stem(const char *name, char *stem, size_t room)
{
    static const char *const *const lists[] = {money, tokens, inputs, outputs, caches, writes, thoughts, times, last_times};
    words w;
    size_t used = 0;
    split(name, &w);
    *stem = 0;
    for (size_t i = 0; i < w.n; i++) {
        bool kind = !strcmp(w.at[i], "s") || !strcmp(w.at[i], "total");
        for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
            kind = kind || among(w.at[i], lists[l]);
        if (!kind && used < room - 1)
            used += (size_t)snprintf(stem + used, room - used, "%s%s", used ? "-" : "", w.at[i]);
    }
}

void td_list_add(char *list, size_t room, size_t *more, const char *text)
{
    const size_t used = strlen(list), n = strlen(text);
    if (*more || used + n + 24 > room)
        ++*more;
    else
        snprintf(list + used, room - used, "%s%s", used ? ", " : "", text);
}

void td_list_end(char *list, size_t room, size_t more)
{
    const size_t used = strlen(list);
    if (more)
        snprintf(list + used, room - used, " and %zu more", more);
}
