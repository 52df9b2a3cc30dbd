/* tierce drift: does today's traffic look like the training records? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/options.h"
#include "data/text_out.h"
#include "infer/router_state.h"
#include "train/commands.h"
#include "train/drift.h"
#include "train/memory.h"

typedef struct {
    const char *model;
    uint64_t top, max_bad;
    bool json;
} drift_options;

static const td_option options[] = {
    {"model", 'm', TD_STRING, offsetof(drift_options, model), 0, 0, "FILE", "model file"},
    {"top", 0, TD_COUNT, offsetof(drift_options, top), 0, 1000, "N", "named features to show, most moved first (default 10)"},
    {"max-bad", 0, TD_COUNT, offsetof(drift_options, max_bad), 0, 1e12, "N",
     "skip up to N bad lines, each reported (default 0: stop)"},
    {"json", 0, TD_FLAG, offsetof(drift_options, json), 0, 0, NULL, "one JSON object, every histogram in it"},
};

static const td_command command = {
    "tierce drift [OPTION...] -m MODEL TRAFFIC...",
    "Compares requests (JSONL, no outcomes needed; - is standard input) with the portrait of the training\n"
    "records in the model: population stability of every named feature, of familiarity, of unseen words and\n"
    "of the estimates.",
    options, sizeof options / sizeof *options,
    "exit status: 0 no drift, 1 could not, 2 wrong usage, 4 drift"};

static const char *const states[] = {"stable", "moved", "DRIFTED"};

/* ---- for people ---- */

/* Where a bin begins, in the feature's own units. */
static void edge(const tm_histogram *h, uint32_t k, char *text, size_t room)
{
    if (h->kind != TM_H_NAMED)
        snprintf(text, room, "%.7g", (double)h->cut[k]);
    else if (h->cut[k] < 0)
        snprintf(text, room, "none");
    else
        snprintf(text, room, "%u", tf_bucket_floor(tf_named_cut(h->number), (uint32_t)h->cut[k]));
}

/* The bin that grew most. */
static void print_growth(const tr_drift *d, const tr_shift *s)
{
    const tm_histogram *h = s->histogram;
    uint32_t best = 0;
    double most = -2;
    char from[40], to[40];
    for (uint32_t k = 0; k <= h->n_cuts; k++) {
        const double grown = (double)s->count[k] / (double)d->requests - h->share[k] / 65535.0;
        if (grown > most) {
            most = grown;
            best = k;
        }
    }
    if (best)
        edge(h, best - 1, from, sizeof from);
    if (best < h->n_cuts)
        edge(h, best, to, sizeof to);
    const double then = 100.0 * h->share[best] / 65535, now = 100.0 * (double)s->count[best] / (double)d->requests;
    if (best && best < h->n_cuts)
        printf("  %s to below %s: ", from, to);
    else
        printf("  %s %s: ", best ? "from" : "below", best ? from : to);
    printf("%.1f %% then, %.1f %% now\n", then, now);
}

static void print_shift(const tr_drift *d, const tr_shift *s)
{
    char name[100];
    tr_shift_name(d, s, name, sizeof name);
    printf("  %-28.28s %8.3f  %7.3f  %-8s", name, s->psi, s->expected, states[s->state]);
    print_growth(d, s);
}

static int by_psi(const void *a, const void *b)
{
    const double x = (*(const tr_shift *const *)a)->psi, y = (*(const tr_shift *const *)b)->psi;
    return x < y ? 1 : x > y ? -1 : 0;
}

