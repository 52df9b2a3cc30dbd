/* Runs the extractors over the zones of a request; see extract.h for the idea. */
#include "features/extract.h"

#include <math.h>

#include "features/bytes.h"
#include "features/clones.h"
#include "features/extractors.h"
#ifdef TF_AVX512
#include <immintrin.h>
#endif

static const tf_extractor tf_extractors[] = {
    {"text", 1, NULL, tf_text_feed, NULL, TF_HELP("words and pairs of every zone, hashed")},
    {"shape", 1, NULL, tf_shape_feed, tf_shape_finish, TF_HELP("size and texture of the ask")},
    {"question", 1, NULL, tf_question_feed, tf_question_finish, TF_HELP("what the ask wants, and how")},
    {"code", 1, NULL, tf_code_feed, tf_code_finish, TF_HELP("how much code, and which")},
    {"tools", 1, tf_tools_begin, tf_tools_feed, tf_tools_finish, TF_HELP("tools on offer, calls, results")},
    {"turns", 1, NULL, NULL, tf_turns_finish, TF_HELP("the conversation")},
};
#define N_EXTRACTORS (sizeof tf_extractors / sizeof *tf_extractors)

size_t tf_extractor_count(void)
{
    return N_EXTRACTORS;
}

const char *tf_extractor_name(size_t i)
{
    return i < N_EXTRACTORS ? tf_extractors[i].name : "";
}

uint32_t tf_extractor_version(size_t i)
{
    return i < N_EXTRACTORS ? tf_extractors[i].version : 0;
}

const char *tf_extractor_help(size_t i)
{
    return i < N_EXTRACTORS ? tf_extractors[i].help : "";
}

static const struct {
    const char *name, *help;
    bool fixed_unit;
} blocks[TF_BLOCKS] = {
#define BLOCK_ROW(NAME, name, fixed, help) {name, TF_HELP(help), fixed},
    TF_BLOCK_LIST(BLOCK_ROW)
#undef BLOCK_ROW
};

const char *tf_block_name(unsigned block)
{
    return block < TF_BLOCKS ? blocks[block].name : "";
}

const char *tf_block_help(unsigned block)
{
    return block < TF_BLOCKS ? blocks[block].help : "";
}

/* ---- spec ---- */

void tf_spec_default(tf_spec *spec)
{
    memset(spec, 0, sizeof *spec);
    spec->bits = TF_DEFAULT_BITS;
    spec->zone_bytes = 1u << 16;
    spec->max_parts = 4096;
    spec->max_tools = 1024;
    spec->max_entries = 1u << 17;
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        spec->scale[b] = 1.0f;
    spec->scale[TF_B_LEVEL] = 0.125f; /* levels are eighths of an octave */
}

const char *tf_spec_check(const tf_spec *spec)
{
    if (spec->bits < TF_MIN_BITS || spec->bits > TF_MAX_BITS)
        return "feature bits out of range (10..22)";
    if (spec->zone_bytes < 1024 || spec->zone_bytes > 1u << 26)
        return "bytes read of a zone out of range (1024..67108864)";
    if (spec->max_parts < 4 || spec->max_parts > 1u << 20 || spec->max_tools < 1 ||
        spec->max_tools > 1u << 20)
        return "parts or tools read out of range";
    if (spec->max_entries < 1024 || spec->max_entries > 1u << 22)
        return "entries of a vector out of range (1024..4194304)";
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        if (!(spec->scale[b] >= 0.0f && spec->scale[b] <= 1000.0f))
            return "scale of a block out of range (0..1000)";
    return NULL;
}

bool tf_features_open(tf_features *features, const tf_spec *spec)
{
    if (tf_spec_check(spec) || !tf_lexicon_build(&features->lexicon))
        return false;
    features->spec = *spec;
    tf_cuts_fill(&features->cuts);
    for (unsigned id = 0; id < TF_N_COUNT; id++) {
        const char *name = tf_named_name(id);
        features->named_hash[id] = tf_hash_mix(tf_hash_bytes(name, strlen(name)));
    }
    return true;
}

