/* Features: what is frozen, the arithmetic of cuts, and the text blocks against a second extractor that
 * works on whole texts. Named features are checked by stanzas: tests/data/features.stanza. */
#include "tests/unit/unit.h"

#include <math.h>

#include "features/extract.h"
#include "features/hash.h"
#include "tests/unit/slow_scan.h"

/* ---- frozen: the version table ---- */

static void version_table(void **unused)
{
    static const struct {
        const char *name;
        uint32_t version;
    } rows[] = {{"text", 1}, {"shape", 1}, {"question", 1}, {"code", 1}, {"tools", 1}, {"turns", 1}};
    static const char *const blocks[] = {"word",  "pair",   "skip",  "earlier", "system",
                                         "tools", "result", "named", "level"};
    (void)unused;
    assert_int_equal(tf_extractor_count(), sizeof rows / sizeof *rows);
    for (size_t i = 0; i < tf_extractor_count(); i++) {
        assert_string_equal(tf_extractor_name(i), rows[i].name);
        assert_int_equal(tf_extractor_version(i), rows[i].version);
        assert_true(strlen(tf_extractor_help(i)) > 0);
    }
    assert_int_equal(TF_BLOCKS, sizeof blocks / sizeof *blocks);
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        assert_string_equal(tf_block_name(b), blocks[b]);
    assert_int_equal(TF_N_COUNT, 91);
}

/* Two named features with a bucket in common cannot be told apart by a model. Where it happens today, it
 * is frozen with the extractors' versions, so it is written down; a newcomer must not add to the list. */
static void named_buckets_are_apart(void **unused)
{
    static const char *const known[] = {
        "shape.bytes>=128 shape.digits>=300",
        "code.calls>=8 question.proof>=49152",
        "code.fault_words>=32768 question.steps>=0",
        "code.paths>=12 tools.choice>=2",
        "code.paths>=1024 code.snake_case>=65536",
        "code.markup>=2 tools.results>=256",
        "question.formulae>=768 turns.last_role>=2",
        "question.blanks>=1024 question.wh_words>=128",
        "question.options>=131072 turns.system_bytes>=4",
        "question.option_length>=16384 tools.results>=768"};
    static struct {
        uint32_t index;
        char name[60];
    } at[TF_N_COUNT * 40];
    size_t n = 0, clashes = 0;
    (void)unused;
    for (unsigned id = 0; id < TF_N_COUNT; id++) {
        const uint32_t hash = tf_hash_mix(tf_hash_bytes(tf_named_name(id), strlen(tf_named_name(id))));
        const tf_cut cut = tf_named_cut(id);
        const uint32_t most = cut == TF_CUT_FLAG    ? 1
                              : cut == TF_CUT_SHARE ? 18
                              : cut == TF_CUT_KIND  ? 16
                                                    : tf_bucket(cut, 1u << 17);
        for (uint32_t b = 0; b <= most; b++, n++) {
            at[n].index = tf_hash_mix(hash + (b + 1) * 0x9e3779b1u) >> (32 - TF_DEFAULT_BITS);
            snprintf(at[n].name, sizeof at[n].name, "%s>=%u", tf_named_name(id), tf_bucket_floor(cut, b));
            for (size_t k = 0; k < n; k++) {
                char pair[130];
                size_t w = 0;
                if (at[k].index != at[n].index)
                    continue;
                const bool swap = strcmp(at[k].name, at[n].name) > 0;
                snprintf(pair, sizeof pair, "%s %s", at[swap ? n : k].name, at[swap ? k : n].name);
                while (w < sizeof known / sizeof *known && strcmp(known[w], pair))
                    w++;
                if (w == sizeof known / sizeof *known)
                    fail_msg("%s share a bucket: name the newcomer otherwise", pair);
                clashes++;
            }
        }
    }
    assert_int_equal(clashes, sizeof known / sizeof *known);
    for (unsigned a = 0; a < TF_N_COUNT; a++)
        for (unsigned b = 0; b < a; b++) {
            const char *p = tf_named_name(a), *q = tf_named_name(b);
            assert_string_not_equal(p, q);
            assert_int_not_equal(tf_hash_mix(tf_hash_mix(tf_hash_bytes(p, strlen(p)))) >> (32 - TF_DEFAULT_BITS),
                                 tf_hash_mix(tf_hash_mix(tf_hash_bytes(q, strlen(q)))) >> (32 - TF_DEFAULT_BITS));
        }
}

