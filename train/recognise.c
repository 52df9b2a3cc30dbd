#include "train/recognise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/memory.h"

#define MIN_RECORDS 20     /* a smaller source has no signature */
#define MIN_SHARE 0.25     /* a candidate stands in this share of some source's records */
#define MAX_CANDIDATES 8192
#define ANYWHERE 0.1       /* share of an unknown source's records that have a feature */
#define UNKNOWN_SHARE 0.05 /* of requests that come from sources never seen */
#define ENOUGH 500.0       /* records that show what a source is like */
#define FLOOR 0.001        /* shares are kept within FLOOR .. 1 - FLOOR */

/* Everything about a subset that signatures are made of. */
typedef struct {
    const tr_dataset *d;
    const uint32_t *records;
    uint32_t n;
    uint32_t n_sources;      /* with a signature */
    uint32_t *source_of;     /* dataset's number of each */
    uint32_t *number;        /* by dataset's source: ours, or UINT32_MAX */
    uint32_t *size;          /* records of each */
    uint32_t n_candidates;
    uint32_t *candidate;     /* index of each */
    double *share;           /* n_sources * n_candidates */
    double *total;           /* sum of shares over sources, per candidate */
    uint64_t *has;           /* n * words: which candidates a record has */
    size_t words;
} survey;

static bool may_tell(unsigned block)
{
    return block != TF_B_SKIP && block != TF_B_LEVEL && block != TF_B_RESULT;
}

static void count_sources(survey *s)
{
    const tr_dataset *d = s->d;
    uint32_t *count = tr_new(d->n_sources, sizeof *count);
    s->number = tr_new(d->n_sources, sizeof *s->number);
    s->size = tr_new(TM_MAX_SOURCES, sizeof *s->size);
    for (uint32_t i = 0; i < s->n; i++)
        count[d->source[s->records[i]]]++;
    memset(s->number, 0xff, d->n_sources * sizeof *s->number);
    while (s->n_sources < TM_MAX_SOURCES) { /* the largest first; ties by order of appearance */
        uint32_t best = UINT32_MAX;
        for (uint32_t k = 0; k < d->n_sources; k++)
            if (count[k] >= MIN_RECORDS && (best == UINT32_MAX || count[k] > count[best]))
                best = k;
        if (best == UINT32_MAX)
            break;
        s->number[best] = s->n_sources;
        s->size[s->n_sources] = count[best];
        s->source_of[s->n_sources++] = best;
        count[best] = 0;
    }
    free(count);
}

static uint32_t source_of(const survey *s, uint32_t i)
{
    return s->number[s->d->source[s->records[i]]];
}

/* Calls each candidate entry of record i's vector. */
#define FOR_ENTRIES(s, i, e)                                                 \
    for (size_t e = (s)->d->start[(s)->records[i]];                          \
         e < (s)->d->start[(s)->records[i] + 1]; e++)                        \
        if (may_tell((s)->d->entry[e].block))

/* slot[index] becomes candidate number + 1, 0 for the others. */
static void find_candidates(survey *s, uint32_t *slot)
{
    const size_t indexes = (size_t)TF_BLOCKS << s->d->spec.bits;
    uint32_t *count = tr_new(indexes, sizeof *count);
    s->candidate = tr_new(MAX_CANDIDATES, sizeof *s->candidate);
    for (uint32_t k = 0; k < s->n_sources; k++) {
        const uint32_t need = (uint32_t)ceil(MIN_SHARE * s->size[k]);
        for (uint32_t i = 0; i < s->n; i++) {
            if (source_of(s, i) != k)
                continue;
            FOR_ENTRIES(s, i, e)
            {
                const uint32_t index = s->d->entry[e].index;
                if (++count[index] == need && !slot[index] && s->n_candidates < MAX_CANDIDATES) {
                    s->candidate[s->n_candidates] = index;
                    slot[index] = ++s->n_candidates;
                }
            }
        }
        for (uint32_t i = 0; i < s->n; i++)
            if (source_of(s, i) == k)
                FOR_ENTRIES(s, i, e)
                count[s->d->entry[e].index] = 0;
    }
    free(count);
}

