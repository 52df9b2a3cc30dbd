/* tierce shrink: the best model under a size, and what each size costs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/text_out.h"
#include "data/writer.h"
#include "infer/router_state.h"
#include "train/commands.h"
#include "train/finish.h"
#include "train/memory.h"
#include "train/narrow.h"
#include "train/portrait.h"
#include "train/save.h"
#include "train/size_curve.h"
#include "train/tuning.h"

#define MIN_FIT 50 /* records */

typedef struct {
    tr_tuning tuning;
    const char *model, *output, *curve;
    uint64_t folds, jobs, resamples;
    bool only, quiet;
} shrink_options;

static const td_option options[] = {
    {"model", 'm', TD_STRING, offsetof(shrink_options, model), 0, 0, "FILE", "model to shrink"},
    {"output", 'o', TD_STRING, offsetof(shrink_options, output), 0, 0, "FILE",
     "model file to write (default small.tierce)"},
    TR_TUNING_OPTIONS(shrink_options, tuning),
    {"curve", 0, TD_STRING, offsetof(shrink_options, curve), 0, 0, "FILE",
     "write the cost-size curve as tab-separated numbers"},
    {"only", 0, TD_FLAG, offsetof(shrink_options, only), 0, 0, NULL, "this size only, no curve of others"},
    {"folds", 'k', TD_COUNT, offsetof(shrink_options, folds), 0, 1000, "K",
     "folds by crc32(id) that judge each size, everything fitted again without them (default 5; 0: none is judged)"},
    {"jobs", 'j', TD_COUNT, offsetof(shrink_options, jobs), 1, 256, "N", "folds fitted at a time (default 1)"},
    {"resamples", 0, TD_COUNT, offsetof(shrink_options, resamples), 0, 100000, "N",
     "bootstrap rounds for the intervals (default 200; 0: none)"},
    {"quiet", 'q', TD_FLAG, offsetof(shrink_options, quiet), 0, 0, NULL, "no progress, no report"},
};

static const td_command command = {
    "tierce shrink -m MODEL --size BYTES [OPTION...] RECORDS...",
    "Finds the best model of at most so many bytes for MODEL's tiers: fits on the records, keeps what moves\n"
    "decisions most, fits again on what is kept. How the bytes are shared out is found on a part of the records\n"
    "that is held out. Prints what each size costs on folds that saw nothing of it, that search included.",
    options, sizeof options / sizeof *options,
    "tiers, prices and operating points are MODEL's; --tiers replaces tiers and prices\n"
    "exit status: 0 the model is written, 1 it is not, 2 wrong usage"};

/* ---- what the new model takes from the old one ---- */

static char *tier_list(const tm_model *m)
{
    td_out out = {0};
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        td_puts(&out, t ? "," : "");
        td_puts(&out, m->tiers[t].name);
    }
    td_put(&out, "", 1);
    return out.at;
}

static void inherit_tiers(tr_dataset *d, const tm_model *m)
{
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        const tm_tier *from = &m->tiers[t];
        const tm_prices *p = &from->prices;
        td_tier *to = &d->tiers.tier[t];
        free(to->model);
        to->model = tr_copy(from->model, strlen(from->model));
        to->context_window = from->context_window;
        to->no_tools = from->no_tools;
        memset(&to->prices, 0, sizeof to->prices);
        to->prices.known = p->known;
        to->prices.usual.rates.input = p->input;
        to->prices.usual.rates.output = p->output;
        to->prices.usual.rates.cached_input = p->cached_input;
        to->prices.usual.long_above = p->long_above;
        to->prices.usual.at_length.input = p->long_input;
        to->prices.usual.at_length.output = p->long_output;
        to->prices.usual.at_length.cached_input = p->long_cached_input;
    }
}

static void inherit_points(tm_model *to, const tm_model *from)
{
    to->points = tm_arena_alloc(&to->arena, from->n_points, sizeof *to->points);
    for (uint32_t i = 0; i < from->n_points; i++) {
        to->points[i] = from->points[i];
        to->points[i].name = tm_arena_string(&to->arena, from->points[i].name, strlen(from->points[i].name));
        to->points[i].goal = tm_arena_string(&to->arena, from->points[i].goal, strlen(from->points[i].goal));
        if (!from->points[i].charge)
            continue;
        to->points[i].charge = tm_arena_alloc(&to->arena, from->n_tiers, sizeof *to->points[i].charge);
        memcpy(to->points[i].charge, from->points[i].charge, from->n_tiers * sizeof *to->points[i].charge);
    }
    to->n_points = from->n_points;
}

