/* tierce diff: what changed between two models, and in decisions on a file of requests. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "data/text_out.h"
#include "infer/commands.h"
#include "infer/router_state.h"

typedef struct {
    policy_options policy; /* model is not used: there are two */
    uint64_t show, max_bad;
    double max_changed;
} diff_options;

static const td_option options[] = {
    {"point", 0, TD_STRING, offsetof(diff_options, policy.point), 0, 0, "NAME",
     "decide by this operating point of each model"},
    {"value", 0, TD_NUMBER, offsetof(diff_options, policy.value), 0, 1e9, "USD",
     "what a success is worth; 0: cost is no matter (default)"},
    {"show", 0, TD_COUNT, offsetof(diff_options, show), 0, 1e6, "N",
     "changed decisions to print, the first ones (default 5)"},
    {"max-changed", 0, TD_NUMBER, offsetof(diff_options, max_changed), 0, 1, "SHARE",
     "exit 3 when more of the decisions than this changed"},
    {"max-bad", 0, TD_COUNT, offsetof(diff_options, max_bad), 0, 1e12, "N",
     "skip up to N bad lines, each reported (default 0: stop)"},
};

static const td_command command = {
    "tierce diff [OPTION...] A B [REQUESTS]",
    "Shows what changed from model A to model B: tiers, prices, operating points, features, weights; and on\n"
    "a file of requests (JSONL, as tierce score reads; - is standard input) which decisions changed.",
    options, sizeof options / sizeof *options,
    "exit status: 0 compared, 1 could not, 2 wrong usage, 3 more than --max-changed"};

#define CHANGED(format, ...) (printf("  " format "\n", __VA_ARGS__), (void)++*changes)

/* ---- tiers and points ---- */

static void diff_number(const char *tier, const char *what, double a, double b, unsigned *changes)
{
    if (a != b)
        CHANGED("%s: %s %g -> %g", tier, what, a, b);
}

static void diff_prices(const char *tier, const tm_prices *a, const tm_prices *b, unsigned *changes)
{
    if (a->known != b->known) {
        CHANGED("%s: prices %s", tier, b->known ? "are known now" : "are no longer known");
        return;
    }
    diff_number(tier, "price of input", a->input, b->input, changes);
    diff_number(tier, "price of output", a->output, b->output, changes);
    diff_number(tier, "price of cached input", a->cached_input, b->cached_input, changes);
    diff_number(tier, "long prompts begin above", a->long_above, b->long_above, changes);
    diff_number(tier, "long price of input", a->long_input, b->long_input, changes);
    diff_number(tier, "long price of output", a->long_output, b->long_output, changes);
    diff_number(tier, "long price of cached input", a->long_cached_input, b->long_cached_input, changes);
}

static void diff_tier(const tm_tier *a, const tm_tier *b, unsigned *changes)
{
    if (strcmp(a->model, b->model))
        CHANGED("%s: model \"%s\" -> \"%s\"", a->name, a->model, b->model);
    diff_prices(a->name, &a->prices, &b->prices, changes);
    diff_number(a->name, "context window", a->context_window, b->context_window, changes);
    if (a->no_tools != b->no_tools)
        CHANGED("%s: %s tools", a->name, b->no_tools ? "takes no" : "takes");
    diff_number(a->name, "outcomes fitted on", a->records, b->records, changes);
    diff_number(a->name, "mean score", a->mean_score, b->mean_score, changes);
    diff_number(a->name, "mean cost", a->mean_cost, b->mean_cost, changes);
}

static uint32_t find_tier(const tm_model *m, const char *name)
{
    for (uint32_t t = 0; t < m->n_tiers; t++)
        if (!strcmp(m->tiers[t].name, name))
            return t;
    return UINT32_MAX;
}

