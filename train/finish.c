#include "train/finish.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/router_state.h"
#include "train/memory.h"
#include "train/metrics.h"

#ifndef TIERCE_RELEASE
#define TIERCE_RELEASE "0.1.0"
#endif

/* ---- id filter: Bloom (1970), three probes, ten bits an id ---- */

#define SAMPLE 8 /* ids with crc32 % SAMPLE == 0 */
#define PROBES 3

static uint64_t hash_id(const char *id)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *id; id++)
        h = (h ^ (uint8_t)*id) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint32_t probe(uint64_t h, unsigned k, uint32_t bits)
{
    return (uint32_t)((h >> 32) + k * ((h & 0xffffffff) | 1)) % bits;
}

static void fill_filter(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n)
{
    tm_digest *digest = &model->digest;
    digest->id_filter_words = n / SAMPLE * 10 / 32 + 1;
    digest->id_filter = tm_arena_alloc(&model->arena, digest->id_filter_words, sizeof(uint32_t));
    for (uint32_t i = 0; i < n; i++) {
        if (d->crc[records[i]] % SAMPLE)
            continue;
        const uint64_t h = hash_id(d->id[records[i]]);
        for (unsigned k = 0; k < PROBES; k++) {
            const uint32_t bit = probe(h, k, digest->id_filter_words * 32);
            digest->id_filter[bit / 32] |= 1u << bit % 32;
        }
    }
}

int tr_seen(const tm_model *model, const char *id, uint32_t crc)
{
    const tm_digest *digest = &model->digest;
    if (!digest->id_filter_words || crc % SAMPLE)
        return -1;
    const uint64_t h = hash_id(id);
    bool all = true;
    for (unsigned k = 0; k < PROBES; k++) {
        const uint32_t bit = probe(h, k, digest->id_filter_words * 32);
        all = all && digest->id_filter[bit / 32] >> bit % 32 & 1;
    }
    return all;
}

void tr_count_seen(const tm_model *model, const tr_dataset *d, uint32_t *covered, uint32_t *seen)
{
    *covered = *seen = 0;
    for (uint32_t i = 0; i < d->n; i++) {
        const int s = tr_seen(model, d->id[i], d->crc[i]);
        *covered += s >= 0;
        *seen += s > 0;
    }
}

/* ---- digest ---- */

/* Sums of hashes: the order of records does not matter, their ids and scores do. */
static void hash_data(tm_digest *digest, const tr_dataset *d, const uint32_t *records, uint32_t n)
{
    uint64_t lanes[2] = {0, 0};
    for (uint32_t i = 0; i < n; i++) {
        uint64_t h = hash_id(d->id[records[i]]);
        for (uint32_t t = 0; t < d->n_tiers; t++) {
            const double score = tr_score(d, records[i], t);
            const uint64_t v = isnan(score) ? 0x5555 : (uint64_t)(score * 1e6);
            h = (h ^ v) * 0x9e3779b97f4a7c15u;
            h ^= h >> 31;
        }
        lanes[0] += h;
        lanes[1] += (h * h) | 1;
    }
    for (unsigned b = 0; b < 16; b++)
        digest->data_hash[b] = (uint8_t)(lanes[b / 8] >> b % 8 * 8);
}

static struct tm_figure *add_figure(tm_model *model, const char *name)
{
    struct tm_figure *f = &model->digest.figures[model->digest.n_figures++];
    f->name = tm_arena_string(&model->arena, name, strlen(name));
    f->low = 1; /* low > high: no interval */
    f->high = 0;
    return f;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

#define RESAMPLES 200

/* APGR of first to last tier on the inner folds, with a percentile bootstrap over records. */
static void add_apgr(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                     const tr_report *report)
{
    const uint32_t tiers = d->n_tiers;
    tr_pair *pairs = tr_new(n, sizeof *pairs), *sample = tr_new(n, sizeof *sample);
    double apgr[RESAMPLES];
    uint64_t state = report->columns + 1;
    uint32_t m = 0, good = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double *p = report->held_out + (size_t)i * tiers;
        tr_pair pair = {p[tiers - 1] - p[0], tr_score(d, records[i], 0),
                        tr_score(d, records[i], tiers - 1)};
        if (!isnan(pair.cheap) && !isnan(pair.strong))
            pairs[m++] = pair;
    }
    for (uint32_t b = 0; b < RESAMPLES && m; b++) {
        for (uint32_t i = 0; i < m; i++)
            sample[i] = pairs[tr_random(&state) % m];
        apgr[good] = tr_curve_of(sample, m).apgr;
        good += isnan(apgr[good]) ? 0 : 1;
    }
    const double whole = m ? tr_curve_of(pairs, m).apgr : (double)NAN;
    if (!isnan(whole) && good > RESAMPLES / 2) {
        struct tm_figure *f = add_figure(model, "APGR (first to last tier)");
        qsort(apgr, good, sizeof *apgr, by_value);
        f->value = whole;
        f->low = apgr[good / 40];
        f->high = apgr[good - 1 - good / 40];
    }
    free(pairs);
    free(sample);
}

