/* The text blocks of a request: against a second extractor that works on whole texts, and the
 * promise that nothing drowns the ask. */
#include "tests/unit/unit.h"

#include "features/extract.h"
#include "tests/unit/slow_scan.h"

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
        hash[n++] =
            kind == TF_FENCE ? slow_hash((const uint8_t *)"```", 3) : slow_hash(text + at, size);
        at += size;
    }
    for (size_t i = 0; i < n; i++) {
        slow_emit(v, zone == TF_ZONE_ASK ? TF_B_WORD : other[zone], hash[i]);
        if (i > 0)
            slow_emit(v, zone == TF_ZONE_ASK ? TF_B_PAIR : other[zone],
                      slow_join(hash[i - 1], hash[i]));
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
        const tf_zone zone =
            p->role == TIERCE_ROLE_TOOL || p->kind == TIERCE_PART_RESULT ? TF_ZONE_RESULT
            : p->role == TIERCE_ROLE_SYSTEM                              ? TF_ZONE_SYSTEM
            : p->role == TIERCE_ROLE_USER && (int64_t)p->message == ask  ? TF_ZONE_ASK
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
    static const char *const words[] = {
        "the ", "bug", "\n",  "fix_it", "(x)", " 42 ", "\xc3\xa9t\xc3\xa9 ",
        "```",  "\0.", "A. ", "\xff"};
    if (!pool[0])
        for (size_t n = 0; n + 10 < sizeof pool;) {
            const char *w = words[below(state, 11)];
            const size_t len = *w ? strlen(w) : 2;
            memcpy(pool + n, w, len);
            n += len;
        }
    const size_t len = below(state, 8) ? below(state, most + 1) : 0,
                 from = below(state, sizeof pool - len);
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
            tierce_request r = {.parts = parts,
                                .n_parts = below(&state, 40),
                                .tools = tools,
                                .n_tools = below(&state, 12)};
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
        const bool own = !strncmp(name, "shape.", 6) || !strncmp(name, "question.", 9) ||
                         !strncmp(name, "code.", 5);
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
        schema_len += (size_t)sprintf(
            schema + schema_len,
            "{\"type\":\"object\",\"properties\":{\"p%d\":{\"type\":\"string\"}}}\n", i);
    for (int i = 0; i < 30; i++)
        tools[i] = (tierce_tool){{"foo_bar", 7}, {system, 900}, {schema, schema_len}};
    const tierce_part parts[] = {
        {TIERCE_PART_TEXT, TIERCE_ROLE_SYSTEM, 0, {system, len}, {NULL, 0}},
        {TIERCE_PART_TEXT, TIERCE_ROLE_USER, 1, {system, len}, {NULL, 0}},
        {TIERCE_PART_CALL, TIERCE_ROLE_ASSISTANT, 2, {"{}", 2}, {"foo_bar", 7}},
        {TIERCE_PART_RESULT, TIERCE_ROLE_TOOL, 3, {system, len}, {NULL, 0}},
        {TIERCE_PART_TEXT, TIERCE_ROLE_USER, 4, {ASK, sizeof ASK - 1}, {NULL, 0}}};
    tf_spec spec;
    tf_spec_default(&spec);
    tf_state *working = open_state(&spec);
    const tierce_request bare = {.parts = parts + 4, .n_parts = 1};
    const tierce_request with_tools = {
        .parts = parts + 4, .n_parts = 1, .tools = tools, .n_tools = 30};
    const tierce_part prompted[] = {parts[0], parts[4]};
    const tierce_request with_system = {.parts = prompted, .n_parts = 2};
    const tierce_request all = {.parts = parts, .n_parts = 5, .tools = tools, .n_tools = 30};
    const tierce_request *const requests[] = {&with_tools, &with_system, &all};
    const view_of_ask alone = look_at_ask(working, &spec, &bare);
    assert_true(alone.n > 50);
    for (size_t k = 0; k < 3; k++) {
        const view_of_ask view = look_at_ask(working, &spec, requests[k]);
        assert_int_equal(view.n, alone.n);
        assert_memory_equal(view.index, alone.index,
                            alone.n * sizeof *alone.index); /* in order too */
        assert_memory_equal(view.unit, alone.unit, sizeof alone.unit);
        assert_memory_equal(view.values, alone.values, sizeof alone.values);
    }
    free(working);
    free(system);
    free(schema);
}

/* However a text is spread over the parts of a message, its words stay; only pairs across the seams
 * go, and lines, which a seam ends. */
static void splitting_over_parts(void **unused)
{
    static const char text[] =
        "What is the mass of 3 kg of iron? Explain why not step by step. It is 1200 km away.";
    static const char *const same[] = {
        "shape.bytes",          "shape.words",        "shape.word_length",      "shape.long_words",
        "shape.common_words",   "shape.digits",       "shape.capitals",         "shape.marks",
        "shape.repetition",     "question.marks",     "question.wh_words",      "question.wh_place",
        "question.units",       "question.steps",     "question.negations",     "question.numbers",
        "question.big_numbers", "question.sentences", "question.last_sentence", "turns.messages",
        "turns.user",           "turns.total_bytes",  "tools.action_words"};
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
                tierce_request_of_prompt(&parts[k],
                                         text + (k == 0   ? 0
                                                 : k == 1 ? a
                                                          : b),
                                         k == 0   ? a
                                         : k == 1 ? b - a
                                                  : sizeof text - 1 - b);
            const tierce_request r = {.parts = parts, .n_parts = 3};
            v = tf_extract(&features, working, &r, NULL, NULL);
            uint32_t n = 0;
            for (uint32_t i = 0; i < v->n; i++)
                if (v->at[i].block == TF_B_WORD)
                    assert_int_equal(v->at[i].index, words[n++]);
            assert_int_equal(n, n_words);
            assert_true(v->count[TF_B_PAIR] < whole_pairs &&
                        v->count[TF_B_PAIR] + 2 >= whole_pairs);
            for (size_t s = 0; s < sizeof same / sizeof *same; s++)
                for (unsigned id = 0; id < TF_N_COUNT; id++)
                    if (!strcmp(tf_named_name(id), same[s]) && v->values[id] != whole_values[id])
                        fail_msg("%s is %u whole and %u split at %zu and %zu", same[s],
                                 whole_values[id], v->values[id], a, b);
            cuts++;
        }
    assert_true(cuts > 30);
    free(working);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_requests),
        cmocka_unit_test(nothing_drowns_the_ask),
        cmocka_unit_test(splitting_over_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
