/* tierce train: records in, a model file out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "data/text_out.h"
#include "data/writer.h"
#include "train/commands.h"
#include "train/finish.h"
#include "train/memory.h"
#include "train/narrow.h"
#include "train/portrait.h"
#include "train/save.h"
#include "train/tuning.h"

typedef struct {
    tr_tuning tuning;
    const char *output;
    bool quiet;
} train_options;

static const td_option options[] = {
    {"output", 'o', TD_STRING, offsetof(train_options, output), 0, 0, "FILE",
     "model file to write (default router.tierce)"},
    TR_TUNING_OPTIONS(train_options, tuning),
    {"quiet", 'q', TD_FLAG, offsetof(train_options, quiet), 0, 0, NULL, "no progress, no report"},
};

static const td_command command = {
    "tierce train [OPTION...] --tiers A,B RECORDS...",
    "Fits a router to records (JSONL, plain or .gz; - is standard input): a logistic regression per tier\n"
    "on requests and outcomes, calibrated on folds it did not see, in one file. The report says what each\n"
    "part was worth out of fold; `tierce eval` judges the whole pipeline on folds of its own.",
    options, sizeof options / sizeof *options,
    "blocks: word pair skip earlier system tools result named level\n"
    "exit status: 0 the model is written, 1 it is not, 2 wrong usage"};

/* ---- progress ---- */

typedef struct {
    struct timespec start;
    bool shown;
} progress;

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

static void tell(void *context, const char *what, uint32_t step, uint32_t steps)
{
    progress *p = context;
    const double spent = seconds_since(&p->start);
    if (spent < 1)
        return;
    p->shown = true;
    fprintf(stderr, "\r\033[K%3u %%  %s, %.0f s, about %.0f s left", 100 * step / steps, what, spent,
            spent / step * (steps - step));
}

/* ---- report ---- */

static void report_tier(const tm_model *m, const tr_report *r,
                        const tr_options *o, uint32_t t)
{
    const tm_tier *tier = &m->tiers[t];
    printf("  %-24s %u outcomes, mean score %.4f", tier->name, tier->records, tier->mean_score);
    if (tier->mean_cost >= 0)
        printf(", mean cost $%.6f", tier->mean_cost);
    printf("\n    C = %g (held-out log-loss", r->c[t]);
    for (uint32_t g = 0; g < o->n_grid; g++)
        printf("%s %.4f at %g", g ? "," : "", r->grid_loss[t][g], o->c_grid[g]);
    printf(")\n    log-loss out of fold: general %.4f, familiar %.4f, gated %.4f\n", r->loss_general[t],
           r->loss_familiar[t], r->loss_gated[t]);
    if (m->row_of[TM_ROW_COST][t] != UINT32_MAX || m->row_of[TM_ROW_TOKENS][t] != UINT32_MAX)
        printf("    cost: predicted per request, from %u outcomes\n", r->cost_records[t]);
    else if (tier->mean_cost >= 0)
        printf("    cost: the mean of %u outcomes\n", r->cost_records[t]);
    else
        printf("    cost: not known (%u of %u outcomes have one, half are needed)\n", r->cost_records[t],
               tier->records);
}

/* Logged choices: what their weights do. */
static void report_log(const tr_dataset *d)
{
    double least = 1;
    uint32_t clipped = 0;
    if (!d->logged)
        return;
    for (uint32_t i = 0; i < d->n; i++) {
        if (d->chosen[i] == TR_NOT_LOGGED)
            continue;
        least = (double)d->propensity[i] < least ? (double)d->propensity[i] : least;
        clipped += (double)d->propensity[i] < 1 / TR_CLIP;
    }
    printf("%u of them are logged choices (least propensity %.3g): weighed by 1 / propensity, %g at most (%u clipped)\n",
           d->logged, least, TR_CLIP, clipped);
    if (d->logged * 2 > d->n)
        printf("  most show one outcome: the tiers are fitted together, each as a departure from what they share\n");
}

