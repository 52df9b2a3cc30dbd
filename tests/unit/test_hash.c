/* The frozen hash. Every released model file holds buckets made by it: a number on this page that
 * has to be changed means that all of them score noise. The numbers were computed by another
 * program (Python, from the definitions of FNV-1a and of MurmurHash3's finaliser), not copied from
 * this one's output. */
#include "tests/unit/unit.h"

#include "features/extract.h"
#include "features/hash.h"

static char all_bytes[256];

static void bytes_are_frozen(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        uint32_t raw, token;
    } rows[] = {
        {"", 0, 0x811c9dc5, 0xab3e7c0b},
        {"a", 1, 0xe40c292c, 0x1a80b1b3},
        {"prove", 5, 0x7dc4989d, 0x1358e09f},
        {"the", 3, 0xb40eb21c, 0xc50749f8},
        {"hello world", 11, 0xd58b3fa7, 0xb90456ec},
        {"\0", 1, 0x050c5d1f, 0x0578ab1b},
        {"\xff", 1, 0x7a0b824e, 0xb8c37e1d}, /* where char is signed too */
        {"\x80\x7f", 2, 0x5139c9a0, 0xd936d2c5},
        {"0123456789", 10, 0xf9808ff2, 0x579e68ef},
        {"```", 3, 0x8e2a7297, 0xb27451e1},
        {"\xd0\x9a\xd0\xbd\xd0\xb8\xd0\xb3\xd0\xb8", 10, 0x4d1b2161, 0x4d0680e4},
        {all_bytes, 256, 0x90a458c5, 0xf8c36466},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all_bytes; i++)
        all_bytes[i] = (char)i;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(tf_hash_bytes(rows[i].text, rows[i].len), rows[i].raw);
        assert_int_equal(tf_hash_mix(rows[i].raw), rows[i].token);
    }
}

static void mixing_is_frozen(void **state)
{
    static const uint32_t rows[][2] = {{0, 0},
                                       {1, 0x514e28b7},
                                       {0x80000000, 0x6d3c65a0},
                                       {0xffffffff, 0x81f16f39},
                                       {0x12345678, 0xe37cd1bc},
                                       {0xdeadbeef, 0x0de5c6a9}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(tf_hash_mix(rows[i][0]), rows[i][1]);
}

static void joining_is_frozen(void **state)
{
    static const uint32_t rows[][3] = {
        {0x00000000u, 0x00000000u, 0x4bc0fbebu}, {0x00000001u, 0x00000000u, 0xbe1bc732u},
        {0x00000000u, 0x00000001u, 0xce2b319cu}, {0x00000001u, 0x00000002u, 0xb5cc53dcu},
        {0x00000002u, 0x00000001u, 0x6c605f51u}, {0xffffffffu, 0xffffffffu, 0x2ecae695u},
        {0x12345678u, 0x9abcdef0u, 0xae111ae6u}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(tf_hash_join(rows[i][0], rows[i][1]), rows[i][2]);
}

/* ---- what model files store: the index of a feature ---- */

typedef struct {
    const char *block, *name;
    uint32_t index;
    bool found;
} wanted;

static void look(void *context, const tf_entry *entry, const char *name, size_t len)
{
    wanted *w = context;
    if (!strcmp(tf_block_name(entry->block), w->block) && strlen(w->name) == len &&
        !memcmp(name, w->name, len)) {
        assert_int_equal(entry->index, w->index);
        w->found = true;
    }
}

static void indexes_are_frozen(void **state)
{
    static const wanted rows[] = {{"word", "prove", 28963, false},
                                  {"pair", "prove it", 262646, false},
                                  {"skip", "prove _ now", 573729, false},
                                  {"earlier", "prove it", 786934, false},
                                  {"named", "shape.words>=3", 1954511, false},
                                  {"level", "shape.words#log", 2245607, false}};
    static const tierce_part parts[] = {
        {TIERCE_PART_TEXT, TIERCE_ROLE_ASSISTANT, 0, {"prove it", 8}, {NULL, 0}},
        {TIERCE_PART_TEXT, TIERCE_ROLE_USER, 1, {"PROVE it Now", 12}, {NULL, 0}}};
    const tierce_request request = {.parts = parts, .n_parts = 2};
    tf_features *features = malloc(sizeof *features);
    tf_spec spec;
    (void)state;
    tf_spec_default(&spec);
    assert_int_equal(spec.bits, 18);
    assert_true(tf_features_open(features, &spec));
    tf_state *working = tf_state_init(malloc(tf_state_size(&spec)), &spec);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wanted w = rows[i];
        tf_extract(features, working, &request, look, &w);
        if (!w.found)
            fail_msg("%s:%s is not among the features", w.block, w.name);
    }
    free(working);
    free(features);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_frozen),
        cmocka_unit_test(mixing_is_frozen),
        cmocka_unit_test(joining_is_frozen),
        cmocka_unit_test(indexes_are_frozen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
