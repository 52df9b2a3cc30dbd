/* Folds inside a fit: choose C, predict what was held out, calibrate on it. Nothing that is judged on a
 * record was fitted on it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/hash.h"
#include "models/maths.h"
#include "train/fitting.h"
#include "train/memory.h"
#include "train/narrow.h"
#include "train/newton.h"
#include "train/recognise.h"
#include "train/votes.h"

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

/* Platt's two numbers; returns the calibrated log-loss per row. With trust, a margin counts that much
 * of a whole whose rest is given: z = trust * (offset + slope * margin) + rest. */
static double platt(const double *margin, const double *trust, const double *rest,
                    const double *score, size_t n, double *offset, double *slope)
{
    double *x = tr_new(n * 2, sizeof *x), w[2] = {0, 1}, loss = 0;
    for (size_t i = 0; i < n; i++) {
        x[i * 2] = trust ? trust[i] : 1;
        x[i * 2 + 1] = x[i * 2] * margin[i];
    }
    tr_newton_logistic(x, score, rest, n, 2, 1.0, w);
    for (size_t i = 0; i < n; i++)
        loss += cross_entropy((rest ? rest[i] : 0) + w[0] * x[i * 2] + w[1] * x[i * 2 + 1], score[i]);
    *offset = w[0];
    *slope = w[1];
    free(x);
    return n ? loss / (double)n : 0;
}

/* Log-loss of held-out records under a solution, source levels included, calibrated: strong
 * regularisation shrinks margins, which calibration undoes and which must not count against it. */
static double held_loss(const tr_dataset *d, const tr_problem *p, const tr_solution *s,
                        const uint32_t *records, const uint32_t *held, uint32_t n_held, uint32_t tier,
                        double *weight)
{
    double *margin = tr_new(n_held, sizeof *margin), *target = tr_new(n_held, sizeof *target);
    double offset, slope;
    uint32_t n = 0;
    for (uint32_t c = 0; c < tr_problem_columns(p); c++)
        weight[tr_problem_index(p, c)] = s->weight[c];
    for (uint32_t i = 0; i < n_held; i++) {
        const uint32_t r = records[held[i]];
        const tf_vector v = tr_vector(d, r);
        double unit[TF_BLOCKS], z = s->bias + s->level[d->source[r]];
        target[n] = tr_score(d, r, tier);
        if (isnan(target[n]))
            continue;
        for (unsigned b = 0; b < TF_BLOCKS; b++)
            unit[b] = v.count[b] ? tf_unit(&d->spec, &v, b) : 0;
        for (uint32_t e = 0; e < v.n; e++)
            z += unit[v.at[e].block] * v.at[e].level * weight[v.at[e].index];
        margin[n++] = z;
    }
    const double loss = platt(margin, NULL, NULL, target, n, &offset, &slope);
    free(margin);
    free(target);
    return loss;
}

/* The first inner fold's familiar rows, for every candidate of C with warm starts along the grid; the
 * best one by the fold's held-out records stays. */
static void search_familiar(tr_fitting *f, tr_problem *p, const uint32_t *records,
                            const uint32_t *held, uint32_t n_held, double *c, tr_report *report,
                            tr_clock *clock)
{
    const tr_options *o = f->o;
    double *weight = tr_new((size_t)TF_BLOCKS << f->d->spec.bits, sizeof *weight);
    tr_problem_rescale(p, o->familiar);
    for (uint32_t t = 0; t < f->d->n_tiers; t++) {
        double best = HUGE_VAL;
        tr_solution last = {0};
        for (uint32_t g = 0; g < o->n_grid; g++) {
            tr_solution s = {0};
            tr_solution_carry(p, &last, p, &s);
            tr_solve_logistic(p, t, o->c_grid[g], o->epsilon, &s);
            const double loss = held_loss(f->d, p, &s, records, held, n_held, t, weight);
            report->grid_loss[t][g] = loss;
            tr_solution_free(&last);
            tr_solution_carry(p, &s, p, &last);
            if (loss < best) {
                best = loss;
                report->c[t] = c[t] = o->c_grid[g];
                tr_solution_free(&f->familiar[t]);
                f->familiar[t] = s;
            } else {
                tr_solution_free(&s);
            }
        }
        tr_solution_free(&last);
        tr_tick(clock, "choosing C");
    }
    free(weight);
}