static void diff_tiers(const tm_model *a, const tm_model *b)
{
    unsigned count = 0, *changes = &count;
    printf("tiers\n");
    for (uint32_t t = 0; t < a->n_tiers; t++) {
        const uint32_t u = find_tier(b, a->tiers[t].name);
        if (u == UINT32_MAX)
            CHANGED("%s: gone", a->tiers[t].name);
        else
            diff_tier(&a->tiers[t], &b->tiers[u], changes);
    }
    for (uint32_t t = 0; t < b->n_tiers; t++)
        if (find_tier(a, b->tiers[t].name) == UINT32_MAX)
            CHANGED("%s: new", b->tiers[t].name);
    if (!count)
        printf("  the same %u\n", a->n_tiers);
}

static const tm_point *find_point(const tm_model *m, const char *name)
{
    for (uint32_t i = 0; i < m->n_points; i++)
        if (!strcmp(m->points[i].name, name))
            return &m->points[i];
    return NULL;
}

static void diff_points(const tm_model *a, const tm_model *b)
{
    unsigned count = 0, *changes = &count;
    printf("operating points\n");
    for (uint32_t i = 0; i < a->n_points; i++) {
        const tm_point *p = &a->points[i], *q = find_point(b, p->name);
        if (!q) {
            CHANGED("%s: gone", p->name);
            continue;
        }
        if (strcmp(p->goal, q->goal))
            CHANGED("%s: goal \"%s\" -> \"%s\"", p->name, p->goal, q->goal);
        diff_number(p->name, "value of a success", p->value_usd, q->value_usd, changes);
        diff_number(p->name, "least probability", p->min_probability, q->min_probability, changes);
        diff_number(p->name, "highest cost", p->max_cost_usd, q->max_cost_usd, changes);
        if (p->allowed != q->allowed)
            CHANGED("%s: other tiers are allowed", p->name);
        if (strcmp(a->tiers[p->default_tier].name, b->tiers[q->default_tier].name))
            CHANGED("%s: default tier %s -> %s", p->name, a->tiers[p->default_tier].name, b->tiers[q->default_tier].name);
    }
    for (uint32_t i = 0; i < b->n_points; i++)
        if (!find_point(a, b->points[i].name))
            CHANGED("%s: new", b->points[i].name);
    if (!count)
        printf("  the same %u\n", a->n_points);
}

/* ---- what was learned ---- */

/* Weight of a row for an index, 0 where it has none. */
static double weight_of(const tm_model *m, uint32_t index, uint32_t row)
{
    const uint32_t slot = tm_weights_slot(&m->weights, index);
    if (slot == UINT32_MAX || row == UINT32_MAX)
        return 0;
    return (double)m->rows[row].scale[index >> m->spec.bits] * tm_weights_of(&m->weights, slot)[row];
}