static void measure_shares(survey *s, const uint32_t *slot)
{
    const uint32_t c = s->n_candidates;
    s->words = (c + 63) / 64;
    s->share = tr_new((size_t)s->n_sources * c, sizeof *s->share);
    s->total = tr_new(c, sizeof *s->total);
    s->has = tr_new(s->n * s->words, sizeof *s->has);
    for (uint32_t i = 0; i < s->n; i++) {
        const uint32_t k = source_of(s, i);
        FOR_ENTRIES(s, i, e)
        {
            const uint32_t at = slot[s->d->entry[e].index];
            if (!at)
                continue;
            s->has[i * s->words + (at - 1) / 64] |= (uint64_t)1 << ((at - 1) & 63);
            if (k != UINT32_MAX)
                s->share[(size_t)k * c + at - 1] += 1;
        }
    }
    for (uint32_t k = 0; k < s->n_sources; k++)
        for (uint32_t j = 0; j < c; j++) {
            double *share = &s->share[(size_t)k * c + j];
            *share = (*share + 0.5) / (s->size[k] + 1.0);
            s->total[j] += *share;
        }
}

static double within(double v)
{
    return v < FLOOR ? FLOOR : v > 1 - FLOOR ? 1 - FLOOR : v;
}

/* Share of candidate j in the sources other than k and `out`, each source counting the same. */
static double elsewhere(const survey *s, uint32_t k, uint32_t out, uint32_t j)
{
    double sum = s->total[j] - s->share[(size_t)k * s->n_candidates + j];
    uint32_t others = s->n_sources - 1;
    if (out != UINT32_MAX) {
        sum -= s->share[(size_t)out * s->n_candidates + j];
        others--;
    }
    return within(others ? sum / others : 0.1);
}

typedef struct {
    uint32_t n, at[TM_SIGNATURE];
    double likely[TM_SIGNATURE], mark[TM_SIGNATURE], lack[TM_SIGNATURE];
    double likely_base, mean, spread;
} signature;

/* The candidates that tell source k best from the others (but `out`): largest Kullback-Leibler
 * divergence of presence. */
static void choose(const survey *s, uint32_t k, uint32_t out, signature *sig)
{
    double gain[TM_SIGNATURE];
    memset(sig, 0, sizeof *sig);
    for (uint32_t j = 0; j < s->n_candidates; j++) {
        const double p = within(s->share[(size_t)k * s->n_candidates + j]);
        const double q = elsewhere(s, k, out, j);
        const double kl = p * log(p / q) + (1 - p) * log((1 - p) / (1 - q));
        uint32_t place = sig->n;
        if (place == TM_SIGNATURE && kl <= gain[place - 1])
            continue;
        place -= place == TM_SIGNATURE;
        for (; place > 0 && kl > gain[place - 1]; place--) {
            gain[place] = gain[place - 1];
            sig->at[place] = sig->at[place - 1];
        }
        gain[place] = kl;
        sig->at[place] = j;
        sig->n += sig->n < TM_SIGNATURE;
    }
    for (uint32_t f = 0; f < sig->n; f++) {
        const double p = within(s->share[(size_t)k * s->n_candidates + sig->at[f]]);
        sig->likely_base += log(1 - p);
        sig->likely[f] = log(p) - log(1 - p);
        sig->mark[f] = log(p / ANYWHERE) / 2;
        sig->lack[f] = p > ANYWHERE ? log((1 - p) / (1 - ANYWHERE)) / 2 : 0;
    }
}

static double likelihood(const survey *s, const signature *sig, uint32_t i)
{
    double sum = sig->likely_base;
    for (uint32_t f = 0; f < sig->n; f++)
        if (s->has[i * s->words + sig->at[f] / 64] >> (sig->at[f] & 63) & 1)
            sum += sig->likely[f];
    return sum;
}

/* Mean over the source's own records of what the marks say. */
static double mean_marks(const survey *s, uint32_t k, const signature *sig)
{
    double sum = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (source_of(s, i) == k)
            for (uint32_t f = 0; f < sig->n; f++)
                sum += s->has[i * s->words + sig->at[f] / 64] >> (sig->at[f] & 63) & 1 ? sig->mark[f] : sig->lack[f];
    return sum / s->size[k];
}

/* Keeps the `most` best features, whose marks then speak for those that are gone: evidence adds up over
 * features, and a gate that was set for whole signatures would take a short one for a stranger's. */
static void shorten(const survey *s, uint32_t k, uint32_t most, signature *sig)
{
    if (sig->n <= most)
        return;
    const double whole = mean_marks(s, k, sig);
    for (; sig->n > most; sig->n--)
        sig->likely_base -= log(1 - within(s->share[(size_t)k * s->n_candidates + sig->at[sig->n - 1]]));
    const double rest = mean_marks(s, k, sig);
    const double factor = rest > 0 && whole > rest ? whole / rest : 1;
    for (uint32_t f = 0; f < sig->n; f++) {
        sig->mark[f] *= factor;
        sig->lack[f] *= factor;
    }
}

