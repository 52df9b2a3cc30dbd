/* tierce route: one prompt or request, one decision, and why. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "infer/commands.h"
#include "infer/decision_out.h"

typedef struct {
    policy_options policy;
    const char *request;
    bool json, explain;
    uint64_t top;
} route_options;

static const td_option options[] = {
    POLICY_OPTIONS(route_options, policy),
    {"request", 'r', TD_STRING, offsetof(route_options, request), 0, 0, "FILE",
     "a request as JSON (chat or batch shape); - is standard input"},
    {"json", 0, TD_FLAG, offsetof(route_options, json), 0, 0, NULL, "one line of JSON"},
    {"explain", 'e', TD_FLAG, offsetof(route_options, explain), 0, 0, NULL,
     "additive reasons, chosen tier against the runner-up"},
    {"top", 0, TD_COUNT, offsetof(route_options, top), 1, 100000, "N",
     "with --explain: show the N largest (default 12); the rest is summed up"},
};

static const td_command command = {
    "tierce route [OPTION...] [PROMPT...]",
    "Decides which tier a prompt needs. The prompt is the arguments, or standard input.",
    options, sizeof options / sizeof *options,
    "exit status: 0 decided, 1 the model or the request cannot be read, 2 wrong usage"};

/* ---- explaining ---- */

typedef struct {
    char name[100];
    double difference;
} reason;

typedef struct {
    reason *at;
    size_t n, room;
    uint32_t a, b;
    bool no_memory;
} reasons;

/* Text for a terminal: control bytes shown as dots. */
static void copy_name(char *to, size_t room, const tierce_contribution *c)
{
    size_t n = (size_t)snprintf(to, room, "%s:", c->block);
    for (size_t i = 0; i < c->name_len && n + 1 < room; i++)
        to[n++] = (unsigned char)c->name[i] < 0x20 || c->name[i] == 0x7f ? '.' : c->name[i];
    to[n] = 0;
}

static void collect(void *context, const tierce_contribution *c)
{
    reasons *r = context;
    if (r->n == r->room) {
        const size_t room = r->room ? r->room * 2 : 256;
        reason *wider = realloc(r->at, room * sizeof *wider);
        if (!wider) {
            r->no_memory = true;
            return;
        }
        r->at = wider;
        r->room = room;
    }
    reason *to = &r->at[r->n++];
    copy_name(to->name, sizeof to->name, c);
    to->difference = c->value[r->a] - c->value[r->b];
}

static int by_size(const void *a, const void *b)
{
    const double x = fabs(((const reason *)a)->difference), y = fabs(((const reason *)b)->difference);
    return x < y ? 1 : x > y ? -1 : strcmp(((const reason *)a)->name, ((const reason *)b)->name);
}

static void print_reasons(const tierce_router *router, const tierce_decision *d, reasons *r, size_t top)
{
    double rest = 0, total = 0;
    qsort(r->at, r->n, sizeof *r->at, by_size);
    printf("\nwhy %s rather than %s (log-odds of success, exact and additive)\n",
           tierce_tier_name(router, r->a), tierce_tier_name(router, r->b));
    for (size_t i = 0; i < r->n; i++) {
        total += r->at[i].difference;
        if (i < top)
            printf("  %+8.4f  %s\n", r->at[i].difference, r->at[i].name);
        else
            rest += r->at[i].difference;
    }
    if (r->n > top)
        printf("  %+8.4f  %zu smaller ones\n", rest, r->n - top);
    const double a = d->estimate[r->a].probability, b = d->estimate[r->b].probability;
    printf("  %+8.4f  in all: %.1f %% against %.1f %%\n", total, 100 * a, 100 * b);
}

/* Contributions of the chosen tier against the runner-up (or any other tier). */
static bool explain(const tierce_router *router, tierce_scratch *scratch, const tierce_request *request,
                    const tierce_decision *d, size_t top)
{
    reasons r = {.a = d->order[0], .b = d->n_order > 1 ? d->order[1] : d->order[0] ? 0 : 1};
    if (tierce_tier_count(router) < 2) {
        printf("\nthe model has one tier: nothing to compare\n");
        return true;
    }
    tierce_explain(router, scratch, request, collect, &r, NULL);
    if (r.no_memory)
        fprintf(stderr, "tierce route: out of memory\n");
    else
        print_reasons(router, d, &r, top);
    free(r.at);
    return !r.no_memory;
}

static void put_explanation(td_out *out, const reasons *r, size_t top)
{
    td_puts(out, ", \"why\": [");
    for (size_t i = 0; i < r->n && i < top; i++) {
        char number[40];
        td_puts(out, i ? ", {\"feature\": " : "{\"feature\": ");
        td_put_json(out, r->at[i].name, strlen(r->at[i].name));
        snprintf(number, sizeof number, ", \"log_odds\": %.6g}", r->at[i].difference);
        td_puts(out, number);
    }
    td_puts(out, "]");
}

/* ---- printing ---- */

