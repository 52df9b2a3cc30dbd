/* Features: what is frozen, the arithmetic of cuts, the caps. Text blocks are in test_zones.c,
 * named features in tests/data/features.stanza. */
#include "tests/unit/unit.h"

#include <math.h>

#include "features/extract.h"
#include "features/hash.h"

/* ---- frozen: the version table ---- */

static void version_table(void **unused)
{
    static const struct {
        const char *name;
        uint32_t version;
    } rows[] = {{"text", 1}, {"shape", 1}, {"question", 1},
                {"code", 1}, {"tools", 1}, {"turns", 1}};
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

/* Two named features with a bucket in common cannot be told apart by a model. Where it happens
 * today, it is frozen with the extractors' versions, so it is written down; a newcomer must not add
 * to the list. */
static void named_buckets_are_apart(void **unused)
{
    static const char *const known[] = {"shape.bytes>=128 shape.digits>=300",
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
        const uint32_t hash =
            tf_hash_mix(tf_hash_bytes(tf_named_name(id), strlen(tf_named_name(id))));
        const tf_cut cut = tf_named_cut(id);
        const uint32_t most = cut == TF_CUT_FLAG    ? 1
                              : cut == TF_CUT_SHARE ? 18
                              : cut == TF_CUT_KIND  ? 16
                                                    : tf_bucket(cut, 1u << 17);
        for (uint32_t b = 0; b <= most; b++, n++) {
            at[n].index = tf_hash_mix(hash + (b + 1) * 0x9e3779b1u) >> (32 - TF_DEFAULT_BITS);
            snprintf(at[n].name, sizeof at[n].name, "%s>=%u", tf_named_name(id),
                     tf_bucket_floor(cut, b));
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
            assert_int_not_equal(
                tf_hash_mix(tf_hash_mix(tf_hash_bytes(p, strlen(p)))) >> (32 - TF_DEFAULT_BITS),
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
        const uint32_t v = k < 200000   ? k
                           : k < 200033 ? (uint32_t)(((uint64_t)1 << (k - 200000)) - 1)
                                        : (uint32_t)any(&state);
        const long double real = 8 * log2l((long double)v + 1);
        const uint32_t level = tf_log_level(v);
        if (level > real + 1e-12L || level + 1 < real - 3e-8L)
            fail_msg("level of %u is %u, 8 log2(1 + v) is %.12Lf", v, level, real);
    }
    assert_int_equal(tf_log_level(0), 0);
    assert_int_equal(tf_log_level(1), 8);
    assert_int_equal(tf_log_level(UINT32_MAX), 256);
}

/* ---- caps ---- */

static tf_features features;

static tf_state *open_state(const tf_spec *spec)
{
    assert_true(tf_features_open(&features, spec));
    return tf_state_init(malloc(tf_state_size(spec)), spec);
}

static bool has(const tf_vector *v, const tf_spec *spec, const char *word)
{
    const uint32_t index =
        tf_hash_mix(tf_hash_mix(tf_hash_bytes(word, strlen(word)))) >> (32 - spec->bits);
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
    assert_int_equal(v->count[TF_B_LEVEL],
                     4); /* bytes, words, words before the options, total bytes */
    free(working);
    free(text);
}

static void specs_out_of_range(void **unused)
{
    static const struct {
        size_t offset;
        uint32_t bad;
    } rows[] = {
        {offsetof(tf_spec, bits), 9},           {offsetof(tf_spec, bits), 23},
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
        cmocka_unit_test(version_table),
        cmocka_unit_test(named_buckets_are_apart),
        cmocka_unit_test(buckets_at_every_boundary),
        cmocka_unit_test(log_levels),
        cmocka_unit_test(head_and_tail),
        cmocka_unit_test(entries_are_capped),
        cmocka_unit_test(specs_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