/* ---- out-of-fold margins and calibration ---- */

/* Per record of the subset and tier: what the folds that did not see it say. */
typedef struct {
    double *familiar, *general, *level, *gated;
    tm_kinship *kinship; /* per record */
    uint32_t *source;    /* dataset's number of the likeliest source, UINT32_MAX: none */
    bool crammed;        /* under a size: the last fold's model has hardly room for anything but votes */
} margins;

static margins new_margins(uint32_t n, uint32_t tiers)
{
    const size_t cells = (size_t)n * tiers;
    const margins m = {tr_new(cells, sizeof(double)), tr_new(cells, sizeof(double)),
                       tr_new(cells, sizeof(double)), tr_new(cells, sizeof(double)),
                       tr_new(n, sizeof(tm_kinship)), tr_new(n, sizeof(uint32_t)), false};
    return m;
}

static void free_margins(margins *m)
{
    free(m->familiar);
    free(m->general);
    free(m->level);
    free(m->gated);
    free(m->kinship);
    free(m->source);
}

/* Margins of the held-out records under a model of the fold's solutions. */
static void hold_out(tr_fitting *f, tr_problem *p, const uint32_t *fit, uint32_t n_fit,
                     const uint32_t *records, const uint32_t *held, uint32_t n_held, margins *m)
{
    const tr_dataset *d = f->d;
    tr_row rows[2 * TM_MAX_TIERS];
    tm_model model;
    tr_probe probe;
    tr_fitting kept;
    tr_problem *narrow = NULL;
    tm_model_start(&model, NULL);
    model.spec = d->spec;
    tr_describe_tiers(&model, d, fit, n_fit);
    tr_recognise(&model, d, fit, n_fit, f->o->signature, f->source_of);
    tr_fit_votes(&model, d, fit, n_fit, f->source_of, f->o);
    model.tiny = tr_is_tiny(f->o);
    if (f->o->max_bytes) {
        tr_round_numbers(&model);
        p = narrow = tr_refit(f, p, &model, n_fit, &kept);
        f = &kept;
    }
    tr_set_levels(&model, f);
    tr_assemble(&model, p, rows, tr_list_rows(f, &model, rows), f->o->max_slots, f->o->weight_levels, NULL);
    m->crammed = f->o->max_bytes && 4 * (uint64_t)model.votes.n_slots > 3 * (uint64_t)model.weights.n_slots;
    tr_probe_start(&probe, d, &model);
    for (uint32_t i = 0; i < n_held; i++) {
        tr_probe_record(&probe, records[held[i]]);
        m->kinship[held[i]] = probe.kinship;
        m->source[held[i]] =
            probe.kinship.source == UINT32_MAX ? UINT32_MAX : f->source_of[probe.kinship.source];
        for (uint32_t t = 0; t < d->n_tiers; t++) {
            const size_t cell = (size_t)held[i] * d->n_tiers + t;
            m->familiar[cell] = probe.margin[model.row_of[TM_ROW_FAMILIAR][t]];
            m->level[cell] = probe.kinship.level[t];
            m->general[cell] = probe.margin[model.row_of[TM_ROW_GENERAL][t]];
        }
    }
    tr_probe_stop(&probe);
    tm_model_free(&model);
    if (narrow)
        tr_free_solutions(&kept);
    tr_problem_free(narrow);
}

/* ---- under a size: the plan ---- */

/* The first inner fold, on which choices are made. */
typedef struct {
    tr_problem *p;
    const uint32_t *fit, *records, *held;
    uint32_t n_fit, n_held;
} tr_stage;

typedef struct {
    double known, loss; /* mean P(known), mean log-loss of the tiers */
} trial;

static double calibrate(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                        const margins *m, tr_report *report);

/* What the fold's held-out records say of a model by other options; *slots: buckets that fit. known: what the gate
 * is opened to, 0: as it is. */
