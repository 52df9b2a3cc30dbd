#include "train/assemble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

static int by_index(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* What a column moves: frequency * sum of squared weights (the values of a block are of one size). */
static double importance(const tr_problem *p, const tr_row *rows, uint32_t n_rows, uint32_t c)
{
    double sum = 0;
    for (uint32_t r = 0; r < n_rows; r++) {
        const double w = rows[r].solution->weight[c];
        if (rows[r].kind == TM_ROW_FAMILIAR || rows[r].kind == TM_ROW_GENERAL)
            sum += w * w;
    }
    return sum * tr_problem_frequency(p, c);
}

static bool votes(const tm_model *m, uint32_t index)
{
    return m->votes.n_slots && bsearch(&index, m->votes.index, m->votes.n_slots, sizeof index, by_index);
}

/* keep[c]: whether a column stays. Blocks of few columns (named, level) and what votes on the source
 * always stay. */
static uint32_t prune(const tr_problem *p, const tr_row *rows, uint32_t n_rows, uint32_t max_slots,
                      const tm_model *m, bool *keep)
{
    const uint32_t columns = tr_problem_columns(p);
    double *score = tr_new(columns, sizeof *score), *sorted = tr_new(columns, sizeof *sorted);
    uint32_t kept = 0;
    for (uint32_t c = 0; c < columns; c++) {
        const unsigned block = tr_problem_index(p, c) >> m->spec.bits;
        score[c] = block == TF_B_NAMED || block == TF_B_LEVEL || votes(m, tr_problem_index(p, c))
                       ? HUGE_VAL
                       : importance(p, rows, n_rows, c);
        sorted[c] = score[c];
    }
    qsort(sorted, columns, sizeof *sorted, by_value);
    const double least = columns > max_slots ? sorted[max_slots] : 0;
    for (uint32_t c = 0; c < columns; c++) {
        keep[c] = score[c] > least || score[c] >= HUGE_VAL;
        kept += keep[c];
    }
    free(score);
    free(sorted);
    return kept;
}

static void describe_row(tm_row *to, const tr_row *from)
{
    to->kind = from->kind;
    to->tier = from->tier;
    to->bias = from->solution->bias;
}

/* The largest weight of a row in a block becomes 127. */
static void quantise(tm_model *m, const tr_problem *p, const tr_row *rows, const uint32_t *column)
{
    tm_weights *w = &m->weights;
    for (uint32_t r = 0; r < w->n_rows; r++) {
        double most[TF_BLOCKS] = {0};
        const double *weight = rows[r].solution->weight;
        for (uint32_t s = 0; s < w->n_slots; s++) {
            const unsigned b = w->index[s] >> m->spec.bits;
            const double v = fabs(weight[column[s]]);
            most[b] = v > most[b] ? v : most[b];
        }
        for (unsigned b = 0; b < TF_BLOCKS; b++)
            m->rows[r].scale[b] = (float)(most[b] / 127);
        for (uint32_t s = 0; s < w->n_slots; s++) {
            const double scale = (double)m->rows[r].scale[w->index[s] >> m->spec.bits];
            const double v = scale > 0 ? weight[column[s]] / scale : 0;
            w->weight[(size_t)s * w->n_rows + r] = (int8_t)lrint(v > 127 ? 127 : v < -127 ? -127 : v);
        }
    }
    (void)p;
}

static void keep_raw(tr_raw *raw, const tr_problem *p, const tr_row *rows, uint32_t n_rows)
{
    raw->n_rows = n_rows;
    raw->columns = tr_problem_columns(p);
    raw->index = tr_new(raw->columns, sizeof *raw->index);
    raw->weight = tr_new((size_t)raw->columns * n_rows, sizeof *raw->weight);
    for (uint32_t c = 0; c < raw->columns; c++) {
        raw->index[c] = tr_problem_index(p, c);
        for (uint32_t r = 0; r < n_rows; r++)
            raw->weight[(size_t)c * n_rows + r] = rows[r].solution->weight[c];
    }
}

void tr_assemble(tm_model *m, const tr_problem *p, const tr_row *rows, uint32_t n_rows,
                 uint32_t max_slots, tr_raw *raw)
{
    const uint32_t columns = tr_problem_columns(p);
    bool *keep = tr_new(columns, sizeof *keep);
    uint32_t *column = tr_new(columns, sizeof *column);
    tm_weights *w = &m->weights;
    w->n_slots = prune(p, rows, n_rows, max_slots, m, keep);
    w->n_rows = m->n_rows = n_rows;
    m->rows = tm_arena_alloc(&m->arena, n_rows, sizeof *m->rows);
    w->index = tm_arena_alloc(&m->arena, w->n_slots, sizeof *w->index);
    w->weight = tm_arena_alloc(&m->arena, w->n_slots, n_rows);
    uint32_t s = 0;
    for (uint32_t c = 0; c < columns; c++)
        if (keep[c]) {
            column[s] = c;
            w->index[s++] = tr_problem_index(p, c);
        }
    for (uint32_t r = 0; r < n_rows; r++)
        describe_row(&m->rows[r], &rows[r]);
    quantise(m, p, rows, column);
    tm_weights_prepare(m);
    if (raw)
        keep_raw(raw, p, rows, n_rows);
    free(keep);
    free(column);
}

/* The model keeps what its estimates use: a tier's usual rates, at both lengths. */
static tm_prices prices_of(const td_prices *p)
{
    const td_rates *r = &p->usual.rates, *l = &p->usual.at_length;
    const bool has_long = p->known && p->usual.long_above > 0;
    tm_prices to = {.known = p->known, .long_above = has_long ? (uint32_t)p->usual.long_above : 0};
    if (p->known) {
        to.input = r->input;
        to.output = r->output;
        to.cached_input = r->cached_input;
    }
    if (has_long) {
        to.long_input = l->input;
        to.long_output = l->output;
        to.long_cached_input = l->cached_input;
    }
    return to;
}

void tr_describe_tiers(tm_model *m, const tr_dataset *d, const uint32_t *records, uint32_t n)
{
    m->n_tiers = d->n_tiers;
    m->tiers = tm_arena_alloc(&m->arena, d->n_tiers, sizeof *m->tiers);
    m->calibration = tm_arena_alloc(&m->arena, d->n_tiers, sizeof *m->calibration);
    m->cost = tm_arena_alloc(&m->arena, d->n_tiers, sizeof *m->cost);
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        const td_tier *from = &d->tiers.tier[t];
        tm_tier *to = &m->tiers[t];
        double score = 0, cost = 0, weights = 0, cost_weights = 0;
        for (uint32_t i = 0; i < n; i++) {
            const size_t cell = (size_t)records[i] * d->n_tiers + t;
            if (isnan(d->score[cell]))
                continue;
            const double w = tr_weight(d, records[i]);
            to->records++;
            weights += w;
            score += w * d->score[cell];
            if (!isnan(d->cost[cell])) {
                cost_weights += w;
                cost += w * d->cost[cell];
            }
        }
        to->name = tm_arena_string(&m->arena, from->name, strlen(from->name));
        to->model = tm_arena_string(&m->arena, from->model, strlen(from->model));
        to->prices = prices_of(&from->prices);
        to->context_window = from->context_window;
        to->no_tools = from->no_tools;
        to->mean_score = to->records ? score / weights : 0;
        to->mean_cost = cost_weights > 0 ? cost / cost_weights : -1;
        m->calibration[t].slope = 1;
        m->cost[t].smear = 1;
    }
}
