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

/* What a column moves: frequency * sum of squared weights (the values of a block are of one size), and of
 * `difference` times the squared differences from the mean of the tiers. */
static double importance(const tr_problem *p, const tr_row *rows, uint32_t n_rows, uint32_t c, double difference)
{
    double sum = 0, mean[TM_ROW_KINDS] = {0}, n[TM_ROW_KINDS] = {0};
    for (uint32_t r = 0; r < n_rows; r++) {
        mean[rows[r].kind] += rows[r].solution->weight[c];
        n[rows[r].kind]++;
    }
    for (uint32_t r = 0; r < n_rows; r++) {
        const double w = rows[r].solution->weight[c], off = w - mean[rows[r].kind] / n[rows[r].kind];
        if (rows[r].kind == TM_ROW_FAMILIAR || rows[r].kind == TM_ROW_GENERAL)
            sum += w * w + difference * off * off;
    }
    return sum * tr_problem_frequency(p, c);
}

static bool votes(const tm_model *m, uint32_t index)
{
    return m->votes.n_slots && bsearch(&index, m->votes.index, m->votes.n_slots, sizeof index, by_index);
}

/* Blocks of few columns (named, level) and what votes on the source always stay; where there is hardly
 * room for them, the named ones must earn their place too. */
uint32_t tr_choose_columns(const tr_problem *p, const tr_row *rows, uint32_t n_rows, uint32_t max_slots,
                           double difference, const tm_model *m, bool *keep)
{
    const uint32_t columns = tr_problem_columns(p);
    double *score = tr_new(columns, sizeof *score), *sorted = tr_new(columns, sizeof *sorted);
    uint32_t kept = 0, n_named = 0;
    for (uint32_t c = 0; c < columns; c++)
        n_named += tr_problem_index(p, c) >> m->spec.bits == TF_B_NAMED;
    const bool keep_named = max_slots / 4 >= n_named;
    for (uint32_t c = 0; c < columns; c++) {
        const unsigned block = tr_problem_index(p, c) >> m->spec.bits;
        score[c] = (block == TF_B_NAMED && keep_named) || block == TF_B_LEVEL || votes(m, tr_problem_index(p, c))
                       ? HUGE_VAL
                       : importance(p, rows, n_rows, c, difference);
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

/* A row's weights of one block, in the order of the slots, and how often each occurs. */
typedef struct {
    uint32_t n, *slot;
    double *weight, *frequency, most;
} cells;

static void collect(cells *x, const tm_model *m, const tr_problem *p, const tr_solution *from,
                    const uint32_t *column, unsigned block)
{
    x->n = 0;
    x->most = 0;
    for (uint32_t s = 0; s < m->weights.n_slots; s++) {
        if (m->weights.index[s] >> m->spec.bits != block)
            continue;
        x->slot[x->n] = s;
        x->weight[x->n] = from->weight[column[s]];
        x->frequency[x->n] = tr_problem_frequency(p, column[s]);
        x->most = fabs(x->weight[x->n]) > x->most ? fabs(x->weight[x->n]) : x->most;
        x->n++;
    }
}

static long level_of(double weight, double step, double levels)
{
    const double v = step > 0 ? weight / step : 0;
    return lrint(v > levels ? levels : v < -levels ? -levels : v);
}

/* The step of a level. With many of them the largest weight becomes the highest; with few it pays to
 * cut the largest short: the step with the least squared error over the records. */
static double step_for(const cells *x, uint32_t levels)
{
    double best = x->most / levels, least = HUGE_VAL;
    if (levels >= 127)
        return best;
    for (double part = 1; part > 0.15; part -= 0.05) {
        const double step = x->most * part / levels;
        double error = 0;
        for (uint32_t i = 0; i < x->n; i++) {
            const double off = x->weight[i] - step * (double)level_of(x->weight[i], step, levels);
            error += off * off * x->frequency[i];
        }
        if (error < least) {
            least = error;
            best = step;
        }
    }
    return best;
}

static void quantise(tm_model *m, const tr_problem *p, const tr_row *rows, const uint32_t *column,
                     uint32_t levels)
{
    tm_weights *w = &m->weights;
    cells x = {0, tr_new(w->n_slots, sizeof *x.slot), tr_new(w->n_slots, sizeof *x.weight),
               tr_new(w->n_slots, sizeof *x.frequency), 0};
    for (uint32_t r = 0; r < w->n_rows; r++)
        for (unsigned b = 0; b < TF_BLOCKS; b++) {
            collect(&x, m, p, rows[r].solution, column, b);
            m->rows[r].scale[b] = (float)step_for(&x, levels);
            for (uint32_t i = 0; i < x.n; i++)
                tm_weights_of(w, x.slot[i])[r] =
                    (int8_t)level_of(x.weight[i], (double)m->rows[r].scale[b], levels);
        }
    free(x.slot);
    free(x.weight);
    free(x.frequency);
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
                 uint32_t max_slots, uint32_t levels, tr_raw *raw)
{
    const uint32_t columns = tr_problem_columns(p);
    bool *keep = tr_new(columns, sizeof *keep);
    uint32_t *column = tr_new(columns, sizeof *column);
    tm_weights *w = &m->weights;
    m->n_rows = n_rows;
    tm_weights_new(m, tr_choose_columns(p, rows, n_rows, max_slots, 0, m, keep));
    m->rows = tm_arena_alloc(&m->arena, n_rows, sizeof *m->rows);
    uint32_t s = 0;
    for (uint32_t c = 0; c < columns; c++)
        if (keep[c]) {
            column[s] = c;
            w->index[s++] = tr_problem_index(p, c);
        }
    for (uint32_t r = 0; r < n_rows; r++)
        describe_row(&m->rows[r], &rows[r]);
    quantise(m, p, rows, column, levels);
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