/* ---- cuts ---- */

/* Smallest values of the buckets, by the words of features/named.h. */
static size_t slow_cuts(tf_cut cut, uint64_t *at)
{
    static const uint64_t shares[] = {0,   1,   5,   10,  20,  40,  60,  80,  100, 150,
                                      200, 250, 300, 400, 500, 600, 700, 800, 900};
    size_t n = 0;
    if (cut == TF_CUT_SHARE) {
        memcpy(at, shares, sizeof shares);
        return sizeof shares / sizeof *shares;
    }
    if (cut == TF_CUT_FLAG || cut == TF_CUT_KIND) {
        while (n < (cut == TF_CUT_FLAG ? 2 : 64)) {
            at[n] = n;
            n++;
        }
        return n;
    }
    at[n++] = 0;
    at[n++] = 1;
    for (uint64_t octave = 2; octave < (uint64_t)1 << 32; octave *= 2) {
        at[n++] = octave;
        at[n++] = octave + octave / 2;
    }
    return n;
}

static void buckets_at_every_boundary(void **unused)
{
    uint64_t at[80];
    (void)unused;
    for (int c = TF_CUT_SIZE; c <= TF_CUT_KIND; c++) {
        const size_t n = slow_cuts((tf_cut)c, at);
        assert_true(n <= 64); /* a bucket is 0..63 */
        for (size_t b = 0; b < n; b++) {
            assert_int_equal(tf_bucket((tf_cut)c, (uint32_t)at[b]), b);
            assert_int_equal(tf_bucket_floor((tf_cut)c, (uint32_t)b), at[b]);
            if (at[b])
                assert_int_equal(tf_bucket((tf_cut)c, (uint32_t)at[b] - 1), b - 1);
            if (b + 1 == n || at[b + 1] > at[b] + 1)
                assert_int_equal(tf_bucket((tf_cut)c, (uint32_t)at[b] + 1), b);
        }
        assert_int_equal(tf_bucket((tf_cut)c, UINT32_MAX - 1), n - 1);
    }
}

/* level is 8 log2(1 + v) rounded down: 2^level <= (1 + v)^8 < 2^(level + 1). */
static void log_levels(void **unused)
{
    uint64_t state = 3;
    (void)unused;
    for (uint32_t k = 0; k < 400000; k++) {
        const uint32_t v = k < 200000 ? k : k < 200033 ? (uint32_t)(((uint64_t)1 << (k - 200000)) - 1) : (uint32_t)any(&state);
        const long double real = 8 * log2l((long double)v + 1);
        const uint32_t level = tf_log_level(v);
        if (level > real + 1e-12L || level + 1 < real - 3e-8L)
            fail_msg("level of %u is %u, 8 log2(1 + v) is %.12Lf", v, level, real);
    }
    assert_int_equal(tf_log_level(0), 0);
    assert_int_equal(tf_log_level(1), 8);
    assert_int_equal(tf_log_level(UINT32_MAX), 256);
}

/* ---- a second extractor of text blocks ---- */

enum { SLOW_BITS = 14, INDEXES = TF_BLOCKS << SLOW_BITS };

typedef struct {
    const tf_spec *spec;
    uint8_t seen[INDEXES];
    uint32_t count[TF_BLOCKS];
    bool truncated;
} slow_vector;

