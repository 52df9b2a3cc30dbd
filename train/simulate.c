#include "train/simulate.h"

#include <stdlib.h>
#include <string.h>

#include "train/simulate_text.h"
#include "train/simulate_words.h"

/* How a benchmark behaves. Log-odds are in thousandths. */
typedef struct {
    simulate_benchmark about;
    sim_form form;
    int slope; /* both tiers' log-odds lost per level */
    int lean;  /* extra loss per level of Flash: above 0, hard requests favour Pro; below, Flash */
    uint32_t output, output_per_level; /* tokens that Pro writes, thinking included */
} behaviour;

/* Published rates, Gemini 3.5 Flash / 3.1 Pro: Terminal-Bench 2.1 .762/.703, Finance Agent v2
 * .579/.430, MCP Atlas .836/.782, Humanity's Last Exam .402/.444, ARC-AGI-2 .721/.771.
 * Derived, for want of a benchmark of their own: a bug report with code and trace is the work of a
 * terminal task, so it has Terminal-Bench's rates; a function written in one pass from a
 * specification is a puzzle with a checkable answer and no tools, so it has ARC-AGI-2's, and so has
 * chat: one-shot too, and of the two one-shot benchmarks the one that most people would pass.
 * Shares, slopes, leans and token counts are ours, not measured. The shares decide which tier is
 * the better fixed one: here three quarters are one-shot work, chosen so that Pro leads by .022 and
 * neither tier is dominated; with mostly agentic traffic these same rates make Flash better and
 * cheaper at once. */
static const behaviour behaviours[] = {
    {{"simulated/terminal-bench", "agentic", 60, {762, 703}}, SIM_TERMINAL, 450, -60, 5200, 900},
    {{"simulated/finance-agent", "agentic", 20, {579, 430}}, SIM_FINANCE, 450, -60, 4200, 700},
    {{"simulated/mcp-atlas", "tool_call", 90, {836, 782}}, SIM_TOOL_CALL, 450, -60, 350, 90},
    {{"simulated/bug-report", "coding", 50, {762, 703}}, SIM_BUG, 450, -60, 2400, 500},
    {{"simulated/function", "coding", 170, {721, 771}}, SIM_FUNCTION, 450, 120, 1500, 450},
    {{"simulated/last-exam", "reasoning", 270, {402, 444}}, SIM_EXPERT, 450, 120, 4500, 1600},
    {{"simulated/arc-puzzle", "reasoning", 140, {721, 771}}, SIM_PUZZLE, 450, 120, 5000, 1500},
    {{"simulated/chat", "chat", 200, {721, 771}}, SIM_CHAT, 450, 120, 250, 80},
};
enum { BENCHMARKS = sizeof behaviours / sizeof *behaviours };

/* Simulated list prices: those of 2026-08 in LiteLLM's table, USD 1.50 in / 9.00 out per million
 * tokens for Flash and 2.00 / 12.00 for Pro. That Flash writes 8 % more tokens is ours. */
static const struct {
    const char *name;
    uint32_t input_price, output_price; /* nano-dollars a token: 1500 is 1.50 USD per million */
    uint32_t verbosity;                 /* % of Pro's output tokens */
    uint32_t tokens_per_s, first_ms;    /* latency, ours */
} tiers[SIMULATE_TIERS] = {
    [SIMULATE_FLASH] = {"flash", 1500, 9000, 108, 190, 450},
    [SIMULATE_PRO] = {"pro", 2000, 12000, 100, 105, 900},
};

/* In how many of 100 records both tiers share the draw. */
enum { SHARED = 75 };

/* 1/(1+exp(-x)) at x = 0, 0.5, … 8, as parts of 2^32; linear between, which is our link by
 * definition. */
static const uint32_t logistic_table[] = {
    2147483648U, 2673442470U, 3139872686U, 3511455637U, 3782994644U, 3969158893U,
    4091274721U, 4169072223U, 4217717112U, 4247778736U, 4266221720U, 4277486187U,
    4284347460U, 4288519767U, 4291054360U, 4292593129U, 4293526978U};