static void print_report(const tr_dataset *d, const tm_model *m, const tr_report *r,
                         const tr_options *o, uint64_t size, const char *path)
{
    printf("%u records from %u source%s, %u tiers", d->n, d->n_sources, td_s(d->n_sources), d->n_tiers);
    if (d->bad_lines)
        printf("; %llu bad line%s skipped", (unsigned long long)d->bad_lines, td_s(d->bad_lines));
    if (d->without_outcome)
        printf("; %llu record%s without an outcome of these tiers left out",
               (unsigned long long)d->without_outcome, td_s(d->without_outcome));
    printf("\n");
    report_log(d);
    for (uint32_t t = 0; t < d->n_tiers; t++)
        report_tier(m, r, o, t);
    printf("held out (inner folds, %.0f %% of records look familiar)\n", 100 * r->known);
    for (uint32_t i = 0; i < m->digest.n_figures; i++) {
        const struct tm_figure *f = &m->digest.figures[i];
        printf("  %-28s %.4f", f->name, f->value);
        if (f->low <= f->high)
            printf("  95 %% [%.4f, %.4f]", f->low, f->high);
        printf("\n");
    }
    printf("%u of %u features kept, int8; %llu bytes in %s\n", r->slots, r->columns,
           (unsigned long long)size, path);
}

static int train(const train_options *o, const tr_dataset *d, const tr_options *fit)
{
    tm_model model;
    tr_report report;
    td_error error;
    tierce_error fault;
    progress p = {.shown = false};
    uint64_t size = 0;
    uint32_t *records = tr_new(d->n, sizeof *records);
    for (uint32_t i = 0; i < d->n; i++)
        records[i] = i;
    clock_gettime(CLOCK_MONOTONIC, &p.start);
    tr_fit(d, records, d->n, fit, &model, &report,
           o->quiet || !isatty(STDERR_FILENO) ? NULL : tell, &p);
    if (p.shown)
        fprintf(stderr, "\r\033[K");
    tr_write_digest(&model, d, records, d->n, &report);
    tr_write_portrait(&model, d, records, d->n, &report);
    tr_lighten_digest(&model, fit);
    int status = 1;
    if (!tr_write_selftests(&model, &fault))
        fprintf(stderr, "tierce train: %s\n", fault.message);
    else if (!tr_save(&model, o->output, &size, &error))
        fprintf(stderr, "tierce train: %s\n", error.text);
    else
        status = 0;
    if (!status && !o->quiet && !td_writer_is_stdout(o->output))
        print_report(d, &model, &report, fit, size, o->output);
    tr_report_free(&report);
    tm_model_free(&model);
    free(records);
    return status;
}

int cmd_train(int argc, char **argv)
{
    train_options o = {.output = "router.tierce"};
    tr_options fit;
    tf_spec spec;
    tr_dataset d;
    td_error error;
    tr_tuning_default(&o.tuning);
    const int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    if (!files || !o.tuning.tiers) {
        fprintf(stderr, !files ? "tierce train: name the files with records (- is standard input)\n"
                               : "tierce train: --tiers A,B says which outcomes to learn, cheap to strong\n");
        return 2;
    }
    if (!tr_tuning_apply(&o.tuning, &fit, &spec))
        return 2;
    const char *const *paths = (const char *const *)(argv + 1);
    if (!td_writer_spares(o.output, paths, (size_t)files, &error) ||
        !td_writer_spares(o.output, &o.tuning.tiers, 1, &error)) {
        fprintf(stderr, "tierce train: %s\n", error.text);
        return 1;
    }
    if (!tr_dataset_load(&d, paths, (size_t)files, o.tuning.tiers, &spec, o.tuning.max_bad, &error)) {
        fprintf(stderr, "tierce train: %s\n", error.text);
        return 1;
    }
    int status = 1;
    if (d.n < 50)
        fprintf(stderr, "tierce train: %u records are too few to fit and calibrate on; bring 50 at least\n", d.n);
    else
        status = train(&o, &d, &fit);
    tr_dataset_free(&d);
    return status;
}
