#include "train/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/hash.h"
#include "models/maths.h"
#include "train/assemble.h"
#include "train/costs.h"
#include "train/memory.h"
#include "train/newton.h"
#include "train/recognise.h"

/* Where the constants come from: train/README.md. */
void tr_options_default(tr_options *o)
{
    memset(o, 0, sizeof *o);
    for (unsigned b = 0; b < TF_BLOCKS; b++) {
        o->familiar[b] = 0.5f;
        o->general[b] = 0.25f;
    }
    o->familiar[TF_B_WORD] = 0.55f;
    o->familiar[TF_B_PAIR] = 0.7f;
    o->familiar[TF_B_SKIP] = 0.6f;
    o->familiar[TF_B_NAMED] = 0.3f;
    o->familiar[TF_B_LEVEL] = 0.03f;
    o->general[TF_B_WORD] = 0.28f;
    o->general[TF_B_PAIR] = 0.4f;
    o->general[TF_B_SKIP] = 0;
    o->general[TF_B_NAMED] = 0.15f;
    o->general[TF_B_LEVEL] = 0.06f;
    o->cost[TF_B_NAMED] = 1.0f;
    o->cost[TF_B_LEVEL] = 0.3f;
    o->c_grid[0] = 0.5;
    o->c_grid[1] = 1.0;
    o->c_grid[2] = 2.0;
    o->n_grid = 3;
    o->c_general = 0.1;
    o->c_cost = 1.0;
    o->epsilon = 0.002;
    o->min_df = 3;
    o->inner_folds = 3;
    o->max_slots = 65536;
    o->seed = 1;
}

/* What one fit needs and finds. */
typedef struct {
    const tr_dataset *d;
    const tr_options *o;
    const double *c; /* per tier, of the familiar rows */
    tr_solution familiar[TM_MAX_TIERS], general[TM_MAX_TIERS], cost[TM_MAX_TIERS];
    uint32_t source_of[TM_MAX_SOURCES];
    uint32_t min_df;
} fitting;

typedef struct {
    tr_progress tell;
    void *context;
    uint32_t step, steps;
} clock_face;

static void tick(clock_face *clock, const char *what)
{
    clock->step++;
    if (clock->tell)
        clock->tell(clock->context, what, clock->step, clock->steps);
}

static void set_levels(tm_model *m, const fitting *f)
{
    for (uint32_t k = 0; k < m->n_sources; k++)
        for (uint32_t t = 0; t < m->n_tiers; t++)
            m->sources[k].level[t] = f->familiar[t].level[f->source_of[k]];
}

/* Few records: rare features are most of what there is. */
static uint32_t min_df_for(const tr_options *o, uint32_t n)
{
    return n < 500 ? 2 : o->min_df;
}

static void solve_tiers(fitting *f, tr_problem *p, const float *scale, bool general, clock_face *clock)
{
    tr_problem_rescale(p, scale);
    for (uint32_t t = 0; t < f->d->n_tiers; t++) {
        tr_solution *s = general ? &f->general[t] : &f->familiar[t];
        tr_solve_logistic(p, t, general ? f->o->c_general : f->c[t], f->o->epsilon, s);
        tick(clock, general ? "general rows" : "familiar rows");
    }
}

/* Scales that are zero for one kind of row would drop the block from the problem: keep the columns
 * and give such a block a scale of next to nothing. */
static void keep_blocks(const float *wanted, float *scale)
{
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        scale[b] = wanted[b] > 0 ? wanted[b] : 1e-6f;
}

/* Both kinds of rows on a subset, as a model with sources and gate, uncalibrated. */
static tr_problem *fit_rows(fitting *f, const uint32_t *records, uint32_t n, clock_face *clock)
{
    float familiar[TF_BLOCKS], general[TF_BLOCKS];
    keep_blocks(f->o->familiar, familiar);
    keep_blocks(f->o->general, general);
    tr_problem *p = tr_problem_new(f->d, records, n, familiar, min_df_for(f->o, n));
    solve_tiers(f, p, familiar, false, clock);
    solve_tiers(f, p, general, true, clock);
    return p;
}

static uint32_t list_rows(const fitting *f, const tm_model *m, tr_row *rows)
{
    uint32_t n = 0;
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        rows[n++] = (tr_row){TM_ROW_FAMILIAR, t, &f->familiar[t]};
        rows[n++] = (tr_row){TM_ROW_GENERAL, t, &f->general[t]};
    }
    return n;
}

static void free_solutions(fitting *f)
{
    for (uint32_t t = 0; t < f->d->n_tiers; t++) {
        tr_solution_free(&f->familiar[t]);
        tr_solution_free(&f->general[t]);
        tr_solution_free(&f->cost[t]);
    }
}

/* ---- folds inside ---- */

