#include "train/solver.h"

#include <linear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define BIAS_VALUE 2.0
#define LEVEL_VALUE 1.0
#define NO_COLUMN UINT32_MAX

struct tr_problem {
    const tr_dataset *d;
    uint32_t n, columns;
    uint32_t *record;
    uint32_t *index, *frequency; /* per column */
    struct feature_node *node;   /* all rows; see block_order */
    struct feature_node **row;
    size_t *length;              /* features of a row */
    size_t *cut;                 /* features of it that are in use */
    int *cut_index;              /* what stood where the cut's -1 stands */
    float scale[TF_BLOCKS];      /* of the values as they stand */
    bool muted[TF_BLOCKS];
};

static void quiet(const char *text)
{
    (void)text;
}

/* Column of each index, NO_COLUMN for those left out; fills p->index and p->frequency. admitted: a byte
 * per index, NULL for all. */
static uint32_t *make_columns(tr_problem *p, uint32_t min_df, const uint8_t *admitted)
{
    const tr_dataset *d = p->d;
    const size_t indexes = (size_t)TF_BLOCKS << d->spec.bits;
    uint32_t *column = tr_new(indexes, sizeof *column);
    for (uint32_t i = 0; i < p->n; i++)
        for (size_t e = d->start[p->record[i]]; e < d->start[p->record[i] + 1]; e++)
            column[d->entry[e].index]++;
    for (size_t i = 0; admitted && i < indexes; i++)
        column[i] = admitted[i] ? column[i] : 0;
    for (size_t i = 0; i < indexes; i++)
        p->columns += column[i] >= min_df && p->scale[i >> d->spec.bits] > 0;
    p->index = tr_new(p->columns, sizeof *p->index);
    p->frequency = tr_new(p->columns, sizeof *p->frequency);
    uint32_t next = 0;
    for (size_t i = 0; i < indexes; i++) {
        if (column[i] < min_df || !(p->scale[i >> d->spec.bits] > 0)) {
            column[i] = NO_COLUMN;
            continue;
        }
        p->index[next] = (uint32_t)i;
        p->frequency[next] = column[i];
        column[i] = next++;
    }
    return column;
}

/* A row is: source node, bias node, features block by block, -1. The blocks that some kinds of rows
 * do without stand last, so that a row can be cut short instead of multiplying by zero. */
static const uint8_t block_order[TF_BLOCKS] = {TF_B_LEVEL,  TF_B_NAMED,  TF_B_TOOLS,
                                               TF_B_SYSTEM, TF_B_RESULT, TF_B_EARLIER,
                                               TF_B_WORD,   TF_B_PAIR,   TF_B_SKIP};

static void fill_row(tr_problem *p, uint32_t i, const uint32_t *column, struct feature_node *to)
{
    const tr_dataset *d = p->d;
    const uint32_t r = p->record[i];
    const tf_vector v = tr_vector(d, r);
    double unit[TF_BLOCKS];
    size_t count[TF_BLOCKS] = {0}, at[TF_BLOCKS], next = 2;
    for (uint32_t e = 0; e < v.n; e++)
        count[v.at[e].block] += column[v.at[e].index] != NO_COLUMN;
    for (unsigned k = 0; k < TF_BLOCKS; k++) {
        const unsigned b = block_order[k];
        unit[b] = v.count[b] ? tf_unit(&d->spec, &v, b) * (double)p->scale[b] : 0;
        at[b] = next;
        next += count[b];
    }
    p->row[i] = to;
    p->length[i] = next - 2;
    to[0].index = (int)(p->columns + 2 + d->source[r]);
    to[0].value = LEVEL_VALUE;
    to[1].index = (int)p->columns + 1;
    to[1].value = BIAS_VALUE;
    for (uint32_t e = 0; e < v.n; e++) {
        const uint32_t c = column[v.at[e].index];
        if (c == NO_COLUMN)
            continue;
        struct feature_node *node = &to[at[v.at[e].block]++];
        node->index = (int)c + 1;
        node->value = unit[v.at[e].block] * v.at[e].level;
    }
    to[next].index = -1;
}

