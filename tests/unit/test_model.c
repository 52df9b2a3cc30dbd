/* The model file and the router over it: round trip, damage, hostile payloads, failing memory. */
#include "tests/unit/unit.h"

#include <malloc.h>
#include <zlib.h>

#include "infer/deflate.h"
#include "infer/router_state.h"
#include "tests/unit/small_model.h"

static void round_trip(void **state)
{
    size_t len, again_len;
    uint8_t *bytes = encoded(&len), *again;
    tm_model m;
    assert_int_equal(tm_model_decode(&m, bytes, len, NULL, NULL), TIERCE_OK);
    assert_int_equal(tm_model_encode(&m, NULL, &again, &again_len, NULL), TIERCE_OK);
    assert_int_equal(len, again_len);
    assert_memory_equal(bytes, again, len);
    tm_model_free(&m);
    free(bytes);
    free(again);
    (void)state;
}

static tierce_status open_bytes(const uint8_t *bytes, size_t len)
{
    tierce_router *router;
    tierce_error error;
    const tierce_status status = tierce_router_open(&router, bytes, len, NULL, &error);
    if (status == TIERCE_OK) {
        tierce_router_close(router);
    } else {
        assert_null(router);
        assert_int_equal(error.status, status);
        assert_non_null(error.message);
    }
    return status;
}

static void truncated_everywhere(void **state)
{
    size_t len;
    uint8_t *bytes = encoded(&len);
    assert_int_equal(open_bytes(bytes, len), TIERCE_OK);
    for (size_t n = 0; n < len; n++) {
        uint8_t *cut = malloc(n + 1); /* exact room, so that a sanitizer sees a read past the end */
        memcpy(cut, bytes, n);
        assert_int_not_equal(open_bytes(cut, n), TIERCE_OK);
        free(cut);
    }
    uint8_t *fat = calloc(1, len + 1);
    memcpy(fat, bytes, len);
    assert_int_equal(open_bytes(fat, len + 1), TIERCE_TRUNCATED);
    free(fat);
    free(bytes);
    (void)state;
}

/* Programs open by libdeflate where it is: what it takes zlib takes, and where one refuses, both say the same. */
static void other_inflater(void **state)
{
    size_t len;
    uint8_t *bytes = encoded(&len);
    tierce_error error, other;
    for (size_t cut = 0; cut <= len; cut++)
        for (unsigned bit = 0; bit < (cut < len ? 2 : 1); bit++) {
            tierce_router *a, *b;
            uint8_t *copy = malloc(len + 1);
            memcpy(copy, bytes, len);
            if (bit)
                copy[cut] ^= (uint8_t)(1u << cut % 8);
            const tierce_status status = tierce_router_open(&a, copy, bit ? len : cut, NULL, &error);
            assert_int_equal(tierce_router_open_by(&b, copy, bit ? len : cut, NULL, fast_inflater(), &other), status);
            assert_int_equal(status == TIERCE_OK, cut == len);
            assert_int_equal(error.position, other.position);
            assert_string_equal(error.message, other.message);
            tierce_router_close(a);
            tierce_router_close(b);
            free(copy);
        }
    if (fast_inflater()) { /* a stream that is whole, but not all, or more than there is room for */
        uint8_t raw[64] = {0}, packed[128], back[65];
        uLongf packed_len = sizeof packed;
        assert_int_equal(compress(packed, &packed_len, raw, sizeof raw), Z_OK);
        assert_true(fast_inflater()->unpack_all(back, 64, packed, packed_len));
        assert_false(fast_inflater()->unpack_all(back, 63, packed, packed_len));
        assert_false(fast_inflater()->unpack_all(back, 65, packed, packed_len));
        assert_false(fast_inflater()->unpack_all(back, 64, packed, packed_len + 1));
        assert_false(fast_inflater()->unpack_all(back, 64, packed, packed_len - 1));
        assert_int_equal(fast_inflater()->crc(packed, packed_len), crc32(0, packed, (uInt)packed_len));
    }
    free(bytes);
    (void)state;
}