static void standardise(const survey *s, uint32_t k, signature *sig)
{
    double sum = 0, square = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (source_of(s, i) == k) {
            const double l = likelihood(s, sig, i);
            sum += l;
            square += l * l;
        }
    sig->mean = sum / s->size[k];
    const double variance = square / s->size[k] - sig->mean * sig->mean;
    sig->spread = sqrt(variance > 0 ? variance : 0) + 0.5;
}

/* ---- the gate ----
 *
 * The coefficients are constants, chosen on random folds and held-out sources of several corpora
 * (train/README.md): the sources at hand are too few to say what a new one looks like. What is
 * learned is what each is measured in: means and spreads of the known sources. */

void tr_set_gate(tm_gate *gate, bool has_sources)
{
    memset(gate, 0, sizeof *gate);
    gate->most = 0.85;
    if (!has_sources) { /* one kind of records: only odd words can tell */
        gate->base = 4;
        gate->vocabulary = 3;
        return;
    }
    gate->base = -2;
    gate->nearest = 2;
    gate->nearness = 1.5;
    gate->evidence = 1.4;
    gate->coverage = 0.7;
    gate->vocabulary = 2.4;
    gate->confidence = 0.8;
    gate->size = 4;
}

void tr_cover_stats(const double *covered, const uint32_t *source, uint32_t n, uint32_t wanted,
                    double *mean, double *spread)
{
    double sum = 0, square = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        if (wanted == UINT32_MAX || source[i] == wanted) {
            sum += covered[i];
            square += covered[i] * covered[i];
            count++;
        }
    *mean = count ? sum / count : 0;
    const double variance = count ? square / count - *mean * *mean : 0;
    *spread = sqrt(variance > 0 ? variance : 0) + 0.02; /* few records: no narrower than this */
}

/* ---- the whole ---- */

static void store(tm_model *m, const survey *s, const signature *sigs)
{
    m->n_sources = s->n_sources;
    m->sources = tm_arena_alloc(&m->arena, s->n_sources, sizeof *m->sources);
    for (uint32_t k = 0; k < s->n_sources; k++) {
        tm_source *to = &m->sources[k];
        const signature *sig = &sigs[k];
        const char *name = s->d->source_name[s->source_of[k]];
        to->name = tm_arena_string(&m->arena, name, strlen(name));
        to->records = s->size[k];
        to->n = sig->n;
        to->level = tm_arena_alloc(&m->arena, m->n_tiers, sizeof *to->level);
        to->likely_base = (float)sig->likely_base;
        to->mean = (float)sig->mean;
        to->spread = (float)sig->spread;
        to->size = s->size[k] < ENOUGH ? (float)log(s->size[k] / ENOUGH) : 0;
        to->prior = (float)log(s->size[k] / (UNKNOWN_SHARE * s->n));
        for (uint32_t f = 0; f < sig->n; f++) {
            to->index[f] = s->candidate[sig->at[f]];
            to->likely[f] = (float)sig->likely[f];
            to->mark[f] = (float)sig->mark[f];
            to->lack[f] = (float)sig->lack[f];
        }
    }
}

void tr_recognise(tm_model *model, const tr_dataset *d, const uint32_t *records, uint32_t n,
                  uint32_t signature_size, uint32_t *source_of_out)
{
    uint32_t numbers[TM_MAX_SOURCES] = {0};
    survey s = {.d = d, .records = records, .n = n, .source_of = numbers};
    uint32_t *slot = tr_new((size_t)TF_BLOCKS << d->spec.bits, sizeof *slot);
    count_sources(&s);
    find_candidates(&s, slot);
    measure_shares(&s, slot);
    free(slot);
    signature *sigs = tr_new(s.n_sources, sizeof *sigs);
    for (uint32_t k = 0; k < s.n_sources; k++) {
        choose(&s, k, UINT32_MAX, &sigs[k]);
        shorten(&s, k, signature_size, &sigs[k]);
        standardise(&s, k, &sigs[k]);
    }
    store(model, &s, sigs);
    if (source_of_out)
        memcpy(source_of_out, numbers, s.n_sources * sizeof *numbers);
    free(sigs);
    free(s.number);
    free(s.size);
    free(s.candidate);
    free(s.share);
    free(s.total);
    free(s.has);
}
