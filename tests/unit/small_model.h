/* A small model made by hand, as a file and as its payload: what the tests of the file format
 * share. */
#ifndef TIERCE_SMALL_MODEL_H
#define TIERCE_SMALL_MODEL_H

#include "tests/unit/unit.h"

#include <zlib.h>

#include "features/hash.h"
#include "infer/router_state.h"
#include "models/format.h"
#include "train/finish.h"

/* Two tiers, four rows, three words. */
static inline void build_with(tm_model *m, uint32_t bits)
{
    static const char *const words[] = {"prove", "hello", "code"};
    tm_model_start(m, NULL);
    tf_spec_default(&m->spec);
    m->spec.bits = bits;
    m->n_tiers = 2;
    m->tiers = tm_arena_alloc(&m->arena, 2, sizeof *m->tiers);
    m->calibration = tm_arena_alloc(&m->arena, 2, sizeof *m->calibration);
    m->cost = tm_arena_alloc(&m->arena, 2, sizeof *m->cost);
    m->n_rows = 4;
    m->rows = tm_arena_alloc(&m->arena, 4, sizeof *m->rows);
    for (uint32_t t = 0; t < 2; t++) {
        m->tiers[t].name = tm_arena_string(&m->arena, t ? "strong" : "cheap", t ? 6 : 5);
        m->tiers[t].model = tm_arena_string(&m->arena, "", 0);
        m->tiers[t].mean_score = t ? 0.7 : 0.5;
        m->tiers[t].mean_cost = t ? 0.01 : 0.001;
        m->calibration[t].slope = 1;
        m->cost[t].smear = 1;
        m->rows[2 * t].kind = TM_ROW_FAMILIAR;
        m->rows[2 * t + 1].kind = TM_ROW_GENERAL;
        for (uint32_t k = 2 * t; k < 2 * t + 2; k++) {
            m->rows[k].tier = t;
            m->rows[k].bias = 0.1 * k;
            m->rows[k].scale[TF_B_WORD] = 0.01f;
        }
    }
    assert_true(tm_weights_new(m, 3));
    for (uint32_t w = 0; w < 3; w++) {
        uint32_t h = tf_hash_mix(tf_hash_mix(tf_hash_bytes(words[w], strlen(words[w]))));
        m->weights.index[w] = h >> (32 - m->spec.bits); /* block word is block 0 */
    }
    for (uint32_t a = 0; a < 3; a++) /* sorted, as the file wants it */
        for (uint32_t b = a + 1; b < 3; b++)
            if (m->weights.index[b] < m->weights.index[a]) {
                const uint32_t t = m->weights.index[a];
                m->weights.index[a] = m->weights.index[b];
                m->weights.index[b] = t;
            }
    for (uint32_t i = 0; i < 12; i++)
        tm_weights_of(&m->weights, i / 4)[i % 4] = (int8_t)(17 * (int)i - 90);
    m->n_sources = 2;
    m->sources = tm_arena_alloc(&m->arena, 2, sizeof *m->sources);
    for (uint32_t s = 0; s < 2; s++) {
        tm_source *source = &m->sources[s];
        source->name = tm_arena_string(&m->arena, s ? "t" : "s", 1);
        source->spread = source->cover_spread = 1;
        source->records = 10;
        source->n = 1;
        source->index[0] = m->weights.index[s];
        source->level = tm_arena_alloc(&m->arena, 2, sizeof(double));
        source->level[s] = 0.5;
    }
    m->gate.base = m->gate.nearness = m->gate.cover_spread = m->gate.most = 1;
    m->votes.n_slots = 2;
    m->votes.index = tm_arena_alloc(&m->arena, 2, sizeof(uint32_t));
    m->votes.weight = tm_arena_alloc(&m->arena, 2, 2);
    for (uint32_t i = 0; i < 4; i++) {
        m->votes.index[i / 2] = m->weights.index[i / 2];
        m->votes.weight[i] = (int8_t)(50 - 30 * (int)i);
    }
    m->votes.scale[TF_B_WORD] = 0.05f;
    m->n_points = 1;
    m->points = tm_arena_alloc(&m->arena, 1, sizeof *m->points);
    m->points[0].name = tm_arena_string(&m->arena, "frugal", 6);
    m->points[0].goal = tm_arena_string(&m->arena, "keep 98 %", 9);
    m->points[0].value_usd = 0.5;
    m->points[0].allowed = 3;
    m->points[0].min_familiarity = 0.01;
    m->points[0].charge = tm_arena_alloc(&m->arena, 2, sizeof(double));
    m->points[0].charge[1] = 0.125;
    m->portrait.records = 10;
    m->portrait.abstain_below = 0.05;
    m->portrait.n = 2;
    m->portrait.histogram = tm_arena_alloc(&m->arena, 2, sizeof *m->portrait.histogram);
    m->portrait.histogram[1] =
        (tm_histogram){TM_H_PROBABILITY, 1, 2, {0.25f, 0.5f}, {100, 200, 300}};
    m->digest.created_by = tm_arena_string(&m->arena, "test", 4);
    assert_true(tm_weights_prepare(m));
    assert_true(tr_write_selftests(m, NULL));
}

static inline uint8_t *encoded_with(size_t *len, uint32_t bits)
{
    tm_model m;
    uint8_t *bytes;
    build_with(&m, bits);
    assert_int_equal(tm_model_encode(&m, NULL, &bytes, len, NULL), TIERCE_OK);
    tm_model_free(&m);
    return bytes;
}

static inline uint8_t *encoded(size_t *len)
{
    return encoded_with(len, TF_DEFAULT_BITS);
}

/* Packs a payload into a file with good checksums. */
static inline uint8_t *packed(const uint8_t *raw, uint32_t raw_len, uint16_t major, size_t *len)
{
    uLongf n = compressBound(raw_len);
    uint8_t *file = calloc(1, TM_HEADER_BYTES + n);
    assert_int_equal(compress2(file + TM_HEADER_BYTES, &n, raw, raw_len, 1), Z_OK);
    memcpy(file, TM_MAGIC, 8);
    const uint32_t fields[] = {major, (uint32_t)n, raw_len, (uint32_t)crc32(0, raw, raw_len),
                               (uint32_t)crc32(0, file + TM_HEADER_BYTES, (uInt)n)};
    for (unsigned f = 0; f < 5; f++)
        for (unsigned b = 0; b < 4; b++)
            file[8 + 4 * f + b] = (uint8_t)(fields[f] >> 8 * b);
    const uint32_t crc = (uint32_t)crc32(0, file, TM_HEADER_BYTES - 4);
    for (unsigned b = 0; b < 4; b++)
        file[28 + b] = (uint8_t)(crc >> 8 * b);
    *len = TM_HEADER_BYTES + n;
    return file;
}

static inline uint8_t *unpacked(const uint8_t *file, size_t len, uint32_t *raw_len)
{
    *raw_len = (uint32_t)file[16] | (uint32_t)file[17] << 8 | (uint32_t)file[18] << 16;
    uint8_t *raw = malloc(*raw_len + 64);
    uLongf n = *raw_len;
    assert_int_equal(uncompress(raw, &n, file + TM_HEADER_BYTES, len - TM_HEADER_BYTES), Z_OK);
    return raw;
}

#endif