static trial try_options(const tr_fitting *like, const tr_options *o, uint32_t *slots, const tr_stage *at, double known)
{
    const tr_dataset *d = like->d;
    tr_fitting f = *like;
    margins m = new_margins(at->n_held, d->n_tiers);
    tr_cover *covers = tr_new(d->n_sources, sizeof *covers);
    uint32_t *mine = tr_new(at->n_held, sizeof *mine), *order = tr_new(at->n_held, sizeof *order);
    tr_report unused = {0};
    tm_model scratch;
    trial out = {0, 0};
    f.o = o;
    f.slots = slots;
    for (uint32_t i = 0; i < at->n_held; i++) {
        mine[i] = at->records[at->held[i]];
        order[i] = i;
    }
    tm_model_start(&scratch, NULL);
    tr_describe_tiers(&scratch, d, at->fit, at->n_fit);
    hold_out(&f, at->p, at->fit, at->n_fit, mine, order, at->n_held, &m);
    const tr_held held = {at->n_held, mine, m.source, m.kinship};
    tr_gate_fit(&scratch.gate, d, &held, covers);
    if (known > 0)
        tr_gate_widen(&scratch.gate, &held, covers, known);
    out.loss = calibrate(&scratch, d, mine, at->n_held, &m, &unused);
    if (m.crammed) /* votes always stay, so the last fit could not bring it under the size */
        out.loss = HUGE_VAL;
    for (uint32_t i = 0; i < at->n_held; i++)
        out.known += m.kinship[i].known / at->n_held;
    tm_model_free(&scratch);
    free_margins(&m);
    free(covers);
    free(mine);
    free(order);
    return out;
}

/* Mean P(known) of the fold's held-out records under a model that keeps everything. */
static double known_whole(const tr_fitting *narrow, const tr_stage *at)
{
    tr_options whole;
    uint32_t slots = 0;
    tr_options_default(&whole);
    whole.seed = narrow->o->seed;
    return try_options(narrow, &whole, &slots, at, 0).known;
}

/* Part by part, what helps the held-out records of the first inner fold; the folds that judge the whole procedure
 * never see this one's choice made on them. */
static void choose_plan(tr_fitting *f, const tr_stage *at, tr_report *report)
{
    tr_options best = *f->o;
    uint32_t slots = 0;
    double least = try_options(f, &best, &slots, at, report->known_whole).loss;
    *f->slots = slots;
    for (unsigned part = 0; part < TR_PLAN_PARTS; part++) {
        bool better = false;
        for (unsigned way = 0; way < 2 && !better; way++)
            for (unsigned step = 0; step < 3; step++) { /* as far as it goes on helping */
                tr_options o = best;
                slots = 0;
                if (!tr_plan_vary(&o, part, way))
                    break;
                const double loss = try_options(f, &o, &slots, at, report->known_whole).loss;
                if (loss >= least)
                    break;
                least = loss;
                best = o;
                *f->slots = slots;
                better = true;
            }
    }
    *f->plan = best;
}

/* One inner fold. The first also chooses C and leaves its problem and solutions to *f and the caller. */
static tr_problem *fold_margins(tr_fitting *f, const uint32_t *records, uint32_t n, uint32_t fold,
                                double *c, margins *m, tr_report *report, tr_clock *clock)
{
    uint32_t *fit = tr_new(n, sizeof *fit), *held = tr_new(n, sizeof *held), n_fit, n_held;
    split(f->d, records, n, f->o, fold, fit, &n_fit, held, &n_held);
    tr_problem *p = tr_make_problem(f, fit, n_fit);
    if (!fold)
        search_familiar(f, p, records, held, n_held, c, report, clock);
    if (fold || f->joint)
        tr_solve_familiar(f, p, clock);
    tr_solve_general(f, p, clock);
    if (!fold && f->o->max_bytes) {
        const tr_stage at = {p, fit, records, held, n_fit, n_held};
        report->known_whole = known_whole(f, &at);
        if (!f->o->planned)
            choose_plan(f, &at, report);
    }
    hold_out(f, p, fit, n_fit, records, held, n_held, m);
    free(fit);
    free(held);
    return p;
}

/* Calibrates a tier on the subset's margins; general NULL: alone, else as the familiar part of the
 * whole that tm_combine makes. */
