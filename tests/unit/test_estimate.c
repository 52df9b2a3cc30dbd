/* The whole estimate against a slow oracle: the formulae of models/model.h and models/estimate.c,
 * written a second time in plain double arithmetic, with libm, without integer sums, bitmaps or
 * tables. The models are trained here on a simulated sample; then their gate, calibration and votes
 * are turned to random values too. */
#include "tests/unit/unit.h"

#include <math.h>
#include <unistd.h>

#include "infer/router_state.h"
#include "train/fit.h"
#include "train/simulate.h"

/* ---- the oracle ---- */

typedef struct {
    double margin[TM_MAX_ROWS];
    double known, trust, level[TM_MAX_TIERS];
    double log_odds[TM_MAX_TIERS], cost[TM_MAX_TIERS];
    uint32_t source;
} oracle;

static double held(double v, double low, double high)
{
    return fmin(fmax(v, low), high);
}

static double slow_unit(const tf_spec *spec, const tf_vector *v, unsigned block)
{
    return block == TF_B_LEVEL ? (double)spec->scale[block]
                               : (double)spec->scale[block] / sqrt(v->count[block]);
}

static int64_t place(const uint32_t *index, uint32_t n, uint32_t wanted)
{
    for (uint32_t low = 0, high = n; low < high;) {
        const uint32_t middle = (low + high) / 2;
        if (index[middle] == wanted)
            return middle;
        if (index[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

static bool present(const tf_vector *v, uint32_t index)
{
    for (uint32_t i = 0; i < v->n; i++)
        if (v->at[i].index == index)
            return true;
    return false;
}

/* Margins by the int8 weights, or by the float ones before them. Returns the coverage. */
static double slow_margins(const tm_model *m, const tf_vector *v, const tr_raw *raw, double *margin)
{
    uint32_t covered = 0, all = 0;
    for (uint32_t r = 0; r < m->n_rows; r++)
        margin[r] = m->rows[r].bias;
    for (uint32_t i = 0; i < v->n; i++) {
        const unsigned b = v->at[i].block;
        const double value = v->at[i].level * slow_unit(&m->spec, v, b);
        const int64_t slot = place(m->weights.index, m->weights.n_slots, v->at[i].index);
        const int64_t column = raw ? place(raw->index, raw->columns, v->at[i].index) : -1;
        for (uint32_t r = 0; r < m->n_rows; r++)
            if (raw && column >= 0)
                margin[r] += value * raw->weight[(size_t)column * m->n_rows + r];
            else if (!raw && slot >= 0)
                margin[r] += value * (double)m->rows[r].scale[b] *
                             tm_weights_of(&m->weights, (uint32_t)slot)[r];
        covered += (b == TF_B_WORD || b == TF_B_PAIR) && slot >= 0;
        all += b == TF_B_WORD || b == TF_B_PAIR;
    }
    return all ? (double)covered / all : 0;
}

/* Log-odds of the sources, then P(s|x). */
static void slow_votes(const tm_model *m, const tf_vector *v, double *vote, double *p)
{
    double sum = 0;
    for (uint32_t s = 0; s < m->n_sources; s++) {
        vote[s] = (double)m->sources[s].bias;
        for (uint32_t i = 0; i < v->n; i++) {
            const int64_t at = place(m->votes.index, m->votes.n_slots, v->at[i].index);
            if (at >= 0 &&
                place(m->weights.index, m->weights.n_slots, v->at[i].index) >= 0) /* else idle */
                vote[s] += (double)m->votes.scale[v->at[i].block] *
                           slow_unit(&m->spec, v, v->at[i].block) * v->at[i].level *
                           m->votes.weight[(size_t)at * m->n_sources + s];
        }
    }
    for (uint32_t s = 0; s < m->n_sources; s++)
        sum += exp(vote[s] - vote[0]);
    for (uint32_t s = 0; s < m->n_sources; s++)
        p[s] = exp(vote[s] - vote[0]) / sum;
}

static double slow_z(const tm_source *s, const tf_vector *v, double *evidence)
{
    double likely = (double)s->likely_base;
    *evidence = (double)s->prior;
    for (uint32_t k = 0; k < s->n; k++) {
        const bool there = present(v, s->index[k]);
        likely += there ? (double)s->likely[k] : 0;
        *evidence += there ? (double)s->mark[k] : (double)s->lack[k];
    }
    *evidence = held(*evidence, -10, 10);
    return held((likely - (double)s->mean) / (double)s->spread, -8, 2);
}

static void slow_recognise(const tm_model *m, const tf_vector *v, double covered, oracle *o)
{
    double vote[TM_MAX_SOURCES], p[TM_MAX_SOURCES], confidence = 0, nearest = 0, nearness = 0,
                                                    evidence = 0, size = 0, e;
    double mean = m->gate.cover_mean, spread = m->gate.cover_spread;
    slow_votes(m, v, vote, p);
    o->source = 0;
    for (uint32_t s = 1; s < m->n_sources; s++)
        o->source = vote[s] > vote[o->source] ? s : o->source;
    if (m->n_sources) {
        const tm_source *best = &m->sources[o->source];
        confidence = 10;
        nearest = -8;
        for (uint32_t s = 0; s < m->n_sources; s++) {
            if (s != o->source)
                confidence = fmin(confidence, vote[o->source] - vote[s]);
            nearest = fmax(nearest, slow_z(&m->sources[s], v, &e));
        }
        nearness = slow_z(best, v, &evidence);
        size = (double)best->size;
        mean = (double)best->cover_mean;
        spread = (double)best->cover_spread;
    }
    const tm_gate *g = &m->gate;
    const double z = g->base + g->nearest * nearest + g->nearness * nearness +
                     g->evidence * evidence + g->coverage * held((covered - mean) / spread, -8, 2) +
                     g->vocabulary * held((covered - g->cover_mean) / g->cover_spread, -8, 2) +
                     g->confidence * confidence + g->size * size;
    o->known = 1 / (1 + exp(-z));
    o->trust = g->most * o->known;
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        o->level[t] = 0;
        for (uint32_t s = 0; s < m->n_sources; s++)
            o->level[t] += p[s] * m->sources[s].level[t];
    }
}

static uint32_t row(const tm_model *m, tm_row_kind kind, uint32_t tier)
{
    for (uint32_t r = 0; r < m->n_rows; r++)
        if (m->rows[r].kind == kind && m->rows[r].tier == tier)
            return r;
    return UINT32_MAX;
}

/* USD, or negative where it is not known. */
static double slow_cost(const tm_model *m, const tf_vector *v, const double *margin, uint32_t t)
{
    const tm_cost *c = &m->cost[t];
    const tm_prices *p = &m->tiers[t].prices;
    const uint32_t tokens = row(m, TM_ROW_TOKENS, t), cost = row(m, TM_ROW_COST, t);
    if (tokens != UINT32_MAX && p->known) {
        const double in = c->input_base + c->input_per_byte * v->values[TF_N_TURNS_TOTAL_BYTES];
        const double out = held(exp(margin[tokens]) * c->smear, c->low, c->high);
        const bool is_long = p->long_above > 0 && in > p->long_above;
        return in / 1e6 * (is_long ? p->long_input : p->input) +
               out / 1e6 * (is_long ? p->long_output : p->output);
    }
    return cost == UINT32_MAX ? m->tiers[t].mean_cost
                              : held(exp(margin[cost]) * c->smear, c->low, c->high);
}

static oracle ask_oracle(const tm_model *m, const tf_vector *v, const tr_raw *raw)
{
    oracle o;
    double quantised[TM_MAX_ROWS];
    const double covered = slow_margins(m, v, NULL, quantised);
    slow_margins(m, v, raw, o.margin);
    slow_recognise(m, v, covered, &o);
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const double familiar = o.margin[row(m, TM_ROW_FAMILIAR, t)],
                     general = o.margin[row(m, TM_ROW_GENERAL, t)];
        o.log_odds[t] = o.trust * (m->calibration[t].offset +
                                   m->calibration[t].slope * (familiar + o.level[t])) +
                        (1 - o.trust) * general;
        o.cost[t] = slow_cost(m, v, o.margin, t);
    }
    return o;
}

static void near(double got, double wanted, const char *what)
{
    if (!(fabs(got - wanted) <= 1e-9 * fmax(1, fabs(wanted))))
        fail_msg("%s: %.17g, the oracle says %.17g", what, got, wanted);
}

/* ---- models from a simulated sample ---- */

typedef struct {
    tr_dataset d;
    tm_model model; /* as trained */
    tr_report report;
    uint8_t *bytes; /* as saved */
    size_t len;
} fitted;

static fitted plain, priced;
static char path[] = "/tmp/tierce-estimate-XXXXXX";

static void fit(fitted *f, const char *tiers, uint32_t slots)
{
    const char *const paths[] = {path};
    tr_options o;
    tf_spec spec;
    td_error error;
    tf_spec_default(&spec);
    tr_options_default(&o);
    o.keep_float = true;
    o.max_slots = slots;
    if (!tr_dataset_load(&f->d, paths, 1, tiers, &spec, 0, &error))
        fail_msg("%s", error.text);
    uint32_t *records = calloc(f->d.n, sizeof *records);
    for (uint32_t i = 0; i < f->d.n; i++)
        records[i] = i;
    tr_fit(&f->d, records, f->d.n, &o, &f->model, &f->report, NULL, NULL);
    free(records);
    assert_int_equal(tm_model_encode(&f->model, NULL, &f->bytes, &f->len, NULL), TIERCE_OK);
}

static int train(void **unused)
{
    const int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    (void)unused;
    if (!f || !simulate_write(f, 500, 11) || fclose(f))
        return 1;
    fit(&plain, "flash,pro", 1u << 16);
    fit(&priced, "tests/data/golden-tiers.json", 1500); /* three tiers, prices, pruned */
    return 0;
}

static void drop(fitted *f)
{
    tr_report_free(&f->report);
    tm_model_free(&f->model);
    tr_dataset_free(&f->d);
    free(f->bytes);
}

static int forget(void **unused)
{
    (void)unused;
    drop(&plain);
    drop(&priced);
    return unlink(path);
}

/* ---- requests: like the sample's, and like nothing in it ---- */

static size_t some_request(uint64_t *state, char *text, size_t room)
{
    static const char *const words[] = {
        "the",     "file",     "prove",    "that", "def",
        "(x)",     "?",        "\n",       "step", "by",
        "12",      "run",      "A.",       "B.",   "\xd0\xba\xd0\xbd",
        "flight",  "integral", "terminal", "```",  "zyx",
        "because", "total"};
    size_t len = 0;
    for (size_t n = below(state, 8) ? below(state, 120) : 0; n > 0 && len + 20 < room; n--)
        len += (size_t)snprintf(text + len, room - len, "%s ",
                                words[below(state, sizeof words / sizeof *words)]);
    return len;
}

typedef struct {
    double sum[TM_MAX_TIERS];
    unsigned n, base, source;
    const tm_model *model;
    const oracle *o;
} summing;

static void add_up(void *context, const tierce_contribution *c)
{
    summing *s = context;
    s->n++;
    s->base += !strcmp(c->block, "base");
    s->source += !strcmp(c->block, "source");
    for (uint32_t t = 0; t < s->model->n_tiers; t++)
        s->sum[t] += c->value[t];
    if (!strcmp(c->block, "source"))
        for (uint32_t t = 0; t < s->model->n_tiers; t++)
            near(c->value[t], s->o->trust * s->model->calibration[t].slope * s->o->level[t],
                 "the source's share");
}

/* A router's answers about a request against the oracle's. */
static void compare(const tierce_router *router, tierce_scratch *scratch, const tierce_request *r)
{
    const tm_model *m = tierce_router_model(router);
    tierce_estimate e[TIERCE_MAX_TIERS];
    tierce_view view;
    tf_features *features = malloc(sizeof *features);
    assert_true(tf_features_open(features, &m->spec));
    tf_state *state = tf_state_init(malloc(tf_state_size(&m->spec)), &m->spec);
    const tf_vector *v = tf_extract(features, state, r, NULL, NULL);
    const oracle o = ask_oracle(m, v, NULL);
    assert_int_equal(tierce_estimate_all(router, scratch, r, e, &view, NULL), TIERCE_OK);
    near(view.familiarity, o.known, "familiarity");
    assert_int_equal(view.entries, v->n);
    uint32_t weighted = 0;
    for (uint32_t i = 0; i < v->n; i++)
        weighted += place(m->weights.index, m->weights.n_slots, v->at[i].index) >= 0;
    summing s = {.model = m, .o = &o};
    assert_int_equal(tierce_explain(router, scratch, r, add_up, &s, NULL), TIERCE_OK);
    assert_int_equal(s.n, weighted + 2);
    assert_true(s.base == 1 && s.source == 1);
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        near(e[t].probability, 1 / (1 + exp(-o.log_odds[t])), "probability");
        near(s.sum[t], o.log_odds[t], "sum of contributions");
        assert_int_equal(e[t].cost_known, o.cost[t] >= 0);
        near(e[t].cost_usd, o.cost[t] >= 0 ? o.cost[t] : 0, "cost");
    }
    free(state);
    free(features);
}

static void compare_many(tierce_router *router, uint64_t seed, int rounds)
{
    char text[2000];
    uint64_t state = seed;
    char *everything = malloc(60000); /* thousands of features, of all the sample's kinds */
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    const size_t length = fread(everything, 1, 60000, f);
    fclose(f);
    tierce_scratch *scratch =
        tierce_scratch_init(router, malloc(tierce_scratch_size(router)), NULL);
    assert_non_null(scratch);
    for (int k = 0; k < rounds; k++) {
        tierce_part parts[2] = {
            {TIERCE_PART_TEXT, TIERCE_ROLE_SYSTEM, 0, {"You are terse.", 14}, {NULL, 0}}};
        const tierce_tool tool = {
            {"get_file", 8}, {"Reads a file", 12}, {"{\"type\":\"object\"}", 17}};
        tierce_request r =
            tierce_request_of_prompt(&parts[1], text, some_request(&state, text, sizeof text));
        parts[1].message = 1;
        if (k % 10 == 9)
            r = tierce_request_of_prompt(&parts[1], everything, length);
        if (k % 3 == 0)
            r = (tierce_request){.parts = parts, .n_parts = 2, .tools = &tool, .n_tools = 1};
        compare(router, scratch, &r);
    }
    free(everything);
    free(scratch);
    tierce_router_close(router);
}

static void trained_models(void **unused)
{
    tierce_router *router;
    (void)unused;
    assert_int_equal(tierce_router_open(&router, plain.bytes, plain.len, NULL, NULL), TIERCE_OK);
    assert_true(tierce_router_model(router)->n_sources >= 5);
    compare_many(router, 1, 60);
    assert_int_equal(tierce_router_open(&router, priced.bytes, priced.len, NULL, NULL), TIERCE_OK);
    assert_true(row(tierce_router_model(router), TM_ROW_TOKENS, 1) != UINT32_MAX);
    assert_true(row(tierce_router_model(router), TM_ROW_COST, 0) != UINT32_MAX);
    assert_true(tierce_router_model(router)->weights.n_slots <
                priced.report.columns); /* it was pruned */
    compare_many(router, 2, 60);
}

/* Votes on many features, levels among them, at the ends of int8: their sums must not turn over. */
static void turn_votes(tm_model *m, uint64_t *state)
{
    tm_votes *v = &m->votes;
    if (!m->n_sources)
        return;
    v->n_slots = 0;
    v->index = tm_arena_alloc(&m->arena, m->weights.n_slots, sizeof *v->index);
    for (uint32_t s = 0; s < m->weights.n_slots; s++)
        if (m->weights.index[s] >> m->spec.bits >= TF_B_NAMED || below(state, 2))
            v->index[v->n_slots++] = m->weights.index[s];
    v->weight = tm_arena_alloc(&m->arena, v->n_slots, m->n_sources);
    const bool rising = below(state, 2);
    for (size_t i = 0; i < (size_t)v->n_slots * m->n_sources; i++)
        v->weight[i] = (int8_t)(below(state, 8) ? (rising ? 127 : -128) : (int)below(state, 256) - 128);
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        v->scale[b] = (float)between(state, 0, 0.01);
}

/* Numbers that training would never give: every term of the formulae weighs. */
static void turned_models(void **unused)
{
    uint64_t state = 3;
    (void)unused;
    for (int round = 0; round < 16; round++) {
        const fitted *f = round % 2 ? &priced : &plain;
        tm_model m;
        tierce_router *router;
        uint8_t *bytes;
        size_t len;
        assert_int_equal(tm_model_decode(&m, f->bytes, f->len, NULL, NULL), TIERCE_OK);
        double *const gate[] = {&m.gate.base,       &m.gate.nearest,  &m.gate.nearness,
                                &m.gate.evidence,   &m.gate.coverage, &m.gate.vocabulary,
                                &m.gate.confidence, &m.gate.size};
        for (size_t k = 0; k < 8; k++)
            *gate[k] = between(&state, -1, 1);
        m.gate.most = share(&state);
        m.gate.cover_mean = share(&state);
        m.gate.cover_spread = between(&state, 0.01, 1);
        if (round % 5 == 4)
            m.n_sources = 0;
        for (uint32_t s = 0; s < m.n_sources; s++) {
            m.sources[s].bias = (float)between(&state, -3, 3);
            m.sources[s].size = (float)between(&state, -3, 0);
            m.sources[s].spread = (float)between(&state, 0.1, 3);
            if (round % 4 == 3 && m.sources[s].n) /* too small for sums in any order: read one by one */
                m.sources[s].likely[0] = 1e-30f;
            for (uint32_t t = 0; t < m.n_tiers; t++)
                m.sources[s].level[t] = between(&state, -2, 2);
        }
        if (!m.n_sources)
            m.votes.n_slots = 0;
        for (unsigned b = 0; b < TF_BLOCKS; b++)
            m.votes.scale[b] = (float)between(&state, 0, 0.1);
        for (uint32_t t = 0; t < m.n_tiers; t++) {
            m.calibration[t].offset = between(&state, -1, 1);
            m.calibration[t].slope = between(&state, 0, 2);
            m.cost[t].smear = between(&state, 0.5, 2);
            m.cost[t].high = between(&state, m.cost[t].low, m.cost[t].high);
            m.tiers[t].prices.long_above = (uint32_t)below(&state, 200);
        }
        turn_votes(&m, &state);
        assert_int_equal(tm_model_encode(&m, NULL, &bytes, &len, NULL), TIERCE_OK);
        tm_model_free(&m); /* what is made of the weights on open is made anew */
        assert_int_equal(tm_model_decode(&m, bytes, len, NULL, NULL), TIERCE_OK);
        free(bytes);
        assert_int_equal(tierce_router_adopt(&router, &m, NULL), TIERCE_OK);
        compare_many(router, 100 + (uint64_t)round, 12);
    }
}

/* ---- float and int8, stored vectors and fresh ones ---- */

static void float_and_int8(const fitted *f)
{
    tr_probe probe;
    double worst = 0, mean = 0;
    tr_probe_start(&probe, &f->d, &f->model);
    for (uint32_t i = 0; i < f->d.n; i++) {
        const tf_vector v = tr_vector(&f->d, i);
        const oracle exact_one = ask_oracle(&f->model, &v, &f->report.raw),
                     rounded = ask_oracle(&f->model, &v, NULL);
        double p[TM_MAX_TIERS];
        tr_probe_record(&probe, i);
        for (uint32_t t = 0; t < f->d.n_tiers; t++) {
            p[t] = tr_probe_probability(&probe, t);
            near(p[t], 1 / (1 + exp(-rounded.log_odds[t])), "int8 probability of a stored vector");
            near(tr_probe_cost(&probe, i, t), rounded.cost[t], "cost of a stored vector");
        }
        tr_probe_float(&probe, &f->report.raw, i);
        for (uint32_t t = 0; t < f->d.n_tiers; t++) {
            const double q = tr_probe_probability(&probe, t);
            near(q, 1 / (1 + exp(-exact_one.log_odds[t])), "float probability of a stored vector");
            worst = fmax(worst, fabs(p[t] - q));
            mean += fabs(p[t] - q) / f->d.n / f->d.n_tiers;
        }
    }
    tr_probe_stop(&probe);
    if (f->model.weights.n_slots == f->report.columns && !(worst < 0.02 && mean < 0.004))
        fail_msg("int8 alone moves probabilities by %.4f on the mean, %.4f at worst", mean, worst);
}

static void oracle_before_quantising(void **unused)
{
    (void)unused;
    float_and_int8(&plain);
    float_and_int8(&priced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trained_models),
        cmocka_unit_test(turned_models),
        cmocka_unit_test(oracle_before_quantising),
    };
    return cmocka_run_group_tests(tests, train, forget);
}
