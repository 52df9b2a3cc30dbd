/* The range coder and the section of tiny files: what is written is read, at every edge of every number; malice
 * is refused. */
#include "tests/unit/unit.h"

#include "models/coder.h"
#include "tests/unit/small_model.h"

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

/* ---- the coder ---- */

enum { N = 20000 };

typedef struct {
    tm_odds sure, fair;
    tm_number_odds number;
    tm_small_odds small;
} contexts;

/* Codes the same numbers either way; checks them when it reads. */
static void code_all(tm_coder *c, bool reads, unsigned bias)
{
    contexts *x = calloc(1, sizeof *x);
    uint64_t random = 7 + bias;
    for (int i = 0; i < N; i++) {
        const unsigned bit = draw(&random, 1000) < bias;
        const uint32_t number = draw(&random, 5) ? draw(&random, 40) : (uint32_t)draw(&random, 1 << 24);
        const int small = draw(&random, 4) ? (int)draw(&random, 5) - 2 : (int)draw(&random, 256) - 128;
        const unsigned width = 1 + draw(&random, 28);
        const uint32_t even = draw(&random, 1u << width);
        assert_int_equal(tm_code_bit(c, &x->sure, reads ? 0 : bit), bit);
        assert_int_equal(tm_code_bit(c, &x->fair, reads ? 0 : even & 1), even & 1);
        assert_int_equal(tm_code_number(c, &x->number, reads ? 0 : number), number);
        assert_int_equal(tm_code_small(c, &x->small, reads ? 0 : small), small);
        assert_int_equal(tm_code_even(c, width, reads ? 0 : even), even);
    }
    free(x);
}

static void what_is_written_is_read(void **unused)
{
    static const unsigned biases[] = {0, 1, 30, 500, 999, 1000};
    (void)unused;
    for (size_t k = 0; k < sizeof biases / sizeof *biases; k++) {
        tm_writer w = {.allocator = &tm_default_allocator};
        tm_coder c = tm_coder_into(&w);
        code_all(&c, false, biases[k]);
        tm_coder_end(&c);
        assert_false(w.failed);
        tm_reader r = tm_reader_of(w.at, w.len);
        c = tm_coder_from(&r);
        code_all(&c, true, biases[k]);
        assert_false(r.failed);
        assert_int_equal(r.pos, r.len); /* to the last byte, and not beyond */
        tm_writer_free(&w);
    }
}

/* Bytes for n bits of which so many in a thousand are 1. */
static size_t bytes_for(unsigned ones, uint32_t n)
{
    tm_writer w = {.allocator = &tm_default_allocator};
    tm_coder c = tm_coder_into(&w);
    tm_odds odds = {0, 0};
    uint64_t random = 3;
    for (uint32_t i = 0; i < n; i++)
        tm_code_bit(&c, &odds, draw(&random, 1000) < ones);
    tm_coder_end(&c);
    const size_t len = w.len;
    tm_writer_free(&w);
    return len;
}

/* Within a few parts in a hundred of what information theory asks for. */
static void bits_cost_what_they_say(void **unused)
{
    (void)unused;
    assert_in_range(bytes_for(500, 80000), 10000, 10200);
    assert_in_range(bytes_for(110, 80000), 4990, 5200);  /* 0.4999 bits each */
    assert_in_range(bytes_for(20, 80000), 1410, 1560);   /* 0.1414 */
    assert_in_range(bytes_for(0, 80000), 1, 60);
}

/* A carry that runs through a row of 0xff. */
static void carries(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed < 300; seed++) {
        tm_writer w = {.allocator = &tm_default_allocator};
        tm_coder c = tm_coder_into(&w);
        tm_odds odds[2] = {{32700, 60}, {-32700, 60}};
        uint64_t random = seed;
        const uint32_t n = 50 + draw(&random, 400);
        for (uint32_t i = 0; i < n; i++)
            tm_code_bit(&c, &odds[i & 1], draw(&random, 8) != 0);
        tm_coder_end(&c);
        tm_reader r = tm_reader_of(w.at, w.len);
        tm_odds again[2] = {{32700, 60}, {-32700, 60}};
        c = tm_coder_from(&r);
        random = seed;
        assert_int_equal(50 + draw(&random, 400), n);
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(tm_code_bit(&c, &again[i & 1], 0), draw(&random, 8) != 0);
        assert_int_equal(r.pos, r.len);
        tm_writer_free(&w);
    }
}

/* ---- the section ---- */

static uint8_t *tiny(size_t *len, tm_model *m)
{
    uint8_t *bytes;
    build_with(m, TF_MIN_BITS);
    m->sources[0].likely[0] = 1.125f;
    m->sources[0].mark[0] = -15.875f;
    m->sources[0].lack[0] = 0.5f;
    m->sources[1].index[0] = ((uint32_t)TF_BLOCKS << TF_MIN_BITS) - 1; /* without weights */
    m->tiny = true;
    m->n_selftests = 0;
    assert_true(tr_write_selftests(m, NULL));
    assert_int_equal(tm_model_encode(m, NULL, &bytes, len, NULL), TIERCE_OK);
    return bytes;
}