enum { TABLE_STEP = 500, TABLE_END = 8000 };

/* Probability, in parts of 2^32, of log-odds in thousandths. */
static uint32_t logistic(int x)
{
    uint32_t size = (uint32_t)(x < 0 ? -x : x), cell, p;
    if (size >= TABLE_END)
        size = TABLE_END - 1;
    cell = size / TABLE_STEP;
    p = logistic_table[cell] +
        (uint32_t)((uint64_t)(logistic_table[cell + 1] - logistic_table[cell]) *
                   (size % TABLE_STEP) / TABLE_STEP);
    return x < 0 ? 0U - p : p; /* 2^32 - p */
}

static uint32_t chance(const behaviour *b, unsigned tier, int intercept, unsigned level)
{
    int slope = b->slope + (tier == SIMULATE_FLASH ? b->lean : 0);
    return logistic(intercept - slope * ((int)level - 4));
}

/* Mean chance over the levels, in parts of 2^32: level is binomial(8, 1/2). */
static uint64_t mean_chance(const behaviour *b, unsigned tier, int intercept)
{
    static const uint32_t weight[SIM_LEVELS] = {1, 8, 28, 56, 70, 56, 28, 8, 1};
    uint64_t sum = 0;
    for (unsigned level = 0; level < SIM_LEVELS; level++)
        sum += (uint64_t)weight[level] * chance(b, tier, intercept, level);
    return sum / 256;
}

/* Intercept at which the mean is the published rate, by bisection; right to a thousandth of
 * log-odds. */
static int solve(const behaviour *b, unsigned tier)
{
    uint64_t goal = ((uint64_t)b->about.published[tier] << 32) / 1000;
    int lo = -TABLE_END, hi = TABLE_END;
    while (hi - lo > 1) {
        int middle = (lo + hi) / 2;
        if (mean_chance(b, tier, middle) < goal)
            lo = middle;
        else
            hi = middle;
    }
    return hi;
}

/* Where the golden-ratio sequences of one (benchmark, level, shared or not) stand: one for each
 * tier, with steps whose ratio is irrational, so that the two are independent when not shared. */
typedef struct {
    uint64_t at[SIMULATE_TIERS];
} sequence;
static const uint64_t step[SIMULATE_TIERS] = {UINT64_C(0x9E3779B97F4A7C15),
                                              UINT64_C(0x6A09E667F3BCC909)};

typedef struct {
    int intercept[BENCHMARKS][SIMULATE_TIERS];
    sequence draws[BENCHMARKS][SIM_LEVELS][2];
} state;

static void prepare(state *s, uint64_t seed)
{
    uint64_t rng = seed ^ UINT64_C(0x746965726365); /* other than any record's */
    for (unsigned b = 0; b < BENCHMARKS; b++) {
        for (unsigned t = 0; t < SIMULATE_TIERS; t++)
            s->intercept[b][t] = solve(&behaviours[b], t);
        for (unsigned level = 0; level < SIM_LEVELS; level++)
            for (unsigned shared = 0; shared < 2; shared++)
                for (unsigned t = 0; t < SIMULATE_TIERS; t++)
                    s->draws[b][level][shared].at[t] = sim_mix(&rng);
    }
}

/* score[] of one record, and the sequences moved on. */
static void draw(state *s, unsigned bench, sim_pen *pen, unsigned score[SIMULATE_TIERS])
{
    unsigned shared = sim_below(pen, 100) < SHARED;
    sequence *q = &s->draws[bench][pen->level][shared];
    for (unsigned t = 0; t < SIMULATE_TIERS; t++) {
        uint32_t u = (uint32_t)(q->at[shared ? SIMULATE_FLASH : t] >> 32);
        score[t] = u < chance(&behaviours[bench], t, s->intercept[bench][t], pen->level);
    }
    for (unsigned t = 0; t < SIMULATE_TIERS; t++)
        q->at[t] += step[t];
}