static tr_problem *make(const tr_dataset *d, const uint32_t *records, uint32_t n, const float *scale,
                        uint32_t min_df, const uint8_t *admitted)
{
    tr_problem *p = tr_new(1, sizeof *p);
    p->d = d;
    p->n = n;
    p->record = tr_new(n, sizeof *p->record);
    memcpy(p->record, records, n * sizeof *records);
    memcpy(p->scale, scale, sizeof p->scale);
    uint32_t *column = make_columns(p, min_df, admitted);
    size_t nodes = 0;
    for (uint32_t i = 0; i < n; i++) {
        nodes += 3;
        for (size_t e = d->start[records[i]]; e < d->start[records[i] + 1]; e++)
            nodes += column[d->entry[e].index] != NO_COLUMN;
    }
    p->node = tr_new(nodes, sizeof *p->node);
    p->row = tr_new(n, sizeof *p->row);
    p->length = tr_new(n, sizeof *p->length);
    p->cut = tr_new(n, sizeof *p->cut);
    p->cut_index = tr_new(n, sizeof *p->cut_index);
    struct feature_node *to = p->node;
    for (uint32_t i = 0; i < n; i++) {
        fill_row(p, i, column, to);
        to += p->length[i] + 3;
        p->cut[i] = p->length[i];
        p->cut_index[i] = -1;
    }
    free(column);
    set_print_string_function(quiet);
    return p;
}

tr_problem *tr_problem_new(const tr_dataset *d, const uint32_t *records, uint32_t n,
                           const float *scale, uint32_t min_df)
{
    return make(d, records, n, scale, min_df, NULL);
}

tr_problem *tr_problem_narrow(const tr_problem *p, const bool *keep)
{
    uint8_t *admitted = tr_new((size_t)TF_BLOCKS << p->d->spec.bits, 1);
    for (uint32_t c = 0; c < p->columns; c++)
        admitted[p->index[c]] = keep[c];
    tr_problem *narrow = make(p->d, p->record, p->n, p->scale, 1, admitted);
    free(admitted);
    return narrow;
}

void tr_problem_free(tr_problem *p)
{
    if (!p)
        return;
    free(p->record);
    free(p->index);
    free(p->frequency);
    free(p->node);
    free(p->row);
    free(p->length);
    free(p->cut);
    free(p->cut_index);
    free(p);
}

uint32_t tr_problem_columns(const tr_problem *p)
{
    return p->columns;
}

uint32_t tr_problem_index(const tr_problem *p, uint32_t column)
{
    return p->index[column];
}

uint32_t tr_problem_frequency(const tr_problem *p, uint32_t column)
{
    return p->frequency[column];
}

/* Cuts a row before its trailing muted blocks. */
static void cut_row(tr_problem *p, uint32_t i)
{
    struct feature_node *features = p->row[i] + 2;
    size_t n = p->length[i];
    while (n > 0 && p->muted[p->index[features[n - 1].index - 1] >> p->d->spec.bits])
        n--;
    p->cut[i] = n;
    p->cut_index[i] = features[n].index;
    features[n].index = -1;
}

void tr_problem_rescale(tr_problem *p, const float *scale)
{
    double ratio[TF_BLOCKS];
    const uint32_t bits = p->d->spec.bits;
    for (unsigned b = 0; b < TF_BLOCKS; b++) {
        p->muted[b] = !(scale[b] > 0);
        ratio[b] = p->muted[b] || !(p->scale[b] > 0) ? 1 : (double)scale[b] / (double)p->scale[b];
        if (p->scale[b] > 0 && !p->muted[b])
            p->scale[b] = scale[b];
    }
    for (uint32_t i = 0; i < p->n; i++) {
        struct feature_node *features = p->row[i] + 2;
        features[p->cut[i]].index = p->cut_index[i];
        for (size_t k = 0; k < p->length[i]; k++)
            features[k].value *= ratio[p->index[features[k].index - 1] >> bits];
        cut_row(p, i);
    }
}

/* ---- solving ---- */

typedef struct {
    struct feature_node **x;
    double *y;
    size_t n;
} rows;

static void add_row(rows *r, struct feature_node *x, double y)
{
    r->x[r->n] = x;
    r->y[r->n++] = y;
}

/* A graded score becomes rows of both labels. Where grades are common every record counts four
 * rows, so that all weigh the same (C is divided by four in turn); where they are rare, a graded
 * record counts two. Weights come on top, as copies. */
static void replicate(rows *r, struct feature_node *x, double score, bool common, unsigned weight)
{
    const unsigned copies = weight * (common ? 4 : score > 0 && score < 1 ? 2 : 1);
    const unsigned positive = (unsigned)(score * copies + 0.5);
    for (unsigned k = 0; k < copies; k++)
        add_row(r, x, k < positive ? 1 : -1);
}

