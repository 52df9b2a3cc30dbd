#include "train/forecast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "data/text_out.h"
#include "train/memory.h"

static void complain(void *context, const char *message)
{
    (void)context;
    fprintf(stderr, "%s\n", message);
}

static void count(const tierce_router *router, const tierce_decision *d, tr_forecast *f)
{
    const tierce_estimate *e = &d->estimate[d->order[0]];
    f->requests++;
    f->chosen[d->order[0]]++;
    f->familiarity += d->view.familiarity;
    f->success += e->probability;
    f->unpriced += !e->cost_known;
    f->spend += e->cost_usd;
    f->spend2 += e->cost_usd * e->cost_usd;
    f->abstained += d->reason == TIERCE_REASON_DEFAULT_UNFAMILIAR;
    f->fallen += d->reason == TIERCE_REASON_DEFAULT_NONE || d->reason == TIERCE_REASON_DEFAULT_FLOOR ||
                 d->reason == TIERCE_REASON_DEFAULT_CEILING;
    for (uint32_t t = 0; t < tierce_tier_count(router); t++)
        f->fixed[t] += d->estimate[t].cost_known ? d->estimate[t].cost_usd : (double)NAN;
}

bool tr_forecast_files(const tierce_router *router, const tierce_policy *policy, const char *command,
                       const char *const *paths, size_t n_paths, uint64_t max_bad, tr_forecast *f)
{
    tierce_error fault;
    td_error error;
    td_record record;
    tierce_decision decision;
    int got = -1;
    memset(f, 0, sizeof *f);
    void *memory = tr_new(1, tierce_scratch_size(router));
    tierce_scratch *scratch = tierce_scratch_init(router, memory, NULL);
    td_reader *reader = td_reader_open(paths, n_paths, TD_WANT_REQUESTS, max_bad, 0,
                                       max_bad ? complain : NULL, NULL);
    if (!reader)
        td_fail(&error, "out of memory");
    while (reader && (got = td_reader_next(reader, &record, &error)) > 0) {
        if (tierce_decide(router, scratch, record.request, policy, &decision, &fault) != TIERCE_OK) {
            td_fail(&error, "%s:%llu: %s", record.path, (unsigned long long)record.line, fault.message);
            got = -1;
            break;
        }
        count(router, &decision, f);
    }
    f->bad = reader ? td_reader_bad(reader) : 0;
    if (!got && !f->requests) {
        td_fail(&error, "no requests in the input");
        got = -1;
    }
    if (got)
        fprintf(stderr, "%s: %s\n", command, error.text);
    td_reader_close(reader);
    free(memory);
    return !got;
}

void tr_print_forecast(const tierce_router *router, const char *point, const tr_forecast *f)
{
    const double n = (double)f->requests;
    printf("%llu request%s at operating point \"%s\" (nothing was sent)\n", (unsigned long long)f->requests,
           td_s(f->requests), point);
    if (f->bad)
        printf("  %llu bad line%s skipped\n", (unsigned long long)f->bad, td_s(f->bad));
    for (uint32_t t = 0; t < tierce_tier_count(router); t++) {
        const double s = (double)f->chosen[t] / n, e = 1.96 * sqrt(s * (1 - s) / n);
        printf("  %-24s %5.1f %% [%.1f, %.1f]", tierce_tier_name(router, t), 100 * s,
               100 * (s > e ? s - e : 0), 100 * (s + e < 1 ? s + e : 1));
        if (!isnan(f->fixed[t]))
            printf("   everything here: $%.4f", f->fixed[t]);
        printf("\n");
    }
    if (f->unpriced == f->requests) {
        printf("  no cost is known for the tiers chosen: shares only (train with costs or prices)\n");
    } else {
        const double mean = f->spend / n, var = f->spend2 / n - mean * mean;
        const double e = 1.96 * sqrt(var > 0 ? var / n : 0);
        printf("  expected spend $%.4f, $%.4f per 1,000 [%.4f, %.4f]\n", f->spend, 1000 * mean,
               1000 * (mean > e ? mean - e : 0), 1000 * (mean + e));
        if (f->unpriced)
            printf("  without the %llu request%s sent to a tier of unknown cost\n", (unsigned long long)f->unpriced,
                   td_s(f->unpriced));
    }
    printf("  expected success %.3f, mean familiarity %.2f%s\n", f->success / n, f->familiarity / n,
           f->familiarity / n < 0.3 ? ": unlike the training records; see tierce drift" : "");
    if (f->abstained)
        printf("  %llu abstained (too unlike the training records)\n", (unsigned long long)f->abstained);
    if (f->fallen)
        printf("  %llu fell to the default tier: no tier satisfied the constraints\n", (unsigned long long)f->fallen);
}