/* Does every fold leave enough to fit on? */
static bool enough_beside(const tr_dataset *d, uint32_t folds)
{
    uint32_t *held = tr_new((size_t)folds + 1, sizeof *held), most = 0;
    for (uint32_t i = 0; i < d->n && folds; i++)
        most = ++held[d->crc[i] % folds] > most ? held[d->crc[i] % folds] : most;
    free(held);
    if (d->n - most >= MIN_FIT)
        return true;
    fprintf(stderr, "tierce shrink: beside a fold only %u records are left to fit on, and %d are needed; bring more,\n"
                    "  or --folds 0 to judge nothing\n", d->n - most, MIN_FIT);
    return false;
}

static bool same_tiers(const tm_model *m, const tr_dataset *d)
{
    bool same = m->n_tiers == d->n_tiers;
    for (uint32_t t = 0; same && t < d->n_tiers; t++)
        same = !strcmp(m->tiers[t].name, d->tiers.tier[t].name);
    return same;
}

/* ---- what was done, in the model ---- */

static void add_figure(tm_model *m, const char *name, double value)
{
    struct tm_figure *all = tm_arena_alloc(&m->arena, m->digest.n_figures + 1, sizeof *all);
    memcpy(all, m->digest.figures, m->digest.n_figures * sizeof *all);
    all[m->digest.n_figures].name = tm_arena_string(&m->arena, name, strlen(name));
    all[m->digest.n_figures].value = value;
    all[m->digest.n_figures].low = 1; /* no interval */
    m->digest.figures = all;
    m->digest.n_figures++;
}

static void describe(tm_model *m, const tr_report *r, uint64_t from)
{
    const tr_options *o = &r->chosen;
    char text[300];
    snprintf(text, sizeof text, "%s, shrunk from %llu to %llu bytes: %u of %u features, %u levels, %u votes of %u levels, "
             "signatures of %u", m->digest.created_by, (unsigned long long)from, (unsigned long long)o->max_bytes,
             r->slots, r->columns, 2 * o->weight_levels + 1, m->votes.n_slots, 2 * o->vote_levels + 1, o->signature);
    m->digest.created_by = tm_arena_string(&m->arena, text, strlen(text));
}

/* The model as it will be written; its size, 0 after a complaint. */
static uint64_t complete(tm_model *m, const tr_dataset *d, const uint32_t *records, const tr_size *s,
                         const tr_size *whole, const tm_model *old)
{
    tierce_error fault;
    uint8_t *bytes;
    size_t len;
    tr_write_digest(m, d, records, d->n, &s->report);
    tr_write_portrait(m, d, records, d->n, &s->report);
    tr_lighten_digest(m, &s->asked);
    describe(m, &s->report, old->file_bytes);
    if (!isnan(s->loss))
        add_figure(m, "log-loss above the whole model's", s->loss - whole->loss);
    if (!isnan(s->apgr - whole->apgr))
        add_figure(m, "APGR against the whole model's", s->apgr - whole->apgr);
    inherit_points(m, old);
    if (!tr_write_selftests(m, &fault) || tm_model_encode(m, NULL, &bytes, &len, &fault) != TIERCE_OK) {
        fprintf(stderr, "tierce shrink: %s\n", fault.message);
        return 0;
    }
    free(bytes);
    return len;
}

/* ---- the search ---- */

static void tell(const shrink_options *o, const char *what, uint64_t bytes)
{
    if (!o->quiet && isatty(STDERR_FILENO))
        fprintf(stderr, bytes ? "\r\033[K%s %.0fK" : "\r\033[K%s", what, (double)bytes / 1024);
}

/* The file may come out a little above the size, as digests differ: then less is kept. */
static bool fit_in(const shrink_options *o, const tr_dataset *d, const uint32_t *records, uint64_t size,
                   tr_size *s, const tr_size *whole, const tm_model *old)
{
    tr_options fit = s->report.chosen;
    for (int tries = 0; tries < 3; tries++) {
        const uint64_t bytes = complete(&s->model, d, records, s, whole, old);
        if (!bytes || bytes <= size) {
            s->bytes = bytes;
            return bytes > 0;
        }
        fit.max_bytes -= bytes - size + 64;
        tell(o, "a little less", 0);
        const tr_size judged = *s;
        tr_size_fit(s, d, &fit);
        s->asked = judged.asked;
        s->p = judged.p;
        s->loss = judged.loss;
        s->apgr = judged.apgr;
        tr_size gone = judged;
        gone.p = NULL;
        tr_size_free(&gone);
    }
    fprintf(stderr, "tierce shrink: %llu bytes are too few for these tiers and sources; try twice as many\n",
            (unsigned long long)size);
    return false;
}