static uint32_t slow_mix(uint32_t h)
{
    h = (h ^ h >> 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return h ^ h >> 16;
}

static uint32_t slow_join(uint32_t a, uint32_t b)
{
    return slow_mix(a * 0x9e3779b1u + 0x7f4a7c15u) ^ b * 0x85ebca77u;
}

static void slow_emit(slow_vector *v, unsigned block, uint32_t hash)
{
    uint8_t *seen = &v->seen[(block << SLOW_BITS) + (slow_mix(hash) >> (32 - SLOW_BITS))];
    v->count[block] += !*seen;
    *seen = 1;
}

/* One run of bytes that is read without a gap. */
static void slow_segment(slow_vector *v, tf_zone zone, const uint8_t *text, size_t len)
{
    static const unsigned other[TF_ZONES] = {0, TF_B_EARLIER, TF_B_SYSTEM, TF_B_TOOLS, TF_B_RESULT};
    uint32_t *hash = calloc(len + 1, sizeof *hash);
    size_t n = 0;
    for (size_t at = 0; at < len;) {
        uint8_t kind;
        if (is_space(text[at])) {
            at++;
            continue;
        }
        const size_t size = slow_length(text + at, text + len, &kind);
        hash[n++] = kind == TF_FENCE ? slow_hash((const uint8_t *)"```", 3) : slow_hash(text + at, size);
        at += size;
    }
    for (size_t i = 0; i < n; i++) {
        slow_emit(v, zone == TF_ZONE_ASK ? TF_B_WORD : other[zone], hash[i]);
        if (i > 0)
            slow_emit(v, zone == TF_ZONE_ASK ? TF_B_PAIR : other[zone], slow_join(hash[i - 1], hash[i]));
        if (i > 1 && zone == TF_ZONE_ASK)
            slow_emit(v, TF_B_SKIP, slow_join(hash[i - 2] ^ 0x5bd1e995u, hash[i]));
    }
    free(hash);
}

typedef struct {
    tierce_span span[600];
    size_t n;
} span_list;

static void add_span(span_list *list, tierce_span span)
{
    list->span[list->n++] = span;
}

/* Bytes before 3/4 of the cap and bytes of the last quarter are read, each piece on its own. */
static void slow_zone(slow_vector *v, tf_zone zone, const span_list *list)
{
    uint64_t total = 0, at = 0;
    const uint64_t quarter = v->spec->zone_bytes / 4;
    for (size_t i = 0; i < list->n; i++)
        total += list->span[i].len;
    const bool whole = total <= v->spec->zone_bytes;
    v->truncated = v->truncated || !whole;
    for (size_t i = 0; i < list->n; at += list->span[i++].len) {
        const uint8_t *text = (const uint8_t *)list->span[i].data;
        const size_t len = list->span[i].len;
        size_t head = 0, tail = len;
        if (whole) {
            slow_segment(v, zone, text, len);
            continue;
        }
        while (head < len && at + head < 3 * quarter)
            head++;
        while (tail > 0 && at + tail - 1 >= total - quarter)
            tail--;
        slow_segment(v, zone, text, head);
        slow_segment(v, zone, text + tail, len - tail);
    }
}

static void slow_extract(slow_vector *v, const tf_spec *spec, const tierce_request *r)
{
    static span_list zones[TF_ZONES];
    int64_t ask = -1;
    memset(v, 0, sizeof *v);
    memset(zones, 0, sizeof zones);
    v->spec = spec;
    for (size_t i = 0; i < r->n_parts; i++)
        if (r->parts[i].kind == TIERCE_PART_TEXT && r->parts[i].role == TIERCE_ROLE_USER)
            ask = r->parts[i].message;
    for (size_t i = 0; i < r->n_parts; i++) {
        const tierce_part *p = &r->parts[i];
        const size_t head = spec->max_parts / 4, tail = spec->max_parts - head;
        if (r->n_parts > spec->max_parts && i >= head && i + tail < r->n_parts) {
            v->truncated = true;
            continue;
        }
        const tf_zone zone = p->role == TIERCE_ROLE_TOOL || p->kind == TIERCE_PART_RESULT ? TF_ZONE_RESULT
                             : p->role == TIERCE_ROLE_SYSTEM                             ? TF_ZONE_SYSTEM
                             : p->role == TIERCE_ROLE_USER && (int64_t)p->message == ask ? TF_ZONE_ASK
                                                                                         : TF_ZONE_EARLIER;
        if (p->kind == TIERCE_PART_CALL)
            add_span(&zones[zone], p->name);
        add_span(&zones[zone], p->text);
    }
    for (size_t i = 0; i < r->n_tools; i++) {
        if (i >= spec->max_tools) {
            v->truncated = true;
            break;
        }
        add_span(&zones[TF_ZONE_TOOLS], r->tools[i].name);
        add_span(&zones[TF_ZONE_TOOLS], r->tools[i].description);
        add_span(&zones[TF_ZONE_TOOLS], r->tools[i].parameters);
    }
    for (int z = 0; z < TF_ZONES; z++)
        slow_zone(v, (tf_zone)z, &zones[z]);
}

/* ---- the two compared ---- */

static tf_features features;

static tf_state *open_state(const tf_spec *spec)
{
    assert_true(tf_features_open(&features, spec));
    return tf_state_init(malloc(tf_state_size(spec)), spec);
}

static void compare_text_blocks(const tf_vector *v, const slow_vector *slow)
{
    size_t text_entries = 0;
    for (uint32_t i = 0; i < v->n; i++) {
        assert_int_equal(v->at[i].index >> SLOW_BITS, v->at[i].block);
        if (v->at[i].block == TF_B_NAMED || v->at[i].block == TF_B_LEVEL)
            continue;
        text_entries++;
        assert_int_equal(v->at[i].level, 1);
        assert_int_equal(slow->seen[v->at[i].index], 1);
    }
    size_t wanted = 0;
    for (unsigned b = 0; b < TF_B_NAMED; b++) {
        assert_int_equal(v->count[b], slow->count[b]);
        wanted += slow->count[b];
    }
    assert_int_equal(text_entries, wanted); /* each once, none missing */
    assert_int_equal(v->truncated, slow->truncated);
}

/* A text of up to `most` bytes, cut from a pool with everything in it. */
static tierce_span some_text(uint64_t *state, size_t most)
{
    static char pool[1 << 13];
    static const char *const words[] = {"the ", "bug", "\n", "fix_it", "(x)", " 42 ", "\xc3\xa9t\xc3\xa9 ", "```", "\0.", "A. ", "\xff"};
    if (!pool[0])
        for (size_t n = 0; n + 10 < sizeof pool;) {
            const char *w = words[below(state, 11)];
            const size_t len = *w ? strlen(w) : 2;
            memcpy(pool + n, w, len);
            n += len;
        }
    const size_t len = below(state, 8) ? below(state, most + 1) : 0, from = below(state, sizeof pool - len);
    const tierce_span span = {len ? pool + from : NULL, len};
    return span;
}

static void random_requests(void **unused)
{
    static tierce_part parts[40];
    static tierce_tool tools[12];
    static slow_vector slow;
    uint64_t state = 4;
    (void)unused;
    for (int round = 0; round < 600; round++) {
        tf_spec spec;
        tf_spec_default(&spec);
        spec.bits = SLOW_BITS;
        if (round % 2) {
            spec.zone_bytes = 1024 + (uint32_t)below(&state, 8);
            spec.max_parts = 4 + (uint32_t)below(&state, 9);
            spec.max_tools = 1 + (uint32_t)below(&state, 6);
        }
        tf_state *working = open_state(&spec);
        for (int again = 0; again < 3; again++) { /* the state is clean for the next request */
            tierce_request r = {.parts = parts, .n_parts = below(&state, 40), .tools = tools, .n_tools = below(&state, 12)};
            uint32_t message = 0;
            for (size_t i = 0; i < r.n_parts; i++) {
                parts[i].kind = (tierce_part_kind)below(&state, 4);
                parts[i].role = (tierce_role)below(&state, 4);
                parts[i].message = message += below(&state, 2) ? 1 : 0;
                parts[i].name = some_text(&state, 30);
                parts[i].text = some_text(&state, round % 3 ? 60 : 700);
            }
            for (size_t i = 0; i < r.n_tools; i++) {
                tools[i].name = some_text(&state, 20);
                tools[i].description = some_text(&state, 200);
                tools[i].parameters = some_text(&state, 400);
            }
            slow_extract(&slow, &spec, &r);
            compare_text_blocks(tf_extract(&features, working, &r, NULL, NULL), &slow);
        }
        free(working);
    }
}

/* ---- the promise: nothing drowns the ask ---- */

#define ASK "Prove that the loop in `foo_bar(x)` ends. Which of these holds?\nA. always\nB. never\n"

typedef struct {
    uint32_t index[400];
    uint32_t n;
    double unit[TF_BLOCKS];
    uint32_t values[TF_N_COUNT];
} view_of_ask;

static bool is_of_ask(unsigned block)
{
    return block == TF_B_WORD || block == TF_B_PAIR || block == TF_B_SKIP;
}

static view_of_ask look_at_ask(tf_state *working, const tf_spec *spec, const tierce_request *r)
{
    view_of_ask view = {.n = 0};
    const tf_vector *v = tf_extract(&features, working, r, NULL, NULL);
    for (uint32_t i = 0; i < v->n; i++)
        if (is_of_ask(v->at[i].block))
            view.index[view.n++] = v->at[i].index;
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        view.unit[b] = is_of_ask(b) ? tf_unit(spec, v, b) : 0;
    for (unsigned id = 0; id < TF_N_COUNT; id++) {
        const char *name = tf_named_name(id);
        const bool own = !strncmp(name, "shape.", 6) || !strncmp(name, "question.", 9) || !strncmp(name, "code.", 5);
        view.values[id] = own ? v->values[id] : 0;
    }
    return view;
}

static void nothing_drowns_the_ask(void **unused)
{
    char *system = malloc(200000), *schema = malloc(8000);
    size_t len = 0, schema_len = 0;
    static tierce_tool tools[30];
    (void)unused;
    for (int i = 0; i < 6000; i++) /* 6,000 tokens, the ask's words among them */
        len += (size_t)sprintf(system + len, "%s%d ", i % 3 ? "rule" : "prove A. loop ", i);
    for (int i = 0; i < 40; i++)
        schema_len += (size_t)sprintf(schema + schema_len, "{\"type\":\"object\",\"properties\":{\"p%d\":{\"type\":\"string\"}}}\n", i);
    for (int i = 0; i < 30; i++)
        tools[i] = (tierce_tool){{"foo_bar", 7}, {system, 900}, {schema, schema_len}};
    const tierce_part parts[] = {{TIERCE_PART_TEXT, TIERCE_ROLE_SYSTEM, 0, {system, len}, {NULL, 0}},
                                 {TIERCE_PART_TEXT, TIERCE_ROLE_USER, 1, {system, len}, {NULL, 0}},
                                 {TIERCE_PART_CALL, TIERCE_ROLE_ASSISTANT, 2, {"{}", 2}, {"foo_bar", 7}},
                                 {TIERCE_PART_RESULT, TIERCE_ROLE_TOOL, 3, {system, len}, {NULL, 0}},
                                 {TIERCE_PART_TEXT, TIERCE_ROLE_USER, 4, {ASK, sizeof ASK - 1}, {NULL, 0}}};
    tf_spec spec;
    tf_spec_default(&spec);
    tf_state *working = open_state(&spec);
    const tierce_request bare = {.parts = parts + 4, .n_parts = 1};
    const tierce_request with_tools = {.parts = parts + 4, .n_parts = 1, .tools = tools, .n_tools = 30};
    const tierce_part prompted[] = {parts[0], parts[4]};
    const tierce_request with_system = {.parts = prompted, .n_parts = 2};
    const tierce_request all = {.parts = parts, .n_parts = 5, .tools = tools, .n_tools = 30};
    const tierce_request *const requests[] = {&with_tools, &with_system, &all};
    const view_of_ask alone = look_at_ask(working, &spec, &bare);
    assert_true(alone.n > 50);
    for (size_t k = 0; k < 3; k++) {
        const view_of_ask view = look_at_ask(working, &spec, requests[k]);
        assert_int_equal(view.n, alone.n);
        assert_memory_equal(view.index, alone.index, alone.n * sizeof *alone.index); /* in order too */
        assert_memory_equal(view.unit, alone.unit, sizeof alone.unit);
        assert_memory_equal(view.values, alone.values, sizeof alone.values);
    }
    free(working);
    free(system);
    free(schema);
}

/* However a text is spread over the parts of a message, its words stay; only pairs across the seams go,
 * and lines, which a seam ends. */
static void splitting_over_parts(void **unused)
{
    static const char text[] = "What is the mass of 3 kg of iron? Explain why not step by step. It is 1200 km away.";
    static const char *const same[] = {"shape.bytes", "shape.words", "shape.word_length", "shape.long_words", "shape.common_words",
                                       "shape.digits", "shape.capitals", "shape.marks", "shape.repetition",
                                       "question.marks", "question.wh_words", "question.wh_place", "question.units",
                                       "question.steps", "question.negations", "question.numbers",
                                       "question.big_numbers", "question.sentences", "question.last_sentence",
                                       "turns.messages", "turns.user", "turns.total_bytes", "tools.action_words"};
    tf_spec spec;
    uint32_t whole_values[TF_N_COUNT], words[200], n_words = 0;
    tf_spec_default(&spec);
    tf_state *working = open_state(&spec);
    tierce_part part, parts[3];
    const tierce_request one = tierce_request_of_prompt(&part, text, sizeof text - 1);
    const tf_vector *v = tf_extract(&features, working, &one, NULL, NULL);
    (void)unused;
    memcpy(whole_values, v->values, sizeof whole_values);
    const uint32_t whole_pairs = v->count[TF_B_PAIR];
    for (uint32_t i = 0; i < v->n; i++)
        if (v->at[i].block == TF_B_WORD)
            words[n_words++] = v->at[i].index;
    unsigned cuts = 0;
    for (size_t a = 1; a + 1 < sizeof text; a++)
        for (size_t b = a + 1; b + 1 < sizeof text; b += 7) {
            if ((text[a - 1] != ' ' && text[a] != ' ') || (text[b - 1] != ' ' && text[b] != ' '))
                continue;
            for (int k = 0; k < 3; k++)
                tierce_request_of_prompt(&parts[k], text + (k == 0 ? 0 : k == 1 ? a : b),
                                         k == 0 ? a : k == 1 ? b - a : sizeof text - 1 - b);
            const tierce_request r = {.parts = parts, .n_parts = 3};
            v = tf_extract(&features, working, &r, NULL, NULL);
            uint32_t n = 0;
            for (uint32_t i = 0; i < v->n; i++)
                if (v->at[i].block == TF_B_WORD)
                    assert_int_equal(v->at[i].index, words[n++]);
            assert_int_equal(n, n_words);
            assert_true(v->count[TF_B_PAIR] < whole_pairs && v->count[TF_B_PAIR] + 2 >= whole_pairs);
            for (size_t s = 0; s < sizeof same / sizeof *same; s++)
                for (unsigned id = 0; id < TF_N_COUNT; id++)
                    if (!strcmp(tf_named_name(id), same[s]) && v->values[id] != whole_values[id])
                        fail_msg("%s is %u whole and %u split at %zu and %zu", same[s], whole_values[id], v->values[id], a, b);
            cuts++;
        }
    assert_true(cuts > 30);
    free(working);
}

/* ---- caps ---- */

static bool has(const tf_vector *v, const tf_spec *spec, const char *word)
{
    const uint32_t index = tf_hash_mix(tf_hash_mix(tf_hash_bytes(word, strlen(word)))) >> (32 - spec->bits);
    for (uint32_t i = 0; i < v->n; i++)
        if (v->at[i].index == index)
            return true;
    return false;
}

/* The last word before the gap, the first word after it, and one inside. */
static void head_and_tail(void **unused)
{
    enum { CAP = 4096, LEN = 3 * CAP };
    char *text = malloc(LEN);
    tf_spec spec;
    tierce_part part;
    (void)unused;
    tf_spec_default(&spec);
    spec.zone_bytes = CAP;
    tf_state *working = open_state(&spec);
    memset(text, ' ', LEN);
    memcpy(text + CAP / 4 * 3 - 5, "inner", 5);
    memcpy(text + CAP / 4 * 3 + 1, "gap", 3);
    memcpy(text + LEN - CAP / 4 - 4, "hole", 4);
    memcpy(text + LEN - CAP / 4, "tail", 4);
    const tierce_request r = tierce_request_of_prompt(&part, text, LEN);
    const tf_vector *v = tf_extract(&features, working, &r, NULL, NULL);
    assert_true(v->truncated);
    assert_true(has(v, &spec, "inner") && has(v, &spec, "tail"));
    assert_false(has(v, &spec, "gap") || has(v, &spec, "hole"));
    assert_int_equal(v->values[TF_N_SHAPE_BYTES], LEN); /* sizes are of the whole */
    const tierce_request fits = tierce_request_of_prompt(&part, text + LEN - CAP, CAP);
    v = tf_extract(&features, working, &fits, NULL, NULL);
    assert_false(v->truncated);
    assert_true(has(v, &spec, "holetail")); /* no cap, no seam */
    free(working);
    free(text);
}

/* A vector that is full of text still has all its named features, and says that it is cut. */
static void entries_are_capped(void **unused)
{
    char *text = malloc(70000);
    size_t len = 0;
    tf_spec spec;
    tierce_part part;
    (void)unused;
    for (int i = 0; i < 8000; i++)
        len += (size_t)sprintf(text + len, "w%d ", i);
    tf_spec_default(&spec);
    spec.max_entries = 1024;
    tf_state *working = open_state(&spec);
    const tierce_request r = tierce_request_of_prompt(&part, text, len);
    const tf_vector *v = tf_extract(&features, working, &r, NULL, NULL);
    uint32_t named = 0;
    for (unsigned id = 0; id < TF_N_COUNT; id++)
        named += v->values[id] != TF_ABSENT;
    assert_true(v->truncated);
    assert_true(v->n <= 1024 && v->n > 1024 - 2 * TF_N_COUNT);
    assert_int_equal(v->count[TF_B_NAMED], named);
    assert_int_equal(v->count[TF_B_LEVEL], 4); /* bytes, words, words before the options, total bytes */
    free(working);
    free(text);
}

static void specs_out_of_range(void **unused)
{
    static const struct {
        size_t offset;
        uint32_t bad;
    } rows[] = {{offsetof(tf_spec, bits), 9},           {offsetof(tf_spec, bits), 23},
                {offsetof(tf_spec, zone_bytes), 1023},  {offsetof(tf_spec, zone_bytes), (1u << 26) + 1},
                {offsetof(tf_spec, max_parts), 3},      {offsetof(tf_spec, max_parts), (1u << 20) + 1},
                {offsetof(tf_spec, max_tools), 0},      {offsetof(tf_spec, max_tools), (1u << 20) + 1},
                {offsetof(tf_spec, max_entries), 1023}, {offsetof(tf_spec, max_entries), (1u << 22) + 1},
                {offsetof(tf_spec, scale), 0xbf800000}, /* -1 */
                {offsetof(tf_spec, scale), 0x7fc00000}, /* NaN */
                {offsetof(tf_spec, scale), 0x7f800000}};
    tf_spec spec;
    (void)unused;
    tf_spec_default(&spec);
    assert_null(tf_spec_check(&spec));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tf_spec_default(&spec);
        memcpy((char *)&spec + rows[i].offset, &rows[i].bad, sizeof rows[i].bad);
        assert_non_null(tf_spec_check(&spec));
        assert_false(tf_features_open(&features, &spec));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_table),        cmocka_unit_test(named_buckets_are_apart),
        cmocka_unit_test(buckets_at_every_boundary), cmocka_unit_test(log_levels),
        cmocka_unit_test(random_requests),      cmocka_unit_test(nothing_drowns_the_ask),
        cmocka_unit_test(splitting_over_parts), cmocka_unit_test(head_and_tail),
        cmocka_unit_test(entries_are_capped),   cmocka_unit_test(specs_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