/* ---- state ---- */

static size_t round_up(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static size_t seen_bytes(const tf_spec *spec)
{
    return ((size_t)TF_BLOCKS << spec->bits) / 8;
}

size_t tf_state_size(const tf_spec *spec)
{
    return round_up(sizeof(tf_state)) + round_up(seen_bytes(spec)) +
           round_up((size_t)spec->max_entries * sizeof(tf_entry));
}

tf_state *tf_state_init(void *memory, const tf_spec *spec)
{
    char *at = memory;
    tf_state *state = memory;
    memset(state, 0, sizeof *state);
    at += round_up(sizeof *state);
    state->seen = (uint64_t *)(void *)at;
    memset(state->seen, 0, seen_bytes(spec));
    at += round_up(seen_bytes(spec));
    state->vector.at = (tf_entry *)(void *)at;
    return state;
}

#define MANY_ENTRIES 8192 /* from here on wiping the whole bitmap is cheaper than entry by entry */

#define AHEAD 32 /* entries */

static void wipe(uint64_t *seen, const tf_entry *at, uint32_t n)
{
    uint32_t i = 0;
#if defined(__GNUC__) && !defined(__wasm__) /* what is not in the first cache comes sooner than one store after the other would ask for it */
    for (; i + AHEAD <= n; i += 4) {
        for (uint32_t k = 0; k < 4; k++)
            __builtin_prefetch(&seen[at[i + AHEAD - 4 + k].index >> 6], 1);
        seen[at[i].index >> 6] = seen[at[i + 1].index >> 6] = seen[at[i + 2].index >> 6] = seen[at[i + 3].index >> 6] = 0;
    }
#endif
    for (; i + 4 <= n; i += 4)
        seen[at[i].index >> 6] = seen[at[i + 1].index >> 6] = seen[at[i + 2].index >> 6] = seen[at[i + 3].index >> 6] = 0;
    for (; i < n; i++)
        seen[at[i].index >> 6] = 0;
}

/* The slots are two kilobytes, and all zero where no tool was on offer. */
static void wipe_tools(tf_tools_state *t)
{
    if (t->n_name_words) {
        memset(t->name_words, 0, sizeof t->name_words);
        memset(t->used, 0, sizeof t->used);
    }
    memset(&t->n_name_words, 0, sizeof *t - offsetof(tf_tools_state, n_name_words));
}

static void reset(tf_state *state, const tf_features *features, const tierce_request *request)
{
    tf_vector *v = &state->vector;
    if (v->n > MANY_ENTRIES)
        memset(state->seen, 0, seen_bytes(&features->spec));
    else
        wipe(state->seen, v->at, v->n);
    v->n = 0;
    v->truncated = false;
    memset(v->count, 0, sizeof v->count);
    memset(v->values, 0xff, sizeof v->values); /* TF_ABSENT */
    memset(state->zone, 0, sizeof state->zone);
    memset(&state->shape, 0, sizeof state->shape);
    memset(&state->question, 0, sizeof state->question);
    memset(&state->code, 0, sizeof state->code);
    wipe_tools(&state->tools);
    state->features = features;
    state->request = request;
    state->room = features->spec.max_entries - 2 * TF_N_COUNT;
}

/* ---- zones ---- */

/* Index of the message that asks: the last one of a person with text, or UINT32_MAX. */
static uint32_t ask_message(const tierce_request *request)
{
    for (size_t i = request->n_parts; i-- > 0;) {
        const tierce_part *p = &request->parts[i];
        if (p->role == TIERCE_ROLE_USER && p->kind == TIERCE_PART_TEXT)
            return p->message;
    }
    return UINT32_MAX;
}

static tf_zone zone_of(const tierce_part *part, uint32_t ask)
{
    if (part->kind == TIERCE_PART_RESULT || part->role == TIERCE_ROLE_TOOL)
        return TF_ZONE_RESULT;
    if (part->role == TIERCE_ROLE_SYSTEM)
        return TF_ZONE_SYSTEM;
    return part->role == TIERCE_ROLE_USER && part->message == ask ? TF_ZONE_ASK : TF_ZONE_EARLIER;
}

#ifdef TF_AVX512
/* As below: a word's classes are a mask of the counts that it adds to. */
TF_AVX512 static void count_classes_512(uint32_t *classes, const tf_tokens *t)
{
    const __mmask16 rest = (1u << (TF_LEX_COUNT - 16)) - 1;
    const __m512i one = _mm512_set1_epi32(1);
    __m512i low = _mm512_loadu_si512(classes), high = _mm512_maskz_loadu_epi32(rest, classes + 16);
    for (uint32_t k = 0; k < t->n_known; k++) {
        const uint32_t c = t->classes[TF_BACK + t->known[k]];
        low = _mm512_mask_add_epi32(low, (__mmask16)c, low, one);
        high = _mm512_mask_add_epi32(high, (__mmask16)(c >> 16), high, one);
    }
    _mm512_storeu_si512(classes, low);
    _mm512_mask_storeu_epi32(classes + 16, rest, high);
}
_Static_assert(TF_LEX_COUNT > 16 && TF_LEX_COUNT < 32, "count_classes_512 has two vectors of counts");
#endif

static void count_tokens(tf_zone_totals *zone, const tf_tokens *t)
{
    zone->words += t->words;
    zone->word_bytes += t->word_bytes;
    zone->numbers += t->numbers;
    zone->tokens += t->n;
#ifdef TF_AVX512
    if (tf_has_avx512()) {
        count_classes_512(zone->classes, t);
        return;
    }
#endif
    for (uint32_t k = 0; k < t->n_known; k++)
        for (uint32_t left = t->classes[TF_BACK + t->known[k]]; left; left &= left - 1)
            zone->classes[tf_lowest(left)]++;
}

/* Scans one piece of text and feeds the extractors. */
static void feed_segment(tf_state *state, tf_zone zone, const char *text, size_t len)
{
    tf_zone_totals *totals = &state->zone[zone];
    tf_scan *scan = &state->scan;
    const tf_chunk chunk = {&scan->tokens, zone};
    tf_scan_start(scan, text, len, &state->features->lexicon);
    while (tf_scan_next(scan) > 0) {
        count_tokens(totals, &scan->tokens);
        for (size_t i = 0; i < N_EXTRACTORS; i++)
            if (tf_extractors[i].feed)
                tf_extractors[i].feed(state, &chunk);
    }
    totals->segments++;
    totals->lines += (uint32_t)(scan->lines > UINT32_MAX / 2 ? UINT32_MAX / 2 : scan->lines) + (len > 0);
    totals->marks = totals->tokens - totals->words - totals->numbers;
    if (scan->longest_line > totals->longest_line)
        totals->longest_line = scan->longest_line;
}

/* Feeds the bytes of a text that lie inside the zone's head or tail; *done counts the zone's bytes
 * before it. Head and tail meet where the zone is within its cap. */
static void feed_capped(tf_state *state, tf_zone zone, tierce_span text, uint64_t *done)
{
    const uint64_t cap = state->features->spec.zone_bytes, total = state->zone[zone].bytes;
    const uint64_t from = *done, to = from + text.len;
    *done = to;
    if (!text.len)
        return;
    if (total <= cap) {
        feed_segment(state, zone, text.data, text.len);
        return;
    }
    const uint64_t head = cap / 4 * 3, tail = total - cap / 4;
    state->vector.truncated = true;
    if (from < head)
        feed_segment(state, zone, text.data, (size_t)((to < head ? to : head) - from));
    if (to > tail) {
        const uint64_t start = from > tail ? from : tail;
        feed_segment(state, zone, text.data + (start - from), (size_t)(to - start));
    }
}

/* Whether part i is read: all of them, or head and tail of very many. */
static bool part_read(const tf_spec *spec, const tierce_request *request, size_t i)
{
    return request->n_parts <= spec->max_parts || i < spec->max_parts / 4 ||
           i >= request->n_parts - (spec->max_parts - spec->max_parts / 4);
}

static void feed_parts(tf_state *state, tf_zone zone, uint32_t ask)
{
    const tierce_request *request = state->request;
    const tf_spec *spec = &state->features->spec;
    uint64_t done = 0;
    for (size_t i = 0; i < request->n_parts; i++) {
        const tierce_part *part = &request->parts[i];
        if (!part_read(spec, request, i) || zone_of(part, ask) != zone)
            continue;
        if (part->kind == TIERCE_PART_CALL)
            feed_capped(state, zone, part->name, &done);
        feed_capped(state, zone, part->text, &done);
    }
}

static size_t tools_read(const tf_state *state)
{
    const size_t cap = state->features->spec.max_tools;
    return state->request->n_tools < cap ? state->request->n_tools : cap;
}

static void feed_tools(tf_state *state)
{
    uint64_t done = 0;
    for (size_t i = 0, n = tools_read(state); i < n; i++) {
        const tierce_tool *tool = &state->request->tools[i];
        feed_capped(state, TF_ZONE_TOOLS, tool->name, &done);
        feed_capped(state, TF_ZONE_TOOLS, tool->description, &done);
        feed_capped(state, TF_ZONE_TOOLS, tool->parameters, &done);
    }
}

/* Bytes of every zone, before anything is read: the caps need them. */
static void measure(tf_state *state, uint32_t ask)
{
    const tierce_request *request = state->request;
    const tf_spec *spec = &state->features->spec;
    for (size_t i = 0; i < request->n_parts; i++) {
        const tierce_part *part = &request->parts[i];
        tf_zone_totals *zone = &state->zone[zone_of(part, ask)];
        if (part_read(spec, request, i))
            zone->bytes += part->text.len + (part->kind == TIERCE_PART_CALL ? part->name.len : 0);
        else
            state->vector.truncated = true;
    }
    for (size_t i = 0, n = tools_read(state); i < n; i++) {
        const tierce_tool *tool = &request->tools[i];
        state->zone[TF_ZONE_TOOLS].bytes +=
            tool->name.len + tool->description.len + tool->parameters.len;
    }
    if (request->n_tools > spec->max_tools)
        state->vector.truncated = true;
}

/* ---- the whole ---- */

const uint64_t *tf_seen(const tf_state *state)
{
    return state->seen;
}

double tf_unit(const tf_spec *spec, const tf_vector *vector, unsigned block)
{
    const double scale = (double)spec->scale[block];
    if (blocks[block].fixed_unit || !vector->count[block])
        return scale;
    return scale / sqrt((double)vector->count[block]);
}

const tf_vector *tf_extract(const tf_features *features, tf_state *state,
                            const tierce_request *request, tf_namer namer, void *context)
{
    reset(state, features, request);
    state->namer = namer;
    state->namer_context = context;
    const uint32_t ask = ask_message(request);
    measure(state, ask);
    for (size_t i = 0; i < N_EXTRACTORS; i++)
        if (tf_extractors[i].begin)
            tf_extractors[i].begin(state);
    feed_parts(state, TF_ZONE_ASK, ask);
    feed_parts(state, TF_ZONE_EARLIER, ask);
    feed_parts(state, TF_ZONE_SYSTEM, ask);
    feed_tools(state);
    feed_parts(state, TF_ZONE_RESULT, ask);
    for (size_t i = 0; i < N_EXTRACTORS; i++)
        if (tf_extractors[i].finish)
            tf_extractors[i].finish(state);
    tf_emit_named(state);
    return &state->vector;
}