/* Inner fold of a record: by its id, but not along crc32(id) mod k, which callers fold by. */
static uint32_t inner_fold(const tr_dataset *d, uint32_t record, const tr_options *o)
{
    return tf_hash_mix(d->crc[record] ^ (uint32_t)o->seed * 0x9e3779b1u) % o->inner_folds;
}

static void split(const tr_dataset *d, const uint32_t *records, uint32_t n, const tr_options *o,
                  uint32_t fold, uint32_t *fit, uint32_t *n_fit, uint32_t *held, uint32_t *n_held)
{
    *n_fit = *n_held = 0;
    for (uint32_t i = 0; i < n; i++)
        if (inner_fold(d, records[i], o) == fold)
            held[(*n_held)++] = i;
        else
            fit[(*n_fit)++] = records[i];
}

/* ---- choosing C ---- */

static double cross_entropy(double z, double score)
{
    const double soft = z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
    return soft - score * z;
}

/* Log-loss of held-out records under a solution, source levels included: what C alone changes. */
static double held_loss(const tr_dataset *d, const tr_problem *p, const tr_solution *s,
                        const uint32_t *records, const uint32_t *held, uint32_t n_held, uint32_t tier,
                        double *weight)
{
    double sum = 0;
    uint32_t n = 0;
    for (uint32_t c = 0; c < tr_problem_columns(p); c++)
        weight[tr_problem_index(p, c)] = s->weight[c];
    for (uint32_t i = 0; i < n_held; i++) {
        const uint32_t r = records[held[i]];
        const double score = tr_score(d, r, tier);
        const tf_vector v = tr_vector(d, r);
        double unit[TF_BLOCKS], z = s->bias + s->level[d->source[r]];
        if (isnan(score))
            continue;
        for (unsigned b = 0; b < TF_BLOCKS; b++)
            unit[b] = v.count[b] ? tf_unit(&d->spec, &v, b) : 0;
        for (uint32_t e = 0; e < v.n; e++)
            z += unit[v.at[e].block] * v.at[e].level * weight[v.at[e].index];
        sum += cross_entropy(z, score);
        n++;
    }
    return n ? sum / n : 0;
}

static void choose_c(const tr_dataset *d, const uint32_t *records, uint32_t n, const tr_options *o,
                     double *c, tr_report *report, clock_face *clock)
{
    uint32_t *fit = tr_new(n, sizeof *fit), *held = tr_new(n, sizeof *held), n_fit, n_held;
    double *weight = tr_new((size_t)TF_BLOCKS << d->spec.bits, sizeof *weight);
    float familiar[TF_BLOCKS];
    keep_blocks(o->familiar, familiar);
    split(d, records, n, o, 0, fit, &n_fit, held, &n_held);
    tr_problem *p = tr_problem_new(d, fit, n_fit, familiar, min_df_for(o, n_fit));
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        tr_solution s = {0};
        double best = HUGE_VAL;
        c[t] = o->c_grid[0];
        for (uint32_t g = 0; g < o->n_grid; g++) {
            tr_solve_logistic(p, t, o->c_grid[g], o->epsilon, &s);
            const double loss = held_loss(d, p, &s, records, held, n_held, t, weight);
            report->grid_loss[t][g] = loss;
            if (loss < best) {
                best = loss;
                c[t] = o->c_grid[g];
            }
        }
        tr_solution_free(&s);
        report->c[t] = c[t];
        tick(clock, "choosing C");
    }
    tr_problem_free(p);
    free(weight);
    free(fit);
    free(held);
}

/* ---- out-of-fold margins and calibration ---- */

/* Per record of the subset and tier: what the folds that did not see it say. */
typedef struct {
    double *familiar, *general, *gated;
    double *known;
} margins;

static void fold_margins(const tr_dataset *d, const uint32_t *records, uint32_t n,
                         const tr_options *o, const double *c, uint32_t fold, margins *m,
                         clock_face *clock)
{
    uint32_t *fit = tr_new(n, sizeof *fit), *held = tr_new(n, sizeof *held), n_fit, n_held;
    fitting f = {.d = d, .o = o, .c = c};
    tr_row rows[2 * TM_MAX_TIERS];
    tm_model model;
    tr_probe probe;
    split(d, records, n, o, fold, fit, &n_fit, held, &n_held);
    tr_problem *p = fit_rows(&f, fit, n_fit, clock);
    tm_model_start(&model, NULL);
    model.spec = d->spec;
    tr_describe_tiers(&model, d, fit, n_fit);
    tr_recognise(&model, d, fit, n_fit, f.source_of);
    set_levels(&model, &f);
    tr_assemble(&model, p, rows, list_rows(&f, &model, rows), UINT32_MAX, NULL);
    tr_probe_start(&probe, d, &model);
    for (uint32_t i = 0; i < n_held; i++) {
        tr_probe_record(&probe, records[held[i]]);
        m->known[held[i]] = probe.kinship.known;
        for (uint32_t t = 0; t < d->n_tiers; t++) {
            const size_t cell = (size_t)held[i] * d->n_tiers + t;
            m->familiar[cell] = probe.margin[model.row_of[TM_ROW_FAMILIAR][t]] + probe.kinship.level[t];
            m->general[cell] = probe.margin[model.row_of[TM_ROW_GENERAL][t]];
            m->gated[cell] = tm_margin(&model, probe.margin, &probe.kinship, t);
        }
    }
    tr_probe_stop(&probe);
    tm_model_free(&model);
    tr_problem_free(p);
    free_solutions(&f);
    free(fit);
    free(held);
}

