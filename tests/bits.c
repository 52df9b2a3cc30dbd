/* Estimates as bits: bits MODEL [N]. Makes N requests (default 2,000) by integer arithmetic alone, asks the
 * model about each, and prints the bits of every number, so that two builds can be compared with cmp.
 * Needs nothing but the edge library: it runs wherever that is built for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/router.h"

typedef struct {
    uint64_t random;
    char text[6][6000];
    tierce_part part[6];
    tierce_tool tool[4];
    tierce_request request;
} maker;

static uint32_t draw(maker *m, uint32_t below)
{
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(m->random >> 33) % below;
}

/* Words that the extractors know, words that they do not, code, numbers, scripts, raw bytes. */
static const char *const words[] = {
    "the",    "of",       "prove",   "that",  "x",        "function", "return", "what",   "is",    "why",
    "route",  "model",    "energy",  "state", "following", "A.",      "B.",     "C.",     "D.",    "market",
    "def ",   "{\n",      "}\n",     "\n    ", "for (",   "i++)",     "==",     "\xc3\xa9t\xc3\xa9",
    "\xe6\xa8\xa1\xe5\x9e\x8b", "\xff\xfe", "3.14",       "42",       "10^6",   "km/h",   "?",     "!",
    "\n\n",   "```c\n",   "SELECT *", "src/main.c", "error:", "Traceback", "camelCase", "snake_case", "not",
    "step by step", "only", "answer", "weather", "city", "http://a.example/", "$\\frac{1}{2}$", "\t", "(c)"};
#define N_WORDS (sizeof words / sizeof *words)

static tierce_span text_of(maker *m, char *to, uint32_t most)
{
    size_t n = 0;
    const uint32_t count = draw(m, most);
    for (uint32_t i = 0; i < count && n < 5900; i++) {
        const uint32_t kind = draw(m, 12);
        if (kind == 0)
            n += (size_t)snprintf(to + n, 40, "w%u ", draw(m, 5000));
        else
            n += (size_t)snprintf(to + n, 40, kind == 1 ? "%s" : "%s ", words[draw(m, N_WORDS)]);
    }
    return (tierce_span){to, n};
}

static void make(maker *m, uint32_t i)
{
    static const tierce_role roles[] = {TIERCE_ROLE_SYSTEM, TIERCE_ROLE_USER, TIERCE_ROLE_ASSISTANT,
                                        TIERCE_ROLE_TOOL, TIERCE_ROLE_USER};
    memset(&m->request, 0, sizeof m->request);
    m->random = (uint64_t)i * 0x9e3779b97f4a7c15u + 1;
    const uint32_t parts = 1 + draw(m, 5), tools = draw(m, 3) ? 0 : draw(m, 5);
    for (uint32_t p = 0; p < parts; p++) {
        tierce_part *part = &m->part[p];
        memset(part, 0, sizeof *part);
        part->role = parts == 1 ? TIERCE_ROLE_USER : roles[p];
        part->kind = part->role == TIERCE_ROLE_TOOL ? TIERCE_PART_RESULT : TIERCE_PART_TEXT;
        part->message = p;
        part->text = text_of(m, m->text[p], i % 20 ? 120 : 900);
    }
    for (uint32_t t = 0; t < tools; t++) {
        static const char *const names[] = {"get_weather", "searchFiles", "run", "calculate_tax"};
        static const char schema[] = "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"},"
                                     "\"n\":{\"type\":\"integer\",\"enum\":[1,2]}},\"required\":[\"city\"]}";
        m->tool[t].name = (tierce_span){names[t], strlen(names[t])};
        m->tool[t].description = (tierce_span){"tells the weather of a city", 27};
        m->tool[t].parameters = (tierce_span){schema, sizeof schema - 1};
    }
    m->request.parts = m->part;
    m->request.n_parts = parts;
    m->request.tools = m->tool;
    m->request.n_tools = tools;
    m->request.tool_choice = tools ? (tierce_tool_choice)draw(m, 4) : TIERCE_CHOICE_UNSET;
}

static void print_bits(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    printf(" %08x%08x", (unsigned)(bits >> 32), (unsigned)(bits & 0xffffffffu));
}

int main(int argc, char **argv)
{
    static maker m;
    tierce_error error;
    tierce_router *router;
    const uint32_t n = argc > 2 ? (uint32_t)atoi(argv[2]) : 2000;
    if (argc < 2 || tierce_router_open_file(&router, argv[1], NULL, &error) != TIERCE_OK) {
        fprintf(stderr, "bits: %s\n", argc < 2 ? "usage: bits MODEL [N]" : error.message);
        return 1;
    }
    void *memory = malloc(tierce_scratch_size(router));
    tierce_scratch *scratch = tierce_scratch_init(router, memory, NULL);
    tierce_policy policy = tierce_policy_default(router);
    policy.value_usd = 0.01;
    for (uint32_t i = 0; i < n; i++) {
        tierce_decision d;
        make(&m, i);
        if (tierce_decide(router, scratch, &m.request, &policy, &d, &error) != TIERCE_OK) {
            fprintf(stderr, "bits: request %u: %s\n", (unsigned)i, error.message);
            return 1;
        }
        printf("%u %u %u", (unsigned)i, (unsigned)d.view.entries, (unsigned)d.order[0]);
        for (uint32_t t = 0; t < tierce_tier_count(router); t++) {
            print_bits(d.estimate[t].probability);
            print_bits(d.estimate[t].cost_usd);
        }
        print_bits(d.view.familiarity);
        print_bits(d.margin);
        printf("\n");
    }
    free(memory);
    tierce_router_close(router);
    return 0;
}
