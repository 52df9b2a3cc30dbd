/* The section "TINY" of small files, in place of what WGHT, VOTE and SRCS would hold: used buckets, their weights,
 * the votes and the signatures, through an adaptive range coder with a context for each. A third smaller than
 * zlib makes the same, which at 16 KB is a third of what a model can know (docs/edge.md has the figures).
 *
 *   slots           17 bits
 *   per slot        blocks passed, in unary; gap to the last bucket of the block; is it one that votes?
 *                   a weight per row, its context the row, the block and the weight of the row beside it
 *                   a vote per source, where it votes: its context how large the bucket's votes and the
 *                   source's have been so far
 *   per source      features of the signature, 5 bits; each: is it a slot, and its number; three numbers in
 *                   steps of 1/TM_STEPS
 *
 * Both directions are one walk over the model; an encoding one writes nothing to it. */
#include <string.h>

#include "models/coder.h"
#include "models/format.h"

#define MAX_SLOTS (1u << 16)
#define SLOTS_PER_BYTE 8 /* at most: a gap and the weights of a slot take a bit at least */
#define NEAR 3           /* a neighbour's weight counts as at most this */
#define BLOCK_KINDS 4
#define MARK_KINDS 16
#define INDEX_BITS 28    /* TF_BLOCKS << TF_MAX_BITS is below */
#define NEARS (2 * NEAR + 1)
#define SIZES 5          /* how large votes have been, in classes */

/* Odds of one row's weights. */
typedef struct {
    tm_small_odds weight[NEARS][BLOCK_KINDS];
} row_odds;

typedef struct {
    tm_odds next_block[TF_BLOCKS], voting[TF_BLOCKS], in_slots;
    tm_number_odds gap[TF_BLOCKS];
    tm_small_odds vote[SIZES][SIZES], likely, mark[MARK_KINDS], lack[MARK_KINDS];
    uint32_t beside[TM_MAX_ROWS];     /* the row whose weight says most about this one's; itself: none */
    uint32_t so_far[TM_MAX_SOURCES];  /* sizes of the source's votes, summed */
    row_odds row[];
} tables;

typedef struct {
    tm_coder coder;
    tm_model *m;
    tables *t;
    uint32_t most; /* slots that a section of its length can hold */
    bool reads, bad;
} walk;

/* The same kind of row of the tier before, or the tier's own first row. */
static void set_neighbours(tables *t, const tm_model *m)
{
    for (uint32_t r = 0; r < m->n_rows; r++) {
        t->beside[r] = r ? r - 1 : 0;
        for (uint32_t q = 0; q < r; q++)
            if (m->rows[q].kind == m->rows[r].kind)
                t->beside[r] = q;
    }
}

static unsigned kind_of(unsigned block)
{
    return block == TF_B_WORD ? 0 : block == TF_B_PAIR ? 1 : block == TF_B_SKIP ? 2 : 3;
}

static uint32_t code_index(walk *w, uint32_t s, uint32_t *block, uint32_t *next)
{
    const uint32_t bits = w->m->spec.bits, index = w->reads ? 0 : w->m->weights.index[s];
    while (*block < TF_BLOCKS && tm_code_bit(&w->coder, &w->t->next_block[*block], index >> bits > *block)) {
        ++*block;
        *next = *block << bits;
    }
    if (*block >= TF_BLOCKS) {
        w->bad = true;
        return 0;
    }
    const uint32_t at = *next + tm_code_number(&w->coder, &w->t->gap[*block], index - *next);
    w->bad = w->bad || at >> bits != *block;
    *next = at + 1;
    return at;
}