/* Platt's two numbers; returns the calibrated log-loss per record. */
static double platt(const tr_dataset *d, const uint32_t *records, uint32_t n, uint32_t tier,
                    const double *margin, double *offset, double *slope)
{
    double *x = tr_new((size_t)n * 2, sizeof *x), *y = tr_new(n, sizeof *y), w[2] = {0, 1}, loss = 0;
    size_t rows = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double score = tr_score(d, records[i], tier);
        if (isnan(score))
            continue;
        x[rows * 2] = 1;
        x[rows * 2 + 1] = margin[(size_t)i * d->n_tiers + tier];
        y[rows++] = score;
    }
    tr_newton_logistic(x, y, NULL, rows, 2, 1.0, w);
    for (size_t i = 0; i < rows; i++)
        loss += cross_entropy(w[0] + w[1] * x[i * 2 + 1], y[i]);
    *offset = w[0];
    *slope = w[1];
    free(x);
    free(y);
    return rows ? loss / (double)rows : 0;
}

static void calibrate(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                      const margins *m, tr_report *report)
{
    double offset, slope;
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        report->loss_familiar[t] = platt(d, records, n, t, m->familiar, &offset, &slope);
        report->loss_general[t] = platt(d, records, n, t, m->general, &offset, &slope);
        report->loss_gated[t] = platt(d, records, n, t, m->gated, &offset, &slope);
        model->calibration[t].offset = offset;
        model->calibration[t].slope = slope;
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void digest_known(tm_model *model, double *known, uint32_t n, tr_report *report)
{
    qsort(known, n, sizeof *known, by_value);
    for (uint32_t k = 0; k <= 10; k++)
        model->digest.familiar[k] = known[(size_t)(n - 1) * k / 10];
    for (uint32_t i = 0; i < n; i++)
        report->known += known[i] / n;
}

static void learn_calibration(tm_model *model, const tr_dataset *d, const uint32_t *records,
                              uint32_t n, const tr_options *o, const double *c, tr_report *report,
                              clock_face *clock)
{
    const size_t cells = (size_t)n * d->n_tiers;
    margins m = {tr_new(cells, sizeof(double)), tr_new(cells, sizeof(double)),
                 tr_new(cells, sizeof(double)), tr_new(n, sizeof(double))};
    for (uint32_t fold = 0; fold < o->inner_folds; fold++)
        fold_margins(d, records, n, o, c, fold, &m, clock);
    calibrate(model, d, records, n, &m, report);
    digest_known(model, m.known, n, report);
    free(m.familiar);
    free(m.general);
    free(m.gated);
    free(m.known);
}

/* ---- the whole ---- */

void tr_fit(const tr_dataset *d, const uint32_t *records, uint32_t n, const tr_options *o,
            tm_model *model, tr_report *report, tr_progress progress, void *context)
{
    double c[TM_MAX_TIERS];
    tr_report own;
    tr_row rows[4 * TM_MAX_TIERS];
    fitting f = {.d = d, .o = o, .c = c};
    clock_face clock = {progress, context, 0, d->n_tiers * (1 + 2 * (o->inner_folds + 1))};
    report = report ? report : &own;
    memset(report, 0, sizeof *report);
    tm_model_start(model, NULL);
    model->spec = d->spec;
    tr_describe_tiers(model, d, records, n);
    choose_c(d, records, n, o, c, report, &clock);
    learn_calibration(model, d, records, n, o, c, report, &clock);
    tr_recognise(model, d, records, n, f.source_of);
    tr_problem *p = fit_rows(&f, records, n, &clock);
    set_levels(model, &f);
    uint32_t n_rows = list_rows(&f, model, rows);
    n_rows += tr_fit_costs(model, d, p, records, n, o, f.cost, rows + n_rows, report->cost_records);
    tr_assemble(model, p, rows, n_rows, o->max_slots, o->keep_float ? &report->raw : NULL);
    report->columns = tr_problem_columns(p);
    report->slots = model->weights.n_slots;
    model->digest.records = n;
    model->digest.seed = o->seed;
    tr_problem_free(p);
    free_solutions(&f);
}

void tr_report_free(tr_report *report)
{
    free(report->raw.index);
    free(report->raw.weight);
    memset(&report->raw, 0, sizeof report->raw);
}