static void print_sizes(const shrink_options *o, const tr_size *sizes, uint32_t n, const tr_dataset *d, const tr_size *chosen)
{
    if (o->folds)
        printf("%u records, %u folds by crc32(id), the search for a plan inside each; intervals by bootstrap over records\n",
               d->n, (uint32_t)o->folds);
    printf("%10s %9s %7s %9s  %-26s %s\n", "bytes", "features", "levels", "log-loss", "APGR (first to last tier)",
           o->folds ? "against the whole model" : "not judged (--folds 0)");
    for (uint32_t i = 0; i < n; i++) {
        const tr_size *s = &sizes[i];
        printf("%10llu %9u %7u ", (unsigned long long)s->bytes, s->report.slots, 2 * s->report.chosen.weight_levels + 1);
        if (isnan(s->loss))
            printf("%9s  ", "n/a");
        else
            printf("%9.4f  ", s->loss);
        if (isnan(s->apgr))
            printf("n/a");
        else
            printf("%.4f [%.4f, %.4f]", s->apgr, s->apgr_low, s->apgr_high);
        if (i + 1 < n && !isnan(s->apgr))
            printf("    %+.4f [%+.4f, %+.4f]", s->apgr - sizes[n - 1].apgr, s->less_low, s->less_high);
        printf("%s\n", s == chosen ? "  <- written" : i + 1 == n ? "  the whole" : "");
    }
}

static bool write_curve(const char *path, const tr_size *sizes, uint32_t n)
{
    char line[400];
    td_out out = {0};
    td_error error = {"out of memory"};
    td_puts(&out, "# bytes\tAPGR\tlow\thigh\tlog-loss\tfeatures\tagainst the whole\tlow\thigh\n");
    for (uint32_t i = 0; i < n; i++) {
        snprintf(line, sizeof line, "%llu\t%.6f\t%.6f\t%.6f\t%.6f\t%u\t%.6f\t%.6f\t%.6f\n",
                 (unsigned long long)sizes[i].bytes, sizes[i].apgr, sizes[i].apgr_low, sizes[i].apgr_high,
                 sizes[i].loss, sizes[i].report.slots, sizes[i].apgr - sizes[n - 1].apgr, sizes[i].less_low,
                 sizes[i].less_high);
        td_puts(&out, line);
    }
    const bool good = !out.failed && td_write_file(path, out.at, out.len, &error);
    if (!good)
        fprintf(stderr, "tierce shrink: cannot write the curve: %s\n", error.text);
    free(out.at);
    return good;
}

/* Other sizes, for the curve: halves and doubles of the one asked for, below the whole model's. */
static uint32_t other_sizes(uint64_t size, uint64_t whole, uint64_t *list)
{
    static const double factors[] = {0.25, 0.5, 1, 2};
    uint32_t n = 0;
    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        const double bytes = (double)size * factors[i];
        if (bytes >= TR_MIN_BYTES * 2 && (factors[i] <= 1 || bytes < 0.9 * (double)whole))
            list[n++] = (uint64_t)bytes;
    }
    return n;
}

/* Fits and judges a size; what: for whoever watches. */
static bool try_size(const shrink_options *o, const tr_dataset *d, const tr_options *fit, uint64_t bytes, tr_size *s)
{
    tr_options this = *fit;
    this.max_bytes = bytes;
    this.planned = bytes && fit->planned;
    tell(o, bytes ? "fitting" : "fitting the whole", bytes);
    tr_size_fit(s, d, &this);
    tell(o, bytes ? "judging" : "judging the whole", bytes);
    return tr_size_judge(s, d, (uint32_t)o->folds, (uint32_t)o->jobs);
}

/* Saves and reports; sizes: the whole one last. */
static int deliver(const shrink_options *o, const tr_dataset *d, tr_size *sizes, uint32_t n, const tr_size *chosen,
                   const tm_model *old)
{
    td_error error;
    if (memcmp(old->digest.data_hash, chosen->model.digest.data_hash, sizeof old->digest.data_hash))
        fprintf(stderr, "tierce shrink: these are not the records that %s was trained on: the small model is of these\n",
                o->model);
    tr_size_compare(sizes, n, d, o->folds ? (uint32_t)o->resamples : 0, o->tuning.seed);
    if (!tr_save(&chosen->model, o->output, NULL, &error)) {
        fprintf(stderr, "tierce shrink: %s\n", error.text);
        return 1;
    }
    if (o->curve && !write_curve(o->curve, sizes, n))
        return 1;
    if (o->quiet)
        return 0;
    print_sizes(o, sizes, n, d, chosen);
    printf("%s: %llu bytes, from %llu\n", o->output, (unsigned long long)chosen->bytes, (unsigned long long)old->file_bytes);
    if (chosen->bytes < TR_FILTER_BYTES)
        printf("below %d bytes a file has no filter of record ids and no portrait of its records: eval and tune cannot tell\n"
               "whether it was trained on theirs, and drift has nothing to compare with; the whole model has both\n",
               TR_FILTER_BYTES);
    if (old->n_points)
        printf("%u operating points kept as they were tuned on the whole model\n", old->n_points);
    return 0;
}

