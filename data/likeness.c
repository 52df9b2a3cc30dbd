#include "data/likeness.h"

#include <stdlib.h>
#include <string.h>

#include "data/hash_map.h"

/* ---- the same ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Text with its white space made even, and an end mark that no text holds. */
static uint64_t hash_text(uint64_t h, tierce_span text)
{
    size_t from = 0, end = text.len;
    while (end > 0 && is_space(text.data[end - 1]))
        end--;
    while (from < end && is_space(text.data[from]))
        from++;
    for (size_t i = from; i < end; i++) {
        const bool space = is_space(text.data[i]);
        if (space && is_space(text.data[i - 1]))
            continue;
        h = (h ^ (space ? ' ' : (uint8_t)text.data[i])) * 0x100000001b3u;
    }
    return (h ^ 0x100) * 0x100000001b3u;
}

uint64_t td_request_hash(const tierce_request *request)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < request->n_parts; i++) {
        const tierce_part *p = &request->parts[i];
        h = (h ^ (0x200u + 16u * (unsigned)p->role + (unsigned)p->kind)) * 0x100000001b3u;
        h = hash_text(hash_text(h, p->name), p->text);
    }
    for (size_t i = 0; i < request->n_tools; i++) {
        const tierce_tool *t = &request->tools[i];
        h = (h ^ 0x400u) * 0x100000001b3u;
        h = hash_text(hash_text(hash_text(h, t->name), t->description), t->parameters);
    }
    return td_hash_bytes(0, &h, sizeof h);
}

/* ---- nearly ---- */

/* Words: runs of letters and digits, bytes >= 0x80 are letters. */
static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

typedef struct {
    uint64_t times[TD_MINIMA], plus[TD_MINIMA]; /* the hash functions: (a h + b) >> 32 */
    uint32_t least[TD_MINIMA];
    uint64_t last[3]; /* hashes of the latest words */
    uint64_t words;
} signer;

/* splitmix64's finisher */
static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
    v = (v ^ v >> 27) * 0x94d049bb133111ebu;
    return v ^ v >> 31;
}

static void start(signer *s)
{
    memset(s, 0, sizeof *s);
    memset(s->least, 0xff, sizeof s->least);
    for (uint64_t i = 0; i < TD_MINIMA; i++) {
        s->times[i] = mix((2 * i + 1) * 0x9e3779b97f4a7c15u) | 1;
        s->plus[i] = mix((2 * i + 2) * 0x9e3779b97f4a7c15u);
    }
}

static void take_run(signer *s, uint64_t h)
{
    for (unsigned i = 0; i < TD_MINIMA; i++) {
        const uint32_t v = (uint32_t)((h * s->times[i] + s->plus[i]) >> 32);
        s->least[i] = v < s->least[i] ? v : s->least[i];
    }
}

static uint64_t run_hash(const signer *s)
{
    const uint64_t n = s->words < 3 ? s->words : 3;
    uint64_t h = n;
    for (uint64_t i = 0; i < n; i++)
        h = mix(h ^ s->last[(s->words - n + i) % 3]);
    return h;
}

static void take_text(signer *s, tierce_span text)
{
    uint64_t h = 0;
    bool inside = false;
    for (size_t i = 0; i <= text.len; i++) {
        const uint8_t c = i < text.len ? (uint8_t)text.data[i] : ' ';
        if (is_word(c)) {
            h = ((inside ? h : 0xcbf29ce484222325u) ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * 0x100000001b3u;
            inside = true;
        } else if (inside) {
            inside = false;
            s->last[s->words++ % 3] = h ^ h >> 31;
            if (s->words >= 3)
                take_run(s, run_hash(s));
        }
    }
}

void td_sign(td_signature *signature, const tierce_request *request)
{
    signer s;
    start(&s);
    for (size_t i = 0; i < request->n_parts; i++)
        if (request->parts[i].role != TIERCE_ROLE_SYSTEM)
            take_text(&s, request->parts[i].text);
    signature->empty = !s.words;
    if (s.words == 1 || s.words == 2) /* too short for a run: its words are one */
        take_run(&s, run_hash(&s));
    for (unsigned i = 0; i < TD_MINIMA; i++) /* two minima that differ keep differing, but for 1 in 65536 */
        signature->minimum[i] = (uint16_t)(s.least[i] * 0x9e3779b1u >> 16);
}

double td_likeness(const td_signature *a, const td_signature *b)
{
    unsigned same = 0;
    for (unsigned i = 0; i < TD_MINIMA; i++)
        same += a->minimum[i] == b->minimum[i];
    return a->empty || b->empty ? 0 : (double)same / TD_MINIMA;
}

/* ---- pairs ---- */

#define BANDS 16
#define ROWS (TD_MINIMA / BANDS)
#define MOST 500

typedef struct {
    uint64_t hash;
    size_t at;
} in_band;

static int by_hash(const void *a, const void *b)
{
    const in_band *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static bool alike(const td_signature *a, const td_signature *b, double least)
{
    return a->tag != b->tag && a->group != b->group && td_likeness(a, b) >= least;
}

/* One bucket: every member that has no like yet looks for one. */
static void look_through(const td_signature *s, const in_band *bucket, size_t n, double least, bool *found,
                         td_likes *likes)
{
    for (size_t i = 0; i < n; i++) {
        const size_t a = bucket[i].at;
        for (size_t k = 0; k < n && !found[a]; k++) {
            const size_t b = bucket[k].at;
            if (k == MOST) {
                likes->unchecked += n - MOST;
                break;
            }
            if (!alike(&s[a], &s[b], least))
                continue;
            if (!likes->alike) {
                likes->first = b < a ? b : a;
                likes->with = b < a ? a : b;
            }
            likes->alike += found[b] ? 1 : 2;
            found[a] = found[b] = true;
        }
    }
}

bool td_find_alike(const td_signature *s, size_t n, double least, td_likes *likes)
{
    in_band *band = malloc((n ? n : 1) * sizeof *band);
    bool *found = calloc(n ? n : 1, sizeof *found);
    memset(likes, 0, sizeof *likes);
    for (unsigned b = 0; band && found && b < BANDS; b++) {
        size_t m = 0;
        for (size_t i = 0; i < n; i++)
            if (!s[i].empty)
                band[m++] = (in_band){td_hash_bytes(b, &s[i].minimum[b * ROWS], ROWS * sizeof(uint16_t)), i};
        qsort(band, m, sizeof *band, by_hash);
        for (size_t from = 0, to; from < m; from = to) {
            for (to = from + 1; to < m && band[to].hash == band[from].hash; to++)
                ;
            if (to - from > 1)
                look_through(s, band + from, to - from, least, found, likes);
        }
    }
    const bool good = band && found;
    free(band);
    free(found);
    return good;
}
