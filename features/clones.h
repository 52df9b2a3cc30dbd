/* TF_CLONES before a function: on x86-64 Linux the compiler makes it twice, for every processor and for
 * those of the last decade (AVX2, BMI2, POPCNT), and the right one is taken when the program starts. Only for
 * functions of integers, and such of floating point whose sums each keep their order: their results are the
 * same bits either way (-ffp-contract=off keeps multiplications apart from additions). Elsewhere, and under
 * sanitizers (whose start-up the choice would run into), there is one. */
#ifndef TIERCE_CLONES_H
#define TIERCE_CLONES_H

#include <limits.h> /* __GLIBC__ */

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&                  \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(TIERCE_NO_CLONES)
#if __GNUC__ >= 12
#define TF_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define TF_CLONES __attribute__((target_clones("avx2", "default")))
#endif
#define TF_HAS_CLONES 1
#else
#define TF_CLONES
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(TIERCE_NO_CLONES)
/* For a function that is written twice, the second time by hand for AVX2 and BMI2; its caller asks tf_has_avx2. */
#define TF_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

static inline int tf_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

#if (defined(__clang__) || __GNUC__ >= 9) && !defined(TIERCE_NO_AVX512)
/* And for processors that move the bytes of a mask's ones together (VBMI2), multiply bytes and add up in one (VNNI), count bits. */
#define TF_AVX512_HAS "avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,avx512vnni,avx512vpopcntdq"
#define TF_AVX512 __attribute__((target(TF_AVX512_HAS)))
#ifdef __clang__
#define TF_AVX512_WIDE TF_AVX512
#else
/* And loops left to the compiler in vectors of 512 bits, which it would not take by itself. */
#define TF_AVX512_WIDE __attribute__((target(TF_AVX512_HAS ",prefer-vector-width=512")))
#endif
static inline int tf_has_avx512(void)
{
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("bmi2");
}
#endif

/* Whether PEXT and PDEP are instructions like others: AMD's processors before Zen 3 have them, but take a
 * hundred times as long. */
static inline int tf_spreads_bits(void)
{
    return tf_has_avx2() && !__builtin_cpu_is("amdfam15h") && !__builtin_cpu_is("znver1") && !__builtin_cpu_is("znver2");
}
#endif

/* What such a function calls must be part of it to be made twice. */
#ifdef __GNUC__
#define TF_INLINE static inline __attribute__((always_inline))
#else
#define TF_INLINE static inline
#endif

/* The processor has vectors, so GNU C's are worth their while: elsewhere compilers take them apart. */
#if defined(__GNUC__) && !defined(TIERCE_NO_VECTORS) && \
    (defined(__SSE2__) || defined(__ARM_NEON) || defined(__ALTIVEC__) || defined(__wasm_simd128__))
#define TF_VECTORS 1
#endif

/* Sentences for people, where none will ask for them: the WebAssembly module goes without. */
#ifdef TIERCE_NO_HELP
#define TF_HELP(text) ""
#else
#define TF_HELP(text) text
#endif

#endif
