/* Malice in a model file, checksums repaired: counts and numbers at their edges, sections out of
 * order, names that are commands. Refused, or it decides with finite numbers. Damage and cut-off
 * files: test_model.c. */
#include "tests/unit/unit.h"

#include <math.h>
#include <zlib.h>

#include "tests/unit/small_model.h"

/* Opens a payload; where that works, what it estimates must be numbers. */
static tierce_status try_payload(const uint8_t *raw, uint32_t raw_len)
{
    size_t len;
    uint8_t *file = packed(raw, raw_len, 1, &len);
    tierce_router *router;
    const tierce_status status = tierce_router_open(&router, file, len, NULL, NULL);
    free(file);
    if (status != TIERCE_OK)
        return status;
    void *memory = malloc(tierce_scratch_size(router));
    tierce_scratch *scratch = memory ? tierce_scratch_init(router, memory, NULL) : NULL;
    tierce_part part;
    const tierce_request r = tierce_request_of_prompt(&part, "prove hello code\n42", 19);
    tierce_estimate e[TIERCE_MAX_TIERS];
    if (scratch) { /* caps may ask for more than this machine gives */
        assert_int_equal(tierce_estimate_all(router, scratch, &r, e, NULL, NULL), TIERCE_OK);
        for (uint32_t t = 0; t < tierce_tier_count(router); t++)
            assert_true(e[t].probability >= 0 && e[t].probability <= 1 && isfinite(e[t].cost_usd) &&
                        e[t].cost_usd >= 0);
    }
    free(memory);
    tierce_router_close(router);
    return status;
}

/* Every field of 2, 4 and 8 bytes, wherever it may stand, at the values where arithmetic turns
 * over. */
static void numbers_at_their_edges(void **unused)
{
    static const uint16_t halves[] = {0, 1, 0x7fff, 0x8000, 0xffff};
    static const uint32_t words[] = {
        0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fc00000 /* NaN */, 0x7f800000, 0xff800000};
    static const uint64_t longs[] = {UINT64_MAX,         (uint64_t)1 << 63,  0x7ff8000000000000,
                                     0x7ff0000000000000, 0xfff0000000000000, 0x7fefffffffffffff};
    size_t len;
    uint32_t raw_len, opened = 0, tried = 0;
    uint8_t *bytes = encoded_with(&len, TF_MIN_BITS), *raw = unpacked(bytes, len, &raw_len),
            keep[8];
    (void)unused;
    for (uint32_t i = 0; i + 8 <= raw_len; i++) {
        memcpy(keep, raw + i, 8);
        for (size_t v = 0; v < 5 + 8 + 6; v++) {
            const uint64_t value = v < 5 ? halves[v] : v < 13 ? words[v - 5] : longs[v - 13];
            for (unsigned b = 0; b < (v < 5 ? 2 : v < 13 ? 4 : 8); b++)
                raw[i + b] = (uint8_t)(value >> 8 * b);
            opened += try_payload(raw, raw_len) == TIERCE_OK;
            tried++;
            memcpy(raw + i, keep, 8);
        }
    }
    assert_true(opened > 100 && opened < tried / 2);
    free(raw);
    free(bytes);
}

/* ---- sections ---- */

typedef struct {
    const uint8_t *at;
    uint32_t len; /* with its head */
} section;

enum { REQUIRED = 8 }; /* the sections of version 1.0 that must be there, SPEC to PNTS */

static size_t split(const uint8_t *raw, uint32_t raw_len, section *list)
{
    size_t n = 0;
    for (uint32_t at = 0; at < raw_len; n++) {
        const uint32_t body =
            (uint32_t)raw[at + 8] | (uint32_t)raw[at + 9] << 8 | (uint32_t)raw[at + 10] << 16;
        list[n] = (section){raw + at, body + 12};
        at += body + 12;
    }
    return n;
}