static void print_decision(const tierce_router *router, const tierce_decision *d,
                           const tierce_policy *policy)
{
    printf("%s\n", tierce_tier_name(router, d->order[0]));
    printf("  %s\n", tierce_reason_text(d->reason));
    for (uint32_t t = 0; t < tierce_tier_count(router); t++) {
        const tierce_estimate *e = &d->estimate[t];
        printf("  %-24s %5.1f %% likely to succeed", tierce_tier_name(router, t), 100 * e->probability);
        if (e->cost_known)
            printf(", about $%.6f", e->cost_usd);
        const uint64_t bit = (uint64_t)1 << t;
        printf("%s\n", d->dropped_context & bit  ? "  (context window too small)"
                       : d->dropped_tools & bit  ? "  (takes no tools)"
                       : d->dropped_price & bit  ? "  (above the maximum cost)"
                       : d->dropped_floor & bit  ? "  (below the minimum probability)"
                       : d->dropped_policy & bit ? "  (not allowed)"
                                                 : "");
    }
    printf("  familiarity %.2f%s%s\n", d->view.familiarity,
           d->view.familiarity < 0.5 ? ": unlike the training records, trust it less" : "",
           d->view.truncated ? "; very long, head and tail were read" : "");
    const uint64_t no_cost = tiers_without_cost(d, policy);
    for (uint32_t t = 0; t < tierce_tier_count(router); t++)
        if (no_cost >> t & 1)
            printf("  no cost is known for %s: %s (give prices when training)\n", tierce_tier_name(router, t),
                   policy->value_usd > 0 ? "it counts as free, --value weighs nothing" : "it passes --max-cost unseen");
}

static int print_json(const tierce_router *router, tierce_scratch *scratch,
                      const tierce_request *request, const tierce_decision *d, const tierce_policy *policy,
                      tierce_span id, const route_options *o)
{
    td_out out = {0};
    reasons r = {.a = d->order[0], .b = d->n_order > 1 ? d->order[1] : d->order[0] ? 0 : 1};
    put_decision(&out, router, d, tiers_without_cost(d, policy), id, 0);
    if (o->explain && tierce_tier_count(router) > 1 && !out.failed) {
        tierce_explain(router, scratch, request, collect, &r, NULL);
        if (r.n)
            qsort(r.at, r.n, sizeof *r.at, by_size);
        out.len--; /* reopen the object */
        put_explanation(&out, &r, (size_t)o->top);
        td_puts(&out, "}");
    }
    td_puts(&out, "\n");
    if (out.failed || r.no_memory)
        fprintf(stderr, "tierce route: out of memory\n");
    const bool good = !out.failed && !r.no_memory && fwrite(out.at, 1, out.len, stdout) == out.len;
    free(r.at);
    free(out.at);
    return good ? 0 : 1;
}

static int decide(tierce_router *router, const tierce_policy *policy, const tierce_request *request,
                  tierce_span id, const route_options *o)
{
    tierce_error error;
    tierce_decision d;
    void *memory = calloc(1, tierce_scratch_size(router));
    tierce_scratch *scratch = tierce_scratch_init(router, memory, &error);
    int status = 1;
    if (scratch && tierce_decide(router, scratch, request, policy, &d, &error) == TIERCE_OK) {
        if (o->json) {
            status = print_json(router, scratch, request, &d, policy, id, o);
        } else {
            print_decision(router, &d, policy);
            status = o->explain && !explain(router, scratch, request, &d, (size_t)o->top) ? 1 : 0;
        }
    } else {
        fprintf(stderr, "tierce route: %s\n", error.message);
    }
    free(memory);
    return status;
}

int cmd_route(int argc, char **argv)
{
    route_options o = {.policy = POLICY_DEFAULTS, .top = 0};
    tierce_policy policy;
    td_request parsed = {0};
    td_record record = {0};
    tierce_part part;
    tierce_request request;
    size_t len = 0, where;
    const char *what;
    const int words = td_parse_options(&command, argc, argv, &o);
    if (words < 0)
        return words == -2 ? 0 : 2;
    if (o.request && words) {
        fprintf(stderr, "tierce route: give a prompt or --request, not both\n");
        return 2;
    }
    if (o.top && !o.explain) {
        fprintf(stderr, "tierce route: --top N is of --explain; give both\n");
        return 2;
    }
    o.top = o.top ? o.top : 12;
    const bool piped = words == 1 && !strcmp(argv[1], "-");
    char *text = words && !piped ? join_words(argv + 1, words, &len)
                                               : read_input(o.request ? o.request : "-", &len);
    if (!text) {
        fprintf(stderr, "tierce route: %s: cannot be read (or is over 1 GiB)\n", o.request ? o.request : "standard input");
        return 1;
    }
    if ((!words || piped) && !o.request && !len) {
        fprintf(stderr, "tierce route: standard input is empty; give the prompt as words or on standard input\n");
        free(text);
        return 1;
    }
    int status = 1;
    tierce_router *router = open_router("tierce route", &o.policy, &policy);
    if (router) {
        if (!o.request) {
            request = tierce_request_of_prompt(&part, text, len);
            status = decide(router, &policy, &request, record.id, &o);
        } else if (td_parse_line(&parsed, NULL, &record, text, len, TD_WANT_REQUESTS, &what, &where)) {
            status = decide(router, &policy, record.request, record.id, &o);
        } else {
            fprintf(stderr, "tierce route: %s: byte %zu: %s\n", o.request, where + 1, what);
        }
    }
    tierce_router_close(router);
    td_request_free(&parsed);
    free(text);
    return status;
}