static void print_drift(const tr_drift *d, uint64_t top)
{
    const tr_shift **named = tr_new(d->n, sizeof *named);
    uint32_t n = 0;
    printf("%llu request%s against the portrait of %u training records\n", (unsigned long long)d->requests,
           td_s(d->requests), d->model->portrait.records);
    if (d->bad)
        printf("%llu bad line%s skipped\n", (unsigned long long)d->bad, td_s(d->bad));
    printf("\n  %-28s %8s  %7s  %-8s  the bin that grew most\n", "", "PSI", "chance", "");
    for (uint32_t i = 0; i < d->n; i++)
        if (d->shift[i].histogram->kind != TM_H_NAMED)
            print_shift(d, &d->shift[i]);
        else
            named[n++] = &d->shift[i];
    qsort(named, n, sizeof *named, by_psi);
    for (uint32_t i = 0; i < n && i < top; i++)
        print_shift(d, named[i]);
    if (n > top)
        printf("  %llu more named features, less moved\n", (unsigned long long)(n - top));
    printf("\n%u histograms drifted, %u moved; %.1f %% of the requests are less familiar than 99 %% of the training\n"
           "records were (a policy may let these abstain: --abstain)\n",
           d->drifted, d->moved, 100.0 * (double)d->strange / (double)d->requests);
    if (d->requests < 200)
        printf("only %llu request%s: a drift must be large to show\n", (unsigned long long)d->requests, td_s(d->requests));
    if (d->drift)
        printf("DRIFT: this is not the traffic that the model was trained for. Judge it on records of this kind\n"
               "(tierce eval -m), label some and train again\n");
    else
        printf("no drift%s\n", d->moved ? ": what moved is worth a look, not an alarm" : "");
    free(named);
}

/* ---- JSON ---- */

static bool print_json(const tr_drift *d)
{
    td_out out = {0};
    char text[200], name[100];
    snprintf(text, sizeof text, "{\"requests\": %llu, \"drift\": %s, \"strange\": %llu, \"histograms\": [",
             (unsigned long long)d->requests, d->drift ? "true" : "false", (unsigned long long)d->strange);
    td_puts(&out, text);
    for (uint32_t i = 0; i < d->n; i++) {
        const tr_shift *s = &d->shift[i];
        tr_shift_name(d, s, name, sizeof name);
        td_puts(&out, i ? ", {\"name\": " : "{\"name\": ");
        td_put_json(&out, name, strlen(name));
        snprintf(text, sizeof text, ", \"psi\": %.6g, \"chance\": %.6g, \"state\": \"%s\"}", s->psi, s->expected,
                 states[s->state]);
        td_puts(&out, text);
    }
    td_puts(&out, "]}\n");
    const bool good = !out.failed && fwrite(out.at, 1, out.len, stdout) == out.len;
    free(out.at);
    return good;
}

int cmd_drift(int argc, char **argv)
{
    drift_options o = {.top = 10};
    tierce_router *router;
    tierce_error fault;
    td_error error;
    tr_drift d;
    const int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    if (!o.model || !files) {
        fprintf(stderr, !o.model ? "tierce drift: -m MODEL: which model?\n"
                                 : "tierce drift: name the files with requests (- is standard input)\n");
        return 2;
    }
    if (tierce_router_open_file(&router, o.model, NULL, &fault) != TIERCE_OK) {
        fprintf(stderr, "tierce drift: %s: %s\n", o.model, fault.message);
        return 1;
    }
    int status = 1;
    if (!tierce_router_model(router)->portrait.n) {
        fprintf(stderr, "tierce drift: %s: the model holds no portrait of its training records (%s\n", o.model,
                tierce_router_model(router)->digest.id_filter_words
                    ? "an older version made it); train it again"
                    : "small files do without); compare with the model that it was shrunk from");
    } else if (!tr_drift_measure(tierce_router_model(router), (const char *const *)(argv + 1), (size_t)files, o.max_bad,
                                 &d, &error)) {
        fprintf(stderr, "tierce drift: %s\n", error.text);
    } else {
        status = d.drift ? 4 : 0;
        if (o.json && !print_json(&d))
            status = 1;
        if (!o.json)
            print_drift(&d, o.top);
        tr_drift_free(&d);
    }
    tierce_router_close(router);
    return status;
}
