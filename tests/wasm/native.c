/* What the native library says about requests in a JSONL file, for the WebAssembly build to be held against:
 *   native bits MODEL REQUESTS        a line of bits a request, as tests/wasm/lines.js prints them
 *   native time MODEL REQUESTS N      median microseconds of N decisions
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data/lines.h"
#include "data/request_json.h"
#include "infer/router.h"

static const char *read_request(td_request *r, const char *line, size_t len)
{
    td_json json;
    tierce_span key;
    bool first = true;
    td_request_reset(r, len);
    td_json_start(&json, line, len, r->text);
    if (td_json_enter(&json, '{'))
        while (td_json_key(&json, &key, &first))
            if (!td_request_key(r, &json, key))
                td_json_skip(&json, NULL);
    td_json_finish(&json);
    return json.what ? json.what : td_request_finish(r);
}

static void print_bits(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    printf(" %016llx", (unsigned long long)bits);
}

static void print_decision(const tierce_router *router, const tierce_decision *d)
{
    const uint32_t n = tierce_tier_count(router);
    printf("%s %u %s", tierce_tier_name(router, d->order[0]), d->view.entries, tierce_reason_name(d->reason));
    for (uint32_t t = 0; t < n; t++)
        print_bits(d->estimate[t].probability);
    for (uint32_t t = 0; t < n; t++)
        if (d->estimate[t].cost_known)
            print_bits(d->estimate[t].cost_usd);
        else
            printf(" -");
    print_bits(d->view.familiarity);
    print_bits(d->margin);
    printf("\n");
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median_of(const tierce_router *router, tierce_scratch *scratch, const tierce_policy *policy,
                        const td_request *requests, size_t n_requests, size_t n)
{
    double *us = malloc(n * sizeof *us);
    tierce_decision d;
    for (size_t i = 0; i < n; i++) {
        const double start = now();
        tierce_decide(router, scratch, &requests[i % n_requests].request, policy, &d, NULL);
        us[i] = now() - start;
    }
    qsort(us, n, sizeof *us, by_value);
    const double median = us[n / 2];
    free(us);
    return median;
}

#define MOST 64 /* requests that are timed */

int main(int argc, char **argv)
{
    static td_request requests[MOST], one;
    static char *kept[MOST];
    tierce_error fault;
    td_error error;
    tierce_router *router;
    char *line;
    size_t len, n = 0;
    const bool timing = argc == 5 && !strcmp(argv[1], "time");
    if (argc < 4 || tierce_router_open_file(&router, argv[2], NULL, &fault) != TIERCE_OK) {
        fprintf(stderr, "native: %s\n", argc < 4 ? "usage: native bits|time MODEL REQUESTS [N]" : fault.message);
        return 1;
    }
    tierce_scratch *scratch = tierce_scratch_init(router, malloc(tierce_scratch_size(router)), NULL);
    tierce_policy policy = tierce_policy_default(router);
    policy.value_usd = 0.01;
    td_lines *lines = td_lines_open(argv[3], 0, &error);
    while (lines && td_lines_next(lines, &line, &len, &error) == TD_LINE) {
        td_request *r = timing ? &requests[n] : &one;
        if (timing) {
            kept[n] = malloc(len);
            memcpy(kept[n], line, len);
            line = kept[n];
        }
        const char *what = read_request(r, line, len);
        if (what) {
            fprintf(stderr, "native: %s:%zu: %s\n", argv[3], n + 1, what);
            return 1;
        }
        if (!timing) {
            tierce_decision d;
            tierce_decide(router, scratch, &r->request, &policy, &d, NULL);
            print_decision(router, &d);
        }
        if (++n == MOST && timing)
            break;
    }
    if (!lines || !n) {
        fprintf(stderr, "native: %s: no requests\n", argv[3]);
        return 1;
    }
    if (timing)
        printf("%.2f\n", median_of(router, scratch, &policy, requests, n, (size_t)atol(argv[4])));
    return 0;
}