static void code_weights(walk *w, uint32_t s, uint32_t block)
{
    int8_t *weight = tm_weights_of(&w->m->weights, s);
    for (uint32_t r = 0; r < w->m->n_rows; r++) {
        const int beside = w->t->beside[r] < r ? weight[w->t->beside[r]] : 0;
        const int near = beside < -NEAR ? -NEAR : beside > NEAR ? NEAR : beside;
        const int v = tm_code_small(&w->coder, &w->t->row[r].weight[near + NEAR][kind_of(block)], weight[r]);
        if (w->reads)
            weight[r] = (int8_t)v;
    }
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The i-th bucket that votes. */
static void code_votes(walk *w, uint32_t i)
{
    int8_t *vote = &w->m->votes.weight[(size_t)i * w->m->n_sources];
    uint32_t *of_source = w->t->so_far, sum = 0;
    for (uint32_t k = 0; k < w->m->n_sources; k++) {
        const uint32_t here = k ? least(SIZES - 1, 5 * sum / (2 * (k + 1))) : 2;
        const uint32_t there = least(SIZES - 1, 2 * of_source[k] / (i + 1));
        const int v = tm_code_small(&w->coder, &w->t->vote[here][there], vote[k]);
        const uint32_t size = (uint32_t)(v < 0 ? -v : v);
        if (w->reads)
            vote[k] = (int8_t)v;
        sum += size;
        of_source[k] += size;
    }
}

static bool votes_on(const tm_votes *v, uint32_t i, uint32_t index)
{
    return i < v->n_slots && v->index[i] == index;
}

static void code_slots(walk *w)
{
    tm_weights *weights = &w->m->weights;
    tm_votes *v = &w->m->votes;
    uint32_t block = 0, next = 0, voting = 0, idle = 0;
    for (uint32_t s = 0; s < weights->n_slots && !w->bad; s++) {
        const uint32_t index = code_index(w, s, &block, &next);
        if (w->bad)
            return;
        if (w->reads)
            weights->index[s] = index;
        while (!w->reads && voting + idle < v->n_slots && v->index[voting + idle] < index)
            idle++; /* on a bucket without weights: it is never reached, and left out */
        const unsigned votes = w->m->n_sources && tm_code_bit(&w->coder, &w->t->voting[block],
                                                               !w->reads && votes_on(v, voting + idle, index));
        code_weights(w, s, block);
        if (!votes)
            continue;
        if (w->reads)
            v->index[v->n_slots++] = index;
        code_votes(w, voting + idle);
        voting++;
    }
}

static int steps_of(float v)
{
    const float steps = v * TM_STEPS;
    return steps > 127 ? 127 : steps < -127 ? -127 : (int)(steps < 0 ? steps - 0.5f : steps + 0.5f);
}

static float code_steps(walk *w, tm_small_odds *odds, float *v)
{
    const float got = (float)tm_code_small(&w->coder, odds, steps_of(*v)) / TM_STEPS;
    if (w->reads)
        *v = got;
    return got;
}

static unsigned slot_bits(const tm_weights *weights)
{
    unsigned bits = 0;
    while (weights->n_slots >> bits)
        bits++;
    return bits;
}

static uint32_t slot_of(const tm_weights *weights, uint32_t index)
{
    uint32_t low = 0, high = weights->n_slots;
    while (low < high) {
        const uint32_t mid = (low + high) / 2;
        if (weights->index[mid] < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low < weights->n_slots && weights->index[low] == index ? low : UINT32_MAX;
}

/* The bucket of a signature's feature: most are used ones. */
static void code_feature(walk *w, uint32_t *index)
{
    const tm_weights *weights = &w->m->weights;
    const uint32_t slot = w->reads ? 0 : slot_of(weights, *index);
    uint32_t v;
    if (tm_code_bit(&w->coder, &w->t->in_slots, slot != UINT32_MAX)) {
        const uint32_t at = tm_code_even(&w->coder, slot_bits(weights), slot);
        w->bad = w->bad || at >= weights->n_slots;
        v = w->bad ? 0 : weights->index[at];
    } else {
        v = tm_code_even(&w->coder, INDEX_BITS, *index);
        w->bad = w->bad || v >= (uint64_t)TF_BLOCKS << w->m->spec.bits;
    }
    if (w->reads)
        *index = v;
}

static void code_signature(walk *w, tm_source *s)
{
    tables *t = w->t;
    const uint32_t n = tm_code_even(&w->coder, 5, s->n);
    w->bad = w->bad || n > TM_SIGNATURE;
    for (uint32_t f = 0; f < n && !w->bad; f++) {
        code_feature(w, &s->index[f]);
        const int likely = (int)code_steps(w, &t->likely, &s->likely[f]) + MARK_KINDS / 2;
        const int kind = likely < 0 ? 0 : likely >= MARK_KINDS ? MARK_KINDS - 1 : likely;
        code_steps(w, &t->mark[kind], &s->mark[f]);
        code_steps(w, &t->lack[kind], &s->lack[f]);
    }
    if (w->reads)
        s->n = w->bad ? 0 : n;
}

/* Room for what the section says that there is. */
static bool make_room(walk *w, uint32_t n)
{
    tm_model *m = w->m;
    m->votes.index = tm_arena_alloc(&m->arena, n, sizeof *m->votes.index);
    m->votes.weight = tm_arena_alloc(&m->arena, n, m->n_sources);
    return tm_weights_new(m, n) && m->votes.index && m->votes.weight;
}

static bool all(walk *w)
{
    tm_weights *weights = &w->m->weights;
    const uint32_t n = tm_code_even(&w->coder, 17, weights->n_slots);
    w->bad = n >= MAX_SLOTS || n > w->most; /* before anything of that size is allocated */
    if (!w->bad && w->reads && !make_room(w, n))
        return false;
    if (!w->bad)
        code_slots(w);
    for (uint32_t k = 0; k < w->m->n_sources && !w->bad; k++)
        code_signature(w, &w->m->sources[k]);
    return true;
}

static tierce_status start(walk *w, tm_model *m)
{
    const tierce_allocator *a = &m->arena.allocator;
    const size_t size = sizeof *w->t + m->n_rows * sizeof *w->t->row;
    w->m = m;
    w->t = a->alloc(a->context, size);
    if (!w->t)
        return TIERCE_NOMEM;
    memset(w->t, 0, size);
    set_neighbours(w->t, m);
    return TIERCE_OK;
}

static void stop(walk *w)
{
    const tierce_allocator *a = &w->m->arena.allocator;
    a->release(a->context, w->t);
}

tierce_status tm_read_tiny(tm_reader *r, tm_model *m)
{
    walk w = {.reads = true, .most = r->len > MAX_SLOTS ? MAX_SLOTS : (uint32_t)r->len * SLOTS_PER_BYTE};
    if (m->weights.n_slots || m->votes.n_slots)
        return TIERCE_CORRUPT; /* it stands in their place */
    for (uint32_t k = 0; k < m->n_sources; k++)
        if (m->sources[k].n)
            return TIERCE_CORRUPT;
    if (start(&w, m) != TIERCE_OK)
        return TIERCE_NOMEM;
    w.coder = tm_coder_from(r);
    const bool room = all(&w);
    stop(&w);
    m->tiny = true;
    return !room ? TIERCE_NOMEM : w.bad || r->failed ? TIERCE_CORRUPT : TIERCE_OK;
}

void tm_write_tiny(tm_writer *to, const tm_model *m)
{
    const size_t at = to->len;
    walk w = {.coder = tm_coder_into(to), .most = MAX_SLOTS};
    if (start(&w, (tm_model *)(uintptr_t)m) != TIERCE_OK) { /* which an encoding walk leaves alone */
        to->failed = true;
        return;
    }
    all(&w);
    tm_coder_end(&w.coder);
    stop(&w);
    to->failed = to->failed || w.bad || m->weights.n_slots > (to->len - at) * SLOTS_PER_BYTE;
}