static double *solve_columns(int n, const rows *r, int solver, double c, double epsilon, double *start,
                             bool *flipped)
{
    struct problem problem = {
        .l = (int)r->n, .n = n, .y = r->y, .x = r->x, .bias = -1};
    struct parameter parameter = {
        .solver_type = solver, .eps = epsilon, .C = c, .p = 0, .init_sol = start};
    struct model *model = train(&problem, &parameter);
    double *w = tr_new((size_t)n, sizeof *w);
    memcpy(w, model->w, (size_t)n * sizeof *w);
    /* w points to the first label, which is the one seen first, but +1 for the pair -1, +1 */
    *flipped = model->label && model->label[0] != 1;
    free_and_destroy_model(&model);
    return w;
}

static double *solve(const tr_problem *p, const rows *r, int solver, double c, double epsilon,
                     double *start, bool *flipped)
{
    return solve_columns((int)(p->columns + 1 + p->d->n_sources), r, solver, c, epsilon, start, flipped);
}

/* Solver's w -> the solution: scales folded in, levels centred on the records. */
static void unpack(const tr_problem *p, const double *w, double sign, tr_solution *s)
{
    const tr_dataset *d = p->d;
    const uint32_t bits = d->spec.bits;
    free(s->weight);
    free(s->level);
    s->weight = tr_new(p->columns, sizeof *s->weight);
    s->level = tr_new(d->n_sources, sizeof *s->level);
    for (uint32_t c = 0; c < p->columns; c++)
        s->weight[c] = p->muted[p->index[c] >> bits] ? 0 : sign * w[c] * (double)p->scale[p->index[c] >> bits];
    s->bias = sign * w[p->columns] * BIAS_VALUE;
    double mean = 0;
    for (uint32_t k = 0; k < d->n_sources; k++)
        s->level[k] = sign * w[p->columns + 1 + k] * LEVEL_VALUE;
    for (uint32_t i = 0; i < p->n; i++)
        mean += s->level[d->source[p->record[i]]];
    mean /= p->n ? p->n : 1;
    for (uint32_t k = 0; k < d->n_sources; k++)
        s->level[k] -= mean;
    s->bias += mean;
}

static void constant(const tr_problem *p, double bias, tr_solution *s)
{
    free(s->weight);
    free(s->level);
    s->weight = tr_new(p->columns, sizeof *s->weight);
    s->level = tr_new(p->d->n_sources, sizeof *s->level);
    s->bias = bias;
}

void tr_solve_logistic(tr_problem *p, uint32_t tier, double c, double epsilon, tr_solution *s)
{
    const tr_dataset *d = p->d;
    const bool common = d->graded > d->n / 20;
    unsigned *copies = tr_new(p->n, sizeof *copies);
    const unsigned usual = tr_copies(d, p->record, p->n, tier, copies);
    size_t room = 0;
    for (uint32_t i = 0; i < p->n; i++)
        room += copies[i] * (size_t)4;
    rows r = {tr_new(room, sizeof *r.x), tr_new(room, sizeof *r.y), 0};
    double positive = 0;
    s->records = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        const double score = tr_score(d, p->record[i], tier);
        if (isnan(score))
            continue;
        replicate(&r, p->row[i], score, common, copies[i]);
        s->records++;
    }
    for (size_t i = 0; i < r.n; i++)
        positive += r.y[i] > 0;
    const double negative = (double)r.n - positive;
    if (positive < 1 || negative < 1) {
        constant(p, log((positive + 0.5) / (negative + 0.5)), s);
    } else {
        bool flipped;
        double *w = solve(p, &r, L2R_LR, (common ? c / 4 : c) / usual, epsilon, s->raw, &flipped);
        unpack(p, w, flipped ? -1 : 1, s);
        free(s->raw);
        s->raw = w;
    }
    free(copies);
    free(r.x);
    free(r.y);
}

/* ---- all tiers at once ---- */

static size_t row_nodes(const struct feature_node *x)
{
    size_t n = 0;
    while (x[n].index != -1)
        n++;
    return n;
}

/* The record's nodes twice: in the common columns, and in the tier's own. */
static struct feature_node *both(const tr_problem *p, const struct feature_node *x, uint32_t tier,
                                 struct feature_node *to)
{
    const int stride = (int)(p->columns + 1 + p->d->n_sources);
    for (unsigned own = 0; own < 2; own++)
        for (const struct feature_node *from = x; from->index != -1; from++, to++) {
            to->index = from->index + (own ? stride * ((int)tier + 1) : 0);
            to->value = from->value * (own && from->index != (int)p->columns + 1 ? TR_DEPART : 1);
        }
    to->index = -1;
    return to + 1;
}

