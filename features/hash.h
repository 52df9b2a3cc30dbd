/* The frozen hash. Model files store buckets, so a changed hash would make every released model
 * score noise: tests/unit/test_hash.c holds vectors that must never change.
 *
 * Bytes are read as uint8_t (a hash over plain `char` would differ between machines where char is
 * signed and where it is not). FNV-1a is used per byte because a token's hash is built while the
 * scanner walks it; its weak low bits are repaired by the finaliser of MurmurHash3, both public
 * domain. */
#ifndef TIERCE_HASH_H
#define TIERCE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define TF_HASH_START 2166136261u
#define TF_HASH_PRIME 16777619u

static inline uint32_t tf_hash_byte(uint32_t h, uint8_t byte)
{
    return (h ^ byte) * TF_HASH_PRIME;
}

/* MurmurHash3's 32-bit finaliser: every input bit reaches every output bit. */
static inline uint32_t tf_hash_mix(uint32_t h)
{
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    h ^= h >> 16;
    return h;
}

static inline uint32_t tf_hash_bytes(const char *data, size_t len)
{
    uint32_t h = TF_HASH_START;
    for (size_t i = 0; i < len; i++)
        h = tf_hash_byte(h, (uint8_t)data[i]);
    return h;
}

/* Order matters: join(a, b) != join(b, a). */
static inline uint32_t tf_hash_join(uint32_t a, uint32_t b)
{
    return tf_hash_mix(a * 0x9e3779b1u + 0x7f4a7c15u) ^ (b * 0x85ebca77u);
}

#endif
