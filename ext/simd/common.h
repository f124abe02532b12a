/* What every kernel shares: integer names, inlining, unaligned access. */
#ifndef IMGPROC_COMMON_H
#define IMGPROC_COMMON_H

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef float f32;
typedef double f64;

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline, unused))
#define UNUSED __attribute__((unused))
#else
#define INLINE static __forceinline
#define UNUSED
#define restrict __restrict
#endif

#if defined(__x86_64__) && defined(__GNUC__)
#define SIMD_X86 1
#include <immintrin.h>
#endif

/* rint(65535 * clip(v, 0, 1)), NaN as 0. Adding 2^23 leaves the integer, rounded half to even, in the low bits. */
INLINE u32 float_code(f32 v) {
    f32 clipped = v > 0 ? (v < 1 ? v : 1.0f) : 0.0f, shifted = clipped * 65535.0f + 8388608.0f;
    u32 bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits & 0xffff;
}

#define LEVEL_BASELINE 0
#define LEVEL_AVX2 1
#define LEVEL_AVX512 2

/* The level in use. It lives in the module `cpu`; level.pxi points the other modules at it. */
static const int simd_level_unset UNUSED = LEVEL_BASELINE;
static const int *simd_level UNUSED = &simd_level_unset;

/* A public kernel: picks the copy of `name` compiled for the level in use. */
#if defined(SIMD_X86)
#define DISPATCH(result, name, parameters, arguments)                 \
    static UNUSED result name parameters {                            \
        if (*simd_level == LEVEL_AVX512) return name##_avx512 arguments; \
        if (*simd_level == LEVEL_AVX2) return name##_avx2 arguments;  \
        return name##_baseline arguments;                             \
    }
#else
#define DISPATCH(result, name, parameters, arguments) \
    static UNUSED result name parameters { return name##_baseline arguments; }
#endif

#endif