static void add_reliability(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                            const tr_report *report)
{
    const size_t cells = (size_t)n * d->n_tiers;
    double *p = tr_new(cells, sizeof *p), *y = tr_new(cells, sizeof *y);
    size_t m = 0;
    for (size_t c = 0; c < cells; c++) {
        y[m] = tr_score(d, records[c / d->n_tiers], (uint32_t)(c % d->n_tiers));
        p[m] = report->held_out[c];
        m += isnan(y[m]) ? 0 : 1;
    }
    const tr_reliability r = tr_reliability_of(p, y, m);
    add_figure(model, "ECE")->value = r.ece;
    add_figure(model, "Brier")->value = r.brier;
    free(p);
    free(y);
}

void tr_write_digest(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                     const tr_report *report)
{
    tm_digest *digest = &model->digest;
    char name[200];
    digest->created_by = tm_arena_string(&model->arena, "tierce " TIERCE_RELEASE, strlen("tierce " TIERCE_RELEASE));
    digest->records = n;
    digest->n_sources = d->n_sources;
    digest->figures = tm_arena_alloc(&model->arena, 3 + d->n_tiers, sizeof *digest->figures);
    if (d->n_tiers > 1)
        add_apgr(model, d, records, n, report);
    add_reliability(model, d, records, n, report);
    for (uint32_t t = 0; t < d->n_tiers; t++) {
        snprintf(name, sizeof name, "log-loss of %.150s", d->tiers.tier[t].name);
        add_figure(model, name)->value = report->loss_gated[t];
    }
    hash_data(digest, d, records, n);
    fill_filter(model, d, records, n);
}

/* ---- self-tests ---- */

static const char *const prompts[] = {
    "",
    "What is the capital of Australia?",
    "Write a function `parse_date(s)` in Python that raises ValueError on bad input.\n```python\ndef parse_date(s):\n    pass\n```",
    "Prove that the sum of the first n odd numbers is n^2.\nA. True\nB. False\nAnswer:",
    ("Книги стоят 12.50 EUR; wie viel kosten 7 B\xc3\xbc" "cher? \xff"),
};
#define N_PROMPTS (sizeof prompts / sizeof *prompts)

bool tr_write_selftests(tm_model *model, tierce_error *error)
{
    tierce_router *router;
    model->selftests = tm_arena_alloc(&model->arena, N_PROMPTS, sizeof *model->selftests);
    for (size_t i = 0; i < N_PROMPTS; i++) {
        model->selftests[i].prompt = tm_arena_string(&model->arena, prompts[i], strlen(prompts[i]));
        model->selftests[i].probability =
            tm_arena_alloc(&model->arena, model->n_tiers, sizeof(double));
    }
    if (tierce_router_adopt(&router, model, error) != TIERCE_OK)
        return false;
    void *memory = tr_new(1, tierce_scratch_size(router));
    tierce_scratch *scratch = tierce_scratch_init(router, memory, error);
    for (size_t i = 0; i < N_PROMPTS; i++) {
        tierce_estimate estimates[TIERCE_MAX_TIERS];
        tierce_part part;
        const tierce_request request = tierce_request_of_prompt(&part, prompts[i], strlen(prompts[i]));
        tierce_estimate_all(router, scratch, &request, estimates, NULL, NULL);
        for (uint32_t t = 0; t < router->model.n_tiers; t++)
            router->model.selftests[i].probability[t] = estimates[t].probability;
    }
    router->model.n_selftests = N_PROMPTS;
    *model = router->model; /* give it back */
    memset(&router->model, 0, sizeof router->model);
    router->model.arena.allocator = model->arena.allocator;
    tierce_router_close(router);
    free(memory);
    return true;
}
