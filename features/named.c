/* Named features: names, cuts and the arithmetic of buckets, in integers only. */
#include "features/bytes.h"
#include "features/named.h"

static const struct {
    const char *name, *help;
    tf_cut cut;
} rows[TF_N_COUNT] = {
#define NAMED_ROW(ID, name, cut, help) {name, TF_HELP(help), TF_CUT_##cut},
    TF_NAMED_LIST(NAMED_ROW)
#undef NAMED_ROW
};

const char *tf_named_name(unsigned id)
{
    return id < TF_N_COUNT ? rows[id].name : "";
}

const char *tf_named_help(unsigned id)
{
    return id < TF_N_COUNT ? rows[id].help : "";
}

tf_cut tf_named_cut(unsigned id)
{
    return id < TF_N_COUNT ? rows[id].cut : TF_CUT_FLAG;
}

static uint32_t log2_floor(uint32_t v)
{
    return v ? tf_highest(v) : 0;
}

/* 0 1 2 3 4 6 8 12 16 …: bucket 2k is 2^k, bucket 2k + 1 is 1.5 * 2^k (k >= 2), shifted by one so
 * that 0..4 stand for themselves. */
static uint32_t half_octave(uint32_t value)
{
    if (value < 4)
        return value;
    const uint32_t k = log2_floor(value);
    return 2 * k + (value >> (k - 1) & 1);
}

static uint32_t half_octave_floor(uint32_t bucket)
{
    if (bucket < 4)
        return bucket;
    const uint32_t k = bucket / 2;
    return bucket & 1 ? 3u << (k - 1) : 1u << k;
}

static const uint32_t shares[] = {1,   5,   10,  20,  40,  60,  80,  100, 150,
                                  200, 250, 300, 400, 500, 600, 700, 800, 900};
#define N_SHARES (sizeof shares / sizeof *shares)

uint32_t tf_bucket(tf_cut cut, uint32_t value)
{
    uint32_t b = 0;
    switch (cut) {
    case TF_CUT_SIZE:
    case TF_CUT_COUNT:
        return half_octave(value);
    case TF_CUT_SHARE:
        while (b < N_SHARES && value >= shares[b])
            b++;
        return b;
    case TF_CUT_FLAG:
        return value > 0;
    case TF_CUT_KIND:
        break;
    }
    return value > 63 ? 63 : value;
}

void tf_cuts_fill(tf_cuts *cuts)
{
    for (unsigned id = 0; id < TF_N_COUNT; id++)
        cuts->cut[id] = (uint8_t)rows[id].cut;
    for (unsigned cut = 0; cut <= TF_CUT_KIND; cut++)
        for (uint32_t value = 0; value < 1024; value++)
            cuts->bucket[cut][value] = (uint8_t)tf_bucket((tf_cut)cut, value);
#ifdef TF_AVX512
    for (uint32_t fifth = 0; fifth < 256; fifth++)
        cuts->fifth[fifth] = (uint8_t)tf_bucket(TF_CUT_SHARE, fifth ? 5 * fifth : 1);
#endif
}

uint32_t tf_bucket_floor(tf_cut cut, uint32_t bucket)
{
    switch (cut) {
    case TF_CUT_SIZE:
    case TF_CUT_COUNT:
        return half_octave_floor(bucket);
    case TF_CUT_SHARE:
        return !bucket ? 0 : shares[bucket <= N_SHARES ? bucket - 1 : N_SHARES - 1];
    case TF_CUT_FLAG:
    case TF_CUT_KIND:
        break;
    }
    return bucket;
}

/* log2 by repeated squaring of the mantissa, three binary places. */
uint32_t tf_log_level(uint32_t value)
{
    const uint64_t v = (uint64_t)value + 1;
    const uint32_t k = tf_highest(v);
    uint64_t mantissa = (v << 32) >> k >> 1; /* 31-bit fraction: 1.0 is 2^31 */
    uint32_t level = k;
    for (int place = 0; place < 3; place++) {
        mantissa = mantissa * mantissa >> 31;
        const uint32_t two = (uint32_t)(mantissa >> 32); /* 1: it is 2 or more */
        level = level << 1 | two;
        mantissa >>= two;
    }
    return level;
}