static tierce_status try_sections(const section *list, size_t n)
{
    static uint8_t raw[1 << 16];
    uint32_t len = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(raw + len, list[i].at, list[i].len);
        len += list[i].len;
    }
    return try_payload(raw, len);
}

static void sections(void **unused)
{
    section list[20], other[21];
    size_t len;
    uint32_t raw_len;
    uint8_t *bytes = encoded(&len), *raw = unpacked(bytes, len, &raw_len);
    const size_t n = split(raw, raw_len, list);
    (void)unused;
    assert_int_equal(n, 12);
    assert_int_equal(try_sections(list, n), TIERCE_OK);
    assert_int_equal(try_sections(list, 0), TIERCE_CORRUPT);
    for (size_t i = 0; i < n; i++) {
        memcpy(other, list, i * sizeof *list); /* missing */
        memcpy(other + i, list + i + 1, (n - i - 1) * sizeof *list);
        assert_int_equal(try_sections(other, n - 1),
                         i < REQUIRED ? TIERCE_CORRUPT : TIERCE_OK);
        memcpy(other, list, (i + 1) * sizeof *list); /* twice */
        memcpy(other + i + 1, list + i, (n - i) * sizeof *list);
        assert_int_equal(try_sections(other, n + 1), TIERCE_CORRUPT);
        if (i + 1 == n)
            continue;
        memcpy(other, list, n * sizeof *list); /* in the wrong order */
        other[i] = list[i + 1];
        other[i + 1] = list[i];
        assert_int_equal(try_sections(other, n), TIERCE_CORRUPT);
    }
    for (size_t i = 0; i < n; i++) { /* a byte more or less than the body has */
        uint8_t *copy = malloc(list[i].len + 1);
        for (int more = -1; more <= 1; more += 2) {
            memcpy(copy, list[i].at, list[i].len);
            copy[list[i].len] = 0;
            const uint32_t body = list[i].len - 12 + (uint32_t)more;
            for (unsigned b = 0; b < 4; b++)
                copy[8 + b] = (uint8_t)(body >> 8 * b);
            memcpy(other, list, n * sizeof *list);
            other[i] = (section){copy, body + 12};
            assert_int_not_equal(try_sections(other, n), TIERCE_OK);
        }
        free(copy);
    }
    free(raw);
    free(bytes);
}

/* ---- names ---- */

static void names(void **unused)
{
    size_t len;
    uint32_t raw_len;
    uint8_t *bytes = encoded(&len), *raw = unpacked(bytes, len, &raw_len);
    (void)unused;
    for (uint32_t i = 0; i + 6 < raw_len; i++) {
        if (memcmp(raw + i, "cheap", 5))
            continue;
        static const uint8_t bad[] = {0, 1, '\n', 0x1b, 0x7f};
        for (size_t k = 0; k < sizeof bad; k++) {
            raw[i + 2] = bad[k];
            assert_int_equal(try_payload(raw, raw_len), TIERCE_CORRUPT);
        }
        raw[i + 2] = 0xff; /* any script, valid UTF-8 or not */
        assert_int_equal(try_payload(raw, raw_len), TIERCE_OK);
        memcpy(raw + i, "cheap", 5);
    }
    free(raw);
    free(bytes);
}

/* ---- the header ---- */

typedef struct {
    size_t largest;
} watcher;

static void *watched_alloc(void *context, size_t size)
{
    watcher *w = context;
    w->largest = size > w->largest ? size : w->largest;
    return malloc(size);
}

static void watched_release(void *context, void *memory)
{
    (void)context;
    free(memory);
}

static void sign(uint8_t *file)
{
    const uint32_t crc = (uint32_t)crc32(0, file, TM_HEADER_BYTES - 4);
    for (unsigned b = 0; b < 4; b++)
        file[28 + b] = (uint8_t)(crc >> 8 * b);
}