/* Cosine between the two models' weights of a tier, over what either has. */
static double likeness(const tm_model *a, const tm_model *b, uint32_t t, uint32_t u, tm_row_kind kind)
{
    const uint32_t ra = a->row_of[kind][t], rb = b->row_of[kind][u];
    double aa = 0, bb = 0, ab = 0;
    for (uint32_t s = 0; s < a->weights.n_slots; s++) {
        const double x = weight_of(a, a->weights.index[s], ra), y = weight_of(b, a->weights.index[s], rb);
        aa += x * x;
        ab += x * y;
    }
    for (uint32_t s = 0; s < b->weights.n_slots; s++) {
        const double y = weight_of(b, b->weights.index[s], rb);
        bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : aa == bb;
}

static void diff_weights(const tm_model *a, const tm_model *b)
{
    uint32_t both = 0;
    printf("features and weights\n");
    if (a->spec.bits != b->spec.bits) {
        printf("  2^%u buckets a block -> 2^%u: no weight can be compared\n", a->spec.bits, b->spec.bits);
        return;
    }
    for (uint32_t s = 0; s < a->weights.n_slots; s++)
        both += tm_weights_slot(&b->weights, a->weights.index[s]) != UINT32_MAX;
    printf("  buckets used: %u -> %u; %u in both, %u gone, %u new\n", a->weights.n_slots, b->weights.n_slots, both,
           a->weights.n_slots - both, b->weights.n_slots - both);
    for (uint32_t t = 0; t < a->n_tiers; t++) {
        const uint32_t u = find_tier(b, a->tiers[t].name);
        if (u != UINT32_MAX)
            printf("  %s: weights alike (cosine) %.4f familiar, %.4f general; calibration %+.3f %+.3f x -> %+.3f %+.3f x\n",
                   a->tiers[t].name, likeness(a, b, t, u, TM_ROW_FAMILIAR), likeness(a, b, t, u, TM_ROW_GENERAL),
                   a->calibration[t].offset, a->calibration[t].slope, b->calibration[u].offset, b->calibration[u].slope);
    }
    printf("  sources recognised: %u -> %u\n", a->n_sources, b->n_sources);
}

static void diff_training(const tm_model *a, const tm_model *b)
{
    const bool same = !memcmp(a->digest.data_hash, b->digest.data_hash, sizeof a->digest.data_hash);
    printf("training\n  records: %u -> %u%s\n  made by: %s\n        -> %s\n  file: %llu -> %llu bytes\n", a->digest.records,
           b->digest.records, same ? ", the same" : ", not the same ones", a->digest.created_by ? a->digest.created_by : "?",
           b->digest.created_by ? b->digest.created_by : "?", (unsigned long long)a->file_bytes,
           (unsigned long long)b->file_bytes);
}

/* ---- decisions ---- */

typedef struct {
    tierce_router *router;
    tierce_policy policy;
    tierce_scratch *scratch;
    void *memory;
    tierce_decision d;
    uint64_t chosen[TIERCE_MAX_TIERS];
} side;

typedef struct {
    const diff_options *o;
    side a, b;
    uint64_t n, changed, bad, shown;
    double moved; /* sum over requests of the largest change of a common tier's probability */
} comparison;

static bool open_side(side *s, const policy_options *policy, const char *path)
{
    policy_options o = *policy;
    o.model = path;
    s->router = open_router("tierce diff", &o, &s->policy);
    if (!s->router)
        return false;
    s->memory = malloc(tierce_scratch_size(s->router));
    s->scratch = tierce_scratch_init(s->router, s->memory, NULL);
    if (!s->scratch)
        fprintf(stderr, "tierce diff: out of memory\n");
    return s->scratch != NULL;
}

static void close_side(side *s)
{
    tierce_router_close(s->router);
    free(s->memory);
}

static void show(comparison *c, tierce_span id, uint64_t line, uint32_t t, uint32_t u)
{
    const char *from = tierce_tier_name(c->a.router, t), *to = tierce_tier_name(c->b.router, u);
    if (c->shown++ >= c->o->show)
        return;
    if (id.len)
        printf("  %.*s: ", (int)(id.len < 80 ? id.len : 80), id.data);
    else
        printf("  line %llu: ", (unsigned long long)line);
    printf("%s (%.3f) -> %s (%.3f)\n", from, c->a.d.estimate[t].probability, to, c->b.d.estimate[u].probability);
}

static bool compare_request(comparison *c, const tierce_request *request, tierce_span id, uint64_t line)
{
    tierce_error error;
    double most = 0;
    if (tierce_decide(c->a.router, c->a.scratch, request, &c->a.policy, &c->a.d, &error) != TIERCE_OK ||
        tierce_decide(c->b.router, c->b.scratch, request, &c->b.policy, &c->b.d, &error) != TIERCE_OK) {
        fprintf(stderr, "tierce diff: %s\n", error.message);
        return false;
    }
    for (uint32_t t = 0; t < tierce_tier_count(c->a.router); t++) {
        const uint32_t u = tierce_tier_find(c->b.router, tierce_tier_name(c->a.router, t));
        if (u == UINT32_MAX)
            continue;
        const double by = fabs(c->a.d.estimate[t].probability - c->b.d.estimate[u].probability);
        most = by > most ? by : most;
    }
    const uint32_t t = c->a.d.order[0], u = c->b.d.order[0];
    c->n++;
    c->moved += most;
    c->a.chosen[t]++;
    c->b.chosen[u]++;
    if (strcmp(tierce_tier_name(c->a.router, t), tierce_tier_name(c->b.router, u))) {
        c->changed++;
        show(c, id, line, t, u);
    }
    return true;
}

/* False after a complaint. */
static bool compare_lines(comparison *c, const char *path)
{
    td_error error;
    td_request request = {0};
    td_line_status status = TD_BROKEN;
    char *line;
    size_t len, where;
    uint64_t number = 0;
    const char *what;
    bool good = true;
    td_lines *lines = td_lines_open(path, 0, &error);
    while (lines && good && (status = td_lines_next(lines, &line, &len, &error)) == TD_LINE) {
        td_record record;
        number++;
        if (!td_parse_line(&request, NULL, &record, line, len, TD_WANT_REQUESTS, &what, &where)) {
            fprintf(stderr, "%s:%llu: byte %zu: %s\n", path, (unsigned long long)number, where + 1, what);
            good = ++c->bad <= c->o->max_bad;
        } else {
            good = compare_request(c, record.request, record.id, number);
        }
    }
    if (!lines || (good && status == TD_BROKEN)) {
        fprintf(stderr, "tierce diff: %s\n", error.text);
        good = false;
    }
    td_lines_close(lines);
    td_request_free(&request);
    return good;
}

static void print_shares(const char *name, const side *s, uint64_t n)
{
    printf("  %s:", name);
    for (uint32_t t = 0; t < tierce_tier_count(s->router); t++)
        printf(" %s %.1f %%", tierce_tier_name(s->router, t), 100.0 * (double)s->chosen[t] / (double)n);
    printf("\n");
}

static int compare_decisions(comparison *c, const char *path)
{
    printf("decisions on %s\n", path);
    if (!compare_lines(c, path))
        return 1;
    if (!c->n) {
        fprintf(stderr, "tierce diff: %s: no request to decide about\n", path);
        return 1;
    }
    if (c->changed > c->o->show)
        printf("  ... and %llu more (--show N)\n", (unsigned long long)(c->changed - c->o->show));
    const double share = (double)c->changed / (double)c->n;
    printf("  %llu of %llu changed, %.2f %%; a probability moves by %.4f on average", (unsigned long long)c->changed,
           (unsigned long long)c->n, 100 * share, c->moved / (double)c->n);
    if (c->bad)
        printf("; %llu bad line%s skipped", (unsigned long long)c->bad, td_s(c->bad));
    printf("\n");
    print_shares("A sends", &c->a, c->n);
    print_shares("B sends", &c->b, c->n);
    return c->o->max_changed >= 0 && share > c->o->max_changed ? 3 : 0;
}

int cmd_diff(int argc, char **argv)
{
    diff_options o = {.policy = POLICY_DEFAULTS, .show = 5, .max_changed = -1};
    const int n = td_parse_options(&command, argc, argv, &o);
    if (n < 0)
        return n == -2 ? 0 : 2;
    if (n < 2 || n > 3) {
        fprintf(stderr, "tierce diff: name two models, and a file of requests if decisions are to be compared\n");
        return 2;
    }
    if (n == 2 && o.max_changed >= 0) {
        fprintf(stderr, "tierce diff: --max-changed needs a file of requests\n");
        return 2;
    }
    comparison c = {.o = &o};
    int status = 1;
    if (open_side(&c.a, &o.policy, argv[1]) && open_side(&c.b, &o.policy, argv[2])) {
        const tm_model *a = tierce_router_model(c.a.router), *b = tierce_router_model(c.b.router);
        printf("%s -> %s\n", argv[1], argv[2]);
        diff_tiers(a, b);
        diff_points(a, b);
        diff_weights(a, b);
        diff_training(a, b);
        status = n == 3 ? compare_decisions(&c, argv[3]) : 0;
    }
    close_side(&c.a);
    close_side(&c.b);
    return status;
}