static double calibrate_tier(const tr_dataset *d, const uint32_t *records, uint32_t n, uint32_t tier,
                             const double *margin, const double *general, const tm_kinship *kinship,
                             tm_calibration *c)
{
    unsigned *copies = tr_new(n, sizeof *copies);
    size_t rows = 0, room = 0;
    tr_copies(d, records, n, tier, copies);
    for (uint32_t i = 0; i < n; i++)
        room += copies[i];
    double *x = tr_new(room, sizeof *x), *y = tr_new(room, sizeof *y);
    double *trust = tr_new(room, sizeof *trust), *rest = tr_new(room, sizeof *rest);
    for (uint32_t i = 0; i < n; i++)
        for (unsigned k = 0; k < copies[i]; k++, rows++) {
            const size_t cell = (size_t)i * d->n_tiers + tier;
            y[rows] = tr_score(d, records[i], tier);
            x[rows] = margin[cell];
            trust[rows] = kinship[i].trust;
            rest[rows] = general ? (1 - kinship[i].trust) * general[cell] : 0;
        }
    const double loss = platt(x, general ? trust : NULL, rest, y, rows, &c->offset, &c->slope);
    free(copies);
    free(x);
    free(y);
    free(trust);
    free(rest);
    return loss;
}

/* Calibrates the tiers; returns their mean log-loss. */
static double calibrate(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                      const margins *m, tr_report *report)
{
    const uint32_t tiers = d->n_tiers;
    double *whole = tr_new((size_t)n * tiers, sizeof *whole), loss = 0;
    for (size_t cell = 0; cell < (size_t)n * tiers; cell++)
        whole[cell] = m->familiar[cell] + m->level[cell];
    for (uint32_t t = 0; t < tiers; t++) {
        tm_calibration *c = &model->calibration[t], alone;
        report->loss_familiar[t] = calibrate_tier(d, records, n, t, whole, NULL, m->kinship, &alone);
        report->loss_general[t] = calibrate_tier(d, records, n, t, m->general, NULL, m->kinship, &alone);
        report->loss_gated[t] = calibrate_tier(d, records, n, t, whole, m->general, m->kinship, c);
        loss += report->loss_gated[t] / tiers;
        for (uint32_t i = 0; i < n; i++) {
            const size_t cell = (size_t)i * tiers + t;
            m->gated[cell] =
                tm_combine(c, &m->kinship[i], m->familiar[cell], m->general[cell], m->level[cell]);
        }
    }
    free(whole);
    return loss;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void digest_known(tm_model *model, const tm_kinship *kinship, uint32_t n, tr_report *report)
{
    double *known = tr_new(n, sizeof *known);
    for (uint32_t i = 0; i < n; i++) {
        known[i] = kinship[i].known;
        report->known += known[i] / n;
    }
    qsort(known, n, sizeof *known, by_value);
    for (uint32_t k = 0; k <= 10; k++)
        model->digest.familiar[k] = known[(size_t)(n - 1) * k / 10];
    free(known);
}

tr_problem *tr_learn_calibration(tm_model *model, tr_fitting *first, const uint32_t *records,
                                     uint32_t n, double *c, tr_cover *covers, tr_report *report,
                                     tr_clock *clock)
{
    const tr_dataset *d = first->d;
    const size_t cells = (size_t)n * d->n_tiers;
    margins m = new_margins(n, d->n_tiers);
    tr_problem *p = fold_margins(first, records, n, 0, c, &m, report, clock);
    for (uint32_t fold = 1; fold < first->o->inner_folds; fold++) {
        tr_fitting f = {.d = d, .o = first->o, .c = c, .slots = first->slots, .joint = first->joint};
        tr_problem_free(fold_margins(&f, records, n, fold, c, &m, report, clock));
        tr_free_solutions(&f);
    }
    const tr_held held = {n, records, m.source, m.kinship};
    tr_gate_fit(&model->gate, d, &held, covers);
    if (first->o->max_bytes)
        tr_gate_widen(&model->gate, &held, covers, report->known_whole);
    calibrate(model, d, records, n, &m, report);
    digest_known(model, m.kinship, n, report);
    for (size_t i = 0; i < cells; i++)
        m.gated[i] = tm_sigmoid(m.gated[i]);
    report->held_out = m.gated;
    m.gated = NULL;
    free_margins(&m);
    return p;
}