/* A payload that claims to be huge is refused before anything of its size is allocated. */
static void sizes_in_the_header(void **unused)
{
    static const struct {
        unsigned offset;
        uint32_t value;
        tierce_status status;
    } rows[] = {{16, 0xffffffff, TIERCE_LIMIT},    {16, TM_MAX_RAW + 1, TIERCE_LIMIT},
                {16, 0x80000000, TIERCE_LIMIT},    {16, TM_MAX_RAW, TIERCE_LIMIT},
                {16, 0, TIERCE_CORRUPT},           {12, 0, TIERCE_TRUNCATED},
                {12, 0xffffffff, TIERCE_TRUNCATED}};
    size_t len;
    uint8_t *bytes = encoded(&len), keep[TM_HEADER_BYTES];
    (void)unused;
    memcpy(keep, bytes, sizeof keep);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        watcher w = {0};
        const tierce_allocator a = {watched_alloc, watched_release, &w};
        tierce_router *router;
        for (unsigned b = 0; b < 4; b++)
            bytes[rows[i].offset + b] = (uint8_t)(rows[i].value >> 8 * b);
        sign(bytes);
        assert_int_equal(tierce_router_open(&router, bytes, len, &a, NULL), rows[i].status);
        assert_true(w.largest < 1 << 20);
        memcpy(bytes, keep, sizeof keep);
    }
    tierce_router *router;
    bytes[10] = 7; /* another minor version is read */
    sign(bytes);
    assert_int_equal(tierce_router_open(&router, bytes, len, NULL, NULL), TIERCE_OK);
    tierce_router_close(router);
    memcpy(bytes, keep, sizeof keep);
    bytes[8] = 2; /* a newer major one is not, and says what to do */
    sign(bytes);
    tierce_error error;
    assert_int_equal(tierce_router_open(&router, bytes, len, NULL, &error), TIERCE_VERSION);
    assert_non_null(strstr(error.message, "update tierce"));
    free(bytes);
}

/* ---- write(read(x)) == x for files that were released or committed ---- */

/* What was packed is the same; how well it is packed is zlib's and the writer's, and got better since. */
static void same_payload(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    static const uLong room = 8 << 20;
    uint8_t *raw = malloc(2 * room);
    uLongf a_raw = room, b_raw = room;
    assert_memory_equal(a, b, 12); /* magic, version */
    assert_int_equal(uncompress(raw, &a_raw, a + TM_HEADER_BYTES, (uLong)(a_len - TM_HEADER_BYTES)), Z_OK);
    assert_int_equal(uncompress(raw + room, &b_raw, b + TM_HEADER_BYTES, (uLong)(b_len - TM_HEADER_BYTES)), Z_OK);
    assert_int_equal(a_raw, b_raw);
    assert_memory_equal(raw, raw + room, a_raw);
    free(raw);
}

static void files_come_back(void **unused)
{
    static const char *const paths[] = {"models/flash-pro.tierce", "tests/data/golden.tierce",
                                        "tests/fuzz/corpus/model/small.tierce", "tests/golden/v1-tiny.tierce"};
    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        FILE *f = fopen(paths[i], "rb");
        uint8_t *bytes = malloc(4 << 20), *again;
        size_t again_len;
        tm_model m;
        tierce_router *router;
        assert_non_null(f);
        const size_t len = fread(bytes, 1, 4 << 20, f);
        fclose(f);
        assert_int_equal(tierce_router_open(&router, bytes, len, NULL, NULL),
                         TIERCE_OK); /* its self-tests hold here */
        tierce_router_close(router);
        assert_int_equal(tm_model_decode(&m, bytes, len, NULL, NULL), TIERCE_OK);
        assert_int_equal(tm_model_encode(&m, NULL, &again, &again_len, NULL), TIERCE_OK);
        assert_true(again_len <= len);
        same_payload(again, again_len, bytes, len);
        tm_model_free(&m);
        free(again);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_at_their_edges),
        cmocka_unit_test(sections),
        cmocka_unit_test(names),
        cmocka_unit_test(sizes_in_the_header),
        cmocka_unit_test(files_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