static void a_tiny_file_says_the_same(void **unused)
{
    tm_model m, back;
    size_t len, again_len;
    uint8_t *again, *bytes = tiny(&len, &m);
    (void)unused;
    assert_int_equal(bytes[10], 2); /* minor version */
    assert_int_equal(tm_model_decode(&back, bytes, len, NULL, NULL), TIERCE_OK);
    assert_true(back.tiny);
    assert_int_equal(back.weights.n_slots, m.weights.n_slots);
    assert_memory_equal(back.weights.index, m.weights.index, 3 * sizeof *m.weights.index);
    for (uint32_t s = 0; s < 3; s++)
        assert_memory_equal(tm_weights_of(&back.weights, s), tm_weights_of(&m.weights, s), 4);
    assert_int_equal(back.votes.n_slots, 2);
    assert_memory_equal(back.votes.index, m.votes.index, 2 * sizeof *m.votes.index);
    assert_memory_equal(back.votes.weight, m.votes.weight, 4);
    for (uint32_t s = 0; s < 2; s++) {
        assert_int_equal(back.sources[s].n, 1);
        assert_int_equal(back.sources[s].index[0], m.sources[s].index[0]);
        assert_true(back.sources[s].likely[0] == m.sources[s].likely[0]);
        assert_true(back.sources[s].mark[0] == m.sources[s].mark[0]);
        assert_true(back.sources[s].lack[0] == m.sources[s].lack[0]);
    }
    assert_int_equal(tm_model_encode(&back, NULL, &again, &again_len, NULL), TIERCE_OK);
    assert_int_equal(again_len, len);
    assert_memory_equal(again, bytes, len);
    free(again);
    free(bytes);
    tm_model_free(&m);
    tm_model_free(&back);
}

static tierce_status open_payload(const uint8_t *raw, uint32_t raw_len)
{
    size_t len;
    tm_model m;
    uint8_t *file = packed(raw, raw_len, 1, &len);
    const tierce_status status = tm_model_decode(&m, file, len, NULL, NULL);
    free(file);
    if (status == TIERCE_OK) {
        for (uint32_t s = 0; s < m.weights.n_slots; s++)
            assert_true(m.weights.index[s] < (uint64_t)TF_BLOCKS << m.spec.bits &&
                        (!s || m.weights.index[s] > m.weights.index[s - 1]));
        for (uint32_t k = 0; k < m.n_sources; k++)
            for (uint32_t f = 0; f < m.sources[k].n; f++)
                assert_true(m.sources[k].index[f] < (uint64_t)TF_BLOCKS << m.spec.bits);
        tm_model_free(&m);
    }
    return status;
}

/* The section's first byte; its length stands in the four bytes before. */
static uint32_t body_of(const uint8_t *raw, uint32_t raw_len)
{
    for (uint32_t i = raw_len - 4; i > 0; i--)
        if (!memcmp(raw + i, "TINY", 4))
            return i + 12;
    fail_msg("no TINY section");
    return 0;
}

/* Any byte at any value: refused, or a model whose tables are sound. */
static void malice(void **unused)
{
    tm_model m;
    size_t len;
    uint32_t raw_len, opened = 0;
    uint8_t *bytes = tiny(&len, &m), *raw = unpacked(bytes, len, &raw_len);
    (void)unused;
    const uint32_t body = body_of(raw, raw_len);
    assert_int_equal(open_payload(raw, raw_len), TIERCE_OK);
    for (uint32_t i = body; i < raw_len; i++)
        for (unsigned v = 1; v < 256; v++) {
            raw[i] ^= (uint8_t)v;
            opened += open_payload(raw, raw_len) == TIERCE_OK;
            raw[i] ^= (uint8_t)v;
        }
    assert_true(opened > 0 && opened < (raw_len - body) * 255 / 2);
    raw[body - 4]--; /* a byte less, a byte more */
    assert_int_equal(open_payload(raw, raw_len - 1), TIERCE_CORRUPT);
    raw[body - 4] += 2;
    raw[raw_len] = 0;
    assert_int_equal(open_payload(raw, raw_len + 1), TIERCE_CORRUPT);
    raw[body - 4]--;
    memset(raw + body, 0x00, raw_len - body); /* as many slots as can be said */
    assert_int_equal(open_payload(raw, raw_len), TIERCE_CORRUPT);
    free(raw);
    free(bytes);
    tm_model_free(&m);
}