static int shrink(const shrink_options *o, const tr_dataset *d, const tr_options *fit, const tm_model *old)
{
    tr_size sizes[8], *chosen = NULL, whole;
    uint64_t list[8] = {fit->max_bytes};
    uint32_t *records = tr_new(d->n, sizeof *records), n = 0, wanted = 1;
    int status = 1;
    for (uint32_t i = 0; i < d->n; i++)
        records[i] = i;
    bool good = try_size(o, d, fit, 0, &whole);
    if (!o->only)
        wanted = other_sizes(fit->max_bytes, whole.bytes, list);
    for (; n < wanted && good; n++) {
        good = try_size(o, d, fit, list[n], &sizes[n]);
        chosen = list[n] == fit->max_bytes ? &sizes[n] : chosen;
    }
    tell(o, "", 0);
    good = good && fit_in(o, d, records, fit->max_bytes, chosen, &whole, old);
    sizes[n] = whole;
    if (good)
        status = deliver(o, d, sizes, n + 1, chosen, old);
    for (uint32_t i = 0; i <= n; i++)
        tr_size_free(&sizes[i]);
    free(records);
    return status;
}

/* Before the fits: can the files be written, and is none of them read, or the other one? */
static bool outputs_spare(const shrink_options *o, const char *const *paths, size_t n)
{
    td_error error;
    const char *const others[] = {o->model, o->tuning.tiers};
    const char *const outputs[] = {o->output, o->curve};
    for (size_t i = 0; i < 2; i++)
        if (!td_writer_spares(outputs[i], paths, n, &error) || !td_writer_spares(outputs[i], others, 2, &error)) {
            fprintf(stderr, "tierce shrink: %s\n", error.text);
            return false;
        }
    if (!o->curve || strcmp(o->output, o->curve))
        return true;
    fprintf(stderr, "tierce shrink: --output and --curve name one file; give each its own\n");
    return false;
}

int cmd_shrink(int argc, char **argv)
{
    shrink_options o = {.output = "small.tierce", .folds = 5, .jobs = 1, .resamples = 200};
    tr_options fit;
    tf_spec spec;
    tr_dataset d;
    td_error error;
    tierce_error fault;
    tierce_router *router;
    tr_tuning_default(&o.tuning);
    const int files = td_parse_options(&command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    if (!files || !o.model || !o.tuning.size) {
        fprintf(stderr, "tierce shrink: %s\n",
                !files     ? "name the files with records (- is standard input)"
                : !o.model ? "-m MODEL says what to shrink"
                           : "--size 64K says to how much");
        return 2;
    }
    if (o.folds == 1) {
        fprintf(stderr, "tierce shrink: --folds 1 leaves nothing to fit on; give 2 or more, or 0 to judge nothing\n");
        return 2;
    }
    if (!tr_tuning_apply(&o.tuning, &fit, &spec))
        return 2;
    if (!outputs_spare(&o, (const char *const *)(argv + 1), (size_t)files))
        return 1;
    if (tierce_router_open_file(&router, o.model, NULL, &fault) != TIERCE_OK) {
        fprintf(stderr, "tierce shrink: %s: %s\n", o.model, fault.message);
        return 1;
    }
    const tm_model *old = tierce_router_model(router);
    char *names = o.tuning.tiers ? NULL : tier_list(old);
    const char *const *paths = (const char *const *)(argv + 1);
    int status = 1;
    if (spec.bits != TF_DEFAULT_BITS && spec.bits != old->spec.bits) {
        fprintf(stderr, "tierce shrink: --bits %u: %s was trained with %u, and the small model keeps them; leave --bits out\n",
                spec.bits, o.model, old->spec.bits);
        free(names);
        tierce_router_close(router);
        return 2;
    }
    spec.bits = old->spec.bits;
    if (!tr_dataset_load(&d, paths, (size_t)files, names ? names : o.tuning.tiers, &spec, o.tuning.max_bad, &error)) {
        fprintf(stderr, "tierce shrink: %s\n", error.text);
    } else {
        if (names)
            inherit_tiers(&d, old);
        if (!same_tiers(old, &d))
            fprintf(stderr, "tierce shrink: --tiers must name the model's tiers in its order (see tierce inspect)\n");
        else if (d.n < MIN_FIT)
            fprintf(stderr, "tierce shrink: %u records are too few to fit and calibrate on; bring %d at least\n", d.n, MIN_FIT);
        else if (fit.max_bytes >= old->file_bytes)
            fprintf(stderr, "tierce shrink: %s has %llu bytes already; ask for less\n", o.model,
                    (unsigned long long)old->file_bytes);
        else if (enough_beside(&d, (uint32_t)o.folds))
            status = shrink(&o, &d, &fit, old);
        tr_dataset_free(&d);
    }
    free(names);
    tierce_router_close(router);
    return status;
}