typedef struct {
    rows r;
    struct feature_node *nodes;
} joint;

/* One row per copy, all rows of a (record, tier) sharing their nodes. */
static void fill_joint(const tr_problem *p, bool common, joint *j, unsigned *usual)
{
    const tr_dataset *d = p->d;
    unsigned *copies = tr_new((size_t)p->n * d->n_tiers, sizeof *copies);
    unsigned mean[TD_MAX_TIERS]; /* copies of a record of mean weight */
    size_t rows_room = 0, room = 0;
    *usual = 1;
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        mean[t] = tr_copies(d, p->record, p->n, t, copies + (size_t)t * p->n);
        *usual = mean[t] > *usual ? mean[t] : *usual;
    }
    for (size_t k = 0; k < (size_t)p->n * d->n_tiers; k++) {
        if (!copies[k])
            continue;
        copies[k] *= *usual / mean[k / p->n];
        rows_room += copies[k] * (size_t)4;
        room += 2 * row_nodes(p->row[k % p->n]) + 1;
    }
    j->nodes = tr_new(room, sizeof *j->nodes);
    j->r = (rows){tr_new(rows_room, sizeof *j->r.x), tr_new(rows_room, sizeof *j->r.y), 0};
    struct feature_node *to = j->nodes;
    for (size_t k = 0; k < (size_t)p->n * d->n_tiers; k++) {
        if (!copies[k])
            continue;
        const uint32_t i = (uint32_t)(k % p->n), t = (uint32_t)(k / p->n);
        struct feature_node *x = to;
        to = both(p, p->row[i], t, to);
        replicate(&j->r, x, tr_score(d, p->record[i], t), common, copies[k]);
    }
    free(copies);
}

void tr_solve_joint(tr_problem *p, double c, double epsilon, tr_solution *s)
{
    const tr_dataset *d = p->d;
    const bool common = d->graded > d->n / 20;
    const uint32_t stride = p->columns + 1 + d->n_sources, columns = p->columns;
    unsigned usual;
    bool flipped;
    joint j;
    fill_joint(p, common, &j, &usual);
    const int n = (int)(stride * (d->n_tiers + 1));
    double *w = solve_columns(n, &j.r, L2R_LR, (common ? c / 4 : c) / usual, epsilon, NULL, &flipped);
    double *mine = tr_new(stride, sizeof *mine);
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        const double *own = w + (size_t)stride * (t + 1);
        for (uint32_t k = 0; k < stride; k++)
            mine[k] = w[k] + own[k] * (k == columns ? 1 : TR_DEPART);
        unpack(p, mine, flipped ? -1 : 1, &s[t]);
        free(s[t].raw);
        s[t].raw = NULL;
    }
    free(w);
    free(mine);
    free(j.nodes);
    free(j.r.x);
    free(j.r.y);
}

void tr_solve_regression(tr_problem *p, const double *target, double c, double epsilon,
                         tr_solution *s)
{
    rows r = {tr_new(p->n, sizeof *r.x), tr_new(p->n, sizeof *r.y), 0};
    bool flipped;
    for (uint32_t i = 0; i < p->n; i++)
        if (!isnan(target[i]))
            add_row(&r, p->row[i] + 1, target[i]); /* without its source: costs have no level */
    s->records = (uint32_t)r.n;
    if (!r.n) {
        constant(p, 0, s);
    } else {
        double *w = solve(p, &r, L2R_L2LOSS_SVR, c, epsilon, NULL, &flipped);
        unpack(p, w, 1, s);
        free(s->raw);
        s->raw = w;
    }
    free(r.x);
    free(r.y);
}

void tr_solution_carry(const tr_problem *from, const tr_solution *s, const tr_problem *to,
                       tr_solution *start)
{
    const size_t rest = 1 + (size_t)to->d->n_sources;
    if (!s->raw)
        return;
    free(start->raw);
    start->raw = tr_new(to->columns + rest, sizeof *start->raw);
    for (uint32_t a = 0, b = 0; a < from->columns && b < to->columns;) { /* both sorted by index */
        if (from->index[a] == to->index[b])
            start->raw[b] = s->raw[a];
        const bool step_a = from->index[a] <= to->index[b], step_b = to->index[b] <= from->index[a];
        a += step_a;
        b += step_b;
    }
    memcpy(start->raw + to->columns, s->raw + from->columns, rest * sizeof *s->raw);
}

void tr_solution_free(tr_solution *s)
{
    free(s->weight);
    free(s->raw);
    free(s->level);
    memset(s, 0, sizeof *s);
}