static void flipped_bits(void **state)
{
    size_t len;
    uint8_t *bytes = encoded(&len);
    for (size_t i = 0; i < len; i++)
        for (unsigned bit = 0; bit < 8; bit += i < TM_HEADER_BYTES ? 1 : 3) {
            bytes[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(open_bytes(bytes, len), TIERCE_OK);
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    free(bytes);
    (void)state;
}

/* Malice: every byte of the payload changed in turn, checksums repaired. Never a crash; when it opens,
 * it decides. */
static void mutated_payload(void **state)
{
    size_t len, file_len;
    uint32_t raw_len, opened = 0;
    uint8_t *bytes = encoded_with(&len, TF_MIN_BITS), *raw = unpacked(bytes, len, &raw_len);
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (uint32_t i = 0; i < raw_len; i++)
        for (size_t v = 0; v < sizeof values; v++) {
            const uint8_t old = raw[i];
            raw[i] = values[v];
            uint8_t *file = packed(raw, raw_len, 1, &file_len);
            opened += open_bytes(file, file_len) == TIERCE_OK;
            free(file);
            raw[i] = old;
        }
    assert_true(opened > 0);
    free(raw);
    free(bytes);
    (void)state;
}

static void sections_and_versions(void **state)
{
    static const uint8_t optional[] = {'N', 'E', 'W', '1', 0, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3};
    size_t len, file_len, again_len;
    uint32_t raw_len;
    uint8_t *bytes = encoded(&len), *raw = unpacked(bytes, len, &raw_len), *again;
    tm_model m;
    uint8_t *newer = packed(raw, raw_len, 2, &file_len);
    assert_int_equal(open_bytes(newer, file_len), TIERCE_VERSION);
    free(newer);
    memcpy(raw + raw_len, optional, sizeof optional);
    uint8_t *file = packed(raw, raw_len + sizeof optional, 1, &file_len);
    assert_int_equal(tm_model_decode(&m, file, file_len, NULL, NULL), TIERCE_OK);
    assert_int_equal(m.n_unknown, 1);
    assert_int_equal(tm_model_encode(&m, NULL, &again, &again_len, NULL), TIERCE_OK);
    uint32_t kept;
    uint8_t *raw_again = unpacked(again, again_len, &kept);
    assert_int_equal(kept, raw_len + sizeof optional);
    assert_memory_equal(raw_again, raw, kept);
    tm_model_free(&m);
    free(again);
    free(raw_again);
    free(file);
    raw[raw_len + 4] = 1; /* mandatory now */
    file = packed(raw, raw_len + sizeof optional, 1, &file_len);
    assert_int_equal(open_bytes(file, file_len), TIERCE_SECTION);
    free(file);
    free(raw);
    free(bytes);
    (void)state;
}

/* A model without what minor version 1 added is written as version 0 wrote it. */
static void old_files_stay_old(void **state)
{
    size_t len;
    uint8_t *bytes;
    tm_model m;
    build_with(&m, TF_DEFAULT_BITS);
    assert_int_equal(tm_model_encode(&m, NULL, &bytes, &len, NULL), TIERCE_OK);
    assert_int_equal(bytes[10], 1);
    free(bytes);
    m.portrait.n = 0;
    m.points[0].charge = NULL;
    m.points[0].min_familiarity = 0;
    assert_int_equal(tm_model_encode(&m, NULL, &bytes, &len, NULL), TIERCE_OK);
    assert_int_equal(bytes[10], 0);
    assert_int_equal(open_bytes(bytes, len), TIERCE_OK);
    free(bytes);
    tm_model_free(&m);
    (void)state;
}

/* Charges and abstention, decided by hand. */
static void charges_and_abstention(void **state)
{
    size_t len;
    uint8_t *bytes = encoded(&len);
    tierce_router *r;
    tierce_decision d;
    const tierce_estimate e[2] = {{0.5, 0.001, 1}, {0.75, 0.01, 1}};
    const tierce_view strange = {0.2, 0, 1}, known = {0.8, 0, 1};
    assert_int_equal(tierce_router_open(&r, bytes, len, NULL, NULL), TIERCE_OK);
    tierce_policy p = tierce_policy_default(r);
    p.charge[1] = 0.125;
    assert_int_equal(tierce_decide_estimates(r, e, NULL, &p, &d, NULL), TIERCE_OK);
    assert_int_equal(d.order[0], 1);
    assert_int_equal(d.reason, TIERCE_REASON_MORE_LIKELY);
    assert_true(d.margin == 0.125);
    p.charge[1] = 0.375;
    assert_int_equal(tierce_decide_estimates(r, e, NULL, &p, &d, NULL), TIERCE_OK);
    assert_int_equal(d.order[0], 0);
    assert_int_equal(d.reason, TIERCE_REASON_NOT_WORTH);
    p.value_usd = 1; /* 1 * (0.75 - 0.375) - 0.01 < 0.5 - 0.001 */
    assert_int_equal(tierce_decide_estimates(r, e, NULL, &p, &d, NULL), TIERCE_OK);
    assert_int_equal(d.order[0], 0);
    p.min_familiarity = 0.5;
    p.default_tier = 1;
    assert_int_equal(tierce_decide_viewed(r, e, &strange, NULL, &p, &d, NULL), TIERCE_OK);
    assert_int_equal(d.order[0], 1);
    assert_int_equal(d.reason, TIERCE_REASON_DEFAULT_UNFAMILIAR);
    assert_int_equal(tierce_decide_viewed(r, e, &known, NULL, &p, &d, NULL), TIERCE_OK);
    assert_int_equal(d.order[0], 0);
    p.charge[1] = 1.5;
    assert_int_equal(tierce_decide_viewed(r, e, &known, NULL, &p, &d, NULL), TIERCE_POLICY);
    assert_int_equal(tierce_point_policy(r, "frugal", &p), TIERCE_OK);
    assert_true(p.charge[0] == 0 && p.charge[1] == 0.125 && p.min_familiarity == 0.01);
    assert_true(tierce_abstain_level(r) == 0.05);
    tierce_router_close(r);
    free(bytes);
    (void)state;
}

static void other_extractor(void **state)
{
    size_t len, file_len;
    uint32_t raw_len;
    uint8_t *bytes = encoded(&len), *raw = unpacked(bytes, len, &raw_len);
    for (uint32_t i = 0; i + 8 < raw_len; i++)
        if (!memcmp(raw + i, "shape", 5)) {
            raw[i + 5]++; /* its version */
            break;
        }
    uint8_t *file = packed(raw, raw_len, 1, &file_len);
    assert_int_equal(open_bytes(file, file_len), TIERCE_EXTRACTOR);
    free(file);
    free(raw);
    free(bytes);
    (void)state;
}

/* ---- memory ---- */

typedef struct {
    size_t calls, fail_at, live;
} counter;

static void *counted_alloc(void *context, size_t size)
{
    counter *c = context;
    if (++c->calls == c->fail_at)
        return NULL;
    c->live++;
    return malloc(size);
}

static void counted_release(void *context, void *memory)
{
    counter *c = context;
    c->live -= memory != NULL;
    free(memory);
}

static void every_allocation_fails(void **state)
{
    size_t len, n = 1;
    uint8_t *bytes = encoded(&len);
    for (;; n++) {
        counter c = {0, n, 0};
        const tierce_allocator a = {counted_alloc, counted_release, &c};
        tierce_router *router;
        const tierce_status status = tierce_router_open(&router, bytes, len, &a, NULL);
        if (status == TIERCE_OK) {
            tierce_router_close(router);
            assert_int_equal(c.live, 0);
            break;
        }
        assert_int_equal(status, TIERCE_NOMEM);
        assert_int_equal(c.live, 0);
    }
    assert_true(n > 10);
    free(bytes);
    (void)state;
}

static void decisions_allocate_nothing(void **state)
{
    size_t len;
    uint8_t *bytes = encoded(&len);
    counter c = {0, 0, 0};
    const tierce_allocator a = {counted_alloc, counted_release, &c};
    tierce_router *router;
    assert_int_equal(tierce_router_open(&router, bytes, len, &a, NULL), TIERCE_OK);
    void *memory = malloc(tierce_scratch_size(router));
    tierce_scratch *scratch = tierce_scratch_init(router, memory, NULL);
    const tierce_policy policy = tierce_policy_default(router);
    const size_t calls = c.calls;
    const struct mallinfo2 before = mallinfo2();
    for (int i = 0; i < 10000; i++) {
        tierce_part part;
        tierce_decision d;
        const tierce_request r = tierce_request_of_prompt(&part, "prove hello code again", (size_t)(i % 22));
        assert_int_equal(tierce_decide(router, scratch, &r, &policy, &d, NULL), TIERCE_OK);
    }
    const struct mallinfo2 after = mallinfo2();
    assert_int_equal(c.calls, calls);
    assert_int_equal(before.uordblks, after.uordblks);
    assert_int_equal(before.hblks, after.hblks);
    tierce_router_close(router);
    free(memory);
    free(bytes);
    (void)state;
}

static void foreign_scratch(void **state)
{
    size_t len;
    uint8_t *bytes = encoded(&len);
    tierce_router *a, *b;
    assert_int_equal(tierce_router_open(&a, bytes, len, NULL, NULL), TIERCE_OK);
    assert_int_equal(tierce_router_open(&b, bytes, len, NULL, NULL), TIERCE_OK);
    void *memory = malloc(tierce_scratch_size(a));
    tierce_scratch *scratch = tierce_scratch_init(a, memory, NULL);
    tierce_part part;
    tierce_decision d;
    const tierce_request r = tierce_request_of_prompt(&part, "x", 1);
    const tierce_policy policy = tierce_policy_default(b);
    assert_int_equal(tierce_decide(b, scratch, &r, &policy, &d, NULL), TIERCE_SCRATCH);
    assert_int_equal(tierce_decide(b, NULL, &r, &policy, &d, NULL), TIERCE_SCRATCH);
    tierce_router_close(a);
    tierce_router_close(b);
    free(memory);
    free(bytes);
    (void)state;
}

/* The committed seed of fuzz_model must be of today's format, or the fuzzer starts from nothing. */
static void fuzz_seed_opens(void **state)
{
    uint8_t bytes[1 << 16];
    FILE *f = fopen("tests/fuzz/corpus/model/small.tierce", "rb");
    assert_non_null(f);
    const size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_int_equal(open_bytes(bytes, len), TIERCE_OK);
    f = fopen("tests/fuzz/corpus/model/small-1.0.tierce", "rb"); /* by the first version */
    assert_non_null(f);
    const size_t old = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_int_equal(open_bytes(bytes, old), TIERCE_OK);
    (void)state;
}

/* test_model --seed FILE writes that seed, --payload FILE a payload for the same target. */
static int write_seed(const char *path, bool payload)
{
    size_t len;
    uint8_t *bytes = encoded_with(&len, payload ? TF_MIN_BITS : TF_DEFAULT_BITS);
    if (payload) {
        uint32_t raw_len;
        uint8_t *raw = unpacked(bytes, len, &raw_len);
        free(bytes);
        bytes = raw;
        len = raw_len;
    }
    FILE *f = fopen(path, "wb");
    const bool good = f && fwrite(bytes, 1, len, f) == len;
    free(bytes);
    return f && !fclose(f) && good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && (!strcmp(argv[1], "--seed") || !strcmp(argv[1], "--payload")))
        return write_seed(argv[2], argv[1][2] == 'p');
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),           cmocka_unit_test(fuzz_seed_opens),           cmocka_unit_test(truncated_everywhere),
        cmocka_unit_test(flipped_bits),         cmocka_unit_test(mutated_payload),
        cmocka_unit_test(sections_and_versions), cmocka_unit_test(other_extractor),
        cmocka_unit_test(every_allocation_fails), cmocka_unit_test(decisions_allocate_nothing),
        cmocka_unit_test(foreign_scratch),      cmocka_unit_test(old_files_stay_old),
        cmocka_unit_test(charges_and_abstention), cmocka_unit_test(other_inflater),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