/* An index beyond its block: written with blocks twice as large, read with the smaller ones. */
static void beyond_the_block(void **unused)
{
    tm_model m;
    size_t len;
    uint32_t raw_len;
    uint8_t *bytes;
    static const uint32_t index[] = {10, 20, 1500};
    (void)unused;
    build_with(&m, TF_MIN_BITS + 1);
    memcpy(m.weights.index, index, sizeof index);
    memcpy(m.votes.index, index, 2 * sizeof *index);
    m.sources[0].index[0] = m.sources[1].index[0] = 10;
    m.tiny = true;
    assert_int_equal(tm_model_encode(&m, NULL, &bytes, &len, NULL), TIERCE_OK);
    uint8_t *raw = unpacked(bytes, len, &raw_len);
    assert_int_equal(raw[12], TF_MIN_BITS + 1);
    assert_int_equal(open_payload(raw, raw_len), TIERCE_OK);
    raw[12] = TF_MIN_BITS;
    assert_int_equal(open_payload(raw, raw_len), TIERCE_CORRUPT);
    free(raw);
    free(bytes);
    tm_model_free(&m);
}

static size_t largest;

static void *watched_alloc(void *context, size_t size)
{
    (void)context;
    largest = size > largest ? size : largest;
    return malloc(size);
}

static void watched_release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

/* More slots than a section of its length can hold: refused before room for them is asked for. */
static void many_slots_in_few_bytes(void **unused)
{
    tm_model m;
    size_t len;
    uint32_t raw_len;
    uint8_t *bytes = tiny(&len, &m), *raw = unpacked(bytes, len, &raw_len);
    const tierce_allocator a = {watched_alloc, watched_release, NULL};
    tm_writer w = {.allocator = &tm_default_allocator};
    (void)unused;
    tm_coder c = tm_coder_into(&w);
    tm_code_even(&c, 17, 60000);
    tm_coder_end(&c);
    const uint32_t body = body_of(raw, raw_len);
    assert_true(w.len <= raw_len - body);
    memcpy(raw + body, w.at, w.len);
    uint8_t *file = packed(raw, raw_len, 1, &len);
    tm_model back;
    assert_int_equal(tm_model_decode(&back, file, len, &a, NULL), TIERCE_CORRUPT);
    assert_in_range(largest, 1, 60000);
    free(file);
    tm_writer_free(&w);
    free(raw);
    free(bytes);
    tm_model_free(&m);
}

/* Who did not round has it rounded to the nearest step, of either sign, and cut at the last one. */
static void numbers_between_steps(void **unused)
{
    tm_model m, back;
    size_t len;
    uint8_t *bytes = tiny(&len, &m);
    (void)unused;
    free(bytes);
    m.sources[0].likely[0] = 1.19f;
    m.sources[0].mark[0] = -1.19f;
    m.sources[0].lack[0] = -99;
    assert_int_equal(tm_model_encode(&m, NULL, &bytes, &len, NULL), TIERCE_OK);
    assert_int_equal(tm_model_decode(&back, bytes, len, NULL, NULL), TIERCE_OK);
    assert_true(back.sources[0].likely[0] == 1.25f);
    assert_true(back.sources[0].mark[0] == -1.25f);
    assert_true(back.sources[0].lack[0] == -127.0f / TM_STEPS);
    assert_true(m.sources[0].mark[0] == -1.19f); /* writing leaves the model alone */
    free(bytes);
    tm_model_free(&m);
    tm_model_free(&back);
}

/* Beside weights that stand where they always stood, the section has no place. */
static void not_both(void **unused)
{
    tm_model m;
    size_t len, plain_len;
    uint32_t raw_len, plain_raw;
    uint8_t *bytes = tiny(&len, &m), *raw = unpacked(bytes, len, &raw_len), *plain;
    (void)unused;
    m.tiny = false;
    assert_int_equal(tm_model_encode(&m, NULL, &plain, &plain_len, NULL), TIERCE_OK);
    uint8_t *both = unpacked(plain, plain_len, &plain_raw);
    const uint32_t head = body_of(raw, raw_len) - 12, section = raw_len - head;
    both = realloc(both, plain_raw + section + 64);
    memcpy(both + plain_raw, raw + head, section);
    assert_int_equal(open_payload(both, plain_raw), TIERCE_OK);
    assert_int_equal(open_payload(both, plain_raw + section), TIERCE_CORRUPT);
    free(both);
    free(plain);
    free(raw);
    free(bytes);
    tm_model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read), cmocka_unit_test(bits_cost_what_they_say),
        cmocka_unit_test(carries),                 cmocka_unit_test(a_tiny_file_says_the_same),
        cmocka_unit_test(malice),                  cmocka_unit_test(not_both),
        cmocka_unit_test(beyond_the_block),        cmocka_unit_test(many_slots_in_few_bytes),
        cmocka_unit_test(numbers_between_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