static void write_outcome(sim_pen *pen, const behaviour *b, unsigned tier, unsigned score,
                          uint64_t input)
{
    uint64_t base = b->output + (uint64_t)b->output_per_level * pen->level;
    uint64_t output = base * tiers[tier].verbosity / 100 * sim_between(pen, 70, 130) / 100;
    uint64_t nano = input * tiers[tier].input_price + output * tiers[tier].output_price;
    uint64_t ms = tiers[tier].first_ms + output * 1000 / tiers[tier].tokens_per_s;
    fprintf(pen->out,
            "%s\"%s\":{\"score\":%u,\"cost_usd\":%llu.%09llu,\"input_tokens\":%llu,\"output_"
            "tokens\":%llu,"
            "\"latency_s\":%llu.%03llu}",
            tier ? "," : "", tiers[tier].name, score, (unsigned long long)(nano / 1000000000U),
            (unsigned long long)(nano % 1000000000U), (unsigned long long)input,
            (unsigned long long)output, (unsigned long long)(ms / 1000),
            (unsigned long long)(ms % 1000));
}

static unsigned pick_benchmark(sim_pen *pen)
{
    unsigned at = sim_below(pen, 1000), bench = 0;
    while (bench + 1 < BENCHMARKS && at >= behaviours[bench].about.share)
        at -= behaviours[bench++].about.share;
    return bench;
}

static void write_record(FILE *out, state *s, uint64_t seed, uint32_t number)
{
    sim_pen pen = {.out = out};
    unsigned bench, score[SIMULATE_TIERS];
    uint64_t key = seed;
    pen.rng = sim_mix(&key) + number;
    pen.rng = sim_mix(&pen.rng);
    bench = pick_benchmark(&pen);
    for (unsigned bits = sim_below(&pen, 256); bits; bits &= bits - 1)
        pen.level++;
    fprintf(out, "{\"id\":\"sim/%s/%06lu", behaviours[bench].about.workload, (unsigned long)number);
    if (seed != 1)
        fprintf(out, "-%llu", (unsigned long long)seed);
    fprintf(out, "\",\"source\":\"%s\",\"workload\":\"%s\",", behaviours[bench].about.source,
            behaviours[bench].about.workload);
    sim_request(&pen, behaviours[bench].form);
    draw(s, bench, &pen, score);
    fputs(",\"outcomes\":{", out);
    for (unsigned t = 0; t < SIMULATE_TIERS; t++)
        write_outcome(&pen, &behaviours[bench], t, score[t], pen.bytes / 4 + 1);
    fputs("}}\n", out);
}

bool simulate_each(uint32_t records, uint64_t seed, simulate_take take, void *context)
{
    state s;
    char *line = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&line, &len);
    bool good = out != NULL;
    prepare(&s, seed);
    for (uint32_t i = 0; good && i < records; i++) {
        good = fseeko(out, 0, SEEK_SET) == 0;
        write_record(out, &s, seed, i);
        good = good && !fflush(out) && !ferror(out) && take(context, line, len);
    }
    if (out)
        fclose(out);
    free(line);
    return good;
}

bool simulate_write(FILE *out, uint32_t records, uint64_t seed)
{
    state s;
    prepare(&s, seed);
    for (uint32_t i = 0; i < records && !ferror(out); i++)
        write_record(out, &s, seed, i);
    return !fflush(out) && !ferror(out);
}

const simulate_benchmark *simulate_benchmark_at(size_t index)
{
    return index < BENCHMARKS ? &behaviours[index].about : NULL;
}

uint32_t simulate_mean(size_t index, unsigned tier)
{
    const behaviour *b = &behaviours[index];
    return (uint32_t)((mean_chance(b, tier, solve(b, tier)) * 1000000U) >> 32);
}
